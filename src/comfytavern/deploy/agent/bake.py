"""The end of a bake: the old release, kept warm for a rollback in a blink, is stopped when its time is over.

A child of ours waits on the host, so nobody else has to be there. It wakes, looks whether things are still as they were, takes the lock
like any deployment (and waits for another to end), looks again, and stops the slot. Power loss ends the waiting and the slot alike.
"""

from __future__ import annotations

import os
import time
from typing import Any

from . import audit, lock, slots
from .context import Context, load
from .failures import Failed

PATIENCE_S = 3600.0
"""How long the end of another deployment is waited for."""
ASK_S = 5.0


def bake(context: Context, slot: str, after_s: float, deadline_s: float = 120.0) -> dict[str, Any]:
    """Stop the warm `slot` in `after_s` seconds, giving what it works on `deadline_s`; returns at once with {baking}."""
    known = load(context.paths)["slots"].get(slot) or {}
    if known.get("state") != "warm":
        return {"baking": False}
    if os.fork() == 0:
        _wait(context, slot, known, after_s, deadline_s)  # Never returns.
    return {"baking": True}


def _wait(context: Context, slot: str, known: dict[str, Any], after_s: float, deadline_s: float) -> None:
    try:
        os.setsid()
        if os.fork():
            os._exit(0)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for handle in (0, 1, 2):
            os.dup2(nowhere, handle)
        os.closerange(3, 256)
        time.sleep(after_s)
        _stop(context, slot, known, deadline_s)
    finally:
        os._exit(0)


def _stop(context: Context, slot: str, known: dict[str, Any], deadline_s: float) -> None:
    paths = context.paths
    us = {"user": "bake", "host": os.uname().nodename, "pid": os.getpid(), "deploy": "bake", "local": True}
    call, end = Context(paths, "stop_slot"), time.monotonic() + PATIENCE_S
    while load(paths)["slots"].get(slot) == known and time.monotonic() < end:
        try:
            call.fence = lock.lock_acquire(call, us, ttl_s=deadline_s + 60)["fence"]
        except Failed:
            time.sleep(ASK_S)
            continue
        try:
            if load(paths)["slots"].get(slot) == known:
                slots.stop_slot(call, slot, deadline_s)
                audit.add(paths, "bake ended", slot=slot, release=known["release"], fence=call.fence)
        finally:
            lock.lock_release(call)
        return
