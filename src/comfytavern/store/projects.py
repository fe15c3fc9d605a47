"""Projects, workflows, versions and the trash in SQL: the adapters of projects/repo.py."""

from datetime import datetime
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, delete, func, insert, literal, null, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from comfytavern.kernel.paging import Page
from comfytavern.projects.cursors import version_before, version_page
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
from comfytavern.store.blobs import keep_blob, sweep_blobs
from comfytavern.store.database import Database
from comfytavern.store.pages import newest_first, page_of
from comfytavern.store.tables import blobs, projects, versions, workflows

_COUNT = (
    select(func.count())
    .select_from(workflows)
    .where(workflows.c.project_id == projects.c.id, workflows.c.trashed_at.is_(None))
    .scalar_subquery()
    .label("workflow_count")
)
_PROJECT = (*(projects.c[name] for name in Project.__struct_fields__ if name != "workflow_count"), _COUNT)
_SUMMARY = tuple(workflows.c[name] for name in WorkflowSummary.__struct_fields__)
_HEAD = (versions.c.workflow_id == workflows.c.id) & (versions.c.number == workflows.c.version)
_WORKFLOW = select(*_SUMMARY, blobs.c.body.label("graph"), blobs.c.digest).join(versions, _HEAD).join(blobs)
_VERSION = tuple(versions.c[name] for name in VersionSummary.__struct_fields__ if name != "version")


class SqlProjects:
    """Projects."""

    def __init__(self, database: Database) -> None:
        """Keep them in `database`."""
        self._database = database

    async def add(self, owner: str, project: Project, workflows: list[NewWorkflow]) -> None:
        """Keep a new project with its workflows (ProjectRepo.add)."""
        row = {name: getattr(project, name) for name in Project.__struct_fields__ if name != "workflow_count"}
        async with self._database.write(durable=True) as connection:
            await connection.execute(insert(projects).values(owner_id=owner, **row))
            for workflow in workflows:
                await _add_workflow(connection, owner, workflow)

    async def find(self, owner: str, id: str) -> Project | None:
        """Return a project (ProjectRepo.find)."""
        async with self._database.read() as connection:
            return await _project(connection, owner, id)

    async def page(self, owner: str, *, trash: bool, cursor: str | None, limit: int) -> Page[Project]:
        """Return projects in or out of the trash (ProjectRepo.page)."""
        query = select(*_PROJECT).where(projects.c.owner_id == owner, _trashed(projects.c.trashed_at, trash=trash))
        async with self._database.read() as connection:
            rows = (await connection.execute(newest_first(query, projects.c.updated_at, projects.c.id, cursor=cursor, limit=limit))).all()
        return page_of(rows, limit, partial(_build, Project), lambda project: (project.updated_at, project.id))

    async def change(self, owner: str, id: str, changes: Changes, now: float) -> Project | None:
        """Change what is given (ProjectRepo.change)."""
        async with self._database.write() as connection:
            found = await _project(connection, owner, id)
            if found and (values := effect_of(changes, found, moment(now))):
                await connection.execute(update(projects).where(projects.c.id == id).values(values))
            return await _project(connection, owner, id)


class SqlWorkflows:
    """Workflows as they are now."""

    def __init__(self, database: Database) -> None:
        """Keep them in `database`."""
        self._database = database

    async def add(self, owner: str, workflow: NewWorkflow) -> Workflow | None:
        """Keep a new workflow (WorkflowRepo.add)."""
        async with self._database.write(durable=True) as connection:
            project = await _project(connection, owner, workflow.project_id)
            if project is None:
                return None
            if project.trashed_at:
                raise in_trash("project")
            await _add_workflow(connection, owner, workflow)
            await _touch(connection, workflow.project_id, workflow.drafts[-1].created_at)
            return await _workflow(connection, owner, workflow.id)

    async def find(self, owner: str, id: str) -> Workflow | None:
        """Return a workflow (WorkflowRepo.find)."""
        async with self._database.read() as connection:
            return await _workflow(connection, owner, id)

    async def page(self, owner: str, project_id: str, *, trash: bool, cursor: str | None, limit: int) -> Page[WorkflowSummary]:
        """Return the workflows of a project (WorkflowRepo.page)."""
        which = (workflows.c.owner_id == owner) & (workflows.c.project_id == project_id)
        query = select(*_SUMMARY).where(which, _trashed(workflows.c.trashed_at, trash=trash))
        async with self._database.read() as connection:
            rows = (await connection.execute(newest_first(query, workflows.c.updated_at, workflows.c.id, cursor=cursor, limit=limit))).all()
        return page_of(rows, limit, partial(_build, WorkflowSummary), lambda summary: (summary.updated_at, summary.id))

    async def change(self, owner: str, id: str, changes: Changes, now: float) -> Workflow | None:
        """Change what is given (WorkflowRepo.change)."""
        async with self._database.write() as connection:
            found = await _workflow(connection, owner, id)
            if found is None:
                return None
            if changes.base_version not in (None, found.version):
                raise stale(found.version)
            if changes.trashed is False:
                await _require_project(connection, owner, found.project_id)
            if values := effect_of(changes, found, moment(now)):
                await connection.execute(update(workflows).where(workflows.c.id == id).values(values))
            return await _workflow(connection, owner, id)


