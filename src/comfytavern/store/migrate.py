"""Brings a database to the shape this version needs, and never loses anything on the way."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, create_engine, inspect
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from comfytavern.kernel.errors import Failure, Unavailable
from comfytavern.store import backup as backups_of
from comfytavern.store import dialect, phases
from comfytavern.store.faults import explained, fault
from comfytavern.store.phases import FOLDER, LEVEL, Phase, State
from comfytavern.store.shape import current as current  # noqa: PLC0414 -- offered here too
from comfytavern.store.shape import revisions, state, state_in
from comfytavern.store.tables import schema_state
from comfytavern.store.turns import one_migrator

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0003"
"""The newest expand revision. Written down for the same reason as `phases.LEVEL`."""
PAUSE_S = (0.2, 1.0)
"""Between two tries, so that whoever waited behind the last one gets through first."""
Told = Callable[[float, str], object]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a migration may stand in the way: a lock is waited for `lock_timeout_ms`, then everybody else goes first."""

    lock_timeout_ms: int = 300
    retries: int = 40


@dataclass(frozen=True, slots=True)
class Migrated:
    """What a migration has done."""

    applied: tuple[str, ...]
    state: State
    tries: int


def prepare(url: str, *, backups: Path | None = None, may_migrate: bool = True) -> Path | None:
    """Create or upgrade the database at `url`; return the backup that was made before an upgrade of a file.

    A database that has grown beyond this code is served as long as nothing that this code needs was taken away. Raises `Unavailable`:
    `db.behind` when it may not be migrated here, `store.corrupt`, `store.newer`, `store.locked`, `store.disk_full`,
    `store.unreachable`. The database is then as it was. Blocks: call it before the event loop or in a thread.
    """
    parsed = dialect.async_url(url)
    file = dialect.file_of(parsed)
    if file is not None and file.exists() and file.stat().st_size:
        dialect.examine_file(file)
    elif file is not None:
        _make_folder(file)
    found = state(parsed)
    problem = found.problem()
    if problem is None:
        return None
    if problem.code != "db.behind" or not may_migrate:
        raise problem
    backup = None
    if found.level and file is not None:
        folder = (backups or file.parent / "backups") / backups_of.new_id()
        backup = backups_of.write(url, folder, reason=f"before level {LEVEL}") and folder
    migrate(url, Phase.MIGRATE)
    return backup


def migrate(url: str, phase: Phase, *, patience: Patience = Patience(), folder: Path = FOLDER, told: Told | None = None) -> Migrated:
    """Run every revision of `phase` and of earlier phases that has not been run; one process of the whole cluster at a time.

    All or nothing. Waits for a lock only as long as `patience` says, lets everybody else go first, and tries again. Raises
    `Unavailable`: `db.failed` with the cause, `store.locked` when every try met a lock, and what `prepare` raises.
    """
    parsed, tell = dialect.async_url(url), told or (lambda _done, _what: None)
    all_steps = phases.steps(folder)
    targets = phases.heads(all_steps, phase.and_earlier())
    with one_migrator(parsed, tell):
        for tries in range(1, patience.retries + 2):
            tell((tries - 1) / (patience.retries + 1), f"{phase}: try {tries}" if tries > 1 else f"{phase}")
            try:
                applied, after = _run(parsed, all_steps, targets, patience, folder)
            except Failure as failure:
                if failure.code != "store.locked" or tries > patience.retries:
                    raise
                time.sleep(random.uniform(*PAUSE_S))
            else:
                tell(1.0, "done")
                return Migrated(applied, after, tries)
    raise fault("locked", "no try was left")


def upgrade(url: URL, revision: str = "heads", *, folder: Path = FOLDER) -> None:
    """Run the migrations up to `revision` in one transaction: all or nothing."""
    from alembic import command  # noqa: PLC0415 -- see phases.LEVEL

    _in_transaction(url, lambda connection: command.upgrade(settings(connection, folder), revision), folder=folder)


def downgrade(url: URL, revision: str, *, folder: Path = FOLDER) -> None:
    """Run the migrations down to `revision` (`base`: an empty database) in one transaction."""
    from alembic import command  # noqa: PLC0415 -- see phases.LEVEL

    _in_transaction(url, lambda connection: command.downgrade(settings(connection, folder), revision), folder=folder)


def settings(connection: Connection | None = None, folder: Path = FOLDER) -> "Config":
    """Return Alembic's configuration; there is no alembic.ini, because there is nothing in it to set."""
    from alembic.config import Config  # noqa: PLC0415 -- see phases.LEVEL

    config = Config()
    config.set_main_option("script_location", str(folder))
    config.attributes["connection"] = connection
    return config


def _run(
    url: URL, all_steps: tuple[phases.Step, ...], targets: list[str], patience: Patience, folder: Path
) -> tuple[tuple[str, ...], State]:
    from alembic import command  # noqa: PLC0415 -- see phases.LEVEL

    wanted = phases.with_needs(all_steps, targets)
    found: list[tuple[str, ...]] = []

    def step(connection: Connection) -> None:
        unknown = [revision for revision in revisions(connection) if revision not in {step.revision for step in all_steps}]
        done = {step.revision for step in phases.with_needs(all_steps, revisions(connection))}
        missing = [step for step in wanted if step.revision not in done]
        if unknown and missing and state_in(connection).level >= max(step.level for step in missing):
            missing = []  # A newer version was here: it has done all of this.
        if unknown and missing:
            raise fault("newer", f"revisions {', '.join(unknown)}")
        for target in targets if missing else ():
            command.upgrade(settings(connection, folder), target)
        found.append(tuple(step.revision for step in missing))

    try:
        after = _in_transaction(url, step, patience=patience, folder=folder)
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        raise _failed(cause) from error
    except Failure:
        raise
    except Exception as error:
        raise _failed(f"{type(error).__name__}: {error}") from error
    return found[0], after


def _failed(cause: str) -> Failure:
    hint = "Nothing was changed. The running version goes on; do not start the new one."
    return Unavailable("db.failed", f"The migration failed: {cause}", hint=hint)


def _in_transaction(url: URL, step: Callable[[Connection], object], *, patience: Patience | None = None, folder: Path = FOLDER) -> State:
    """Do `step`, note the state that it leads to, and commit; return the state."""
    engine = create_engine(dialect.sync_url(url))
    dialect.configure(engine, foreign_keys=False)  # A table that is rebuilt must not take its dependants with it.
    if patience is not None:
        dialect.impatient(engine, patience.lock_timeout_ms)
    try:
        with engine.connect().execution_options(**{dialect.IMMEDIATE: True, dialect.DURABLE: True}) as connection, connection.begin():
            step(connection)
            after = _note(connection, folder)
            dialect.check_references(connection)
        return after
    except DBAPIError as error:
        failure = explained(error)
        raise failure if failure and failure.code != "store.corrupt" else error from error
    finally:
        engine.dispose()


def _note(connection: Connection, folder: Path) -> State:
    """Write down the state of the database, where there is a table for it."""
    if not inspect(connection).has_table(schema_state.name):
        return state_in(connection)
    after = phases.reached(phases.with_needs(phases.steps(folder), revisions(connection)), state_in(connection))
    values = {"level": after.level, "contracted": after.contracted}
    if connection.execute(schema_state.update().values(values)).rowcount == 0:
        connection.execute(schema_state.insert().values(id=1, **values))
    return after


def _make_folder(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise fault("unreachable", str(error)) from error
