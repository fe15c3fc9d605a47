"""Where a notice can be sent. A place is one method; why it could not be sent is a failure that names no secret."""

from typing import Protocol

from comfytavern.deploy.connectors.notice import Notice
from comfytavern.kernel.errors import Failure


class NotSent(Failure):
    """A notice did not arrive."""


class Place(Protocol):
    """Somewhere that people look."""

    @property
    def name(self) -> str:
        """Return what the place is called in messages; no address, since addresses of webhooks are secrets."""
        ...

    async def send(self, notice: Notice, deadline_s: float) -> None:
        """Deliver, or raise `NotSent` before the deadline has passed."""
        ...
