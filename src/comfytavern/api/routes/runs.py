"""Runs: start, look at, answer, cancel. Live events: events.py of this folder."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from comfytavern.api.about import note
from comfytavern.api.auth import Me
from comfytavern.api.body import JsonRoute
from comfytavern.api.events import event_stream
from comfytavern.api.replies import json_reply
from comfytavern.api.routes.paging import Cursor, Limit
from comfytavern.api.schemas.runs import (
    AnswerRequest,
    CancelRequest,
    NodeDetail,
    Queue,
    Run,
    RunEvents,
    RunPage,
    RunRequest,
    RunStarted,
    State,
    UnknownRequest,
)
from comfytavern.api.services import Doors, unless_stopping
from comfytavern.kernel.paging import LIMIT_DEFAULT

EVENT_STREAM: dict[str, Any] = {"text/event-stream": {"schema": {"type": "string"}}}

router = APIRouter(route_class=JsonRoute, prefix="/api", tags=["runs"])


@router.post(
    "/runs",
    response_model=RunStarted,
    status_code=202,
    responses={
        200: {
            "model": Run,
            "description": "The whole run (`wait=true`), or its events as they happen (`Accept: text/event-stream`).",
            "content": EVENT_STREAM,
        }
    },
)
async def start_run(body: RunRequest, request: Request, doors: Doors, me: Me, *, wait: bool = False) -> Response:
    """Start a run: returns its id at once, the whole run when it is finished, or its events as they happen."""
    started = await doors.runs.start(me.id, body.subject(), source=body.source or "http")
    note(run_id=started.id)
    if _wants_stream(request):
        return await event_stream(doors, me.id, started.id, 0, resumable=False)
    if wait:
        doors.drain.lasts(request.scope)
        return json_reply(await unless_stopping(doors, doors.runs.wait(me.id, started.id)))
    return json_reply({"id": started.id, "state": started.state, "position": started.position}, 202)


@router.get("/runs", response_model=RunPage)
async def list_runs(
    doors: Doors,
    me: Me,
    workflow_id: str | None = None,
    project_id: str | None = None,
    state: State | None = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Any:
    """List one's runs, the latest first."""
    return await doors.runs.history(me.id, workflow_id=workflow_id, project_id=project_id, state=state, cursor=cursor, limit=limit)


@router.get("/runs/{run_id}", response_model=Run)
async def get_run(run_id: str, doors: Doors, me: Me) -> Response:
    """Return a run as it is now; events after its `seq` continue it."""
    return json_reply(await doors.runs.get(me.id, run_id))


@router.get("/runs/{run_id}/events", response_model=RunEvents, responses={200: {"content": EVENT_STREAM}})
async def list_events(run_id: str, request: Request, doors: Doors, me: Me, after: Annotated[int, Query(ge=0, le=2**53)] = 0) -> Response:
    """Return events after a sequence number; with `Accept: text/event-stream`, go on with those to come."""
    if _wants_stream(request):
        return await event_stream(doors, me.id, run_id, _last_event_id(request, after))
    events, ended = await doors.runs.events(me.id, run_id, after)
    return json_reply({"events": events, "ended": ended})


@router.get("/runs/{run_id}/nodes/{path:path}", response_model=NodeDetail)
async def get_node(run_id: str, path: str, doors: Doors, me: Me) -> Response:
    """Return the inputs and outputs of one node of a run, in full."""
    return json_reply(await doors.runs.node(me.id, run_id, path))


@router.post("/runs/{run_id}/cancel", status_code=204)
async def cancel_run(run_id: str, doors: Doors, me: Me, body: CancelRequest | None = None) -> None:
    """Stop a run, or one node of it."""
    await doors.runs.cancel(me.id, run_id, body.path if body else None)


@router.post("/runs/{run_id}/answers", status_code=204)
async def answer_run(run_id: str, body: AnswerRequest, doors: Doors, me: Me) -> None:
    """Answer a question a run has asked; the second answer is refused with 409 `run.answered`."""
    await doors.runs.answer(me.id, run_id, body.token, body.value)


@router.post("/runs/{run_id}/unknown", status_code=204)
async def resolve_unknown(run_id: str, body: UnknownRequest, doors: Doors, me: Me) -> None:
    """Say what to do about an effect whose outcome a crash has hidden."""
    await doors.runs.resolve_unknown(me.id, run_id, body.path, body.action, body.value)


@router.delete("/runs/{run_id}", status_code=204)
async def delete_run(run_id: str, doors: Doors, me: Me) -> None:
    """Remove a finished run from the history."""
    await doors.runs.delete(me.id, run_id)


@router.get("/queue", response_model=Queue)
async def get_queue(doors: Doors, me: Me) -> Any:
    """Return one's own runs that run or wait for their turn."""
    return await doors.runs.queue(me.id)


def _wants_stream(request: Request) -> bool:
    return "text/event-stream" in request.headers.get("accept", "")


def _last_event_id(request: Request, after: int) -> int:
    """Return where a reconnecting EventSource stopped, else what the query says."""
    last = request.headers.get("last-event-id", "")
    return int(last) if last.isascii() and last.isdigit() and len(last) < 17 else after
