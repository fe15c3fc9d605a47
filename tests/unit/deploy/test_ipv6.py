"""nginx listens on IPv6 on the hosts that have it: a host without it would not start, a host with it would lose visitors."""

import socket
from typing import Any

import pytest
from fleet import OLD, deployments, facts, machines, spec, wish

from comfytavern.cli.deploying import sites_of
from comfytavern.deploy.agent import facts as agent
from comfytavern.deploy.errors import Refused
from comfytavern.deploy.facts import facts_of
from comfytavern.deploy.render.site import NGINX
from comfytavern.deploy.spec import Spec
from comfytavern.deploy.supply import Supply
from comfytavern.testing.deploy import RecordingHost


def fleet(*with_ipv6: bool) -> dict[str, RecordingHost]:
    hosts = machines(len(with_ipv6), OLD)
    for host, has in zip(hosts.values(), with_ipv6, strict=True):
        host.said = {"ipv6": has}
    return hosts


def supply_of(chosen: Spec) -> Supply:
    supply = Supply()
    supply.sites = sites_of(chosen)
    return supply


def listens(host: RecordingHost) -> list[str]:
    """Return where nginx of a host listens, by what was written to it."""
    text: str = (host.site_files or {})[NGINX]["text"]
    return [line.strip() for line in text.splitlines() if line.strip().startswith("listen ")]


async def deployed(hosts: dict[str, RecordingHost], ipv6: str = "auto") -> None:
    chosen = spec(len(hosts), more=f'ipv6 = "{ipv6}"\ndomain = "tavern.example.org"\n')
    await deployments(hosts, chosen, supply=supply_of(chosen)).carry_out(wish())


BOTH = ["listen 80;", "listen [::]:80;"]


async def test_each_host_listens_where_it_can() -> None:
    hosts = fleet(True, False, True)
    await deployed(hosts)
    assert [listens(host) for host in hosts.values()] == [BOTH, BOTH[:1], BOTH]


async def test_off_is_ipv4_only() -> None:
    hosts = fleet(True)
    await deployed(hosts, "off")
    assert listens(hosts["h1"]) == BOTH[:1]


async def test_on_refuses_a_host_without_it_before_anything_is_done() -> None:
    hosts = fleet(True, False)
    with pytest.raises(Refused) as refused:
        await deployed(hosts, "on")
    assert [problem.code for problem in refused.value.problems] == ["deploy.no_ipv6"]
    assert refused.value.problems[0].message.startswith("h2: it has no IPv6.")
    assert all(host.site_files is None for host in hosts.values())


async def test_a_host_that_has_it_from_now_on_is_configured_anew_and_only_that_one() -> None:
    chosen = spec(2)
    supply = supply_of(chosen)
    hosts = fleet(False, False)
    for host in hosts.values():
        host.site_sha256 = supply.digests()["site"]
    hosts["h2"].said = {"ipv6": True}
    prospect = await deployments(hosts, chosen, supply=supply).prospect(wish())
    writes = [(step.host, step.content) for stage in prospect.plan.stages for step in stage.steps if step.verb == "site"]
    assert writes == [("h2", "site.ipv6")]


async def test_facts_of_an_older_agent_say_nothing_of_it() -> None:
    said: dict[str, Any] = {"hostname": "h1"}
    assert facts_of("h1", said).ipv6 is False
    assert (await facts(fleet(True)))["h1"].ipv6 is True


def test_the_agent_tries_what_nginx_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    true = socket.socket

    def without(family: int = socket.AF_INET, *more: Any, **named: Any) -> socket.socket:
        """Be a kernel with IPv6 switched off."""
        asked.append(family)
        if family == socket.AF_INET6:
            raise OSError(97, "Address family not supported by protocol")
        return true(family, *more, **named)

    try:
        with true(socket.AF_INET6, socket.SOCK_STREAM) as tried:
            tried.bind(("::", 0))
        here = True
    except OSError:
        here = False
    assert agent._ipv6() is here
    monkeypatch.setattr(socket, "socket", without)
    assert agent._ipv6() is False
    assert asked == [socket.AF_INET6]
