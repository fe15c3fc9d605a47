"""Brings a database to the shape this version needs, and never loses anything on the way."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError

from comfytavern.store import dialect
from comfytavern.store.backup import backup_file
from comfytavern.store.faults import explained, fault

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0002"
"""The newest revision. Written down so that a start with nothing to do need not load Alembic (0.3 s)."""
_FOLDER = Path(__file__).parent / "migrations"


def prepare(url: str, *, backups: Path | None = None) -> Path | None:
    """Create or upgrade the database at `url`; return the backup that was made before an upgrade of a file.

    Raises `Unavailable`: `store.corrupt`, `store.newer`, `store.locked`, `store.disk_full`, `store.unreachable`. The file is then
    as it was. Blocks: call it before the event loop or in a thread.
    """
    parsed = dialect.async_url(url)
    file = dialect.file_of(parsed)
    if file is not None and file.exists() and file.stat().st_size:
        dialect.examine_file(file)
    elif file is not None:
        _make_folder(file)
    backup = None
    try:
        found = current(parsed)
        if found == HEAD:
            return None
        if found is not None and found not in _known():
            raise fault("newer", f"revision {found}")
        if found is not None and file is not None:
            backup = backup_file(file, (backups or file.parent / "backups") / _backup_name(file, found))
        upgrade(parsed)
    except DBAPIError as error:
        raise explained(error) or error from error
    return backup


def current(url: URL) -> str | None:
    """Return the revision of the database at `url`, None for an empty one."""
    engine = create_engine(dialect.sync_url(url))
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    finally:
        engine.dispose()


def upgrade(url: URL, revision: str = "head") -> None:
    """Run the migrations up to `revision` in one transaction: all or nothing."""
    from alembic import command  # noqa: PLC0415 -- see HEAD

    _migrate(url, lambda config: command.upgrade(config, revision))


def downgrade(url: URL, revision: str) -> None:
    """Run the migrations down to `revision` (`base`: an empty database) in one transaction."""
    from alembic import command  # noqa: PLC0415 -- see HEAD

    _migrate(url, lambda config: command.downgrade(config, revision))


def settings(connection: Connection | None = None) -> "Config":
    """Return Alembic's configuration; there is no alembic.ini, because there is nothing in it to set."""
    from alembic.config import Config  # noqa: PLC0415 -- see HEAD

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    return config


def _migrate(url: URL, step: Callable[["Config"], None]) -> None:
    engine = create_engine(dialect.sync_url(url))
    dialect.configure(engine, foreign_keys=False)  # A table that is rebuilt must not take its dependants with it.
    try:
        with engine.connect().execution_options(**{dialect.IMMEDIATE: True, dialect.DURABLE: True}) as connection, connection.begin():
            step(settings(connection))
            dialect.check_references(connection)
    finally:
        engine.dispose()


def _known() -> set[str]:
    from alembic.script import ScriptDirectory  # noqa: PLC0415 -- see HEAD

    return {script.revision for script in ScriptDirectory(str(_FOLDER)).walk_revisions()}


def _backup_name(file: Path, revision: str) -> str:
    return f"{file.stem}-{revision}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}Z{file.suffix or '.db'}"


def _make_folder(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise fault("unreachable", str(error)) from error
