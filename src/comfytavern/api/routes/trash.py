"""What was thrown away and can still be restored."""

from typing import Any

from fastapi import APIRouter

from comfytavern.api.auth import Me
from comfytavern.api.body import JsonRoute
from comfytavern.api.routes.paging import Cursor, Limit
from comfytavern.api.schemas.projects import TrashPage
from comfytavern.api.services import Doors
from comfytavern.kernel.paging import LIMIT_DEFAULT

router = APIRouter(route_class=JsonRoute, prefix="/api/trash", tags=["trash"])


@router.get("", response_model=TrashPage)
async def list_trash(doors: Doors, me: Me, cursor: Cursor = None, limit: Limit = LIMIT_DEFAULT) -> Any:
    """List projects and workflows in the trash, the latest first."""
    return await doors.projects.trash(me.id, cursor=cursor, limit=limit)


@router.delete("/{item_id}", status_code=204)
async def purge(item_id: str, doors: Doors, me: Me) -> None:
    """Delete a project or workflow in the trash for good."""
    await doors.projects.purge(me.id, item_id)
