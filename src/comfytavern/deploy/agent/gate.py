"""A closed gate: nobody gets in and nothing of ours runs, so that the data can be replaced under everybody's feet.

Closed by two files. state/gate.json is the truth and outlives a loss of power: it says for whom the gate is closed and what served.
<run>/closed is what nginx looks for on each request; while it is there, everybody is told to come back later (503, Retry-After).
What served stays written down as active, and is not started at boot while the gate is closed.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import Any

from . import disk, drivers, environment, slots
from .context import Context, driver_of, load
from .failures import Failed
from .paths import Paths, other


def gate_close(context: Context, id: str, about: dict[str, Any], deadline_s: float = 10.0) -> dict[str, Any]:
    """Let nobody in, give what runs `deadline_s` to end, and stop it; returns {closed_ms, already}.

    `id` names whom it is closed for: nobody else can close it again or open it. `about` is kept for those who look later.
    """
    began, paths, state = time.monotonic(), context.paths, load(context.paths)
    known = shown(paths)
    if known and known["id"] != id:
        raise Failed("deploy.closed", f"It is closed for {known['id']}.", "Run `comfytavern deploy resume` first.", gate=known)
    if state["active"] is None:
        raise Failed("deploy.slot_not_ready", "Nothing serves here.", "Deploy a release first.")
    if known and known.get("stopped"):
        _flag(paths)
        return {"closed_ms": 0, "already": True}
    context.check_fence()
    active = state["active"]
    entry = {"id": id, "at": context.now, "slot": active, "release": state["slots"][active]["release"], "stopped": False, **about}
    _write(context, entry)
    _flag(paths)
    if state["slots"][other(active)]["state"] != "empty":
        slots.stop_slot(context, other(active), deadline_s)
    gate_stop(context, id, deadline_s)
    _write(context, {**entry, "stopped": True})
    return {"closed_ms": round((time.monotonic() - began) * 1000, 1), "already": False}


def gate_stop(context: Context, id: str, deadline_s: float = 10.0) -> dict[str, Any]:
    """Stop whatever runs behind the closed gate, and change nothing else; returns {stopped}, the slots."""
    state, stopped = load(context.paths), []
    if ours(context, id) is None:
        raise Failed("deploy.open", "The gate is open: somebody is served.", "Close it first.")
    for slot in sorted(state["slots"], key=lambda slot: slot != state["active"]):
        if slot == state["active"] or state["slots"][slot]["state"] != "empty":
            context.check_fence()
            drivers.driver(driver_of(state, slot), context.paths).stop(slot, deadline_s)
            stopped.append(slot)
    return {"stopped": stopped}


def gate_back(context: Context, id: str) -> dict[str, Any]:
    """Start again what served when the gate was closed, which stays closed; returns {slot}. `ready` tells whether it worked."""
    paths, known, state = context.paths, ours(context, id), load(context.paths)
    if known is None:
        return {"slot": state["active"]}
    if state["active"] != known["slot"]:
        raise Failed("deploy.switched", f"{state['active']} serves by now.", "Run the rollback again: it goes on.")
    manager = drivers.driver(driver_of(state, known["slot"]), paths)
    if not manager.status(known["slot"])["running"]:
        context.check_fence()
        environment.write(paths, known["slot"], known["release"])
        manager.start(known["slot"])
    return {"slot": known["slot"]}


def gate_open(context: Context, id: str) -> dict[str, Any]:
    """Let everybody in again; returns {already}."""
    paths = context.paths
    if ours(context, id) is None:
        return {"already": True}
    context.check_fence()
    with contextlib.suppress(FileNotFoundError):
        os.unlink(flag(paths))
    os.unlink(_file(paths))
    disk.sync_folder(paths.state)
    return {"already": False}


def shown(paths: Paths) -> dict[str, Any] | None:
    """Return what is known of the closed gate; None when it is open."""
    found = disk.read_json(_file(paths))
    return found if isinstance(found, dict) else None


def ours(context: Context, id: str) -> dict[str, Any] | None:
    """Return what is known of the gate; None when it is open, Failed when it is closed for another."""
    known = shown(context.paths)
    if known and known["id"] != id:
        raise Failed("deploy.closed", f"It is closed for {known['id']}.", "Run `comfytavern deploy resume` first.", gate=known)
    return known


def note(context: Context, **more: Any) -> None:
    """Write down how far whoever closed the gate has come."""
    known = shown(context.paths)
    if known:
        _write(context, {**known, **more})


def restored(context: Context) -> bool:
    """Make the flag again after a start of the host; tell whether the gate is closed."""
    closed = shown(context.paths) is not None
    if closed:
        _flag(context.paths)
    return closed


def flag(paths: Paths) -> str:
    """Return the file that nginx looks for."""
    return os.path.join(paths.run, "closed")


def _flag(paths: Paths) -> None:
    disk.make_folders(paths.run)
    disk.write(flag(paths), b"", 0o644)


def _file(paths: Paths) -> str:
    return os.path.join(paths.state, "gate.json")


def _write(context: Context, entry: dict[str, Any]) -> None:
    context.check_fence()
    disk.write_json(_file(context.paths), entry)
