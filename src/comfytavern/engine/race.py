"""Race: the first token in time wins; what only the losers need is cancelled (semantics, section 2)."""

from typing import TYPE_CHECKING, Any

from comfytavern.engine import demand
from comfytavern.engine.tokens import CANCELLED, DEAD, DONE, Broken, is_live

if TYPE_CHECKING:
    from comfytavern.engine.frame import Frame


def arrived(frame: "Frame", i: int) -> None:
    """A token has reached race `i`, or a runner was cancelled: take a value, go on waiting if others may still win."""
    plan, state = frame.plan, frame.state
    slots = [slot for position in range(len(plan.shapes[i].inputs)) for slot in plan.sources(i, position)]
    if any(state[plan.owner[slot]] < DONE for slot in plan.after.get(i, ())):
        return
    there = [slot for slot in slots if DONE <= state[plan.owner[slot]] < CANCELLED]
    winner = next((slot for slot in there if is_live(frame.vals[slot])), None)
    if winner is not None:
        frame.finish(i, _outputs(frame, i, frame.vals[winner], slots.index(winner)))
        demand.reduce(frame)
    elif all(state[plan.owner[slot]] >= DONE for slot in slots):
        broken = next((frame.vals[slot] for slot in there if frame.vals[slot].__class__ is Broken), None)
        if there:
            frame.skip(i, DEAD if broken is None else broken, "branch" if broken is None else "upstream_error")
        else:
            frame.mark(i, CANCELLED)
            demand.withdraw(frame, i)


def _outputs(frame: "Frame", i: int, value: Any, index: int) -> tuple[Any, ...]:
    return tuple(
        index if port.id in ("index", "winner") else DEAD if port.id == "error" else value for port in frame.plan.shapes[i].outputs
    )
