"""`survey`: what `comfytavern check --file` wants to know of a host, in one call that changes nothing."""

from __future__ import annotations

import contextlib
import os
import re
import time
from typing import TYPE_CHECKING, Any

from . import disk, drivers, gate, http, process
from .context import Context, driver_of, load
from .failures import Failed

if TYPE_CHECKING:
    from .paths import Paths

LINES = 4000
STAMP = re.compile(r'\{"timestamp":"([0-9T:.-]+Z)"')
BOOT = "/etc/systemd/system/multi-user.target.wants/comfytavern-boot.service"
EARLIER_S = 120
"""A release is started before it serves; what it wrote meanwhile counts."""


def survey(context: Context) -> dict[str, Any]:
    """Return clock, slots with their processes, disks, certificate, the gate, and what the serving slot wrote since it was deployed."""
    paths, state = context.paths, load(context.paths)
    active, lines = state["active"], []
    managers = {slot: drivers.driver(driver_of(state, slot), paths) for slot in state["slots"]} if state["driver"] else {}
    if managers and active:
        since = _earlier(state["slots"][active]["since"])
        with contextlib.suppress(Failed):
            lines = _since(managers[active].logs(active, LINES, since.replace("T", " ").replace("Z", " UTC")), since)
    return {
        "active": active,
        "slots": {slot: {**about, **_seen(paths, managers.get(slot), slot, about)} for slot, about in state["slots"].items()},
        "gate": gate.shown(paths),
        "boot": os.path.lexists(BOOT) or not os.path.isdir("/run/systemd/system"),
        "nginx": _nginx(paths),
        "disks": [_disk(place) for place in (paths.root, paths.data, "/var/log") if os.path.isdir(place)],
        "certificate": _certificate(paths),
        "lines": lines,
        "clock": time.time(),
    }


def _seen(paths: Paths, manager: Any, slot: str, about: dict[str, Any]) -> dict[str, Any]:
    """Return what the process manager and the app itself say of a slot; nothing of an empty one."""
    if manager is None or about["state"] == "empty":
        return {"process": None, "says": None, "ready": None}
    says = ready = status = None
    with contextlib.suppress(Failed):
        status = manager.status(slot)
    with contextlib.suppress(OSError, ValueError, AttributeError):
        says = http.get(paths.socket(slot), "/version", timeout_s=2.0).json().get("release")
        ready = http.get(paths.socket(slot), "/ready", timeout_s=2.0).json().get("status")
    return {"process": status, "says": says, "ready": ready}


def _nginx(paths: Paths) -> bool:
    """Tell whether nginx runs: its master's pid is in a file, and that process lives."""
    for name in ("/run/nginx.pid", "/var/run/nginx.pid", "/usr/local/nginx/logs/nginx.pid"):
        content = (disk.read(paths.system(name)) or b"").strip()
        if content.isdigit() and os.path.exists(f"/proc/{int(content)}"):
            return True
    return False


def _disk(place: str) -> dict[str, Any]:
    found = os.statvfs(place)
    return {
        "place": place,
        "free_bytes": found.f_bavail * found.f_frsize,
        "size_bytes": found.f_blocks * found.f_frsize,
        "free_files": found.f_favail,
        "files": found.f_files,
    }


def _certificate(paths: Paths) -> dict[str, Any] | None:
    """Return {path, expires_at, problem} of the site's certificate; None when the site has none."""
    site = disk.read_json(os.path.join(paths.state, "site.json"))
    path = site.get("certificate") if isinstance(site, dict) else None
    if not path:
        return None
    done = process.run(["openssl", "x509", "-noout", "-enddate", "-dateopt", "iso_8601", "-in", path])
    ends = done.stdout.decode().strip().partition("=")[2].replace(" ", "T", 1)
    return {"path": path, "expires_at": ends or None, "problem": "" if ends else process.last_line(done.stderr)}


def _earlier(since: str | None) -> str:
    """Return a time a little before."""
    try:
        at = time.mktime(time.strptime(since or "", "%Y-%m-%dT%H:%M:%SZ")) - time.timezone - EARLIER_S
    except ValueError:
        return "1970-01-01T00:00:00Z"
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def _since(lines: list[str], since: str) -> list[str]:
    """Return the lines from that time on; what has no time of its own belongs to the line before it."""
    kept, late = [], True
    for line in lines:
        found = STAMP.match(line)
        late = found[1] >= since if found else late
        if late:
            kept.append(line)
    return kept
