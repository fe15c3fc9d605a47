"""A rollback that takes the data along: nobody writes meanwhile, and after any trouble the database that was there serves again."""

import asyncio
import contextlib
from typing import Any

import pytest
from fleet import NEW, OLD, deployments, machines, spec, wish

from comfytavern.cli.deploying import sites_of
from comfytavern.deploy.errors import DeployFailed, Refused
from comfytavern.deploy.supply import Supply
from comfytavern.testing.deploy import RecordingHost

BACKUP = {"id": "dep_1", "path": "/srv/comfytavern/backups/dep_1", "created_at": 1.7e9, "level": 1, "contracted": 0}
LATER = {**BACKUP, "id": "bak_2", "path": "/srv/comfytavern/shared/data/backups/bak_2", "created_at": 1.9e9}


def upgraded(hosts: int = 3) -> dict[str, RecordingHost]:
    """Return hosts on which NEW serves, after OLD, with the backup from before that."""
    found = machines(hosts, active=NEW)
    for host in found.values():
        host.installed[OLD] = True
        host.levels = {OLD: {"level": 1}, NEW: {"level": 2}}
        at = "2026-11-24T10:00:00Z"
        host.ledger_before = [{"at": at, "deploy": "dep_1", "release": NEW, "outcome": "ok", "note": "", "previous": OLD}]
    found["h1"].backups = [BACKUP, LATER]
    return found


def broken(host: RecordingHost, verb: str, times: int = 99) -> None:
    left = [times]

    def fault(asked: str, _args: dict[str, Any]) -> None:
        if asked == verb and left[0]:
            left[0] -= 1
            raise host.failed("deploy.broken", f"{verb} does not work.")

    host.fault = fault


def nobody_writes(hosts: dict[str, RecordingHost], seen: list[str]) -> None:
    """Write down every restore, and see that nothing runs anywhere then."""

    def fault(verb: str, _args: dict[str, Any]) -> None:
        if verb in {"restore", "put_back"}:
            seen.append(verb)
            assert all(host.gate is not None and not host.running for host in hosts.values())

    hosts["h1"].fault = fault


@pytest.mark.parametrize("count", [1, 3])
async def test_the_release_before_and_its_data_serve_again(count: int) -> None:
    hosts, seen = upgraded(count), list[str]()
    nobody_writes(hosts, seen)
    door = deployments(hosts)
    prospect = await door.prospect(wish("restore"))
    assert prospect.way is not None
    assert (prospect.way.target, prospect.way.backup_id, prospect.way.host) == (OLD, "dep_1", "h1")
    assert (await door.losses(prospect.way)).rows == {"runs": 3}
    await door.carry_out(wish("restore"), prospect.plan)
    assert {host.serving for host in hosts.values()} == {OLD}
    assert hosts["h1"].data == "dep_1"
    assert seen == ["restore"]
    assert await door.replaced(prospect.way) == f"replaced-{prospect.way.id}"
    for host in hosts.values():
        assert host.gate is None
        assert host.holder is None
        assert host.running == {host.active}
        assert host.entries[-1] == {"release": OLD, "deploy": prospect.way.id, "outcome": "ok", "note": "rollback, data of dep_1"}


async def test_a_named_backup_is_taken() -> None:
    hosts = upgraded(1)
    await deployments(hosts).carry_out(wish("restore", backup="bak_2"))
    assert hosts["h1"].data == "bak_2"


async def test_without_a_backup_of_that_deployment_the_newest_before_it_is_taken() -> None:
    hosts = upgraded(1)
    hosts["h1"].backups = [{**BACKUP, "id": "old", "created_at": 1.0}, {**BACKUP, "id": "bak_0"}, {**LATER, "created_at": 4e9}]
    prospect = await deployments(hosts).prospect(wish("restore"))
    assert prospect.way is not None
    assert prospect.way.backup_id == "bak_0"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"backup": "bak_9"}, "deploy.no_backup"),
        ({"back_to": "0.9.0+ccccccc"}, "deploy.no_way_back"),
        ({"back_to": NEW}, "deploy.schema"),
    ],
)
async def test_what_cannot_be_is_refused_before_anything_is_closed(more: dict[str, str], code: str) -> None:
    hosts = upgraded()
    with pytest.raises(Refused) as caught:
        await deployments(hosts).carry_out(wish("restore", **more))
    assert caught.value.code == code
    assert all(host.gate is None and host.serving == NEW for host in hosts.values())


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("verb", ["site", "gate_close", "restore", "start_slot", "ready", "smoke", "switch"])
async def test_after_a_failure_the_database_that_was_there_serves_again(verb: str, count: int) -> None:
    hosts = upgraded(count)
    supply = Supply()
    if verb == "site":
        supply.sites = sites_of(spec(count))
    last = hosts["h1" if verb == "restore" else f"h{count}"]
    broken(last, verb, 1)
    with contextlib.suppress(DeployFailed):
        await deployments(hosts, supply=supply).carry_out(wish("restore"))
    assert {host.serving for host in hosts.values()} <= {NEW, OLD}
    data = "now" if {host.serving for host in hosts.values()} == {NEW} else "dep_1"
    assert hosts["h1"].data == data
    assert len({host.serving for host in hosts.values()}) == 1
    assert all(host.gate is None and host.holder is None for host in hosts.values())


