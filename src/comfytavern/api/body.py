"""Request bodies: how large they may be, and strict JSON."""

import json
from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from comfytavern.api import problems
from comfytavern.graph.document import BYTES_MAX
from comfytavern.kernel.errors import TooLarge

ENVELOPE_BYTES: Final = 64 * 1024
"""What a request may hold besides a graph of the largest size."""
BODY_BYTES_MAX: Final = BYTES_MAX + ENVELOPE_BYTES
UPLOAD: Final = ("PUT", "/api/files/content")
"""The one body that is not read into memory; the files room limits it."""


class BodyLimit:
    """ASGI middleware: reads the body (which every route but the upload needs whole) and refuses it beyond its limit.

    Who is not logged in may send little; others a graph of the largest size.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its body read."""
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD", "OPTIONS"} or (scope["method"], scope["path"]) == UPLOAD:
            await self._app(scope, receive, send)
            return
        limit = BODY_BYTES_MAX if "visitor" in scope["state"] else ENVELOPE_BYTES
        try:
            body = await _read(scope, receive, limit)
        except ClientDisconnect:
            return  # Half a request, or none: nothing that was meant.
        if body is None:
            failure = TooLarge("api.body", "The request body is too large.", maximum_bytes=limit)
            refusal = problems.reply(failure, request_id=scope["state"]["request_id"], headers={"Connection": "close"})
            await refusal(scope, receive, send)
            return
        given = False

        async def receive_again() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, receive_again, send)


async def _read(scope: Scope, receive: Receive, limit: int) -> bytes | None:
    """Return the body, or None when it is too large. Raises `ClientDisconnect` when it ends before its end."""
    announced = dict(scope["headers"]).get(b"content-length", b"0")
    if announced.isdigit() and int(announced) > limit:
        return None
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            return None
        if not message.get("more_body"):
            return b"".join(parts)


class JsonRoute(APIRoute):
    """A route whose body is read by msgspec: faster than the standard library, and it refuses NaN and halves of surrogate pairs."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, given our kind of request."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await handler(_JsonRequest(request.scope, request.receive))

        return handle


class _JsonRequest(Request):
    async def json(self) -> Any:
        try:
            return msgspec.json.decode(await self.body())
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise json.JSONDecodeError(str(error), "", 0) from error
