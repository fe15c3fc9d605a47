"""The one place that knows which database it is. Everything else in this room is SQL that all of them speak."""

import asyncio
import contextlib
import sqlite3
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, event, func, make_url, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import Insert

from comfytavern.kernel.errors import Invalid
from comfytavern.store.faults import fault

IMMEDIATE = "comfytavern_immediate"
"""Execution option: the transaction is going to write, so it takes the write lock at once instead of failing half-way."""
DURABLE = "comfytavern_durable"
"""Execution option: the commit is on the disk, not only in the system's memory, when it returns."""
BLOBS, OWNER = 0xC0F_0001, 0xC0F_0002
"""What writers agree about on a server, by numbers that are ours: which blobs are in use, who the first user is."""
_ASYNC = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
_PRAGMAS = ("busy_timeout=10000", "journal_mode=WAL", "synchronous=NORMAL")


def async_url(url: str) -> URL:
    """Return `url` with the driver we use. Raises `Invalid` (`store.url`) for a database we do not know."""
    try:
        parsed = make_url(url)
    except Exception as error:
        raise Invalid(
            "store.url", "DATABASE_URL is not a database address.", hint="Use sqlite:///path/to/file.db or postgresql://…"
        ) from error
    driver = _ASYNC.get(parsed.get_backend_name())
    if driver is None:
        raise Invalid("store.url", f"{parsed.get_backend_name()} is not supported.", hint="Use SQLite or PostgreSQL.")
    return parsed.set(drivername=driver)


def sync_url(url: URL) -> URL:
    """Return `url` with a driver that blocks, for migrations."""
    return url.set(drivername="sqlite") if is_sqlite(url) else url


def is_sqlite(url: URL) -> bool:
    """Tell whether `url` names a SQLite file."""
    return url.get_backend_name() == "sqlite"


def file_of(url: URL) -> Path | None:
    """Return the file of a SQLite database, None for a server."""
    return Path(url.database) if is_sqlite(url) and url.database and url.database != ":memory:" else None


def engine_options(url: URL) -> dict[str, Any]:
    """Return how connections are kept: one to a server may have died since it was last used, one to a file has not."""
    return {} if is_sqlite(url) else {"pool_pre_ping": True}


def reader_options(url: URL) -> dict[str, Any]:
    """Return how a reader's transaction sees one state throughout; SQLite's always does."""
    return {} if is_sqlite(url) else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def writer_lock(url: URL) -> AbstractAsyncContextManager[Any]:
    """Return what a writer holds: SQLite has one writer at a time, a server decides for itself."""
    return asyncio.Lock() if is_sqlite(url) else contextlib.nullcontext()


def configure(engine: Engine, *, foreign_keys: bool = True) -> None:
    """Make SQLite connections safe and fast, and give transactions their true extent. A server needs nothing."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # The driver begins no transaction of its own: `began` does.
        cursor = connection.cursor()
        for pragma in (*_PRAGMAS, f"foreign_keys={'ON' if foreign_keys else 'OFF'}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def began(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get(IMMEDIATE):
            connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if options.get(DURABLE) else 'NORMAL'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(IMMEDIATE) else "BEGIN")

    @event.listens_for(engine, "invalidate")
    def cut_off(connection: Any, _record: Any, _error: BaseException | None) -> None:
        # Somebody was cancelled in the middle of a statement, and the connection will be closed. SQLite keeps a closed connection, and
        # its lock, for as long as Python keeps a half-read cursor (in the traceback of who was cancelled): so give up the lock first.
        driver: Any = getattr(connection, "driver_connection", None)
        if (raw := getattr(driver, "_connection", None)) is not None:
            driver._tx.put_nowait((None, raw.rollback))  # noqa: SLF001 -- only the thread of the connection may do it


def impatient(engine: Engine, lock_timeout_ms: int) -> None:
    """Let connections give up a lock that they do not get within this time, so that others do not queue behind them for long."""

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        sqlite_said, server_said = f"PRAGMA busy_timeout={int(lock_timeout_ms)}", f"SET lock_timeout = {int(lock_timeout_ms)}"
        cursor.execute(sqlite_said if engine.dialect.name == "sqlite" else server_said)
        cursor.close()
        if engine.dialect.name != "sqlite":
            connection.commit()


def insert_new(table: Table, dialect: str) -> Insert:
    """Return an INSERT that leaves rows alone whose key is there already."""
    if dialect == "sqlite":
        from sqlalchemy.dialects import sqlite  # noqa: PLC0415 -- a process needs one of the two, and each takes a tenth of a second

        return sqlite.insert(table).on_conflict_do_nothing()
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 -- as above

    return postgresql.insert(table).on_conflict_do_nothing()


async def hold(connection: AsyncConnection, what: int) -> None:
    """Let nobody `claim` this before the transaction ends; many may hold it. SQLite has one writer, who is alone anyway."""
    if connection.dialect.name != "sqlite":
        await connection.execute(select(func.pg_advisory_xact_lock_shared(what)))


async def claim(connection: AsyncConnection, what: int) -> bool:
    """Have this alone until the transaction ends, or return False at once when somebody holds it."""
    if connection.dialect.name == "sqlite":
        return True
    return bool(await connection.scalar(select(func.pg_try_advisory_xact_lock(what))))


async def turn(connection: AsyncConnection, what: int) -> None:
    """Wait until this is ours alone, until the transaction ends."""
    if connection.dialect.name != "sqlite":
        await connection.execute(select(func.pg_advisory_xact_lock(what)))


def check_references(connection: Connection) -> None:
    """Make sure that a migration left no row without what it refers to. A server checks that by itself."""
    if connection.dialect.name == "sqlite" and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first()):
        raise fault("corrupt", f"a row of {broken[0]} refers to a row of {broken[2]} that is not there")


def copy_file(source: Path, target: Path) -> None:
    """Write a consistent copy of a SQLite file, also while it is in use."""
    with contextlib.closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))


def _pragma(path: Path, name: str, mode: str) -> Any:
    with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True)) as connection:
        return connection.execute(f"PRAGMA {name}").fetchone()[0]


def examine_file(path: Path, *, thorough_bytes: int = 64 << 20) -> None:
    """Look at a SQLite file, and write to it only to roll back what was cut off. Raises `store.corrupt` or `store.locked`.

    Files up to `thorough_bytes` are checked page by page (about 0.2 s for 64 MiB), larger ones by their header and schema only.
    """
    with path.open("rb") as file:
        head = file.read(16)
    if head and head != b"SQLite format 3\x00":
        raise fault("corrupt", "the header is not SQLite's")
    check = "quick_check(1)" if path.stat().st_size <= thorough_bytes else "schema_version"
    try:
        try:
            found = _pragma(path, check, "ro")
        except sqlite3.OperationalError as error:
            if not str(getattr(error, "sqlite_errorname", "")).startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN")):
                raise
            found = _pragma(path, check, "rw")  # Somebody was killed in the middle of a change: it has to be rolled back first.
    except sqlite3.DatabaseError as error:
        raise fault(
            "locked" if isinstance(error, sqlite3.OperationalError) and "locked" in str(error) else "corrupt", str(error)
        ) from error
    if isinstance(found, str) and found != "ok":
        raise fault("corrupt", found)
