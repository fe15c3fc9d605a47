"""The catalogue of kinds, validation of graphs, and the examples."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from comfytavern.api.auth import Me
from comfytavern.api.body import JsonRoute
from comfytavern.api.replies import json_reply
from comfytavern.api.schemas.graphs import Catalogue, Validation, ValidationRequest
from comfytavern.api.schemas.projects import ExampleOpen, ExamplePage, Workflow
from comfytavern.api.services import Doors

router = APIRouter(route_class=JsonRoute, prefix="/api", tags=["graphs"])


@router.get("/kinds", response_model=Catalogue, responses={304: {"description": "Nothing changed since the ETag given."}})
async def list_kinds(request: Request, doors: Doors) -> Response:
    """Return every kind of node. Sends an ETag, and 304 when the client has this state already."""
    etag = f'"{doors.catalogue.digest}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return json_reply({"kinds": doors.catalogue.kinds(), "digest": doors.catalogue.digest}, headers=headers)


@router.post("/graphs/validate", response_model=Validation)
async def validate_graph(body: ValidationRequest, doors: Doors) -> Response:
    """Return every problem of a graph at once."""
    return json_reply({"problems": doors.projects.problems(body.graph)})


@router.get("/examples", response_model=ExamplePage)
async def list_examples(doors: Doors) -> Any:
    """List the workflows that can be opened from the start page."""
    return {"items": doors.examples.items()}


@router.post("/examples/{example_id}/open", response_model=Workflow, status_code=201)
async def open_example(example_id: str, body: ExampleOpen, doors: Doors, me: Me) -> Response:
    """Copy an example into a project, as a workflow of one's own."""
    return json_reply(await doors.projects.open_example(me.id, example_id, body.project_id), 201)
