"""Whether a canary is worse than the release beside it, told as early as the requests allow. Pure: samples in, a verdict out.

Each thing that can go wrong is a share: requests that failed, requests slower than nearly all of the stable release's, sockets that
broke, exceptions, runs that failed. For each, a sequential probability ratio test asks whether the canary's share is the stable one's or
larger: the likelihood under a mixture of larger shares (Robbins' mixture, so that any size of harm is found soon) over that under the
stable share, which is estimated from the stable release at the same time with two standard errors of grace. By Ville's inequality the
ratio ever reaches 1/a with probability at most a when nothing is wrong, however often one looks: it can be looked at after every sample.
Failed requests are also asked whom they fell on: a canary that serves a twentieth of the requests has a twentieth of the failures.

Slowness comes in bursts (a pause of a collector, a neighbour), in which requests are no independent witnesses. So being slower counts
only when it lasts: in each of the last windows the canary must have been slower than the stable release.

All hosts are judged together, and each by itself: what only one of them does must not be thinned out by the others.
"""

import math
from collections.abc import Iterable, Mapping
from enum import StrEnum
from itertools import pairwise
from typing import Any

import msgspec

from comfytavern.deploy.stage import Judge

HARM = (0.02, 0.05, 0.1, 0.25, 0.5, 0.9)
"""How much larger a share could be; the mixture weighs them equally."""
GRACE = 2.0
WORSE = (100.0, 1000.0, 10000.0)
"""How many times as often a canary could fail as the release beside it, where what fails is rare; weighed equally."""
SMALL, SURER = 0.1, 0.25
"""A canary with a larger part of the requests fails often enough for a proof four times as strong: good ones are stopped more rarely."""
DOUBT = 10.0
"""A ratio above this is no acquittal: the step goes on."""
FEW, FEWER = 3, 2
"""So many events at least, of a share and of whom they fell on: fewer say nothing, whatever their ratio."""
SLOW_MIN = 12
SLOWER_S, SLOWER_PART = 0.05, 0.5
"""A canary is slower only if its mean is so much above the stable one's, absolutely and relatively: people notice no less."""
WINDOW_S, WINDOWS = 0.5, 3
"""Slowness lasts when it was there in so many windows in a row; a burst is shorter than two."""
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
    runs: int = 0
    """Runs of workflows that are over."""
    failed: int = 0
    """Those of them that failed."""
    started: float = 0.0
    """When the processes were started, added up as well: another number is another process."""

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


ERRORS = _Test("of the requests fail", 0.001, 500.0)
RARE = _Test("of the requests fail", 0.001, 250.0)
"""Two failures are proof at 5 % of the users where the stable release has none: a canary of which one request in twenty fails is found
within 100 requests in 96 of 100 rollouts."""
SLOW = _Test("of the requests are slower than nearly all were before", 0.05, 1000.0)
SOCKETS = _Test("of the sockets break", 0.02, 200.0)
EXCEPTIONS = _Test("exceptions for each request", 0.005, 200.0)
RUNS = _Test("of the runs fail", 0.05, 200.0)


class _Row(msgspec.Struct, frozen=True):
    """What one test says: its likelihood ratio, the canary's share, the stable share, and the one it was tested against."""

    test: _Test
    ratio: float
    share: float
    base: float
    expected: float


class Jury:
    """Judges one step of a canary on several hosts."""

    def __init__(self, judge: Judge, hosts: Iterable[str]) -> None:
        """Begin a step; looking at each host too asks for so much stronger proof there."""
        names = tuple(hosts)
        self._all = Analysis(judge)
        self._each = {host: Analysis(judge, len(names)) for host in names} if len(names) > 1 else {}

    def hear(self, at_s: float, samples: Mapping[str, tuple[Sample, Sample]]) -> Verdict:
        """Take the counters of the stable release and of the canary, by host, and say what to do."""
        pairs = samples.values()
        found = self._all.hear(at_s, sum((old for old, _ in pairs), Sample()), sum((new for _, new in pairs), Sample()))
        blamed = {host: harm for host, analysis in self._each.items() if (harm := analysis.harm(at_s, *samples[host]))}
        if blamed and (len(blamed) < len(self._each) or found.kind is not Kind.ABORT):
            return Verdict(Kind.ABORT, f"On {', '.join(blamed)}: {next(iter(blamed.values()))}")
        return found


