"""A growing part of the users, judged by the app's own metrics at each step."""

from comfytavern.deploy.spec import Strategy
from comfytavern.deploy.stage import Judge, Phase, Stage, Turn, stage
from comfytavern.deploy.steps import traffic
from comfytavern.deploy.strategies import blue_green

ALL = 100


def stages(turns: tuple[Turn, ...], starts: blue_green.Starts, release: str, strategy: Strategy) -> tuple[Stage, ...]:
    """Return the stages; a first install has nothing to compare with and is switched at once."""
    whole = blue_green.stages(turns, starts, release)
    compared = tuple(turn for turn in turns if turn.old_slot)
    found: list[Stage] = []
    for percent in strategy.steps if compared else ():
        if percent < ALL:
            judge = Judge(percent=percent, step_s=strategy.step_s, hold_s=strategy.hold_s, min_requests=strategy.min_requests)
            weights = (traffic.weigh(turn, percent) for turn in compared)
            found += stage(f"canary-{percent}", f"{percent} % of the users", Phase.SWITCH, weights, judge)
    start = [each for each in whole if each.name == "start"]
    return (*start, *found, *(each for each in whole if each.name != "start"))
