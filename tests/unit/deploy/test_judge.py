"""A bad canary is found soon, a good one is left alone; simulated, with benchmarks/deploy/canary_sim.py as the site."""

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from comfytavern.deploy.stage import Judge
from comfytavern.deploy.strategies.judge import Analysis, Jury, Kind, Sample, sample_of

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks" / "deploy"))
import canary_sim

JUDGE = Judge(percent=5, step_s=30, hold_s=60, min_requests=50)
STABLE = Sample(requests=10_000, errors=5, seconds=100, slower={0.1: 300, 0.25: 10}, closes=500, abrupt=1)


def verdict(canary: Sample, at_s: float = 31.0, looks: int = 1, stable: Sample = STABLE) -> tuple[Kind, str]:
    """Return what is said after a step in which the canary answered `canary` in so many equal looks."""
    analysis = Analysis(JUDGE)
    analysis.hear(0.0, Sample(), Sample())
    found = analysis.hear(0.0, Sample(), Sample())
    so_far = Sample()
    for n in range(looks):
        so_far += canary
        found = analysis.hear(at_s * (n + 1) / looks, stable, so_far)
    return found.kind, found.reason


@pytest.mark.parametrize(("harm", "within_s"), [({"errors": 0.5}, 2.0), ({"errors": 0.05}, 5.0), ({"extra_s": 0.3}, 3.0)])
def test_harm_is_found_in_time(harm: dict[str, Any], within_s: float) -> None:
    found = canary_sim.harmed(20, 7, **harm)
    assert found["missed"] == 0
    assert found["p50_s"] <= within_s
    assert found["errors_max"] <= 10


def test_harm_on_one_host_of_three_is_found_in_time() -> None:
    found = canary_sim.harmed(10, 7, hosts=3, only_one=True, errors=0.5)
    assert found["missed"] == 0
    assert found["p50_s"] <= 3.0
    assert found["errors_max"] <= 10


@pytest.mark.slow
@pytest.mark.parametrize("base_errors", [0.0, 0.001, 0.02])
def test_a_good_release_is_let_through(base_errors: float) -> None:
    assert canary_sim.good(15, 11, rate=200, base_errors=base_errors)["stopped"] == 0
    assert canary_sim.good(3, 11, rate=200, base_errors=base_errors, hosts=3)["stopped"] == 0


def test_broken_sockets_and_exceptions_count() -> None:
    assert verdict(Sample(requests=100, closes=20, abrupt=10))[0] is Kind.ABORT
    assert verdict(Sample(requests=100, exceptions=10))[0] is Kind.ABORT
    assert verdict(Sample(requests=100, closes=20, abrupt=1))[0] is Kind.GOOD


def test_runs_that_fail_count() -> None:
    """The requests that start them and ask for them are all answered well."""
    kind, said = verdict(Sample(requests=100, runs=20, failed=12))
    assert kind is Kind.ABORT
    assert said.startswith("60.0% of the runs fail, 0.0% on the old release")
    usual = replace(STABLE, runs=100, failed=30)
    assert verdict(Sample(requests=100, runs=20, failed=7), stable=usual)[0] is Kind.GOOD, "as often as before"


def test_few_requests_hold_the_step_and_then_end_it() -> None:
    few = Sample(requests=10)
    assert verdict(few) == (Kind.WAIT, "10 of 50 requests seen.")
    kind, said = verdict(few, at_s=91.0)
    assert kind is Kind.ABORT
    assert said == "Inconclusive: Only 10 requests came in 91 s; 50 are needed."


def test_a_restart_of_the_canary_ends_it() -> None:
    analysis = Analysis(JUDGE)
    analysis.hear(0.0, STABLE, Sample(requests=50))
    assert analysis.hear(1.0, STABLE, Sample(requests=3)).reason == "The new release has restarted."


def test_a_restart_before_the_first_request_is_seen_too() -> None:
    """A canary that crashes at its first requests counts from nought again, and nought is not less than nought."""
    analysis = Analysis(JUDGE)
    analysis.hear(0.0, STABLE, Sample(started=100.0))
    assert analysis.hear(1.0, STABLE, Sample(requests=3, started=107.0)).reason == "The new release has restarted."


def test_a_restart_of_the_old_release_is_no_harm() -> None:
    analysis, half = Analysis(JUDGE), Sample(requests=100, errors=0, started=7.0)
    analysis.hear(0.0, replace(STABLE, started=1.0), Sample(started=7.0))
    assert analysis.hear(15.0, Sample(requests=20, started=9.0), half).kind is Kind.WAIT
    assert analysis.hear(31.0, Sample(requests=900, started=9.0), half + half - Sample(started=7.0)).kind is Kind.GOOD


