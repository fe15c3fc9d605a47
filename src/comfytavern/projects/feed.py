"""News for one person's clients: the latest matter, and a client that does not read loses the oldest."""

import asyncio
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

T = TypeVar("T")
KEPT_MAX = 1000


class Feed(Generic[T]):
    """Gives what is told to all who listen under the same name."""

    def __init__(self) -> None:
        """Start with nobody listening."""
        self._listeners: dict[str, set[asyncio.Queue[T | None]]] = {}

    @property
    def listened(self) -> bool:
        """Whether anybody listens to anything."""
        return bool(self._listeners)

    def has(self, name: str) -> bool:
        """Tell whether anybody listens."""
        return bool(self._listeners.get(name))

    def tell(self, name: str, item: T | None) -> None:
        """Give `item` to all who listen under `name`."""
        for queue in self._listeners.get(name, ()):
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(item)

    def close(self) -> None:
        """End all listening."""
        for name in list(self._listeners):
            self.tell(name, None)

    async def listen(self, name: str) -> AsyncIterator[T]:
        """Yield what is told from now on."""
        queue: asyncio.Queue[T | None] = asyncio.Queue(KEPT_MAX)
        self._listeners.setdefault(name, set()).add(queue)
        try:
            while (item := await queue.get()) is not None:
                yield item
        finally:
            mine = self._listeners[name]
            mine.discard(queue)
            if not mine:
                del self._listeners[name]
