"""`comfytavern db`: the shape of the database, its backups, and the way back to one of them."""

import json as json_format
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from comfytavern.cli.options import DataDir
from comfytavern.kernel.errors import Failure

if TYPE_CHECKING:
    from comfytavern.settings.settings import Settings
    from comfytavern.store.backup import Told

db = typer.Typer(help="Migrate the database, back it up, prove backups, go back to one.", no_args_is_help=True, rich_markup_mode=None)
Json = Annotated[bool, typer.Option("--json", help="Print one line of JSON, and nothing else to stdout.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Lock = Annotated[int, typer.Option(min=1, max=60_000, help="How long a lock is waited for before everybody else goes first.")]
Tries = Annotated[int, typer.Option(min=0, max=1000, help="How often it is tried again.")]
Which = Annotated[str, typer.Argument(metavar="BACKUP", help="Id or folder of a backup, or `newest`.")]


@db.command()
def status(data_dir: DataDir = None, *, json: Json = False) -> None:
    """Print the level of the database, what this version needs, and what is still to be run."""
    with _verb(data_dir, json=json) as (settings, _told, say):
        from comfytavern.boot import database  # noqa: PLC0415 -- a second that `version` need not wait

        found = database.status(settings)
        pending = [f"{phase}: {', '.join(names)}" for phase, names in found["pending"].items() if names]
        shape = f"level {found['level']} of {found['needed']}, contracted to {found['contracted']}"
        say(found, f"{shape}: {found['problem'] or 'ok'}", *pending)


@db.command()
def migrate(
    data_dir: DataDir = None,
    *,
    phase: Annotated[Literal["expand", "migrate", "contract"], typer.Option(help="What is run, with what comes before it.")] = "expand",
    lock_timeout_ms: Lock = 300,
    retries: Tries = 40,
    json: Json = False,
) -> None:
    """Bring the database to what this version needs, also while others use it; one process at a time, all or nothing."""
    if phase == "contract":
        contract(data_dir, releases_file=None, lock_timeout_ms=lock_timeout_ms, retries=retries, yes=json, json=json)
        return
    with _verb(data_dir, json=json) as (settings, told, say):
        from comfytavern.store.migrate import Patience  # noqa: PLC0415 -- as above
        from comfytavern.store.migrate import migrate as run  # noqa: PLC0415 -- as above
        from comfytavern.store.phases import Phase  # noqa: PLC0415 -- as above

        settings.data_dir.mkdir(parents=True, exist_ok=True)
        done = run(settings.database, Phase(phase), patience=Patience(lock_timeout_ms, retries), told=told)
        say(_migrated(done), f"Level {done.state.level}; {', '.join(done.applied) or 'there was nothing to do'}.")


@db.command()
def contract(
    data_dir: DataDir = None,
    *,
    releases_file: Annotated[Path | None, typer.Option(help="JSON object of releases that may still run, and their levels.")] = None,
    lock_timeout_ms: Lock = 300,
    retries: Tries = 40,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Take away what no release needs any more. Refused while a slot or the release to roll back to still needs it."""
    with _verb(data_dir, json=json) as (settings, told, say):
        from comfytavern.boot import database  # noqa: PLC0415 -- as above
        from comfytavern.store.migrate import Patience  # noqa: PLC0415 -- as above

        known = database.releases(settings, releases_file)
        if not yes:
            typer.confirm("Earlier releases cannot run afterwards. Go on?", abort=True, err=True)
        done = database.contract(settings, Patience(lock_timeout_ms, retries), known, told)
        say(_migrated(done), f"Contracted to {done.state.contracted}; {', '.join(done.applied) or 'there was nothing to do'}.")


@db.command()
def backup(
    data_dir: DataDir = None,
    *,
    to: Annotated[Path | None, typer.Option(help="Folder of this backup; default: a new one in DATA_DIR/backups.")] = None,
    reason: Annotated[str, typer.Option(help="Why, for people who look later.")] = "by hand",
    verify: Annotated[bool, typer.Option("--verify/--no-verify", help="Restore it aside at once and compare.")] = True,
    files: Annotated[bool, typer.Option("--files/--no-files", help="With the files of the users.")] = True,
    json: Json = False,
) -> None:
    """Back up the database and the users' files, also while they are in use. The secret is not in it: keep that elsewhere."""
    with _verb(data_dir, json=json) as (settings, told, say):
        from comfytavern.boot import database  # noqa: PLC0415 -- as above

        began = time.monotonic()
        place, made = database.back_up(settings, to, reason=reason, verify=verify, files=files, told=told)
        value = _about(place, made) | {"verified": verify, "took_s": round(time.monotonic() - began, 3)}
        say(value, f"{place}  {made.size_bytes:,} bytes{', verified' if verify else ''}")


@db.command("list")
def list_backups(data_dir: DataDir = None, *, json: Json = False) -> None:
    """Print the backups, the newest first."""
    with _verb(data_dir, json=json) as (settings, _told, say):
        from comfytavern.boot import database  # noqa: PLC0415 -- as above
        from comfytavern.store.backup import found  # noqa: PLC0415 -- as above

        known = found(*database.folders(settings))
        lines = [
            f"{_moment(made.created_at)}  {made.size_bytes:>12,}  level {made.level}  {made.reason:<10}  {place}" for place, made in known
        ]
        say({"items": [_about(place, made) for place, made in known]}, *lines or ["There is no backup yet."])


@db.command()
def verify(which: Which = "newest", data_dir: DataDir = None, *, json: Json = False) -> None:
    """Restore a backup aside, compare it with what was written, and remove the copy."""
    with _verb(data_dir, json=json) as (settings, told, say):
        from comfytavern.boot import database  # noqa: PLC0415 -- as above
        from comfytavern.store import restore as going_back  # noqa: PLC0415 -- as above

        place = database.find(settings, which)
        made = going_back.verify(place, settings.database, told=told)
        say(_about(place, made), f"{made.id} is whole: {sum(made.rows.values()):,} rows in {len(made.rows)} tables.")


@db.command()
def drill(which: Which = "newest", data_dir: DataDir = None, *, json: Json = False) -> None:
    """Practise a restore: put a backup aside, run this version on it, read everybody's work, and print the time it took."""
    with _verb(data_dir, json=json) as (settings, told, say):
        from comfytavern.boot import database  # noqa: PLC0415 -- as above

        seen = database.drill(settings, database.find(settings, which), told)
        work = f"{seen['users']} users, {seen['projects']} projects, {seen['workflows']} workflows"
        say(seen, f"{seen['id']} would be back in {seen['took_s']:.1f} s: {work}; it is {_span(seen['age_s'])} old.")


@db.command()
def restore(
    which: Which,
    data_dir: DataDir = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be lost.")] = False,
    aside: Annotated[str, typer.Option(help="Name for the replaced database: asked for again with it, nothing is done twice.")] = "",
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Go back to a backup while nothing serves. Says what would be lost, asks, and keeps the replaced database."""
    with _verb(data_dir, json=json) as (settings, told, say):
        from comfytavern.boot import database  # noqa: PLC0415 -- as above
        from comfytavern.store import backup as backups  # noqa: PLC0415 -- as above
        from comfytavern.store import restore as going_back  # noqa: PLC0415 -- as above

        place = database.find(settings, which)
        lost = going_back.losses(place, settings.database, secrets=database.fingerprints(settings))
        said = {"lost": {"seconds": round(lost.seconds, 1), "rows": lost.rows}, "unknown_secret": lost.unknown_secret}
        if dry_run:
            say(_about(place, backups.read(place)) | said, *_loss_lines(lost))
            return
        for line in _loss_lines(lost):
            print(line, file=sys.stderr)
        if not yes:
            typer.confirm("Go back to this backup?", abort=True, err=True)
        done = going_back.restore(place, settings.database, files=settings.data_dir / "files", aside=aside, told=told)
        value = _about(place, done.backup) | {"aside": done.aside, "files": done.files, "took_s": round(done.took_s, 3)} | said
        say(value, f"{done.backup.id} is in place.", *([f"The replaced database: {done.aside}"] if done.aside else []))


@db.command()
def undo(
    which: Annotated[str, typer.Argument(metavar="REPLACED", help="The replaced database, as the restore has named it.")],
    data_dir: DataDir = None,
    *,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Put the database back that a restore has replaced, while nothing serves; the restored one is kept aside."""
    with _verb(data_dir, json=json) as (settings, _told, say):
        from comfytavern.store import restore as going_back  # noqa: PLC0415 -- as above

        if not yes:
            typer.confirm("What was made since the restore will be aside. Go on?", abort=True, err=True)
        aside = going_back.undo(which, settings.database)
        said = f"The database from before is back. The restored one: {aside}" if aside else "Nothing was replaced under that name."
        say({"undone": bool(aside), "aside": aside}, said)


@contextmanager
def _verb(data_dir: Path | None, *, json: bool) -> "Generator[tuple[Settings, Told, Callable[..., None]]]":
    """Give the settings, a bar for people, and the way to say the outcome; with `json` a failure is a line on stdout too."""
    from comfytavern.settings.settings import read  # noqa: PLC0415 -- a second that `version` need not wait

    def say(value: dict[str, Any], *lines: str) -> None:
        print(json_format.dumps(value, ensure_ascii=False) if json else "\n".join(lines))

    try:
        with _bar(shown=not json and sys.stderr.isatty()) as told:
            yield read(data_dir=data_dir), told, say
    except Failure as failure:
        if not json:
            raise
        say(
            {
                "code": failure.code,
                "sentence": failure.sentence,
                "hint": failure.hint,
                "params": failure.params,
                "problems": [each.message for each in failure.problems],
            }
        )
        raise typer.Exit(1) from None


@contextmanager
def _bar(*, shown: bool) -> "Generator[Told]":
    if not shown:
        yield lambda _done, _what: None
        return

    def told(done: float, what: str) -> None:
        filled = round(done * 24)
        print(f"\r[{'█' * filled}{' ' * (24 - filled)}] {done:4.0%}  {what:<42.42}", end="", file=sys.stderr, flush=True)

    try:
        yield told
    finally:
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def _migrated(done: Any) -> dict[str, Any]:
    return {"applied": list(done.applied), "level": done.state.level, "contracted": done.state.contracted, "tries": done.tries}


def _about(place: Path, made: Any) -> dict[str, Any]:
    names = ("id", "created_at", "reason", "database", "sha256", "size_bytes", "level", "contracted", "rows")
    return {"path": str(place), **{name: getattr(made, name) for name in names}, "files": len(made.files)}


def _loss_lines(lost: Any) -> list[str]:
    lines = [f"The backup is {_span(lost.seconds)} old."]
    if lost.rows:
        lines.append(
            "What was made or changed since would be lost: " + ", ".join(f"{n} in {name}" for name, n in sorted(lost.rows.items()))
        )
    if lost.unknown_secret:
        lines.append(
            "Its model keys were sealed with another secret: give that as JWT_SECRET or JWT_SECRET_PREVIOUS, or enter the keys again."
        )
    return lines


def _span(seconds: float) -> str:
    hours, minutes = int(seconds // 3600), int(seconds % 3600 // 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {int(seconds % 60)} s"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
