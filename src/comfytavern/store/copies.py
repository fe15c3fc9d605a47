"""How a database becomes a file, and a file a database again: one way for SQLite, one for PostgreSQL."""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL, Connection

from comfytavern.store import dialect, postgres_tools
from comfytavern.store.faults import fault, in_use
from comfytavern.store.shape import connected

__all__ = ["URL", "Connection", "dump", "file_name", "put", "replaced", "scratch", "undo"]
T = TypeVar("T")


def file_name(url: URL) -> str:
    """Return what the file of a backup is called."""
    return "database.db" if dialect.is_sqlite(url) else "database.dump"


def dump(url: URL, target: Path, look: Callable[[Connection], T]) -> T:
    """Write a consistent copy of the database to `target`, also while it is in use; return what `look` sees in exactly that state."""
    file = dialect.file_of(url)
    if file is None:
        return postgres_tools.dump(url, target, look)
    if not file.is_file():
        raise fault("unreachable", f"{file} does not exist")
    try:
        dialect.copy_file(file, target)
    except sqlite3.Error as error:
        what = {"SQLITE_FULL": "disk_full", "SQLITE_CORRUPT": "corrupt", "SQLITE_NOTADB": "corrupt"}
        raise fault(what.get(error.sqlite_errorname, "unreachable"), str(error)) from error
    with connected(url.set(database=str(target))) as connection:
        return look(connection)


@contextmanager
def scratch(url: URL, source: Path, folder: Path) -> Generator[URL]:
    """Restore a copy of the file `source` as a database of its own, beside that at `url`, and remove it at the end.

    SQLite: in `folder`. PostgreSQL: a database on the same server; raises `Unavailable` (`db.rights`) where none may be made.
    """
    if dialect.is_sqlite(url):
        copy = folder / "scratch.db"
        copy.write_bytes(b"")
        with contextlib.ExitStack() as stack:
            for name in ("scratch.db", "scratch.db-wal", "scratch.db-shm"):
                stack.callback((folder / name).unlink, missing_ok=True)
            _copy_bytes(source, copy)
            yield url.set(database=str(copy))
        return
    name = postgres_tools.new_name(url, "check")
    with postgres_tools.created(url, name):
        postgres_tools.load(url.set(database=name), source)
        yield url.set(database=name)


def put(url: URL, source: Path, aside: str) -> str:
    """Replace the database at `url` by that in the file `source`, all or nothing; return where the replaced one is now.

    `aside` is part of its new name. Raises `Conflict` (`db.in_use`) when anybody has the database open.
    """
    if dialect.is_sqlite(url):
        return _put_file(dialect.file_of(url) or Path(), source, aside)
    return postgres_tools.put(url, source, aside)


def replaced(url: URL, aside: str) -> str:
    """Return where the database is that a `put` with this `aside` has replaced; empty when none has, or not to its end."""
    file = dialect.file_of(url)
    if file is None:
        return postgres_tools.replaced(url, aside)
    kept = _kept(file, aside)
    return str(kept) if kept.is_file() and not (file.exists() and kept.samefile(file)) else ""


def undo(url: URL, aside: str) -> str:
    """Put the database back that a `put` has replaced; return where the one is that was there instead, empty when nothing was replaced.

    `aside` is what `put` was given or has returned. All or nothing, and done once however often it is asked for. Raises as `put`.
    """
    file = dialect.file_of(url)
    if file is None:
        return postgres_tools.undo(url, aside)
    kept = _kept(file, aside)
    if not replaced(url, aside):
        kept.unlink(missing_ok=True)  # Nothing, or a second name of the database that is there.
        return ""
    undone = kept.with_name(kept.name.replace("replaced", "undone"))
    try:
        if not file.exists():
            kept.replace(file)
            return ""
        _close(file)
        undone.unlink(missing_ok=True)
        undone.hardlink_to(file)
        kept.replace(file)
    except OSError as error:
        raise fault("disk_full" if error.errno == 28 else "unreachable", str(error)) from error
    return str(undone)


def _kept(file: Path, aside: str) -> Path:
    return Path(aside) if "/" in aside else file.with_name(f"{file.stem}-{aside}{file.suffix}")


def _put_file(file: Path, source: Path, aside: str) -> str:
    new, kept = file.with_name(f".{file.name}.restoring"), _kept(file, aside)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _copy_bytes(source, new)
        if not file.exists():
            new.replace(file)
            return ""
        _close(file)
        if kept.exists() and kept.samefile(file):
            kept.unlink()  # An earlier try was cut off between the two names.
        kept.hardlink_to(file)
        new.replace(file)
    except OSError as error:
        raise fault("disk_full" if error.errno == 28 else "unreachable", str(error)) from error
    finally:
        new.unlink(missing_ok=True)
    return str(kept)


def _close(file: Path) -> None:
    """Write back what is only in the journal of `file` and remove the journal: SQLite does that only for one who is alone."""
    try:
        with contextlib.closing(sqlite3.connect(file, timeout=1.0, isolation_level=None)) as connection:
            mode = connection.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
    except sqlite3.OperationalError as error:
        raise in_use([str(error)]) from error
    except sqlite3.DatabaseError:
        mode = "delete"  # It is damaged, which is why it is replaced; whatever can be read of it is kept aside.
        for journal in ("-wal", "-shm"):
            beside = file.with_name(file.name + journal)
            if beside.exists():
                beside.rename(file.with_name(f"{file.name}{journal}.damaged"))
    if mode != "delete":
        raise in_use(["another program has it open"])


def _copy_bytes(source: Path, target: Path) -> None:
    with source.open("rb") as reader, target.open("wb") as writer:
        shutil.copyfileobj(reader, writer, 1 << 20)
        writer.flush()
        os.fsync(writer.fileno())
