"""One server per SQLite file: two would both go on with the same runs."""

import contextlib
import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager

from comfytavern.store import dialect
from comfytavern.store.faults import fault


@contextmanager
def only_server(url: str) -> Generator[None, None, None]:
    """Hold the right to be the one server of the database at `url`. Raises `Unavailable` (`store.locked`) when there is one.

    The right ends with the process, however it ends: it is a lock of the operating system on a file beside the database, not the
    file itself. Servers with a database server agree among themselves there.
    """
    file = dialect.file_of(dialect.async_url(url))
    if file is None:
        yield
        return
    try:
        handle = os.open(file.with_name(f"{file.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise fault("unreachable", str(error)) from error
    try:
        _take(handle)
        yield
    finally:
        os.close(handle)


def _take(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.read(handle, 20).decode(errors="replace").strip()
        raise fault("locked", f"process {holder} is the server of this database") from error
    with contextlib.suppress(OSError):  # Only for people who look; the lock is what counts.
        os.truncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
