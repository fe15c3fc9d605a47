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

from tests.lab.faults import KINDS, Outcome, trial
from tests.lab.installation import Installation


def series(site: Installation, kind: str, artifacts: list[Path], every: int) -> list[Outcome]:
    """Return the outcome at every so many steps, until a deployment has no more of them."""
    outcomes: list[Outcome] = []
    at = 1
    while True:
        # Two releases in turns: what is installed already is a shorter deployment, what is not is a longer one.
        path = artifacts[1 + len(outcomes) % (len(artifacts) - 1)]
        release = path.name.removeprefix("comfytavern-").removesuffix(".tar.zst")
        outcome = trial(site, kind, at, str(path), release)
        if not outcome.reached:
            return outcomes
        outcomes.append(outcome)
        say(f"{kind} at {at} ({outcome.event}): {list(outcome.problems) or 'converged'}")
        at += every


def main(arguments: argparse.Namespace, base: Path) -> dict[str, Any]:
    """Do it all and return the line to print."""
    outcomes: list[Outcome] = []
    with installation(arguments.hosts, more="[deadlines]\nconnect_s = 3\nready_s = 40\n") as site:
        artifacts = releases(base, site.folder, 3)
        first(site, artifacts[0])
        for kind in arguments.kinds.split(","):
            outcomes += series(site, kind, artifacts, arguments.every)
    wrong = {f"{each.kind} at {each.at} ({each.event})": each.problems for each in outcomes if each.problems}
    again_s = [each.again.ms / 1000 for each in outcomes if each.again]
    counted = {"trials": len(outcomes), "converged": len(outcomes) - len(wrong), "points": len({each.event for each in outcomes})}
    return counted | {"wrong": wrong, "again_s_max": round(max(again_s, default=0), 1), "hosts": arguments.hosts}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hosts", type=int, default=2)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--artifact", type=Path)
    given = parser.parse_args()
    line = main(given, artifact(given.artifact))
    print(json.dumps(line))
    sys.exit(bool(line["wrong"]))
