"""The port of whoever draws requests as traces."""

from typing import Final, Protocol

from starlette.types import Scope

TRACED: Final = "traced"
"""Where the state of a request has its `Traced`, when requests are drawn."""


class Drawn(Protocol):
    """One message of a WebSocket that is being drawn."""

    def over(self, error: str = "") -> None:
        """Learn that what it asked for is done, or by which code it failed; called in every case, once."""
        ...


class Traced(Protocol):
    """One request that is being drawn. That of a WebSocket is over with its handshake."""

    def over(self, method: str, route: str, status: int) -> None:
        """Learn how it ended; called in every case, once."""
        ...

    def message(self, kind: str, /) -> Drawn:
        """Learn that the WebSocket that this request has opened was sent something of this kind, on which work is done now."""
        ...


class Tracer(Protocol):
    """Is told of requests."""

    def begin(self, scope: Scope, /) -> Traced:
        """Learn that a request has come. What is written to the log from now on may say to which trace it belongs."""
        ...
