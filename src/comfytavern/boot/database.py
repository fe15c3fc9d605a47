"""The database's care, as the settings say: its state, migrations, backups by hand and by the clock, drills, restores."""

import asyncio
import contextlib
import json
import logging
import shutil
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import select
from sqlalchemy import update as sql_update
from sqlalchemy.exc import IntegrityError

from comfytavern.boot.secrets import FILE
from comfytavern.kernel.errors import Conflict, Failure, Invalid, NotFound
from comfytavern.settings.settings import Settings
from comfytavern.store import backup as backups
from comfytavern.store import copies, dialect, migrate, phases, restore
from comfytavern.store.accounts import SqlUsers
from comfytavern.store.backup import Backup, Told
from comfytavern.store.database import Database
from comfytavern.store.phases import Phase, State
from comfytavern.store.projects import SqlProjects, SqlWorkflows
from comfytavern.store.shape import connected, revisions, state_in
from comfytavern.store.tables import schema_state
from comfytavern.store.tables import settings as kept_settings
from comfytavern.store.turns import servers

log = logging.getLogger(__name__)
SCHEDULED: Final = "scheduled"
PRODUCTION_EVERY_H: Final = 24.0
LAST: Final = "backup.last"
LOOK_S: Final = 60.0
AGAIN_S: Final = 600.0
"""After a backup that failed."""


def folder(settings: Settings) -> Path:
    """Return where backups are made."""
    return settings.data_dir.absolute() / "backups"


def folders(settings: Settings) -> list[Path]:
    """Return where backups are: ours, and those that deployments made."""
    return [folder(settings), *([Path(settings.deploy_root) / "backups"] if settings.deploy_root else [])]


def find(settings: Settings, name: str) -> Path:
    """Return the folder of the backup that is named by id or path, or `newest`. Raises `NotFound` (`db.no_backup`)."""
    if name == "newest":
        known = backups.found(*folders(settings))
        if not known:
            raise NotFound("db.no_backup", "There is no backup yet.", hint="Make one: comfytavern db backup")
        return known[0][0]
    for place in (Path(name), *(each / name for each in folders(settings))):
        if (place / backups.SIDECAR).is_file():
            return place.absolute()
    raise NotFound("db.no_backup", f"There is no backup {name}.", hint="See: comfytavern db list")


def fingerprints(settings: Settings) -> list[str]:
    """Return those of the application's secrets, the current one first; none when there is none yet."""
    given = [secret.reveal() for secret in settings.secrets]
    with contextlib.suppress(OSError):
        given = given or [(settings.data_dir / FILE).read_text(encoding="ascii").strip()]
    return [backups.fingerprint(each) for each in given]


def status(settings: Settings) -> dict[str, Any]:
    """Return what the database says of itself, what this code needs, what is still to be run, and who uses it."""
    url, all_steps = dialect.async_url(settings.database), phases.steps()
    file = dialect.file_of(url)
    found, chain, who = State(), list[str](), list[str]()
    if file is None or file.exists():
        with connected(url) as connection:
            found, chain, who = state_in(connection), revisions(connection), servers(connection)
    done = {step.revision for step in phases.with_needs(all_steps, chain)}
    problem = found.problem()
    newest = backups.found(*folders(settings))
    return {
        "level": found.level,
        "contracted": found.contracted,
        "needed": phases.LEVEL,
        "state": "ok" if problem is None else {"store.newer": "newer"}.get(problem.code, "behind" if found.level else "empty"),
        "problem": problem.sentence if problem else None,
        "database": url.get_backend_name(),
        "revisions": chain,
        "pending": {phase.value: [s.revision for s in all_steps if s.phase is phase and s.revision not in done] for phase in Phase},
        "servers": who,
        "backup": {"id": newest[0][1].id, "created_at": newest[0][1].created_at} if newest else None,
    }


