"""Looks at a running installation from outside, as a person and as a monitor would."""
