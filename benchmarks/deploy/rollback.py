"""How long a rollback takes on three hosts, SSH included: warm (the old release still runs) and cold (it has to be started).

    python benchmarks/deploy/rollback.py --times 10

Prints one JSON line: {"warm_ms": {p50, max}, "warm_wall_ms": …, "cold_ms": …, "switch_ms": …}. `ms` counts from the first connection
to the last answer, `wall` also the start of Python; `switch` is what one host says of its own switch. Needs root and the lab.
"""

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

from common import artifact, first, installation, releases, say

from tests.lab.attempt import Attempt
from tests.lab.installation import Installation


def timed(site: Installation, *words: str) -> tuple[float, float, list[float]]:
    """Run a command; return its time inside, its time with the start of Python, and those of its switches in ms."""
    attempt = Attempt(site, *words, "--yes")
    moves = [event["ms"] for event in attempt.steps() if event["state"] == "ok" and event["verb"] in {"flip", "switch"}]
    end = attempt.end()
    if end.code:
        raise SystemExit(f"{words} ended with {end.code}: {end.said}")
    return end.said.get("ms", end.ms), end.ms, moves


def spread(values: list[float]) -> dict[str, float]:
    """Return the middle and the worst."""
    return {"p50": round(statistics.median(values), 1), "max": round(max(values), 1)}


def main(hosts: int, times: int, base: Path) -> dict[str, Any]:
    """Do it all and return the line to print."""
    found: dict[str, list[float]] = {"warm_ms": [], "warm_wall_ms": [], "cold_ms": [], "cold_wall_ms": [], "flip_ms": []}
    with installation(hosts) as site:
        artifacts = releases(base, site.folder, 2)
        first(site, artifacts[0])
        site.deploy("apply", str(artifacts[1]), "--yes")
        for at in range(times):
            inside, wall, moves = timed(site, "rollback")
            found["warm_ms"].append(inside)
            found["warm_wall_ms"].append(wall)
            found["flip_ms"] += moves
            say(f"warm {at + 1}: {inside:.0f} ms ({wall:.0f} ms), to {site.serving()}")
        for at in range(max(1, times // 3)):
            site.deploy("finish", "--yes")
            inside, wall, _ = timed(site, "rollback")
            found["cold_ms"].append(inside)
            found["cold_wall_ms"].append(wall)
            say(f"cold {at + 1}: {inside:.0f} ms ({wall:.0f} ms), to {site.serving()}")
    return {name: spread(values) for name, values in found.items()} | {"hosts": hosts, "times": times}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hosts", type=int, default=3)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--artifact", type=Path)
    given = parser.parse_args()
    print(json.dumps(main(given.hosts, given.times, artifact(given.artifact))))
