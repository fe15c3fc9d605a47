"""How long a rollback takes on three hosts, SSH included: warm (the old release still runs) and cold (it has to be started).

    python benchmarks/deploy/rollback.py --times 10

Prints one JSON line: {"warm_ms": {p50, max}, "warm_done_ms": …, "warm_wall_ms": …, "switch_ms": …, "cold_ms": …, …}. `ms` is from the first
connection until everybody is on the other release, `done` until that is written down everywhere and the locks are free, `wall` is all of
the command, with the start and end of Python; `flip` is one host's call, and `switch` the part of it that moves people. Needs root and
the lab.
"""

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

from common import artifact, first, installation, releases, say

from tests.lab.attempt import Attempt
from tests.lab.installation import PLACE, Installation


def timed(site: Installation, kind: str, found: dict[str, list[float]]) -> None:
    """Roll back and note how long it took."""
    attempt = Attempt(site, "rollback", "--yes")
    moves = [event["ms"] for event in attempt.steps() if event["state"] == "ok" and event["verb"] in {"flip", "switch"}]
    end = attempt.end()
    if end.code or not end.said["plan"]["kind"].endswith(kind):
        raise SystemExit(f"a {kind} rollback ended with {end.code}: {end.said}")
    took = {"ms": end.said["moved_ms"], "done_ms": end.said["ms"], "wall_ms": end.ms}
    for name, value in took.items():
        found.setdefault(f"{kind}_{name}", []).append(value)
    found.setdefault(f"{kind}_call_ms", []).extend(moves)
    found.setdefault("switch_ms", []).extend(switches(site))
    say(f"{kind}: " + ", ".join(f"{name} {value:.0f}" for name, value in took.items()) + f", to {site.serving()}")


def switches(site: Installation) -> list[float]:
    """Return how long the last move of people took on each host, by its own account."""
    said = [
        machine.run(f"ls -t {PLACE}/state/steps/*.json | xargs grep -lm1 switch_ms | head -1 | xargs cat")
        for machine in site.fleet.machines
    ]
    return [json.loads(each)["value"]["switch_ms"] for each in said]


def spread(values: list[float]) -> dict[str, float]:
    """Return the middle and the worst."""
    return {"p50": round(statistics.median(values), 1), "max": round(max(values), 1)}


def main(hosts: int, times: int, base: Path) -> dict[str, Any]:
    """Do it all and return the line to print."""
    found: dict[str, list[float]] = {}
    with installation(hosts) as site:
        artifacts = releases(base, site.folder, 2)
        first(site, artifacts[0])
        site.deploy("apply", str(artifacts[1]), "--yes")
        for _ in range(times):
            timed(site, "warm", found)
        for _ in range(max(1, times // 3)):
            site.deploy("finish", "--yes")
            timed(site, "cold", found)
    return {name: spread(values) for name, values in found.items()} | {"hosts": hosts, "times": times}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hosts", type=int, default=3)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--artifact", type=Path)
    given = parser.parse_args()
    print(json.dumps(main(given.hosts, given.times, artifact(given.artifact))))
