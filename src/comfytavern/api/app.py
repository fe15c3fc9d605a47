"""The application: which layer a request passes, in which order."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from comfytavern.api import problems
from comfytavern.api.auth import Gate
from comfytavern.api.body import BodyLimit
from comfytavern.api.cors import Cors
from comfytavern.api.edge import Edge
from comfytavern.api.forwarded import Forwarded
from comfytavern.api.openapi import PROBLEM_RESPONSE, openapi
from comfytavern.api.replies import json_reply
from comfytavern.api.routes import ROUTERS
from comfytavern.api.services import Services
from comfytavern.api.socket import Socket
from comfytavern.api.static import Static
from comfytavern.kernel.errors import Failure

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
OURS = frozenset({"/api", "/ws", "/health", "/ready", "/version", "/metrics"})


def create_app(services: Services, *, web: Path | None, lifespan: Lifespan | None = None) -> ASGIApp:
    """Return the whole application: the edge, the gate, the routes, and the built web app in `web` for every other path."""
    routes = create_routes(version=services.values.version, lifespan=lifespan)
    routes.state.services = services
    inner: ASGIApp = Site(Gate(BodyLimit(routes), services.accounts, services.values), Static(web))
    release = services.values.release or services.values.version
    edge = Edge(Cors(inner, services.values), services.drain, services.metrics, release=release, tracer=services.tracer)
    return Forwarded(edge, services.values.trusted_proxies)


def create_routes(*, version: str, lifespan: Lifespan | None = None) -> FastAPI:
    """Return the routes alone: what openapi.json describes."""
    app = FastAPI(
        title="ComfyTavern",
        version=version,
        description="Wire AI workflows on a canvas, run them, watch them, look back.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=PROBLEM_RESPONSE,
        generate_unique_id_function=_operation_id,
        lifespan=lifespan,
        telemetry={
            "auto_configure": False,
            "tracing": False,
            "metrics": False,
            "logs": False,
        },  # boot/telemetry draws, when it is asked to.
    )
    for router in ROUTERS:
        app.include_router(router)
    app.add_api_websocket_route("/ws", _socket)
    app.add_route("/api/openapi.json", _description)
    app.add_exception_handler(Failure, problems.on_failure)
    app.add_exception_handler(RequestValidationError, problems.on_validation)
    app.add_exception_handler(HTTPException, problems.on_http)
    app.add_exception_handler(Exception, problems.on_bug)
    return app


async def _description(request: Request) -> Response:
    return json_reply(openapi(request.app))


async def _socket(socket: WebSocket) -> None:
    await Socket(socket, socket.app.state.services, socket.state.visitor, socket.state.again).serve()


class Site:
    """ASGI application: the API and the socket behind the gate, every other path from the built web app."""

    def __init__(self, api: ASGIApp, web: ASGIApp) -> None:
        """Choose between the two by path."""
        self._api = api
        self._web = web

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        ours = scope["type"] != "http" or "/" + scope["path"].split("/", 2)[1] in OURS
        await (self._api if ours else self._web)(scope, receive, send)


def _operation_id(route: APIRoute) -> str:
    """Return the function's name: short, stable, what generated clients call it."""
    return route.name
