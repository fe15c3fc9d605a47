"""A run that another server takes over stays in the trace of its request, and what is asked over a socket is drawn too."""

import asyncio
import shutil
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from comfytavern.boot.app import System, running
from comfytavern.boot.telemetry import runs as room
from comfytavern.boot.telemetry.runs import RunTraces
from comfytavern.boot.telemetry.trace import CURRENT, Place, Sampling
from comfytavern.projects.run import Order
from comfytavern.settings.settings import read
from comfytavern.testing.databases import new_database
from tests.journeys.graphs import slow
from tests.otlp import Receiver, Seen, receiver
from tests.server import Server
from tests.unit.api.conftest import ORIGIN, owner_of
from tests.unit.api.test_socket import Line

pytestmark = pytest.mark.slow

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE = CALLER.split("-")[1]


@pytest.fixture
def seen() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


@asynccontextmanager
async def tavern(seen: Receiver, folder: Path, **settings: Any) -> AsyncGenerator[System]:
    """The product, on the data of the process before if there was one; at the end everything is sent."""
    data = folder / "data"
    if not data.exists():
        await new_database("sqlite", folder).close()
        data.mkdir()
        shutil.move(folder / "test.db", data / "comfytavern.db")
    given = {"otel_ratio": 0.0} | settings
    async with running(read(data_dir=data, otlp_endpoint=seen.url, **given)) as system:
        yield system


def named(spans: list[Seen], name: str) -> list[Seen]:
    return [span for span in spans if span.name == name]


def one(spans: list[Seen], name: str) -> Seen:
    (found,) = named(spans, name)
    return found


async def over(client: httpx.AsyncClient, run: str) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while True:
            found = (await client.get(f"/api/runs/{run}")).json()
            if found["state"] in {"ok", "failed", "cancelled"}:
                return found
            await asyncio.sleep(0.05)


async def test_a_run_that_was_handed_over_goes_on_in_the_trace_of_its_request(seen: Receiver, tmp_path: Path) -> None:
    """Bug: it began a trace of its own on the server that took it over."""
    async with tavern(seen, tmp_path, slot="blue") as system, owner_of(system) as owner:
        started = await owner.post("/api/runs", json={"graph": slow(2)}, headers={"traceparent": CALLER})
        run, cookies = started.json()["id"], owner.cookies
        assert started.json()["state"] == "running"
    async with tavern(seen, tmp_path, slot="green") as system:
        transport = httpx.ASGITransport(system.app)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={"Origin": ORIGIN}, cookies=cookies) as owner:
            assert (await over(owner, run))["state"] == "ok"
    spans = seen.wait(3)
    request, ran, node = one(spans, "POST /api/runs"), one(spans, "run"), one(spans, "flow.delay")
    assert {request.trace, ran.trace, node.trace} == {TRACE}
    assert (ran.parent, node.parent) == (request.id, ran.id)
    assert (request.resource["comfytavern.slot"], ran.resource["comfytavern.slot"]) == ("blue", "green")
    assert ran.about["comfytavern.run.id"] == run
    assert request.began <= ran.began <= node.began < node.ended <= ran.ended + 50_000_000


def test_a_run_whose_server_was_killed_goes_on_in_the_trace_of_its_request(seen: Receiver, tmp_path: Path) -> None:
    with Server(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=seen.url, OTEL_TRACES_SAMPLER_ARG="0") as server:
        owner = server.owner()
        started = owner.post("/api/runs", json={"graph": slow(8)}, headers={"traceparent": CALLER})
        assert started.json()["state"] == "running"
        request = one(seen.wait(1), "POST /api/runs")
        server.kill()
        server.start()
        spans = seen.wait(3, timeout_s=60)
    ran, node = one(spans, "run"), one(spans, "flow.delay")
    assert (ran.trace, ran.parent, node.parent) == (TRACE, request.id, ran.id)


