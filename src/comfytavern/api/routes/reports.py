"""Mistakes of the web app, on their way to who wants to know. Anonymous: the page of the login can have mistakes too."""

from typing import Any

from fastapi import APIRouter, Request, Response

from comfytavern.api.schemas.reports import Watching
from comfytavern.api.services import Doors
from comfytavern.kernel.errors import NotFound

router = APIRouter(prefix="/api/watching", tags=["watching"])


@router.get("", response_model=Watching)
async def get_watching(doors: Doors) -> Any:
    """Tell whether anybody wants to know of mistakes of the web app, and what it has to say with them. Anonymous."""
    return Watching(errors=doors.reports.errors if doors.reports else None)


@router.post(
    "/errors",
    status_code=204,
    openapi_extra={"requestBody": {"required": True, "content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def report_errors(request: Request, doors: Doors) -> Response:
    """Take an envelope of Sentry and pass it on, without secrets. Anonymous."""
    if doors.reports is None:
        raise NotFound("api.no_reports", "Nobody wants to know of mistakes here.", hint="Set SENTRY_DSN_WEB.")
    await doors.reports.take(await request.body())
    return Response(status_code=204)
