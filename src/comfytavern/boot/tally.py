"""Counts what runs do, where their events pass on the way to the journal: no room has to know that anybody counts."""

import contextlib
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from comfytavern.api.metrics import Metrics
from comfytavern.boot.passing import Passing
from comfytavern.kernel.events import NodesChanged, RunChanged, RunEvent, Usage
from comfytavern.kernel.ids import made_at
from comfytavern.projects.batch import Batch
from comfytavern.projects.executor import Hold
from comfytavern.projects.repo import EventRepo
from comfytavern.projects.run import TERMINAL, Changes

SETTLED: Final = frozenset({"done", "cached", "skipped", "failed", "cancelled"})
BEGUN: Final = 2
"""The number of the first event that can say `running`, after `queued`: later ones tell of a run that goes on."""
KindOf = Callable[[str, str], str]


class Counted(Passing):
    """Another `EventRepo`, counted."""

    def __init__(self, inner: EventRepo, metrics: Metrics, kind: KindOf = lambda _run_id, _path: "other") -> None:
        """Keep by `inner`, count in `metrics`; `kind` says of which kind a node of a run is."""
        super().__init__(inner)
        self._work, self._kind = metrics.work, kind
        self._open: dict[str, str] = {}
        metrics.show_each("runs_open", "Runs of this process that are not over, by state.", "state", lambda: Counter(self._open.values()))

    async def append(self, run_id: str, batch: Batch, changes: Changes | None, hold: Hold | None = None) -> None:
        """Keep a batch, and count what is in it (EventRepo.append)."""
        await self._inner.append(run_id, batch, changes, hold)
        for event in batch.events:
            self._count(run_id, event)

    def _count(self, run_id: str, event: RunEvent) -> None:
        match event:
            case RunChanged():
                self._count_run(run_id, event)
            case NodesChanged(nodes=nodes):
                for path, state, ms, _extra in nodes:
                    if state in SETTLED:
                        self._work.node(self._kind(run_id, path), state, ms)
            case Usage():
                model = self._work.model(event.model.partition("/")[2] or event.model)
                self._work.tokens.labels(model, "input").inc(event.input_tokens)
                self._work.tokens.labels(model, "output").inc(event.output_tokens)
                if event.cost_usd:
                    self._work.cost.labels(model).inc(event.cost_usd)
            case _:
                pass

    def _count_run(self, run_id: str, event: RunChanged) -> None:
        if event.state in TERMINAL:
            self._open.pop(run_id, None)
            self._work.runs.labels(event.state).inc()
            self._work.run_seconds.labels(event.state).observe(event.t / 1000)
            return
        if run_id not in self._open:
            self._work.started.inc()
        if event.state == "running" and event.seq <= BEGUN:
            with contextlib.suppress(ValueError):  # An id that somebody else has made.
                self._work.queue_wait.observe(max(0.0, time.time() - made_at(run_id)))
        self._open[run_id] = event.state
