"""Race: the first token in time wins; what only the losers need is cancelled (semantics, section 2)."""

from typing import TYPE_CHECKING, Any

from comfytavern.engine import demand
from comfytavern.engine.tokens import DEAD, DONE, Broken, is_live

if TYPE_CHECKING:
    from comfytavern.engine.frame import Frame


def arrived(frame: "Frame", i: int) -> None:
    """A token has reached race `i`: take it if it is a value, go on waiting if others may still win."""
    plan = frame.plan
    slots = [slot for position in range(len(plan.shapes[i].inputs)) for slot in plan.sources(i, position)]
    if any(frame.state[plan.owner[slot]] < DONE for slot in plan.after.get(i, ())):
        return
    decided = [slot for slot in slots if frame.state[plan.owner[slot]] >= DONE]
    winner = next((slot for slot in decided if is_live(frame.vals[slot])), None)
    if winner is not None:
        frame.finish(i, _outputs(frame, i, frame.vals[winner], slots.index(winner)))
        demand.reduce(frame)
    elif len(decided) == len(slots):
        broken = next((frame.vals[slot] for slot in slots if frame.vals[slot].__class__ is Broken), None)
        frame.skip(i, DEAD if broken is None else broken, "branch" if broken is None else "upstream_error")


def _outputs(frame: "Frame", i: int, value: Any, index: int) -> tuple[Any, ...]:
    return tuple(
        index if port.id in ("index", "winner") else DEAD if port.id == "error" else value for port in frame.plan.shapes[i].outputs
    )
