"""Starting, draining and stopping what runs in a slot.

Order when starting: state.json says "starting", the slot's link, its environment, the process. Power loss at any point leaves an idle
slot that nobody is sent to; asked again, it is cleaned and started afresh.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Any

from . import disk, drivers, environment, probe, releases
from .context import Context, driver_of, load
from .failures import Failed

if TYPE_CHECKING:
    from .drivers import Driver

LEAVE_S = 20.0
"""Beyond the deadline for what it works on: handing over runs, closing the database."""


def start_slot(context: Context, slot: str, release: str, driver: str = "systemd") -> dict[str, Any]:
    """Start `release` in the idle `slot` and return {pid, start_ms, already}; it serves nobody yet."""
    paths, began = context.paths, time.monotonic()
    releases.manifest_of(paths, release)
    manager, state = drivers.driver(driver, paths), load(paths)
    known, status, before = state["slots"][slot], manager.status(slot), driver_of(state, slot)
    if known["release"] == release and status["running"] and not status["failed"] and known["state"] != "failed":
        return {"pid": status["pid"], "start_ms": 0, "already": True}
    if slot == state["active"]:
        raise Failed("deploy.slot_serves", f"{slot} serves; a running release is never replaced.", "Start it in the other slot.")
    context.check_fence()
    for name in {driver, before or driver}:
        drivers.driver(name, paths).stop(slot, LEAVE_S)
    context.update(lambda found: found.update(driver=driver))
    context.set_slot(slot, "starting", release=release, driver=driver)
    os.makedirs(os.path.dirname(paths.slot(slot)), exist_ok=True)
    disk.link(paths.slot(slot), os.path.join("..", "releases", release))
    environment.write(paths, slot, release)
    manager.start(slot)
    return {"pid": manager.status(slot)["pid"], "start_ms": round((time.monotonic() - began) * 1000, 1), "already": False}


def stop_slot(context: Context, slot: str, deadline_s: float = 30.0) -> dict[str, Any]:
    """End what runs in a slot that does not serve, giving it `deadline_s`, and return {stop_ms}."""
    began, state = time.monotonic(), load(context.paths)
    if slot == state["active"]:
        raise Failed("deploy.slot_serves", f"{slot} serves; it is not stopped.", "Switch to the other slot first.")
    return _end(context, slot, deadline_s + LEAVE_S, began)


def abandon(context: Context, slot: str) -> dict[str, Any]:
    """Stop and clean a slot whose release turned out bad; nothing of it stays but its log. Returns {stop_ms}."""
    state = load(context.paths)
    if slot == state["active"]:
        raise Failed("deploy.slot_serves", f"{slot} serves; it is not abandoned.", "Switch to the other slot first.")
    return _end(context, slot, 5.0, time.monotonic())


def _end(context: Context, slot: str, deadline_s: float, began: float) -> dict[str, Any]:
    paths, state = context.paths, load(context.paths)
    context.check_fence()
    if state["weights"].get(slot):
        from . import switch

        switch.send_to(context, {state["active"]: 100} if state["active"] else {})
    if state["driver"]:
        _manager(context, slot).stop(slot, deadline_s)

    def change(found: dict[str, Any]) -> None:
        found["slots"][slot].update(release=None, state="empty", since=None)
        found["weights"] = {name: 100 if name == found["active"] else 0 for name in found["slots"]}
        if found["previous"] == slot:
            found["previous"] = None

    context.update(change)
    for path in (paths.slot(slot), os.path.join(paths.env, slot + ".env"), os.path.join(paths.run, slot + ".pid")):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
    return {"stop_ms": round((time.monotonic() - began) * 1000, 1)}


def drain(context: Context, slot: str, deadline_s: float = 30.0) -> dict[str, Any]:
    """Ask the slot to let its clients go and wait until they went or the deadline came; returns what is left, by kind.

    Runs are not waited for: they go on where they are, and are handed over when the slot is stopped.
    """
    context.check_fence()
    _manager(context, slot).signal(slot, "USR1")
    context.set_slot(slot, "draining")
    left, end = {"requests": 0, "streams": 0, "sockets": 0, "runs": 0}, time.monotonic() + deadline_s
    while True:
        with contextlib.suppress(OSError, ValueError):
            left = probe.still_open(context.paths.socket(slot))
        if not (left["requests"] or left["streams"] or left["sockets"]) or time.monotonic() >= end:
            break
        time.sleep(0.05)
    if slot != load(context.paths)["active"]:
        context.set_slot(slot, "warm")
    return left


def undrain(context: Context, slot: str) -> dict[str, Any]:
    """Take the request to drain back and return {status} as soon as the slot says that it is ready again."""
    status = wake(context, slot)
    if load(context.paths)["slots"][slot]["state"] == "draining":
        context.set_slot(slot, "warm")
    return {"status": status}


def wake(context: Context, slot: str) -> str:
    """Tell the slot to stay, and return what it says it is then; Failed when it says nothing."""
    context.check_fence()
    _manager(context, slot).signal(slot, "USR2")
    end = time.monotonic() + 5
    while True:
        with contextlib.suppress(OSError, ValueError):
            status = http_status(context, slot)
            if status != "draining" or time.monotonic() > end:
                return status
        if time.monotonic() > end:
            raise Failed("deploy.not_ready", f"{slot} does not answer.", "Start it again.", slot=slot)
        time.sleep(0.002)


def http_status(context: Context, slot: str) -> str:
    """Return what the slot says it is: ready, draining or unready."""
    from . import http

    return str(http.get(context.paths.socket(slot), "/ready").json().get("status"))


def status(context: Context) -> dict[str, Any]:
    """Return the state of the host and, for each slot, what the process manager and the app say."""
    state = load(context.paths)
    slots = {}
    for slot, known in state["slots"].items():
        process = _manager(context, slot).status(slot) if state["driver"] else None
        answer = None
        if process and process["running"]:
            with contextlib.suppress(OSError, ValueError):
                answer = probe.still_open(context.paths.socket(slot))
        slots[slot] = {**known, "process": process, "open": answer}
    return {**state, "slots": slots}


def logs(context: Context, slot: str, lines: int = 100, since: str = "") -> dict[str, Any]:
    """Return the last lines that the slot's process wrote, oldest first."""
    return {"lines": _manager(context, slot).logs(slot, lines, since)}


def _manager(context: Context, slot: str) -> Driver:
    return drivers.driver(driver_of(load(context.paths), slot), context.paths)
