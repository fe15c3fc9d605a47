"""The old release is stopped when its time is over, by nobody but the host; unless things are not as they were."""

import os
import time

import pytest

from comfytavern.deploy.agent import audit, bake, lock
from comfytavern.deploy.agent.context import load
from tests.unit.agent.ground import OTHER, OWNER, Ground

OLD, NEW = "1.0.0", "2.0.0"


@pytest.fixture
def warm(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> Ground:
    """A host where blue serves and the old release is warm in green; no process manager runs anything."""
    monkeypatch.setattr(bake, "ASK_S", 0.05)
    ground.serving(blue=NEW, green=OLD)
    return ground


def wait(ground: Ground, slot: str, state: str, longest_s: float = 10.0) -> bool:
    """Tell whether the slot came to be so."""
    until = time.monotonic() + longest_s
    while time.monotonic() < until:
        if load(ground.paths)["slots"][slot]["state"] == state:
            return True
        time.sleep(0.02)
    return False


def reap() -> None:
    """Let the children that have ended go."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def test_a_warm_slot_is_stopped_after_its_time_and_the_audit_tells(warm: Ground) -> None:
    began = time.monotonic()
    assert bake.bake(warm.context(), "green", 0.3) == {"baking": True}
    assert time.monotonic() - began < 0.3, "nobody waits for it"
    assert wait(warm, "green", "empty")
    assert load(warm.paths)["slots"]["blue"]["state"] == "active"
    until = time.monotonic() + 5
    while lock.lock_show(warm.context())["holder"] and time.monotonic() < until:
        time.sleep(0.02)
    assert lock.lock_show(warm.context())["holder"] is None
    last = audit.audit(warm.context())["items"][-1]
    assert (last["what"], last["slot"], last["release"]) == ("bake ended", "green", OLD)
    reap()


@pytest.mark.parametrize("slot", ["blue"])
def test_what_serves_is_never_baked(warm: Ground, slot: str) -> None:
    assert bake.bake(warm.context(), slot, 0) == {"baking": False}


def test_a_release_that_serves_again_by_then_is_left_alone(warm: Ground) -> None:
    bake.bake(warm.context(), "green", 0.3)
    warm.serving("green", blue=NEW, green=OLD)
    assert not wait(warm, "green", "empty", 1.0)
    reap()


def test_a_deployment_under_way_is_waited_for(warm: Ground) -> None:
    fence = lock.lock_acquire(warm.context(), OWNER)["fence"]
    bake.bake(warm.context(), "green", 0)
    assert not wait(warm, "green", "empty", 0.4)
    lock.lock_release(warm.context(fence=fence))
    assert wait(warm, "green", "empty")
    reap()


def test_a_deployment_that_used_the_slot_meanwhile_keeps_it(warm: Ground) -> None:
    fence = lock.lock_acquire(warm.context(), OTHER)["fence"]
    bake.bake(warm.context(), "green", 0)
    known = load(warm.paths)
    warm.state(**{**known, "slots": {**known["slots"], "green": {"release": "3.0.0", "state": "ready", "since": None}}})
    lock.lock_release(warm.context(fence=fence))
    assert not wait(warm, "green", "empty", 0.5)
    reap()
