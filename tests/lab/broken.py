"""Ten classes of broken release: how each is made, and what the operator is told."""

import contextlib
import os
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import msgspec

from comfytavern.deploy.build import archive
from comfytavern.deploy.release import Migration, Release
from comfytavern.testing.releases import BROKEN, failing_migration, variant
from tests.lab.attempt import Attempt, End, Event
from tests.lab.installation import PLACE, Installation
from tests.lab.machine import Machine

READY_S: Final = int(os.environ.get("LAB_READY_S", "15"))
"""What a good release needs to get ready, and more: a busy box needs more than that."""
STEADY_S: Final = 4
OVER_S: Final = 5
"""So much later than the deadline of the step that failed, the command has ended: everything is taken back by then."""
STEP_S: Final = {"ready": READY_S, "steady": STEADY_S}
"""Deadlines by verb; others fail when they notice."""
QUICK_S: Final = 20
DEADLINES: Final = f"[deadlines]\nready_s = {READY_S}\nsteady_s = {STEADY_S}\nconnect_s = 5\n"
Make = Callable[[Path, Path], Path]
"""From a good release's folder and a folder for the new one to the broken release."""
Around = Callable[[Installation, Path], contextlib.AbstractContextManager[Installation]]


@contextmanager
def _as_it_is(site: Installation, _made: Path) -> Generator[Installation]:
    yield site


@dataclass(frozen=True)
class Broken:
    """One class."""

    name: str
    make: Make
    """How the release comes to be."""
    told: str
    """The sentence that the operator reads has this (a pattern) in it."""
    around: Around = _as_it_is
    """What is wrong with the machines or the settings meanwhile."""
    during: Callable[[Installation, Event], None] = lambda _site, _event: None
    """What goes wrong at a step."""


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
def _bad_setting(site: Installation, _made: Path) -> Generator[Installation]:
    yield replace(site, env={**site.env, "RUNS_AT_ONCE": "many"})


@contextmanager
def _slow(site: Installation, _made: Path) -> Generator[Installation]:
    yield replace(site, env={**site.env, "SLOW_START_S": READY_S * 3})


@contextmanager
def _taken(site: Installation, _made: Path) -> Generator[Installation]:
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


def _fill(machine: Machine, left: int = 20_000_000) -> None:
    """Fill the disk under /srv, but for a little (the machines have a small one: `Fleet(disk_mib=…)`)."""
    machine.run(f"fallocate -l $(( $(df --output=avail -B1 {PLACE} | tail -1) - {left} )) {PLACE}/filler")


@contextmanager
def _full(site: Installation, _made: Path) -> Generator[Installation]:
    for machine in site.fleet.machines:
        _fill(machine)
    try:
        yield site
    finally:
        for machine in site.fleet.machines:
            machine.run(f"rm -f {PLACE}/filler")


@contextmanager
def _emptied(site: Installation, _made: Path) -> Generator[Installation]:
    try:
        yield site
    finally:
        for machine in site.fleet.machines:
            machine.run(f"rm -f {PLACE}/filler")


def _fills(site: Installation, event: Event) -> None:
    """Let the disk get full after it was looked at: when the release is assembled."""
    if (event["verb"], event["state"]) == ("stage", "begin"):
        _fill(next(machine for machine in site.fleet.machines if machine.name == event["host"]))


@contextmanager
def _rotten(site: Installation, made: Path) -> Generator[Installation]:
    """Let one file of the release be on the hosts already, as a bad disk has left it."""
    digest = archive.sha256(made / "web" / "version.json")
    for machine in site.fleet.machines:
        folder = f"{PLACE}/blobs/{digest[:2]}"
        machine.run(f"mkdir -p {folder}; echo rotten > {folder}/{digest}; chmod 444 {folder}/{digest}")
    yield site


CLASSES: Final = (
    Broken("import_error", _release("import_error"), r"ImportError: this release is broken"),
    Broken("never_ready", _release("never_ready"), r"not ready within \d+ s: .*this release never gets ready"),
    Broken("crash_loop", _release("crash_loop"), r"crashed.*exit code 70"),
    Broken("bad_setting", _good("setting"), r"RUNS_AT_ONCE"),
    Broken("port_taken", _good("taken"), r"\.sock.*: "),
    Broken("disk_full", _good("full"), r"MiB are free; \d+ MiB are needed"),
    Broken("wrong_checksum", _tampered, r"comfytavern-.*\.whl is not the file that was built"),
    Broken("failing_migration", _migration, r"db migrate.* failed: .*this migration is broken"),
    Broken("slow_start", _release("slow_start"), r"not ready within \d+ s: it is still starting"),
    Broken("memory_leak", _release("memory_leak"), r"MiB of memory in|no memory left"),
    Broken("disk_full_meanwhile", _good("full-later"), r"The disk is full", _emptied, _fills),
    Broken("wrong_checksum_there", _good("rotten"), r"web/version\.json is not what was built", _rotten),
)
_AROUND: Final = {"bad_setting": _bad_setting, "port_taken": _taken, "disk_full": _full, "slow_start": _slow}


