"""The outermost layer: a request id, the security headers, and one answer for bugs."""

import contextlib
import logging
import secrets
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from comfytavern.api import problems

log = logging.getLogger(__name__)

CSP: Final = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
    "worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; frame-src 'self'; frame-ancestors 'self'; object-src 'none'; "
    "base-uri 'self'; form-action 'self'"
)
HEADERS: Final = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), payment=(), usb=()",
}


@dataclass(slots=True)
class _Answer:
    started: bool = False
    finished: bool = False


class Edge:
    """ASGI middleware around everything."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; an exception that nobody expected becomes a coded 500 and a traceback in the log."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        answer = _Answer()

        async def send_with_headers(message: Message) -> None:
            if message["type"] in {"http.response.start", "websocket.http.response.start"}:
                answer.started = True
                _add_headers(message, scope, request_id)
            elif message["type"] == "http.response.body" and not message.get("more_body"):
                answer.finished = True
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            log.info("the client left in mid-request (request %s)", request_id)
        except Exception:
            about = {"request_id": request_id, "method": scope.get("method"), "path": scope["path"]}
            log.exception("unexpected error (request %s)", request_id, extra=about)
            if scope["type"] == "websocket":
                with contextlib.suppress(Exception):
                    await send({"type": "websocket.close", "code": 1011, "reason": "api.unexpected"})
            elif answer.started and not answer.finished:
                raise  # The client must see that the answer is not whole: the server closes the connection.
            elif not answer.started:
                await problems.unexpected(request_id)(scope, receive, send_with_headers)


def _add_headers(message: MutableMapping[str, Any], scope: Scope, request_id: str) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    headers["X-Request-Id"] = request_id
    if scope["path"].startswith("/api"):
        headers.setdefault("Cache-Control", "no-store")
