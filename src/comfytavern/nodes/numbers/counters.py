"""Counts that live longer than a run."""

from typing import Protocol


class Counters(Protocol):
    """Where Random keeps how often it was asked."""

    async def next(self, owner: str, series: str) -> int:
        """Return how often this owner asked for this series before (0, 1, 2 …)."""
        ...


class MemoryCounters:
    """Counts until the process ends."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], int] = {}

    async def next(self, owner: str, series: str) -> int:
        """Return how often this was called before for the same two."""
        count = self._counts.get((owner, series), 0)
        self._counts[owner, series] = count + 1
        return count
