"""supervisord: each slot is an fcgi-program, so supervisord holds its socket as systemd's socket units do; asked over its RPC socket.

It counts no restarts: the launcher does, in <slot>.starts, which `start` empties.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from typing import Any

from .. import disk, process
from ..failures import Failed
from . import Driver, pidfile

RPC = "/run/supervisor.sock"
RPC_OLD = "/var/run/supervisor.sock"


class Supervisord(Driver):
    """The groups comfytavern-blue and comfytavern-green."""

    def start(self, slot: str) -> None:
        """Read the slot's configuration as it is now and start it."""
        name = "comfytavern-" + slot
        pidfile.mark(self.paths, slot)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.paths.run, slot + ".starts"))
        changed = self._call("reloadConfig")[0]
        if name in changed[1] or name in changed[2]:  # Changed or gone: only an idle slot is ever started, so nobody is hurt.
            with contextlib.suppress(Failed):
                self._call("stopProcessGroup", name, True)
            self._call("removeProcessGroup", name)
        if name in changed[0] or name in changed[1]:
            self._call("addProcessGroup", name)
        if self._info(slot).get("statename") not in {"RUNNING", "STARTING"}:
            self._call("startProcessGroup", name, False)

    def stop(self, slot: str, deadline_s: float) -> None:
        """Stop it; supervisord sends SIGKILL after stopwaitsecs, we do after the deadline."""
        if self._info(slot).get("statename") in {None, "STOPPED", "EXITED", "FATAL"}:
            return
        self._call("stopProcessGroup", "comfytavern-" + slot, False)
        end = time.monotonic() + deadline_s
        while self._info(slot).get("statename") not in {"STOPPED", "EXITED", "FATAL"}:
            if time.monotonic() > end:
                with contextlib.suppress(Failed):
                    pidfile.send(self.paths, slot, "KILL")
                end += 5
            time.sleep(0.05)

    def signal(self, slot: str, name: str) -> None:
        """Send a signal to the process."""
        pidfile.send(self.paths, slot, name)

    def status(self, slot: str) -> dict[str, Any]:
        """Ask supervisord."""
        found = self._info(slot)
        pid = pidfile.pid_of(self.paths, slot) if found.get("statename") in {"RUNNING", "STARTING"} else None
        starts = len(disk.read(os.path.join(self.paths.run, slot + ".starts")) or b"")
        return pidfile.shown(pid, max(0, starts - 1), failed=found.get("statename") in {"FATAL", "BACKOFF"})

    def logs(self, slot: str, lines: int, since: str = "") -> list[str]:
        """Return the end of the log file; with any `since`, of what it has since the last start."""
        return pidfile.last_lines(self.paths, slot, lines, since)

    def _info(self, slot: str) -> dict[str, Any]:
        try:
            return self._call("getProcessInfo", f"comfytavern-{slot}:comfytavern-{slot}_0")
        except Failed as failure:
            if failure.params.get("fault") != 10:  # BAD_NAME: not read yet
                raise
            return {}

    def _call(self, method: str, *params: Any) -> Any:
        """Call supervisord's RPC; Failed with its words. A tenth of what starting supervisorctl costs."""
        import xmlrpc.client as xmlrpc

        body = xmlrpc.dumps(params, "supervisor." + method).encode()
        head = f"POST /RPC2 HTTP/1.0\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(30)
                connection.connect(RPC if os.path.exists(RPC) else RPC_OLD)
                connection.sendall(head.encode() + body)
                with connection.makefile("rb") as file:
                    answer = file.read()
            return xmlrpc.loads(answer.partition(b"\r\n\r\n")[2])[0][0]
        except xmlrpc.Fault as fault:
            said = f"supervisord refuses {method}: {fault.faultString}."
            raise Failed("deploy.start_failed", said, "See `comfytavern deploy logs`.", fault=fault.faultCode) from None
        except OSError as error:
            said = f"supervisord does not answer: {error}."
            raise Failed("deploy.no_manager", said, "Start it: systemctl start supervisor.") from None


def running() -> bool:
    """Tell whether supervisord is installed here."""
    return process.which("supervisord") is not None


DRIVER = Supervisord
