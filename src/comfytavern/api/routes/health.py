"""Whether the process lives and can serve. Anonymous."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from comfytavern.api.body import JsonRoute
from comfytavern.api.replies import json_reply
from comfytavern.api.schemas.common import Health, Readiness, Release
from comfytavern.api.services import Doors

CHECK_TIMEOUT_S = 5.0

router = APIRouter(route_class=JsonRoute, tags=["health"])


@router.get("/health", response_model=Health)
async def health() -> dict[str, Any]:
    """Answer that the process lives."""
    return {"status": "ok"}


@router.get("/ready", response_model=Readiness, responses={503: {"model": Readiness, "description": "Something it needs does not work."}})
async def ready(doors: Doors) -> Response:
    """Answer whether it can serve, check by check."""
    results = await asyncio.gather(*(_outcome(check) for check in doors.checks.values()))
    checks = dict(zip(doors.checks, results, strict=True))
    good = all(result == "ok" for result in results)
    return json_reply({"status": "ok" if good else "unavailable", "checks": checks}, 200 if good else 503)


@router.get("/version", response_model=Release)
async def version(doors: Doors) -> dict[str, Any]:
    """Answer what is installed."""
    return {"name": "comfytavern", "version": doors.values.version}


async def _outcome(check: Callable[[], Awaitable[None]]) -> str:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            await check()
    except TimeoutError:
        return "timeout"
    except Exception as error:  # noqa: BLE001 -- the answer is that it does not work, whatever the reason
        return type(error).__name__
    return "ok"
