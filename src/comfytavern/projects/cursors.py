"""Where a page of a list goes on: after the last item's sort key and id."""

from comfytavern.kernel.errors import Invalid
from comfytavern.kernel.paging import Page, decode_cursor, encode_cursor
from comfytavern.projects.project import VersionSummary

KEY_MAX = 250_000_000_000
"""Seconds until the year 9892: beyond, a date cannot be written."""


def position(cursor: str | None) -> tuple[float, str] | None:
    """Return the sort key and the id that a cursor of ours holds. Raises `Invalid` (`paging.cursor`) for any other."""
    match decode_cursor(cursor) if cursor else None:
        case None:
            return None
        case [float() | int() as key, str() as id] if 0 <= key < KEY_MAX and "\0" not in id:
            return float(key), id
        case _:
            raise Invalid("paging.cursor", "This page address is not valid.", hint="Start from the first page.")


def version_before(cursor: str | None) -> int | None:
    """Return the version number that the next page starts below."""
    after = position(cursor)
    return None if after is None else int(after[0])


def version_page(items: list[VersionSummary], limit: int) -> Page[VersionSummary]:
    """Return the page that `items`, one more than `limit` at most, make."""
    more = len(items) > limit
    return Page(items=items[:limit], next=encode_cursor(items[limit - 1].version, "") if more else None)
