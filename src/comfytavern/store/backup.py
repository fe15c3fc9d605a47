"""Backups: a folder each, with the database, the user's files and a sidecar that says what must be in it.

    <id>/backup.json   Backup, as JSON
    <id>/database.db   SQLite: a consistent copy, made while it is in use      <id>/database.dump   PostgreSQL: pg_dump -Fc
    <id>/files/        the user's files: hard links where the disk allows that (files are only ever replaced, never written to)

A backup is made beside its final name and renamed, so a half-made one never looks like a whole one. The application's secret is not
in it: whoever finds a backup must not be able to open the keys of models. The sidecar has its fingerprint.
"""

import contextlib
import hashlib
import os
import secrets as random_bytes
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from comfytavern import __version__
from comfytavern.kernel.errors import NotFound, Unavailable
from comfytavern.store import copies, dialect
from comfytavern.store.faults import fault
from comfytavern.store.phases import State
from comfytavern.store.shape import connected, revisions, rows, state_in

SIDECAR: Final = "backup.json"
FILES: Final = "files"
DAY_S: Final = 86_400
Told = Callable[[float, str], object]


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup says of itself."""

    format: int = 1
    id: str
    created_at: float
    """Seconds since 1970, before the copy began: everything older is in it."""
    reason: str
    version: str
    database: str
    """`sqlite` or `postgresql`."""
    file: str
    sha256: str
    size_bytes: int
    level: int
    contracted: int
    revisions: tuple[str, ...]
    rows: dict[str, int]
    secret: str = ""
    """Fingerprint of the application's secret that its sealed keys need."""
    files: dict[str, int] = {}
    """Size in bytes of every file in `files/`, by its path there."""


def new_id() -> str:
    """Return a name for a backup; names sort by time."""
    return f"bak_{datetime.now(UTC):%Y%m%dT%H%M%S%f}Z_{random_bytes.token_hex(2)}"


def fingerprint(secret: str) -> str:
    """Return what identifies a secret and does not help to find it."""
    return hashlib.blake2b(secret.encode(), digest_size=8, person=b"ct-backup").hexdigest()


def write(url: str, folder: Path, *, reason: str, secret: str = "", files: Path | None = None, told: Told | None = None) -> Backup:
    """Make a backup of the database at `url`, also while it is in use, and of the user's `files`; return its sidecar.

    `folder` is the backup's own; one of the same name is replaced once the new one is whole. Raises `Unavailable`
    (`store.disk_full`, `store.corrupt`, `store.unreachable`, `db.no_tool`).
    """
    tell = told or (lambda _done, _what: None)
    part = folder.with_name(f".{folder.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True, mode=0o700)
        tell(0.05, "copying the database")
        made = _database(url, part, folder.name, reason, secret)
        tell(0.7, "linking the files")
        made = msgspec.structs.replace(made, files=_link_files(files, part / FILES) if files else {})
        _write_whole(part / SIDECAR, msgspec.json.format(msgspec.json.encode(made), indent=2))
        _into_place(part, folder)
    except OSError as error:
        raise fault("disk_full" if error.errno == 28 else "unreachable", str(error)) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    tell(1.0, "written")
    return made


def read(folder: Path) -> Backup:
    """Return the sidecar of a backup. Raises `NotFound` (`db.no_backup`), `Unavailable` (`db.backup_damaged`)."""
    try:
        return msgspec.json.decode((folder / SIDECAR).read_bytes(), type=Backup)
    except OSError as error:
        raise NotFound("db.no_backup", f"There is no backup in {folder}.", hint="See: comfytavern db list") from error
    except msgspec.DecodeError as error:
        raise damaged(folder, f"its {SIDECAR} cannot be read: {error}") from error


def found(*folders: Path) -> list[tuple[Path, Backup]]:
    """Return the backups in these folders, the newest first; what is none, or on its way in or out, is left out."""
    kept: list[tuple[Path, Backup]] = []
    for folder in folders:
        for sidecar in folder.glob(f"*/{SIDECAR}") if folder.is_dir() else ():
            if sidecar.parent.name.startswith("."):
                continue
            with contextlib.suppress(NotFound, Unavailable):
                kept.append((sidecar.parent, read(sidecar.parent)))
    return sorted(kept, key=lambda each: each[1].created_at, reverse=True)


def superfluous(backups: list[tuple[Path, Backup]], *, keep: int, keep_days: int) -> Iterator[Path]:
    """Yield those that are neither among the newest `keep` nor the newest of one of the last `keep_days` days that have one."""
    days: set[int] = set()
    for number, (folder, backup) in enumerate(sorted(backups, key=lambda each: each[1].created_at, reverse=True)):
        day = int(backup.created_at // DAY_S)
        first_of_day = day not in days and len(days) < keep_days
        if first_of_day:
            days.add(day)
        if number >= keep and not first_of_day:
            yield folder


def damaged(folder: Path, why: str) -> Unavailable:
    """Return the failure for a backup that must not be trusted."""
    return Unavailable("db.backup_damaged", f"The backup {folder.name} is damaged: {why}.", hint="Use another one: comfytavern db list")


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _database(url: str, part: Path, id: str, reason: str, secret: str) -> Backup:
    parsed, began = dialect.async_url(url), time.time()
    file = part / copies.file_name(parsed)
    counted, shape, chain = copies.dump(parsed, file, _look)
    with file.open("rb") as handle:
        os.fsync(handle.fileno())
    return Backup(
        id=id,
        created_at=began,
        reason=reason,
        version=__version__,
        database=parsed.get_backend_name(),
        file=file.name,
        sha256=checksum(file),
        size_bytes=file.stat().st_size,
        level=shape.level,
        contracted=shape.contracted,
        revisions=tuple(chain),
        rows=counted,
        secret=secret,
    )


def _look(connection: copies.Connection) -> tuple[dict[str, int], State, list[str]]:
    return rows(connection), state_in(connection), revisions(connection)


def look(url: copies.URL) -> tuple[dict[str, int], State, list[str]]:
    """Return rows, state and revisions of a database."""
    with connected(url) as connection:
        return _look(connection)


def _link_files(source: Path, target: Path) -> dict[str, int]:
    """Give every file of `source` a second name under `target` (a copy on another disk); return their sizes."""
    sizes: dict[str, int] = {}
    for path in sorted(source.rglob("*")) if source.is_dir() else ():
        name = path.relative_to(source)
        if not path.is_file() or any(part.startswith(".") for part in name.parts):
            continue
        beside = target / name
        beside.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # It was removed meanwhile.
            _link(path, beside)
            sizes[name.as_posix()] = beside.stat().st_size
    return sizes


def _link(path: Path, beside: Path) -> None:
    try:
        os.link(path, beside)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copy2(path, beside)


def _write_whole(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _into_place(part: Path, folder: Path) -> None:
    """Rename the new backup to its place; an older one of that name goes after it is there."""
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    part.rename(folder)
    descriptor = os.open(folder.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    shutil.rmtree(old, ignore_errors=True)
