"""Process managers behind one interface; `driver(name)` is the door."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ..failures import Failed

if TYPE_CHECKING:
    from ..paths import Paths

NAMES = ("systemd", "supervisord", "pm2", "podman", "docker")


class Driver:
    """What a process manager does with a slot. None restarts in place: a slot is stopped, or the other one is started."""

    def __init__(self, paths: Paths) -> None:
        """Drive the slots of the installation at `paths`."""
        self.paths = paths

    def start(self, slot: str) -> None:
        """Start the slot's release; it is restarted after a crash from now on."""
        raise AssertionError(type(self))

    def stop(self, slot: str, deadline_s: float) -> None:
        """End the slot: SIGTERM, `deadline_s` to leave well, then SIGKILL. Nothing happens when it does not run."""
        raise AssertionError(type(self))

    def signal(self, slot: str, name: str) -> None:
        """Send SIG`name` to the slot's main process; Failed when it does not run."""
        raise AssertionError(type(self))

    def status(self, slot: str) -> dict[str, Any]:
        """Return {running, pid, restarts, since, failed}; `failed` when the manager gave up."""
        raise AssertionError(type(self))

    def logs(self, slot: str, lines: int, since: str = "") -> list[str]:
        """Return the last lines the slot wrote, oldest first."""
        raise AssertionError(type(self))


def driver(name: str | None, paths: Paths) -> Driver:
    """Return the driver called `name`."""
    if name not in NAMES:
        raise Failed("deploy.bad_driver", f"There is no process manager {name!r}.", "Known: {}.".format(", ".join(NAMES)))
    module = importlib.import_module("." + name, __package__)
    return module.DRIVER(paths)
