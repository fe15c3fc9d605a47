"""Labels that people choose the values of, and that stay few all the same."""

from typing import Final

OTHER: Final = "other"
LETTERS_MAX: Final = 64


class Known:
    """Lets the first values through, however many come. Whatever comes later, or is no name, is `other`."""

    def __init__(self, most: int) -> None:
        """Let `most` values through."""
        self._most = most
        self._seen: dict[str, str] = {}

    def __call__(self, value: str) -> str:
        """Return `value`, or `other`."""
        found = self._seen.get(value)
        if found is not None:
            return found
        if len(self._seen) >= self._most or not 0 < len(value) <= LETTERS_MAX or not value.isprintable():
            return OTHER
        self._seen[value] = value
        return value
