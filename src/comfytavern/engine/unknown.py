"""Effects that may have happened before a crash, and those that did happen earlier in a session (semantics, O3 and K5)."""

from typing import TYPE_CHECKING, Any, NamedTuple

from comfytavern.engine import args as arguments
from comfytavern.engine.tokens import IDLE, UNKNOWN, Cause
from comfytavern.kernel.errors import Invalid

if TYPE_CHECKING:
    from comfytavern.engine.frame import Frame

_SENTENCE = "The server stopped while this ran: nobody knows whether it happened."


class Doubt(NamedTuple):
    """A node about which a person has to decide."""

    frame: "Frame"
    i: int
    path: str
    earlier: tuple[Any, ...] | None
    """What it gave earlier in the session; None after a crash."""


def found(frame: "Frame", i: int) -> bool:
    """Look whether effect `i` is in doubt; if so do as its policy says (ask, retry or fail) and return true unless it is to run."""
    run, path = frame.run, frame.prefix + frame.plan.paths[i]
    if run.past is not None and run.past.doubtful(path):
        policy = frame.plan.shapes[i].policy.on_unknown
        if policy == "ask":
            _ask(Doubt(frame, i, path, None))
            return True
        run.past.settled(path)
        if policy == "fail":
            frame.fail(i, Cause("Unknown", _SENTENCE))
        return policy == "fail"
    earlier = run.effects.done(frame, i)
    if earlier is None:
        return False
    frame.extras[i] = {"done_before": True}
    _ask(Doubt(frame, i, path, earlier))
    return True


def _ask(doubt: Doubt) -> None:
    doubt.frame.live += 1
    doubt.frame.mark(doubt.i, UNKNOWN)
    doubt.frame.run.unknowns[doubt.path] = doubt


def resolve(doubt: Doubt, action: str, value: Any) -> None:
    """Do what a person decided: `retry`, `fail`, or `result` with the value that the node is to have."""
    frame, i, path, earlier = doubt
    if action not in ("retry", "fail", "result"):
        raise Invalid("run.unknown_action", f"There is no action {action!r}.", hint="Use retry, fail or result.")
    reused = earlier if action == "result" and value is None else None
    outputs = reused or (arguments.outputs_of(frame.plan.shapes[i], value) if action == "result" else ())
    del frame.run.unknowns[path]
    if frame.run.past is not None:
        frame.run.past.settled(path)
    frame.live -= 1
    if action == "result":
        frame.finish(i, outputs)
    elif action == "fail":
        frame.fail(i, Cause("Unknown", _SENTENCE if earlier is None else "It was decided not to do this again."))
    else:
        frame.run.asked_for.add(i)
        frame.state[i] = IDLE
        frame.ready.append(i)
