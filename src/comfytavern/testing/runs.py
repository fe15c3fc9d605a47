"""Runs kept in memory: fakes of projects/repo.py, held to the same contract as the tables."""

from collections.abc import Callable
from datetime import datetime
from time import time
from typing import Any

import msgspec

from comfytavern.engine.log import AnyRecord, Intent, MemoryLog
from comfytavern.kernel.paging import Page
from comfytavern.projects.batch import Batch
from comfytavern.projects.command import Asked, Command, Reply
from comfytavern.projects.executor import Executor, Hold, Peer, lost
from comfytavern.projects.repo import Archive
from comfytavern.projects.run import (
    ACTIVE,
    TERMINAL,
    Changes,
    Moved,
    Papers,
    RunSummary,
    StoredRun,
    Tip,
    Unfinished,
    Which,
    duration_ms,
    no_run,
)
from comfytavern.testing.projects import newest_page


class MemoryRunShelf:
    """What the repos share."""

    def __init__(self, clock: Callable[[], float] = time) -> None:
        """Start empty; `clock` is that of the database."""
        self.clock = clock
        self.executors: dict[str, tuple[Executor, bool, float]] = {}
        self.leases: dict[str, int] = {}
        self.moved_at: dict[str, float] = {}
        self.commands: dict[str, list[Any]] = {}
        """By id: the run, the command, the lease under which it was begun, the outcome."""
        self.runs: dict[str, StoredRun] = {}
        self.papers: dict[str, Papers] = {}
        self.batches: dict[str, list[Batch]] = {}

    def change(self, id: str, changes: Changes) -> bool:
        """Change what is given of a run."""
        found = self.runs.get(id)
        if found is None:
            return False
        if changes.state is not None:
            self.moved_at[id] = self.clock()
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
        self.commands = {command: row for command, row in self.commands.items() if row[0] != id}

    def held_by(self, id: str, executor: str | None) -> None:
        """Write down who executes a run."""
        self.runs[id] = msgspec.structs.replace(self.runs[id], executor=executor)
        self.leases[id] = self.leases.get(id, 0) + 1

    def check(self, run_id: str, hold: Hold | None) -> None:
        """Refuse who writes to a run that is gone, or that somebody else has."""
        if run_id not in self.runs:
            raise no_run(run_id)
        if hold is not None and (self.runs[run_id].executor, self.leases.get(run_id)) != (hold.executor, hold.lease):
            raise lost(run_id)

    def is_free(self, id: str, lease_s: float) -> bool:
        """Tell whether no living server holds a run."""
        seen = self.executors.get(self.runs[id].executor or "")
        return seen is None or seen[2] <= self.clock() - lease_s

    def unfinished(self) -> list[Unfinished]:
        """Return the runs that are not over, in the order in which they were started."""
        ordered = sorted(self.runs.values(), key=lambda run: (run.summary.created_at, run.summary.id))
        return [
            Unfinished(id=run.summary.id, owner=run.owner, state=run.summary.state, due_at=run.due_at, executor=run.executor)
            for run in ordered
            if run.summary.state in ACTIVE
        ]


class MemoryRuns:
    """Runs that are to be run."""

    def __init__(self, shelf: MemoryRunShelf) -> None:
        """Keep them on `shelf`."""
        self._shelf = shelf

    async def add(self, run: StoredRun, graph: msgspec.Raw) -> None:
        """Keep a new run (RunRepo.add)."""
        self._shelf.papers[run.summary.id] = Papers(graph=graph)
        self._shelf.runs[run.summary.id] = msgspec.structs.replace(run, summary=msgspec.structs.replace(run.summary, tokens=0))
        self._shelf.moved_at[run.summary.id] = self._shelf.clock()
        self._shelf.leases[run.summary.id] = 1 if run.executor else 0

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
        return self._shelf.unfinished()


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

    async def moved(self, within_s: float) -> list[Moved]:
        """Return runs that changed their state lately (HistoryRepo.moved)."""
        since = self._shelf.clock() - within_s
        found = sorted((at, id) for id, at in self._shelf.moved_at.items() if at > since and id in self._shelf.runs)
        return [Moved(owner=self._shelf.runs[id].owner, at=at, summary=self._shelf.runs[id].summary) for at, id in found]


class MemoryEvents:
    """Events of runs as they were shown."""

    def __init__(self, shelf: MemoryRunShelf) -> None:
        """Keep them on `shelf`."""
        self._shelf = shelf

    async def append(self, run_id: str, batch: Batch, changes: Changes | None, hold: Hold | None = None) -> None:
        """Keep a batch, and change the run in the same step (EventRepo.append)."""
        self._shelf.check(run_id, hold)
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

    async def tips(self, run_ids: list[str]) -> dict[str, Tip]:
        """Return how far each of these runs is (EventRepo.tips)."""
        there = [id for id in run_ids if id in self._shelf.runs]
        return {id: Tip(state=self._shelf.runs[id].summary.state, last=await self.last(id)) for id in there}


