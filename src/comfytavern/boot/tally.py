"""Counts what runs do, where their events pass on the way to the journal: no room has to know that anybody counts."""

from collections import Counter
from typing import Final

from comfytavern.api.metrics import Metrics
from comfytavern.kernel.events import NodesChanged, RunChanged, RunEvent, Usage
from comfytavern.projects.batch import Batch
from comfytavern.projects.executor import Hold
from comfytavern.projects.repo import EventRepo
from comfytavern.projects.run import TERMINAL, Changes, Tip

SETTLED: Final = frozenset({"done", "cached", "skipped", "failed", "cancelled"})


class Counted:
    """Another `EventRepo`, counted."""

    def __init__(self, inner: EventRepo, metrics: Metrics) -> None:
        """Keep by `inner`, count in `metrics`."""
        self._inner, self._metrics = inner, metrics
        self._open: dict[str, str] = {}
        metrics.show_each("runs_open", "Runs of this process that are not over, by state.", "state", lambda: Counter(self._open.values()))

    async def append(self, run_id: str, batch: Batch, changes: Changes | None, hold: Hold | None = None) -> None:
        """Keep a batch, and count what is in it (EventRepo.append)."""
        await self._inner.append(run_id, batch, changes, hold)
        for event in batch.events:
            self._count(run_id, event)

    async def read(self, run_id: str, after: int) -> list[Batch]:
        """Return batches (EventRepo.read)."""
        return await self._inner.read(run_id, after)

    async def last(self, run_id: str) -> int:
        """Return the number of the last event (EventRepo.last)."""
        return await self._inner.last(run_id)

    async def tips(self, run_ids: list[str]) -> dict[str, Tip]:
        """Return how far runs are (EventRepo.tips)."""
        return await self._inner.tips(run_ids)

    def _count(self, run_id: str, event: RunEvent) -> None:
        match event:
            case RunChanged(state=state) if state in TERMINAL:
                self._open.pop(run_id, None)
                self._metrics.runs.labels(state).inc()
            case RunChanged(state=state):
                if run_id not in self._open:
                    self._metrics.started.inc()
                self._open[run_id] = state
            case NodesChanged(nodes=nodes):
                for _path, state, _ms, _extra in nodes:
                    if state in SETTLED:
                        self._metrics.nodes.labels(state).inc()
            case Usage():
                self._metrics.tokens.labels("input").inc(event.input_tokens)
                self._metrics.tokens.labels("output").inc(event.output_tokens)
            case _:
                pass
