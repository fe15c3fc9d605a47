"""Everywhere at once; the old release stays warm."""

from comfytavern.deploy.stage import Phase, Stage, Step, Turn, stage
from comfytavern.deploy.steps import traffic

Starts = dict[str, tuple[Step, ...]]
"""What starts the new release, by host."""


def stages(turns: tuple[Turn, ...], starts: Starts, release: str) -> tuple[Stage, ...]:
    """Return the stages from the start of the new release to the drain of the old one."""
    return (
        *stage("start", "Start it beside the old release", Phase.PREPARE, (step for turn in turns for step in starts[turn.host])),
        *stage("switch", "Switch", Phase.SWITCH, (traffic.switch(turn, release) for turn in turns)),
        *stage("drain", "Let the old release finish", Phase.SETTLE, (step for turn in turns for step in traffic.drain(turn))),
    )
