"""The database's verbs, done by the release that knows how: `comfytavern db …` in the app's environment, as the app's user."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

from . import environment, process, releases
from .failures import Failed

if TYPE_CHECKING:
    from .context import Context

HINT = "The old release still serves. Details: `comfytavern deploy logs`."
LONG_S = 1800.0


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


def restore(context: Context, release: str, backup: str) -> dict[str, Any]:
    """Put a backup back; the replaced database is kept aside. Only inside a maintenance window: nothing may serve."""
    return _db(context, release, ["restore", backup, "--yes"])


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
