"""Users of every kind at a steady pace, on every host: none of them tries again, and everything that fails is counted.

    LOAD_NAME=… LOAD_PASSWORD=… python -m benchmarks.deploy.load --site comfy.lab --host 10.77.0.11 --host 10.77.0.12 --rate 420

Runs until its input ends (or `--seconds`), then lets what has begun come to its end and prints one JSON line. Kinds:
`keep` GET on a kept connection, `fresh` GET on a new one, `post` 64 KB that the server reads whole, `slow` a run of 800 ms that is
waited for, `stream` the events of a long run by SSE, `watch` the same by WebSocket, `visit` sockets that come and go. A move that the
server has asked for is not a failure; everything else is: the reader of this file should look for what it does *not* count.

Each user is in a bucket of their own, so a canary has its part of them; with `--spread`, each request is of another user, so that a
canary has exactly its part of the requests too.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import uvloop

from benchmarks.deploy.graphs import nap, padded, ticker
from benchmarks.deploy.watch import stream, visit, watch
from benchmarks.deploy.wire import Fault, Line, Place

COOKIE: Final = "ct_session"
PROGRESS_S: Final = 5.0
SLOW_S: Final = 0.8
BODY_BYTES: Final = 65_536
TICKS, TICK_S = 40, 0.4
SHARES: Final = {"keep": 0.72, "fresh": 0.25, "post": 0.03}
"""Parts of the requests that are paced."""
PATHS: Final = ("/version.json", "/health", "/version.json", "/health", "/health", "/api/session")
"""What `keep` asks for in turns: a file of the web app, what needs no database, what does (and costs four times as much)."""
FRESH: Final = "/health"
BEHIND_S: Final = 1.0
"""Who is late by less than this makes up for it; what is later than that was never offered."""


@dataclass
class Mix:
    """How many users of each kind a host has."""

    keep: int = 12
    fresh: int = 6
    post: int = 2
    slow: int = 1
    stream: int = 1
    watch: int = 12
    visit: int = 0
    rate: float = 140.0
    """Requests per second of `keep`, `fresh` and `post` together; `slow` goes as fast as it can."""
    paths: tuple[str, ...] = PATHS
    spread: bool = False
    """Each request is of another user."""

    def every_s(self, kind: str) -> float:
        """Return the seconds between two requests of one user of a kind that is paced."""
        present = {name: share for name, share in SHARES.items() if getattr(self, name)}
        rate = self.rate * present[kind] / sum(present.values())
        return getattr(self, kind) / rate if rate else 0.0


@dataclass
class Tally:
    """What was done, and what went wrong."""

    done: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    releases: Counter[str] = field(default_factory=Counter)
    """Answers by the release that gave them."""
    spans: dict[str, list[float]] = field(default_factory=dict)
    """When each release gave its first and its last answer, by the clock of the box."""
    ws: Counter[str] = field(default_factory=Counter)
    """moved, abrupt, lost, duplicated, refused; the same of streams as stream_…"""
    gaps_ms: list[float] = field(default_factory=list)
    """For each move: how long nobody listened."""
    moves_ms: list[float] = field(default_factory=list)
    """For each move: from the notice until the new connection listens, the random wait included."""
    slowest_ms: float = 0.0
    first_failures: list[str] = field(default_factory=list)

    def answered(self, release: str) -> None:
        """Count an answer of a release."""
        self.releases[release] += 1
        now = time.time()
        self.spans.setdefault(release, [now, now])[1] = now

    def fail(self, kind: str, fault: BaseException) -> None:
        """Count a failure, and keep the first of them to read."""
        self.failed[f"{kind} {fault.kind if isinstance(fault, Fault) else type(fault).__name__}"] += 1
        if len(self.first_failures) < 20:
            self.first_failures.append(f"{time.time():.3f} {kind}: {fault}")


@dataclass
class Host:
    """One host under load: where it is, who we are there, and the long run that its watchers follow."""

    place: Place
    cookie: str
    run: str = ""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def headers(self, bucket: int | None = None) -> dict[str, str]:
        """Return what every request of one user carries: the session, and the bucket that keeps them on one release."""
        cookie = f"{COOKIE}={self.cookie}"
        return {"Cookie": cookie if bucket is None else marked(cookie, bucket), "Content-Type": "application/json"}


def marked(cookie: str, bucket: int) -> str:
    """Return a Cookie header that says which bucket its user is in."""
    return f"{cookie.partition(';')[0]}; ct_bucket={bucket:02d}"


class Load:
    """All users of all hosts."""

    def __init__(self, hosts: list[Host], mix: Mix) -> None:
        """Prepare."""
        self._hosts, self._mix = hosts, mix
        self.tally = Tally()
        self.over = asyncio.Event()
        self._buckets = itertools.cycle(random.sample(range(100), 100))

    async def run(self) -> None:
        """Work until `over` is set; what has begun then comes to its end."""
        async with asyncio.TaskGroup() as group:
            for host in self._hosts:
                for work in self._users(host):
                    group.create_task(work)

    def _users(self, host: Host) -> list[Coroutine[Any, Any, None]]:
        mix = self._mix
        users: list[Any] = [self._repeat("keep", self._keep(host, at), mix.every_s("keep")) for at in range(mix.keep)]
        users += [self._repeat("fresh", self._fresh(host), mix.every_s("fresh")) for _ in range(mix.fresh)]
        users += [self._repeat("post", self._post(host), mix.every_s("post")) for _ in range(mix.post)]
        users += [self._repeat("slow", self._slow(host), 0.0) for _ in range(mix.slow)]
        if mix.stream or mix.watch:
            users.append(self._tick(host))
        users += [stream(host, self.tally, self.over, next(self._buckets)) for _ in range(mix.stream)]
        users += [visit(host, self.tally, self.over, self._buckets) for _ in range(mix.visit)]
        return users + [watch(host, self.tally, self.over, at * 100 // mix.watch) for at in range(mix.watch)]

    async def _repeat(self, kind: str, once: Callable[[], Awaitable[None]], every_s: float) -> None:
        """Do something at a steady pace, by a timetable."""
        due = time.monotonic() + random.random() * every_s
        await asyncio.sleep(due - time.monotonic())
        while not self.over.is_set():
            begun = time.monotonic()
            try:
                await once()
                self.tally.done[kind] += 1
            except Fault as fault:
                self.tally.fail(kind, fault)
                await asyncio.sleep(0.05)
            took = time.monotonic() - begun
            if kind != "slow":
                self.tally.slowest_ms = max(self.tally.slowest_ms, took * 1000)
            due = max(due + every_s, time.monotonic() - BEHIND_S)
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _ask(self, line: Line, method: str, path: str, body: bytes = b"", *, fresh: bool = False) -> dict[str, Any]:
        if self._mix.spread:
            line.headers["Cookie"] = marked(line.headers["Cookie"], next(self._buckets))
        reply = await line.ask(method, path, body, fresh=fresh)
        release = reply.headers.get("x-comfytavern-release")
        if release is not None:
            self.tally.answered(release)
        if reply.status >= 300:
            raise Fault(f"status {reply.status}", f"{release} {reply.body[:200].decode(errors='replace')}")
        try:
            said = json.loads(reply.body)
        except ValueError:
            raise Fault("garbled", reply.body[:200].decode(errors="replace")) from None
        if release is None:
            self.tally.answered(said.get("release", "?"))  # A file of the web app, which knows its release.
        return said

    def _line(self, host: Host) -> Line:
        return Line(host.place, host.headers(next(self._buckets)))

    def _keep(self, host: Host, at: int) -> Callable[[], Awaitable[None]]:
        line, paths = self._line(host), itertools.cycle(self._mix.paths)
        for _ in range(at % len(self._mix.paths)):
            next(paths)

        async def once() -> None:
            await self._ask(line, "GET", next(paths))

        return once

    def _fresh(self, host: Host) -> Callable[[], Awaitable[None]]:
        line, path = self._line(host), FRESH if FRESH in self._mix.paths else self._mix.paths[0]

        async def once() -> None:
            await self._ask(line, "GET", path, fresh=True)

        return once

    def _post(self, host: Host) -> Callable[[], Awaitable[None]]:
        line, body = self._line(host), padded(BODY_BYTES)

        async def once() -> None:
            if "problems" not in await self._ask(line, "POST", "/api/graphs/validate", body):
                raise Fault("garbled", "no problems in the answer")

        return once

    def _slow(self, host: Host) -> Callable[[], Awaitable[None]]:
        line, body = self._line(host), json.dumps({"graph": nap(SLOW_S)}).encode()

        async def once() -> None:
            view = await self._ask(line, "POST", "/api/runs?wait=true", body)
            if view.get("state") != "ok" or view.get("outputs") != {"said": "awake"}:
                raise Fault("run", json.dumps(view)[:300])

        return once

    async def _tick(self, host: Host) -> None:
        """Keep a long run going for the watchers of a host."""
        body = json.dumps({"graph": ticker(TICKS, TICK_S)}).encode()
        while not self.over.is_set():
            try:
                host.run = (await self._ask(self._line(host), "POST", "/api/runs", body, fresh=True))["id"]
                self.tally.done["start"] += 1
                host.changed.set()
                host.changed = asyncio.Event()
            except Fault as fault:
                self.tally.fail("start", fault)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.over.wait(), TICKS * TICK_S + 2)


async def log_in(place: Place, name: str, password: str) -> Host:
    """Return a host with a session of ours. Raises `Fault`."""
    body = json.dumps({"name": name, "password": password}).encode()
    reply = await Line(place, {"Content-Type": "application/json"}).ask("POST", "/api/login", body, fresh=True)
    given = reply.headers.get("set-cookie", "")
    if reply.status != 200 or not given.startswith(f"{COOKIE}="):
        raise Fault(f"status {reply.status}", reply.body[:200].decode(errors="replace"))
    return Host(place, given.removeprefix(f"{COOKIE}=").partition(";")[0])


def result(tally: Tally, seconds: float) -> dict[str, Any]:
    """Return the line that is printed."""
    requests = sum(count for kind, count in tally.done.items() if kind not in {"stream", "watch"}) + sum(tally.failed.values())
    return {
        "requests": requests,
        "failed": sum(tally.failed.values()),
        "rate": round(requests / seconds, 1) if seconds else 0.0,
        "ws_moved": tally.ws["moved"],
        "ws_abrupt": tally.ws["abrupt"] + tally.ws["refused"],
        "ws_lost": tally.ws["lost"] + tally.ws["duplicated"],
        "ws_messages": tally.ws["messages"],
        "streams_moved": tally.ws["stream_moved"],
        "gap_ms_max": round(max(tally.gaps_ms, default=0.0), 1),
        "move_ms_max": round(max(tally.moves_ms, default=0.0), 1),
        "slowest_ms": round(tally.slowest_ms, 1),
        "seconds": round(seconds, 1),
        "done": dict(tally.done),
        "failures": dict(tally.failed),
        "releases": dict(tally.releases),
        "spans": {release: [round(at, 3) for at in span] for release, span in tally.spans.items()},
        "first_failures": tally.first_failures,
    }


async def _until(load: Load, seconds: float | None) -> None:
    """Set `over` when the time is up, or when our input ends."""
    if seconds is not None:
        await asyncio.sleep(seconds)
    else:
        await asyncio.to_thread(sys.stdin.buffer.read)
    load.over.set()


async def _say(load: Load) -> None:
    while not load.over.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(load.over.wait(), PROGRESS_S)
        tally = load.tally
        print(f"load: {sum(tally.done.values())} done, failed {dict(tally.failed)}, ws {dict(tally.ws)}", file=sys.stderr, flush=True)


async def main(arguments: argparse.Namespace) -> dict[str, Any]:
    """Log in everywhere, put everything to work, and return the result."""
    site = arguments.site or f"{arguments.host[0].partition(':')[0]}"
    places = [Place(address, int(port or 80), site) for address, _, port in (host.partition(":") for host in arguments.host)]
    hosts = [await log_in(place, os.environ["LOAD_NAME"], os.environ["LOAD_PASSWORD"]) for place in places]
    paths = tuple(arguments.paths.split(","))
    users = {name: getattr(arguments, name) for name, value in asdict(Mix()).items() if type(value) is int}
    mix = Mix(**users, rate=arguments.rate / len(hosts), paths=paths, spread=arguments.spread)
    load = Load(hosts, mix)
    print("load: begun", file=sys.stderr, flush=True)
    begun = time.monotonic()
    telling = asyncio.create_task(_say(load))
    ending = asyncio.create_task(_until(load, arguments.seconds))
    await load.run()
    seconds = time.monotonic() - begun
    await asyncio.gather(telling, ending)
    return result(load.tally, seconds)


def options(given: list[str] | None = None) -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--host", action="append", required=True, help="address[:port]; once for each")
    parser.add_argument("--site", help="the name of the site (Host and Origin); the first address when not given")
    parser.add_argument("--seconds", type=float, help="how long; until the input ends when not given")
    parser.add_argument("--rate", type=float, default=420.0, help="requests per second of all hosts together")
    parser.add_argument("--paths", default=",".join(PATHS), help="what `keep` asks for in turns")
    parser.add_argument("--spread", action="store_true", help="each request is of another user")
    for name, value in asdict(Mix()).items():
        if type(value) is int:
            parser.add_argument(f"--{name}", type=int, default=value, help=f"users of this kind on each host ({value})")
    return parser.parse_args(given)


if __name__ == "__main__":
    print(json.dumps(uvloop.run(main(options()))))
