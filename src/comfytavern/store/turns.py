"""One migrator at a time in the whole cluster, and nobody there when a database is replaced."""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import URL, Connection, create_engine, func, inspect, select

from comfytavern.store import dialect
from comfytavern.store.faults import fault
from comfytavern.store.tables import executors
from comfytavern.store.times import database_time

MIGRATION: Final = 0xC0F_0003
"""The number by which migrators agree on a server (as in dialect.py)."""
WAIT_S: Final = 600.0
_LOOK_S: Final = 0.1
GONE_S: Final = 20.0
"""A server that was not seen for so long does not run."""


@contextmanager
def one_migrator(url: URL, told: Callable[[float, str], object], *, wait_s: float = WAIT_S) -> Generator[None]:
    """Hold the right to migrate the database at `url`; waits for whoever has it. Raises `Unavailable` (`store.locked`) after `wait_s`.

    The right ends with the process: it is a lock of the operating system on a file beside a SQLite database, of the session on a server.
    """
    with contextlib.ExitStack() as stack:
        take, until = _right(url, stack), time.monotonic() + wait_s
        while not take():
            if time.monotonic() > until:
                raise fault("locked", "another process is migrating it")
            told(0.0, "another process is migrating; waiting")
            time.sleep(_LOOK_S)
        yield


def servers(connection: Connection) -> list[str]:
    """Return the servers that use the database now, by name."""
    if not inspect(connection).has_table(executors.name):
        return []
    query = select(executors).where(executors.c.seen_at > database_time() - GONE_S).order_by(executors.c.host, executors.c.slot)
    return [f"{row.slot or 'server'} (process {row.pid} on {row.host})" for row in connection.execute(query)]


def _right(url: URL, stack: contextlib.ExitStack) -> Callable[[], bool]:
    file = dialect.file_of(url)
    if file is None:
        engine = create_engine(dialect.sync_url(url), isolation_level="AUTOCOMMIT")
        stack.callback(engine.dispose)
        connection = stack.enter_context(engine.connect())
        return lambda: bool(connection.scalar(select(func.pg_try_advisory_lock(MIGRATION))))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file.with_name(f"{file.name}.migrating"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise fault("unreachable", str(error)) from error
    stack.callback(os.close, handle)

    def take() -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    return take
