"""One server takes over from another, again and again, and nobody who uses it notices: real processes behind a real nginx."""

import asyncio
import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.journeys.load import Load, writer
from tests.journeys.test_http_runs import socket as talking
from tests.rough_weather.wire import Wire
from tests.server import COOKIE, Server, free_port
from tests.slots import NGINX, Slots

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
behind_nginx = pytest.mark.skipif(not shutil.which(NGINX), reason="nginx is not installed")


@pytest.fixture
def slots(tmp_path: Path) -> Iterator[Slots]:
    with Slots(tmp_path, LOG_LEVEL="info", RUNS_PER_USER="50") as slots:
        yield slots


def load(slots: Slots) -> Load:
    with contextlib.closing(slots.owner()) as owner:
        return Load(slots.url, owner.cookies[COOKIE])


async def one_more(load: Load, moved: int) -> None:
    """Return when more than `moved` sockets have moved."""
    while load.moves["ws"] <= moved:  # noqa: ASYNC110 -- counted by others
        await asyncio.sleep(0.02)


def report(load: Load) -> str:
    return json.dumps(
        {"done": load.done, "moves": load.moves, "failed": len(load.failures), "open_ms_max": max(load.opening_ms, default=0)}
    )


@behind_nginx
@pytest.mark.parametrize("switches", [6, pytest.param(20, marks=pytest.mark.long)])
async def test_switches_under_load_fail_nobody(slots: Slots, record_property: Callable[[str, str], None], switches: int) -> None:
    people = load(slots)
    await asyncio.to_thread(slots.start, "green")
    async with people.running(watchers=2):
        for at in range(switches):
            moved = people.moves["ws"]
            await asyncio.to_thread(slots.switch, ("green", "blue")[at % 2])
            await asyncio.sleep(0.8)
            with contextlib.suppress(TimeoutError):  # There need be nobody just then.
                await asyncio.wait_for(one_more(people, moved), 1.5)
    record_property("load", report(people))
    assert people.failures == [], report(people)
    assert people.moves["sse"] >= switches // 2
    assert people.moves["ws"] >= switches // 2


@behind_nginx
async def test_a_server_that_is_told_to_stop_under_load_fails_nobody(slots: Slots, record_property: Callable[[str, str], None]) -> None:
    people = load(slots)
    async with people.running(watchers=2):
        for to in ("green", "blue", "green"):
            before = await asyncio.to_thread(slots.switch, to)
            await asyncio.sleep(1)
            slots.signal(before, signal.SIGTERM)
            assert await asyncio.to_thread(slots.stopped, before) == 0
            assert not slots.socket(before).exists()
    record_property("load", report(people))
    assert people.failures == [], report(people)
    assert people.moves["ws"] >= 2


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Server]:
    """One server on a port, nothing before it."""
    with Server(tmp_path) as server:
        yield server


def test_a_kept_connection_is_served_while_we_drain_and_then_closed(alone: Server) -> None:
    kept = [http.client.HTTPConnection("127.0.0.1", alone.port, timeout=10) for _ in range(20)]
    for line in kept:
        assert answer(line) == (200, None)
    os.kill(alone.pid, signal.SIGUSR1)
    until_ready(alone, 503)
    assert [answer(line) for line in kept] == [(200, "close")] * len(kept)
    os.kill(alone.pid, signal.SIGUSR2)
    until_ready(alone, 200)
    assert answer(kept[0]) == (200, None)


def answer(line: http.client.HTTPConnection) -> tuple[int, str | None]:
    line.request("GET", "/api/setup")
    reply = line.getresponse()
    reply.read()
    return reply.status, reply.getheader("Connection")


def until_ready(server: Server, status: int) -> None:
    for _ in range(200):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as line:
            line.request("GET", "/ready")
            if line.getresponse().status == status:
                return
        time.sleep(0.02)
    raise AssertionError(f"/ready never answered {status}")


