"""Deploy and roll back again and again under load, on real machines, through the product's own command line.

    python benchmarks/deploy/switch.py                                          # 3 hosts, PostgreSQL, systemd: 3 x (deploy + rollback)
    python benchmarks/deploy/switch.py --driver supervisord --hosts 1           # 1 host, SQLite
    python benchmarks/deploy/switch.py --driver pm2 --hosts 1 --swaps 6
    python benchmarks/deploy/switch.py --driver podman --hosts 1 --rate 250 --requests 10500

Needs root, the lab (`python -m tests.lab.base`) and an artifact (`comfytavern build`). Prints one JSON line; `failed`, `ws_abrupt`
and `ws_lost` have to be 0, and the exit code says so.
"""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from common import artifact, first, installation, releases, say

from tests.lab.installation import ENGINES, Installation
from tests.lab.traffic import Traffic


def swap(site: Installation, artifacts: list[Path], swaps: int, pause_s: float) -> dict[str, list[float]]:
    """Deploy and roll back in turns; return how long each took."""
    took: dict[str, list[float]] = {"deploy_s": [], "rollback_ms": [], "rollback_wall_ms": []}
    for at in range(swaps):
        time.sleep(pause_s)
        if at % 2 == 0:
            site.deploy("apply", str(artifacts[1 + at // 2]), "--yes")
            took["deploy_s"].append(round(site.last_ms / 1000, 2))
            say(f"deployed {site.serving()} in {site.last_ms / 1000:.1f} s")
        else:
            told = site.deploy("rollback", "--yes")
            took["rollback_wall_ms"].append(round(site.last_ms))
            took["rollback_ms"].append(round(told.get("ms", site.last_ms)))
            say(f"rolled back to {site.serving()} in {took['rollback_ms'][-1]} ms (the start of Python included: {site.last_ms:.0f} ms)")
    time.sleep(pause_s)
    return took


def main(arguments: argparse.Namespace) -> dict[str, Any]:
    """Do it all and return the line to print."""
    base = artifact(arguments.artifact)
    machine = {"engine": arguments.driver} if arguments.driver in ENGINES else {}
    with installation(arguments.hosts, machine=machine, driver=arguments.driver, strategy=arguments.strategy) as site:
        artifacts = releases(base, site.folder, 1 + (arguments.swaps + 1) // 2)
        first(site, artifacts[0])
        with Traffic(site, arguments.rate, told=say) as traffic:
            took = swap(site, artifacts, arguments.swaps, arguments.pause)
            traffic.wait_for(arguments.requests, arguments.longest)
            counted = traffic.end()
    counted["rollback_ms"] = _spread(took.pop("rollback_ms"))
    return (
        counted | took | {"driver": arguments.driver, "hosts": arguments.hosts, "strategy": arguments.strategy, "load": os.getloadavg()[0]}
    )


def _spread(values: list[float]) -> dict[str, float]:
    return {"p50": statistics.median(values), "max": max(values)} if values else {}


def options() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--driver", default="systemd", choices=["systemd", "supervisord", "pm2", "podman", "docker"])
    parser.add_argument("--hosts", type=int, default=3)
    parser.add_argument("--strategy", default="rolling")
    parser.add_argument("--swaps", type=int, default=6, help="deployments and rollbacks in turns")
    parser.add_argument("--rate", type=float, default=420.0, help="requests per second of all hosts together")
    parser.add_argument("--pause", type=float, default=5.0, help="seconds of load before each swap, and after the last")
    parser.add_argument("--requests", type=int, default=20_000, help="go on with the load until there were so many")
    parser.add_argument("--longest", type=float, default=240.0, help="but no longer than so many seconds")
    parser.add_argument("--artifact", type=Path, help="the newest of dist/ when not given")
    return parser.parse_args()


if __name__ == "__main__":
    line = main(options())
    print(json.dumps(line))
    sys.exit(bool(line["failed"] or line["ws_abrupt"] or line["ws_lost"]))
