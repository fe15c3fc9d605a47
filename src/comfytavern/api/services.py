"""The doors that routes may open. The composition root fills this in; routes get it through `Doors`."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from comfytavern.accounts.service import Accounts
from comfytavern.files.library import Library
from comfytavern.llm.channels import Channels
from comfytavern.nodes.registry import Catalogue
from comfytavern.projects.runs import Runs
from comfytavern.projects.service import Projects


@dataclass(frozen=True, slots=True)
class Values:
    """Settings that concern HTTP, as values."""

    version: str
    secure_cookies: bool = False
    origins: tuple[str, ...] = ()
    """Origins besides our own that may send unsafe requests and open sockets."""
    allow_private_network: bool = False
    """Whether members too may have channels at private addresses; the owner always may."""
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
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the server is about to stop: event streams and sockets end by themselves."""


def services(connection: HTTPConnection) -> Services:
    """Return the doors of this application."""
    return connection.app.state.services


Doors = Annotated[Services, Depends(services)]
