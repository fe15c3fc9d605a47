"""One holder at a time; who lost the lock changes nothing any more."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from comfytavern.deploy.agent import audit, lock, main
from comfytavern.deploy.agent.failures import Failed
from tests.unit.agent.ground import OTHER, OWNER, Ground


def acquire(ground: Ground, owner: dict[str, Any] = OWNER) -> int:
    return lock.lock_acquire(ground.context("lock_acquire"), owner)["fence"]


def test_the_second_is_told_who_holds_it(ground: Ground) -> None:
    acquire(ground)
    with pytest.raises(Failed) as refused:
        acquire(ground, OTHER)
    assert refused.value.code == "deploy.locked"
    assert "olive@laptop (process 7) holds the lock for dep_1" in refused.value.sentence
    assert "dep_1" in str(refused.value.params["holder"])


def test_each_holder_has_a_greater_number(ground: Ground) -> None:
    numbers = []
    for owner in (OWNER, OTHER, OWNER):
        numbers.append(acquire(ground, owner))
        assert lock.lock_release(ground.context(fence=numbers[-1])) == {"released": True}
    assert numbers == [1, 2, 3]


def test_who_did_not_hear_the_answer_asks_again(ground: Ground) -> None:
    assert [acquire(ground), acquire(ground)] == [1, 2]
    assert lock.lock_release(ground.context(fence=1)) == {"released": False}
    assert lock.lock_renew(ground.context(fence=2)) == {"fence": 2}


def test_a_silent_holder_is_taken_over_and_the_audit_tells(ground: Ground) -> None:
    first = acquire(ground)
    silent_for(ground, 31)
    second = acquire(ground, OTHER)
    last = audit.audit(ground.context())["items"][-1]
    assert (last["what"], last["by"], last["previous"]["user"]) == ("lock taken over", "noa@desk", "olive")
    for fenced in (lambda: lock.lock_renew(ground.context(fence=first)), lambda: ground.context(fence=first).check_fence()):
        with pytest.raises(Failed) as refused:
            fenced()
        assert refused.value.code in {"deploy.lock_lost", "deploy.fenced"}
    ground.context(fence=second).check_fence()


def silent_for(ground: Ground, seconds: float) -> None:
    """Let the holder not have been heard of for so long."""
    file = Path(ground.paths.state) / "lock" / "owner.json"
    known = json.loads(file.read_text())
    known["heartbeat"]["at_s"] -= seconds
    file.write_text(json.dumps(known))


def test_a_holder_that_renews_is_not_taken_over(ground: Ground) -> None:
    fence = acquire(ground)
    for _ in range(3):
        silent_for(ground, 20)
        lock.lock_renew(ground.context(fence=fence))
    with pytest.raises(Failed, match="holds the lock"):
        acquire(ground, OTHER)
    silent_for(ground, 31)
    assert acquire(ground, OTHER) == fence + 1


def test_a_holder_from_before_the_last_boot_is_no_more(ground: Ground) -> None:
    acquire(ground)
    file = Path(ground.paths.state) / "lock" / "owner.json"
    known = json.loads(file.read_text())
    file.write_text(json.dumps({**known, "heartbeat": {"boot": "another", "at_s": 0}}))
    assert lock.lock_show(ground.context())["holder"]["expired"]
    assert acquire(ground, OTHER) == 2


def test_a_lock_whose_owner_never_wrote_a_name_is_taken(ground: Ground) -> None:
    (Path(ground.paths.state) / "lock").mkdir()
    assert acquire(ground) == 1


def test_a_broken_lock_ends_the_number_of_its_holder(ground: Ground) -> None:
    fence = acquire(ground)
    assert lock.lock_break(ground.context(), "the laptop is lost")["broken"]["user"] == "olive"
    with pytest.raises(Failed) as refused:
        ground.context(fence=fence).check_fence()
    assert refused.value.code == "deploy.fenced"
    assert acquire(ground, OTHER) == fence + 2
    assert lock.lock_break(ground.context(), "twice") != {"broken": None}


@pytest.mark.parametrize("round_", range(3))
def test_of_many_who_come_at_once_exactly_one_holds_it(ground: Ground, round_: int) -> None:
    def contend(number: int) -> int | None:
        try:
            return acquire(ground, {**OTHER, "pid": number})
        except Failed:
            return None

    with ThreadPoolExecutor(16) as pool:
        fences = [fence for fence in pool.map(contend, range(50)) if fence is not None]
    assert len(fences) == 1


def test_every_verb_that_changes_something_refuses_a_number_that_counts_no_more(ground: Ground) -> None:
    fence = acquire(ground)
    lock.lock_break(ground.context(), "test")
    for verb, args in (
        ("stage", {"release": "1", "manifest": "0" * 64}),
        ("switch", {"slot": "blue"}),
        ("gc", {}),
        ("put", {"path": "/x"}),
    ):
        with pytest.raises(Failed) as refused:
            main.perform(ground.context(verb, fence=fence), args)
        assert refused.value.code == "deploy.fenced"
    with pytest.raises(Failed) as missing:
        main.perform(ground.context("gc"), {})
    assert missing.value.code == "deploy.fence_missing"
