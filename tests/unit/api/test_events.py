import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from comfytavern.api.events import EventStream
from comfytavern.api.pace import EVENTS_WAITING_MAX, Gathering
from comfytavern.boot.app import System
from comfytavern.kernel.events import RunChanged, RunEvent, TextDelta
from tests.unit.api.test_socket import WRITER


def parsed(text: str) -> list[dict[str, Any]]:
    """Return the events of a stream, each checked against its own lines."""
    found: list[dict[str, Any]] = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            event = json.loads(lines["data"])
            assert lines["id"] == str(event["seq"])
            assert lines["event"] == event["kind"]
            found.append(event)
    return found


async def test_a_run_is_streamed_from_start_to_end(owner: httpx.AsyncClient) -> None:
    reply = await owner.post("/api/runs", json={"graph": WRITER}, headers={"Accept": "text/event-stream"})
    assert reply.headers["content-type"].startswith("text/event-stream")
    events = parsed(reply.text)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert (events[0]["state"], events[-1]["state"]) == ("running", "ok")


@pytest.mark.parametrize("by", ["query", "header"])
async def test_a_stream_goes_on_after_the_number_that_was_seen(owner: httpx.AsyncClient, by: str) -> None:
    run = (await owner.post("/api/runs?wait=true", json={"graph": WRITER})).json()
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": "3"} if by == "header" else {})
    reply = await owner.get(f"/api/runs/{run['id']}/events", params={"after": 3 if by == "query" else 0}, headers=headers)
    events = parsed(reply.text)
    assert (events[0]["seq"], events[-1]["seq"]) == (4, run["seq"])


async def test_events_are_also_a_plain_document(owner: httpx.AsyncClient) -> None:
    run = (await owner.post("/api/runs?wait=true", json={"graph": WRITER})).json()
    told = (await owner.get(f"/api/runs/{run['id']}/events", params={"after": run["seq"] - 1})).json()
    assert told["ended"] is True
    assert [event["seq"] for event in told["events"]] == [run["seq"]]


async def test_a_run_that_is_not_there_is_a_404_not_an_empty_stream(owner: httpx.AsyncClient) -> None:
    reply = await owner.get("/api/runs/run_nobody/events", headers={"Accept": "text/event-stream"})
    assert (reply.status_code, reply.json()["code"]) == (404, "run.unknown")


async def endless() -> AsyncIterator[list[RunEvent]]:
    yield [RunChanged(seq=1, state="running")]
    await asyncio.Event().wait()


async def test_a_reader_that_stalls_is_left_and_one_that_leaves_too(system: System) -> None:
    async def stalls(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    async def takes(_message: dict[str, Any]) -> None:
        pass

    async def stays() -> dict[str, Any]:
        return await asyncio.Event().wait()  # type: ignore[return-value]  -- never returns

    async def leaves() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    for receive, send in ((stays, stalls), (leaves, takes)):
        async with asyncio.timeout(5):
            await EventStream(endless(), system.services)({"state": {}}, receive, send)


async def test_streams_end_when_the_server_stops(system: System) -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    serving = asyncio.create_task(EventStream(endless(), system.services)({"state": {}}, asyncio.Event().wait, send))
    system.services.stopping.set()
    await asyncio.wait_for(serving, 5)
    assert sent[-1]["body"].startswith(b"event: drain\nretry: ")
    assert sent[-1]["more_body"] is False


async def test_a_stream_that_can_be_resumed_ends_between_two_events_when_the_server_drains(system: System) -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"state": {}}
    serving = asyncio.create_task(EventStream(endless(), system.services)(scope, asyncio.Event().wait, send))
    until_the_end = asyncio.create_task(EventStream(endless(), system.services, resumable=False)({"state": {}}, asyncio.Event().wait, send))
    await asyncio.sleep(0)
    assert system.services.drain.streams == 2
    system.services.drain.begin()
    await asyncio.wait_for(serving, 5)
    assert sent[-1]["body"].startswith(b"event: drain\nretry: ")
    assert not until_the_end.done()
    system.services.stopping.set()
    await asyncio.wait_for(until_the_end, 5)


async def test_who_waits_for_a_run_is_told_that_the_server_stops(system: System, owner: httpx.AsyncClient) -> None:
    asked = WRITER | {"nodes": [{"id": "ask", "kind": "flow.approve", "values": {"shown": 1}}], "wires": [], "interface": {}}
    me = (await owner.get("/api/session")).json()["user"]["id"]
    changes = system.services.runs.changes(me)
    waiting = asyncio.create_task(owner.post("/api/runs?wait=true", json={"graph": asked}))
    async with asyncio.timeout(10):
        while (await anext(changes)).state != "waiting":
            pass
    system.services.stopping.set()
    reply = await asyncio.wait_for(waiting, 5)
    assert (reply.status_code, reply.json()["code"]) == (503, "api.stopping")


async def test_history_is_not_read_faster_than_the_reader_follows() -> None:
    produced = 0

    async def fast() -> AsyncIterator[list[RunEvent]]:
        nonlocal produced
        while produced < 10 * EVENTS_WAITING_MAX:
            produced += 1
            yield [TextDelta(seq=produced, path="a", port="b", offset=0, text="x")]

    gathering = Gathering(fast(), asyncio.Event())
    filling = asyncio.create_task(gathering.fill())
    taken: list[RunEvent] = []
    while not filling.done():
        await asyncio.sleep(0)
        assert produced - len(taken) <= EVENTS_WAITING_MAX
        taken += gathering.take()
    assert [event.seq for event in taken + gathering.take()] == list(range(1, 10 * EVENTS_WAITING_MAX + 1))
