"""The socket on the level of ASGI messages, where a reader that stalls can be played exactly."""

import asyncio
import dataclasses
import json
import time
from typing import Any

import httpx
import pytest

from comfytavern.api.app import create_app
from comfytavern.api.socket import SAID_MAX
from comfytavern.boot.app import System

WRITER = {
    "format": "comfytavern.graph",
    "version": 1,
    "nodes": [
        {"id": "text", "kind": "text.constant", "values": {"text": "one two three " * 400}},
        {"id": "typing", "kind": "stream.typing", "values": {"pause": 0}},
        {"id": "out", "kind": "graph.output"},
    ],
    "wires": [
        {"id": "w1", "source": ["text", "text"], "target": ["typing", "text"]},
        {"id": "w2", "source": ["typing", "text"], "target": ["out", "text"]},
    ],
    "interface": {"outputs": [{"id": "text", "type": "string"}]},
}


class Line:
    """One socket, from the client's side."""

    def __init__(self, system: System, cookie: str, *, origin: str = "http://tavern.test", stalls: bool = False) -> None:
        self.sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.reads = asyncio.Event()
        if not stalls:
            self.reads.set()
        self.times: list[float] = []
        self.tried: asyncio.Queue[str] = asyncio.Queue()
        headers = [(b"host", b"tavern.test"), (b"cookie", f"ct_session={cookie}".encode()), (b"origin", origin.encode())]
        scope = {"type": "websocket", "path": "/ws", "raw_path": b"/ws", "query_string": b"", "headers": headers, "scheme": "ws"}
        scope |= {
            "subprotocols": [],
            "state": {},
            "extensions": {"websocket.http.response": {}},
            "root_path": "",
            "client": ("127.0.0.1", 1),
        }
        self.sent.put_nowait({"type": "websocket.connect"})
        self.served = asyncio.create_task(system.app(scope, self.sent.get, self._hear))

    async def _hear(self, message: dict[str, Any]) -> None:
        self.tried.put_nowait(message["type"])
        if message["type"] in {"websocket.send", "websocket.close"}:
            await self.reads.wait()
        if message["type"] == "websocket.send":
            self.times.append(time.monotonic())
        self.heard.put_nowait(message)

    def say(self, **message: Any) -> None:
        self.sent.put_nowait({"type": "websocket.receive", "text": json.dumps(message)})

    async def next(self, kind: str) -> dict[str, Any]:
        """Return the next message of this kind, leaving out others."""
        async with asyncio.timeout(10):
            while True:
                message = await self.heard.get()
                if message["type"] == "websocket.accept":
                    continue
                if message["type"] != "websocket.send":
                    return message
                told = json.loads(message["text"])
                if told["type"] in kind.split("|"):
                    return told

    async def hang_up(self) -> None:
        self.sent.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await asyncio.wait_for(self.served, 5)


@pytest.fixture
def cookie(owner: httpx.AsyncClient) -> str:
    return owner.cookies["ct_session"]


async def test_a_run_is_started_watched_and_told_to_the_end(system: System, cookie: str) -> None:
    line = Line(system, cookie)
    assert (await line.next("hello"))["user"]["role"] == "owner"
    line.say(type="start", ref=7, graph=WRITER)
    started = await line.next("started")
    assert started["ref"] == 7
    line.say(type="watch", run=started["run"]["id"], after=0)
    events: list[dict[str, Any]] = []
    while not events or events[-1].get("state") not in {"ok", "failed"}:
        events += (await line.next("events"))["events"]
    assert events[-1]["state"] == "ok"
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    await line.hang_up()


async def test_a_client_that_comes_back_misses_nothing_and_hears_nothing_twice(system: System, cookie: str) -> None:
    first = Line(system, cookie)
    first.say(type="start", graph=WRITER)
    run = (await first.next("started"))["run"]["id"]
    first.say(type="watch", run=run)
    seen = (await first.next("events"))["events"]
    await first.hang_up()
    second = Line(system, cookie)
    second.say(type="watch", run=run, after=seen[-1]["seq"])
    while seen[-1].get("state") not in {"ok", "failed"}:
        seen += (await second.next("events"))["events"]
    assert [event["seq"] for event in seen] == list(range(1, len(seen) + 1))
    await second.hang_up()


async def test_a_run_goes_on_when_its_client_leaves(system: System, cookie: str, owner: httpx.AsyncClient) -> None:
    line = Line(system, cookie)
    line.say(type="start", graph=WRITER)
    run = (await line.next("started"))["run"]["id"]
    await line.hang_up()
    view = await system.services.runs.wait((await owner.get("/api/session")).json()["user"]["id"], run)
    assert view.state == "ok"


async def test_no_client_gets_more_than_sixty_messages_a_second(system: System, cookie: str) -> None:
    line = Line(system, cookie)
    for _ in range(120):
        line.say(type="ping")
    for _ in range(120):
        await line.next("pong")
    assert len(line.times) / (line.times[-1] - line.times[0]) < 66
    await line.hang_up()


async def test_a_reader_that_stalls_is_let_go_and_the_run_is_not_held_up(system: System, cookie: str, owner: httpx.AsyncClient) -> None:
    line = Line(system, cookie, stalls=True)
    reply = await owner.post("/api/runs?wait=true", json={"graph": WRITER})
    assert reply.json()["state"] == "ok"
    async with asyncio.timeout(5):
        await line.served


