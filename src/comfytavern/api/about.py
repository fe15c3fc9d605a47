"""What the log says about the request at hand, in every line that is written on its behalf."""

from contextvars import ContextVar
from typing import Final

ABOUT: Final[ContextVar[dict[str, str] | None]] = ContextVar("about", default=None)
"""`request_id` always, `user_id` and `run_id` once they are known."""


def note(**facts: str) -> None:
    """Add to what is known of the request at hand; outside of one this does nothing."""
    if (known := ABOUT.get()) is not None:
        known |= facts
