"""The catalogue of kinds, validation of graphs, and the examples."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from comfytavern.api.auth import Me
from comfytavern.api.body import JsonRoute
from comfytavern.api.language import preferred
from comfytavern.api.replies import json_reply
from comfytavern.api.schemas.graphs import Catalogue, Validation, ValidationRequest
from comfytavern.api.schemas.projects import ExampleOpen, ExamplePage, Workflow
from comfytavern.api.services import Doors
from comfytavern.graph import codec
from comfytavern.graph.validate import validate
from comfytavern.kernel.errors import NotFound
from comfytavern.nodes import examples

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
async def validate_graph(body: ValidationRequest, doors: Doors, me: Me) -> Response:
    """Return every problem of a graph at once."""
    graph = await asyncio.to_thread(codec.decode, body.graph)
    library = await doors.projects.library(me.id, graph)
    return json_reply({"problems": await asyncio.to_thread(validate, graph, doors.catalogue, library.resolve)})


@router.get("/examples", response_model=ExamplePage)
async def list_examples() -> Any:
    """List the workflows that can be opened from the start page."""
    return {"items": [_shown(example) for example in examples.load()]}


@router.post("/examples/{example_id}/open", response_model=Workflow, status_code=201)
async def open_example(example_id: str, body: ExampleOpen, request: Request, doors: Doors, me: Me) -> Response:
    """Copy an example into a project, as a workflow of one's own."""
    found = next((example for example in examples.load() if example.id == example_id), None)
    if found is None:
        raise NotFound("api.example", "There is no such example.", id=example_id)
    spoken = (body.language, me.preferences.get("locale"), request.headers.get("accept-language"))
    language = preferred(spoken, ("en", *found.words))
    words = found.words.get(language, {})
    project_id = body.project_id or (await doors.projects.first_project(me.id)).id
    title, description = words.get("title", found.title), words.get("description", found.description)
    graph = examples.graph_in(found, language)
    return json_reply(await doors.projects.create_workflow(me.id, project_id, title, description, graph), 201)


def _shown(example: examples.Example) -> dict[str, Any]:
    """Return what the start page needs of an example."""
    words = {tag: {"title": told.get("title", ""), "description": told.get("description", "")} for tag, told in example.words.items()}
    return {
        "id": example.id,
        "title": example.title,
        "description": example.description,
        "icon": example.icon,
        "nodes": example.nodes,
        "words": words,
    }
