"""Sockets that misbehave: each is closed with a code, and no other client notices."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.journeys.graphs import Graph, graph, loud
from tests.rough_weather.steady import steady
from tests.rough_weather.wire import BINARY, CLOSE, PING, TEXT, Wire, rest, unread_stream
from tests.server import Server

SLOW_CLIENT_S = 1
PING_S = 20
MIB = 1024 * 1024
Ending = tuple[int, float, bytes]


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that waits a second for a reader."""
    with Server(tmp_path_factory.mktemp("strict"), SLOW_CLIENT_S=str(SLOW_CLIENT_S)) as server:
        yield server


@pytest.fixture(scope="module")
def person(strict: Server) -> httpx.Client:
    return strict.owner()


@pytest.fixture(scope="module", autouse=True)
def half_open(strict: Server, person: httpx.Client) -> Iterator[Future[Ending]]:
    """A client that answers no ping, from the first test to the last."""
    with Wire(strict, person) as wire, ThreadPoolExecutor(1) as aside:
        yield aside.submit(silence, wire)


def silence(wire: Wire) -> Ending:
    """Read and answer nothing; return how many pings came, after how long the line was closed, and what was said then."""
    begun, pings = time.monotonic(), 0
    while (frame := wire.frame())[0] != CLOSE:
        pings += frame[0] == PING
    return pings, time.monotonic() - begun, frame[1]


def chatty() -> Graph:
    """Return a graph whose events are some megabytes: many texts, each shown as far as texts are shown."""
    nodes = [(f"n{at}", "text.constant", {"text": f"{at:04d}" * 500}) for at in range(1500)]
    return graph(nodes, [])


def fast(client: httpx.Client) -> None:
    """Hold that another client is served at once."""
    begun = time.monotonic()
    run = client.post("/api/runs", params={"wait": True}, json={"graph": loud(), "inputs": {"text": "hi"}}).json()
    assert run["outputs"] == {"loud": "HI"}
    assert time.monotonic() - begun < 2


def test_a_binary_frame_is_refused(strict: Server, person: httpx.Client) -> None:
    with steady(strict, person), Wire(strict, person) as wire:
        wire.send(b"\x00\x01", BINARY)
        code, reason = wire.close()
        assert code == 1003
        assert reason.startswith("api.")


def test_a_frame_of_2_mib_is_refused(strict: Server, person: httpx.Client) -> None:
    with steady(strict, person), Wire(strict, person) as wire:
        wire.send(b'"' + b"x" * 2 * MIB + b'"')
        assert wire.close()[0] == 1009


def test_a_text_that_is_no_utf_8_is_refused(strict: Server, person: httpx.Client) -> None:
    with steady(strict, person), Wire(strict, person) as wire:
        wire.send(b"\xff\xfe\xfd")
        assert wire.close()[0] == 1007


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"type":"no such"}', '{"type":"watch"}', '{"type":"watch","run":5}', "[" * 100_000]
)
def test_a_message_that_means_nothing_is_answered_and_the_socket_stays(strict: Server, person: httpx.Client, text: str) -> None:
    with steady(strict, person), Wire(strict, person) as wire:
        wire.send(text.encode())
        wire.send(b'{"type":"ping"}')
        told: list[dict[str, object]] = []
        while not told or told[-1]["type"] != "pong":
            kind, payload = wire.frame()
            assert kind == TEXT, payload
            told.append(json.loads(payload))
        [problem] = [message["problem"] for message in told if message["type"] == "error"]
        assert isinstance(problem, dict)
        assert str(problem["code"]).startswith("api.")


@pytest.mark.slow
def test_a_socket_that_stalls_is_let_go_and_others_are_served(strict: Server, person: httpx.Client) -> None:
    run = person.post("/api/runs", params={"wait": True}, json={"graph": chatty()}).json()["id"]
    with steady(strict, person), Wire(strict, person, buffer=4096) as wire:
        for _ in range(6):
            wire.send(json.dumps({"type": "watch", "run": run, "after": 0}).encode())
            time.sleep(0.2)
            fast(person)
        time.sleep(2 * SLOW_CLIENT_S)
        fast(person)
        assert wire.close() in {(1013, "api.slow_reader"), (1006, "")}
    events = person.get(f"/api/runs/{run}/events").json()["events"]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))


@pytest.mark.slow
def test_an_event_stream_that_stalls_is_let_go_and_others_are_served(strict: Server, person: httpx.Client) -> None:
    run = person.post("/api/runs", params={"wait": True}, json={"graph": chatty()}).json()["id"]
    with steady(strict, person), unread_stream(strict, person, run) as stream:
        for _ in range(3):
            time.sleep(SLOW_CLIENT_S)
            fast(person)
        read = rest(stream)
        assert read.startswith(b"HTTP/1.1 200")
        assert not read.endswith(b"0\r\n\r\n"), "a stream that was cut must not look whole"


@pytest.mark.slow
def test_a_server_with_half_open_sockets_stops_at_once(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        owner = server.owner()
        with Wire(server, owner, buffer=4096), Wire(server, owner):
            begun = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - begun < 10


@pytest.mark.slow
def test_a_half_open_socket_is_closed_when_no_ping_is_answered(strict: Server, person: httpx.Client, half_open: Future[Ending]) -> None:
    """Last, because it has waited since the first: its process is there and takes what is sent, and answers nothing."""
    with steady(strict, person):
        pings, seconds, said = half_open.result(3 * PING_S)
        assert pings == 1
        assert PING_S < seconds < 3 * PING_S
        assert said[:2] in {b"", (1011).to_bytes(2)}
        fast(person)
