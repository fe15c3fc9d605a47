"""What the kernel lends a fleet: network names, links, cells of processes. Everything is named after the fleet and goes by that name.

A fleet is called `ctl<pid>x<number>` after the process that wants it, so that two of them do not meet, and that what a dead process
has left behind is known as such. Addresses are the same in every fleet: each has a switch of its own.
"""

import contextlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.lab import base

NET: Final = "10.77.0"
CONTROLLER: Final = f"{NET}.254"
CELLS: Final = Path("/sys/fs/cgroup/unified")
MEMORY: Final = Path("/sys/fs/cgroup/memory")
FLEETS: Final = base.FOLDER / "fleets"
NAMES: Final = Path("/run/netns")
IN_CELL: Final = ("sh", "-c", 'for cell in $1; do echo $$ > "$cell/cgroup.procs"; done; shift; exec "$@"', "sh")


class LabError(Exception):
    """A command of the lab failed; the text is what it said."""


def why_not() -> str | None:
    """Return why there can be no fleet on this box; `None` when there can."""
    if os.geteuid() != 0:
        return "the lab needs root (network names, overlay mounts, systemd-nspawn)"
    wanted = ("ip", "nsenter", "unshare", "systemd-nspawn", "ssh", "ssh-keygen", "mount")
    if absent := [tool for tool in wanted if shutil.which(tool) is None]:
        return f"the lab needs {', '.join(absent)} (apt-get install systemd-container iproute2 openssh-client)"
    if not (CELLS / "cgroup.procs").exists():
        return f"the lab needs cgroup v2 at {CELLS}"
    if absent := base.missing():
        return f"the lab is not built: {', '.join(absent)} missing in {base.FOLDER} (python -m tests.lab.base, about three minutes)"
    probe = f"ctl{os.getpid()}-probe"
    if subprocess.run(["ip", "netns", "add", probe], check=False, capture_output=True).returncode:
        return "this box allows no network namespaces"
    do("ip", "netns", "del", probe)
    return None


def do(*command: str, given: bytes | None = None, timeout_s: float = 60) -> str:
    """Run a command and return what it printed. Raises `LabError` when it fails."""
    done = subprocess.run(command, check=False, capture_output=True, input=given, timeout=timeout_s)
    if done.returncode:
        raise LabError(f"{' '.join(command)}: {done.returncode}\n{(done.stdout + done.stderr).decode(errors='replace')[-3000:]}")
    return done.stdout.decode(errors="replace")


def attempt(*command: str) -> bool:
    """Run a command; tell whether it went well."""
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


# network


def make_switch(fleet: str) -> None:
    """Make the switch that all machines of the fleet hang on."""
    do("ip", "netns", "add", f"{fleet}-sw")
    do("ip", "-n", f"{fleet}-sw", "link", "add", "br0", "type", "bridge")
    do("ip", "-n", f"{fleet}-sw", "link", "set", "br0", "up")


def plug(fleet: str, name: str, address: str) -> None:
    """Make the network of one machine and plug it into the switch."""
    own, switch = f"{fleet}-{name}", f"{fleet}-sw"
    do("ip", "netns", "add", own)
    do("ip", "-n", own, "link", "set", "lo", "up")
    do("ip", "link", "add", "name", "eth0", "netns", own, "type", "veth", "peer", "name", name, "netns", switch)
    do("ip", "-n", switch, "link", "set", name, "master", "br0", "up")
    do("ip", "-n", own, "addr", "add", f"{address}/24", "dev", "eth0")
    do("ip", "-n", own, "link", "set", "eth0", "up")


def in_network(fleet: str, name: str) -> list[str]:
    """Return the words before a command that put it onto the network of `name`."""
    return ["nsenter", f"--net={NAMES / f'{fleet}-{name}'}"]


# cells of processes


def make_cell(fleet: str, name: str, memory_mib: int | None = None) -> list[str]:
    """Make a cell and return the words before a command that put it, and all that it starts, inside."""
    places = [CELLS / fleet / name]
    if memory_mib is not None:
        places.append(MEMORY / fleet / name)
    for place in places:
        place.mkdir(parents=True, exist_ok=True)
    if memory_mib is not None:
        (places[1] / "memory.limit_in_bytes").write_text(str(memory_mib * 2**20))
    return [*IN_CELL, " ".join(map(str, places))]


def kill_cell(place: Path) -> None:
    """End every process inside at once, as a power cut would; return when they are gone."""
    if not place.exists():
        return
    (place / "cgroup.kill").write_text("1")
    until = time.monotonic() + 10
    while _populated(place) and time.monotonic() < until:
        time.sleep(0.01)


def _populated(place: Path) -> bool:
    with contextlib.suppress(OSError):
        return "populated 1" in (place / "cgroup.events").read_text()
    return False


def _remove_cells(place: Path) -> None:
    for folder, _, _ in os.walk(place, topdown=False):
        with contextlib.suppress(OSError):
            Path(folder).rmdir()


# the end


def remove(fleet: str) -> None:
    """Leave nothing of a fleet: no process, mount, network, cell or file. May be called twice, and after any accident."""
    for place in (CELLS / fleet, MEMORY / fleet):
        if place.exists():
            kill_cell(CELLS / fleet)
            _remove_cells(place)
    for point in sorted(_mounts(FLEETS / fleet), reverse=True):
        attempt("umount", "-l", point)
    for name in NAMES.glob(f"{fleet}-*") if NAMES.is_dir() else ():
        attempt("ip", "netns", "del", name.name)
    shutil.rmtree(FLEETS / fleet, ignore_errors=True)


def _mounts(below: Path) -> list[str]:
    lines = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    return [point for line in lines if (point := line.split()[1]).startswith(f"{below}/")]


def remove_leftovers() -> None:
    """Remove the fleets of processes that are no more."""
    seen = [path.name for folder in (FLEETS, NAMES, CELLS, MEMORY) if folder.is_dir() for path in folder.iterdir()]
    found = {match[0]: match[1] for name in seen if (match := re.match(r"ctl(\d+)(?:x\d+)?", name))}
    for fleet, process in sorted(found.items()):
        if not Path(f"/proc/{process}").exists():
            remove(fleet)


def words(command: Sequence[str] | str) -> list[str]:
    """Return a command as words: a text goes through `sh`."""
    return ["sh", "-c", command] if isinstance(command, str) else list(command)