class Analysis:
    """Judges one step of a canary."""

    def __init__(self, judge: Judge, doors: int = 1) -> None:
        """Begin a step; the first sample is what it starts from. Proof is `doors` times as much as for one of them."""
        self._judge, self._doors = judge, doors
        self._first: tuple[float, Sample, Sample] | None = None
        self._marks: list[tuple[float, Sample]] = []
        """The canary's counters at the ends of the windows."""
        self._rows: list[_Row] = []

    def hear(self, at_s: float, stable: Sample, canary: Sample) -> Verdict:
        """Take the counters at `at_s` (a monotonic time) and say what to do."""
        harm = self.harm(at_s, stable, canary)
        if harm or self._first is None:
            return Verdict(Kind.ABORT, harm)
        began_s, _, canary_then = self._first
        return self._end(canary - canary_then, at_s - began_s, max(self._rows, key=lambda row: row.ratio))

    def harm(self, at_s: float, stable: Sample, canary: Sample) -> str:
        """Take the counters and return what is proven to be worse; empty when nothing is."""
        if self._first is None or stable.started != self._first[1].started:  # Who has restarted counts from nought.
            self._first = (at_s if self._first is None else self._first[0], stable, canary)
            self._marks = [(at_s, canary)]
        _, stable_then, canary_then = self._first
        if canary.requests < canary_then.requests or canary.started != canary_then.started:
            return "The new release has restarted."
        if at_s - self._marks[-1][0] >= WINDOW_S:
            self._marks.append((at_s, canary))
        old, new = stable - stable_then, canary - canary_then
        if new.errors >= RAIL_MIN and new.errors >= RAIL_SHARE * new.requests:
            return f"{new.errors} of {new.requests} requests failed."
        self._rows = self._tested(old, new)
        proven = [row for row in self._rows if row.ratio >= row.test.proof * self._doors]
        return _said(proven[0], new) if proven else ""

    def _end(self, new: Sample, age_s: float, worst: _Row) -> Verdict:
        """Return what to do when nothing is proven."""
        judge, doubted = self._judge, worst.ratio >= DOUBT
        if age_s < judge.step_s:
            return Verdict(Kind.WAIT)
        if new.requests >= judge.min_requests and not doubted:
            return Verdict(Kind.GOOD)
        if age_s < judge.step_s + judge.hold_s:
            return Verdict(Kind.WAIT, _said(worst, new) if doubted else f"{new.requests} of {judge.min_requests} requests seen.")
        few = f"Only {new.requests} requests came in {age_s:.0f} s; {judge.min_requests} are needed."
        return Verdict(Kind.ABORT, f"Inconclusive: {_said(worst, new) if doubted else few}")

    def _tested(self, old: Sample, new: Sample) -> list[_Row]:
        rows = [
            _ratio(ERRORS, old.errors, old.requests, new.errors, new.requests),
            _beside(RARE, old.errors, old.requests, new.errors, new.requests),
            _ratio(SOCKETS, old.abrupt, old.closes, new.abrupt, new.closes),
            _ratio(EXCEPTIONS, old.exceptions, old.requests, new.exceptions, new.requests),
            _ratio(RUNS, old.failed, old.runs, new.failed, new.runs),
        ]
        edge = _edge(old)
        if edge is not None and new.requests >= SLOW_MIN and _slower(old, new):
            row = _ratio(SLOW, old.slower[edge], old.requests, new.slower.get(edge, 0), new.requests)
            if self._lasts(edge, row.expected):
                rows.append(row)
        return rows

    def _lasts(self, edge: float, expected: float) -> bool:
        """Tell whether the canary was slow in each of the last windows."""
        marks = [sample for _, sample in self._marks[-WINDOWS - 1 :]]
        windows = [later - earlier for earlier, later in pairwise(marks)]
        return len(windows) == WINDOWS and all(each.slower.get(edge, 0) > expected * each.requests for each in windows)


def _said(row: _Row, new: Sample) -> str:
    return f"{row.share:.1%} {row.test.name}, {row.base:.1%} on the old release ({new.requests} requests seen)."


def _ratio(test: _Test, old_hits: int, old_all: int, new_hits: int, new_all: int) -> _Row:
    base = old_hits / old_all if old_all else 0.0
    share = min(new_hits / new_all, 1.0) if new_all else 0.0
    smooth = (old_hits + 1) / (old_all + 2)
    expected = min(0.98, max(test.floor, base + GRACE * math.sqrt(smooth * (1 - smooth) / (old_all + 2)) if old_all else test.floor))
    if new_hits < FEW or share <= expected:
        return _Row(test, 0.0, share, base, expected)
    hits = min(new_hits, new_all)
    logs = [_log_ratio(hits, new_all - hits, expected, min(expected + harm, 0.999)) for harm in HARM]
    top = max(logs)
    ratio = math.exp(min(top, 600.0)) * sum(math.exp(each - top) for each in logs) / len(logs)
    return _Row(test, ratio, share, base, expected)


def _beside(test: _Test, old_hits: int, old_all: int, new_hits: int, new_all: int) -> _Row:
    """Return how much likelier it is that the hits fell on the canary as they did if it is worse than if both are the same.

    When both are the same, each hit is the canary's with the chance of its part of the requests, however rare hits are: nothing has to be
    estimated, and so a few are proof where the stable release has none. It is a martingale then, and Ville's inequality holds.
    """
    base = old_hits / old_all if old_all else 0.0
    share = min(new_hits / new_all, 1.0) if new_all else 0.0
    if new_hits < FEWER or share <= max(test.floor, base) or not old_all:
        return _Row(test, 0.0, share, base, base)
    part = new_all / (old_all + new_all)
    logs = [new_hits * math.log(worse) - (old_hits + new_hits) * math.log1p((worse - 1) * part) for worse in WORSE]
    ratio = sum(math.exp(min(each, 600.0)) for each in logs) / len(logs)
    return _Row(test, ratio * (1.0 if part <= SMALL else SURER), share, base, base)


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
            case "comfytavern_runs_total" if labels.get("state") != "cancelled":
                counts["runs"] += value
                counts["failed"] += value if labels.get("state") == "failed" else 0
            case "comfytavern_process_start_time_seconds":
                counts["started"] += value
            case _:
                pass
    whole = {name: int(counts[name]) for name in ("requests", "errors", "closes", "abrupt", "exceptions", "runs", "failed")}
    slower = {edge: int(everything - count) for edge, count in within.items()}
    return Sample(**whole, seconds=counts["seconds"], started=counts["started"], slower=slower)
