"""Faults in the middle of a deployment, and what must hold after the command has been run again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.lab.attempt import Attempt, End, Event
from tests.lab.installation import Installation
from tests.lab.machine import Machine

Do = Callable[[Installation, Attempt, Event], None]


def _machine(site: Installation, event: Event) -> Machine:
    return next(machine for machine in site.fleet.machines if machine.name == event["host"])


def kill(site: Installation, attempt: Attempt, event: Event) -> None:
    """End the command line."""
    attempt.kill()


def cut(site: Installation, attempt: Attempt, event: Event) -> None:
    """Pull the cable of the machine that works, for good as far as this attempt is concerned."""
    _machine(site, event).cut()


def power(site: Installation, attempt: Attempt, event: Event) -> None:
    """Cut the power of the machine that works."""
    _machine(site, event).crash()


KINDS: Final[dict[str, Do]] = {"kill": kill, "cut": cut, "power": power}


@dataclass(frozen=True)
class Outcome:
    """What was seen."""

    kind: str
    at: int
    event: str
    reached: bool
    """Whether the attempt had so many steps."""
    problems: tuple[str, ...]
    again: End | None


def trial(site: Installation, kind: str, at: int, artifact: str, release: str) -> Outcome:
    """Deploy, let the fault happen at the `at`-th step, mend it, deploy again; return what does not hold then."""
    seen: list[Event] = []

    def happen(event: Event) -> None:
        seen.append(event)
        KINDS[kind](site, attempt, event)

    attempt = Attempt(site, "apply", artifact, "--yes")
    reached = attempt.until(at, happen)
    attempt.end()
    if seen:
        _mend(kind, _machine(site, seen[0]))
    again = Attempt(site, "apply", artifact, "--yes", "--wait", "40").end()
    problems = tuple(_problems(site, release, again))
    named = f"{seen[0]['stage']}/{seen[0]['verb']}/{seen[0]['state']}@{seen[0]['host']}" if seen else ""
    return Outcome(kind, at, named, reached, problems, again)


def _mend(kind: str, machine: Machine) -> None:
    if kind == "cut":
        machine.heal()
    if kind == "power":
        machine.start()


def _problems(site: Installation, release: str, again: End) -> list[str]:
    found: list[str] = []
    if again.code != 0:
        found.append(f"the second run ended with {again.code}: {again.said.get('sentence')}")
    if (serving := site.serving()) != [release] * len(site.fleet.machines):
        found.append(f"{serving} serve")
    for machine in site.fleet.machines:
        state: dict[str, Any] = site.state(machine)
        active = [slot for slot, about in state.get("slots", {}).items() if about["state"] == "active"]
        if len(active) != 1:
            found.append(f"{machine.name}: active slots {active}")
        if machine.run("ls /srv/comfytavern/state/lock 2>/dev/null || true").strip():
            found.append(f"{machine.name} is still locked")
    if site.run("audit", "verify").returncode != 0:
        found.append("the audit is not whole")
    return found
