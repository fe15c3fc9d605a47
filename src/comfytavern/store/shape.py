"""What a database says of its own shape: its state, its revisions, how many rows its tables have."""

from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy import URL, Connection, create_engine, func, inspect, select, table, text
from sqlalchemy.exc import DBAPIError

from comfytavern.store import dialect
from comfytavern.store.faults import explained, fault
from comfytavern.store.phases import State
from comfytavern.store.tables import schema_state

_LEVELS = {"0001": 1, "0002": 2}
"""Of databases from before there was a row that says it."""


@contextmanager
def connected(url: URL) -> Generator[Connection]:
    """Give one connection for a short look. Raises `Unavailable` for what a person can mend."""
    engine = create_engine(dialect.sync_url(url))
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        raise explained(error) or error from error
    finally:
        engine.dispose()


def state(url: URL) -> State:
    """Return what the database at `url` says of itself. Raises `Unavailable`."""
    with connected(url) as connection:
        return state_in(connection)


def state_in(connection: Connection) -> State:
    """Return what the database of an open connection says of itself."""
    look = inspect(connection)
    if look.has_table(schema_state.name):
        row = connection.execute(select(schema_state)).first()
        return State(row.level, row.contracted) if row else State()
    found = revisions(connection)
    if not found:
        return State()
    known = [_LEVELS[revision] for revision in found if revision in _LEVELS]
    if not known:
        raise fault("newer", f"revisions {', '.join(sorted(found))}")
    return State(level=max(known))


def revisions(connection: Connection) -> list[str]:
    """Return the newest revision of every chain that was run in the database; none in an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return []
    return sorted(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())


def current(url: URL) -> str | None:
    """Return the newest revision of the database at `url`, None for an empty one."""
    with connected(url) as connection:
        return max(revisions(connection), default=None)


def rows(connection: Connection) -> dict[str, int]:
    """Return how many rows each table has, in the order of their names."""
    names = sorted(inspect(connection).get_table_names())
    return {name: connection.scalar(select(func.count()).select_from(table(name))) or 0 for name in names}