def back_up(
    settings: Settings, to: Path | None, *, reason: str, verify: bool = True, files: bool = True, told: Told | None = None
) -> tuple[Path, Backup]:
    """Make a backup, by default verified; one that cannot be verified is removed again. Raises `Failure`."""
    place = (to or folder(settings) / backups.new_id()).absolute()
    tell, area = told or (lambda _done, _what: None), settings.data_dir / "files" if files else None
    secret = next(iter(fingerprints(settings)), "")
    share = 0.5 if verify else 1.0
    made = backups.write(
        settings.database, place, reason=reason, secret=secret, files=area, told=lambda done, what: tell(done * share, what)
    )
    if verify:
        try:
            restore.verify(place, settings.database, told=lambda done, what: tell(share + done * (1 - share), what))
        except Failure as failure:
            if failure.code == "db.backup_damaged":
                shutil.rmtree(place, ignore_errors=True)
            raise
    return place, made


def contract(settings: Settings, patience: migrate.Patience, releases: dict[str, int], told: Told | None = None) -> migrate.Migrated:
    """Take away what no release in use needs. `releases`: their levels. Raises `Conflict` (`db.needed`) naming those that need it."""
    chain = phases.steps()
    until = max((step.level for step in chain if step.phase is Phase.CONTRACT), default=0)
    if needing := sorted(name for name, level in releases.items() if level < until):
        sentence = f"{', '.join(needing)} cannot run afterwards: that needs code of level {until}."
        raise Conflict("db.needed", sentence, hint="Finish the deployment (comfytavern deploy finish), then try again.", releases=needing)
    return migrate.migrate(settings.database, Phase.CONTRACT, patience=patience, told=told)


def releases(settings: Settings, file: Path | None) -> dict[str, int]:
    """Return the level of every release that may still have to run here: those of a JSON file {release: level}, and those of the host.

    On a host they are the ones in the slots, the current one and the previous good one. Raises `Invalid` (`db.releases`).
    """
    found: dict[str, int] = {}
    if file is not None:
        try:
            found |= msgspec.json.decode(file.read_bytes(), type=dict[str, int])
        except (OSError, msgspec.DecodeError) as error:
            raise Invalid("db.releases", f"{file} is not a JSON object of releases and their levels: {error}") from error
    if settings.deploy_root:
        for manifest in _manifests(Path(settings.deploy_root)):
            try:
                about = json.loads(manifest.read_bytes())
                found[str(about["release"])] = int(about["schema"]["level"])
            except (OSError, ValueError, KeyError, TypeError) as error:
                hint = "Remove that release, or repair it."
                raise Invalid("db.releases", f"{manifest} does not say which level its release has.", hint=hint) from error
    return found


def drill(settings: Settings, place: Path, told: Told | None = None) -> dict[str, Any]:
    """Restore a backup aside, run this code on the copy and read everybody's work through it; return what was seen and the time."""
    began, tell = time.monotonic(), told or (lambda _done, _what: None)
    made = restore.verify(place, settings.database, told=lambda done, what: tell(done * 0.5, what))
    with (
        tempfile.TemporaryDirectory(prefix=".drill-", dir=place.parent) as scratch,
        copies.scratch(dialect.async_url(settings.database), place / made.file, Path(scratch)) as copy,
    ):
        address = copy.render_as_string(hide_password=False)
        tell(0.7, "starting this version on the copy")
        migrate.migrate(address, Phase.MIGRATE)
        seen = asyncio.run(_read_everything(address))
    tell(1.0, "done")
    age = time.time() - made.created_at
    return {"id": made.id, "age_s": round(age, 1), "took_s": round(time.monotonic() - began, 3), **seen, "rows": sum(made.rows.values())}


