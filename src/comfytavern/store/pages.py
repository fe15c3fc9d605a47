"""Pages by keyset: as fast at the end of a list as at its beginning, and steady while items are added."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_

from comfytavern.kernel.paging import Page, encode_cursor
from comfytavern.projects.cursors import position

T = TypeVar("T")


def newest_first(query: Select[Any], moment: ColumnElement[Any], id: ColumnElement[Any], *, cursor: str | None, limit: int) -> Select[Any]:
    """Return `query` with its order, starting after `cursor`, and one more row than `limit` to know whether there are more."""
    if (after := position(cursor)) is not None:
        at = datetime.fromtimestamp(after[0], UTC)
        query = query.where(or_(moment < at, and_(moment == at, id < after[1])))
    return query.order_by(moment.desc(), id.desc()).limit(limit + 1)


def page_of(rows: Sequence[Any], limit: int, make: Callable[[Any], T], key: Callable[[T], tuple[datetime, str]]) -> Page[T]:
    """Return the page that `rows` (one more than `limit` at most) make."""
    items = [make(row) for row in rows[:limit]]
    if len(rows) <= limit:
        return Page(items=items)
    at, id = key(items[-1])
    return Page(items=items, next=encode_cursor(at.timestamp(), id))
