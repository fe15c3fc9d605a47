"""A release that answers may crash or swell in the next seconds: it is watched for a while before anybody is sent to it."""

from __future__ import annotations

import os
import re
import time
from typing import Any

from . import disk, probe
from .context import Context, driver_of, load
from .drivers import driver
from .failures import Failed

LOOK_S = 0.25
SWELL_BYTES = 96 << 20
"""So much more memory while nobody uses it is a leak, if it grows until the end; what is loaded at the first requests is less."""
ANON = re.compile(rb"^RssAnon:\s+(\d+) kB", re.MULTILINE)


def steady(context: Context, slot: str, for_s: float = 3.0) -> dict[str, Any]:
    """Watch the slot for `for_s` and return {steady_ms, grown_bytes}; Failed `deploy.crashed` or `deploy.swells` says why not."""
    began, manager = time.monotonic(), driver(driver_of(load(context.paths), slot), context.paths)
    pid = manager.status(slot)["pid"]
    sizes = [held_bytes(pid)]
    while pid and os.path.exists(f"/proc/{pid}") and time.monotonic() - began < for_s and not swells(sizes, sure=True):
        time.sleep(LOOK_S)
        sizes.append(held_bytes(pid))
    passed = time.monotonic() - began
    if not pid or not os.path.exists(f"/proc/{pid}"):
        said = probe.why(context, slot, manager)
        raise Failed("deploy.crashed", f"{slot} was ready, and crashed within {passed:.1f} s: {said}", probe.HINT, slot=slot)
    if swells(sizes):
        said = f"{slot} grew from {sizes[0] >> 20} to {sizes[-1] >> 20} MiB of memory in {passed:.0f} s while nobody used it."
        raise Failed("deploy.swells", said, probe.HINT, slot=slot)
    probe.ready(context, slot, times=1, deadline_s=5)
    return {"steady_ms": round(passed * 1000), "grown_bytes": sizes[-1] - sizes[0]}


def swells(sizes: list[int], *, sure: bool = False) -> bool:
    """Tell whether memory grows without an end in sight: much, and in each third of the time; `sure` when it cannot be anything else."""
    grown, third = sizes[-1] - sizes[0], (len(sizes) - 1) // 3
    if grown < (8 if sure else 1) * SWELL_BYTES or not third:
        return False
    marks = [sizes[0], sizes[third], sizes[2 * third], sizes[-1]]
    return all(later - earlier > SWELL_BYTES // 8 for earlier, later in zip(marks, marks[1:]))


def held_bytes(pid: int | None) -> int:
    """Return the memory that a process and its descendants hold for themselves alone; 0 for what is gone."""
    if not pid:
        return 0
    try:
        found = ANON.search(disk.read(f"/proc/{pid}/status") or b"")
        children = (disk.read(f"/proc/{pid}/task/{pid}/children") or b"").split()
    except OSError:  # it ended while we looked
        return 0
    return (int(found[1]) << 10 if found else 0) + sum(held_bytes(int(child)) for child in children)
