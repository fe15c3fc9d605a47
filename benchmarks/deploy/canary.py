"""Canaries on real machines under load: how soon a bad one is taken back, what users saw of it, and whether a good one is left alone.

    python benchmarks/deploy/canary.py                                  # 3 hosts, PostgreSQL
    python benchmarks/deploy/canary.py --hosts 1 --rate 400             # 1 host, SQLite
    python benchmarks/deploy/canary.py --only slow --good 0 --again 10  # 10 rollouts of the release that serves already

Harms that the new release brings are in comfytavern/testing/releases.py. Prints one JSON line with, for each, the seconds from the
first answer that anybody got from it until the last, and how many requests failed. To reach, at 5 % of 400 requests per second: half of
the requests fail <= 2 s, one in twenty <= 5 s, all are 300 ms slower <= 3 s, at most 10 failures seen. Needs root and the lab.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any, Final

from common import artifact, first, installation, say

from comfytavern.deploy.release import open_artifact
from comfytavern.testing.releases import HARMS
from tests.lab.canary import HARMFUL, NOBODY, QUICK, left, release, roll_out
from tests.lab.installation import Installation

LIMITS_S: Final = {"half_fail": 2.0, "few_fail": 5.0, "slow": 3.0}


def harmful(site: Installation, base: Path, name: str, rate: float) -> dict[str, Any]:
    """Roll out a bad release."""
    site.strategy_more = HARMFUL
    before = site.serving()[0]
    found = roll_out(site, release(base, name, site.folder / "releases", HARMS[name]), rate=rate, told=say)
    line = found.line() | {"wrong": left(site, found, before)}
    say(f"{name}: {line}")
    return line


def good(site: Installation, base: Path, times: int, again: int, rate: float) -> dict[str, Any]:
    """Roll out releases that are as good as the old one: with other names and back, then the one that serves already."""
    site.strategy_more = QUICK
    lines: list[dict[str, Any]] = []
    for at in range(times):
        lines.append(roll_out(site, release(base, f"good{at}", site.folder / "releases"), rate=rate, told=say).line())
        say(f"good {at + 1}: {lines[-1]}")
    same = release(base, f"good{times - 1}" if times else "stable", site.folder / "releases")
    for at in range(again):
        lines.append(roll_out(site, same, "--again", rate=rate).line())
        say(f"again {at + 1}: {lines[-1]}")
    stopped = [line["told"] for line in lines if line["code"]]
    return {"rollouts": len(lines), "stopped": len(stopped), "told": stopped, "failed": sum(line["failed"] for line in lines)}


def main(arguments: argparse.Namespace, base: Path) -> dict[str, Any]:
    """Do it all and return the line to print."""
    found: dict[str, Any] = {"hosts": arguments.hosts, "rate": arguments.rate}
    with installation(arguments.hosts, strategy="canary", strategy_more=NOBODY) as site:
        first(site, Path(release(base, "stable", site.folder / "releases")))
        for name in filter(None, arguments.only.split(",")):
            found[name] = harmful(site, base, name, arguments.rate)
        site.strategy_more = NOBODY
        if arguments.only:
            found["nobody"] = roll_out(site, release(base, "nobody", site.folder / "releases")).sentence
        found["good"] = good(site, base, arguments.good, arguments.again, arguments.rate)
    return found | {"load": os.getloadavg()[0]}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hosts", type=int, default=3)
    parser.add_argument("--rate", type=float, default=400.0, help="requests per second of all hosts together")
    parser.add_argument("--only", default=",".join(HARMS), help="harms, by name")
    parser.add_argument("--good", type=int, default=2, help="rollouts of good releases")
    parser.add_argument("--again", type=int, default=8, help="rollouts of the release that serves already")
    parser.add_argument("--artifact", type=Path)
    given = parser.parse_args()
    line = main(given, open_artifact(artifact(given.artifact)))
    print(json.dumps(line))
    late = [name for name, limit_s in LIMITS_S.items() if name in line and line[name]["exposed_s"] > limit_s]
    sys.exit(bool(late or line["good"]["stopped"] or any(line[name]["code"] != 5 for name in HARMS if name in line)))
