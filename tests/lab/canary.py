"""One canary under load: how it ended, how long anybody was on it, what they saw of it, and what is left of it on the machines."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from comfytavern.testing.releases import Change, faulty, variant
from tests.lab.attempt import Attempt, End
from tests.lab.installation import Installation
from tests.lab.traffic import Traffic

HARMFUL: Final = "steps = [5, 100]\nstep_s = 20\nhold_s = 60\nmin_requests = 40\n"
"""A step at 5 %, long enough for anything to be found in it."""
QUICK: Final = "steps = [1, 5, 25, 50, 100]\nstep_s = 2\nhold_s = 60\nmin_requests = 5\n"
NOBODY: Final = "steps = [5, 100]\nstep_s = 0.5\nhold_s = 1.5\nmin_requests = 40\n"
NOTICE_S: Final = 1.0


def users(hosts: int, keep: int = 40) -> tuple[str, ...]:
    """Return who is there: each request of another user, watchers who stay, and visitors of whom a canary gets its part."""
    paced = ("--keep", str(keep), "--fresh", "6", "--post", "0", "--slow", "0", "--stream", "0")
    return (*paced, "--watch", "4", "--visit", str(60 // hosts), "--paths", "/api/ping,/api/ping,/api/ping,/api/session", "--spread")


def release(base: Path, name: str, out: Path, change: Change | None = None) -> str:
    """Return the folder of the release `0.1.0+<name>`; without a harmful change, it differs from the base in `/api/ping` only."""
    return str(variant(base, f"0.1.0+{name.replace('_', '-')}", change or faulty(), out=out))


@dataclass(frozen=True)
class Rollout:
    """What is known after one."""

    end: End
    steps: list[tuple[str, str]]
    """Host and verb of each step that was done, in their order."""
    counted: dict[str, Any]
    """What the load has counted; empty without one."""
    release: str

    @property
    def sentence(self) -> str:
        """What the command said."""
        return str(self.end.said.get("sentence", ""))

    @property
    def exposed_s(self) -> float:
        """Seconds from the first answer that anybody got from the new release until the last."""
        first, last = self.counted.get("spans", {}).get(self.release, (0.0, 0.0))
        return round(last - first, 2)

    def line(self) -> dict[str, Any]:
        """Return what a benchmark prints."""
        kept = {name: self.counted.get(name) for name in ("requests", "failed", "rate", "failures", "releases")}
        return {"code": self.end.code, "told": self.sentence, "exposed_s": self.exposed_s} | kept


def roll_out(
    site: Installation, folder: str, *words: str, rate: float = 0.0, told: Callable[[str], None] | None = None, settle_s: float = 1.5
) -> Rollout:
    """Deploy a release while people work; return what became of it."""
    about = Path(folder).name
    if not rate:
        return _attempt(site, folder, words, about)
    with Traffic(site, rate, users(len(site.fleet.machines)), told=told) as traffic:
        time.sleep(settle_s)
        found = _attempt(site, folder, words, about)
        time.sleep(NOTICE_S)
        return Rollout(found.end, found.steps, traffic.end(), about)


def _attempt(site: Installation, folder: str, words: tuple[str, ...], about: str) -> Rollout:
    attempt = Attempt(site, "apply", folder, "--yes", *words)
    steps = [(event["host"], event["verb"]) for event in attempt.steps() if event["state"] == "ok"]
    return Rollout(attempt.end(), steps, {}, about)


def left(site: Installation, found: Rollout, before: str) -> list[str]:
    """Return what is not as it should be on the machines after `found` was taken back to the release `before`."""
    wrong: list[str] = []
    ledger = site.deploy("ledger", "--limit", "1")
    for machine in site.fleet.machines:
        state = site.state(machine)
        active = state["slots"][state["active"]]
        spare = next(slot for slot in state["slots"] if slot != state["active"])
        entry = ledger[machine.name]["items"][-1]
        audit = machine.read("/srv/comfytavern/state/audit.jsonl").splitlines()[-1]
        checks = {
            f"{active['release']} serves": active["release"] == before,
            f"{spare} holds {state['slots'][spare]}": state["slots"][spare]["state"] == "empty",
            f"{spare} still runs": "inactive" in machine.run(f"systemctl is-active comfytavern@{spare}.service || true"),
            f"weights are {state['weights']}": state["weights"] == {state["active"]: 100, spare: 0},
            f"the ledger says {entry}": (entry["release"], entry["outcome"]) == (found.release, "aborted")
            and entry["note"] == found.sentence,
            f"the audit ends with {audit}": found.release in audit and "aborted" in audit,
        }
        wrong += [f"{machine.name}: {said}" for said, good in checks.items() if not good]
    return wrong
