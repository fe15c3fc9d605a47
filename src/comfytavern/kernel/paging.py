"""Pages of long lists, by cursor."""

import base64
from typing import Generic, TypeVar

import msgspec

from comfytavern.kernel.errors import Invalid

T = TypeVar("T")

LIMIT_DEFAULT = 50
LIMIT_MAX = 200


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some items in order, and the cursor of the next page (None at the end)."""

    items: list[T]
    next: str | None = None


def encode_cursor(*keys: str | float) -> str:
    """Return an opaque, URL-safe cursor for the sort keys of the last item of a page."""
    return base64.urlsafe_b64encode(msgspec.json.encode(keys)).decode().rstrip("=")


def decode_cursor(cursor: str) -> list[str | float]:
    """Return the sort keys of a cursor. Raises `Invalid` (`paging.cursor`) for anything we did not make."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return msgspec.json.decode(raw, type=list[str | float])
    except (ValueError, msgspec.DecodeError) as error:
        raise Invalid("paging.cursor", "This page address is not valid.", hint="Start from the first page.") from error
