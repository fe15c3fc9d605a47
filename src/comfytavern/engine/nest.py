"""Frames inside a node: one per item of a Map, per iteration of a Loop, per Call (semantics, G2 and G3)."""

import asyncio
from typing import TYPE_CHECKING, Any

from comfytavern.engine import args as arguments
from comfytavern.engine.plan import Plan
from comfytavern.engine.tokens import DEAD, Broken, NodeError

if TYPE_CHECKING:
    from comfytavern.engine.frame import Frame


class Nest:
    """The frames of one node. Whoever uses it awaits `close` in the end, whatever happens."""

    def __init__(self, frame: "Frame", i: int) -> None:
        """Belong to node `i` of `frame`."""
        self.frame, self.i = frame, i
        self.open: set[Frame] = set()
        self._changed = asyncio.Event()

    def start(self, plan: Plan, prefix: str, values: dict[str, Any], targets: tuple[int, ...] | None = None) -> "Frame":
        """Start a frame of `plan`; it may be over before this returns."""
        outer = self.frame
        inner: Frame | None = None
        siblings = outer.children.setdefault(self.i, [])

        def done() -> None:
            assert inner is not None  # noqa: S101 -- set before it begins
            self.open.discard(inner)
            if inner in siblings:
                siblings.remove(inner)
            outer.run.frame_over(inner)
            self._changed.set()

        inner = outer.run.open_frame(plan, prefix, values, done, outer.depth + 1)
        self.open.add(inner)
        siblings.append(inner)
        inner.begin(targets)
        return inner

    def again(self, inner: "Frame") -> None:
        """Go on with a frame that was over: all of it is demanded now."""
        self.open.add(inner)
        self.frame.children.setdefault(self.i, []).append(inner)
        inner.more()

    async def change(self) -> None:
        """Wait until a frame is over, or `poke`; what happened since the last call counts."""
        await self._changed.wait()
        self._changed.clear()

    def poke(self) -> None:
        """End a `change`."""
        self._changed.set()

    async def over(self, inner: "Frame") -> None:
        """Wait until `inner` is over."""
        while inner in self.open:
            await self.change()

    async def close(self) -> None:
        """Stop what still runs and wait until it has stopped, even while being cancelled."""
        for inner in list(self.open):
            inner.hold()
        while self.open:
            try:
                await self.change()
            except asyncio.CancelledError:
                continue
        self.frame.children.pop(self.i, None)


def inputs(frame: "Frame", i: int) -> dict[str, Any]:
    """Return the values of a node's inputs by port; live streams as iterators."""
    return {port.id: arguments.value(frame, i, at) for at, port in enumerate(frame.plan.shapes[i].inputs)}


def result(inner: "Frame", port: str) -> Any:
    """Return the token of an interface output of a frame that is over; DEAD when nothing arrived there."""
    return inner.results.get(port, DEAD)


def failures(inner: "Frame") -> list[NodeError]:
    """Return the root causes of a frame that is over, by path, whatever the order in which they happened; none when it ended well."""
    return (
        sorted(inner.errors, key=lambda error: error.path)
        or [token.error for token in inner.results.values() if token.__class__ is Broken][:1]
    )
