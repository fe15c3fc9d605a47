"""Proving backups, and going back to one: what would be lost is said before, and what is replaced is kept aside."""

import contextlib
import shutil
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import column, func, inspect, or_, select, table

from comfytavern.kernel.errors import Failure, Unavailable
from comfytavern.store import backup as backups
from comfytavern.store import copies, dialect
from comfytavern.store.backup import Backup, Told, checksum, damaged, look
from comfytavern.store.faults import in_use
from comfytavern.store.phases import State
from comfytavern.store.shape import connected, rows
from comfytavern.store.turns import servers

CHANGING = ("schema_state", "alembic_version", "settings")
"""Tables whose rows are no one's work."""


@dataclass(frozen=True, slots=True)
class Losses:
    """What going back to a backup would lose."""

    seconds: float
    rows: dict[str, int]
    """By table: rows made or changed after the backup, or where rows have no time, how many more there are now."""
    unknown_secret: bool
    """The keys in the backup were sealed with another secret than those given."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore has done."""

    backup: Backup
    aside: str
    """File or name of the replaced database; empty when there was none."""
    files: int
    """How many of the user's files that were gone are back."""
    took_s: float


def verify(folder: Path, url: str, *, told: Told | None = None) -> Backup:
    """Restore a backup beside the database at `url`, compare it with what it says of itself, and remove the copy.

    Raises `Unavailable` (`db.backup_damaged` with the reason, `db.rights`, `db.no_tool`).
    """
    tell, backup = told or (lambda _done, _what: None), backups.read(folder)
    tell(0.05, "reading the backup")
    _same_file(folder, backup)
    with _scratch(folder, backup, dialect.async_url(url)) as copy:
        tell(0.6, "checking the copy")
        if (file := dialect.file_of(copy)) is not None:
            _sound(folder, file)
        counted, state, chain = look(copy)
    if counted != backup.rows:
        different = sorted(name for name in counted.keys() | backup.rows.keys() if counted.get(name) != backup.rows.get(name))
        raise damaged(folder, f"the rows of {', '.join(different)} are not those that were written")
    if (state, tuple(chain)) != (State(backup.level, backup.contracted), backup.revisions):
        raise damaged(folder, "its level is not the one that was written")
    tell(1.0, "verified")
    return backup


def losses(folder: Path, url: str, *, secrets: list[str]) -> Losses:
    """Return what would be lost by going back to a backup. `secrets`: fingerprints of those that the application has now."""
    backup, parsed = backups.read(folder), dialect.async_url(url)
    unknown = bool(backup.secret and secrets and backup.secret not in secrets)
    file = dialect.file_of(parsed)
    if file is not None and not file.exists():
        return Losses(time.time() - backup.created_at, {}, unknown)
    try:
        newer = _newer(parsed, backup)
    except Failure:
        newer = {}  # It is too damaged to be counted, which is why somebody goes back.
    return Losses(time.time() - backup.created_at, newer, unknown)


def restore(folder: Path, url: str, *, files: Path | None = None, aside: str = "", told: Told | None = None) -> Restored:
    """Put a backup in the place of the database at `url`, which nobody may use, and bring back the user's files that are gone.

    The replaced database is kept. With a name for it (`aside`), the restore is done once however often it is asked for. Raises
    `Conflict` (`db.in_use` with who uses it), `Unavailable` (as `verify`, and `store.newer` when this code cannot run on the backup).
    The database is then as it was.
    """
    tell, began, parsed = told or (lambda _done, _what: None), time.monotonic(), dialect.async_url(url)
    name = f"replaced-{aside or f'{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}'}"
    kept = copies.replaced(parsed, name) if aside else ""
    if kept:
        backup = backups.read(folder)
    else:
        backup = verify(folder, url, told=lambda done, what: tell(done * 0.6, what))
        problem = State(backup.level, backup.contracted).problem()
        if problem is not None and problem.code == "store.newer":
            raise problem
        _nobody(parsed)
        tell(0.7, "replacing the database")
        kept = copies.put(parsed, folder / backup.file, name)
    back = _bring_back(folder / backups.FILES, files) if files else 0
    tell(1.0, "restored")
    return Restored(backup, kept, back, time.monotonic() - began)


