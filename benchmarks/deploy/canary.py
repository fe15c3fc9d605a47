"""Canaries on real machines under load: how soon a bad one is taken back and what users saw of it; weights and stickiness.

    python benchmarks/deploy/canary.py

Faults that the new release brings: half of the requests fail, one in twenty fails, all are 300 ms slower. Prints one JSON line with, for
each, the seconds from the first request it got until it got none, and how many requests failed. Needs root and the lab.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final

from common import artifact, changed, first, installation, releases, say

from comfytavern.testing.releases import ending
from tests.lab.attempt import Attempt
from tests.lab.traffic import Traffic

INJECTED: Final = """
import asyncio, random

_init = Edge.__init__


def _bad(self, app, *given, **named):
    async def broken(scope, receive, send):
        if scope["type"] == "http" and scope["path"].startswith("/api/"):
            FAULT
        await app(scope, receive, send)

    _init(self, broken, *given, **named)


Edge.__init__ = _bad
"""
"""Stands at the end of the outermost layer, so that the app counts the fault as its own."""
FAULTS: Final = {
    "half_fail": "if random.random() < 0.5: raise RuntimeError('injected')",
    "few_fail": "if random.random() < 0.05: raise RuntimeError('injected')",
    "slow": "await asyncio.sleep(0.3)",
}
STRATEGY: Final = "steps = [5, 25]\nstep_s = 10\nhold_s = 60\nmin_requests = 40\n"
USERS: Final = ("--keep", "30", "--fresh", "4", "--post", "2", "--slow", "0", "--stream", "0", "--watch", "2")


def main(arguments: argparse.Namespace, base: Path) -> dict[str, Any]:
    """Do it all and return the line to print."""
    found: dict[str, Any] = {"hosts": arguments.hosts}
    with installation(arguments.hosts, strategy="canary", strategy_more=STRATEGY) as site:
        first(site, releases(base, site.folder, 1)[0])
        for name in arguments.only.split(","):
            bad = changed(
                base, site.folder, name.replace("_", "-"), ending("comfytavern/api/edge.py", INJECTED.replace("FAULT", FAULTS[name]))
            )
            with Traffic(site, arguments.rate, USERS, told=say) as traffic:
                attempt, begun = Attempt(site, "apply", str(bad), "--yes"), 0.0
                for event in attempt.steps():
                    begun = begun or (event["at"] if event["verb"] == "setw" and event["state"] == "ok" else 0.0)
                end = attempt.end()
                counted = traffic.end()
            seen = {"code": end.code, "told": end.said.get("sentence"), "seconds": round(end.at - begun, 2), "failed": counted["failed"]}
            found[name] = seen | {"requests": counted["requests"], "rate": counted["rate"], "releases": counted["releases"]}
            say(f"{name}: {found[name]}")
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hosts", type=int, default=1)
    parser.add_argument("--rate", type=float, default=200.0)
    parser.add_argument("--only", default=",".join(FAULTS))
    parser.add_argument("--artifact", type=Path)
    given = parser.parse_args()
    line = main(given, artifact(given.artifact))
    print(json.dumps(line))
    sys.exit(not all(line[name]["code"] == 5 for name in given.only.split(",")))
