"""What supervisord and PM2 have in common: the launcher writes a pid file, and logs are files."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING, Any

from .. import disk
from ..failures import Failed

if TYPE_CHECKING:
    from ..paths import Paths


def file_of(paths: Paths, slot: str) -> str:
    """Return the file with the pid of the slot's process."""
    return os.path.join(paths.run, slot + ".pid")


def pid_of(paths: Paths, slot: str) -> int | None:
    """Return the pid of the slot's process; None when it does not live, or the number belongs to another process by now."""
    content = (disk.read(file_of(paths, slot)) or b"").strip()
    if not content.isdigit():
        return None
    try:
        environ = disk.read(f"/proc/{int(content)}/environ") or b""
    except OSError:
        return None
    return int(content) if f"COMFYTAVERN_SLOT={slot}".encode() in environ.split(b"\0") else None


def send(paths: Paths, slot: str, name: str) -> None:
    """Send SIG`name`; Failed when the slot does not run."""
    pid = pid_of(paths, slot)
    if pid is None:
        raise Failed("deploy.not_running", f"{slot} does not run.", "Start it first.")
    os.kill(pid, getattr(signal, "SIG" + name))


def started(pid: int | None) -> str | None:
    """Return when the process was started, as seconds since the epoch in text."""
    try:
        return None if pid is None else str(int(os.stat(f"/proc/{pid}").st_ctime))
    except OSError:
        return None


def mark(paths: Paths, slot: str) -> None:
    """Remember where the slot's log is now: what comes later is of the release that is started next."""
    with contextlib.suppress(OSError):
        os.makedirs(paths.run, exist_ok=True)
        path = log_file(paths, slot)
        disk.write(os.path.join(paths.run, slot + ".from"), b"%d\n" % (os.path.getsize(path) if os.path.exists(path) else 0), 0o644)


def last_lines(paths: Paths, slot: str, count: int, since: str = "") -> list[str]:
    """Return the last lines of the slot's log file, oldest first; with `since` (any), only those since its last start. Reads the end."""
    begin = int(disk.read(os.path.join(paths.run, slot + ".from")) or 0) if since else 0
    try:
        with open(log_file(paths, slot), "rb") as file:
            size = file.seek(0, os.SEEK_END)
            begin = begin if begin <= size else 0  # it was rotated meanwhile
            file.seek(max(begin, size - 400 * (count + 1) - 65536))
            return file.read().decode("utf-8", "replace").splitlines()[-count:]
    except FileNotFoundError:
        return []


def log_file(paths: Paths, slot: str) -> str:
    """Return the file the process manager writes the slot's output to."""
    return os.path.join(paths.system("/var/log/comfytavern"), slot + ".log")


def shown(pid: int | None, restarts: Any, *, failed: bool) -> dict[str, Any]:
    """Return a driver's status."""
    return {"running": pid is not None, "pid": pid, "restarts": int(restarts or 0), "since": started(pid), "failed": failed}
