"""Short forms of values for events; the whole value is asked for when somebody looks (`Run.node`)."""

from typing import Any

from comfytavern.engine.cache import size_of
from comfytavern.engine.limits import Limits

_PLAIN = (int, float, bool, type(None))
_DEPTH = 6


def preview(value: Any, limits: Limits) -> tuple[Any, int | None]:
    """Return a JSON-like short form, and the size of the whole in bytes (about) when it was shortened, else None."""
    if value.__class__ in _PLAIN:
        return value, None
    if isinstance(value, str):
        return (value, None) if len(value) <= limits.preview_chars else (value[: limits.preview_chars], len(value))
    left = [limits.preview_items, limits.preview_chars * 2]
    short = _shorten(value, left, _DEPTH)
    return short, size_of(value) if min(left) < 0 else None


def _shorten(value: Any, left: list[int], depth: int) -> Any:
    """Copy `value` while items and characters are left; `left` ends below zero when something was left out."""
    left[0] -= 1
    if value.__class__ in _PLAIN:
        return value
    if isinstance(value, str):
        short = value[: max(left[1], 0)]
        left[1] -= len(value)
        return short
    if isinstance(value, bytes | bytearray | memoryview):
        left[1] = -1
        return f"<{len(value)} bytes>"
    if depth == 0:
        left[0] = -1
        return "…"
    if isinstance(value, dict):
        return {str(key): _shorten(one, left, depth - 1) for key, one in value.items() if left[0] > 0}
    if isinstance(value, list | tuple):
        return [_shorten(one, left, depth - 1) for one in value if left[0] > 0]
    left[1] = -1
    return f"<{type(value).__name__}>"
