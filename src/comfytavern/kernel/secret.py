"""A secret has no textual form."""

from typing import Final

MASK: Final = "••••"


class Secret:
    """Text that is not printed, logged, compared by accident or serialised. `reveal` is the one way."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Wrap `text`."""
        self._text = text

    def reveal(self) -> str:
        """Return the text. Grep for this word to see every use of a secret."""
        return self._text

    def __bool__(self) -> bool:
        """Tell whether there is any text at all."""
        return bool(self._text)

    def __repr__(self) -> str:
        """Return a mask."""
        return f"Secret({MASK})"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        """Return a mask, whatever the format asks for."""
        return repr(self)

    def __reduce__(self) -> str:
        """Refuse to be pickled."""
        raise TypeError("a Secret cannot be serialised")
