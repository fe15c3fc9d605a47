"""Workflows and their versions."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query
from starlette.responses import Response

from comfytavern.api.auth import Me
from comfytavern.api.body import JsonRoute
from comfytavern.api.replies import attachment, json_reply
from comfytavern.api.routes.paging import Cursor, Limit
from comfytavern.api.schemas.common import Json
from comfytavern.api.schemas.projects import (
    Diff,
    NewWorkflow,
    Version,
    VersionPage,
    VersionRestore,
    Workflow,
    WorkflowChange,
    WorkflowCopy,
    WorkflowPage,
    WorkflowSave,
)
from comfytavern.api.services import Doors
from comfytavern.kernel.paging import LIMIT_DEFAULT

VersionNumber = Annotated[int, Query(ge=1, le=2**31 - 1)]
VersionPath = Annotated[int, Path(ge=1, le=2**31 - 1)]

router = APIRouter(route_class=JsonRoute, prefix="/api", tags=["workflows"])


@router.get("/projects/{project_id}/workflows", response_model=WorkflowPage)
async def list_workflows(
    project_id: str, doors: Doors, me: Me, *, trash: bool = False, cursor: Cursor = None, limit: Limit = LIMIT_DEFAULT
) -> Any:
    """List the workflows of a project, without their graphs."""
    return await doors.projects.list_workflows(me.id, project_id, trash=trash, cursor=cursor, limit=limit)


@router.post("/projects/{project_id}/workflows", response_model=Workflow, status_code=201)
async def create_workflow(project_id: str, body: NewWorkflow, doors: Doors, me: Me) -> Response:
    """Make a workflow, empty or with a graph."""
    return json_reply(await doors.projects.create_workflow(me.id, project_id, body.name, body.description, body.graph), 201)


@router.post("/projects/{project_id}/workflows/import", response_model=Workflow, status_code=201)
async def import_workflow(project_id: str, bundle: Annotated[Json, Body()], doors: Doors, me: Me) -> Response:
    """Make a workflow from an exported one."""
    return json_reply(await doors.projects.import_workflow(me.id, project_id, bundle), 201)


@router.get("/workflows/{workflow_id}", response_model=Workflow)
async def get_workflow(workflow_id: str, doors: Doors, me: Me) -> Response:
    """Return a workflow with the graph of its newest version."""
    return json_reply(await doors.projects.workflow(me.id, workflow_id))


@router.put("/workflows/{workflow_id}", response_model=Workflow)
async def save_workflow(workflow_id: str, body: WorkflowSave, doors: Doors, me: Me) -> Response:
    """Save a version. A graph with problems may be saved; it cannot run."""
    saved = await doors.projects.save_workflow(
        me.id, workflow_id, body.graph, body.base_version, name=body.name, description=body.description, note=body.note
    )
    return json_reply(saved)


@router.patch("/workflows/{workflow_id}", response_model=Workflow)
async def change_workflow(workflow_id: str, body: WorkflowChange, doors: Doors, me: Me) -> Response:
    """Rename or describe a workflow."""
    return json_reply(await doors.projects.change_workflow(me.id, workflow_id, **body.model_dump(exclude_none=True)))


@router.delete("/workflows/{workflow_id}", status_code=204)
async def trash_workflow(workflow_id: str, doors: Doors, me: Me) -> None:
    """Move a workflow to the trash."""
    await doors.projects.trash_workflow(me.id, workflow_id)


@router.post("/workflows/{workflow_id}/restore", response_model=Workflow)
async def restore_workflow(workflow_id: str, doors: Doors, me: Me) -> Response:
    """Take a workflow out of the trash."""
    return json_reply(await doors.projects.restore_workflow(me.id, workflow_id))


@router.post("/workflows/{workflow_id}/copy", response_model=Workflow, status_code=201)
async def copy_workflow(workflow_id: str, body: WorkflowCopy, doors: Doors, me: Me) -> Response:
    """Save as: make a new workflow from this one and leave it alone."""
    copied = await doors.projects.copy_workflow(me.id, workflow_id, body.name, project_id=body.project_id, graph=body.graph)
    return json_reply(copied, 201)


@router.get("/workflows/{workflow_id}/versions", response_model=VersionPage)
async def list_versions(workflow_id: str, doors: Doors, me: Me, cursor: Cursor = None, limit: Limit = LIMIT_DEFAULT) -> Any:
    """List the versions of a workflow, the newest first."""
    return await doors.projects.versions(me.id, workflow_id, cursor=cursor, limit=limit)


@router.get("/workflows/{workflow_id}/versions/{number}", response_model=Version)
async def get_version(workflow_id: str, number: VersionPath, doors: Doors, me: Me) -> Response:
    """Return one version with its graph."""
    return json_reply(await doors.projects.version(me.id, workflow_id, number))


@router.post("/workflows/{workflow_id}/versions/{number}/restore", response_model=Workflow)
async def restore_version(workflow_id: str, number: VersionPath, body: VersionRestore, doors: Doors, me: Me) -> Response:
    """Make an old version the newest one, as a new version."""
    return json_reply(await doors.projects.restore_version(me.id, workflow_id, number, body.base_version))


@router.get("/workflows/{workflow_id}/diff", response_model=Diff)
async def diff_versions(
    workflow_id: str,
    doors: Doors,
    me: Me,
    old: Annotated[VersionNumber, Query(alias="from")],
    new: Annotated[VersionNumber, Query(alias="to")],
) -> Any:
    """Compare two versions part by part."""
    return await doors.projects.diff(me.id, workflow_id, old, new)


@router.get("/workflows/{workflow_id}/export", response_model=Json)
async def export_workflow(workflow_id: str, doors: Doors, me: Me) -> Response:
    """Return the workflow as one JSON document to keep."""
    return attachment(await doors.projects.export_workflow(me.id, workflow_id), f"{workflow_id}.comfytavern.json")
