"""The port of whoever draws requests as traces."""

from typing import Protocol

from starlette.types import Scope


class Traced(Protocol):
    """One request that is being drawn."""

    def over(self, method: str, route: str, status: int) -> None:
        """Learn how it ended; called in every case, once."""
        ...


class Tracer(Protocol):
    """Is told of requests."""

    def begin(self, scope: Scope, /) -> Traced:
        """Learn that a request has come. What is written to the log from now on may say to which trace it belongs."""
        ...
