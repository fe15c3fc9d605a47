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
    short = _Short(limits.preview_items, limits.preview_chars)
    made = short.of(value, _DEPTH)
    return made, size_of(value) if short.cut else None


class _Short:
    """Copies a value while items and characters are left."""

    def __init__(self, items: int, chars: int) -> None:
        self._items, self._chars = items, chars
        self.cut = False
        """Whether something was left out."""

    def of(self, value: Any, depth: int) -> Any:
        """Return the copy."""
        self._items -= 1
        if value.__class__ in _PLAIN:
            return value
        if isinstance(value, str):
            return self._text(value)
        if depth > 0 and isinstance(value, dict):
            return {str(key): self.of(one, depth - 1) for key, one in value.items() if self._more()}
        if depth > 0 and isinstance(value, list | tuple):
            return [self.of(one, depth - 1) for one in value if self._more()]
        self.cut = True
        return f"<{len(value)} bytes>" if isinstance(value, bytes | bytearray | memoryview) else f"<{type(value).__name__}>"

    def _text(self, text: str) -> str:
        short = text[: max(self._chars, 0)]
        self._chars -= len(text)
        self.cut = self.cut or len(short) < len(text)
        return short

    def _more(self) -> bool:
        more = self._items > 0 and self._chars > 0
        self.cut = self.cut or not more
        return more
