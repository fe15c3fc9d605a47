"""Answers that are already values: encoded by msgspec, past pydantic."""

from typing import Any, Final
from urllib.parse import quote

import msgspec
from starlette.responses import Response, StreamingResponse

from comfytavern.api import problems
from comfytavern.files.library import Library
from comfytavern.kernel.errors import Invalid

SHOWN: Final = frozenset({"image", "audio", "video"})
"""What a browser may show in its place; an SVG can hold a script, which the policy below stops."""


def json_reply(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return `value` (structs, dataclasses, plain data) as JSON."""
    return Response(msgspec.json.encode(value), status, headers, "application/json")


def attachment(value: Any, filename: str) -> Response:
    """Return `value` as JSON that a browser saves under `filename` (our own ids only: never a name a person chose)."""
    return json_reply(value, headers={"Content-Disposition": f'attachment; filename="{filename}"'})


async def download(library: Library, uri: str, owner: str, *, start: int = 0) -> Response:
    """Return the bytes of a file from `start`, piece by piece. Raises `NotFound` before anything is sent.

    It is never run by a browser: nothing in it may load or do anything (`sandbox`), and pages and scripts are sent to be saved.
    """
    entry, pieces = await library.open(uri, owner=owner, start=start)
    size = entry.size_bytes or 0
    if start and start >= size:
        failure = Invalid("api.range", "The file ends before the part that was asked for.", size_bytes=size)
        return problems.reply(failure, status=416, headers={"Content-Range": f"bytes */{size}"})
    media_type = entry.media_type or "application/octet-stream"
    place = "inline" if media_type.split("/")[0] in SHOWN or media_type == "text/plain" else "attachment"
    headers = {
        "Content-Disposition": f"{place}; filename*=UTF-8''{quote(entry.name)}",
        "Content-Length": str(size - start),
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
    }
    if start:
        headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
    return StreamingResponse(pieces, 206 if start else 200, headers, media_type)