async def test_a_failure_says_that_the_database_that_was_there_serves() -> None:
    hosts = upgraded()
    broken(hosts["h2"], "ready", 1)
    with pytest.raises(DeployFailed) as caught:
        await deployments(hosts).carry_out(wish("restore"))
    assert "h2: ready does not work" in caught.value.sentence
    assert "serves again" in caught.value.hint
    assert hosts["h1"].data == "now"
    assert hosts["h2"].entries[-1]["outcome"] == "failed"


async def test_when_it_cannot_be_taken_back_the_gates_stay_closed_and_the_failure_says_so() -> None:
    hosts = upgraded()
    broken(hosts["h1"], "start_slot", 1)
    after = hosts["h1"].fault

    def fault(verb: str, args: dict[str, Any]) -> None:
        after(verb, args)
        if verb == "put_back":
            raise hosts["h1"].failed("db.in_use", "The database is in use.")

    hosts["h1"].fault = fault
    with pytest.raises(DeployFailed) as caught:
        await deployments(hosts).carry_out(wish("restore"))
    assert "deploy resume" in caught.value.hint
    assert all(host.gate is not None for host in hosts.values())
    hosts["h1"].fault = lambda _verb, _args: None
    await deployments(hosts).carry_out(wish("resume"))
    assert {host.serving for host in hosts.values()} == {NEW}
    assert hosts["h1"].data == "now"


KILLED = [(verb, host) for verb in ("gate_close", "restore", "start_slot", "switch", "commit", "gate_open") for host in ("h1", "h3")]


async def killed(hosts: dict[str, RecordingHost], verb: str, host: str) -> None:
    """Begin it, and let the command line die when `host` has done `verb`."""
    door = deployments(hosts)
    task = asyncio.create_task(door.carry_out(wish("restore")))
    hit, dead = asyncio.Event(), asyncio.Event()

    async def never(*_args: object, **_more: object) -> dict[str, Any]:
        dead.set()
        await asyncio.Event().wait()
        return {}

    def after(asked: str, _args: dict[str, Any]) -> None:
        if asked == verb and not hit.is_set():
            hit.set()

    hosts[host].after = after
    waiting = asyncio.create_task(hit.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    kept = {each: each.call for each in hosts.values()}
    for each in hosts.values():
        each.call = never  # type: ignore[method-assign] -- a dead program asks nothing any more
    task.cancel()
    await asyncio.wait_for(dead.wait(), 5)
    for each, call in kept.items():
        each.call = call  # type: ignore[method-assign] -- as above
        each.after = lambda _verb, _args: None
        each.silent = True
    waiting.cancel()


@pytest.mark.parametrize(("verb", "host"), KILLED)
async def test_asked_again_after_the_command_died_it_goes_on_to_the_end(verb: str, host: str) -> None:
    if (verb, host) == ("restore", "h3"):
        host = "h1"
    hosts = upgraded()
    await killed(hosts, verb, host)
    if (verb, host) != ("gate_open", "h1"):  # That is the last step.
        await deployments(hosts).carry_out(wish("restore"))
    assert {each.serving for each in hosts.values()} == {OLD}
    assert hosts["h1"].data == "dep_1"
    assert all(each.gate is None for each in hosts.values())


@pytest.mark.parametrize(("verb", "host"), KILLED)
async def test_resume_after_the_command_died_brings_all_hosts_to_one_release_and_its_data(verb: str, host: str) -> None:
    if (verb, host) == ("restore", "h3"):
        host = "h1"
    hosts = upgraded()
    await killed(hosts, verb, host)
    await deployments(hosts).carry_out(wish("resume"))
    serving = {each.serving for each in hosts.values()}
    assert (serving, hosts["h1"].data) in (({NEW}, "now"), ({OLD}, "dep_1"))
    assert all(each.gate is None for each in hosts.values())


@pytest.mark.parametrize("kind", ["apply", "rollback", "finish"])
async def test_nothing_else_happens_behind_closed_gates(kind: str) -> None:
    hosts = upgraded()
    await killed(hosts, "start_slot", "h2")
    with pytest.raises(Refused) as caught:
        await deployments(hosts).carry_out(wish(kind))
    assert caught.value.code == "deploy.closed"
    assert "resume" in caught.value.hint


async def test_another_way_back_than_the_one_begun_is_refused() -> None:
    hosts = upgraded()
    await killed(hosts, "start_slot", "h2")
    with pytest.raises(Refused) as caught:
        await deployments(hosts).carry_out(wish("restore", backup="bak_2"))
    assert caught.value.code == "deploy.closed"


async def test_a_rollback_of_code_out_of_the_range_is_refused_and_names_the_other_way() -> None:
    hosts = upgraded()
    for host in hosts.values():
        host.said = {"migration": {"level": 2, "contracted": 2}}
    with pytest.raises(Refused) as caught:
        await deployments(hosts).carry_out(wish("rollback"))
    assert caught.value.code == "deploy.schema"
    assert "--restore-db" in caught.value.hint
    assert {host.serving for host in hosts.values()} == {NEW}


async def test_a_rollback_of_code_inside_the_range_never_touches_data() -> None:
    hosts = upgraded()
    await deployments(hosts).carry_out(wish("rollback"))
    assert {host.serving for host in hosts.values()} == {OLD}
    assert not {"restore", "gate_close", "migrate", "backup"} & {verb for host in hosts.values() for verb in host.verbs()}
