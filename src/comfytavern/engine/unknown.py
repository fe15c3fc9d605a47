"""Effects that may or may not have happened before a crash (semantics, O3)."""

from typing import TYPE_CHECKING, Any

from comfytavern.engine import args as arguments
from comfytavern.engine.tokens import IDLE, UNKNOWN, Cause
from comfytavern.kernel.errors import Invalid

if TYPE_CHECKING:
    from comfytavern.engine.frame import Frame

_SENTENCE = "The server stopped while this ran: nobody knows whether it happened."


def found(frame: "Frame", i: int, path: str) -> None:
    """Node `i` has an intent in the journal but no result: ask, retry or fail, as its policy says."""
    policy = frame.plan.shapes[i].policy.on_unknown
    if policy == "ask":
        frame.live += 1
        frame.mark(i, UNKNOWN)
        frame.run.unknowns[path] = (frame, i)
        return
    _settle(frame, path)
    if policy == "retry":
        frame.start(i)
    else:
        frame.fail(i, Cause("Unknown", _SENTENCE))


def resolve(frame: "Frame", i: int, path: str, action: str, value: Any) -> None:
    """Do what a person decided: `retry`, `fail`, or `result` with the value that the node is to have."""
    if action not in ("retry", "fail", "result"):
        raise Invalid("run.unknown_action", f"There is no action {action!r}.", hint="Use retry, fail or result.")
    outputs = arguments.outputs_of(frame.plan.shapes[i], value) if action == "result" else ()
    _settle(frame, path)
    frame.live -= 1
    if action == "result":
        frame.finish(i, outputs)
    elif action == "fail":
        frame.fail(i, Cause("Unknown", _SENTENCE))
    else:
        frame.state[i] = IDLE
        frame.ready.append(i)


def _settle(frame: "Frame", path: str) -> None:
    frame.run.unknowns.pop(path, None)
    if frame.run.past is not None:
        frame.run.past.settled(path)
