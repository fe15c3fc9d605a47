"""A plan is performed, or taken back; after any trouble the next attempt ends where the first would have."""

import asyncio
import contextlib
from typing import Any

import pytest
from fleet import NEW, OLD, deployments, machines, spec, wish
from hypothesis import given, settings
from hypothesis import strategies as st

from comfytavern.deploy import runner
from comfytavern.deploy.errors import Aborted, DeployFailed, Locked, Refused
from comfytavern.testing.deploy import RecordingHost

CANARY = 'name = "canary"\nsteps = [5, 100]\nstep_s = 0.01\nhold_s = 0.5\nmin_requests = 10'
STRATEGIES = ('name = "blue_green"', 'name = "replace"', 'name = "rolling"')


def serving(hosts: dict[str, RecordingHost]) -> set[str | None]:
    return {host.serving for host in hosts.values()}


def broken(host: RecordingHost, verb: str, code: str = "deploy.broken") -> None:
    def fault(asked: str, _args: dict[str, Any]) -> None:
        if asked == verb:
            raise host.failed(code, f"{verb} does not work.")

    host.fault = fault


@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_a_deployment_ends_with_the_new_release_everywhere(strategy: str) -> None:
    hosts = machines()
    await deployments(hosts, spec(3, strategy)).carry_out(wish())
    assert serving(hosts) == {NEW}
    assert all(host.holder is None and host.installed[NEW] for host in hosts.values())
    again = await deployments(hosts, spec(3, strategy)).carry_out(wish())
    assert again.nothing


async def test_a_first_install_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = machines(1, active=None)
    await deployments(hosts).carry_out(wish())
    assert serving(hosts) == {NEW}
    assert "backup" not in hosts["h1"].verbs()


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("verb", ["stage", "verify", "install", "migrate", "start_slot", "ready", "smoke", "switch"])
async def test_a_failure_before_the_end_leaves_the_old_release_serving(strategy: str, verb: str) -> None:
    hosts = machines(level=1)
    name = "h1" if verb == "migrate" else "h3"
    broken(hosts[name], verb)
    with pytest.raises(DeployFailed, match=f"{name}: {verb} does not work") as caught:
        await deployments(hosts, spec(3, strategy)).carry_out(wish())
    assert caught.value.code == "deploy.broken"
    assert serving(hosts) == {OLD}
    for host in hosts.values():
        assert host.holder is None
        assert not any(each["state"] in {"starting", "ready"} for each in host.slots.values())
        assert host.weights == {"blue": 100, "green": 0}
        assert host.entries[-1]["outcome"] == "failed"
        assert verb in host.entries[-1]["note"]


async def test_a_failure_after_the_switch_takes_nothing_back() -> None:
    hosts = machines()
    broken(hosts["h2"], "gc")
    with pytest.raises(DeployFailed, match="gc does not work"):
        await deployments(hosts).carry_out(wish())
    assert serving(hosts) == {NEW}
    hosts["h2"].fault = lambda _verb, _args: None
    await deployments(hosts).carry_out(wish())
    assert serving(hosts) == {NEW}


async def test_a_step_whose_answer_was_lost_is_asked_again_with_its_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "AGAIN_S", (0.0, 0.0))
    hosts = machines(1)
    lost: list[str] = []

    def after(verb: str, _args: dict[str, Any]) -> None:
        if verb == "switch" and not lost:
            lost.append(verb)
            raise hosts["h1"].failed("deploy.cut", "The connection broke.")

    hosts["h1"].after = after
    await deployments(hosts).carry_out(wish())
    steps = [step for verb, step in hosts["h1"].steps if verb == "switch"]
    assert len(steps) == 2
    assert len(set(steps)) == 1
    assert serving(hosts) == {NEW}


async def test_no_two_deployments_at_once() -> None:
    hosts = machines()
    await hosts["h2"].call("lock_acquire", {"owner": {"user": "eve", "host": "elsewhere", "pid": 1, "deploy": "dep_x"}})
    with pytest.raises(Locked, match="eve@elsewhere"):
        await deployments(hosts).carry_out(wish())
    assert hosts["h1"].holder is None
    assert hosts["h3"].holder is None
    assert serving(hosts) == {OLD}


