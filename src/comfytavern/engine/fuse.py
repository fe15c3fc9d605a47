"""Per-chunk transforms run inside their producer's task (S10): nobody can tell, except by the time it takes."""

from typing import TYPE_CHECKING, Any

from comfytavern.engine import args as arguments
from comfytavern.engine import arrive, pump
from comfytavern.engine.implementation import Style
from comfytavern.engine.plan import HALF, ODD
from comfytavern.engine.streams import Channel, Outlet
from comfytavern.engine.tokens import CANCELLED, DEAD, DONE, IDLE, RUNNING

if TYPE_CHECKING:
    from comfytavern.engine.frame import Frame

_FIRST = frozenset({0})


class Stage:
    """One fused node: called with every chunk of the outlet it hangs on, returns whether the producer should wait."""

    __slots__ = ("_above", "_after", "_before", "_frame", "_function", "_i", "_over", "outlet")

    def __init__(self, frame: "Frame", i: int, above: Outlet) -> None:
        """Start node `i` behind `above`."""
        shape = frame.plan.shapes[i]
        self._frame, self._i, self._above, self._over = frame, i, above, False
        self._function: Any = frame.plan.fns[i]
        values = [None if at in shape.stream_ins else arguments.value(frame, i, at) for at in range(len(shape.inputs))]
        self._before = (arguments.RunContext(frame, i, 1),) if shape.implementation.wants_context else ()
        self._after = tuple(values[1:])
        self.outlet = frame.outlets[frame.plan.out0[i]]

    def __call__(self, chunk: Any) -> bool:
        """Transform a chunk and pass on what comes out."""
        try:
            made = self._function(*self._before, chunk, *self._after)
        except Exception as error:  # noqa: BLE001 -- whatever a node raises is its failure
            self._above.stages = [stage for stage in self._above.stages if stage is not self]
            self.broke(error)
            pump.reader_left(self._frame, self._frame.plan.owner[self._slot_above()])
            self._frame.run.guard(self._frame.pump)
            return False
        if made is None:
            return False
        if made.__class__ is not list:
            return self.outlet.push(made)
        full = False
        for one in made:
            full = self.outlet.push(one) or full
        return full

    def ended(self) -> None:
        """The producer came to its end."""
        if self._close():
            pump.ended(self._frame, self._i, (self.outlet.gathered(), *self._tail()), 0.0)

    def broke(self, error: BaseException) -> None:
        """The producer, or the function, failed."""
        if self._close():
            pump.broke(self._frame, self._i, error)
            self._frame.fail(self._i, error)

    def stopped(self) -> None:
        """The producer was cancelled."""
        if self._close():
            self._frame.mark(self._i, CANCELLED)
            for stage in self.outlet.stages:
                stage.stopped()

    def cut(self) -> None:
        """Nobody reads this any more; the producer may have other readers."""
        if self._close():
            self._above.stages = [stage for stage in self._above.stages if stage is not self]
            pump.cut(self._frame, self._i)
            pump.reader_left(self._frame, self._frame.plan.owner[self._slot_above()])

    def _close(self) -> bool:
        over, self._over = self._over, True
        if not over:
            self._frame.live -= 1
            self._frame.stages.pop(self._i, None)
        return not over

    def _tail(self) -> tuple[Any, ...]:
        return (DEAD,) * (len(self._frame.plan.shapes[self._i].outputs) - 1)

    def _slot_above(self) -> int:
        return self._frame.plan.sources(self._i, 0)[0]


