"""The command line killed, a cable pulled, the power cut, at each step of a deployment: running it again converges.

    python benchmarks/deploy/faults.py --hosts 2 --every 4          # each fourth step; --every 1 is all of them, and takes long
    python benchmarks/deploy/faults.py --kinds kill,power

Prints one JSON line: `trials`, `converged`, and what did not hold. Needs root and the lab.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from common import artifact, first, installation, releases, say

from comfytavern.deploy.release import open_artifact
from comfytavern.testing.releases import variant
from tests.lab.faults import KINDS, Outcome, trial
from tests.lab.installation import Installation


def fresh(base: Path, site: Installation, name: str) -> Path:
    """Return the folder of a release that no machine has: every deployment has all steps."""
    return variant(open_artifact(base), f"0.1.0+{name}", out=site.folder / "releases")


def series(site: Installation, kind: str, base: Path, first: int, every: int) -> list[Outcome]:
    """Return the outcome at every so many steps, until a deployment has no more of them."""
    outcomes: list[Outcome] = []
    at = first
    while True:
        folder = fresh(base, site, f"{kind}-{at}")
        outcome = trial(site, kind, at, str(folder), folder.name, colleague=kind == "kill" and len(outcomes) % 5 == 4)
        if not outcome.reached:
            return outcomes
        outcomes.append(outcome)
        took = f"{outcome.first.ms / 1000:.0f} s, then {outcome.again.ms / 1000:.0f} s" if outcome.again else ""
        lock = f", lock after {outcome.lock_s:.1f} s" if outcome.lock_s else ""
        say(f"{kind} at {at} ({outcome.event}): {list(outcome.problems) or 'converged'} ({took}{lock})")
        at += every


def main(arguments: argparse.Namespace, base: Path) -> dict[str, Any]:
    """Do it all and return the line to print."""
    outcomes: list[Outcome] = []
    with installation(arguments.hosts, more="[deadlines]\nconnect_s = 3\nready_s = 40\nsteady_s = 1\n") as site:
        first(site, releases(base, site.folder, 1)[0])
        for kind in arguments.kinds.split(","):
            outcomes += series(site, kind, base, arguments.first, arguments.every)
    wrong = {f"{each.kind} at {each.at} ({each.event})": each.problems for each in outcomes if each.problems}
    again_s = [each.again.ms / 1000 for each in outcomes if each.again]
    lock_s = round(max((each.lock_s for each in outcomes), default=0), 1)
    counted = {"trials": len(outcomes), "converged": len(outcomes) - len(wrong), "points": len({each.event for each in outcomes})}
    return counted | {"wrong": wrong, "again_s_max": round(max(again_s, default=0), 1), "lock_s_max": lock_s, "hosts": arguments.hosts}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hosts", type=int, default=2)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--first", type=int, default=1, help="the step to begin with")
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--artifact", type=Path)
    given = parser.parse_args()
    line = main(given, artifact(given.artifact))
    print(json.dumps(line))
    sys.exit(bool(line["wrong"]))
