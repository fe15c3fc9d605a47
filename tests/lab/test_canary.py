"""A canary on real machines: a bad one is taken back by itself and hardly anybody notices, a good one gets everybody."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from comfytavern.testing.releases import HARMS
from tests.lab.attempt import Attempt
from tests.lab.canary import HARMFUL, NOBODY, QUICK, Rollout, left, release, roll_out
from tests.lab.census import Seen, problems
from tests.lab.fleet import Fleet
from tests.lab.installation import SITE, Installation
from tests.lab.postgres import Postgres
from tests.lab.traffic import NAME, PASSWORD

RATE = 120.0
FAILURES_MAX = 10
WEIGHED = "steps = [10, 25, 100]\nstep_s = 1\nhold_s = 280\nmin_requests = 5\n"
"""A step waits for five requests that count."""


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the releases are made."""
    return tmp_path_factory.mktemp("releases")


@pytest.fixture(scope="module")
def site(able: None, tmp_path_factory: pytest.TempPathFactory, base: Path, releases: Path) -> Iterator[Installation]:
    """One machine with the stable release."""
    with Fleet(1) as fleet:
        site = Installation(fleet, tmp_path_factory.mktemp("site"), strategy="canary")
        yield installed(site, base, releases)


@pytest.fixture
def two(able: None, tmp_path: Path, base: Path, releases: Path) -> Iterator[Installation]:
    """Two machines with the stable release."""
    with Fleet(2) as fleet, Postgres(fleet) as database:
        yield installed(Installation(fleet, tmp_path, database=database, strategy="canary"), base, releases)


def installed(site: Installation, base: Path, releases: Path) -> Installation:
    """Return an installation with the stable release and somebody who can log in."""
    site.prepare()
    site.deploy("apply", release(base, "stable", releases), "--yes")
    site.add_person(NAME, PASSWORD)
    return site


def harmful(site: Installation, base: Path, releases: Path, name: str) -> Rollout:
    """Roll out a bad release, which must be taken back."""
    site.strategy_more, before = HARMFUL, site.serving()
    found = roll_out(site, release(base, name, releases, HARMS[name]), rate=RATE)
    assert found.end.code == 5, found.line()
    assert found.sentence.startswith(f"{found.release} was taken back at 5 %: "), found.sentence
    assert site.serving() == before
    assert left(site, found, before[0]) == []
    assert found.counted["failed"] <= FAILURES_MAX, found.counted["first_failures"]
    return found


def test_a_release_whose_requests_fail_is_taken_back_by_itself(site: Installation, base: Path, releases: Path) -> None:
    found = harmful(site, base, releases, "half_fail")
    assert set(found.counted["failures"]) <= {"keep status 500", "fresh status 500"}, found.counted["first_failures"]
    assert "requests fail" in found.sentence
    assert [verb for _, verb in found.steps if verb in {"setw", "switch"}] == ["setw"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["few_fail", "slow", "sockets_drop", "exceptions"])
def test_any_other_harm_is_found_as_well(name: str, site: Installation, base: Path, releases: Path) -> None:
    told = {"few_fail": "requests fail", "slow": "slower", "sockets_drop": "sockets break", "exceptions": "exceptions"}
    assert told[name] in harmful(site, base, releases, name).sentence


@pytest.mark.slow
def test_too_few_requests_hold_a_canary_and_then_end_it(site: Installation, base: Path, releases: Path) -> None:
    site.strategy_more, before = NOBODY, site.serving()
    found = roll_out(site, release(base, "nobody", releases))
    assert found.end.code == 5
    assert "Inconclusive: Only 0 requests came in" in found.sentence
    assert "40 are needed" in found.sentence
    assert left(site, found, before[0]) == []


@pytest.mark.slow
def test_what_is_bad_on_one_of_two_machines_is_bad(two: Installation, base: Path, releases: Path) -> None:
    assert "On h2: " in harmful(two, base, releases, "one_host").sentence


@pytest.mark.slow
def test_weights_hold_on_a_machine_for_two_thousand_clients(site: Installation, base: Path, releases: Path) -> None:
    """Within 1.5 points, everybody stays where they are and never goes back, the web app and the API are of one release."""
    site.strategy_more = WEIGHED
    attempt, weights, seen = Attempt(site, "apply", release(base, "weighed", releases), "--yes"), iter((10, 25)), list[Seen]()
    try:
        for event in attempt.steps():
            if (event["verb"], event["state"]) == ("setw", "ok"):
                now = census(site, seen, "/version")
                assert problems(now, "0.1.0+weighed", next(weights), before=seen) == []
                assert census(site, now[:200], "/version") == now[:200], "the same for ever"
                seen = now
                moved = [each for each in seen if each[2] == "0.1.0+weighed"]
                census(site, moved[:5], "/api/ping")  # No more than the step waits for: the next one would count them.
        assert attempt.end().code == 0
    finally:
        attempt.kill()
    assert {there for _, _, there in census(site, seen[:200], "/version")} == {"0.1.0+weighed"}
    site.deploy("rollback", "--yes")


def census(site: Installation, before: list[Seen], path: str) -> list[Seen]:
    """Return what clients of the machine get by its own nginx: those from before, or two thousand new ones."""
    count = len(before) or 2000
    words = [sys.executable, "-m", "tests.lab.census", site.fleet.machines[0].address, "80", SITE, path, str(count)]
    given = json.dumps([bucket for bucket, _, _ in before]).encode()
    process = site.fleet.begin(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    return [(bucket, web, there) for bucket, web, there in json.loads(process.communicate(given, timeout=240)[0])]


@pytest.mark.slow
def test_a_good_release_gets_everybody_step_by_step(site: Installation, base: Path, releases: Path) -> None:
    """The last one here: afterwards another release serves."""
    site.strategy_more = QUICK
    begun = time.monotonic()
    found = roll_out(site, release(base, "good", releases), rate=RATE)
    assert found.end.code == 0, found.line()
    assert found.counted["failures"] == {}, found.counted["first_failures"]
    assert (found.counted["ws_abrupt"], found.counted["ws_lost"]) == (0, 0)
    assert [verb for _, verb in found.steps if verb in {"setw", "switch"}] == ["setw"] * 4 + ["switch"]
    assert site.serving() == ["0.1.0+good"]
    assert time.monotonic() - begun >= 4 * 2.0
