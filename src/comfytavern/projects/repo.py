"""What this room needs kept. Adapters: store/projects.py and store/runs.py, and testing/projects.py in memory; one contract suite each.

Everything is asked for with its `owner`: what is somebody else's is not there.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from msgspec import Raw

from comfytavern.engine.log import Log
from comfytavern.kernel.paging import Page
from comfytavern.projects.batch import Batch
from comfytavern.projects.command import Asked, Command, Reply
from comfytavern.projects.executor import Executor, Hold, Peer
from comfytavern.projects.project import (
    Changes,
    Draft,
    NewWorkflow,
    Project,
    TrashItem,
    Version,
    VersionSummary,
    Workflow,
    WorkflowSummary,
)
from comfytavern.projects.run import Changes as RunChanges
from comfytavern.projects.run import Moved, Papers, RunSummary, StoredRun, Tip, Unfinished, Which


class ProjectRepo(Protocol):
    """Projects."""

    async def add(self, owner: str, project: Project, workflows: list[NewWorkflow]) -> None:
        """Keep a new project with its workflows: all or nothing."""
        ...

    async def find(self, owner: str, id: str) -> Project | None:
        """Return a project, also from the trash."""
        ...

    async def page(self, owner: str, *, trash: bool, cursor: str | None, limit: int) -> Page[Project]:
        """Return projects in or out of the trash, the latest change first."""
        ...

    async def change(self, owner: str, id: str, changes: Changes, now: float) -> Project | None:
        """Change what is given and return what it is now."""
        ...


class WorkflowRepo(Protocol):
    """Workflows as they are now."""

    async def add(self, owner: str, workflow: NewWorkflow) -> Workflow | None:
        """Keep a new workflow; None when there is no such project. Raises `Conflict` (`project.trashed`)."""
        ...

    async def find(self, owner: str, id: str) -> Workflow | None:
        """Return a workflow, also from the trash."""
        ...

    async def page(self, owner: str, project_id: str, *, trash: bool, cursor: str | None, limit: int) -> Page[WorkflowSummary]:
        """Return the workflows of a project that are, or are not, in the trash themselves; the latest change first."""
        ...

    async def change(self, owner: str, id: str, changes: Changes, now: float) -> Workflow | None:
        """Change what is given and return what it is now. Raises `Conflict` (`workflow.conflict`)."""
        ...


class VersionRepo(Protocol):
    """Versions of workflows. They are only ever added."""

    async def save(self, owner: str, workflow_id: str, base_version: int, draft: Draft, changes: Changes) -> Workflow | None:
        """Make `draft` the newest version, and return the workflow as it is then.

        A draft with the same bytes as the newest version makes none, whatever `base_version` is, so a save may be sent twice.
        Raises `Conflict`: `workflow.conflict` when `base_version` is not the newest, `workflow.trashed` or `project.trashed`.
        """
        ...

    async def find(self, owner: str, workflow_id: str, number: int | None = None) -> Version | None:
        """Return a version, without a number the newest."""
        ...

    async def page(self, owner: str, workflow_id: str, *, cursor: str | None, limit: int) -> Page[VersionSummary]:
        """Return versions, the newest first."""
        ...


class TrashRepo(Protocol):
    """What was thrown away."""

    async def page(self, owner: str, *, cursor: str | None, limit: int) -> Page[TrashItem]:
        """Return projects, and workflows thrown away by themselves, the latest first."""
        ...

    async def purge(self, owner: str, id: str) -> bool:
        """Delete a project or workflow that is in the trash, with all that hangs on it; False when it is not in the trash."""
        ...


class RunRepo(Protocol):
    """Runs that are to be run."""

    async def add(self, run: StoredRun, graph: Raw) -> None:
        """Keep a new run of `graph`. One with an executor is held by it, under lease 1."""
        ...

    async def change(self, id: str, changes: RunChanges) -> bool:
        """Change what is given; False when there is no such run."""
        ...

    async def find(self, id: str) -> StoredRun | None:
        """Return a run, whoever owns it."""
        ...

    async def papers(self, id: str) -> Papers | None:
        """Return the large parts of a run, whoever owns it."""
        ...

    async def unfinished(self) -> list[Unfinished]:
        """Return the runs that are not over, in the order in which they were started."""
        ...


class HistoryRepo(Protocol):
    """Runs as people look back on them."""

    async def find(self, owner: str, id: str) -> StoredRun | None:
        """Return a run."""
        ...

    async def page(self, owner: str, which: Which, *, cursor: str | None, limit: int) -> Page[RunSummary]:
        """Return runs, the latest first."""
        ...

    async def remove(self, owner: str, id: str) -> bool:
        """Remove a run with its events and its journal; False when there is none."""
        ...

    async def expire(self, before: datetime) -> int:
        """Remove all runs that ended before, and return how many."""
        ...

    async def moved(self, within_s: float) -> list[Moved]:
        """Return everybody's runs that are new or changed their state in the last seconds, in that order."""
        ...


