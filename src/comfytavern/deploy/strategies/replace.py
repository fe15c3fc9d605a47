"""Everywhere at once; the old release is stopped as soon as it has finished."""

from comfytavern.deploy.spec import Spec
from comfytavern.deploy.stage import Phase, Stage, Turn, stage
from comfytavern.deploy.steps import slots
from comfytavern.deploy.strategies import blue_green


def stages(turns: tuple[Turn, ...], starts: blue_green.Starts, release: str, spec: Spec) -> tuple[Stage, ...]:
    """Return the stages from the start of the new release to the end of the old one."""
    stops = (slots.stop(turn.host, turn.old_slot, spec) for turn in turns if turn.old_slot)
    return (*blue_green.stages(turns, starts, release), *stage("stop", "Stop the old release", Phase.SETTLE, stops))