def undo(aside: str, url: str) -> str:
    """Put the database back that a restore has replaced; return where the restored one is, empty when nothing was replaced.

    `aside` is the name that the restore was given, or what it returned. Done once however often it is asked for. Raises `Conflict`
    (`db.in_use`) while anybody uses the database.
    """
    parsed = dialect.async_url(url)
    name = aside if "/" in aside or "replaced-" in aside else f"replaced-{aside}"
    if copies.replaced(parsed, name):
        _nobody(parsed)
    return copies.undo(parsed, name)


def _nobody(url: dialect.URL) -> None:
    file = dialect.file_of(url)
    if file is not None and not file.exists():
        return
    try:
        with connected(url) as connection:
            who = servers(connection)
    except Failure:
        return  # Too damaged to say; replacing it fails while anybody has it open.
    if who:
        raise in_use(who)


def _same_file(folder: Path, backup: Backup) -> None:
    try:
        found = checksum(folder / backup.file)
    except OSError as error:
        raise damaged(folder, f"{backup.file} cannot be read: {error.strerror}") from error
    if found != backup.sha256:
        raise damaged(folder, f"{backup.file} is not what was written (its checksum differs)")
    for name, size in backup.files.items():
        path = folder / backups.FILES / name
        if not path.is_file() or path.stat().st_size != size:
            raise damaged(folder, f"files/{name} is missing or has another size")


@contextmanager
def _scratch(folder: Path, backup: Backup, url: dialect.URL) -> Generator[dialect.URL]:
    """Give a restored copy for as long as the block lasts."""
    if url.get_backend_name() != backup.database:
        raise damaged(folder, f"it is of {backup.database}, the database is {url.get_backend_name()}")
    with tempfile.TemporaryDirectory(prefix=".verify-", dir=folder.parent) as place, contextlib.ExitStack() as stack:
        try:
            copy = stack.enter_context(copies.scratch(url, folder / backup.file, Path(place)))
        except Unavailable as failure:
            raise (damaged(folder, failure.sentence) if failure.code == "db.tool" else failure) from failure
        yield copy


def _sound(folder: Path, file: Path) -> None:
    try:
        dialect.examine_file(file, thorough_bytes=1 << 62)
        with connected(dialect.async_url(f"sqlite:///{file}")) as connection:
            dialect.check_references(connection)
    except Failure as failure:
        raise damaged(folder, str(failure.params.get("detail") or failure.sentence)) from failure


def _newer(url: dialect.URL, backup: Backup) -> dict[str, int]:
    found: dict[str, int] = {}
    with connected(url) as connection:
        look_at = inspect(connection)
        for name, count in rows(connection).items():
            if name in CHANGING:
                continue
            times = [each["name"] for each in look_at.get_columns(name) if each["name"] in {"created_at", "updated_at", "ended_at"}]
            more = max(0, count - backup.rows.get(name, 0))
            if times:
                late = or_(*(column(name_) > backup.created_at for name_ in times))
                more = connection.scalar(select(func.count()).select_from(table(name)).where(late)) or 0
            if more:
                found[name] = more
    return found


def _bring_back(source: Path, target: Path) -> int:
    """Copy the files of a backup that are not there any more; what is there stays as it is. Return how many."""
    count = 0
    for path in sorted(source.rglob("*")) if source.is_dir() else ():
        place = target / path.relative_to(source)
        if path.is_file() and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            unfinished = place.with_name(f".{place.name}.part")
            shutil.copy2(path, unfinished)
            unfinished.replace(place)
            count += 1
    return count
