"""Placeholder."""

from typing import Any

from starlette.responses import Response


def sse(doors: Any, user_id: str, run_id: str, after: int) -> Response:
    """Return."""
    raise NotImplementedError
