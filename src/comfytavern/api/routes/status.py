"""The status page: this server, its last hour, what was deployed. For the owner alone, and read-only."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from comfytavern.accounts.service import require_owner
from comfytavern.api.auth import Me
from comfytavern.api.body import JsonRoute
from comfytavern.api.operations import Operations
from comfytavern.api.schemas.status import Deployed, History, Status
from comfytavern.api.services import Doors
from comfytavern.kernel.errors import Unavailable

router = APIRouter(route_class=JsonRoute, prefix="/api/status", tags=["status"])


def operations(doors: Doors, me: Me) -> Operations:
    """Return the door, to the owner."""
    require_owner(me)
    if doors.operations is None:
        raise Unavailable("api.no_status", "This server does not watch itself.", hint="Start it with: comfytavern serve")
    return doors.operations


Door = Annotated[Operations, Depends(operations)]


@router.get("", response_model=Status)
async def get_status(door: Door) -> Any:
    """Return what this server is, does and has (owner only)."""
    return await door.now()


@router.get("/history", response_model=History)
async def get_history(door: Door) -> Any:
    """Return the last hour of this process (owner only)."""
    return door.history()


@router.get("/releases", response_model=Deployed)
async def get_releases(door: Door) -> Any:
    """Return the slots, releases and ledger of this host, when it was deployed by `comfytavern deploy` (owner only)."""
    return await door.deployed()
