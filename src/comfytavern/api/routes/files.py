"""Files by URI: list, upload, download, move, delete."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from comfytavern.api.auth import Me
from comfytavern.api.body import JsonRoute
from comfytavern.api.replies import download
from comfytavern.api.schemas.files import Entry, EntryPage, MoveRequest, Uri
from comfytavern.api.services import Doors

BINARY: dict[str, Any] = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
UPLOAD: dict[str, Any] = {"requestBody": {"required": True, "content": BINARY}}

UriQuery = Annotated[Uri, Query(description="user://, shared:// or project:// and a path.")]

router = APIRouter(route_class=JsonRoute, prefix="/api/files", tags=["files"])


@router.get("", response_model=EntryPage)
async def list_files(doors: Doors, me: Me, uri: UriQuery = "user://") -> Any:
    """List a folder."""
    return {"items": await doors.library.list(uri, owner=me.id)}


@router.get("/content", response_class=Response, responses={200: {"content": BINARY, "description": "The bytes."}})
async def read_file(uri: UriQuery, request: Request, doors: Doors, me: Me) -> Response:
    """Return the bytes of a file. Types that a browser would run are sent as downloads."""
    doors.drain.lasts(request.scope)
    return await download(doors.library, uri, me.id, start=_start(request))


@router.put("/content", response_model=Entry, status_code=201, openapi_extra=UPLOAD)
async def write_file(uri: UriQuery, request: Request, doors: Doors, me: Me, *, overwrite: bool = False) -> Any:
    """Store the request body as a file; 409 `file.exists` unless `overwrite`."""
    doors.drain.lasts(request.scope)
    return await doors.library.write(uri, request.stream(), owner=me.id, overwrite=overwrite)


@router.delete("", status_code=204)
async def delete_file(uri: UriQuery, doors: Doors, me: Me) -> None:
    """Delete a file, or a folder with all that is in it."""
    await doors.library.delete(uri, owner=me.id)


@router.post("/move", response_model=Entry)
async def move_file(body: MoveRequest, doors: Doors, me: Me) -> Any:
    """Rename or move a file or folder."""
    return await doors.library.move(body.source, body.target, owner=me.id)


def _start(request: Request) -> int:
    """Return where `Range: bytes=N-` wants to begin; any other range is answered with the whole file, as RFC 9110 allows."""
    found = re.fullmatch(r"bytes=(\d{1,15})-", request.headers.get("range", ""))
    return int(found[1]) if found else 0