@pytest.mark.parametrize("kind", ["stream", "wait"])
def test_who_waits_for_the_end_of_a_run_gets_it_although_the_server_was_told_to_stop(alone: Server, kind: str) -> None:
    owner = alone.owner()
    headers = {"Accept": "text/event-stream"} if kind == "stream" else {}
    with owner.stream("POST", "/api/runs", params={"wait": kind == "wait"}, json={"graph": writer(5)}, headers=headers) as reply:
        if kind == "stream":
            lines = reply.iter_lines()
            next(lines)
        os.kill(alone.pid, signal.SIGTERM)
        text = "\n".join(lines) if kind == "stream" else reply.read().decode()
    assert '"state":"ok"' in text
    assert "word159" in text
    began = time.monotonic()
    assert alone.stop() == 0
    assert time.monotonic() - began < 5


def test_a_server_that_nobody_uses_stops_at_once_and_one_in_a_hurry_sooner(alone: Server) -> None:
    for signals, seconds in (([signal.SIGTERM], 10), ([signal.SIGTERM, signal.SIGTERM], 8), ([signal.SIGINT], 8)):
        began = time.monotonic()
        process = alone._process
        for number in signals:
            os.kill(alone.pid, number)
            time.sleep(0.05)
        assert process is not None
        assert process.wait(20) == 0
        assert time.monotonic() - began < seconds
        alone.start()


def test_a_socket_that_systemd_holds_keeps_those_who_come_while_the_process_starts_again(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        first = activated(held, tmp_path)
        try:
            assert get(port) == 200
            first.kill()
            first.wait(10)
            waiting = [subprocess.Popen(ask(port), stdout=subprocess.PIPE) for _ in range(5)]
            second = activated(held, tmp_path)
            try:
                assert [process.communicate(timeout=60)[0] for process in waiting] == [b"200\n"] * 5
            finally:
                second.send_signal(signal.SIGTERM)
                assert second.wait(20) == 0
        finally:
            first.kill()


def activated(held: socket.socket, folder: Path) -> subprocess.Popen[bytes]:
    """Start a server as systemd starts one: the socket is number 3, and LISTEN_PID is the process."""
    start = f'exec 3<&{held.fileno()} && LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" -m comfytavern serve --port {free_port()}'
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment = kept | {"DATA_DIR": str(folder / "data"), "COMFYTAVERN_ENV": "development"}
    return subprocess.Popen(["bash", "-c", start, sys.executable], cwd=folder, env=environment, pass_fds=[held.fileno()])


def ask(port: int) -> list[str]:
    return [sys.executable, "-c", f"import urllib.request as u; print(u.urlopen('http://127.0.0.1:{port}/health', timeout=50).status)"]


def get(port: int) -> int:
    return int(subprocess.run(ask(port), capture_output=True, check=True, timeout=60).stdout)


def test_a_socket_that_does_not_go_is_closed_with_1012_at_the_deadline(tmp_path: Path) -> None:
    with Server(tmp_path, DRAIN_S="1") as server, talking(server, server.owner()) as line:
        began = time.monotonic()
        os.kill(server.pid, signal.SIGTERM)
        with pytest.raises(ConnectionClosed) as caught:
            deque(iter(lambda: line.recv(10), None), maxlen=0)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1012
        assert 0.9 < time.monotonic() - began < 4
        assert server.stop() == 0


def test_a_socket_that_was_cut_is_counted_apart_from_one_that_was_closed(alone: Server) -> None:
    owner = alone.owner()
    with talking(alone, owner):
        pass
    with Wire(alone, owner):
        pass  # It hangs up without a word.
    for _ in range(100):
        text = owner.get("/metrics").text
        if 'abrupt="true"' in text and 'abrupt="false"' in text:
            break
        time.sleep(0.05)
    assert 'comfytavern_sockets_closed_total{abrupt="false",code="1000"} 1.0' in text
    assert re.search(r'comfytavern_sockets_closed_total{abrupt="true",code="100[56]"} 1.0', text)
