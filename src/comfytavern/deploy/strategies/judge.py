"""Whether a canary is worse than the release beside it, told as early as the requests allow. Pure: samples in, a verdict out.

Each thing that can go wrong is a share: requests that failed, requests slower than nearly all of the stable release's, sockets that
broke, exceptions. For each, a sequential probability ratio test asks whether the canary's share is the stable one's or larger: the
likelihood under a mixture of larger shares (Robbins' mixture, so that any size of harm is found soon) over that under the stable share,
which is estimated from the stable release at the same time with two standard errors of grace. By Ville's inequality the ratio ever
reaches 1/a with probability at most a when nothing is wrong, however often one looks: it can be looked at after every sample.
"""

import math
from enum import StrEnum
from typing import Any

import msgspec

from comfytavern.deploy.stage import Judge

HARM = (0.02, 0.05, 0.1, 0.25, 0.5, 0.9)
"""How much larger a share could be; the mixture weighs them equally."""
GRACE = 2.0
DOUBT = 10.0
"""A ratio above this is no acquittal: the step goes on."""
FEW = 3
"""So many events at least: fewer say nothing, whatever their ratio."""
SLOW_MIN = 12
SLOWER_S, SLOWER_PART = 0.05, 0.5
"""A canary is slower only if its mean is so much above the stable one's, absolutely and relatively: people notice no less."""
RAIL_SHARE, RAIL_MIN = 0.5, 4
"""The absolute rail: half of the requests fail, whatever the stable release does."""
OWN = frozenset({"/health", "/ready", "/version", "/metrics"})
SERVER_ERROR = 500


class Kind(StrEnum):
    """What to do."""

    WAIT = "wait"
    GOOD = "good"
    ABORT = "abort"


class Verdict(msgspec.Struct, frozen=True):
    """What to do, and why in one sentence."""

    kind: Kind
    reason: str = ""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """Counters of one release so far, added up over its processes."""

    requests: int = 0
    errors: int = 0
    seconds: float = 0.0
    slower: dict[float, int] = {}
    """Requests that took longer than so many seconds."""
    closes: int = 0
    abrupt: int = 0
    exceptions: int = 0

    def __add__(self, other: "Sample") -> "Sample":
        """Return both together."""
        return _each(self, other, 1)

    def __sub__(self, other: "Sample") -> "Sample":
        """Return what came after `other`."""
        return _each(self, other, -1)


class _Test(msgspec.Struct, frozen=True):
    """One share: its name, the smallest stable share that is believed, and the ratio that is a proof."""

    name: str
    floor: float
    proof: float


ERRORS = _Test("of the requests fail", 0.002, 200.0)
SLOW = _Test("of the requests are slower than nearly all were before", 0.05, 1000.0)
SOCKETS = _Test("of the sockets break", 0.02, 200.0)
EXCEPTIONS = _Test("exceptions for each request", 0.005, 200.0)


class Analysis:
    """Judges one step of a canary."""

    def __init__(self, judge: Judge) -> None:
        """Begin a step; the first sample is what it starts from."""
        self._judge = judge
        self._first: tuple[float, Sample, Sample] | None = None

    def hear(self, at_s: float, stable: Sample, canary: Sample) -> Verdict:
        """Take the counters at `at_s` (a monotonic time) and say what to do."""
        if self._first is None:
            self._first = (at_s, stable, canary)
        began_s, stable_then, canary_then = self._first
        if canary.requests < canary_then.requests:
            return Verdict(Kind.ABORT, "The new release has restarted.")
        old, new, age_s = stable - stable_then, canary - canary_then, at_s - began_s
        if new.errors >= RAIL_MIN and new.errors >= RAIL_SHARE * new.requests:
            return Verdict(Kind.ABORT, f"{new.errors} of {new.requests} requests failed.")
        worst, test, share, base = max(_ratios(old, new))
        said = f"{share:.1%} {test.name}, {base:.1%} on the old release ({new.requests} requests seen)."
        if worst >= test.proof:
            return Verdict(Kind.ABORT, said)
        if age_s < self._judge.step_s:
            return Verdict(Kind.WAIT)
        if new.requests >= self._judge.min_requests and worst < DOUBT:
            return Verdict(Kind.GOOD)
        if age_s < self._judge.step_s + self._judge.hold_s:
            return Verdict(Kind.WAIT, said if worst >= DOUBT else f"{new.requests} of {self._judge.min_requests} requests seen.")
        few = f"Only {new.requests} requests came in {age_s:.0f} s; {self._judge.min_requests} are needed."
        return Verdict(Kind.ABORT, f"Inconclusive: {said if worst >= DOUBT else few}")


