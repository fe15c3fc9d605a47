"""Nodes that stream: chunks from a generator to every wire, and all the ways in which a stream can end (semantics, section 4)."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from time import perf_counter
from typing import TYPE_CHECKING, Any

from comfytavern.engine import args as arguments
from comfytavern.engine.implementation import Final, Style
from comfytavern.engine.plan import HALF, Shape
from comfytavern.engine.streams import Channel, Outlet
from comfytavern.engine.tokens import CANCELLED, DEAD, DONE, Cause, NodeError, UpstreamError, node_error
from comfytavern.graph.kinds import Effect

if TYPE_CHECKING:
    from comfytavern.engine.frame import Frame

_CHECK = 64
"""Chunks between two looks at the clock, when nothing else makes the producer wait."""


async def pump(frame: "Frame", i: int, attempt: int) -> tuple[Any, ...]:
    """Run a stream or chunk node to its end and return the tokens of its outputs."""
    shape, first = frame.plan.shapes[i], frame.plan.out0[i]
    if i in frame.cutting:
        raise asyncio.CancelledError
    values = arguments.of(frame, i, attempt)
    function: Any = frame.plan.fns[i]
    generator: Any = each_chunk(shape, function, values) if shape.style is Style.CHUNK else function(*values)
    if not shape.stream_outs:
        raise Cause("BadResult", f"{shape.kind.id} streams, but declares no stream output.")
    position = min(shape.stream_outs)
    outlet = frame.outlets[first + position]
    final = await _forward(generator, outlet, frame.run.limits.slice_s)
    others = final.outputs if final is not None else {}
    outputs = tuple(others.get(port.id, DEAD) for port in shape.outputs)
    return (*outputs[:position], outlet.gathered(), *outputs[position + 1 :])


async def _forward(generator: Any, outlet: Outlet, slice_s: float) -> Final | None:
    final: Final | None = None
    push, keep, left, end = outlet.push, outlet.chunks.append, _CHECK, perf_counter() + slice_s
    outlet.settle()
    async with aclosing(generator):
        async for chunk in generator:
            if chunk.__class__ is Final:
                final = chunk
                continue
            only = outlet.only
            if only is not None:
                keep(chunk)
                if outlet.quiet:
                    outlet.show()
                if only.push(chunk):
                    await only.room()
            elif push(chunk):
                for channel in channels(outlet):
                    await channel.room()
            left -= 1
            if not left:
                left = _CHECK
                if perf_counter() > end:
                    await asyncio.sleep(0)
                    end = perf_counter() + slice_s
    return final


async def each_chunk(shape: Shape, function: Any, values: list[Any]) -> AsyncIterator[Any]:
    """Yield what a per-chunk function makes of its stream."""
    at = int(shape.implementation.wants_context)
    async for chunk in values[at]:
        for made in listed(function(*values[:at], chunk, *values[at + 1 :])):
            yield made


def listed(made: Any) -> Any:
    """Return the chunks a per-chunk function stands for: None is none, a list is several."""
    return () if made is None else made if made.__class__ is list else (made,)


def channels(outlet: Outlet) -> Iterator[Channel]:
    """Yield the queues that hold back the producer of an outlet, those behind fused nodes too."""
    yield from outlet.readers
    for stage in outlet.stages:
        yield from channels(stage.outlet)


def outlets(frame: "Frame", i: int) -> list[Outlet]:
    """Return the stream outputs of a node that has started."""
    first = frame.plan.out0[i]
    found = (frame.outlets.get(first + position) for position in sorted(frame.plan.shapes[i].stream_outs))
    return [outlet for outlet in found if outlet is not None]


# -- ends -----------------------------------------------------------------------------------------------------------


def ended(frame: "Frame", i: int, outputs: tuple[Any, ...], seconds: float) -> None:
    """A node came to its own end."""
    opened = outlets(frame, i)
    for outlet in opened:
        for reader in outlet.readers:
            reader.close()
    frame.finish(i, outputs)
    frame.leave(i)
    if frame.memo is not None:
        frame.memo.settle(i, outputs, seconds)
    for outlet in opened:
        for stage in outlet.stages:
            stage.ended()


def broke(frame: "Frame", i: int, error: BaseException) -> None:
    """A node failed: readers get what is queued, then the error (S5). `Frame.fail` does the rest."""
    known = root_of(frame, i, error)
    frame.leave(i)
    if frame.memo is not None:
        frame.memo.settle(i, None, 0.0)
    for outlet in outlets(frame, i):
        for reader in outlet.readers:
            reader.close(known)
        for stage in outlet.stages:
            stage.broke(UpstreamError(known))


def stopped(frame: "Frame", i: int) -> None:
    """A node was cancelled."""
    frame.mark(i, CANCELLED)
    frame.leave(i)
    if frame.memo is not None:
        frame.memo.settle(i, None, 0.0)
    for outlet in outlets(frame, i):
        for stage in outlet.stages:
            stage.stopped()
    frame.withdraw(i)


def cut(frame: "Frame", i: int) -> None:
    """The last reader has left: the node is done, but its result is not whole, so it is not kept (S6, K7)."""
    frame.extras.setdefault(i, {})["cut"] = True
    frame.finish(i, (DEAD,) * len(frame.plan.shapes[i].outputs), DONE)
    frame.leave(i)
    if frame.memo is not None:
        frame.memo.settle(i, None, 0.0)
    for outlet in outlets(frame, i):
        for stage in outlet.stages:
            stage.cut()


def root_of(frame: "Frame", i: int, error: BaseException) -> NodeError:
    """Return the root cause of a failure."""
    root = error.error if isinstance(error, UpstreamError) else error.root if isinstance(error, Cause) else None
    return root or node_error(frame.prefix + frame.plan.paths[i], error)


def restart(frame: "Frame", i: int) -> bool:
    """Prepare another attempt and return whether one is possible: nobody may have read a chunk of the last one (S9)."""
    if any(channel.read for (reader, _), channel in frame.channels.items() if reader == i):
        return False
    opened = outlets(frame, i)
    if any(outlet.stages or any(reader.read for reader in outlet.readers) for outlet in opened if outlet.chunks):
        return False
    for outlet in opened:
        if outlet.chunks:
            for reader in outlet.readers:
                reader.restart()
            outlet.restart()
    return True


def reader_left(frame: "Frame", i: int) -> None:
    """Stop producer `i` when nobody needs it any more (S6)."""
    shape = frame.plan.shapes[i]
    if frame.state[i] >= DONE or shape.effect is Effect.EFFECT or frame.held:
        return
    if i in frame.targets or any(alive(outlet) for outlet in outlets(frame, i)) or _values_needed(frame, i, shape):
        return
    frame.cutting.add(i)
    if i in frame.stages:
        frame.stages[i].cut()
    elif i in frame.tasks:
        frame.cancel_task(i)


def alive(outlet: Outlet) -> bool:
    """Return whether anybody still needs what an outlet produces."""
    return outlet.needed or any(not reader.dead for reader in outlet.readers) or any(alive(stage.outlet) for stage in outlet.stages)


def _values_needed(frame: "Frame", i: int, shape: Shape) -> bool:
    ports = frame.plan.ports[i]
    return any(
        (ports[k] if ports else 0) not in shape.stream_outs and frame.state[target] < DONE and frame.ind[target] < HALF
        for k, target in enumerate(frame.plan.succ[i])
    )
