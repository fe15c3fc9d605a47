"""Faults in the middle of a deployment, and what must hold after them and after the command has been run again."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.lab.attempt import Attempt, End, Event
from tests.lab.installation import PLACE, Installation
from tests.lab.machine import Machine

Do = Callable[[Installation, Attempt, Event], None]
BLIP_S: Final = 6.0
"""A cable is out for so long: longer than a call waits for a connection, shorter than its patience."""
LOCK_S: Final = 30.0
STARTS_S: Final = 5.0
"""What the second command needs before it asks for the lock."""


def _machine(site: Installation, event: Event) -> Machine:
    return next(machine for machine in site.fleet.machines if machine.name == event["host"])


def kill(site: Installation, attempt: Attempt, event: Event) -> None:
    """End the command line."""
    attempt.kill()


def cut(site: Installation, attempt: Attempt, event: Event) -> None:
    """Pull the cable of the machine that works, for good as far as this attempt is concerned."""
    _machine(site, event).cut()


def blip(site: Installation, attempt: Attempt, event: Event) -> None:
    """Pull the cable of the machine that works, and put it back a little later."""
    _machine(site, event).cut()
    time.sleep(BLIP_S)
    _machine(site, event).heal()


def power(site: Installation, attempt: Attempt, event: Event) -> None:
    """Cut the power of the machine that works."""
    _machine(site, event).crash()


KINDS: Final[dict[str, Do]] = {"kill": kill, "cut": cut, "power": power, "blip": blip}


@dataclass(frozen=True)
class Outcome:
    """What was seen."""

    kind: str
    at: int
    event: str
    reached: bool
    """Whether the attempt had so many steps."""
    problems: tuple[str, ...]
    first: End
    again: End | None
    lock_s: float = 0.0
    """From the fault until somebody else, who does not know that the first one is dead, had the lock; 0 when that was not tried."""


def trial(site: Installation, kind: str, at: int, artifact: str, release: str, *, colleague: bool = False) -> Outcome:
    """Deploy, let the fault happen at the `at`-th step, mend it, deploy again; return what does not hold then.

    With a `colleague`, it is another person who deploys again: they have to wait until the lock has no life in it any more.
    """
    seen: list[Event] = []

    def happen(event: Event) -> None:
        seen.append(event | {"at": time.monotonic()})
        KINDS[kind](site, attempt, event)

    attempt = Attempt(site, "apply", artifact, "--yes")
    reached = attempt.until(at, happen)
    first = attempt.end()
    if seen:
        _mend(kind, _machine(site, seen[0]))
    problems = [f"before the second run: {each}" for each in _mixed(site)]
    again = _again(site, artifact, colleague=colleague)
    problems += _problems(site, release, again)
    if kind == "blip" and first.code != 0:
        problems.append(f"a short cut was not survived: {first.said.get('sentence')}")
    named = f"{seen[0]['stage']}/{seen[0]['verb']}/{seen[0]['state']}@{seen[0]['host']}" if seen else ""
    lock_s = again.story[0]["at"] - seen[0]["at"] if colleague and seen and again.story else 0.0
    if lock_s > LOCK_S + STARTS_S:
        problems.append(f"the lock was not to be had for {lock_s:.1f} s")
    return Outcome(kind, at, named, reached, tuple(problems), first, again, lock_s)


def _again(site: Installation, artifact: str, *, colleague: bool) -> End:
    before = os.environ.get("LOGNAME")
    try:
        if colleague:
            os.environ["LOGNAME"] = "colleague"
        return Attempt(site, "apply", artifact, "--yes", "--wait", "60").end()
    finally:
        if before is None:
            os.environ.pop("LOGNAME", None)
        else:
            os.environ["LOGNAME"] = before


def _mend(kind: str, machine: Machine) -> None:
    if kind == "cut":
        machine.heal()
    if kind == "power":
        machine.start()


def _mixed(site: Installation) -> list[str]:
    """Return where two releases serve at once, or none: never, whatever has happened."""
    found: list[str] = []
    for machine in site.fleet.machines:
        count = "for i in $(seq 100); do [ -e /run/comfytavern/live ] && break; sleep 0.1; done; "
        count += "readlink /run/comfytavern/live/b/*.sock | sort -u | wc -l; readlink /run/comfytavern/live/r/* | sort -u | wc -l"
        if (served := machine.run(count).split()) != ["1", "1"]:
            found.append(f"{machine.name}: clients are sent to {served} places (backend, web)")
        found += _two(site, machine)
    return found


def _two(site: Installation, machine: Machine) -> list[str]:
    state: dict[str, Any] = site.state(machine)
    active = [slot for slot, about in state.get("slots", {}).items() if about["state"] == "active"]
    return [] if active == [state.get("active")] else [f"{machine.name}: active slots {active}, active {state.get('active')}"]


def _problems(site: Installation, release: str, again: End) -> list[str]:
    found: list[str] = []
    if again.code != 0:
        found.append(f"the second run ended with {again.code}: {again.said.get('sentence')}")
    if (serving := site.serving()) != [release] * len(site.fleet.machines):
        found.append(f"{serving} serve")
    found += _mixed(site)
    for machine in site.fleet.machines:
        if left := machine.run(f"ls -d {PLACE}/state/lock {PLACE}/releases/*.part 2>/dev/null; true").split():
            found.append(f"{machine.name}: left over: {left}")
        if site.state(machine).get("current") != release:
            found.append(f"{machine.name}: {site.state(machine).get('current')} is current")
    if site.run("audit", "verify").returncode != 0:
        found.append("the audit is not whole")
    return found
