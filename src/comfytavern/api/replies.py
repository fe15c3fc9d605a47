"""Answers that are already values: encoded by msgspec, past pydantic."""

from typing import Any

import msgspec
from starlette.responses import Response


def json_reply(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return `value` (structs, dataclasses, plain data) as JSON."""
    return Response(msgspec.json.encode(value), status, headers, "application/json")


def attachment(value: Any, filename: str) -> Response:
    """Return `value` as JSON that a browser saves under `filename` (our own ids only: never a name a person chose)."""
    return json_reply(value, headers={"Content-Disposition": f'attachment; filename="{filename}"'})


async def download(library: Any, uri: str, owner: str) -> Response:
    """Return the bytes of a file."""
    raise NotImplementedError
