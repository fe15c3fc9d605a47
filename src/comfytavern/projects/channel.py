"""From a run to whoever watches it: each watcher reads at its own pace, and nobody waits for anybody."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable

from comfytavern.kernel.errors import Failure
from comfytavern.kernel.events import RunEvent
from comfytavern.projects.batch import Batch

BYTES_KEPT = 1 << 20
"""What a channel keeps in memory for watchers that are a little behind; older batches are read from the store."""


class Channel:
    """The events of one run, those so far and those to come."""

    def __init__(self, last: int, *, ended: bool, stored: Callable[[int], Awaitable[list[Batch]]]) -> None:
        """Go on after event `last`; `stored(after)` reads older batches, some at a time."""
        self.last = last
        self.ended = ended
        self._stored = stored
        self._kept: deque[Batch] = deque()
        self._size_bytes = 0
        self._watchers: set[asyncio.Event] = set()
        self._failure: Failure | None = None

    @property
    def watched(self) -> bool:
        """Whether anybody watches."""
        return bool(self._watchers)

    def publish(self, batch: Batch, *, ended: bool = False) -> None:
        """Show a batch to all watchers; with `ended` nothing comes after it. One that was shown already is left out.

        Batches between the last one and this one, if any, are in the store.
        """
        if batch.last <= self.last:
            return
        if batch.first > self.last + 1:
            self._kept.clear()
            self._size_bytes = 0
        self._kept.append(batch)
        self._size_bytes += len(batch.body)
        while self._size_bytes > BYTES_KEPT and len(self._kept) > 1:
            self._size_bytes -= len(self._kept.popleft().body)
        self.last, self.ended = batch.last, ended
        self.wake()

    def finish(self) -> None:
        """Say that nothing more comes."""
        self.ended = True
        self.wake()

    def fail(self, failure: Failure) -> None:
        """End all watching with `failure`."""
        self._failure = failure
        self.wake()

    def wake(self) -> None:
        """Make all watchers look again."""
        for watcher in self._watchers:
            watcher.set()

    async def watch(self, after: int) -> AsyncIterator[list[RunEvent]]:
        """Yield the events after number `after` without a gap, then those to come; ends after the last event of the run."""
        wake = asyncio.Event()
        self._watchers.add(wake)
        try:
            while True:
                wake.clear()
                if self._failure is not None:
                    raise self._failure
                for events in await self._next(after):
                    after = events[-1].seq
                    yield events
                if after >= self.last and self._failure is None:
                    if self.ended:
                        return
                    await wake.wait()
        finally:
            self._watchers.discard(wake)

    async def _next(self, after: int) -> list[list[RunEvent]]:
        if after >= self.last:
            return []
        batches = list(self._kept) if self._kept and self._kept[0].first <= after + 1 else await self._stored(after)
        return [events for batch in batches if (events := batch.after(after))]
