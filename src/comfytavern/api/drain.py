"""Leaving without anybody noticing: while a server drains it refuses nothing, and asks everybody to go to its successor.

Answers close their connection, event streams and sockets get a notice and come back elsewhere where they stopped. It can be
called off at any time.
"""

import asyncio
import random
import time
from collections.abc import Mapping
from typing import Any, Final

RETRY_MS_MAX: Final = 500
"""Everybody comes back within this time, not all at once."""
AGAIN_S: Final = 2.0
"""Who connects although we drain stays so long before being asked again: nothing else may be there yet."""
PROBES: Final = frozenset({"/health", "/ready", "/version", "/metrics"})
"""Asked by machines about this process: they are no traffic."""
LASTING: Final = "lasting"


class Drain:
    """Whether this server is being left, and who is still with it."""

    def __init__(self) -> None:
        """Begin in service."""
        self.http = 0
        """Requests being answered, those that last included; probes are not."""
        self.streams = 0
        """Those of them that may last: event streams, waits for the end of a run, files on their way."""
        self.sockets = 0
        self.asked_at = 0.0
        """When the latest request or socket came, by the monotonic clock."""
        self._begun, self._ended = asyncio.Event(), asyncio.Event()
        self._ended.set()

    @property
    def active(self) -> bool:
        """Tell whether we drain."""
        return self._begun.is_set()

    @property
    def requests(self) -> int:
        """Return how many short requests are being answered."""
        return self.http - self.streams

    def begin(self) -> None:
        """Ask everybody to leave."""
        self._begun.set()
        self._ended.clear()

    def end(self) -> None:
        """Be in service again; who has been asked to leave may come back."""
        self._begun.clear()
        self._ended.set()

    async def notice(self) -> None:
        """Return when somebody who has just connected is to be asked to leave."""
        if self.active:
            await asyncio.sleep(AGAIN_S)
        while not self.active:
            await self._begun.wait()

    async def passed(self) -> None:
        """Return when we do not drain any more."""
        await self._ended.wait()

    # what edge.py counts

    def arrived(self, scope: Mapping[str, Any]) -> None:
        """Count a request or socket that has come."""
        if scope["path"] in PROBES:
            return
        self.asked_at = time.monotonic()
        if scope["type"] == "http":
            self.http += 1
        else:
            self.sockets += 1

    def lasts(self, scope: Mapping[str, Any]) -> None:
        """Count a request among the streams from now on."""
        if not scope["state"].get(LASTING):
            scope["state"][LASTING] = True
            self.streams += 1

    def left(self, scope: Mapping[str, Any]) -> None:
        """Count a request or socket no more."""
        if scope["path"] in PROBES:
            return
        if scope["type"] == "http":
            self.http -= 1
            self.streams -= bool(scope["state"].get(LASTING))
        else:
            self.sockets -= 1


def retry_ms() -> int:
    """Return how long somebody waits before connecting again."""
    return random.randint(0, RETRY_MS_MAX)
