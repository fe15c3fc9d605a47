"""Ten classes of broken release: how each is made, and what the operator is told."""

import contextlib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import msgspec

from comfytavern.deploy.release import Migration, Release
from comfytavern.testing.releases import BROKEN, failing_migration, variant
from tests.lab.attempt import Attempt
from tests.lab.installation import PLACE, USER, Installation

READY_S: Final = 15
PREPARED_S: Final = 45
"""Sending and installing come before the start, three at once on a small box."""
DEADLINES: Final = f"[deadlines]\nready_s = {READY_S}\nconnect_s = 5\n"
Make = Callable[[Path, Path], Path]
"""From a good release's folder and a folder for the new one to the broken release."""


@dataclass(frozen=True)
class Broken:
    """One class."""

    name: str
    make: Make
    """How the release comes to be."""
    told: tuple[str, ...]
    """One of these is in what the operator reads."""
    around: Callable[[Installation], contextlib.AbstractContextManager[Installation]] = contextlib.nullcontext
    """What is wrong with the machines or the settings meanwhile."""


def _release(way: str) -> Make:
    return lambda base, out: variant(base, f"0.1.0+{way.replace('_', '-')}", BROKEN[way], out=out)


def _good(name: str) -> Make:
    return lambda base, out: variant(base, f"0.1.0+{name.replace('_', '-')}", out=out)


def _tampered(base: Path, out: Path) -> Path:
    made = variant(base, "0.1.0+tampered", out=out)
    wheel = next((made / "wheels").glob("comfytavern-*.whl"))
    content = bytearray(wheel.read_bytes())
    content[len(content) // 2] ^= 1
    wheel.unlink()
    wheel.write_bytes(content)
    return made


def _migration(base: Path, out: Path) -> Path:
    about = Release.read(base)
    schema = msgspec.structs.replace(about.schema, level=about.schema.level + 1)
    migrations = (*about.migrations, Migration(revision="9999", level=schema.level, phase="expand"))
    return variant(base, "0.1.0+migration", failing_migration, out=out, schema=schema, migrations=migrations)


@contextmanager
def _bad_setting(site: Installation) -> Generator[Installation]:
    yield replace(site, env={**site.env, "RUNS_AT_ONCE": "many"})


@contextmanager
def _slow(site: Installation) -> Generator[Installation]:
    yield replace(site, env={**site.env, "SLOW_START_S": READY_S * 3})


@contextmanager
def _taken(site: Installation) -> Generator[Installation]:
    """Put something that cannot be replaced where the idle slot listens."""
    idle = {machine: "green" if site.state(machine).get("active") == "blue" else "blue" for machine in site.fleet.machines}
    for machine, slot in idle.items():
        machine.run(f"systemctl stop 'comfytavern*{slot}.socket' || true; rm -f /run/comfytavern/{slot}.sock")
        machine.run(f"mkdir -p /run/comfytavern/{slot}.sock/taken")
    try:
        yield site
    finally:
        for machine, slot in idle.items():
            machine.run(f"rm -rf /run/comfytavern/{slot}.sock")


@contextmanager
def _full(site: Installation) -> Generator[Installation]:
    """Fill the disk under /srv, but for a little (the machines have a small one: `Fleet(disk_mib=…)`)."""
    for machine in site.fleet.machines:
        machine.run(f"fallocate -l $(( $(df --output=avail -B1 {PLACE} | tail -1) - 20000000 )) {PLACE}/filler")
    try:
        yield site
    finally:
        for machine in site.fleet.machines:
            machine.run(f"rm -f {PLACE}/filler")


CLASSES: Final = (
    Broken("import_error", _release("import_error"), ("ImportError", "this release is broken")),
    Broken("never_ready", _release("never_ready"), ("ready",)),
    Broken("crash_loop", _release("crash_loop"), ("crash", "ended", "70", "restart", "ready", "not running")),
    Broken("bad_setting", _good("setting"), ("RUNS_AT_ONCE",), _bad_setting),
    Broken("port_taken", _good("taken"), ("sock", "listen", "taken", "address", "director"), _taken),
    Broken("disk_full", _good("full"), ("free", "space", "disk"), _full),
    Broken("wrong_checksum", _tampered, ("comfytavern-",)),
    Broken("failing_migration", _migration, ("migration",)),
    Broken("slow_start", _release("slow_start"), ("ready", "start"), _slow),
    Broken("memory_leak", _release("memory_leak"), ("memory", "killed", "ready", "9")),
)


def verdict(site: Installation, broken: Broken, base: Path) -> tuple[list[str], float]:
    """Deploy a broken release on a site where another serves; return what does not hold, and how many seconds it took."""
    before = site.serving()
    folder = site.folder / broken.name
    folder.mkdir(exist_ok=True)
    made = broken.make(base, folder)
    with broken.around(site) as there:
        end = Attempt(there, "apply", str(made), "--yes").end()
    told = f"{end.said.get('sentence', '')} {end.said.get('hint', '')} {end.said.get('problems', '')}"
    found: list[str] = []
    if end.code == 0:
        found.append("the command said that all is well")
    if end.ms / 1000 > READY_S + PREPARED_S:
        found.append(f"it took {end.ms / 1000:.0f} s")
    if not any(word.lower() in told.lower() for word in broken.told):
        found.append(f"the cause is not told: {told[:300]}")
    if (serving := site.serving()) != before:
        found.append(f"{serving} serve instead of {before}")
    for machine in site.fleet.machines:
        spare = [about for slot, about in site.slots(machine).items() if slot != site.state(machine).get("active")]
        if any(about["state"] not in {"empty", "failed"} for about in spare):
            found.append(f"{machine.name}: the slot is not clean: {spare}")
        if machine.run(f"pgrep -u {USER} -fc '{made.name}' || true").strip() not in {"", "0"}:
            found.append(f"{machine.name}: the broken release still runs")
    return found, end.ms / 1000
