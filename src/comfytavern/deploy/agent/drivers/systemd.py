"""systemd: a socket unit holds the slot's socket, so that a crash and a restart refuse nobody.

Stopping: the service first, the socket after it. The other way round, or with the service alone, a late connection would start it again.
"""

from __future__ import annotations

import os
import re
import signal as signals
from typing import Any

from .. import disk, process
from ..failures import Failed
from . import Driver

OURS = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)Z\Z")
CELLS = "/sys/fs/cgroup/system.slice/system-comfytavern.slice"


class Systemd(Driver):
    """comfytavern@<slot>.service and comfytavern@<slot>.socket."""

    def start(self, slot: str) -> None:
        """Start socket and service; a service that systemd had given up is tried afresh.

        Nobody waits for the service here: whether it becomes ready, or why not, is for `ready` to see and to say.
        """
        socket, service = f"comfytavern@{slot}.socket", f"comfytavern@{slot}.service"
        failed = f"systemd does not start {slot}"
        process.run(["systemctl", "reset-failed", socket, service])
        if process.run(["systemctl", "start", socket]).returncode != 0:
            said = f"{failed} on {self.paths.socket(slot)}: {self._why(socket)}"
            raise Failed("deploy.start_failed", said, "Remove what is in its place.", slot=slot)
        process.must(["systemctl", "start", "--no-block", service], "deploy.start_failed", failed, "See `comfytavern deploy logs`.")

    def stop(self, slot: str, deadline_s: float) -> None:
        """Stop the service within the deadline (SIGTERM, then SIGKILL), then the socket."""
        unit = f"comfytavern@{slot}.service"
        try:
            process.must(["systemctl", "stop", unit], "deploy.stop_failed", f"systemd does not stop {slot}", timeout_s=deadline_s + 1)
        except Failed:
            process.run(["systemctl", "kill", "--kill-who=all", "--signal=KILL", unit])
            process.must(["systemctl", "stop", unit], "deploy.stop_failed", f"systemd does not stop {slot}")
        process.run(["systemctl", "stop", f"comfytavern@{slot}.socket"])
        process.run(["systemctl", "reset-failed", unit, f"comfytavern@{slot}.socket"])

    def _why(self, unit: str) -> str:
        """Return what systemd says of a unit that does not start."""
        said = process.run(["journalctl", "--no-pager", "--quiet", "--output=cat", f"--unit={unit}", "--lines=20"]).stdout
        rows = [row for row in said.decode("utf-8", "replace").splitlines() if row.startswith(unit + ": ")]
        why = next((row for row in reversed(rows) if "Failed to" in row), rows[-1] if rows else "see `journalctl -xe`")
        return why.partition(": ")[2] or why

    def signal(self, slot: str, name: str) -> None:
        """Send a signal to the main process: by ourselves when we see it, since systemctl takes longer than all of a switch."""
        if _send(f"comfytavern@{slot}.service", getattr(signals, "SIG" + name)):
            return
        argv = ["systemctl", "kill", "--kill-who=main", f"--signal={name}", f"comfytavern@{slot}.service"]
        process.must(argv, "deploy.not_running", f"{slot} does not run", "Start it first.")

    def status(self, slot: str) -> dict[str, Any]:
        """Ask systemd."""
        names = "ActiveState,SubState,MainPID,NRestarts,ExecMainStartTimestamp,Result"
        said = process.run(["systemctl", "show", f"comfytavern@{slot}.service", f"--property={names}"]).stdout.decode()
        found = dict(row.split("=", 1) for row in said.splitlines() if "=" in row)
        pid = int(found.get("MainPID") or 0)
        return {
            "running": pid > 0 and found.get("ActiveState") == "active",
            "pid": pid or None,
            "restarts": int(found.get("NRestarts") or 0),
            "since": found.get("ExecMainStartTimestamp") or None,
            "failed": found.get("ActiveState") == "failed",
        }

    def logs(self, slot: str, lines: int, since: str = "") -> list[str]:
        """Return what the journal has of this unit."""
        argv = ["journalctl", "--no-pager", "--quiet", "--output=cat", f"--unit=comfytavern@{slot}.service", f"--lines={lines}"]
        said = process.run([*argv, *([f"--since={_moment(since)}"] if since else [])]).stdout
        return said.decode("utf-8", "replace").splitlines()


def _moment(since: str) -> str:
    """Return a time of ours as journalctl takes it; what people ask for (`-1h`, `today`) as it is."""
    found = OURS.match(since)
    return f"{found[1]} {found[2]} UTC" if found else since


def _send(unit: str, number: int) -> bool:
    """Send a signal to the main process of a unit, if it is plain which one that is."""
    pid = _main(unit)
    if pid is None or not hasattr(os, "pidfd_open"):
        return False
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        if _main(unit) != pid:  # Only now does the number belong to nobody else.
            return False
        signals.pidfd_send_signal(handle, number)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def _main(unit: str) -> int | None:
    """Return the one process of the unit's cgroup whose parent is systemd; None when there is none, or more."""
    try:
        pids = (disk.read(os.path.join(CELLS, unit, "cgroup.procs")) or b"").split()
        found = [int(pid) for pid in pids if (disk.read(f"/proc/{int(pid)}/stat") or b"").rpartition(b") ")[2].split()[1:2] == [b"1"]]
    except OSError:
        return None
    return found[0] if len(found) == 1 else None


DRIVER = Systemd
