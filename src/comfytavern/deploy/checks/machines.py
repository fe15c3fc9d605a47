"""Checks of the hosts themselves, read by SSH: releases, units, restarts, disks, clocks, certificate files. Each names the host."""

from collections.abc import Callable, Coroutine, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec

from comfytavern.deploy.checks.finding import Fault, Left, Worry

CLOCK_S_MAX: Final = 2.0
FREE_BYTES_MIN, FREE_PART_MIN, FREE_PART_LOW = 300 << 20, 0.02, 0.08
HINT: Final = "See `comfytavern deploy status` and `comfytavern deploy logs`."


class Process(msgspec.Struct, frozen=True):
    """What the process manager says of a slot."""

    running: bool = False
    restarts: int = 0
    failed: bool = False


class Slot(msgspec.Struct, frozen=True):
    """A slot as state file, process manager and app see it."""

    release: str | None = None
    state: str = "empty"
    process: Process | None = None
    says: str | None = None
    ready: str | None = None


class Disk(msgspec.Struct, frozen=True):
    """A file system, by a place on it."""

    place: str
    free_bytes: int
    size_bytes: int
    free_files: int = 0
    files: int = 0


class Certificate(msgspec.Struct, frozen=True):
    """The file of the site's certificate."""

    path: str
    expires_at: str | None = None
    problem: str = ""


class Machine(msgspec.Struct, frozen=True):
    """What a host says of itself; `skew_s`: how far its clock is ahead of ours, at least."""

    active: Literal["blue", "green"] | None = None
    slots: dict[str, Slot] = {}
    gate: dict[str, Any] | None = None
    boot: bool = True
    nginx: bool = True
    disks: tuple[Disk, ...] = ()
    certificate: Certificate | None = None
    lines: tuple[str, ...] = ()
    clock: float = 0.0
    skew_s: float = 0.0

    @property
    def serving(self) -> Slot:
        """The slot that serves."""
        return self.slots.get(self.active or "", Slot())


Machines = Mapping[str, Machine | str]
"""By host; a sentence for one that cannot be read."""
Survey = Callable[[], Coroutine[Any, Any, Machines]]


def machine_of(said: dict[str, Any], asked: float, heard: float) -> Machine:
    """Return what a host said between two moments of our own clock. Raises `msgspec.ValidationError`."""
    found = msgspec.convert(said, Machine, strict=False)
    skew = found.clock - heard if found.clock > heard else min(0.0, found.clock - asked)
    return msgspec.structs.replace(found, skew_s=skew)


def read(machines: Machines | None) -> dict[str, Machine]:
    """Return the hosts that could be read. Raises `Left` when none was asked for."""
    if machines is None:
        raise Left("No hosts were named.", "Give --file deploy.toml to look at them by SSH.")
    return {name: each for name, each in machines.items() if isinstance(each, Machine)}


def one_release(machines: Machines, answered: str) -> str:
    """Every host can be read, and every one serves the release that answers, by its own word as well."""
    if unread := [each for each in machines.values() if isinstance(each, str)]:
        raise Fault("; ".join(unread), "Try `comfytavern deploy status`.")
    found = {name: each.serving for name, each in read(machines).items()}
    told = {name: slot.says or slot.release or "nothing" for name, slot in found.items()}
    if len(set(told.values())) > 1:
        listed = ", ".join(f"{name} {release}" for name, release in told.items())
        raise Fault(f"The hosts run different releases: {listed}.", "Finish the deployment: `comfytavern deploy apply`, or roll back.")
    for name, slot in found.items():
        if slot.says and slot.says != slot.release:
            raise Fault(f"{name} should serve {slot.release} and runs {slot.says}.", "Deploy it again: `deploy apply --again`.")
    release = next(iter(told.values()), "nothing")
    if answered and release != answered:
        raise Fault(f"The hosts run {release}; {answered} answers.", "Does the name lead to these hosts?")
    return f"{len(found)} host{'s' if len(found) > 1 else ''} serve{'' if len(found) > 1 else 's'} {release}."


