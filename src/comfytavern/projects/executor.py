"""Who executes a run: one server process at a time, as long as it is seen alive."""

import os
from pathlib import Path

import msgspec

from comfytavern.kernel.errors import Conflict
from comfytavern.kernel.ids import new_id


class Executor(msgspec.Struct, frozen=True, kw_only=True):
    """One server process. `host` names the machine since its start, and the processes that see each other's numbers."""

    id: str
    release: str = ""
    slot: str = ""
    host: str = ""
    pid: int = 0


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """Another server, and how long ago it was seen, by the clock of the database."""

    executor: Executor
    draining: bool
    age_s: float


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """The right to execute a run. `lease` grows with every take-over: who writes with an old one writes nothing."""

    run_id: str
    executor: str
    lease: int


class Lost(Conflict):
    """Another server has the run now. Nobody is told: the run goes on there."""


class Elsewhere(Conflict):
    """The run is executed by another server. Whoever wants something of it asks that one (errands.py)."""


def lost(run_id: str) -> Lost:
    """Say that a hold is not worth anything any more."""
    return Lost("run.lost", "Another server goes on with this run.", id=run_id)


def elsewhere(run_id: str) -> Elsewhere:
    """Say that another server executes the run."""
    return Elsewhere("run.elsewhere", "Another server executes this run.", id=run_id)


def this_process(*, release: str = "", slot: str = "") -> Executor:
    """Return a new identity for this process."""
    return Executor(id=new_id("exe"), release=release, slot=slot, host=_host(), pid=os.getpid())


def is_gone(executor: Executor) -> bool:
    """Tell whether a process of this machine has ended. False when that cannot be known from here."""
    if not executor.host or executor.host != _host():
        return False
    try:
        os.kill(executor.pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass
    return False


def _host() -> str:
    """Return the boot of the machine and its space of process numbers; empty where the system does not tell."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""