class EventRepo(Protocol):
    """Events of runs as they were shown."""

    async def append(self, run_id: str, batch: Batch, changes: RunChanges | None, hold: Hold | None = None) -> None:
        """Keep a batch, and change the run in the same step. Raises `NotFound` (`run.unknown`) when the run is gone.

        With a `hold`, `Lost` when somebody else has taken the run over: then nothing was written.
        """
        ...

    async def read(self, run_id: str, after: int) -> list[Batch]:
        """Return batches with events after `after`, in order, some megabytes at a time; empty at the end."""
        ...

    async def last(self, run_id: str) -> int:
        """Return the number of the last event, 0 when there is none."""
        ...

    async def tips(self, run_ids: list[str]) -> dict[str, Tip]:
        """Return how far each of these runs is; one that is gone is left out."""
        ...


class Journal(Log, Protocol):
    """The journal of runs."""

    def held(self, hold: Hold, /) -> Log:
        """Return the journal for the holder of a run: `append` and `intent` raise `Lost` when it is the holder no more."""
        ...


class LeaseRepo(Protocol):
    """Which server executes which run. A server is alive when it was seen in the last `lease_s` seconds of the database's clock."""

    async def beat(self, executor: Executor, *, draining: bool) -> list[Peer]:
        """Say that a server is alive, and return the others, those that are not any more included."""
        ...

    async def take(self, run_id: str, executor: str, lease_s: float) -> Hold | None:
        """Take a run that is not over, and that no other living server holds; None when it is not to be had."""
        ...

    async def release(self, hold: Hold) -> None:
        """Let anybody take the run, if `hold` is still good."""
        ...

    async def free(self, lease_s: float, now: float) -> list[Unfinished]:
        """Return the runs that anybody may take and that have something to do, in the order in which they were started.

        Those that wait have something to do when the clock answers one of their waits by `now`, or when somebody asks for something.
        """
        ...

    async def leave(self, executor: str) -> None:
        """Forget a server: whatever it holds is free."""
        ...


class CommandRepo(Protocol):
    """What servers ask of each other. A command goes with its run."""

    async def post(self, id: str, run_id: str, command: Command) -> None:
        """Ask for something. Raises `NotFound` (`run.unknown`)."""
        ...

    async def take(self, executor: str) -> list[Asked]:
        """Return, once, what is asked of the runs that a server holds, in order; after a take-over the new holder gets it again."""
        ...

    async def finish(self, id: str, outcome: bytes) -> None:
        """Say how a command ended."""
        ...

    async def reply(self, id: str) -> Reply | None:
        """Return how far a command is; None when it is gone, with its run."""
        ...

    async def drop(self, id: str) -> bool:
        """Remove a command; False when somebody has begun with it and has not finished."""
        ...


@dataclass(frozen=True, slots=True)
class Archive:
    """All that is kept of runs."""

    runs: RunRepo
    history: HistoryRepo
    events: EventRepo
    journal: Journal
    leases: LeaseRepo
    commands: CommandRepo
