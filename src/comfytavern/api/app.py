"""The application: routes, the order of the layers, nothing else."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI
from fastapi.routing import APIRoute

from comfytavern.api.openapi import PROBLEM_RESPONSE
from comfytavern.api.routes import ROUTERS
from comfytavern.api.services import Services

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def _operation_id(route: APIRoute) -> str:
    """Return the function's name: short, stable, what generated clients call it."""
    return route.name


def create_app(services: Services | None, *, version: str, lifespan: Lifespan | None = None) -> FastAPI:
    """Return the ASGI application. Without services it can only describe itself."""
    app = FastAPI(
        title="ComfyTavern",
        version=version,
        description="Wire AI workflows on a canvas, run them, watch them, look back.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        responses=PROBLEM_RESPONSE,
        generate_unique_id_function=_operation_id,
        lifespan=lifespan,
    )
    app.state.services = services
    for router in ROUTERS:
        app.include_router(router)
    return app
