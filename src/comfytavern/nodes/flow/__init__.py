"""Which way a run goes: branches, joins, repetition, people, time."""
