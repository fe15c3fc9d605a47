"""How soon a bad canary is taken back, what users see of it, and how often a good one is: simulated rollouts, one JSON line.

The real judge hears a simulated site: Poisson requests, a tail of latency as a real server has it (log-normal, with bursts in which
everything is slow), errors by chance. Numbers to reach: 50 % errors in 2 s, 5 % in 5 s, +300 ms in 3 s, at most 10 errors seen, and at
most one of 100 good rollouts stopped; on one host, and on three of which all or only one has the fault.
"""

import argparse
import json
import math
import random
from typing import Any

from comfytavern.deploy.stage import Judge
from comfytavern.deploy.strategies.judge import Jury, Kind, Sample

LOOK_S = 0.25
EDGES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
STEPS = (1, 5, 25, 50)
BURST_S = 0.5
SOON_S = 5.0


class Site:
    """Two releases behind one door."""

    def __init__(self, chance: random.Random, rate: float, *, errors: float, extra_s: float, base_errors: float) -> None:
        """Take requests per second, and how the canary differs."""
        self._chance, self._rate = chance, rate
        self._errors, self._extra_s, self._base = errors, extra_s, base_errors
        self.stable, self.canary = Sample(), Sample()
        self._burst = [0.0, 0.0]

    def run(self, seconds: float, share: float) -> None:
        """Let time pass with `share` of the users on the canary."""
        self.stable += self._requests(0, self._rate * (1 - share) * seconds, self._base, 0.0, seconds)
        self.canary += self._requests(1, self._rate * share * seconds, max(self._base, self._errors), self._extra_s, seconds)

    def _requests(self, who: int, expected: float, errors: float, extra_s: float, seconds: float) -> Sample:
        count = _poisson(self._chance, expected)
        self._burst[who] -= seconds
        if self._burst[who] < 0 and self._chance.random() < seconds / 20:
            self._burst[who] = BURST_S
        slow = 5.0 if self._burst[who] > 0 else 1.0
        times = [self._chance.lognormvariate(math.log(0.012), 0.8) * slow + extra_s for _ in range(count)]
        failed = sum(self._chance.random() < errors for _ in range(count))
        slower = {edge: sum(each > edge for each in times) for edge in EDGES}
        return Sample(requests=count, errors=failed, seconds=sum(times), slower=slower)


def _poisson(chance: random.Random, expected: float) -> int:
    count, at = 0, chance.expovariate(1.0)
    while at < expected:
        count, at = count + 1, at + chance.expovariate(1.0)
    return count


def step(sites: list[Site], percent: int, *, step_s: float = 30.0, hold_s: float = 60.0, min_requests: int = 50) -> tuple[Kind, float]:
    """Judge one step; return the verdict and how long it took."""
    names = [f"h{number}" for number in range(len(sites))]
    jury, at_s = Jury(Judge(percent=percent, step_s=step_s, hold_s=hold_s, min_requests=min_requests), names), 0.0
    while True:
        verdict = jury.hear(at_s, {name: (site.stable, site.canary) for name, site in zip(names, sites, strict=True)})
        if verdict.kind is not Kind.WAIT:
            return verdict.kind, at_s
        for site in sites:
            site.run(LOOK_S, percent / 100)
        at_s += LOOK_S


def fleet(seed: int, rate: float, hosts: int, *, only_one: bool = False, **harm: float) -> list[Site]:
    """Return hosts that share the requests; `only_one` of them has the fault."""
    well = {"errors": 0.0, "extra_s": 0.0, "base_errors": 0.0005}
    ill = {**well, **harm}
    return [Site(random.Random(seed * 101 + n), rate / hosts, **(ill if n == 0 or not only_one else well)) for n in range(hosts)]


def harmed(
    runs: int, seed: int, *, percent: int = 5, rate: float = 400.0, hosts: int = 1, only_one: bool = False, **harm: float
) -> dict[str, Any]:
    """Return how a harmed canary fares at one weight: seconds to the abort, errors seen by users, and how many were missed."""
    times: list[float] = []
    seen: list[int] = []
    for n in range(runs):
        sites = fleet(seed + n, rate, hosts, only_one=only_one, **harm)
        for site in sites:
            site.run(5.0, 0.0)
        before = sum(site.canary.errors for site in sites)
        kind, took_s = step(sites, percent)
        if kind is Kind.ABORT:
            times.append(took_s)
            seen.append(sum(site.canary.errors for site in sites) - before)
    times.sort()
    middle = times[len(times) // 2] if times else None
    soon = round(sum(each <= SOON_S for each in times) / runs, 2)
    most = {"max_s": times[-1] if times else None, "errors_max": max(seen, default=0)}
    return {"p50_s": middle, "within_5_s": soon, **most, "missed": runs - len(times)}


def good(runs: int, seed: int, rate: float = 400.0, base_errors: float = 0.001, hosts: int = 1) -> dict[str, Any]:
    """Return how many whole rollouts of a release that is as good as the old one were stopped."""
    stopped = 0
    for n in range(runs):
        sites = fleet(seed + n, rate, hosts, base_errors=base_errors)
        stopped += any(step(sites, percent)[0] is Kind.ABORT for percent in STEPS)
    return {"rollouts": runs, "stopped": stopped}


def main() -> None:
    """Print one JSON line."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", type=int, default=100)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    print(
        json.dumps(
            {
                "benchmark": "canary_sim",
                "errors_50": harmed(given.runs, given.seed, errors=0.5),
                "errors_5": harmed(given.runs, given.seed, errors=0.05),
                "errors_5_beside_none": harmed(given.runs, given.seed, errors=0.05, base_errors=0.0),
                "slower_300ms": harmed(given.runs, given.seed, extra_s=0.3),
                "errors_50_on_3": harmed(given.runs, given.seed, hosts=3, errors=0.5),
                "errors_50_on_1_of_3": harmed(given.runs, given.seed, hosts=3, only_one=True, errors=0.5),
                "slower_300ms_on_1_of_3": harmed(given.runs, given.seed, hosts=3, only_one=True, extra_s=0.3),
                "good_on_3": good(given.runs, given.seed, hosts=3),
                "good": good(given.runs, given.seed),
                "good_with_half_a_per_mille_errors": good(given.runs, given.seed, base_errors=0.0005),
                "good_with_1_percent_errors": good(given.runs, given.seed, base_errors=0.01),
            }
        )
    )


if __name__ == "__main__":
    main()
