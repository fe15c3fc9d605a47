"""Request bodies: how large they may be, strict JSON, and no text that a database cannot keep."""

import json
from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from comfytavern.api import problems
from comfytavern.graph.document import BYTES_MAX
from comfytavern.kernel.errors import Invalid, TooLarge

ENVELOPE_BYTES: Final = 64 * 1024
"""What a request may hold besides a graph of the largest size."""
BODY_BYTES_MAX: Final = BYTES_MAX + ENVELOPE_BYTES
UPLOAD: Final = ("PUT", "/api/files/content")
"""The one body that is not read into memory; the files room limits it."""
NUL_ESCAPED: Final = b"\\u0000"
"""The only way to write U+0000 in JSON."""


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


def refuse_nul(text: bytes, value: Any) -> None:
    """Raise `Invalid` (`api.nul`) when JSON `text`, which was read as `value`, has the character U+0000 in a name or a text.

    No text can hold it in PostgreSQL; it is refused whatever the database, so that work can move from one to the other.
    """
    if NUL_ESCAPED in text and _has_nul(value):  # Nearly no text has the six letters, so nearly no value is walked through.
        raise _nul()


class JsonRoute(APIRoute):
    """A route whose body is read by msgspec: faster than the standard library, and it refuses NaN and halves of surrogate pairs."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, given our kind of request."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            if "\0" in request.url.path or any("\0" in name or "\0" in value for name, value in request.query_params.multi_items()):
                raise _nul()
            ours = _JsonRequest(request.scope, request.receive)
            try:
                return await handler(ours)
            except (HTTPException, RequestValidationError):
                if ours.refusal is not None:
                    raise ours.refusal from None
                raise

        return handle


class _JsonRequest(Request):
    refusal: Invalid | None = None
    """Why the body was refused, where the framework would word it in its own way."""

    async def json(self) -> Any:
        body = await self.body()
        try:
            value = msgspec.json.decode(body)
            refuse_nul(body, value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise json.JSONDecodeError(str(error), "", 0) from error
        except Invalid as refusal:
            self.refusal = refusal
            raise
        return value


def _has_nul(value: Any) -> bool:
    left = [value]
    while left:
        match left.pop():
            case str() as text if "\0" in text:
                return True
            case dict() as members:
                left.extend(members.keys())
                left.extend(members.values())
            case list() as items:
                left.extend(items)
            case _:
                pass
    return False


def _nul() -> Invalid:
    return Invalid("api.nul", "A text has the character U+0000 (NUL) in it, which cannot be kept.", hint="Take it out of the text.")
