"""The load generator notices every way to fail. An instrument that cannot show a failure proves nothing by showing none."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from benchmarks.deploy import wire
from benchmarks.deploy.load import Host, Load, Mix, Tally, result
from benchmarks.deploy.watch import stream, visit, watch
from benchmarks.deploy.wire import Fault, Line, Place

Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@asynccontextmanager
async def server(speak: Speak) -> AsyncGenerator[Place]:
    """Serve connections by `speak`, which says whatever it likes."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await speak(reader, writer)
        writer.close()

    listening = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        yield Place("127.0.0.1", port, f"127.0.0.1:{port}")


def answers(*answers: bytes) -> Speak:
    """Return a speaker who answers one request after the other so."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()

    return speak


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with a reset."""
    await reader.readuntil(b"\r\n\r\n")
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Never answer."""
    await reader.read()


@pytest.mark.parametrize(
    ("kind", "speak"),
    [
        ("closed", answers(b"")),
        ("reset", reset),
        ("truncated", answers(b"HTTP/1.1 200 OK\r\nContent-Le")),
        ("truncated", answers(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}")),
        ("truncated", answers(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n")),
        ("garbled", answers(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n")),
        ("garbled", answers(b"SSH-2.0 hello\r\n\r\n")),
        ("timeout", silence),
    ],
)
async def test_each_way_to_fail_has_its_name(kind: str, speak: Speak, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "TIMEOUT_S", 0.3)
    async with server(speak) as place:
        with pytest.raises(Fault) as fault:
            await Line(place, {}).ask("GET", "/version")
        assert fault.value.kind == kind


async def test_a_port_where_nobody_listens_refuses() -> None:
    async with server(silence) as place:
        pass
    with pytest.raises(Fault) as fault:
        await Line(place, {}).ask("GET", "/version")
    assert fault.value.kind == "refused"


async def test_a_kept_connection_that_the_server_closes_unasked_is_a_failure_and_never_tried_again() -> None:
    async with server(answers(GOOD)) as place:
        line = Line(place, {})
        assert (await line.ask("GET", "/version")).status == 200
        await asyncio.sleep(0.05)
        with pytest.raises(Fault) as fault:
            await line.ask("GET", "/version")
        assert fault.value.kind in {"closed", "reset"}


async def test_a_close_that_the_server_announces_is_no_failure() -> None:
    async with server(answers(GOOD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))) as place:
        line = Line(place, {})
        assert [(await line.ask("GET", "/version")).status for _ in range(3)] == [200] * 3


def only(**users: int) -> Mix:
    return replace(Mix(keep=0, fresh=0, post=0, slow=0, stream=0, watch=0, rate=50.0), **users)


async def tally_of(place: Place, mix: Mix, seconds: float = 0.4) -> dict[str, Any]:
    load = Load([Host(place, "none")], mix)
    asyncio.get_running_loop().call_later(seconds, load.over.set)
    await load.run()
    return result(load.tally, seconds)


@pytest.mark.parametrize("status", [b"502 Bad Gateway", b"503 Service Unavailable", b"401 Unauthorized", b"302 Found"])
@pytest.mark.parametrize("user", ["keep", "fresh", "post", "slow"])
async def test_an_answer_that_is_none_counts_for_every_kind_of_user(status: bytes, user: str) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length"))
        await reader.readexactly(size)
        writer.write(b"HTTP/1.1 " + status + b"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async with server(speak) as place:
        counted = await tally_of(place, only(**{user: 1}))
    assert counted["failed"] > 0
    assert set(counted["failures"]) == {f"{user} status {status[:3].decode()}"}
    assert counted["requests"] == counted["failed"], "a failed request is a request"


async def test_a_run_that_did_not_succeed_counts() -> None:
    async with server(answers(b'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 18\r\n\r\n{"state":"failed"}')) as place:
        counted = await tally_of(place, only(slow=1))
    assert set(counted["failures"]) == {"slow run"}


async def test_answers_are_counted_by_release() -> None:
    async with server(answers(*[GOOD.replace(b"OK\r\n", b"OK\r\nX-Comfytavern-Release: 1.0+abc\r\n")] * 1000)) as place:
        counted = await tally_of(place, only(keep=1))
    assert counted["failed"] == 0
    assert counted["releases"] == {"1.0+abc": counted["requests"]}


@pytest.mark.parametrize("users", [{"keep": 12, "fresh": 6, "post": 2}, {"keep": 3}, {"fresh": 1, "post": 7}])
def test_the_users_of_all_kinds_together_ask_as_often_as_wanted(users: dict[str, int]) -> None:
    mix = only(**users)
    assert sum(count / mix.every_s(kind) for kind, count in users.items()) == pytest.approx(50.0)


async def test_an_answer_that_came_late_is_made_up_for() -> None:
    """The timetable counts: a pause of the server must not lower what it is offered."""
    asked: list[float] = []

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            asked.append(asyncio.get_running_loop().time())
            await asyncio.sleep(0.4 if len(asked) == 1 else 0)
            writer.write(GOOD)

    async with server(speak) as place:
        counted = await tally_of(place, only(keep=1), seconds=1.0)
    assert counted["requests"] >= 45


async def test_each_request_is_of_another_user_when_they_are_spread() -> None:
    seen: list[bytes] = []

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            seen.append(head.partition(b"ct_bucket=")[2][:2])
            writer.write(GOOD)

    async with server(speak) as place:
        await tally_of(place, replace(only(keep=4), rate=2000.0, spread=True), seconds=0.5)
    assert len(set(seen[:100])) == 100 if len(seen) >= 100 else len(set(seen)) == len(seen)


async def test_a_file_of_the_web_app_counts_for_its_release() -> None:
    body = b'{"release":"1.0+web"}'
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    async with server(answers(*[answer] * 1000)) as place:
        counted = await tally_of(place, only(keep=1))
    assert set(counted["releases"]) == set(counted["spans"]) == {"1.0+web"}


# WebSocket watchers and event streams

Talk = Callable[[ServerConnection, int], Awaitable[None]]


def events(*seqs: int, end: bool = False) -> str:
    told: list[dict[str, Any]] = [{"kind": "nodes", "seq": seq} for seq in seqs]
    if end:
        told[-1] |= {"kind": "run", "state": "ok"}
    return json.dumps({"type": "events", "run": "run_1", "events": told})


async def watched(talk: Talk, seconds: float = 0.8) -> Tally:
    """Let one watcher follow `run_1` where `talk(connection, last seen)` speaks."""
    tally, over = Tally(), asyncio.Event()

    async def connected(connection: ServerConnection) -> None:
        await connection.send(json.dumps({"type": "hello"}))
        asked = json.loads(await connection.recv())
        await talk(connection, asked["after"])

    async with serve(connected, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        host = Host(Place("127.0.0.1", port, f"127.0.0.1:{port}"), "none", run="run_1")
        asyncio.get_running_loop().call_later(seconds, over.set)
        await asyncio.wait_for(watch(host, tally, over, 7), seconds + 5)
    return tally


async def test_a_watcher_that_is_asked_to_move_is_moved_without_a_loss() -> None:
    async def talk(connection: ServerConnection, after: int) -> None:
        await connection.send(events(after + 1, after + 2, end=after >= 4))
        if after < 4:
            await connection.send(json.dumps({"type": "drain", "retry_ms": 20, "resume": {}}))
        await connection.wait_closed()

    tally = await watched(talk)
    assert tally.ws == {"messages": 6, "moved": 2}
    assert not tally.failed
    assert tally.gaps_ms == [0.0, 0.0], "the new one is open before the old is closed"
    assert all(20 <= move < 500 for move in tally.moves_ms)


@pytest.mark.parametrize("code", [1000, 1001, 1012, 1013, None])
async def test_a_socket_that_is_closed_without_a_notice_is_abrupt(code: int | None) -> None:
    async def talk(connection: ServerConnection, after: int) -> None:
        await connection.send(events(after + 1))
        if code is None:
            connection.transport.abort()
        else:
            await connection.close(code)

    tally = await watched(talk, 0.8)
    assert tally.ws["abrupt"] > 0
    assert tally.failed["watch abrupt"] == tally.ws["abrupt"]
    assert max(tally.gaps_ms) >= 200, "nobody listened between the two"


async def test_a_server_that_is_gone_before_its_watchers_have_moved_leaves_a_gap() -> None:
    async def talk(connection: ServerConnection, after: int) -> None:
        await connection.send(events(after + 1, end=after > 0))
        if after == 0:
            await connection.send(json.dumps({"type": "drain", "retry_ms": 100, "resume": {}}))
            await connection.close(1012)
        await connection.wait_closed()

    tally = await watched(talk)
    assert tally.ws["moved"] == 1
    assert tally.gaps_ms[0] >= 100


@pytest.mark.parametrize(("seqs", "what", "count"), [((1, 2, 5), "lost", 2), ((1, 2, 2), "duplicated", 1), ((3,), "lost", 2)])
async def test_a_number_that_is_missing_or_comes_twice_is_counted(seqs: tuple[int, ...], what: str, count: int) -> None:
    async def talk(connection: ServerConnection, after: int) -> None:
        await connection.send(events(*seqs, end=True))
        await connection.wait_closed()

    tally = await watched(talk, 0.8)
    assert tally.ws[what] == count


@pytest.mark.parametrize(("goes", "abrupt"), [(True, True), (False, False)])
async def test_visitors_are_somebody_else_each_time_and_notice_when_they_are_thrown_out(
    goes: bool, abrupt: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.deploy.watch.VISIT_S", 0.1)
    seen: list[str] = []

    async def connected(connection: ServerConnection) -> None:
        assert connection.request is not None
        seen.append(connection.request.headers["Cookie"])
        await connection.send(json.dumps({"type": "hello"}))
        if goes:
            await asyncio.sleep(0.02)
            connection.transport.abort()
        await connection.wait_closed()

    tally, over = Tally(), asyncio.Event()
    async with serve(connected, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        asyncio.get_running_loop().call_later(0.8, over.set)
        await asyncio.wait_for(visit(Host(Place("127.0.0.1", port, f"127.0.0.1:{port}"), "none"), tally, over, iter(range(100))), 5)
    assert len(set(seen)) == len(seen) >= 2
    assert bool(tally.failed["visit abrupt"]) is abrupt


async def test_a_socket_that_is_refused_is_counted() -> None:
    tally, over = Tally(), asyncio.Event()
    async with server(answers(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")) as place:
        asyncio.get_running_loop().call_later(0.3, over.set)
        await asyncio.wait_for(watch(Host(place, "none", run="run_1"), tally, over, 7), 5)
    assert tally.ws["refused"] > 0
    assert sum(tally.failed.values()) == tally.ws["refused"]


STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"


def chunk(text: str) -> bytes:
    return b"%x\r\n%b\r\n" % (len(text), text.encode())


def told(seq: int, state: str = "running") -> str:
    event = {"kind": "run", "seq": seq, "state": state}
    return f"id: {seq}\nevent: run\ndata: {json.dumps(event)}\n\n"


async def streamed(*bodies: bytes) -> Tally:
    """Let one reader follow `run_1` where the first connection gets the first body, and so on."""
    tally, over, at = Tally(), asyncio.Event(), iter(bodies)

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(STREAM + next(at, b"0\r\n\r\n"))
        await writer.drain()

    async with server(speak) as place:
        asyncio.get_running_loop().call_later(0.6, over.set)
        await asyncio.wait_for(stream(Host(place, "none", run="run_1"), tally, over, 7), 5)
    return tally


async def test_a_stream_that_ends_with_a_notice_goes_on_elsewhere() -> None:
    drain = 'event: drain\nretry: 10\ndata: {"retry_ms":10}\n\n'
    tally = await streamed(chunk(told(1)) + chunk(drain) + b"0\r\n\r\n", chunk(told(2, "ok")) + b"0\r\n\r\n")
    assert tally.ws == {"stream_messages": 2, "stream_moved": 1}
    assert not tally.failed


async def test_a_stream_that_ends_before_its_run_is_a_failure() -> None:
    assert (await streamed(chunk(told(1)) + b"0\r\n\r\n")).failed["stream ended"] >= 1
    assert (await streamed(chunk(told(1)))).failed["stream truncated"] >= 1
