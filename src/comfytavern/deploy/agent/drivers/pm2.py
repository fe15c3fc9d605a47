"""PM2: one app per slot, started from an ecosystem file with `interpreter: none`; its environment comes from the launcher.

PM2 keeps what it is given in its dump.pm2 and shows it in `pm2 env`: so it is given no secret. It starts node for every word, half
a second each, so signals and the pid do without it.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

from .. import process
from ..failures import Failed
from . import Driver, pidfile

ENV = {"PM2_HOME": "/var/lib/comfytavern-pm2"}


class Pm2(Driver):
    """The apps comfytavern-blue and comfytavern-green of root's PM2."""

    def start(self, slot: str) -> None:
        """Start the slot afresh: what PM2 remembered of it is forgotten first."""
        file = os.path.join(self.paths.etc, f"pm2-{slot}.config.js")
        pidfile.mark(self.paths, slot)
        if os.path.isdir("/run/systemd/system"):  # The daemon must not die with the session that first needed it.
            process.must(["systemctl", "start", "comfytavern-pm2.service"], "deploy.no_manager", "PM2 does not start")
        process.run(["pm2", "delete", "comfytavern-" + slot], env=ENV)
        process.must(["pm2", "start", file], "deploy.start_failed", f"PM2 does not start {slot}", "See `comfytavern deploy logs`.", env=ENV)

    def stop(self, slot: str, deadline_s: float) -> None:
        """Let the process leave by itself within the deadline; PM2 is told first that it need not come back."""
        argv = ["pm2", "delete", "comfytavern-" + slot]
        pid = pidfile.pid_of(self.paths, slot)
        process.run(argv, env=ENV, timeout_s=deadline_s + 10)
        end = time.monotonic() + 5
        while pid is not None and pidfile.pid_of(self.paths, slot) == pid:
            if time.monotonic() > end:
                pidfile.send(self.paths, slot, "KILL")
            time.sleep(0.05)

    def signal(self, slot: str, name: str) -> None:
        """Send a signal to the process."""
        pidfile.send(self.paths, slot, name)

    def status(self, slot: str) -> dict[str, Any]:
        """Ask PM2."""
        said = process.run(["pm2", "jlist"], env=ENV).stdout.decode("utf-8", "replace")
        try:
            apps = json.loads(next(row for row in said.splitlines() if row.startswith(("[{", "[]"))))  # after banners
        except (ValueError, StopIteration):
            raise Failed("deploy.no_manager", "PM2 does not answer.", "See `pm2 list`.") from None
        about = next((app["pm2_env"] for app in apps if app["name"] == "comfytavern-" + slot), {})
        pid = pidfile.pid_of(self.paths, slot) if about.get("status") in {"online", "launching"} else None
        return pidfile.shown(pid, about.get("restart_time"), failed=about.get("status") == "errored")

    def logs(self, slot: str, lines: int, since: str = "") -> list[str]:
        """Return the end of the log file; with any `since`, of what it has since the last start."""
        return pidfile.last_lines(self.paths, slot, lines, since)


DRIVER = Pm2
