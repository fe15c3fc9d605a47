"""Whether the process lives and can serve. Anonymous."""

import secrets
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from comfytavern.api.body import JsonRoute
from comfytavern.api.metrics import MEDIA_TYPE
from comfytavern.api.readiness import look
from comfytavern.api.replies import json_reply
from comfytavern.api.schemas.common import Health, Readiness, Release
from comfytavern.api.services import Doors
from comfytavern.kernel.errors import Denied

router = APIRouter(route_class=JsonRoute, tags=["health"])


@router.get("/health", response_model=Health)
async def health() -> dict[str, Any]:
    """Answer that the process lives."""
    return {"status": "ok"}


@router.get("/ready", response_model=Readiness, responses={503: {"model": Readiness, "description": "Send nobody here."}})
async def ready(doors: Doors) -> Response:
    """Answer whether people may be sent here, check by check, and who is here."""
    drain = doors.drain
    status, checks = await look(doors.checks, drain)
    still = {"requests": drain.requests, "streams": drain.streams, "sockets": drain.sockets, "runs": doors.runs.open_count}
    return json_reply({"status": status, "checks": checks, "open": still}, 200 if status == "ready" else 503)


@router.get("/version", response_model=Release)
async def version(doors: Doors) -> dict[str, Any]:
    """Answer what runs here, since when, and which databases it can use."""
    values = doors.values
    contracted = await doors.contracted() if doors.contracted else None
    return {
        "name": "comfytavern",
        "version": values.version,
        "release": values.release or values.version,
        "slot": values.slot,
        "schema": {"level": values.schema_level, "contracted": contracted},
        "started_at": values.started_at,
    }


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}})
async def metrics(request: Request, doors: Doors) -> Response:
    """Return what this process has counted, in Prometheus' text form. For programs on this machine, others need METRICS_TOKEN."""
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    expected = doors.values.metrics_token
    if not request.state.local and (expected is None or not secrets.compare_digest(token.encode(), expected.reveal().encode())):
        raise Denied("api.metrics", "The metrics are for this machine only.", hint="Ask from there, or set METRICS_TOKEN and show it.")
    return Response(doors.metrics.text(), media_type=MEDIA_TYPE)
