"""Map: one frame per item, results in item order (semantics, G2)."""

from collections.abc import AsyncIterator
from time import perf_counter
from typing import TYPE_CHECKING, Any

from comfytavern.engine import nest, pump
from comfytavern.engine.tokens import DEAD, Cause
from comfytavern.graph.ports import ERROR

if TYPE_CHECKING:
    from comfytavern.engine.frame import Frame
    from comfytavern.engine.streams import Outlet

_ERRORS = "errors"
_END = object()


async def run(frame: "Frame", i: int) -> tuple[Any, ...]:
    """Run Map node `i` and return the tokens of its outputs."""
    one = _Map(frame, i)
    try:
        await one.items()
    finally:
        await one.nest.close()
    return one.outputs()


class _Map:
    def __init__(self, frame: "Frame", i: int) -> None:
        shape, body = frame.plan.shapes[i], frame.plan.bodies[i]
        self.frame, self.i, self.shape, self.plan = frame, i, shape, body.plan
        self.nest = nest.Nest(frame, i)
        self.values = nest.inputs(frame, i)
        self.mapped = [port.id for port in shape.inputs if port.id in body.values["mapped"]]
        self.on_error = body.values.get("on_item_error") or "fail"
        self.keep_gaps = bool(body.values.get("keep_gaps"))
        self.concurrency = max(1, int(body.values.get("concurrency") or frame.run.limits.concurrency))
        self.ids = [port.id for port in shape.outputs if port.id not in (_ERRORS, ERROR.id)]
        self.lists: dict[str, list[Any]] = {id: [] for id in self.ids}
        self.errors: list[dict[str, Any]] = []
        self.finished: dict[int, Frame] = {}
        self.running: dict[int, Frame] = {}
        self.next = 0
        """Index of the next item whose result is due."""
        first = frame.plan.out0[i]
        self.live: dict[str, Outlet] = {
            port.id: frame.outlets[first + at]
            for at, port in enumerate(shape.outputs)
            if first + at in frame.outlets and at in shape.stream_outs
        }

    async def items(self) -> None:
        if any(at in self.shape.stream_ins for at, port in enumerate(self.shape.inputs) if port.id in self.mapped):
            await self._streamed()
            return
        lists = [self._list(id) for id in self.mapped]
        if len({len(one) for one in lists}) > 1:
            lengths = {id: len(one) for id, one in zip(self.mapped, lists, strict=True)}
            raise Cause("LengthMismatch", f"The lists to map over differ in length: {lengths}.", lengths=lengths)
        end = perf_counter() + self.frame.run.limits.slice_s
        for k, item in enumerate(zip(*lists, strict=True)):
            await self._begin(k, item)
            if perf_counter() > end:
                await self.frame.run.breathe()
                end = perf_counter() + self.frame.run.limits.slice_s
        await self._rest()

    async def _streamed(self) -> None:
        streams = [self._iterator(id) for id in self.mapped]
        k = 0
        while (item := await self._next(streams)) is not None:
            if any(chunk is _END for chunk in item):
                raise Cause("LengthMismatch", f"One of the streams to map over ended after {k} chunks, another goes on.")
            await self._begin(k, item)
            for outlet in self.live.values():
                for channel in pump.channels(outlet):
                    await channel.room()
            k += 1
        await self._rest()

    async def _next(self, streams: list[AsyncIterator[Any]]) -> tuple[Any, ...] | None:
        """Return the next chunk of every stream, None when all have ended; results are passed on meanwhile."""

        async def chunks() -> tuple[Any, ...]:
            return tuple([await anext(stream, _END) for stream in streams])

        reading = self.frame.run.spawn(chunks())
        reading.add_done_callback(lambda _: self.nest.poke())
        try:
            while not reading.done():
                await self.nest.change()
                self._collect()
        except BaseException:
            reading.cancel()
            raise
        item = reading.result()
        return None if all(chunk is _END for chunk in item) else item

    def _iterator(self, id: str) -> AsyncIterator[Any]:
        value = self.values[id]
        return value if hasattr(value, "__anext__") else _chunks(self._list(id))

    def _list(self, id: str) -> list[Any]:
        value = self.values[id]
        if not isinstance(value, list | tuple):
            raise Cause("NotAList", f"The input {id} is mapped over, but it is no list.", port=id)
        return list(value)

    async def _begin(self, k: int, item: tuple[Any, ...]) -> None:
        while len(self.running) >= self.concurrency:
            await self.nest.change()
            self._collect()
        path = f"{self.frame.prefix}{self.frame.plan.paths[self.i]}[{k}]/"
        values = {**self.values, **dict(zip(self.mapped, item, strict=True))}
        self.running[k] = self.nest.start(self.plan, path, values)
        self._collect()

    async def _rest(self) -> None:
        while self.running:
            await self.nest.change()
            self._collect()

    def _collect(self) -> None:
        """Take what has finished; results are passed on in item order."""
        for k in [k for k, inner in self.running.items() if inner not in self.nest.open]:
            inner = self.running.pop(k)
            roots = nest.failures(inner)
            if roots and self.on_error == "fail":
                raise Cause("ItemFailed", f"Item {k} failed: {roots[0].message}", roots=roots, index=k)
            self.finished[k] = inner
        while self.next in self.finished:
            self._result(self.next, self.finished.pop(self.next))
            self.next += 1

    def _result(self, k: int, inner: "Frame") -> None:
        roots = nest.failures(inner)
        if roots:
            if self.on_error == "collect":
                self.errors.append({"index": k, "error": roots[0].value()})
                for id in self.ids:
                    self._add(id, None)
            return
        for id in self.ids:
            token = nest.result(inner, id)
            if token is not DEAD:
                self._add(id, token)
            elif self.keep_gaps:
                self._add(id, None)

    def _add(self, id: str, value: Any) -> None:
        if id in self.live:
            self.live[id].push(value)
        else:
            self.lists[id].append(value)

    def outputs(self) -> tuple[Any, ...]:
        given: dict[str, Any] = {_ERRORS: self.errors, **self.lists, **{id: outlet.gathered() for id, outlet in self.live.items()}}
        return tuple(given.get(port.id, DEAD) for port in self.shape.outputs)


async def _chunks(items: list[Any]) -> AsyncIterator[Any]:
    for item in items:
        yield item