class MemoryJournal(MemoryLog):
    """The journal of runs."""

    def __init__(self, shelf: MemoryRunShelf, hold: Hold | None = None) -> None:
        """Start empty."""
        super().__init__()
        self._shelf, self._hold = shelf, hold

    def held(self, hold: Hold, /) -> "MemoryJournal":
        """Return the journal for the holder of a run (Journal.held)."""
        made = MemoryJournal(self._shelf, hold)
        made.runs = self.runs
        return made

    async def append(self, run_id: str, records: list[AnyRecord], /) -> None:
        """Add records in order."""
        if self._hold is not None:
            self._shelf.check(run_id, self._hold)
        await super().append(run_id, records)

    async def intent(self, run_id: str, path: str, key: str, /) -> None:
        """Add an intent."""
        await self.append(run_id, [Intent(path=path, key=key)])


class MemoryLeases:
    """Holds of runs."""

    def __init__(self, shelf: MemoryRunShelf) -> None:
        """Keep them on `shelf`."""
        self._shelf = shelf

    async def beat(self, executor: Executor, *, draining: bool) -> list[Peer]:
        """Say that a server is alive, and return the others (LeaseRepo.beat)."""
        now = self._shelf.clock()
        self._shelf.executors[executor.id] = (executor, draining, now)
        others = [one for id, one in self._shelf.executors.items() if id != executor.id]
        return [Peer(executor=other, draining=leaving, age_s=now - seen_at) for other, leaving, seen_at in others]

    async def take(self, run_id: str, executor: str, lease_s: float) -> Hold | None:
        """Take a run that no other living server holds (LeaseRepo.take)."""
        found = self._shelf.runs.get(run_id)
        if found is None or found.summary.state not in ACTIVE:
            return None
        if found.executor != executor and not self._shelf.is_free(run_id, lease_s):
            return None
        self._shelf.held_by(run_id, executor)
        return Hold(run_id=run_id, executor=executor, lease=self._shelf.leases[run_id])

    async def release(self, hold: Hold) -> None:
        """Let anybody take the run (LeaseRepo.release)."""
        found = self._shelf.runs.get(hold.run_id)
        if found is not None and (found.executor, self._shelf.leases[hold.run_id]) == (hold.executor, hold.lease):
            self._shelf.held_by(hold.run_id, None)

    async def free(self, lease_s: float, now: float) -> list[Unfinished]:
        """Return the runs that anybody may take and that have something to do (LeaseRepo.free)."""
        asked = {row[0] for row in self._shelf.commands.values() if row[3] is None}
        return [
            run
            for run in self._shelf.unfinished()
            if self._shelf.is_free(run.id, lease_s)
            and (run.state != "waiting" or run.id in asked or (run.due_at is not None and run.due_at <= now))
        ]

    async def leave(self, executor: str) -> None:
        """Forget a server (LeaseRepo.leave)."""
        self._shelf.executors.pop(executor, None)


class MemoryCommands:
    """Commands between servers."""

    def __init__(self, shelf: MemoryRunShelf) -> None:
        """Keep them on `shelf`."""
        self._shelf = shelf

    async def post(self, id: str, run_id: str, command: Command) -> None:
        """Ask for something (CommandRepo.post)."""
        self._shelf.check(run_id, None)
        self._shelf.commands[id] = [run_id, command, None, None]

    async def take(self, executor: str) -> list[Asked]:
        """Return, once, what is asked of the runs that a server holds (CommandRepo.take)."""
        taken: list[Asked] = []
        for id, row in self._shelf.commands.items():
            run_id, command, begun, outcome = row
            lease = self._shelf.leases[run_id]
            if outcome is None and self._shelf.runs[run_id].executor == executor and (begun is None or begun < lease):
                row[2] = lease
                taken.append(Asked(id=id, run_id=run_id, command=command, again=begun is not None))
        return taken

    async def finish(self, id: str, outcome: bytes) -> None:
        """Say how a command ended (CommandRepo.finish)."""
        if id in self._shelf.commands:
            self._shelf.commands[id][3] = outcome

    async def reply(self, id: str) -> Reply | None:
        """Return how far a command is (CommandRepo.reply)."""
        row = self._shelf.commands.get(id)
        return Reply(begun=row[2] is not None, outcome=row[3]) if row is not None else None

    async def drop(self, id: str) -> bool:
        """Remove a command that nobody carries out now (CommandRepo.drop)."""
        row = self._shelf.commands.get(id)
        if row is None or (row[2] is not None and row[3] is None):
            return False
        del self._shelf.commands[id]
        return True


def memory_archive(shelf: MemoryRunShelf | None = None) -> Archive:
    """Return an archive in memory."""
    shelf = shelf or MemoryRunShelf()
    return Archive(
        runs=MemoryRuns(shelf),
        history=MemoryHistory(shelf),
        events=MemoryEvents(shelf),
        journal=MemoryJournal(shelf),
        leases=MemoryLeases(shelf),
        commands=MemoryCommands(shelf),
    )


def _fits(run: StoredRun, which: Which) -> bool:
    return (
        which.workflow_id in (None, run.summary.workflow_id)
        and which.project_id in (None, run.project_id)
        and which.state in (None, run.summary.state)
    )
