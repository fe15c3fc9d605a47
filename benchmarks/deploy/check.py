"""How good `comfytavern check` is: every mistake of tests/site.py by the check that is meant for it, and clean runs without a false alarm.

A real nginx in front of a real server, the whole check with a login and a real Chromium. Prints one JSON line.

    python benchmarks/deploy/check.py [--clean 20]
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from comfytavern.deploy.checks.finding import Report, Verdict
from comfytavern.deploy.checks.service import check
from comfytavern.deploy.checks.visit import Login, Subject
from tests.server import NAME, PASSWORD, Server
from tests.site import SEEDED, Site

LOGIN: Final = Login(NAME, PASSWORD)
BAD_LOG: Final = ('{"level":"error","event":"the database is gone"}',)
Look = Callable[[Server, Path], tuple[Report, str]]
"""Seeds a fault and returns what was seen, and the check that must have found it."""


def look(site: Site, **more: Any) -> Report:
    """Make the whole check."""
    return asyncio.run(check(Subject(site.url, **{"login": LOGIN, "browser": False, **more})))


def failures(report: Report) -> dict[str, str]:
    """Return what failed, by check."""
    return {each.check: each.sentence for each in report.findings if each.verdict is Verdict.FAIL}


def seeded(name: str) -> Look:
    """Return a look at one of the mistakes of tests/site.py; the browser comes along where it is the one to find it."""

    def seen(server: Server, folder: Path) -> tuple[Report, str]:
        with Site(server, folder, SEEDED[name]) as site:
            return look(site, browser=SEEDED[name].browser), SEEDED[name].found_by

    return seen


def expiring(server: Server, folder: Path) -> tuple[Report, str]:
    """Look at a certificate that is good for three days."""
    with Site(server, folder, certificate_days=3) as site:
        return look(site, ca=site.ca), "certificate"


def strange(server: Server, folder: Path) -> tuple[Report, str]:
    """Look at a certificate that nobody vouches for."""
    with Site(server, folder, certificate_days=300) as site:
        return look(site), "certificate"


def with_more(by: str, **more: Any) -> Look:
    """Return a look at a site in order that is asked for something it is not."""

    def seen(server: Server, folder: Path) -> tuple[Report, str]:
        with Site(server, folder) as site:
            return look(site, **more), by

    return seen


FAULTS: Final[dict[str, Look]] = {
    **{name: seeded(name) for name in SEEDED},
    "certificate about to expire": expiring,
    "certificate of a stranger": strange,
    "another release than expected": with_more("version", expected="9.9.9"),
    "a host that is down": with_more("hosts", addresses=("127.0.0.1:9",)),
    "a login that is refused": with_more("login", login=Login(NAME, "not the password")),
    "errors in the log": with_more("log", log_lines=BAD_LOG),
}


def main() -> None:
    """Seed, look, count, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clean", type=int, default=20, help="clean runs")
    clean_runs = parser.parse_args().clean
    missed: dict[str, list[str]] = {}
    alarms: list[dict[str, str]] = []
    seconds: list[float] = []
    with tempfile.TemporaryDirectory() as name, Server(Path(name)) as server:
        server.owner()
        with Site(server, Path(name)) as site:
            for number in range(clean_runs):
                report = look(site, browser=True, log_lines=('{"level":"info","event":"ready"}',))
                seconds.append(report.ms / 1000)
                alarms += [failures(report)] if failures(report) else []
                print(f"clean {number + 1}/{clean_runs}: {report.ms / 1000:.1f} s {failures(report) or ''}", file=sys.stderr, flush=True)
        for fault, seen in FAULTS.items():
            report, by = seen(server, Path(name))
            found = failures(report)
            if by not in found:
                missed[fault] = sorted(found)
            seconds.append(report.ms / 1000)
            print(f"{fault}: {'found' if by in found else 'MISSED'} by {by}, {report.ms / 1000:.1f} s", file=sys.stderr, flush=True)
    said: dict[str, Any] = {"clean_runs": clean_runs, "false_alarms": len(alarms), "seconds_max": round(max(seconds), 2)}
    said |= {"seconds_median": round(sorted(seconds)[len(seconds) // 2], 2), "faults": len(FAULTS), "caught": len(FAULTS) - len(missed)}
    print(json.dumps(said | {"missed": missed, "alarms": alarms}))


if __name__ == "__main__":
    main()
