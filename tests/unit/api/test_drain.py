"""While a server drains it refuses nobody, and asks everybody to go."""

import asyncio
from typing import Any

import httpx
import pytest

from comfytavern.api import drain as drain_module
from comfytavern.boot.app import System
from tests.unit.api.test_socket import WRITER, Line


@pytest.fixture
def cookie(owner: httpx.AsyncClient) -> str:
    return owner.cookies["ct_session"]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain_module, "AGAIN_S", 0.2)


async def test_requests_are_answered_and_told_not_to_keep_the_connection(system: System, owner: httpx.AsyncClient) -> None:
    assert "connection" not in (await owner.get("/api/session")).headers
    system.services.drain.begin()
    ready = await owner.get("/ready")
    assert (ready.status_code, ready.json()["status"], ready.json()["checks"]["draining"]) == (503, "draining", "draining")
    made = await owner.post("/api/projects", json={"name": "Made while draining"})
    assert (made.status_code, made.headers["connection"]) == (201, "close")
    system.services.drain.end()
    assert (await owner.get("/ready")).status_code == 200
    assert "connection" not in (await owner.get("/api/session")).headers


async def test_a_socket_is_asked_to_go_with_what_it_has_seen_and_served_until_it_does(system: System, cookie: str) -> None:
    line = Line(system, cookie)
    line.say(type="start", graph=WRITER)
    run = (await line.next("started"))["run"]["id"]
    line.say(type="watch", run=run)
    seen = (await line.next("events"))["events"][-1]["seq"]
    system.services.drain.begin()
    told: dict[str, Any] = {}
    while not told:
        message = await line.next("events|drain")
        told = message if message["type"] == "drain" else {}
        seen = seen if told else message["events"][-1]["seq"]
    assert 0 <= told["retry_ms"] <= 500
    assert told["resume"] == {run: seen} or told["resume"] == {}
    line.say(type="start", graph=WRITER, ref="late")
    assert (await line.next("started"))["ref"] == "late"
    assert system.services.drain.sockets == 1
    await line.hang_up()
    assert system.services.drain.sockets == 0


async def test_who_comes_while_it_drains_is_served_and_asked_a_little_later(system: System, cookie: str) -> None:
    system.services.drain.begin()
    line = Line(system, cookie)
    await line.next("hello")
    line.say(type="ping")
    await line.next("pong")
    await line.next("drain")
    await line.hang_up()


async def test_a_drain_that_was_called_off_and_begun_again_asks_again(system: System, cookie: str) -> None:
    line = Line(system, cookie)
    await line.next("hello")
    for _ in range(2):
        system.services.drain.begin()
        await line.next("drain")
        system.services.drain.end()
        await asyncio.sleep(0.05)
    await line.hang_up()