async def test_a_reader_that_wakes_up_sees_why_it_was_let_go(system: System, cookie: str) -> None:
    line = Line(system, cookie, stalls=True)
    while await line.tried.get() != "websocket.close":
        pass
    line.reads.set()
    assert await line.next("") == {"type": "websocket.close", "code": 1013, "reason": "api.slow_reader"}


@pytest.mark.parametrize(
    ("said", "source"), [({}, "ws"), ({"session": "tab"}, "canvas"), ({"source": "canvas"}, "canvas"), ({"source": "cli"}, "cli")]
)
async def test_a_run_says_where_it_was_started(
    system: System, cookie: str, owner: httpx.AsyncClient, said: dict[str, str], source: str
) -> None:
    line = Line(system, cookie)
    line.say(type="start", graph=WRITER, **said)
    run = (await line.next("started"))["run"]["id"]
    assert (await owner.get(f"/api/runs/{run}")).json()["source"] == source
    line.say(type="start", ref=1, graph=WRITER, source="nowhere")
    assert (await line.next("error"))["problem"]["problems"][0]["place"] == {"field": "source"}
    await line.hang_up()


async def test_a_client_that_asks_without_end_is_read_no_faster_than_it_is_answered(system: System, cookie: str) -> None:
    line = Line(system, cookie)
    for _ in range(SAID_MAX * 4):
        line.say(type="ping")
    for _ in range(30):
        await line.next("pong")
    assert line.sent.qsize() > SAID_MAX
    line.served.cancel()


async def test_binary_frames_are_refused_with_1003(system: System, cookie: str) -> None:
    line = Line(system, cookie)
    line.sent.put_nowait({"type": "websocket.receive", "bytes": b"\0"})
    assert (await line.next("error"))["problem"]["code"] == "api.binary"
    assert (await line.next(""))["code"] == 1003
    await asyncio.wait_for(line.served, 5)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "api.json"),
        ("[]", "api.message"),
        ('{"type": "dance"}', "api.message"),
        ('{"type": "watch", "run": 5}', "api.message"),
        ('{"type": "watch", "run": "run_nobody"}', "run.unknown"),
        ('{"type": "watch", "run": "run_nobody", "colour": 1}', "api.message"),
        ('{"type": "cancel", "run": "run_nobody"}', "run.unknown"),
        ('{"type": "start"}', "api.invalid"),
        ('{"type": "start", "workflow_id": "wfl_nobody"}', "workflow.unknown"),
    ],
)
async def test_what_is_not_understood_is_answered_and_the_line_stays(system: System, cookie: str, text: str, code: str) -> None:
    line = Line(system, cookie)
    line.sent.put_nowait({"type": "websocket.receive", "text": text})
    assert (await line.next("error"))["problem"]["code"] == code
    line.say(type="ping")
    assert await line.next("pong")
    await line.hang_up()


@pytest.mark.parametrize(("cookie_of", "origin", "status"), [("owner", "https://evil.example", 403), ("nobody", "http://tavern.test", 401)])
async def test_a_socket_opens_for_our_own_pages_and_sessions_only(
    system: System, cookie: str, cookie_of: str, origin: str, status: int
) -> None:
    line = Line(system, cookie if cookie_of == "owner" else "x", origin=origin)
    refused = await line.next("")
    assert (refused["type"], refused["status"]) == ("websocket.http.response.start", status)
    await asyncio.wait_for(line.served, 5)


async def test_a_socket_ends_with_the_session_it_was_opened_by(system: System, cookie: str, owner: httpx.AsyncClient) -> None:
    quick = dataclasses.replace(system.services, values=dataclasses.replace(system.services.values, readmit_s=0.05))
    line = Line(dataclasses.replace(system, app=create_app(quick, web=None)), cookie)
    await line.next("hello")
    await owner.post("/api/logout")
    assert (await line.next("error"))["problem"]["code"] == "accounts.session"
    assert (await line.next(""))["code"] == 1008
    await asyncio.wait_for(line.served, 5)


async def test_a_server_that_stops_says_so(system: System, cookie: str) -> None:
    line = Line(system, cookie)
    await line.next("hello")
    system.services.stopping.set()
    assert (await line.next("drain"))["retry_ms"] <= 500
    assert (await line.next(""))["code"] == 1012
    await asyncio.wait_for(line.served, 5)


async def test_nobody_hears_of_somebody_elses_runs(system: System, cookie: str, owner: httpx.AsyncClient) -> None:
    await owner.post("/api/users", json={"name": "Ann", "password": "another horse battery"})
    login = await owner.post("/api/login", json={"name": "Ann", "password": "another horse battery"})
    mine, hers = Line(system, cookie), Line(system, login.cookies["ct_session"])
    await mine.next("hello"), await hers.next("hello")
    mine.say(type="start", graph=WRITER)
    run = (await mine.next("started"))["run"]["id"]
    hers.say(type="watch", run=run)
    assert (await hers.next("error"))["problem"]["code"] == "run.unknown"
    await mine.next("runs")
    assert hers.heard.empty()
    await mine.hang_up()
    await hers.hang_up()
