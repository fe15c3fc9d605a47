"""The port to whoever takes mistakes of the web app. The browser tells this server, and the server tells the service: no third host."""

from typing import Protocol

from comfytavern.api.schemas.reports import Errors


class Reports(Protocol):
    """Takes mistakes of the web app."""

    @property
    def errors(self) -> Errors:
        """What the web app has to know to tell them."""
        ...

    async def take(self, envelope: bytes, /) -> None:
        """Pass an envelope on, without secrets. Raises `Invalid` (`api.envelope`) for what is none of ours, `Busy` (`api.envelopes`)."""
        ...