def open_streams(frame: "Frame", i: int) -> None:
    """Make a bounded queue for every demanded reader of `i` and let the readers know that it has started."""
    plan, run = frame.plan, frame.run
    shape, first = plan.shapes[i], plan.out0[i]
    gathered = {output for target, output in _value_edges(frame, i) if frame.state[target] < DONE and frame.ind[target] < HALF}
    for output in shape.stream_outs:
        needed = output in gathered or i in frame.targets
        port = shape.outputs[output]
        address = (frame.prefix + plan.paths[i], port.id)
        frame.outlets[first + output] = Outlet(port.type, needed=needed, tell=run.tape.stream, address=address)
    for target, position, output in plan.streams.get(i, ()):
        if frame.state[target] >= DONE or frame.ind[target] >= HALF:
            continue
        outlet = frame.outlets[first + output]
        if frame.ind[target] == 1 and can(frame, target):
            frame.ind[target] = 0
            fuse(frame, target, outlet)
            continue
        label = f"{frame.prefix}{plan.paths[i]}.{shape.outputs[output].id} -> {frame.prefix}{plan.paths[target]}"
        channel = Channel(run.parks, run.limits, label, lambda i=i: pump.reader_left(frame, i))
        frame.channels[target, position] = channel
        outlet.readers.append(channel)
        arrive.one(frame, target, None)


def _value_edges(frame: "Frame", i: int) -> list[tuple[int, int]]:
    ports = frame.plan.ports[i]
    return [(target, ports[k] if ports else 0) for k, target in enumerate(frame.plan.succ[i])]


def join_late(frame: "Frame", source: int, edge: tuple[int, int, int]) -> None:
    """Let a reader that is demanded only now read a running stream from its start."""
    target, position, output = edge
    outlet = frame.outlets[frame.plan.out0[source] + output]
    channel = Channel(frame.run.parks, frame.run.limits, "late", lambda: pump.reader_left(frame, source))
    for chunk in outlet.chunks:
        channel.push(chunk)
    frame.channels[target, position] = channel
    outlet.readers.append(channel)
    outlet.settle()


def can(frame: "Frame", i: int) -> bool:
    """Return whether node `i` is an ordinary per-chunk node whose one missing input is a stream that starts now."""
    shape = frame.plan.shapes[i]
    return (
        shape.style is Style.CHUNK
        and shape.plain_policy
        and not shape.implementation.pools
        and not shape.lazy
        and not shape.muted
        and i not in frame.plan.pins
        and shape.stream_ins == _FIRST
        and shape.stream_outs == _FIRST
        and len(frame.plan.sources(i, 0)) == 1
        and frame.mode[i] != ODD
        and frame.state[i] == IDLE
        and len(shape.inputs) == len(shape.kind.inputs)
    )


def fuse(frame: "Frame", i: int, above: Outlet) -> None:
    """Hang node `i` on the outlet of its producer."""
    frame.live += 1
    frame.mark(i, RUNNING)
    open_streams(frame, i)
    try:
        stage = Stage(frame, i, above)
    except Exception as error:  # noqa: BLE001 -- a value that cannot be converted
        frame.live -= 1
        pump.broke(frame, i, error)
        frame.fail(i, error)
        return
    frame.stages[i] = stage
    above.stages.append(stage)


def at_once(frame: "Frame", i: int) -> bool:
    """Run a per-chunk node here and now when its stream is already whole and nobody reads its own live; else return False."""
    shape = frame.plan.shapes[i]
    if not can_at_once(frame, i):
        return False
    try:
        values = arguments.of(frame, i)
        at = int(shape.implementation.wants_context)
        slot = frame.plan.args[i][0]
        outlet = Outlet(shape.outputs[0].type, needed=True)
        for chunk in arguments.chunks(frame, i, slot if isinstance(slot, int) else slot[0]):
            for made in pump.listed(frame.plan.fns[i](*values[:at], chunk, *values[at + 1 :])):
                outlet.chunks.append(made)
    except Exception as error:  # noqa: BLE001 -- whatever a node raises is its failure
        frame.fail(i, error)
        return True
    outputs = (outlet.gathered(), *(DEAD,) * (len(shape.outputs) - 1))
    if frame.memo is not None:
        frame.memo.keep_all(i, outputs, 0.0)
    frame.finish(i, outputs)
    return True


def can_at_once(frame: "Frame", i: int) -> bool:
    """Return whether all chunks are there and no live reader waits."""
    shape = frame.plan.shapes[i]
    live = any((i, position) in frame.channels for position in shape.stream_ins)
    return not live and shape.plain_policy and i not in frame.plan.streams and shape.stream_ins == _FIRST and bool(shape.stream_outs)


__all__ = ["DONE", "Stage", "at_once", "can", "fuse"]