@asynccontextmanager
async def backing_up(current: Callable[[], Settings], database: Database) -> AsyncGenerator[None]:
    """Make backups by the clock for as long as the block lasts; of several servers one makes each."""
    settings = current()
    hours = settings.backup_every_h
    if hours is None:
        hours = PRODUCTION_EVERY_H if settings.environment == "production" else 0.0
    if not hours:
        yield
        return
    async with asyncio.TaskGroup() as group:
        task = group.create_task(_by_the_clock(current, database, hours * 3600))
        try:
            yield
        finally:
            task.cancel()


async def claim(database: Database, every_s: float, now: float) -> bool:
    """Take it upon this process to make the backup that is due; False when none is, or another process has taken it."""
    row = {"value": {}, "updated_at": now}
    async with database.write() as connection:
        due = sql_update(kept_settings).where(kept_settings.c.name == LAST, kept_settings.c.updated_at <= now - every_s)
        if (await connection.execute(due.values(row))).rowcount:
            return True
        if (await connection.execute(select(kept_settings.c.name).where(kept_settings.c.name == LAST))).first():
            return False
    try:
        async with database.write() as connection:
            await connection.execute(kept_settings.insert().values(name=LAST, **row))
    except IntegrityError:
        return False  # Another process was faster.
    return True


async def up_to_date(database: Database) -> None:
    """Check that this code can run on the database. Raises `Unavailable` (`db.behind`, `store.newer`)."""
    problem = (await state_of(database)).problem()
    if problem:
        raise problem


async def state_of(database: Database) -> State:
    """Return what an open database says of itself."""
    async with database.read() as connection:
        row = (await connection.execute(select(schema_state.c.level, schema_state.c.contracted))).first()
    return State(row.level, row.contracted) if row else State()


async def _by_the_clock(current: Callable[[], Settings], database: Database, every_s: float) -> None:
    while True:
        try:
            if await claim(database, every_s, time.time()):
                try:
                    await asyncio.to_thread(_scheduled, current())
                except Exception:
                    await _give_back(database, every_s)
                    raise
        except Failure as failure:
            log.error("the scheduled backup failed: %s", failure.sentence, extra={"code": failure.code})  # noqa: TRY400 -- it is a sentence, not a bug
        except Exception:
            log.exception("the scheduled backup failed")
        await asyncio.sleep(LOOK_S)


async def _give_back(database: Database, every_s: float) -> None:
    async with database.write() as connection:
        due = sql_update(kept_settings).where(kept_settings.c.name == LAST)
        await connection.execute(due.values(updated_at=time.time() - every_s + AGAIN_S))


def _scheduled(settings: Settings) -> None:
    place, made = back_up(settings, None, reason=SCHEDULED, verify=True, files=True)
    log.info("backup %s was made and verified", made.id, extra={"backup": made.id, "size_bytes": made.size_bytes})
    ours = [each for each in backups.found(place.parent) if each[1].reason == SCHEDULED]
    for old in backups.superfluous(ours, keep=settings.backup_keep, keep_days=settings.backup_keep):
        shutil.rmtree(old, ignore_errors=True)


def _manifests(root: Path) -> Iterator[Path]:
    names = {place.resolve().name for place in (root / "current", *(root / "slots").glob("*")) if place.exists()}
    with contextlib.suppress(OSError, ValueError):
        known = json.loads((root / "state" / "state.json").read_bytes())
        names |= {value for value in (known.get("previous"), known.get("previous_good")) if isinstance(value, str)}
    for name in sorted(names):
        manifest = root / "releases" / name / "manifest.json"
        if manifest.parent.is_dir():
            yield manifest


async def _read_everything(url: str) -> dict[str, int]:
    database = Database(url)
    counted = {"users": 0, "projects": 0, "workflows": 0}
    try:
        for user in await SqlUsers(database).everybody():
            counted["users"] += 1
            for project in (await SqlProjects(database).page(user.id, trash=False, cursor=None, limit=1000)).items:
                counted["projects"] += 1
                found = await SqlWorkflows(database).page(user.id, project.id, trash=False, cursor=None, limit=1000)
                counted["workflows"] += len(found.items)
    finally:
        await database.close()
    return counted
