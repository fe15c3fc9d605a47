"""Ten classes of broken release on three hosts under load: the old release keeps serving, the command fails in time and says why.

    python benchmarks/deploy/broken.py [--only crash_loop]

Prints one JSON line: `failed` requests (0), and for each class what did not hold. Needs root and the lab.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from common import artifact, first, installation, releases, say

from comfytavern.deploy.release import open_artifact
from tests.lab.broken import CLASSES, DEADLINES, READY_S, verdict
from tests.lab.traffic import SMALL, Traffic


def main(hosts: int, only: str, base: Path) -> dict[str, Any]:
    """Do it all and return the line to print."""
    found: dict[str, list[str]] = {}
    took: dict[str, float] = {}
    told: dict[str, str] = {}
    wanted = set(only.split(",")) if only else {broken.name for broken in CLASSES}
    with installation(hosts, more=DEADLINES, machine={"disk_mib": 2500, "memory_mib": 1500}) as site:
        first(site, releases(base, site.folder, 1)[0])
        with Traffic(site, 30.0 * hosts, SMALL) as traffic:
            for broken in CLASSES:
                if broken.name in wanted:
                    found[broken.name], took[broken.name], told[broken.name] = verdict(site, broken, open_artifact(base))
                    say(f"{broken.name}: {found[broken.name] or 'as it should be'} ({took[broken.name]:.1f} s) {told[broken.name]}")
            counted = traffic.end()
    wrong = {name: problems for name, problems in found.items() if problems}
    kept = ("requests", "failed", "failures", "first_failures", "ws_abrupt", "ws_lost", "slowest_ms")
    return {"classes": len(found), "wrong": wrong, "took_s": took, "told": told, "ready_s": READY_S, "hosts": hosts} | {
        name: counted[name] for name in kept
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hosts", type=int, default=3)
    parser.add_argument("--only", default="", help="some classes, with commas between")
    parser.add_argument("--artifact", type=Path)
    given = parser.parse_args()
    line = main(given.hosts, given.only, artifact(given.artifact))
    print(json.dumps(line))
    sys.exit(bool(line["wrong"] or line["failed"]))
