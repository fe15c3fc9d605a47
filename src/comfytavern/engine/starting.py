"""What happens to a decided node: it is skipped, comes from the cache, runs at once, or gets a task (semantics, section 2)."""

from typing import TYPE_CHECKING, Any

from comfytavern.engine import args as arguments
from comfytavern.engine import demand, fuse, race, unknown, waits
from comfytavern.engine.implementation import Style
from comfytavern.engine.plan import ODD, Shape
from comfytavern.engine.tokens import CACHED, DEAD, DONE, QUEUED, RUNNING, SKIPPED, Broken, NodeError, is_live
from comfytavern.graph.kinds import Control, Effect

if TYPE_CHECKING:
    from comfytavern.engine.frame import Frame

_CONTROLLERS = (Control.MAP, Control.LOOP, Control.CALL)


def start(frame: "Frame", i: int) -> None:
    """Start node `i`, which is idle and decided."""
    shape = frame.plan.shapes[i]
    if shape.control is Control.OUTPUT:
        return deliver(frame, i)
    if shape.control is Control.RACE:
        return race.arrived(frame, i)
    if shape.muted:
        return frame.skip(i, DEAD, "mute")
    if frame.mode[i] == ODD and (token := verdict(frame, i)) is not None:
        return frame.skip(i, token, "branch" if token is DEAD else "upstream_error")
    if shape.lazy and not demand.satisfied(frame, i):
        return None
    if shape.control is not Control.NONE:
        return _control(frame, i, shape)
    if frame.memo is not None and (frame.memo.recall(i) or frame.memo.join(i)):
        return None
    return _run(frame, i, shape)


def _control(frame: "Frame", i: int, shape: Shape) -> None:
    if shape.control is Control.INPUT:
        frame.finish(i, tuple(frame.args.get(port.id, port.default) for port in shape.outputs))
    elif shape.control in _CONTROLLERS:
        launch(frame, i, RUNNING)
    else:
        frame.finish(i, (DEAD,) * len(shape.outputs), SKIPPED)


def _run(frame: "Frame", i: int, shape: Shape) -> None:
    if shape.effect is Effect.EFFECT and unknown.found(frame, i):
        return
    threaded = shape.style is Style.INLINE and shape.kind.id in frame.run.watchdog.threaded
    style = Style.THREAD if threaded else shape.style
    journaled = shape.effect is Effect.EFFECT and frame.run.log is not None
    simple = not (shape.implementation.pools or shape.policy.retries or journaled)
    if style is Style.INLINE and simple:
        inline(frame, i)
    elif style is Style.CHUNK and simple and fuse.at_once(frame, i):
        pass
    elif style is Style.WAIT:
        waits.open_wait(frame, i)
    else:
        launch(frame, i, QUEUED if shape.implementation.pools else RUNNING)


def inline(frame: "Frame", i: int) -> None:
    """Call the function of a node here and now."""
    try:
        values = arguments.of(frame, i)
        suspect = frame.plan.shapes[i].kind.id in frame.run.watchdog.suspects
        result = frame.run.measured(frame, i, values) if suspect else frame.plan.fns[i](*values)
        outputs = arguments.outputs_of(frame.plan.shapes[i], result)
    except Exception as error:  # noqa: BLE001 -- whatever a node raises is its failure
        frame.fail(i, error)
        return
    if frame.memo is not None:
        frame.memo.keep_all(i, outputs, 0.0)
    frame.finish(i, outputs)


def launch(frame: "Frame", i: int, state: int) -> None:
    """Give a node a task; a node that streams opens its wires first, so that readers start with it (S4)."""
    frame.live += 1
    frame.run.entered(frame, i)
    frame.mark(i, state)
    if frame.memo is not None:
        frame.memo.launched(i)
    shape = frame.plan.shapes[i]
    if shape.stream_outs:
        fuse.open_streams(frame, i)
    frame.pending.append(i)


def verdict(frame: "Frame", i: int) -> Any:
    """Return the token that all outputs of `i` get when it must not run (R2 to R4), or None when it may."""
    plan, vals = frame.plan, frame.vals
    shape = plan.shapes[i]
    error: NodeError | None = None
    dead = False
    connected = live = 0
    for position, port in enumerate(shape.inputs):
        if position in shape.lazy and position not in frame.wanted.get(i, ()):
            continue
        tokens = [vals[slot] for slot in wires(frame, i, position)]
        if not tokens:
            continue
        if not port.accepts_error:
            error = error or next((token.error for token in tokens if token.__class__ is Broken), None)
        here = sum(token is not DEAD for token in tokens)
        connected += len(tokens)
        live += here
        dead = dead or (not here and port.required and not port.accepts_dead)
    for slot in plan.after.get(i, ()):
        token = vals[slot]
        error = error or (token.error if token.__class__ is Broken else None)
        dead = dead or token is DEAD
    if error is not None:
        return Broken(error)
    return DEAD if dead or (connected and not live) else None


def wires(frame: "Frame", i: int, position: int) -> tuple[int, ...]:
    """Return the slots of the wires of an input; a constant DEAD is a dead wire, other constants are none."""
    plan = frame.plan
    arg = plan.args[i][position]
    slots = arg if isinstance(arg, tuple) else (arg,)
    return tuple(slot for slot in slots if plan.owner[slot] >= 0 or plan.vals0[slot] is DEAD)


def deliver(frame: "Frame", i: int) -> None:
    """Hand the values of a `graph.output` node to the frame: each port for itself, a dead one is absent."""
    plan = frame.plan
    shape = plan.shapes[i]
    tokens: list[Any] = []
    for position, port in enumerate(shape.inputs):
        try:
            token = arguments.output_token(frame, i, position)
        except Exception as error:  # noqa: BLE001 -- a value that does not fit the declared type
            frame.fail(i, error)
            return
        if token is arguments.ABSENT:
            continue
        tokens.append(token)
        frame.results[port.id] = token
    if not tokens or any(is_live(token) for token in tokens):
        frame.finish(i, (), DONE)
        return
    broken = next((token for token in tokens if token.__class__ is Broken), None)
    frame.extras[i] = {"reason": "branch" if broken is None else "upstream_error"}
    frame.finish(i, (), SKIPPED)


__all__ = ["CACHED", "deliver", "inline", "launch", "start", "verdict", "wires"]
