"""Sending to a reader one does not trust to read: at most 60 messages a second, and never for long."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from comfytavern.kernel.errors import Busy
from comfytavern.kernel.events import RunEvent

MESSAGES_PER_S: Final = 60
EVENTS_WAITING_MAX: Final = 2_000
"""For each reader and run. Beyond it nothing more is taken from the run's history until the reader has caught up."""


class Pace:
    """Says when the next message may go: 60 a second on average."""

    def __init__(self) -> None:
        self._next = 0.0

    async def turn(self) -> None:
        """Wait for the next turn and take it."""
        now = asyncio.get_running_loop().time()
        if self._next > now:
            await asyncio.sleep(self._next - now)
        self._next = max(now, self._next) + 1 / MESSAGES_PER_S


class Gathering:
    """Events of one run between its history and one reader: what arrives while a message is on its way goes into the next."""

    def __init__(self, source: AsyncIterator[list[RunEvent]], wake: asyncio.Event) -> None:
        """Read from `source` as fast as the reader follows, and set `wake` when there is something."""
        self._source = source
        self._wake = wake
        self._waiting: list[RunEvent] = []
        self._room = asyncio.Event()
        self.ended = False
        """No more can come. Set one step before the task of `fill` is done."""

    async def fill(self) -> None:
        """Gather until the run has ended."""
        try:
            async for batch in self._source:
                self._waiting += batch
                self._wake.set()
                if len(self._waiting) >= EVENTS_WAITING_MAX:
                    self._room.clear()
                    await self._room.wait()
        finally:
            self.ended = True
            self._wake.set()

    def take(self) -> list[RunEvent]:
        """Return what is waiting, in order."""
        taken, self._waiting = self._waiting, []
        self._room.set()
        return taken


def slow() -> Busy:
    """Return why a reader that stalls is let go."""
    return Busy("api.slow_reader", "This connection did not read for too long.", hint="Connect again with the last sequence number.")
