"""The doors that routes may open. The composition root fills this in; routes get it through `Doors`."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

from fastapi import Depends
from starlette.requests import HTTPConnection

from comfytavern.accounts.service import Accounts
from comfytavern.api.drain import Drain
from comfytavern.api.metrics import Metrics
from comfytavern.api.operations import Operations
from comfytavern.api.reports import Reports
from comfytavern.api.tracing import Tracer
from comfytavern.files.library import Library
from comfytavern.kernel.errors import Unavailable
from comfytavern.kernel.secret import Secret
from comfytavern.llm.channels import Channels
from comfytavern.nodes.registry import Catalogue
from comfytavern.projects.runs import Runs
from comfytavern.projects.service import Projects

T = TypeVar("T")


@dataclass(slots=True)
class Values:
    """Settings that concern HTTP, as values. `metrics_token` and `origins` can change while the server runs: ask for them each time."""

    version: str
    release: str = ""
    """The artifact this process was started from; empty outside of a deployment."""
    slot: str = ""
    """The slot of the host it runs in."""
    started_at: float = field(default_factory=time.time)
    schema_level: int = 1
    """The level of the database's schema this version was written for."""
    trusted_proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    """Whose X-Forwarded-For and X-Forwarded-Proto are believed; those at our unix socket always are."""
    metrics_token: Secret | None = None
    """What a reader of the metrics from another machine shows as a bearer token; None: there is none."""
    secure_cookies: bool = False
    origins: tuple[str, ...] = ()
    """Origins besides our own that may send unsafe requests and open sockets."""
    allow_private_network: bool = False
    """Whether members too may have channels at private addresses; the owner always may."""
    readmit_s: float = 60.0
    """How often a socket looks whether its session is still good."""
    slow_client_s: float = 20.0
    """How long a reader may stall before it is let go."""


@dataclass(frozen=True, slots=True)
class Services:
    """Every room that HTTP shows."""

    accounts: Accounts
    projects: Projects
    runs: Runs
    channels: Channels
    library: Library
    catalogue: Catalogue
    values: Values
    checks: dict[str, Callable[[], Awaitable[None]]]
    """Readiness: each returns, or raises what is wrong."""
    drain: Drain = field(default_factory=Drain)
    metrics: Metrics = field(default_factory=Metrics)
    contracted: Callable[[], Awaitable[int]] | None = None
    """Returns up to which level the database has been contracted: versions of a lower level cannot use it any more."""
    operations: Operations | None = None
    """What the status page shows."""
    reports: Reports | None = None
    """Who takes mistakes of the web app; None: nobody."""
    tracer: Tracer | None = None
    """Who draws requests; None: nobody."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the server is about to stop: event streams and sockets end by themselves."""


def services(connection: HTTPConnection) -> Services:
    """Return the doors of this application."""
    return connection.app.state.services


async def unless_stopping(doors: Services, work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` returns, or give it up when the server is about to stop: `Unavailable` (`api.stopping`)."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(doors.stopping.wait())
    try:
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
    finally:
        stopping.cancel()
        working.cancel()
    raise Unavailable("api.stopping", "The server is about to stop.", hint="The run goes on with its next start; ask for it again then.")


Doors = Annotated[Services, Depends(services)]
