"""The doors that routes may open. The composition root fills this in; routes get it through `Doors`."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import HTTPConnection


@dataclass(frozen=True, slots=True)
class Values:
    """Settings that concern HTTP, as values."""

    version: str
    secure_cookies: bool = False
    origins: tuple[str, ...] = ()
    """Origins besides our own that may send unsafe requests and open sockets."""
    upload_bytes_max: int = 512 * 1024 * 1024
    slow_client_s: float = 20.0
    """How long a reader may stall before it is let go."""


@dataclass(frozen=True, slots=True)
class Services:
    """Every room that HTTP shows."""

    accounts: Any
    projects: Any
    runs: Any
    channels: Any
    library: Any
    catalogue: Any
    examples: Any
    values: Values
    checks: dict[str, Callable[[], Awaitable[None]]]
    """Readiness: each returns, or raises what is wrong."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the server is about to stop: event streams and sockets end by themselves."""


def services(connection: HTTPConnection) -> Services:
    """Return the doors of this application."""
    return connection.app.state.services


Doors = Annotated[Services, Depends(services)]