def test_what_one_host_of_ten_does_is_not_thinned_out_by_the_others() -> None:
    hosts = [f"h{number}" for number in range(10)]
    jury, alone = Jury(JUDGE, hosts), Analysis(JUDGE)
    jury.hear(0.0, dict.fromkeys(hosts, (Sample(), Sample())))
    alone.hear(0.0, Sample(), Sample())
    good, bad = Sample(requests=40), Sample(requests=40, errors=10)
    stable = Sample(requests=400, errors=4)
    found = jury.hear(5.0, {host: (stable, bad if host == "h7" else good) for host in hosts})
    assert found.kind is Kind.ABORT
    assert found.reason.startswith("On h7: 25.0% of the requests fail")
    assert alone.hear(5.0, Sample(requests=4000, errors=40), Sample(requests=400, errors=10)).kind is Kind.WAIT


def test_the_jury_of_one_host_is_an_analysis() -> None:
    jury = Jury(JUDGE, ["h1"])
    assert jury.hear(0.0, {"h1": (Sample(), Sample())}).kind is Kind.WAIT
    assert jury.hear(1.0, {"h1": (STABLE, Sample(requests=8, errors=4))}).reason == "4 of 8 requests failed."


def test_a_burst_of_slowness_is_no_harm_and_a_lasting_one_is() -> None:
    slow = Sample(requests=20, seconds=10, slower={0.1: 20, 0.25: 20})
    assert verdict(slow, at_s=0.25)[0] is Kind.WAIT
    assert verdict(slow, at_s=2.0, looks=8)[0] is Kind.ABORT


def test_errors_the_old_release_makes_as_well_are_no_harm() -> None:
    stable = Sample(requests=1000, errors=300)
    assert verdict(Sample(requests=100, errors=30), stable=stable)[0] is Kind.GOOD


def test_two_failures_are_proof_where_the_old_release_has_none_and_not_where_it_has_some() -> None:
    clean = Sample(requests=760)
    assert verdict(Sample(requests=40, errors=1), at_s=2.0, stable=clean)[0] is Kind.WAIT
    assert verdict(Sample(requests=40, errors=2), at_s=2.0, stable=clean) == (
        Kind.ABORT,
        "5.0% of the requests fail, 0.0% on the old release (40 requests seen).",
    )
    assert verdict(Sample(requests=40, errors=2), at_s=2.0, stable=replace(clean, errors=4))[0] is Kind.WAIT
    assert verdict(Sample(requests=12_000, errors=2), stable=Sample(requests=228_000))[0] is Kind.GOOD  # So few are no harm.


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 10_000), st.floats(0, 200))
def test_any_counters_get_a_verdict(requests: int, errors: int, abrupt: int, at_s: float) -> None:
    sample = Sample(requests=requests, errors=errors, abrupt=abrupt, closes=abrupt // 2, exceptions=errors, seconds=1.0)
    assert verdict(sample, at_s=at_s)[0] in set(Kind)


def test_counters_are_read_from_metrics_without_health_checks() -> None:
    rows: list[list[Any]] = [
        ["comfytavern_http_requests_total", {"route": "/api/kinds", "status": "200", "method": "GET"}, 10],
        ["comfytavern_http_requests_total", {"route": "/api/kinds", "status": "503", "method": "GET"}, 2],
        ["comfytavern_http_requests_total", {"route": "/ready", "status": "503", "method": "GET"}, 99],
        ["comfytavern_http_request_seconds_bucket", {"route": "/api/kinds", "le": "0.1"}, 9],
        ["comfytavern_http_request_seconds_bucket", {"route": "/api/kinds", "le": "+Inf"}, 12],
        ["comfytavern_http_request_seconds_count", {"route": "/api/kinds"}, 12],
        ["comfytavern_http_request_seconds_sum", {"route": "/api/kinds"}, 3.5],
        ["comfytavern_sockets_closed_total", {"code": "1006", "abrupt": "true"}, 4],
        ["comfytavern_sockets_closed_total", {"code": "1000", "abrupt": "false"}, 6],
        ["comfytavern_exceptions_total", {}, 1],
        ["comfytavern_process_start_time_seconds", {}, 1.5],
        ["comfytavern_runs_total", {"state": "ok"}, 7],
        ["comfytavern_runs_total", {"state": "failed"}, 2],
        ["comfytavern_runs_total", {"state": "cancelled"}, 5],
    ]
    wanted = Sample(started=1.5, runs=9, failed=2, requests=12, errors=2, seconds=3.5, slower={0.1: 3}, closes=10, abrupt=4, exceptions=1)
    assert sample_of(rows) == wanted
