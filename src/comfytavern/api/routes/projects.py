"""Projects: shelves of workflows."""

from typing import Annotated, Any

from fastapi import APIRouter, Body

from comfytavern.api.auth import Me
from comfytavern.api.body import JsonRoute
from comfytavern.api.replies import attachment
from comfytavern.api.routes.paging import Cursor, Limit
from comfytavern.api.schemas.common import Json
from comfytavern.api.schemas.projects import NewProject, Project, ProjectChange, ProjectPage
from comfytavern.api.services import Doors
from comfytavern.kernel.paging import LIMIT_DEFAULT

router = APIRouter(route_class=JsonRoute, prefix="/api/projects", tags=["projects"])


@router.get("", response_model=ProjectPage)
async def list_projects(doors: Doors, me: Me, *, trash: bool = False, cursor: Cursor = None, limit: Limit = LIMIT_DEFAULT) -> Any:
    """List one's projects, or those in the trash."""
    return await doors.projects.list_projects(me.id, trash=trash, cursor=cursor, limit=limit)


@router.post("", response_model=Project, status_code=201)
async def create_project(body: NewProject, doors: Doors, me: Me) -> Any:
    """Make a project."""
    return await doors.projects.create_project(me.id, body.name, body.description)


@router.post("/import", response_model=Project, status_code=201)
async def import_project(bundle: Annotated[Json, Body()], doors: Doors, me: Me) -> Any:
    """Make a project from an exported one, with all its workflows."""
    return await doors.projects.import_project(me.id, bundle)


@router.get("/{project_id}", response_model=Project)
async def get_project(project_id: str, doors: Doors, me: Me) -> Any:
    """Return a project."""
    return await doors.projects.project(me.id, project_id)


@router.patch("/{project_id}", response_model=Project)
async def change_project(project_id: str, body: ProjectChange, doors: Doors, me: Me) -> Any:
    """Rename or describe a project."""
    return await doors.projects.change_project(me.id, project_id, **body.model_dump(exclude_none=True))


@router.delete("/{project_id}", status_code=204)
async def trash_project(project_id: str, doors: Doors, me: Me) -> None:
    """Move a project to the trash."""
    await doors.projects.trash_project(me.id, project_id)


@router.post("/{project_id}/restore", response_model=Project)
async def restore_project(project_id: str, doors: Doors, me: Me) -> Any:
    """Take a project out of the trash."""
    return await doors.projects.restore_project(me.id, project_id)


@router.get("/{project_id}/export", response_model=Json)
async def export_project(project_id: str, doors: Doors, me: Me) -> Any:
    """Return the project with its workflows as one JSON document to keep."""
    bundle = await doors.projects.export_project(me.id, project_id)
    return attachment(bundle, f"{project_id}.comfytavern.json")
