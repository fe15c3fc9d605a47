"""Copies of a SQLite database. A server's own tools do this for PostgreSQL."""

import os
import sqlite3
from pathlib import Path

from comfytavern.store import dialect
from comfytavern.store.faults import fault


def backup_file(source: Path, target: Path) -> Path:
    """Write a consistent copy of `source` to `target`, also while it is in use, and return `target`.

    The copy is made beside its final name and renamed over it, so a half-written backup never looks like a whole one.
    Raises `Unavailable` (`store.disk_full`, `store.corrupt`, `store.unreachable`).
    """
    unfinished = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished.unlink(missing_ok=True)
        dialect.copy_file(source, unfinished)
        dialect.examine_file(unfinished)
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.replace(target)
    except sqlite3.Error as error:
        raise fault(
            {"SQLITE_FULL": "disk_full", "SQLITE_CORRUPT": "corrupt"}.get(error.sqlite_errorname, "unreachable"), str(error)
        ) from error
    except OSError as error:
        raise fault("unreachable", str(error)) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return target
