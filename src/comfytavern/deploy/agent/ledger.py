"""What was deployed here and how it ended: one line for each attempt."""

from __future__ import annotations

import os
from typing import Any

from . import audit, disk, lock, tidy
from .context import Context, load
from .failures import Failed


def commit(context: Context, release: str, deploy: str, outcome: str = "ok", note: str = "") -> dict[str, Any]:
    """Write the attempt down; `ok` makes its release the current one, and the one before it the one to go back to.

    The ledger's line comes first (fsync), then the link, then state.json: asked again after power loss, the line is found and kept.
    """
    paths, state = context.paths, load(context.paths)
    serving = state["slots"][state["active"]]["release"] if state["active"] else None
    if outcome == "ok" and serving != release:
        raise Failed("deploy.not_serving", f"{release} does not serve here; {serving or 'nothing'} does.", "Switch to it first.")
    file = _file(context)
    if not any(
        entry["deploy"] == deploy and entry["outcome"] == outcome and entry["release"] == release for entry in disk.lines(file, last=20)
    ):
        holder = lock.shown(paths) or {}
        who = "{}@{}".format(holder.get("user", "?"), holder.get("host", "?"))
        entry = {"at": context.now, "deploy": deploy, "release": release, "outcome": outcome, "note": note, "by": who}
        disk.append_line(file, {**entry, "previous": state["current"], "audit": audit.head(paths)})
        _readable(file, paths.state)
    if outcome != "ok":
        return {"current": state["current"], "previous_good": state["previous_good"]}
    disk.link(paths.current, os.path.join("releases", release))
    tidy.forget(paths)

    def change(found: dict[str, Any]) -> None:
        if found["current"] != release:
            found.update(previous_good=found["current"], current=release)
        found["deploy"] = deploy

    found = context.update(change)
    return {"current": found["current"], "previous_good": found["previous_good"]}


def ledger(context: Context, limit: int = 50) -> dict[str, Any]:
    """Return the last attempts, oldest first."""
    return {"items": disk.lines(_file(context), last=limit)}


def _file(context: Context) -> str:
    return os.path.join(context.paths.state, "ledger.jsonl")


def _readable(file: str, folder: str) -> None:
    """Let the app show it: it may read what its group may."""
    if os.geteuid() == 0:
        os.chown(file, -1, os.stat(folder).st_gid)
