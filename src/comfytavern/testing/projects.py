"""Saved work kept in memory: fakes of projects/repo.py, held to the same contract as the tables."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from comfytavern.kernel.clock import Clock, ManualClock
from comfytavern.kernel.paging import Page, encode_cursor
from comfytavern.projects.cursors import position, version_before, version_page
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
    effect_of,
    in_trash,
    moment,
    stale,
)
from comfytavern.projects.service import Projects

T = TypeVar("T")


@dataclass
class MemoryShelf:
    """What the four repos share. Keys are ids; owners stand beside what they own."""

    projects: dict[str, tuple[str, Project]] = field(default_factory=dict[str, tuple[str, Project]])
    workflows: dict[str, tuple[str, WorkflowSummary]] = field(default_factory=dict[str, tuple[str, WorkflowSummary]])
    versions: dict[str, list[Version]] = field(default_factory=dict[str, list[Version]])

    def project(self, owner: str, id: str) -> Project | None:
        """Return a project with its count."""
        found = self.projects.get(id)
        if found is None or found[0] != owner:
            return None
        count = sum(workflow.project_id == id and workflow.trashed_at is None for _, workflow in self.workflows.values())
        return msgspec.structs.replace(found[1], workflow_count=count)

    def workflow(self, owner: str, id: str) -> Workflow | None:
        """Return a workflow with its newest graph."""
        found = self.workflows.get(id)
        if found is None or found[0] != owner:
            return None
        return Workflow(**msgspec.structs.asdict(found[1]), graph=self.versions[id][-1].graph)

    def keep(self, owner: str, workflow: NewWorkflow) -> None:
        """Keep a new workflow with its versions."""
        at = workflow.drafts[-1].created_at
        summary = WorkflowSummary(
            id=workflow.id,
            project_id=workflow.project_id,
            name=workflow.name,
            description=workflow.description,
            version=len(workflow.drafts),
            created_at=at,
            updated_at=at,
        )
        self.workflows[workflow.id] = (owner, summary)
        self.versions[workflow.id] = [_version(number, draft) for number, draft in enumerate(workflow.drafts, start=1)]

    def change(self, kept: dict[str, tuple[str, Any]], id: str, effect: dict[str, Any]) -> None:
        """Replace members of what is kept under `id`."""
        owner, found = kept[id]
        kept[id] = (owner, msgspec.structs.replace(found, **effect))

    def touch(self, project_id: str, at: datetime) -> None:
        """Note that something in a project changed."""
        self.change(self.projects, project_id, {"updated_at": at})

    def require_project(self, owner: str, id: str) -> None:
        """Raise when a project is in the trash."""
        project = self.project(owner, id)
        if project is None or project.trashed_at:
            raise in_trash("project")


class MemoryProjects:
    """Projects."""

    def __init__(self, shelf: MemoryShelf) -> None:
        """Keep them on `shelf`."""
        self._shelf = shelf

    async def add(self, owner: str, project: Project, workflows: list[NewWorkflow]) -> None:
        """Keep a new project with its workflows (ProjectRepo.add)."""
        self._shelf.projects[project.id] = (owner, project)
        for workflow in workflows:
            self._shelf.keep(owner, workflow)

    async def find(self, owner: str, id: str) -> Project | None:
        """Return a project (ProjectRepo.find)."""
        return self._shelf.project(owner, id)

    async def page(self, owner: str, *, trash: bool, cursor: str | None, limit: int) -> Page[Project]:
        """Return projects in or out of the trash (ProjectRepo.page)."""
        mine = [found for id in self._shelf.projects if (found := self._shelf.project(owner, id))]
        return newest_page(
            (one for one in mine if (one.trashed_at is not None) == trash), lambda one: (one.updated_at, one.id), cursor, limit
        )

    async def change(self, owner: str, id: str, changes: Changes, now: float) -> Project | None:
        """Change what is given (ProjectRepo.change)."""
        if found := self._shelf.project(owner, id):
            self._shelf.change(self._shelf.projects, id, effect_of(changes, found, moment(now)))
        return self._shelf.project(owner, id)


class MemoryWorkflows:
    """Workflows as they are now."""

    def __init__(self, shelf: MemoryShelf) -> None:
        """Keep them on `shelf`."""
        self._shelf = shelf

    async def add(self, owner: str, workflow: NewWorkflow) -> Workflow | None:
        """Keep a new workflow (WorkflowRepo.add)."""
        if self._shelf.project(owner, workflow.project_id) is None:
            return None
        self._shelf.require_project(owner, workflow.project_id)
        self._shelf.keep(owner, workflow)
        self._shelf.touch(workflow.project_id, workflow.drafts[-1].created_at)
        return self._shelf.workflow(owner, workflow.id)

    async def find(self, owner: str, id: str) -> Workflow | None:
        """Return a workflow (WorkflowRepo.find)."""
        return self._shelf.workflow(owner, id)

    async def page(self, owner: str, project_id: str, *, trash: bool, cursor: str | None, limit: int) -> Page[WorkflowSummary]:
        """Return the workflows of a project (WorkflowRepo.page)."""
        mine = [one for of, one in self._shelf.workflows.values() if of == owner and one.project_id == project_id]
        return newest_page(
            (one for one in mine if (one.trashed_at is not None) == trash), lambda one: (one.updated_at, one.id), cursor, limit
        )

    async def change(self, owner: str, id: str, changes: Changes, now: float) -> Workflow | None:
        """Change what is given (WorkflowRepo.change)."""
        found = self._shelf.workflow(owner, id)
        if found is None:
            return None
        if changes.base_version not in (None, found.version):
            raise stale(found.version)
        if changes.trashed is False:
            self._shelf.require_project(owner, found.project_id)
        self._shelf.change(self._shelf.workflows, id, effect_of(changes, found, moment(now)))
        return self._shelf.workflow(owner, id)


class MemoryVersions:
    """Versions of workflows."""

    def __init__(self, shelf: MemoryShelf) -> None:
        """Keep them on `shelf`."""
        self._shelf = shelf

    async def save(self, owner: str, workflow_id: str, base_version: int, draft: Draft, changes: Changes) -> Workflow | None:
        """Make `draft` the newest version (VersionRepo.save)."""
        shelf = self._shelf
        found = shelf.workflow(owner, workflow_id)
        if found is None:
            return None
        shelf.require_project(owner, found.project_id)
        if found.trashed_at:
            raise in_trash("workflow")
        effect = effect_of(changes, found, draft.created_at)
        if found.graph != draft.graph:
            if base_version != found.version:
                raise stale(found.version)
            effect |= {"version": found.version + 1, "updated_at": draft.created_at}
            shelf.versions[workflow_id].append(_version(found.version + 1, draft))
        if effect:
            shelf.change(shelf.workflows, workflow_id, effect)
            shelf.touch(found.project_id, draft.created_at)
        return shelf.workflow(owner, workflow_id)

    async def find(self, owner: str, workflow_id: str, number: int | None = None) -> Version | None:
        """Return a version, without a number the newest (VersionRepo.find)."""
        found = self._shelf.workflow(owner, workflow_id)
        number = found.version if found and number is None else number
        return next((version for version in self._shelf.versions[workflow_id] if version.version == number), None) if found else None

    async def page(self, owner: str, workflow_id: str, *, cursor: str | None, limit: int) -> Page[VersionSummary]:
        """Return versions, the newest first (VersionRepo.page)."""
        kept = self._shelf.versions[workflow_id] if self._shelf.workflow(owner, workflow_id) else []
        before = version_before(cursor)
        fields = VersionSummary.__struct_fields__
        summaries = [VersionSummary(**{name: getattr(one, name) for name in fields}) for one in reversed(kept)]
        return version_page([one for one in summaries if before is None or one.version < before][: limit + 1], limit)


class MemoryTrash:
    """What was thrown away."""

    def __init__(self, shelf: MemoryShelf) -> None:
        """Look at `shelf`."""
        self._shelf = shelf

    async def page(self, owner: str, *, cursor: str | None, limit: int) -> Page[TrashItem]:
        """Return projects, and workflows thrown away by themselves (TrashRepo.page)."""
        shelf = self._shelf
        items = [
            TrashItem(id=one.id, kind="project", name=one.name, project_id=None, trashed_at=one.trashed_at)
            for of, one in shelf.projects.values()
            if of == owner and one.trashed_at
        ]
        items += [
            TrashItem(id=one.id, kind="workflow", name=one.name, project_id=one.project_id, trashed_at=one.trashed_at)
            for of, one in shelf.workflows.values()
            if of == owner and one.trashed_at and not shelf.projects[one.project_id][1].trashed_at
        ]
        return newest_page(items, lambda item: (item.trashed_at, item.id), cursor, limit)

    async def purge(self, owner: str, id: str) -> bool:
        """Delete something in the trash (TrashRepo.purge)."""
        shelf = self._shelf
        found = shelf.project(owner, id) or shelf.workflow(owner, id)
        if found is None or found.trashed_at is None:
            return False
        gone = [key for key, (_, one) in shelf.workflows.items() if id in (key, one.project_id)]
        for key in gone:
            del shelf.workflows[key], shelf.versions[key]
        shelf.projects.pop(id, None)
        return True


def newest_page(items: Iterable[T], key: Callable[[T], tuple[datetime, str]], cursor: str | None, limit: int) -> Page[T]:
    """Return a page of `items`, the latest first."""
    after = position(cursor)
    ordered = sorted(items, key=key, reverse=True)
    if after is not None:
        ordered = [one for one in ordered if (key(one)[0].timestamp(), key(one)[1]) < after]
    if len(ordered) <= limit:
        return Page(items=ordered)
    at, id = key(ordered[limit - 1])
    return Page(items=ordered[:limit], next=encode_cursor(at.timestamp(), id))


def memory_projects(*, clock: Clock | None = None, shelf: MemoryShelf | None = None) -> Projects:
    """Return the whole room in memory, with a clock that stands still."""
    shelf = shelf or MemoryShelf()
    repos = MemoryProjects(shelf), MemoryWorkflows(shelf), MemoryVersions(shelf), MemoryTrash(shelf)
    return Projects(*repos, clock=clock or ManualClock())


def _version(number: int, draft: Draft) -> Version:
    return Version(
        version=number,
        created_at=draft.created_at,
        author=draft.author,
        note=draft.note,
        node_count=draft.node_count,
        graph=draft.graph,
    )