def units(machines: Machines | None) -> str:
    """What serves runs and is ready, nginx runs, a restart of the host would start it again, and no deployment was left half done."""
    found = read(machines)
    wrong = [f"{name}: {each}" for name, machine in found.items() for each in _units(machine)]
    if wrong:
        raise Fault("; ".join(wrong) + ".", HINT)
    left = [
        f"{name}: {slot} is {about.state}"
        for name, machine in found.items()
        for slot, about in machine.slots.items()
        if about.state in {"starting", "ready", "failed"}
    ]
    if left:
        raise Worry(f"A deployment was left half done ({'; '.join(left)}).", "Run `comfytavern deploy resume`.")
    return "Everything that should run does."


def _units(machine: Machine) -> Iterator[str]:
    if machine.gate:
        yield "closed, its data is being replaced (`deploy resume`)"
        return
    process = machine.serving.process
    if machine.active is None:
        yield "nothing serves"
    elif process is None or not process.running:
        yield f"{machine.active} {'has failed for good' if process and process.failed else 'does not run'}"
    elif machine.serving.ready != "ready":
        yield f"{machine.active} is {machine.serving.ready or 'silent'}"
    if not machine.nginx:
        yield "nginx does not run"
    if not machine.boot:
        yield "comfytavern-boot.service is not enabled: a restart of the host would start nothing"


def restarts(machines: Machines | None) -> str:
    """What serves was never restarted since it was deployed."""
    counts = {
        name: machine.serving.process.restarts
        for name, machine in read(machines).items()
        if machine.serving.process and machine.serving.process.restarts
    }
    if counts:
        listed = ", ".join(f"{name} {times} times" for name, times in counts.items())
        raise Fault(f"It crashed and was restarted since the deployment: {listed}.", HINT)
    return "Nothing was restarted since the deployment."


def disks(machines: Machines | None) -> str:
    """Every disk has room, for files and for their names."""
    found = {(name, disk.place): disk for name, machine in read(machines).items() for disk in machine.disks if disk.size_bytes}
    for (name, place), disk in found.items():
        part = disk.free_bytes / disk.size_bytes
        said = f"{name}: {disk.free_bytes / 2**30:.1f} GiB of {disk.size_bytes / 2**30:.1f} are free on {place}."
        if disk.free_bytes < FREE_BYTES_MIN or part < FREE_PART_MIN:
            raise Fault(said, "Free some space, or keep fewer releases (`keep`) and backups.")
        if disk.files and disk.free_files / disk.files < FREE_PART_MIN:
            raise Fault(f"{name}: {place} has room for {disk.free_files} more files.", "Remove small files; `df -i` shows where.")
    low = [f"{name}:{place}" for (name, place), disk in found.items() if disk.free_bytes / disk.size_bytes < FREE_PART_LOW]
    if low:
        raise Worry(f"Less than {FREE_PART_LOW:.0%} is free on {', '.join(low)}.", "Free some space before it is full.")
    least = min((disk.free_bytes for disk in found.values()), default=0)
    return f"At least {least / 2**30:.1f} GiB are free everywhere."


def clocks(machines: Machines | None) -> str:
    """The hosts' clocks are right, by ours."""
    found = read(machines)
    wrong = {name: machine.skew_s for name, machine in found.items() if abs(machine.skew_s) > CLOCK_S_MAX}
    if wrong:
        listed = ", ".join(f"{name} is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}" for name, skew in wrong.items())
        raise Fault(f"Clocks are wrong: {listed}.", "Set up time synchronisation (timedatectl set-ntp true), here too.")
    return "The clocks of the hosts are right."


def certificates(machines: Machines | None, days_min: float) -> str:
    """The certificate files on the hosts are there, and not about to expire: nginx may still have an older one in memory."""
    days: list[float] = []
    for name, machine in read(machines).items():
        if (file := machine.certificate) is None:
            continue
        if file.expires_at is None:
            raise Fault(f"{name}: {file.path} cannot be read as a certificate: {file.problem}.", "Put it where deploy.toml names it.")
        ends = datetime.fromisoformat(file.expires_at).astimezone(UTC)
        days.append((ends - datetime.now(UTC)).total_seconds() / 86_400)
        if days[-1] < days_min:
            raise Fault(f"{name}: {file.path} expires in {days[-1]:.1f} days.", "Renew it, and reload nginx.")
    if not days:
        raise Left("The hosts have no certificate.")
    return f"The certificate files are good for {min(days):.0f} days."
