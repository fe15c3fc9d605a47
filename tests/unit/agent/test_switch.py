"""Who is sent where: a hundred buckets, each with a socket and a web app of one release, all moved by one rename."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comfytavern.deploy.agent import lock, switch
from comfytavern.deploy.agent.context import load
from comfytavern.deploy.agent.failures import Failed
from comfytavern.deploy.agent.paths import BUCKETS
from tests.unit.agent.ground import OWNER, Ground, host

BLUE, GREEN = "1.0.0+blue", "2.0.0+green"


@pytest.fixture
def two(ground: Ground) -> Ground:
    """A host where blue serves and green is ready."""
    ground.installed(BLUE)
    ground.installed(GREEN)
    ground.serving(blue=BLUE, green=GREEN)
    switch.restore_links(ground.context())
    return ground


def sent(ground: Ground) -> dict[str, str]:
    """Return the slot that each bucket leads to; its web app is looked at too."""
    run, found = Path(ground.paths.run), {}
    for bucket in BUCKETS:
        slot = (run / "b" / f"{bucket}.sock").readlink().stem
        web = (run / "r" / bucket / "index.html").read_text()
        assert ({"blue": BLUE, "green": GREEN}[slot]) in web, f"{bucket}: the socket of {slot}, and {web}"
        found[bucket] = slot
    return found


def test_a_switch_moves_everybody_and_keeps_the_old_slot_warm(two: Ground) -> None:
    assert set(sent(two).values()) == {"blue"}
    assert switch.switch(two.context(), "green", GREEN)["previous"] == "blue"
    assert set(sent(two).values()) == {"green"}
    state = load(two.paths)
    assert (state["active"], state["slots"]["blue"]["state"], state["weights"]) == ("green", "warm", {"blue": 0, "green": 100})
    assert switch.switch(two.context(), "green", GREEN)["previous"] == "blue", "asked again, it is the same"


def test_a_switch_to_what_does_not_run_or_is_another_release_is_refused(two: Ground) -> None:
    with pytest.raises(Failed) as refused:
        switch.switch(two.context(), "green", "3.0.0")
    assert refused.value.code == "deploy.wrong_release"
    for state in ("empty", "failed", "starting"):
        two.state(active="blue", slots={"blue": {"release": BLUE, "state": "active"}, "green": {"release": GREEN, "state": state}})
        with pytest.raises(Failed) as refused:
            switch.switch(two.context(), "green")
        assert refused.value.code == "deploy.slot_not_ready"
    assert set(sent(two).values()) == {"blue"}


@pytest.mark.parametrize("percent", [-1, 101])
def test_what_is_no_percentage_is_refused(two: Ground, percent: int) -> None:
    with pytest.raises(Failed, match="is no percentage"):
        switch.setw(two.context(), "green", percent)


def test_a_canary_needs_another_slot_that_serves(two: Ground) -> None:
    with pytest.raises(Failed) as refused:
        switch.setw(two.context(), "blue", 5)
    assert refused.value.code == "deploy.no_stable"


@given(steps=st.lists(st.integers(0, 100), min_size=1, max_size=5))
@settings(max_examples=12, deadline=None)
def test_exactly_so_many_buckets_move_and_more_percent_take_nobody_back(steps: list[int]) -> None:
    with host() as ground:
        ground.installed(BLUE)
        ground.installed(GREEN)
        ground.serving(blue=BLUE, green=GREEN)
        before: set[str] = set()
        last = 0
        for percent in steps:
            switch.setw(ground.context(), "green", percent)
            moved = {bucket for bucket, slot in sent(ground).items() if slot == "green"}
            assert len(moved) == percent
            assert before <= moved if percent >= last else moved <= before
            assert load(ground.paths)["weights"] == {"green": percent, "blue": 100 - percent}
            before, last = moved, percent


@pytest.mark.parametrize("percent", [0, 1, 25, 99, 100])
def test_after_a_start_of_the_host_the_links_are_what_they_were(two: Ground, percent: int) -> None:
    switch.setw(two.context(), "green", percent)
    before = sent(two)
    shutil.rmtree(two.paths.run)
    switch.restore_links(two.context("restore_links"))
    assert sent(two) == before


def test_a_switch_by_who_lost_the_lock_moves_nobody(two: Ground) -> None:
    fence = lock.lock_acquire(two.context(), OWNER)["fence"]
    lock.lock_break(two.context(), "test")
    with pytest.raises(Failed) as refused:
        switch.switch(two.context(fence=fence), "green", GREEN)
    assert refused.value.code == "deploy.fenced"
    assert set(sent(two).values()) == {"blue"}


def test_at_no_moment_a_bucket_leads_nowhere(two: Ground) -> None:
    """The last generation stays, for a lookup that is on its way through it; older ones go."""
    for slot, release in (("green", GREEN), ("blue", BLUE)) * 3:
        before = Path(two.paths.run) / Path(two.paths.run, "live").readlink()
        switch.switch(two.context(), slot, release)
        assert (before / "b" / "00.sock").is_symlink()
    assert len(list(Path(two.paths.run).glob("gen-*"))) == 2


def test_the_hashed_files_of_a_release_are_kept_before_anybody_is_sent_to_it(two: Ground) -> None:
    two.state(
        active="blue",
        slots={"blue": {"release": BLUE, "state": "active", "since": None}, "green": {"release": GREEN, "state": "ready", "since": None}},
        weights={"blue": 100, "green": 0},
    )
    switch.switch(two.context(), "green", GREEN)
    kept = {path.name for path in Path(two.paths.assets).iterdir()}
    assert {path.name for path in (Path(two.paths.release(GREEN)) / "web/assets").iterdir()} <= kept