def verdict(site: Installation, broken: Broken, base: Path) -> tuple[list[str], float, str]:
    """Deploy a broken release on a site where another serves; return what does not hold, how many seconds it took, and what was told."""
    before = {machine.name: site.state(machine) for machine in site.fleet.machines}
    serving = site.serving()
    folder = site.folder / broken.name
    folder.mkdir(exist_ok=True)
    made = broken.make(base, folder)
    with _AROUND.get(broken.name, broken.around)(site, made) as there:
        attempt = Attempt(there, "apply", str(made), "--yes")
        for event in attempt.steps():
            broken.during(there, event)
        end = attempt.end()
        found = _promises(end, broken)
        if (now := site.serving()) != serving:
            found.append(f"{now} serve instead of {serving}")
        for machine in site.fleet.machines:
            found += [f"{machine.name}: {each}" for each in _dirt(site, machine, made.name, before[machine.name])]
    if site.run("audit", "verify").returncode:
        found.append("the audit is not whole")
    return found, end.ms / 1000, str(end.said.get("sentence", ""))


def _promises(end: End, broken: Broken) -> list[str]:
    """Return what is wrong with the exit code, the time and the sentence."""
    found: list[str] = []
    if end.code == 0:
        found.append("the command said that all is well")
    failed = next((event for event in end.story if event["state"] == "failed"), None)
    if failed is None:
        late_s, allowed_s = end.ms / 1000, float(QUICK_S)
    else:
        same = (event for event in end.story if (event["host"], event["verb"], event["state"]) == (failed["host"], failed["verb"], "begin"))
        late_s, allowed_s = end.at - next(same)["at"], float(STEP_S.get(failed["verb"], QUICK_S) + OVER_S)
    if late_s > allowed_s:
        found.append(f"it took {late_s:.1f} s from the step that failed, {allowed_s:g} s were allowed")
    told = str(end.said.get("sentence", ""))
    if not re.search(broken.told, told) or "\n" in told:
        found.append(f"the cause is not told in one sentence: {told[:400]!r} {end.said.get('problems')}")
    return found


def _dirt(site: Installation, machine: Machine, release: str, before: dict[str, Any]) -> list[str]:
    """Return what a machine still has of a release that was taken back."""
    state, found = site.state(machine), list[str]()
    active = before["active"]
    spare = "green" if active == "blue" else "blue"
    if state["active"] != active or state["slots"][active]["release"] != before["slots"][active]["release"]:
        found.append(f"{state['active']} is active: {state['slots']}")
    if state["weights"] != {active: 100, spare: 0} or state["current"] != before["current"]:
        found.append(f"weights {state['weights']}, current {state['current']}")
    if state["slots"][spare]["state"] not in {"empty", "warm"} or state["slots"][spare]["release"] == release:
        found.append(f"the slot is not clean: {state['slots'][spare]}")
    units = f"comfytavern@{spare}.service comfytavern@{spare}.socket"
    if state["slots"][spare]["state"] == "empty":
        alive = machine.run(f"systemctl is-active {units}; true").split()
        found += [f"units of the slot are {alive}"] if set(alive) - {"inactive"} else []
        left = machine.run(
            f"ls -d {PLACE}/slots/{spare} /etc/comfytavern/env/{spare}.env 2>/dev/null; test -S /run/comfytavern/{spare}.sock && echo socket; true"
        )
        found += [f"left over: {left.split()}"] if left.strip() else []
    if left := machine.run(f"grep -lzx 'COMFYTAVERN_RELEASE={release}' /proc/[0-9]*/environ 2>/dev/null; true").split():
        found.append(f"{len(left)} processes of it still run")
    if left := machine.run(f"ls -d {PLACE}/releases/*.part {PLACE}/state/lock 2>/dev/null; true").split():
        found.append(f"left over: {left}")
    return found