class SqlVersions:
    """Versions of workflows."""

    def __init__(self, database: Database) -> None:
        """Keep them in `database`."""
        self._database = database

    async def save(self, owner: str, workflow_id: str, base_version: int, draft: Draft, changes: Changes) -> Workflow | None:
        """Make `draft` the newest version (VersionRepo.save)."""
        async with self._database.write(durable=True) as connection:
            mine = (workflows.c.owner_id == owner) & (workflows.c.id == workflow_id)
            await connection.execute(select(workflows.c.id).where(mine).with_for_update())  # Others wait; then we see what they saved.
            row = (await connection.execute(_WORKFLOW.where(mine))).first()
            if row is None:
                return None
            await _require_project(connection, owner, row.project_id)
            if row.trashed_at:
                raise in_trash("workflow")
            values = effect_of(changes, _build(Workflow, row), draft.created_at)
            if row.graph != bytes(draft.graph):
                if base_version != row.version:
                    raise stale(row.version)
                values |= {"version": row.version + 1, "updated_at": draft.created_at}
                await _add_version(connection, workflow_id, row.version + 1, draft)
            if values:
                await connection.execute(update(workflows).where(workflows.c.id == workflow_id).values(values))
                await _touch(connection, row.project_id, draft.created_at)
            return await _workflow(connection, owner, workflow_id)

    async def find(self, owner: str, workflow_id: str, number: int | None = None) -> Version | None:
        """Return a version, without a number the newest (VersionRepo.find)."""
        query = (
            select(*_VERSION, versions.c.number.label("version"), blobs.c.body.label("graph"))
            .join(workflows)
            .join(blobs)
            .where(workflows.c.owner_id == owner, workflows.c.id == workflow_id)
            .where(versions.c.number == (workflows.c.version if number is None else number))
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return _build(Version, row) if row else None

    async def page(self, owner: str, workflow_id: str, *, cursor: str | None, limit: int) -> Page[VersionSummary]:
        """Return versions, the newest first (VersionRepo.page)."""
        query = select(*_VERSION, versions.c.number.label("version")).join(workflows)
        query = query.where(workflows.c.owner_id == owner, workflows.c.id == workflow_id)
        if (before := version_before(cursor)) is not None:
            query = query.where(versions.c.number < before)
        async with self._database.read() as connection:
            rows = (await connection.execute(query.order_by(versions.c.number.desc()).limit(limit + 1))).all()
        return version_page([_build(VersionSummary, row) for row in rows], limit)


class SqlTrash:
    """What was thrown away."""

    def __init__(self, database: Database) -> None:
        """Look into `database`."""
        self._database = database

    async def page(self, owner: str, *, cursor: str | None, limit: int) -> Page[TrashItem]:
        """Return projects, and workflows thrown away by themselves (TrashRepo.page)."""
        of_projects = select(
            projects.c.id, literal("project").label("kind"), projects.c.name, null().label("project_id"), projects.c.trashed_at
        ).where(projects.c.owner_id == owner, projects.c.trashed_at.is_not(None))
        of_workflows = (
            select(workflows.c.id, literal("workflow"), workflows.c.name, workflows.c.project_id, workflows.c.trashed_at)
            .join(projects)
            .where(workflows.c.owner_id == owner, workflows.c.trashed_at.is_not(None), projects.c.trashed_at.is_(None))
        )
        both = union_all(of_projects, of_workflows).subquery()
        query = newest_first(select(both), both.c.trashed_at, both.c.id, cursor=cursor, limit=limit)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return page_of(rows, limit, partial(_build, TrashItem), lambda item: (item.trashed_at, item.id))

    async def purge(self, owner: str, id: str) -> bool:
        """Delete something in the trash (TrashRepo.purge)."""
        async with self._database.write() as connection:
            gone = 0
            for table in (projects, workflows):
                which = (table.c.owner_id == owner) & (table.c.id == id) & table.c.trashed_at.is_not(None)
                gone += (await connection.execute(delete(table).where(which))).rowcount
            if gone:
                await sweep_blobs(connection)
        return gone == 1


async def _project(connection: AsyncConnection, owner: str, id: str) -> Project | None:
    row = (await connection.execute(select(*_PROJECT).where(projects.c.owner_id == owner, projects.c.id == id))).first()
    return _build(Project, row) if row else None


async def _workflow(connection: AsyncConnection, owner: str, id: str) -> Workflow | None:
    row = (await connection.execute(_WORKFLOW.where(workflows.c.owner_id == owner, workflows.c.id == id))).first()
    return _build(Workflow, row) if row else None


async def _require_project(connection: AsyncConnection, owner: str, id: str) -> None:
    project = await _project(connection, owner, id)
    if project is None or project.trashed_at:
        raise in_trash("project")


async def _add_workflow(connection: AsyncConnection, owner: str, workflow: NewWorkflow) -> None:
    at = workflow.drafts[-1].created_at
    await connection.execute(
        insert(workflows).values(
            id=workflow.id,
            owner_id=owner,
            project_id=workflow.project_id,
            name=workflow.name,
            description=workflow.description,
            version=len(workflow.drafts),
            created_at=at,
            updated_at=at,
        )
    )
    for number, draft in enumerate(workflow.drafts, start=1):
        await _add_version(connection, workflow.id, number, draft)


async def _add_version(connection: AsyncConnection, workflow_id: str, number: int, draft: Draft) -> None:
    digest = await keep_blob(connection, bytes(draft.graph))
    row = {"author": draft.author, "note": draft.note, "node_count": draft.node_count, "created_at": draft.created_at}
    await connection.execute(insert(versions).values(workflow_id=workflow_id, number=number, digest=digest, **row))


async def _touch(connection: AsyncConnection, project_id: str, at: datetime) -> None:
    await connection.execute(update(projects).where(projects.c.id == project_id).values(updated_at=at))


def _trashed(column: ColumnElement[Any], *, trash: bool) -> ColumnElement[bool]:
    return column.is_not(None) if trash else column.is_(None)


def _build(struct: type[Any], row: Any) -> Any:
    values = {name: getattr(row, name) for name in struct.__struct_fields__}
    return struct(**values | ({"graph": msgspec.Raw(values["graph"])} if "graph" in values else {}))
