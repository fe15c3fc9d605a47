"""The port of the status page: what the routes for the owner ask of whoever knows everything."""

from typing import Protocol

from comfytavern.api.schemas.status import Deployed, History, Status


class Operations(Protocol):
    """This server, seen by the person who runs it."""

    async def now(self) -> Status:
        """Return what the server is, does and has. Raises `Unavailable` when the database does not answer."""
        ...

    def history(self) -> History:
        """Return the last hour."""
        ...

    async def deployed(self) -> Deployed:
        """Return what deployments keep on this host."""
        ...