async def test_a_lock_of_a_dead_process_of_ours_is_taken_over_at_once() -> None:
    from comfytavern.deploy import lock

    hosts = machines()
    await hosts["h2"].call("lock_acquire", {"owner": {**lock.owner("dep_dead"), "pid": 2**22 - 3}})
    await deployments(hosts).carry_out(wish())
    assert "lock_break" in hosts["h2"].verbs()


async def test_losing_the_lock_stops_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from comfytavern.deploy import lock

    monkeypatch.setattr(lock, "BEAT_S", 0.01)
    hosts = machines()

    def take_over(verb: str, _args: dict[str, Any]) -> None:
        if verb == "install":
            hosts["h1"].holder = None
            hosts["h1"].fence += 5

    hosts["h1"].fault = take_over
    with pytest.raises(DeployFailed) as caught:
        await deployments(hosts).carry_out(wish())
    assert caught.value.code in {"deploy.fenced", "deploy.lock_lost"}
    assert "start_slot" not in hosts["h1"].verbs()


async def test_another_plan_than_the_agreed_one_is_not_performed() -> None:
    hosts = machines()
    door = deployments(hosts)
    agreed = (await door.prospect(wish())).plan
    hosts["h2"].installed[NEW] = True
    with pytest.raises(Refused) as caught:
        await door.carry_out(wish(), agreed)
    assert caught.value.code == "deploy.changed"


async def test_problems_of_preflight_are_told_together_and_nothing_is_begun() -> None:
    hosts = machines()
    hosts["h1"].said["disk_free_bytes"] = 5
    hosts["h2"].said["python_tag"] = "cp39"
    with pytest.raises(Refused) as caught:
        await deployments(hosts).carry_out(wish(names=frozenset()))
    assert {each.code for each in caught.value.problems} == {"deploy.disk", "deploy.python", "deploy.setting_missing"}
    assert "stage" not in hosts["h3"].verbs()


async def test_a_warm_rollback_is_one_flip_for_each_host() -> None:
    hosts = machines()
    await deployments(hosts).carry_out(wish())
    for host in hosts.values():
        host.asked.clear()
    events: list[runner.Event] = []
    done = await deployments(hosts, told=events.append).carry_out(wish("rollback"))
    assert done.kind == "rollback warm"
    assert serving(hosts) == {OLD}
    told = [(each.verb, each.state) for each in events if each.state in {"ok", "moved"} and (each.host or each.state == "moved")]
    assert [verb for verb, _ in told[:3]] == ["flip"] * 3
    assert told[3] == ("", "moved"), "people are back before anything is written down"
    assert {verb for verb, _ in told[4:]} == {"commit", "bake"}
    assert [verb for verb in hosts["h1"].verbs() if not verb.startswith("lock")] == ["flip", "commit", "bake"]


async def test_a_cold_rollback_starts_the_kept_release() -> None:
    hosts = machines()
    await deployments(hosts).carry_out(wish())
    await deployments(hosts).carry_out(wish("finish"))
    done = await deployments(hosts).carry_out(wish("rollback"))
    assert done.kind == "rollback cold"
    assert serving(hosts) == {OLD}


async def test_there_is_no_way_back_to_what_is_not_kept() -> None:
    with pytest.raises(Refused, match=r"0\.1 is not on"):
        await deployments(machines()).carry_out(wish("rollback", back_to="0.1"))


def traffic(host: RecordingHost, wrong: str) -> None:
    """Let a host count requests; those of slot `wrong` fail."""
    count = {"n": 0}

    def samples(slot: str) -> list[list[Any]]:
        count["n"] += 20
        status = "500" if slot == wrong else "200"
        return [["comfytavern_http_requests_total", {"route": "/api/kinds", "method": "GET", "status": status}, count["n"]]]

    host.samples = samples


