"""The door of projects. Every method takes the id of the user on whose behalf it acts; what is somebody else's is not there."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, TypeVar

import msgspec

from comfytavern.graph import codec
from comfytavern.graph.diff import diff as compare
from comfytavern.graph.document import Graph
from comfytavern.kernel.clock import Clock, SystemClock
from comfytavern.kernel.errors import NotFound
from comfytavern.kernel.ids import new_id
from comfytavern.kernel.paging import LIMIT_DEFAULT, Page
from comfytavern.projects import bundle
from comfytavern.projects.drafts import GraphSource, draft_of
from comfytavern.projects.project import (
    Changes,
    NewWorkflow,
    Project,
    TrashItem,
    Version,
    VersionSummary,
    Workflow,
    WorkflowSummary,
    clean_text,
    clean_title,
    moment,
    no_project,
    no_version,
    no_workflow,
)
from comfytavern.projects.references import Library, Reference, references
from comfytavern.projects.repo import ProjectRepo, TrashRepo, VersionRepo, WorkflowRepo

T = TypeVar("T")

FIRST_PROJECT = "My project"
LIBRARY_MAX = 1000
"""How many workflows a graph may use, itself and through each other."""


class Projects:
    """Projects and workflows with versions: every save is one, and none is ever lost."""

    def __init__(
        self, projects: ProjectRepo, workflows: WorkflowRepo, versions: VersionRepo, trash: TrashRepo, *, clock: Clock | None = None
    ) -> None:
        """Keep them in the four repos."""
        self._projects = projects
        self._workflows = workflows
        self._versions = versions
        self._trash = trash
        self._clock = clock or SystemClock()

    # projects

    async def list_projects(
        self, owner: str, *, trash: bool = False, cursor: str | None = None, limit: int = LIMIT_DEFAULT
    ) -> Page[Project]:
        """Return projects, the latest change first."""
        return await self._projects.page(owner, trash=trash, cursor=cursor, limit=limit)

    async def first_project(self, owner: str) -> Project:
        """Return the project that was changed last, and make one when there is none."""
        found = await self._projects.page(owner, trash=False, cursor=None, limit=1)
        return found.items[0] if found.items else await self.create_project(owner, FIRST_PROJECT)

    async def welcome(self, owner: str) -> None:
        """Give a new user a first project."""
        await self.first_project(owner)

    async def create_project(self, owner: str, name: str, description: str = "") -> Project:
        """Make an empty project."""
        return await self._add_project(owner, new_id("prj"), name, description, [])

    async def project(self, owner: str, id: str) -> Project:
        """Return a project, also from the trash. Raises `NotFound` (`project.unknown`), as all that take an id do."""
        return _found(await self._projects.find(owner, id), no_project(id))

    async def change_project(self, owner: str, id: str, *, name: str | None = None, description: str | None = None) -> Project:
        """Rename or describe a project."""
        return await self._change_project(owner, id, _changes(name, description))

    async def trash_project(self, owner: str, id: str) -> None:
        """Move a project to the trash, with all that stands in it."""
        await self._change_project(owner, id, Changes(trashed=True))

    async def restore_project(self, owner: str, id: str) -> Project:
        """Take a project out of the trash; workflows that were thrown away by themselves stay there."""
        return await self._change_project(owner, id, Changes(trashed=False))

    async def export_project(self, owner: str, id: str) -> bundle.ProjectBundle:
        """Return a project with its workflows as one document (bundle.py)."""
        project = await self.project(owner, id)
        found = [workflow async for workflow in self._all_workflows(owner, id)]
        graphs = {workflow.id: codec.decode(bytes(workflow.graph)) for workflow in found}
        used: set[Reference] = set().union(*(references(graph) for graph in graphs.values())) if graphs else set()
        entries = [
            bundle.Entry(
                id=workflow.id,
                name=workflow.name,
                description=workflow.description,
                version=workflow.version,
                graph=workflow.graph,
                earlier={
                    number: (await self.version(owner, id, number)).graph
                    for id, number in sorted(used, key=str)
                    if id == workflow.id and number is not None and 1 <= number < workflow.version
                },
            )
            for workflow in found
        ]
        return bundle.ProjectBundle(name=project.name, description=project.description, workflows=entries)

    async def import_project(self, owner: str, document: dict[str, Any]) -> Project:
        """Make a project of an exported one. Raises `Invalid` (`bundle.invalid`) with every problem; then nothing was written."""
        parcel = await asyncio.to_thread(bundle.read_project, document)
        project_id = new_id("prj")
        workflows = [await self._arrived(owner, project_id, arrival) for arrival in parcel.workflows]
        return await self._add_project(owner, project_id, parcel.name, parcel.description, workflows)

    # workflows

    async def list_workflows(
        self, owner: str, project_id: str, *, trash: bool = False, cursor: str | None = None, limit: int = LIMIT_DEFAULT
    ) -> Page[WorkflowSummary]:
        """Return the workflows of a project, the latest change first."""
        await self.project(owner, project_id)
        return await self._workflows.page(owner, project_id, trash=trash, cursor=cursor, limit=limit)

    async def create_workflow(
        self, owner: str, project_id: str, name: str, description: str = "", graph: GraphSource | None = None
    ) -> Workflow:
        """Make a workflow with its first version. Raises `Invalid` for a malformed graph; one with problems is kept."""
        draft = await draft_of(graph, author=owner, created_at=moment(self._clock.now()))
        return await self._add_workflow(
            owner,
            NewWorkflow(
                id=new_id("wfl"), project_id=project_id, name=clean_title(name), description=clean_text(description), drafts=[draft]
            ),
        )

    async def import_workflow(self, owner: str, project_id: str, document: dict[str, Any]) -> Workflow:
        """Make a workflow of an exported one, or of a bare graph document."""
        arrival = await asyncio.to_thread(bundle.read_workflow, document)
        return await self._add_workflow(owner, await self._arrived(owner, project_id, arrival))

    async def workflow(self, owner: str, id: str) -> Workflow:
        """Return a workflow with its newest graph, also from the trash. Raises `NotFound` (`workflow.unknown`)."""
        return _found(await self._workflows.find(owner, id), no_workflow(id))

    async def save_workflow(
        self,
        owner: str,
        id: str,
        graph: GraphSource,
        base_version: int,
        *,
        name: str | None = None,
        description: str | None = None,
        note: str = "",
    ) -> Workflow:
        """Save a version that was made from `base_version`.

        The same graph as the newest version makes none. Raises `Conflict` (`workflow.conflict`, with `current_version`) when
        somebody saved another one meanwhile: nothing is overwritten.
        """
        changes = _changes(name, description)
        draft = await draft_of(graph, author=owner, created_at=moment(self._clock.now()), note=clean_text(note))
        return _found(await self._versions.save(owner, id, base_version, draft, changes), no_workflow(id))

    async def change_workflow(
        self, owner: str, id: str, *, name: str | None = None, description: str | None = None, base_version: int | None = None
    ) -> Workflow:
        """Rename or describe a workflow; with `base_version` only if it is the newest."""
        changes = msgspec.structs.replace(_changes(name, description), base_version=base_version)
        return await self._change_workflow(owner, id, changes)

    async def trash_workflow(self, owner: str, id: str) -> None:
        """Move a workflow to the trash."""
        await self._change_workflow(owner, id, Changes(trashed=True))

    async def restore_workflow(self, owner: str, id: str) -> Workflow:
        """Take a workflow out of the trash. Raises `Conflict` (`project.trashed`) while its project is there."""
        return await self._change_workflow(owner, id, Changes(trashed=False))

    async def copy_workflow(
        self, owner: str, id: str, name: str, *, project_id: str | None = None, graph: GraphSource | None = None
    ) -> Workflow:
        """Save as: make a new workflow of this one, or of the `graph` given, and leave this one as it is."""
        original = await self.workflow(owner, id)
        source = graph if graph is not None else bytes(original.graph)
        return await self.create_workflow(owner, project_id or original.project_id, name, original.description, source)

    async def export_workflow(self, owner: str, id: str) -> bundle.WorkflowBundle:
        """Return a workflow as one document (bundle.py)."""
        workflow = await self.workflow(owner, id)
        return bundle.WorkflowBundle(name=workflow.name, description=workflow.description, graph=workflow.graph)

    # versions

    async def versions(self, owner: str, id: str, *, cursor: str | None = None, limit: int = LIMIT_DEFAULT) -> Page[VersionSummary]:
        """Return the versions of a workflow, the newest first."""
        await self.workflow(owner, id)
        return await self._versions.page(owner, id, cursor=cursor, limit=limit)

    async def version(self, owner: str, id: str, number: int) -> Version:
        """Return one version with its graph. Raises `NotFound` (`workflow.version_unknown`)."""
        found = await self._versions.find(owner, id, number)
        if found is None:
            await self.workflow(owner, id)
        return _found(found, no_version(id, number))

    async def restore_version(self, owner: str, id: str, number: int, base_version: int) -> Workflow:
        """Make an old version the newest one, as a new version. Raises as `save_workflow` does."""
        old = await self.version(owner, id, number)
        return await self.save_workflow(owner, id, bytes(old.graph), base_version, note=f"v{number}")

    async def diff(self, owner: str, id: str, old: int, new: int) -> dict[str, Any]:
        """Return what was added, removed and changed between two versions (graph/diff.py)."""
        before, after = [codec.decode(bytes((await self.version(owner, id, number)).graph)) for number in (old, new)]
        return compare(before, after)

    # trash

    async def trash(self, owner: str, *, cursor: str | None = None, limit: int = LIMIT_DEFAULT) -> Page[TrashItem]:
        """Return what was thrown away, the latest first."""
        return await self._trash.page(owner, cursor=cursor, limit=limit)

    async def purge(self, owner: str, id: str) -> None:
        """Delete something in the trash for good, with its versions and runs. Raises `NotFound` (`trash.unknown`)."""
        if not await self._trash.purge(owner, id):
            raise NotFound("trash.unknown", "There is no such thing in the trash.", id=id)

    # for runs

    async def library(self, owner: str, graph: Graph, newest: Mapping[str, int] | None = None) -> Library:
        """Load every workflow that `graph` uses, itself and through others.

        `newest` fixes which version a reference without a number means. What does not exist, or is somebody else's, is simply not
        found in the library: compiling says so with its place.
        """
        graphs: dict[Reference, Graph] = {}
        meant = dict(newest or {})
        wanted = references(graph)
        while wanted and len(graphs) < LIBRARY_MAX:
            id, number = reference = wanted.pop()
            found = await self._versions.find(owner, id, meant.get(id) if number is None else number)
            if found is not None:
                meant |= {id: found.version} if number is None else {}
                graphs[reference] = codec.decode(bytes(found.graph))
                wanted |= references(graphs[reference]) - graphs.keys()
        return Library(graphs, meant)

    async def _all_workflows(self, owner: str, project_id: str) -> AsyncIterator[Workflow]:
        cursor: str | None = None
        while True:
            page = await self._workflows.page(owner, project_id, trash=False, cursor=cursor, limit=LIMIT_DEFAULT)
            for summary in page.items:
                yield await self.workflow(owner, summary.id)
            if (cursor := page.next) is None:
                return

    async def _arrived(self, owner: str, project_id: str, arrival: bundle.Arrival) -> NewWorkflow:
        now = moment(self._clock.now())
        drafts = [await draft_of(graph, author=owner, created_at=now) for graph in arrival.graphs]
        return NewWorkflow(id=arrival.id, project_id=project_id, name=arrival.name, description=arrival.description, drafts=drafts)

    async def _add_project(self, owner: str, id: str, name: str, description: str, workflows: list[NewWorkflow]) -> Project:
        now = moment(self._clock.now())
        project = Project(id=id, name=clean_title(name), description=clean_text(description), created_at=now, updated_at=now)
        await self._projects.add(owner, project, workflows)
        return msgspec.structs.replace(project, workflow_count=len(workflows))

    async def _add_workflow(self, owner: str, workflow: NewWorkflow) -> Workflow:
        return _found(await self._workflows.add(owner, workflow), no_project(workflow.project_id))

    async def _change_project(self, owner: str, id: str, changes: Changes) -> Project:
        return _found(await self._projects.change(owner, id, changes, self._clock.now()), no_project(id))

    async def _change_workflow(self, owner: str, id: str, changes: Changes) -> Workflow:
        return _found(await self._workflows.change(owner, id, changes, self._clock.now()), no_workflow(id))


def _changes(name: str | None, description: str | None) -> Changes:
    return Changes(name=None if name is None else clean_title(name), description=None if description is None else clean_text(description))


def _found(value: T | None, missing: NotFound) -> T:
    if value is None:
        raise missing
    return value
