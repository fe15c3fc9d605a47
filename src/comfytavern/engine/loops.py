"""Loop: one frame per iteration; what is carried goes from one to the next (semantics, G3)."""

from time import perf_counter
from typing import TYPE_CHECKING, Any

from comfytavern.engine import args as arguments
from comfytavern.engine import nest, pump
from comfytavern.engine.tokens import DEAD, Broken, Cause
from comfytavern.graph.control_ports import INDEX

if TYPE_CHECKING:
    from comfytavern.engine.frame import Frame
    from comfytavern.engine.streams import Outlet


async def run(frame: "Frame", i: int) -> tuple[Any, ...]:
    """Run Loop node `i` and return the tokens of its outputs."""
    one = _Loop(frame, i)
    try:
        await one.iterate()
    finally:
        await one.nest.close()
    return one.outputs()


class _Loop:
    def __init__(self, frame: "Frame", i: int) -> None:
        shape, body = frame.plan.shapes[i], frame.plan.bodies[i]
        self.frame, self.i, self.shape, self.plan, self.values = frame, i, shape, body.plan, body.values
        self.nest = nest.Nest(frame, i)
        self.given = nest.inputs(frame, i)
        self.carried: list[tuple[str, str]] = [(one["input"], one["output"]) for one in body.values.get("carried") or ()]
        self.state = {input: self.given.get(input) for input, _ in self.carried}
        self.condition: str = body.values.get("while") or ""
        self.pre = body.values.get("test") == "pre"
        self.most = int(body.values.get("max_iterations") or frame.run.limits.iterations)
        self.lists: dict[str, list[Any]] = {id: [] for id in body.values.get("collect") or ()}
        self.done = 0
        self.indexed = any(port.id == INDEX for port in body.plan.inputs)
        first = frame.plan.out0[i]
        self.live: dict[str, Outlet] = {
            port.id.removeprefix("stream."): frame.outlets[first + at]
            for at, port in enumerate(shape.outputs)
            if at in shape.stream_outs and first + at in frame.outlets
        }

    async def iterate(self) -> None:
        """Run iterations until the condition says so, or the limit."""
        end = perf_counter() + self.frame.run.limits.slice_s
        while self.done < self.most:
            if not await self._once():
                return
            for outlet in self.live.values():
                for channel in pump.channels(outlet):
                    await channel.room()
            if perf_counter() > end:
                await self.frame.run.breathe()
                end = perf_counter() + self.frame.run.limits.slice_s
        if self.condition:
            await self._at_limit()

    async def _at_limit(self) -> None:
        if self.pre and not await self._test_only():
            return
        if self.values.get("on_limit") != "stop":
            raise Cause("LoopLimit", f"The loop did not end within {self.most} iterations.", state=dict(self.state), iterations=self.done)
        self.frame.extras.setdefault(self.i, {})["limited"] = True

    async def _once(self) -> bool:
        """Run one iteration and return whether another one is due."""
        if self.pre and self.condition:
            inner = await self._tested()
            if not self._holds(inner):
                return False
            self.nest.again(inner)
        else:
            inner = self._start(None)
        await self.nest.over(inner)
        self._check(inner)
        self._take(inner)
        self.done += 1
        return self.pre or not self.condition or self._holds(inner)

    async def _test_only(self) -> bool:
        return self._holds(await self._tested())

    async def _tested(self) -> "Frame":
        """Start an iteration with nothing demanded but its condition, and wait for that."""
        sources = [
            self.plan.owner[slot]
            for outlet in self.plan.outlets
            for at, port in enumerate(self.plan.shapes[outlet].inputs)
            if port.id == self.condition
            for slot in self.plan.sources(outlet, at)
        ]
        inner = self._start(tuple(sources))
        await self.nest.over(inner)
        self._check(inner)
        return inner

    def _start(self, targets: tuple[int, ...] | None) -> "Frame":
        path = f"{self.frame.prefix}{self.frame.plan.paths[self.i]}[{self.done}]/"
        values = {**self.given, **self.state} | ({INDEX: self.done} if self.indexed else {})
        return self.nest.start(self.plan, path, values, targets)

    def _check(self, inner: "Frame") -> None:
        roots = nest.failures(inner)
        if roots:
            raise Cause("IterationFailed", f"Iteration {self.done} failed: {roots[0].message}", roots=roots, iteration=self.done)

    def _holds(self, inner: "Frame") -> bool:
        """Return whether the condition is true; a dead one ends the loop."""
        token = inner.results.get(self.condition, DEAD)
        if self.pre:
            found = (
                (outlet, at)
                for outlet in self.plan.outlets
                for at, port in enumerate(self.plan.shapes[outlet].inputs)
                if port.id == self.condition
            )
            outlet, at = next(found, (-1, -1))
            token = arguments.output_token(inner, outlet, at) if outlet >= 0 else DEAD
        return token is not DEAD and token is not arguments.ABSENT and token.__class__ is not Broken and bool(token)

    def _take(self, inner: "Frame") -> None:
        """Take over what the iteration made; a carried value that is dead keeps the old one."""
        for input, output in self.carried:
            token = nest.result(inner, output)
            if token is not DEAD:
                self.state[input] = token
        for id, items in self.lists.items():
            if (token := nest.result(inner, id)) is not DEAD:
                items.append(token)
        for id, outlet in self.live.items():
            if (token := nest.result(inner, id)) is not DEAD:
                outlet.push(token)

    def outputs(self) -> tuple[Any, ...]:
        """Return the tokens of all outputs."""
        given: dict[str, Any] = {output: self.state[input] for input, output in self.carried}
        given |= {f"collect.{id}": items for id, items in self.lists.items()}
        given |= {f"stream.{id}": outlet.gathered() for id, outlet in self.live.items()}
        given["iterations"] = self.done
        return tuple(given.get(port.id, DEAD) for port in self.shape.outputs)