def _ratios(old: Sample, new: Sample) -> list[tuple[float, Any, float, float]]:
    """Return for each test: likelihood ratio, test, the canary's share, the stable share."""
    found = [
        _ratio(ERRORS, old.errors, old.requests, new.errors, new.requests),
        _ratio(SOCKETS, old.abrupt, old.closes, new.abrupt, new.closes),
        _ratio(EXCEPTIONS, old.exceptions, old.requests, new.exceptions, new.requests),
    ]
    edge = _edge(old)
    if edge is not None and new.requests >= SLOW_MIN and _slower(old, new):
        found.append(_ratio(SLOW, old.slower[edge], old.requests, new.slower.get(edge, 0), new.requests))
    return [(ratio, _Ordered(test), share, base) for ratio, test, share, base in found]


class _Ordered:
    """Lets `max` compare rows of equal ratios: any of them will do."""

    def __init__(self, test: _Test) -> None:
        self.name, self.proof = test.name, test.proof

    def __lt__(self, _other: object) -> bool:
        return False

    __gt__ = __lt__


def _ratio(test: _Test, old_hits: int, old_all: int, new_hits: int, new_all: int) -> tuple[float, _Test, float, float]:
    base = old_hits / old_all if old_all else 0.0
    share = min(new_hits / new_all, 1.0) if new_all else 0.0
    smooth = (old_hits + 1) / (old_all + 2)
    expected = min(0.98, max(test.floor, base + GRACE * math.sqrt(smooth * (1 - smooth) / (old_all + 2)) if old_all else test.floor))
    if new_hits < FEW or share <= expected:
        return 0.0, test, share, base
    hits = min(new_hits, new_all)
    logs = [_log_ratio(hits, new_all - hits, expected, min(expected + harm, 0.999)) for harm in HARM]
    top = max(logs)
    return math.exp(min(top, 600.0)) * sum(math.exp(each - top) for each in logs) / len(logs), test, share, base


def _log_ratio(hits: int, misses: int, expected: float, harmed: float) -> float:
    return hits * math.log(harmed / expected) + misses * math.log((1 - harmed) / (1 - expected))


def _edge(old: Sample) -> float | None:
    """Return the smallest bucket edge that at most a twentieth of the stable release's requests passed; None without requests."""
    if not old.requests:
        return None
    return next((edge for edge in sorted(old.slower) if old.slower[edge] <= 0.05 * old.requests), None)


def _slower(old: Sample, new: Sample) -> bool:
    before, now = old.seconds / old.requests, new.seconds / new.requests
    return now - before >= max(SLOWER_S, SLOWER_PART * before)


def _each(one: Sample, other: Sample, sign: int) -> Sample:
    edges = one.slower.keys() | other.slower.keys()
    return Sample(
        slower={edge: one.slower.get(edge, 0) + sign * other.slower.get(edge, 0) for edge in edges},
        **{name: getattr(one, name) + sign * getattr(other, name) for name in Sample.__struct_fields__ if name != "slower"},
    )


def sample_of(rows: list[list[Any]]) -> Sample:
    """Return the counters in what the agent's `metrics` says: [name, labels, value] each. Health checks do not count."""
    counts = dict.fromkeys(Sample.__struct_fields__, 0.0)
    within: dict[float, float] = {}
    everything = 0.0
    for name, labels, value in rows:
        if labels.get("route") in OWN:
            continue
        match name:
            case "comfytavern_http_requests_total":
                counts["requests"] += value
                counts["errors"] += value if int(labels.get("status", "0")) >= SERVER_ERROR else 0
            case "comfytavern_http_request_seconds_sum":
                counts["seconds"] += value
            case "comfytavern_http_request_seconds_count":
                everything += value
            case "comfytavern_http_request_seconds_bucket" if labels["le"] != "+Inf":
                within[float(labels["le"])] = within.get(float(labels["le"]), 0.0) + value
            case "comfytavern_sockets_closed_total":
                counts["closes"] += value
                counts["abrupt"] += value if str(labels.get("abrupt", "")).lower() in {"true", "1", "yes"} else 0
            case "comfytavern_exceptions_total":
                counts["exceptions"] += value
            case _:
                pass
    whole = {name: int(counts[name]) for name in ("requests", "errors", "closes", "abrupt", "exceptions")}
    return Sample(**whole, seconds=counts["seconds"], slower={edge: int(everything - count) for edge, count in within.items()})
