"""Runs kept in memory: fakes of projects/repo.py, held to the same contract as the tables."""

from datetime import datetime

import msgspec

from comfytavern.kernel.paging import Page
from comfytavern.projects.batch import Batch
from comfytavern.projects.run import ACTIVE, TERMINAL, Changes, Papers, RunSummary, StoredRun, Unfinished, Which, duration_ms, no_run
from comfytavern.testing.projects import newest_page


class MemoryRunShelf:
    """What the three repos share."""

    def __init__(self) -> None:
        """Start empty."""
        self.runs: dict[str, StoredRun] = {}
        self.papers: dict[str, Papers] = {}
        self.batches: dict[str, list[Batch]] = {}

    def change(self, id: str, changes: Changes) -> bool:
        """Change what is given of a run."""
        found = self.runs.get(id)
        if found is None:
            return False
        given = {name: value for name, value in msgspec.structs.asdict(changes).items() if value is not None}
        if "shown" in given:
            self.papers[id] = msgspec.structs.replace(self.papers[id], shown=given.pop("shown"))
        own = {"due_at": given.pop("due_at")} if "due_at" in given else {}
        summary = msgspec.structs.replace(found.summary, **given)
        summary = msgspec.structs.replace(summary, duration_ms=duration_ms(summary.started_at, summary.ended_at))
        self.runs[id] = msgspec.structs.replace(found, summary=summary, **own)
        return True

    def drop(self, id: str) -> None:
        """Forget a run."""
        self.runs.pop(id, None)
        self.papers.pop(id, None)
        self.batches.pop(id, None)


class MemoryRuns:
    """Runs that are to be run."""

    def __init__(self, shelf: MemoryRunShelf) -> None:
        """Keep them on `shelf`."""
        self._shelf = shelf

    async def add(self, run: StoredRun, graph: msgspec.Raw) -> None:
        """Keep a new run (RunRepo.add)."""
        self._shelf.papers[run.summary.id] = Papers(graph=graph)
        self._shelf.runs[run.summary.id] = msgspec.structs.replace(run, summary=msgspec.structs.replace(run.summary, tokens=0))

    async def change(self, id: str, changes: Changes) -> bool:
        """Change what is given (RunRepo.change)."""
        return self._shelf.change(id, changes)

    async def find(self, id: str) -> StoredRun | None:
        """Return a run, whoever owns it (RunRepo.find)."""
        return self._shelf.runs.get(id)

    async def papers(self, id: str) -> Papers | None:
        """Return the large parts of a run (RunRepo.papers)."""
        return self._shelf.papers.get(id)

    async def unfinished(self) -> list[Unfinished]:
        """Return the runs that are not over (RunRepo.unfinished)."""
        ordered = sorted(self._shelf.runs.values(), key=lambda run: (run.summary.created_at, run.summary.id))
        return [
            Unfinished(id=run.summary.id, owner=run.owner, state=run.summary.state, due_at=run.due_at)
            for run in ordered
            if run.summary.state in ACTIVE
        ]


class MemoryHistory:
    """Runs as people look back on them."""

    def __init__(self, shelf: MemoryRunShelf) -> None:
        """Look at `shelf`."""
        self._shelf = shelf

    async def find(self, owner: str, id: str) -> StoredRun | None:
        """Return a run (HistoryRepo.find)."""
        found = self._shelf.runs.get(id)
        return found if found and found.owner == owner else None

    async def page(self, owner: str, which: Which, *, cursor: str | None, limit: int) -> Page[RunSummary]:
        """Return runs, the latest first (HistoryRepo.page)."""
        mine = [run for run in self._shelf.runs.values() if run.owner == owner and _fits(run, which)]
        return newest_page((run.summary for run in mine), lambda summary: (summary.created_at, summary.id), cursor, limit)

    async def remove(self, owner: str, id: str) -> bool:
        """Remove a run (HistoryRepo.remove)."""
        there = await self.find(owner, id) is not None
        if there:
            self._shelf.drop(id)
        return there

    async def expire(self, before: datetime) -> int:
        """Remove all runs that ended before (HistoryRepo.expire)."""
        old = [
            id
            for id, run in self._shelf.runs.items()
            if run.summary.state in TERMINAL and run.summary.ended_at is not None and run.summary.ended_at < before
        ]
        for id in old:
            self._shelf.drop(id)
        return len(old)


class MemoryEvents:
    """Events of runs as they were shown."""

    def __init__(self, shelf: MemoryRunShelf) -> None:
        """Keep them on `shelf`."""
        self._shelf = shelf

    async def append(self, run_id: str, batch: Batch, changes: Changes | None) -> None:
        """Keep a batch, and change the run in the same step (EventRepo.append)."""
        if run_id not in self._shelf.runs:
            raise no_run(run_id)
        self._shelf.batches.setdefault(run_id, []).append(batch)
        if changes is not None:
            self._shelf.change(run_id, changes)

    async def read(self, run_id: str, after: int) -> list[Batch]:
        """Return batches with events after `after` (EventRepo.read)."""
        return [batch for batch in self._shelf.batches.get(run_id, ()) if batch.last > after]

    async def last(self, run_id: str) -> int:
        """Return the number of the last event (EventRepo.last)."""
        kept = self._shelf.batches.get(run_id)
        return kept[-1].last if kept else 0


def _fits(run: StoredRun, which: Which) -> bool:
    return (
        which.workflow_id in (None, run.summary.workflow_id)
        and which.project_id in (None, run.project_id)
        and which.state in (None, run.summary.state)
    )
