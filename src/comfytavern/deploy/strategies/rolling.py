"""Some hosts after the others; a failure takes back those that were switched."""

from comfytavern.deploy.stage import Phase, Stage, Turn, stage
from comfytavern.deploy.steps import traffic
from comfytavern.deploy.strategies.blue_green import Starts


def stages(turns: tuple[Turn, ...], starts: Starts, release: str, batch: int) -> tuple[Stage, ...]:
    """Return the stages of one batch of hosts after the other."""
    found: list[Stage] = []
    for first in range(0, len(turns), batch):
        now, number = turns[first : first + batch], first // batch + 1
        names = ", ".join(turn.host for turn in now)
        begins = (step for turn in now for step in starts[turn.host])
        moves = (step for turn in now for step in (traffic.switch(turn, release), *traffic.drain(turn)))
        found += stage(f"start-{number}", f"Start it on {names}", Phase.PREPARE, begins)
        found += stage(f"switch-{number}", f"Switch {names}", Phase.SWITCH, moves)
    return tuple(found)
