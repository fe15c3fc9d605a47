"""Throwing away never takes what serves, what one could go back to, or what somebody else put there."""

import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comfytavern.deploy.agent import assets, disk, lock, releases, retention
from comfytavern.deploy.agent.failures import Failed
from comfytavern.deploy.agent.paths import SLOTS
from tests.unit.agent.ground import OWNER, Ground, host

NAMES = [f"{number}.0.0" for number in range(9)]
OLD_S = 2 * 86400


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_whatever_is_known_of_a_host_nothing_that_is_needed_goes(data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True), "installed, oldest first")
    some = st.none() | st.sampled_from(names)
    current, good = data.draw(some, "current"), data.draw(some, "previous good")
    slots = {slot: {"release": data.draw(some, slot), "state": "active", "since": None} for slot in SLOTS}
    linked, keep = data.draw(some, "linked"), data.draw(st.integers(0, 6), "keep")
    never = data.draw(st.lists(st.sampled_from(NAMES), max_size=2), "never")
    with host() as ground:
        for number, name in enumerate(names):
            ground.installed(name, at=f"2026-11-24T12:00:0{number}Z")
        ground.state(current=current, previous_good=good, slots=slots)
        if linked:
            disk.link(ground.paths.current, f"releases/{linked}")
        said = retention.gc(ground.context(fence=0), keep, never)
        left = set(releases.installed(ground.paths))
        needed = {current, good, linked, *never, *(slot["release"] for slot in slots.values())} & set(names)
        newest = set(names[len(names) - max(1, keep) if keep < len(names) else 0 :])
        assert left == needed | newest
        assert (set(said["kept"]), set(said["removed"])) == (left, set(names) - left)
        assert all((Path(ground.paths.release(name)) / "wheels").is_dir() for name in left)
        assert retention.gc(ground.context(fence=0), keep, never)["removed"] == []


def aged(path: str | Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_the_hashed_files_of_a_page_go_with_its_release(ground: Ground) -> None:
    for name in NAMES[:3]:
        ground.installed(name, at=f"2026-11-24T12:00:0{name[0]}Z")
        assert assets.keep(ground.paths, name) == 1
    ground.serving(blue=NAMES[2])
    retention.gc(ground.context(fence=0), keep=2)
    kept = {path.name for path in Path(ground.paths.assets).iterdir()}
    assert kept == {name for release in NAMES[1:3] for name, _ in assets.files(ground.paths, release)}


def test_what_power_loss_left_half_is_swept(ground: Ground) -> None:
    ground.installed(NAMES[0])
    ground.staged("9.9.9")
    Path(ground.paths.release(NAMES[0]) + ".gone").mkdir()
    old, new = Path(ground.paths.incoming, "old"), Path(ground.paths.incoming, "new")
    for file in (old, new):
        file.write_text("half a blob")
    aged(old, OLD_S)
    retention.gc(ground.context(fence=0))
    assert [path.name for path in Path(ground.paths.releases).iterdir()] == [NAMES[0]]
    assert (old.exists(), new.exists()) == (False, True)


def test_backups_by_people_and_the_newest_of_deployments_stay(ground: Ground) -> None:
    for number in range(9):
        backup = Path(ground.paths.backups, f"dep_{number}")
        backup.mkdir(parents=True)
        aged(backup, 1000 - number)
    for name in ("before-the-fair", "hourly-1"):
        Path(ground.paths.backups, name).mkdir()
        aged(Path(ground.paths.backups, name), OLD_S)
    retention.gc(ground.context(fence=0), keep=3)
    left = {path.name for path in Path(ground.paths.backups).iterdir()}
    assert left == {"before-the-fair", "hourly-1", *(f"dep_{number}" for number in range(4, 9))}


def test_who_lost_the_lock_removes_nothing(ground: Ground) -> None:
    for name in NAMES[:4]:
        ground.installed(name)
    fence = lock.lock_acquire(ground.context(), OWNER)["fence"]
    lock.lock_break(ground.context(), "test")
    with pytest.raises(Failed) as refused:
        retention.gc(ground.context(fence=fence), keep=1)
    assert refused.value.code == "deploy.fenced"
    assert len(releases.installed(ground.paths)) == 4
