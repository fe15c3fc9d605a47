"""The database's verbs, done by the release that knows how: `comfytavern db …` in the app's environment, as the app's user."""

from __future__ import annotations

import contextlib
import json
import os
import time
from typing import TYPE_CHECKING, Any

from . import disk, environment, gate, process, releases
from .failures import Failed

if TYPE_CHECKING:
    from .context import Context

HINT = "Nobody was sent to another release. Details: `comfytavern deploy logs`."
LONG_S = 1800.0
IN_USE_S, ASK_S = 40.0, 1.0
"""A server that was killed counts as one that uses the database for 20 s."""


def db_status(context: Context, release: str) -> dict[str, Any]:
    """Return what `release` says of the database: {level, contracted, …}."""
    return _db(context, release, ["status"], timeout_s=60)


def backup(context: Context, release: str, deploy: str) -> dict[str, Any]:
    """Back the data up to backups/<deploy>, restore it aside and compare; returns what `comfytavern db backup` says, and the path."""
    target = os.path.join(context.paths.backups, deploy)
    if "/" in deploy or deploy.startswith("."):
        raise Failed("deploy.bad_call", f"{deploy!r} is not the id of a deployment.")
    done = _db(context, release, ["backup", "--to", target, "--verify"])
    return {**done, "path": target}


def migrate(context: Context, release: str, phase: str = "expand", lock_timeout_ms: int = 300, retries: int = 40) -> dict[str, Any]:
    """Run the migrations of one phase; the lock timeout lets waiting requests pass between two tries."""
    if phase not in ("expand", "migrate", "contract"):
        raise Failed("deploy.bad_call", f"There is no phase {phase!r}.")
    args = ["migrate", "--phase", phase, "--lock-timeout-ms", str(int(lock_timeout_ms)), "--retries", str(int(retries))]
    return _db(context, release, args)


def backups(context: Context) -> dict[str, Any]:
    """Return the backups on this host, oldest first, as {id, path, created_at, level, …}; the ledger, and the last restore."""
    found = []
    for folder in (context.paths.backups, os.path.join(context.paths.data, "backups")):
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            about = disk.read_json(os.path.join(folder, name, "backup.json"))
            if isinstance(about, dict) and not name.startswith("."):
                known = ("id", "created_at", "reason", "level", "contracted", "size_bytes", "database")
                found.append({"path": os.path.join(folder, name), **{key: about.get(key) for key in known}})
    ledger = disk.lines(os.path.join(context.paths.state, "ledger.jsonl"), last=200)
    restored = disk.read_json(os.path.join(context.paths.state, "restored.json"))
    return {"items": sorted(found, key=lambda each: each["created_at"] or 0), "ledger": ledger, "restored": restored}


def losses(context: Context, release: str, backup: str) -> dict[str, Any]:
    """Return what going back to a backup would lose: {lost: {seconds, rows}, unknown_secret, …}."""
    return _db(context, release, ["restore", backup, "--dry-run"], timeout_s=120)


def restore(context: Context, release: str, backup: str, id: str) -> dict[str, Any]:
    """Put a backup back; the replaced database is kept aside, as `id`. Only behind a gate that is closed for `id` everywhere.

    Done once, however often it is asked for, also by two at once: the second waits for the first.
    """
    if gate.ours(context, id) is None:
        raise Failed("deploy.open", "The gate is open: somebody could write.", "Close it first.")
    with disk.held(os.path.join(context.paths.state, "restore.lock")):
        gate.note(context, restoring=backup)
        done = _when_unused(context, release, ["restore", backup, "--aside", id, "--yes"])
        gate.note(context, aside=done.get("aside") or "")
    about = {name: done.get(name) for name in ("id", "created_at", "aside", "lost", "files")}
    disk.write_json(os.path.join(context.paths.state, "restored.json"), {**about, "deploy": id, "at": context.now})
    return {**about, "took_ms": done["took_ms"]}


def put_back(context: Context, release: str, id: str) -> dict[str, Any]:
    """Put the database back that `restore` has replaced for `id`; returns {undone, aside}. Nothing was replaced: nothing is done."""
    with disk.held(os.path.join(context.paths.state, "restore.lock")):
        done = _when_unused(context, release, ["undo", id, "--yes"])
        gate.note(context, restoring=None, aside=None)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(context.paths.state, "restored.json"))
    return done


def _when_unused(context: Context, release: str, args: list[str]) -> dict[str, Any]:
    """Run a verb that needs the database for itself, again and again while somebody still counts as using it."""
    end = time.monotonic() + IN_USE_S
    while True:
        context.check_fence()
        try:
            return _db(context, release, args)
        except Failed as failure:
            if failure.code != "db.in_use" or time.monotonic() > end:
                raise
            context.progress(0.5, "Waiting until nobody uses the database")
        time.sleep(ASK_S)


def _db(context: Context, release: str, args: list[str], timeout_s: float = LONG_S) -> dict[str, Any]:
    """Run `comfytavern db …` and return its last line as a value; Failed with its own words."""
    paths, began = context.paths, time.monotonic()
    releases.manifest_of(paths, release)
    program = os.path.join(paths.release(release), ".venv", "bin", "comfytavern")
    env = {**environment.of_release(context, release), "HOME": paths.data}
    done = process.run([program, "db", *args, "--json"], env=env, user=environment.user_of(paths), timeout_s=timeout_s, cwd=paths.data)
    answer = _last_value(done.stdout)
    if done.returncode != 0 or answer is None:
        about = answer or {}
        said = str(about.get("sentence") or process.last_line(done.stderr) or process.last_line(done.stdout) or "it says nothing")
        said = " ".join([said, *map(str, about.get("problems") or [])])
        code = str(about.get("code") or "deploy.db_failed")
        output = done.stderr.decode("utf-8", "replace")[-4000:]
        raise Failed(code, f"`comfytavern db {args[0]}` failed: {said}", str(about.get("hint") or HINT), output=output)
    return {**answer, "took_ms": round((time.monotonic() - began) * 1000)}


def _last_value(output: bytes) -> dict[str, Any] | None:
    """Return the JSON object in the output: its last line, or all of it."""
    text = output.decode("utf-8", "replace").strip()
    for candidate in (text, text.rpartition("\n")[2]):
        try:
            found = json.loads(candidate)
        except ValueError:
            continue
        if isinstance(found, dict):
            return found
    return None
