"""Live streams (semantics, section 4): a bounded queue per wire, batched wake-ups, taps that never hold anything back."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

from comfytavern.engine.limits import Limits
from comfytavern.engine.tokens import NodeError, UpstreamError
from comfytavern.graph.types import Type


class Parks:
    """Counts what waits on streams. When every live task of a run does, the first full queue doubles (Parks 1995)."""

    def __init__(self, grown: Callable[["Channel"], None]) -> None:
        """Call `grown` the first time a wire grows."""
        self.live = 0
        """Tasks that run a node."""
        self.blocked = 0
        self.full: dict[Channel, None] = {}
        """Channels whose producer waits, in the order in which they filled up."""
        self._grown = grown

    def check(self) -> None:
        """Grow a queue if nothing can move otherwise."""
        if self.full and self.blocked >= self.live:
            channel = next(iter(self.full))
            first = channel.growth == 1
            channel.grow()
            if first:
                self._grown(channel)


class Channel:
    """The queue of one stream wire; a tee is several channels."""

    __slots__ = (
        "_getter",
        "_putter",
        "bytes_max",
        "cap",
        "closed",
        "dead",
        "error",
        "growth",
        "label",
        "left",
        "parks",
        "queue",
        "read",
        "size",
    )

    def __init__(self, parks: Parks, limits: Limits, label: str, left: Callable[[], None]) -> None:
        """Call `left` when the reader leaves."""
        self.parks = parks
        self.label = label
        self.left = left
        self.queue: deque[Any] = deque()
        self.size = 0
        self.cap = limits.chunks
        self.bytes_max = limits.stream_bytes
        self.growth = 1
        self.read = False
        """Whether a chunk was taken: then a retry is no longer invisible."""
        self.closed = self.dead = False
        self.error: NodeError | None = None
        self._getter: asyncio.Future[None] | None = None
        self._putter: asyncio.Future[None] | None = None

    def push(self, chunk: Any) -> bool:
        """Add a chunk and return whether the producer should wait for room."""
        if self.dead:
            return False
        self.queue.append(chunk)
        if chunk.__class__ is str or chunk.__class__ is bytes:
            self.size += len(chunk)
        if self._getter is not None:
            self._getter = self._wake(self._getter)
        return len(self.queue) >= self.cap or self.size >= self.bytes_max

    def close(self, error: NodeError | None = None) -> None:
        """End the stream; the reader gets what is queued first."""
        self.closed, self.error = True, error
        if self._getter is not None:
            self._getter = self._wake(self._getter)

    def leave(self) -> None:
        """Detach the reader: drop what comes, never hold the producer back."""
        if self.dead:
            return
        self.dead = True
        self.queue.clear()
        if self._putter is not None:
            self._unblock()
        self.left()

    def restart(self) -> None:
        """Forget what nobody has read: the producer starts over."""
        self.queue.clear()
        self.size = 0

    def grow(self) -> None:
        """Double the bounds."""
        self.growth *= 2
        self.cap *= 2
        self.bytes_max *= 2
        if self._putter is not None:
            self._unblock()

    @property
    def is_full(self) -> bool:
        """Whether the producer should wait."""
        return not self.dead and (len(self.queue) >= self.cap or self.size >= self.bytes_max)

    async def room(self) -> None:
        """Wait until the reader has made room for half a queue."""
        while self.is_full:
            self._putter = asyncio.get_running_loop().create_future()
            self.parks.full[self] = None
            await self._wait(self._putter)

    async def chunks(self) -> AsyncGenerator[Any, None]:
        """Yield the chunks. Raises `UpstreamError` after the last one when the producer failed."""
        queue, pop = self.queue, self.queue.popleft
        try:
            while True:
                self.read = self.read or bool(queue)
                while queue:
                    chunk = pop()
                    if self.size and (chunk.__class__ is str or chunk.__class__ is bytes):
                        self.size -= len(chunk)
                    yield chunk
                    if self._putter is not None and len(queue) <= self.cap // 2 and self.size <= self.bytes_max // 2:
                        self._unblock()
                if self.closed:
                    if self.error is not None:
                        raise UpstreamError(self.error)
                    return
                self._getter = asyncio.get_running_loop().create_future()
                await self._wait(self._getter)
        finally:
            self.leave()

    async def _wait(self, future: asyncio.Future[None]) -> None:
        self.parks.blocked += 1
        self.parks.check()
        try:
            await future
        except asyncio.CancelledError:
            if not future.done() or future.cancelled():
                self.parks.blocked -= 1
            self.parks.full.pop(self, None)
            raise

    def _unblock(self) -> None:
        self.parks.full.pop(self, None)
        if self._putter is not None:
            self._putter = self._wake(self._putter)

    def _wake(self, future: asyncio.Future[None]) -> None:
        if not future.done():
            self.parks.blocked -= 1
            future.set_result(None)


class Outlet:
    """One stream output of a running node: what it has produced, and who reads it."""

    __slots__ = (
        "_tell",
        "address",
        "chunks",
        "empty",
        "epoch",
        "needed",
        "only",
        "quiet",
        "readers",
        "stages",
        "told",
        "told_chars",
        "told_epoch",
    )

    def __init__(
        self, type: Type, *, needed: bool, tell: Callable[["Outlet"], None] = lambda _: None, address: tuple[str, str] = ("", "")
    ) -> None:
        """Take the declared type, whether somebody wants the gathered value, and whom to tell when a chunk comes after a pause."""
        self.address = address
        self.quiet = True
        """Whether events have shown all chunks."""
        self._tell = tell
        self.chunks: list[Any] = []
        self.readers: list[Channel] = []
        self.only: Channel | None = None
        """The reader when there is one and nothing else: the hot path."""
        self.stages: list[Any] = []
        """Per-chunk transforms fused into the producer."""
        self.needed = needed
        self.epoch = self.told_epoch = 0
        self.told = 0
        """Chunks that events have shown already."""
        self.told_chars = 0
        self.empty: Any = "" if type is Type.STRING else b"" if type is Type.BINARY else None

    def settle(self) -> None:
        """Look again who reads, after that has changed."""
        self.only = self.readers[0] if len(self.readers) == 1 and not self.stages else None

    def show(self) -> None:
        """Tell that there are chunks which nobody was shown."""
        self.quiet = False
        self._tell(self)

    def push(self, chunk: Any) -> bool:
        """Give a chunk to everybody and return whether the producer should wait for room."""
        self.chunks.append(chunk)
        if self.quiet:
            self.show()
        full = False
        for reader in self.readers:
            full = reader.push(chunk) or full
        for stage in self.stages:
            full = stage(chunk) or full
        return full

    def restart(self) -> None:
        """Start over with a new epoch."""
        self.chunks = []
        self.told = self.told_chars = 0
        self.epoch += 1
        if self.quiet:
            self.show()

    def gathered(self) -> Any:
        """Return what a value input reads: text and bytes concatenated, anything else as a list (S2)."""
        chunks = self.chunks
        if not chunks:
            return [] if self.empty is None else self.empty
        first = chunks[0].__class__
        if first is str and all(chunk.__class__ is str for chunk in chunks):
            return "".join(chunks)
        if first is bytes and all(chunk.__class__ is bytes for chunk in chunks):
            return b"".join(chunks)
        return list(chunks)


async def replay(value: Any, *, stream: bool) -> AsyncIterator[Any]:
    """Yield a plain value as a one-chunk stream (S3), or a gathered one as it may have been streamed (S8)."""
    if not stream:
        yield value
    elif isinstance(value, list):
        for chunk in value:
            yield chunk
    elif value:
        yield value