@pytest.mark.parametrize(("wrong", "ends"), [("", NEW), ("green", OLD)])
async def test_a_canary_is_promoted_or_taken_back(monkeypatch: pytest.MonkeyPatch, wrong: str, ends: str) -> None:
    monkeypatch.setattr(runner, "LOOK_S", 0.01)
    hosts = machines()
    for host in hosts.values():
        traffic(host, wrong)
    working = deployments(hosts, spec(3, CANARY)).carry_out(wish())
    if wrong:
        with pytest.raises(Aborted, match="requests failed"):
            await working
        assert hosts["h1"].entries[-1]["outcome"] == "aborted"
    else:
        await working
    assert serving(hosts) == {ends}
    assert all(sorted(host.weights.values()) == [0, 100] for host in hosts.values())


async def test_everybody_is_back_from_a_bad_canary_after_one_call_of_each_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """The old release was asked to wake first, though it had never been asked to leave."""
    monkeypatch.setattr(runner, "LOOK_S", 0.01)
    hosts = machines()
    for host in hosts.values():
        traffic(host, "green")
    with pytest.raises(Aborted):
        await deployments(hosts, spec(3, CANARY)).carry_out(wish())
    for host in hosts.values():
        asked = [verb for verb in host.verbs() if not verb.startswith("lock")]
        assert asked[asked.index("setw") - 1] == "metrics", "the requests right after it count"
        assert asked[-5:] == ["metrics", "switch", "abandon", "tidy", "commit"]
        assert all(args["beside"] == "blue" for verb, args in host.asked if verb == "metrics"), "one look is one call"


async def test_one_bad_host_of_three_takes_the_canary_back_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "LOOK_S", 0.01)
    hosts = machines()
    for name, host in hosts.items():
        traffic(host, "green" if name == "h2" else "")
    with pytest.raises(Aborted, match="On h2: "):
        await deployments(hosts, spec(3, CANARY)).carry_out(wish())
    assert serving(hosts) == {OLD}


class Killed(BaseException):
    """The controller is gone: nothing of it runs any more."""


@pytest.mark.slow
@settings(max_examples=120, deadline=None)
@given(at=st.integers(0, 75), strategy=st.sampled_from((*STRATEGIES, CANARY)), before=st.booleans(), resumed=st.booleans())
async def test_a_controller_killed_anywhere_leaves_what_the_next_one_brings_to_an_end(
    at: int, strategy: str, before: bool, resumed: bool
) -> None:
    """`kill -9` before or after any call of any host: a re-run converges, and only a canary ever has two releases on one host."""
    hosts = machines(level=1)
    left = [at]

    def deadly(_verb: str, _args: dict[str, Any]) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Killed

    for host in hosts.values():
        traffic(host, "")
        setattr(host, "fault" if before else "after", deadly)
    with contextlib.suppress(Killed, BaseExceptionGroup, asyncio.CancelledError):
        await deployments(hosts, spec(3, strategy)).carry_out(wish())
    for host in hosts.values():
        host.fault = host.after = lambda _verb, _args: None
        host.silent = True  # its heartbeat has stopped
        assert host.serving in {OLD, NEW}
        if strategy != CANARY:
            assert sorted(host.weights.values()) == [0, 100]
    if resumed:
        await deployments(hosts, spec(3, strategy)).carry_out(wish("resume"))
        assert len(serving(hosts)) == 1
        assert all(sorted(host.weights.values()) == [0, 100] for host in hosts.values())
    await deployments(hosts, spec(3, strategy)).carry_out(wish())
    assert serving(hosts) == {NEW}
    assert all(host.installed[NEW] and host.holder is None for host in hosts.values())
    assert all(sorted(host.weights.values()) == [0, 100] for host in hosts.values())


async def test_a_setting_that_a_cloud_may_offer_is_not_missed_before_the_start() -> None:
    door = deployments(machines())
    assert (await door.prospect(wish(names=frozenset({"SETTINGS_FROM"})))).problems == ()
