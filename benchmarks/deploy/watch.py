"""Those who stay: watchers by WebSocket and readers of event streams, who follow a long run from server to server.

They do what the product's own web app does: on a notice they wait the time they are told, open the new connection, go on after the
last number they have seen, and close the old one. Any other end is abrupt; any number that is missing or comes twice is counted.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.protocol import State
from websockets.typing import Origin

from benchmarks.deploy.wire import Fault, Line

if TYPE_CHECKING:
    from benchmarks.deploy.load import Host, Tally

OVER: Final = {"ok", "failed", "cancelled"}
OPEN_S, QUIET_S, VISIT_S = 10.0, 40.0, 2.0
AGAIN_S: Final = 0.2
"""How long somebody whose line broke waits: that is a failure already, the rest is to see the next."""


class Follower:
    """What one reader has seen of the run it follows."""

    def __init__(self, tally: "Tally", prefix: str = "") -> None:
        """Begin with nothing; `prefix` is put before what is counted."""
        self._tally, self._prefix = tally, prefix
        self.run, self.last, self.ended = "", 0, True

    def follow(self, run: str) -> None:
        """Begin with another run."""
        self.run, self.last, self.ended = run, 0, False

    def count(self, what: str) -> None:
        """Count something."""
        self._tally.ws[self._prefix + what] += 1

    def see(self, event: dict[str, Any]) -> None:
        """Hold the number against the one before."""
        seq = event["seq"]
        if seq <= self.last:
            self.count("duplicated")
        elif seq > self.last + 1:
            self._tally.ws[self._prefix + "lost"] += seq - self.last - 1
        self.last = max(self.last, seq)
        self.count("messages")
        if event["kind"] == "run" and event["state"] in OVER:
            self.ended = True


async def _next_run(host: "Host", follower: Follower, over: asyncio.Event) -> bool:
    """Follow the newest run of the host; False when it is all over before there is one."""
    while not host.run or (host.run == follower.run and follower.ended):
        changed = asyncio.ensure_future(host.changed.wait())
        ending = asyncio.ensure_future(over.wait())
        await asyncio.wait([changed, ending], return_when=asyncio.FIRST_COMPLETED)
        changed.cancel()
        ending.cancel()
        if over.is_set():
            return False
    if follower.ended:
        follower.follow(host.run)
    return True


# WebSocket


async def watch(host: "Host", tally: "Tally", over: asyncio.Event, bucket: int) -> None:
    """Watch run after run until it is over."""
    follower = Follower(tally)
    old: ClientConnection | None = None
    noticed = lost_at = 0.0
    while not over.is_set():
        try:
            wire = await _open(host, bucket)
        except (OSError, InvalidHandshake, ConnectionClosed, TimeoutError) as error:
            follower.count("refused")
            tally.fail("watch", error)
            await asyncio.sleep(AGAIN_S)
            continue
        if not follower.ended:
            await _send(wire, {"type": "watch", "run": follower.run, "after": follower.last})
        now = time.monotonic()
        if old is not None:
            gone = old.state is not State.OPEN
            tally.gaps_ms.append((now - noticed) * 1000 if gone else 0.0)
            await old.close()
            tally.moves_ms.append((now - noticed) * 1000)
            follower.count("moved")
        elif lost_at:
            tally.gaps_ms.append((now - lost_at) * 1000)
        old, noticed, lost_at = None, 0.0, 0.0
        retry_ms = await _listen(wire, host, follower, over)
        if retry_ms is not None:
            old, noticed = wire, time.monotonic()
            await asyncio.sleep(retry_ms / 1000)
        elif not over.is_set():
            lost_at = time.monotonic()
            await asyncio.sleep(AGAIN_S)
    if old is not None:
        await old.close()


async def visit(host: "Host", tally: "Tally", over: asyncio.Event, buckets: Iterator[int]) -> None:
    """Come, stay for a moment and go, each time as somebody else: only who comes anew is sent to a canary, a socket stays where it is."""
    while not over.is_set():
        try:
            wire = await _open(host, next(buckets))
        except (OSError, InvalidHandshake, ConnectionClosed, TimeoutError) as error:
            tally.ws["refused"] += 1
            tally.fail("visit", error)
            await asyncio.sleep(AGAIN_S)
            continue
        try:
            async with asyncio.timeout(VISIT_S):
                while json.loads(await wire.recv())["type"] != "drain":
                    pass
        except TimeoutError:
            pass
        except ConnectionClosed as error:
            tally.ws["abrupt"] += 1
            tally.fail("visit", Fault("abrupt", repr(error)))
        await wire.close()


async def _open(host: "Host", bucket: int) -> ClientConnection:
    place = host.place
    wire = await connect(
        f"ws://{place.site}/ws",
        host=place.address,
        port=place.port,
        origin=Origin(place.origin),
        additional_headers={"Cookie": host.headers(bucket)["Cookie"]},
        proxy=None,
        open_timeout=OPEN_S,
        ping_interval=None,
    )
    hello = json.loads(await asyncio.wait_for(wire.recv(), OPEN_S))
    if hello["type"] != "hello":
        raise InvalidHandshake(f"hello was expected: {hello}")
    return wire


async def _send(wire: ClientConnection, message: dict[str, Any]) -> None:
    with contextlib.suppress(ConnectionClosed):
        await wire.send(json.dumps(message))


async def _listen(wire: ClientConnection, host: "Host", follower: Follower, over: asyncio.Event) -> int | None:
    """Follow runs; return the wait that a notice asks for, or None when the line is closed."""
    tally = follower._tally  # noqa: SLF001 -- one reader in two functions
    try:
        while not over.is_set():
            if follower.ended:
                if not await _next_run(host, follower, over):
                    break
                await _send(wire, {"type": "watch", "run": follower.run, "after": 0})
            message = json.loads(await asyncio.wait_for(wire.recv(), QUIET_S))
            match message["type"]:
                case "events" if message["run"] == follower.run:
                    for event in message["events"]:
                        follower.see(event)
                case "drain":
                    return int(message["retry_ms"])
                case "error":
                    tally.fail("watch", Fault("error", json.dumps(message)[:300]))
                    follower.ended = True
                case _:
                    pass
        await wire.close()
    except (ConnectionClosed, TimeoutError) as error:
        follower.count("abrupt")
        tally.fail("watch", Fault("abrupt", repr(error)))
    return None


# event streams


async def stream(host: "Host", tally: "Tally", over: asyncio.Event, bucket: int) -> None:
    """Read the events of run after run until it is over."""
    follower = Follower(tally, "stream_")
    while await _next_run(host, follower, over) and not over.is_set():
        line = Line(host.place, host.headers(bucket))
        retry_ms = None
        try:
            asked = {"Accept": "text/event-stream", "Last-Event-ID": str(follower.last)}
            status, headers = await line.begin("GET", f"/api/runs/{follower.run}/events", headers=asked)
            _good(status)
            tally.done["stream"] += 1
            retry_ms = await _read(line, headers, follower, over)
        except Fault as fault:
            tally.fail("stream", fault)
            retry_ms = AGAIN_S * 1000
        finally:
            line.close()
        if retry_ms is not None:
            await asyncio.sleep(retry_ms / 1000)


def _good(status: int) -> None:
    if status != 200:
        raise Fault(f"status {status}")


async def _read(line: Line, headers: dict[str, str], follower: Follower, over: asyncio.Event) -> float | None:
    """Read to the end; return the wait that a notice asks for. Raises `Fault` when it ends without one, before the run."""
    waiting, retry_ms = b"", None
    async for part in line.parts(headers):
        *blocks, waiting = (waiting + part).split(b"\n\n")
        for block in blocks:
            fields = dict(row.split(b": ", 1) for row in block.split(b"\n") if b": " in row)
            if fields.get(b"event") == b"drain":
                retry_ms = float(json.loads(fields[b"data"])["retry_ms"])
                follower.count("moved")
            elif b"data" in fields:
                follower.see(json.loads(fields[b"data"]))
        if over.is_set():
            return None
    if retry_ms is None and not follower.ended:
        raise Fault("ended", "the stream ended before the run, without a notice")
    return retry_ms