def test_a_run_of_older_code_or_of_a_server_that_draws_nothing_has_a_trace_of_its_own() -> None:
    order = msgspec.json.decode(b'{"inputs": {"a": 1}, "library": {"wf_1": 2}}', type=Order)
    assert order.trace == ""
    assert msgspec.json.encode(Order()) == b"{}", "and older code, which ignores what it does not know, finds what it knows"
    traces = RunTraces(Sampling("always_on", 1))
    for strange in (order.trace, "nonsense", CALLER, f"{CALLER} not-hexadecimal!", f"{CALLER}-{'0' * 16}"):
        traces.continued("run_1", strange)
    assert f"{traces.of('run_1').place.trace_id:032x}" != TRACE


def test_what_one_process_says_another_understands() -> None:
    token = CURRENT.set(Place(7, 9, sampled=False))
    try:
        where = RunTraces(Sampling("always_on", 1)).ordered("run_1")
    finally:
        CURRENT.reset(token)
    other = RunTraces(Sampling("always_on", 1))
    other.continued("run_1", where)
    found = other.of("run_1")
    assert (found.place.trace_id, found.above, found.place.sampled) == (7, 9, False)
    assert f"{found.place.traceparent} {found.above:016x}" == where
    other.continued("run_1", f"{CALLER} {'1' * 16}")
    assert other.of("run_1") is found, "who draws a run already goes on as he has begun"


def test_looking_at_runs_of_other_servers_displaces_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "RUNS_MAX", 3)
    traces = RunTraces(Sampling("always_on", 1))
    ours = [traces.of(f"run_{number}") for number in range(3)]
    for number in range(10):
        traces.continued(f"run_of_another_{number}", f"{CALLER} {'1' * 16}")
    assert all(traces.of(f"run_{number}") is ours[number] for number in range(3))


async def test_a_socket_is_drawn_by_its_handshake_and_by_each_message_that_does_work(seen: Receiver, tmp_path: Path) -> None:
    """Bug: what was asked over a WebSocket was in no trace."""
    async with tavern(seen, tmp_path, otel_sampler="always_on") as system, owner_of(system) as owner:
        line = Line(system, owner.cookies["ct_session"])
        line.say(type="start", graph=slow(0.01))
        run = (await line.next("started"))["run"]["id"]
        line.say(type="ping")
        await line.next("pong")
        line.say(type="watch", run="run_nobodys")
        await line.next("error")
        assert (await over(owner, run))["state"] == "ok"
        shook = named(seen.wait(1, timeout_s=30), "GET /ws")
        assert len(shook) == 1, "it is drawn while the socket is still open"
        await line.hang_up()
    spans = seen.wait(6)
    handshake, start, ran, watch = one(spans, "GET /ws"), one(spans, "ws start"), one(spans, "run"), one(spans, "ws watch")
    assert (handshake.kind, handshake.about["http.response.status_code"], handshake.about["http.route"]) == (2, 101, "/ws")
    assert len({handshake.trace, start.trace, watch.trace}) == 3, "a trace of hours is of no use to anybody"
    assert start.links == watch.links == [(handshake.trace, handshake.id)]
    assert (start.parent, start.kind, start.about["comfytavern.message"]) == ("", 2, "start")
    assert (ran.trace, ran.parent) == (start.trace, start.id)
    assert (start.failed, watch.failed) == (False, True)
    assert watch.about["error.type"] == "run.unknown"
    assert not named(spans, "ws ping")


async def test_a_socket_that_is_refused_is_drawn_as_refused(seen: Receiver, tmp_path: Path) -> None:
    async with tavern(seen, tmp_path, otel_sampler="always_on") as system:
        line = Line(system, "nobody's")
        await asyncio.wait_for(line.served, 10)
    assert one(seen.wait(1), "GET /ws").about["http.response.status_code"] == 401


async def test_messages_are_drawn_when_their_socket_is(seen: Receiver, tmp_path: Path) -> None:
    async with tavern(seen, tmp_path) as system, owner_of(system) as owner:
        line = Line(system, owner.cookies["ct_session"])
        line.say(type="start", graph=slow(0.01))
        assert (await over(owner, (await line.next("started"))["run"]["id"]))["state"] == "ok"
        await line.hang_up()
        await owner.get("/api/session", headers={"traceparent": CALLER})
    assert [span.name for span in seen.wait(1)] == ["GET /api/session"]
