"""Who is sent where: one rename moves everybody, or a part of them.

nginx looks up /run/comfytavern/b/<bucket>.sock (API and sockets) and /run/comfytavern/r/<bucket> (web app) for each request anew. Both
folders lie behind one link:

    b -> live/b    r -> live/r    live -> gen-<n>    gen-<n>/{b,r}/00..99

A switch builds the next generation beside the old one and renames `live`. So all hundred buckets change at the same instant, web app
and API of a client are never of two releases, and there is no half-done switch to recover from, whatever stops us. /run is empty after
power loss; `restore_links` makes the links from state.json, which is written after the rename: a switch that was cut off between the
two is undone by the loss of power and asked for again.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import Any

from . import assets, disk, drivers, probe, slots
from .context import Context, driver_of, load
from .failures import Failed
from .paths import BUCKETS, SLOTS, other

ALL = 100


def switch(context: Context, slot: str, release: str = "") -> dict[str, Any]:
    """Send everybody to `slot` and return {switch_ms, previous}; the old slot stays warm."""
    state = load(context.paths)
    held = _holding(state, slot, release)
    if state["slots"][slot]["state"] not in ("warm", "draining"):  # Those served before, so theirs are kept.
        assets.keep(context.paths, held)
    took_ms = send_to(context, {slot: ALL})
    previous = state["active"] if state["active"] != slot else state["previous"]

    def change(found: dict[str, Any]) -> None:
        if found["active"] and found["active"] != slot:
            found["slots"][found["active"]].update(state="warm", since=context.now)
        found["slots"][slot].update(state="active", since=context.now)
        found.update(active=slot, previous=previous, weights={name: ALL if name == slot else 0 for name in SLOTS})

    context.update(change)
    return {"switch_ms": took_ms, "previous": previous}


def setw(context: Context, canary_slot: str, percent: int) -> dict[str, Any]:
    """Send the buckets below `percent` to the canary, the others to the active slot. A growing percentage takes nobody back."""
    state = load(context.paths)
    if not 0 <= int(percent) <= ALL:
        raise Failed("deploy.bad_weight", f"{percent} is no percentage.")
    if state["active"] is None or state["active"] == canary_slot:
        raise Failed("deploy.no_stable", "A canary needs another slot that serves.", "Switch instead.")
    if percent:
        assets.keep(context.paths, _holding(state, canary_slot, ""))
    weights = {canary_slot: int(percent), state["active"]: ALL - int(percent)}
    took_ms = send_to(context, weights)
    context.update(lambda found: found.update(weights=weights))
    return {"switch_ms": took_ms, "weights": weights}


def flip(context: Context, to_slot: str) -> dict[str, Any]:
    """Go back to a warm slot in one call: wake it, see that it is ready, switch, ask the other one to drain. Returns {flip_ms, …}."""
    began, state = time.monotonic(), load(context.paths)
    if state["active"] == to_slot and not state["weights"].get(other(to_slot)):
        return {"already": True, "flip_ms": 0, "switch_ms": 0, "release": state["slots"][to_slot]["release"], "previous": state["previous"]}
    _holding(state, to_slot, "")
    said = ""
    with contextlib.suppress(Failed):  # Whether it runs, and if not why, is for `ready` to say.
        said = slots.wake(context, to_slot)
    if said != "ready":
        probe.ready(context, to_slot, times=1, deadline_s=5)
    done = switch(context, to_slot)
    with contextlib.suppress(Failed):  # It may have crashed: that is why we go back.
        drivers.driver(driver_of(state, other(to_slot)), context.paths).signal(other(to_slot), "USR1")
    took_ms = round((time.monotonic() - began) * 1000, 1)
    return {**done, "already": False, "flip_ms": took_ms, "release": state["slots"][to_slot]["release"]}


def restore_links(context: Context) -> dict[str, Any]:
    """Make everything under /run from state.json: what the host served before it was switched off. Returns {weights}."""
    state = load(context.paths)
    weights = {slot: weight for slot, weight in state["weights"].items() if weight}
    if weights:
        send_to(context, weights)
    return {"weights": weights}


def send_to(context: Context, weights: dict[str, int]) -> float:
    """Point every bucket at its slot, all in one rename, and return how long that took in ms.

    With two slots, the buckets below the weight of the one that is not active go to it.
    """
    paths, began = context.paths, time.monotonic()
    state = load(paths)
    small = next((slot for slot in weights if slot != state["active"]), None) if len(weights) > 1 else None
    disk.make_folders(paths.run)
    generation = f"gen-{time.monotonic_ns()}"
    for kind in "br":
        os.makedirs(os.path.join(paths.run, generation, kind))
    for number, bucket in enumerate(BUCKETS if weights else ()):
        slot = small if small and number < weights[small] else next(name for name in weights if name != small)
        os.symlink(paths.socket(slot), os.path.join(paths.run, generation, "b", bucket + ".sock"))
        web = os.path.join(paths.release(state["slots"][slot]["release"]), "web")
        os.symlink(web, os.path.join(paths.run, generation, "r", bucket))
    context.check_fence()
    live = os.path.join(paths.run, "live")
    before = os.readlink(live) if os.path.islink(live) else ""
    disk.link(live, generation)
    for kind in "br":
        disk.link(os.path.join(paths.run, kind), os.path.join("live", kind))
    took_ms = round((time.monotonic() - began) * 1000, 3)
    for name in os.listdir(paths.run):
        if name.startswith("gen-") and name not in (generation, before):  # A lookup may still be on its way through the last one.
            disk.remove_tree(os.path.join(paths.run, name))
    return took_ms


def _holding(state: dict[str, Any], slot: str, release: str) -> str:
    """Return the release in `slot`; Failed when it is not the one that is meant, or does not run."""
    known = state["slots"].get(slot) or {}
    if known.get("state") in (None, "empty", "failed", "starting") or not known["release"]:
        raise Failed("deploy.slot_not_ready", f"{slot} holds nothing that is ready to serve.", "Start a release in it first.", slot=slot)
    if release and known["release"] != release:
        raise Failed("deploy.wrong_release", f"{slot} holds {known['release']}, not {release}.", "See `comfytavern deploy status`.")
    return known["release"]
