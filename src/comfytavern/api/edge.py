"""The outermost layer: a request id, our headers, one answer for bugs; and everything that is counted and told of a request."""

import contextlib
import logging
import re
import secrets
import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from comfytavern.api import problems
from comfytavern.api.about import ABOUT, note
from comfytavern.api.drain import LASTING, PROBES, Drain
from comfytavern.api.metrics import Metrics
from comfytavern.api.tracing import TRACED, Traced, Tracer

log = logging.getLogger(__name__)
requests = logging.getLogger("comfytavern.request")

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
SANE_ID: Final = re.compile(rb"[0-9A-Za-z._-]{8,64}")
"""What a proxy or client may call a request; anything else would let it write into our log."""
SWITCHING: Final = 101
HANDSHAKE: Final = "GET"
"""By which a WebSocket is asked for (RFC 6455)."""
GONE: Final = 499
"""In log and metrics: the client left before it had its answer."""


@dataclass(slots=True)
class _Answer:
    status: int = 0
    finished: bool = False
    code: int = 0
    """What a socket was closed with."""
    abrupt: bool = False
    traced: Traced | None = None


class Edge:
    """ASGI middleware around everything."""

    def __init__(self, app: ASGIApp, drain: Drain, metrics: Metrics, *, release: str = "", tracer: Tracer | None = None) -> None:
        """Wrap `app`, whose answers say that they come from `release`."""
        self._app, self._drain, self._metrics, self._tracer = app, drain, metrics, tracer
        self._headers = HEADERS | ({"X-Comfytavern-Release": release} if release else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; an exception that nobody expected becomes a coded 500 and a traceback in the log."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        began, answer = time.perf_counter(), _Answer()
        request_id = scope.setdefault("state", {})["request_id"] = _request_id(scope)
        ABOUT.set({"request_id": request_id})
        if self._tracer is not None:
            answer.traced = scope["state"][TRACED] = self._tracer.begin(scope)
        self._drain.arrived(scope)
        try:
            await self._serve(scope, _listening(receive, answer), self._sending(scope, send, answer), answer)
        finally:
            self._drain.left(scope)
            self._tell(scope, answer, time.perf_counter() - began)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, answer: _Answer) -> None:
        request_id = scope["state"]["request_id"]
        try:
            await self._app(scope, receive, send)
        except ClientDisconnect:
            answer.status = answer.status or GONE
        except Exception:
            self._metrics.exceptions.inc()
            log.exception("unexpected error (request %s)", request_id, extra={"method": scope.get("method"), "path": scope["path"]})
            if scope["type"] == "websocket":
                with contextlib.suppress(Exception):
                    await send({"type": "websocket.close", "code": 1011, "reason": "api.unexpected"})
            elif answer.status and not answer.finished:
                raise  # The client must see that the answer is not whole: the server closes the connection.
            elif not answer.status:
                await problems.unexpected(request_id)(scope, receive, send)

    def _sending(self, scope: Scope, send: Send, answer: _Answer) -> Send:
        async def send_with_headers(message: Message) -> None:
            kind = message["type"]
            if kind in {"http.response.start", "websocket.http.response.start"}:
                answer.status = message["status"]
                self._add_headers(message, scope)
            elif kind == "websocket.accept":
                answer.status = SWITCHING
                self._add_headers(message, scope)
                if answer.traced is not None:
                    answer.traced.over(HANDSHAKE, _route(scope), SWITCHING)
            elif kind == "http.response.body":
                answer.finished = not message.get("more_body")
            elif kind == "websocket.close":
                answer.code = answer.code or message.get("code", 1000)
            await send(message)

        return send_with_headers

    def _add_headers(self, message: MutableMapping[str, Any], scope: Scope) -> None:
        headers = MutableHeaders(scope=message)
        for name, value in self._headers.items():
            headers.setdefault(name, value)
        headers["X-Request-Id"] = scope["state"]["request_id"]
        if scope["path"].startswith("/api"):
            headers.setdefault("Cache-Control", "no-store")
        if self._drain.active and scope["type"] == "http":
            headers["Connection"] = "close"

    def _tell(self, scope: Scope, answer: _Answer, seconds: float) -> None:
        method, route, lasting = scope.get("method", "WS"), _route(scope), scope["state"].get(LASTING, False)
        status = answer.status or GONE
        probe = scope["path"] in PROBES
        if scope["type"] == "http" and not probe:
            self._metrics.answered(method, route, status, None if lasting else seconds)
            if answer.traced is not None:
                answer.traced.over(method, route, status)
        elif status == SWITCHING:
            self._metrics.closed(answer.code or 1006, abrupt=answer.abrupt or not answer.code)
        elif answer.traced is not None:
            answer.traced.over(HANDSHAKE, route, status)
        level = logging.DEBUG if probe else logging.INFO
        if requests.isEnabledFor(level):
            facts: dict[str, Any] = {"method": method, "route": route, "status": status, "ms": round(seconds * 1000, 2)}
            if answer.code:
                facts["code"] = answer.code
            if run := scope.get("path_params", {}).get("run_id"):
                note(run_id=run)
            requests.log(level, "request", extra=facts)


def _listening(receive: Receive, answer: _Answer) -> Callable[[], Any]:
    """Return a `receive` that remembers how a socket was closed. uvicorn gives a reason only when there was a closing frame."""

    async def receive_and_look() -> Message:
        message = await receive()
        if message["type"] == "websocket.disconnect" and not answer.code:
            answer.code = message.get("code") or 1005
            answer.abrupt = "reason" not in message
        return message

    return receive_and_look


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and SANE_ID.fullmatch(value):
            return value.decode()
    return secrets.token_hex(8)


def _route(scope: Scope) -> str:
    """Return the template of the route, so that what is counted stays a small closed set."""
    if (route := scope.get("route")) is not None:
        return route.path
    if scope["type"] == "websocket":
        return "/ws"
    return "unknown" if scope["path"].startswith("/api") else "web"
