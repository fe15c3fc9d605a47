"""An `EventRepo` that stands before another one: what is read passes through, what is written is for those who look at it."""

from comfytavern.projects.batch import Batch
from comfytavern.projects.repo import EventRepo
from comfytavern.projects.run import Tip


class Passing:
    """Reads from another `EventRepo`; who extends it says what happens on `append`."""

    def __init__(self, inner: EventRepo) -> None:
        """Stand before `inner`."""
        self._inner = inner

    async def read(self, run_id: str, after: int) -> list[Batch]:
        """Return batches (EventRepo.read)."""
        return await self._inner.read(run_id, after)

    async def last(self, run_id: str) -> int:
        """Return the number of the last event (EventRepo.last)."""
        return await self._inner.last(run_id)

    async def tips(self, run_ids: list[str]) -> dict[str, Tip]:
        """Return how far runs are (EventRepo.tips)."""
        return await self._inner.tips(run_ids)
