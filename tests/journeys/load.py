"""Clients of every kind at a steady pace, who never try again: what fails is counted."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from tests.journeys.graphs import Graph, graph
from tests.server import COOKIE

WORDS = 160
OVER = {"ok", "failed", "cancelled"}


def writer(pause_ms: float = 20) -> Graph:
    """Return a graph that writes a text word by word, for some seconds."""
    text = " ".join(f"word{at}" for at in range(WORDS))
    nodes = [("text", "text.constant", {"text": text}), ("typing", "stream.typing", {"pause": pause_ms / 1000})]
    return graph(nodes, ["text.text > typing.text", "typing.text > out.text"], outputs=("text",))


@dataclass
class Load:
    """What was done, and what went wrong."""

    url: str
    cookie: str
    done: Counter[str] = field(default_factory=Counter)
    moves: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    opening_ms: list[float] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def client(self, **given: Any) -> httpx.AsyncClient:
        headers = {"Cookie": f"{COOKIE}={self.cookie}", "Origin": self.url} | given.pop("headers", {})
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=60, **given)

    async def keep(self, name: str, once: Callable[[], Awaitable[None]], every_s: float) -> None:
        """Do something again and again until it is over."""
        while not self.over.is_set():
            began = time.monotonic()
            try:
                await once()
                self.done[name] += 1
            except Exception as error:
                self.failures.append(f"{name}: {error!r}")
            await asyncio.sleep(max(0.0, every_s - (time.monotonic() - began)))

    @asynccontextmanager
    async def running(self, *, watchers: int = 1) -> AsyncIterator[None]:
        """Put everything to work; when the block ends, what has begun comes to its end."""
        async with self.client() as kept, self.client(headers={"Connection": "close"}) as fresh, asyncio.TaskGroup() as group:
            body = b" " * 65_000 + json.dumps({"graph": writer()}).encode()

            async def post() -> None:
                answer = await kept.post("/api/graphs/validate", content=body, headers={"Content-Type": "application/json"})
                assert answer.json() == {"problems": []}, answer.text

            async def get(client: httpx.AsyncClient) -> None:
                (await client.get("/api/session")).raise_for_status()

            group.create_task(self.keep("get", lambda: get(kept), 0.03))
            group.create_task(self.keep("fresh", lambda: get(fresh), 0.05))
            group.create_task(self.keep("post", post, 0.08))
            for _ in range(watchers):
                group.create_task(self.keep("sse", lambda: self.follow(kept), 0.1))
                group.create_task(self.keep("ws", lambda: self.sit(kept), 0.1))
            try:
                yield
            finally:
                self.over.set()

    async def start(self, client: httpx.AsyncClient) -> str:
        answer = await client.post("/api/runs", json={"graph": writer()})
        assert answer.status_code == 202, answer.text
        return answer.json()["id"]

    # an event stream

    async def follow(self, client: httpx.AsyncClient) -> None:
        """Follow a run to its end as an EventSource does."""
        run, seen = await self.start(client), Seen()
        while not seen.over:
            retry_ms = await self._stream(client, run, seen)
            if not seen.over:
                assert retry_ms is not None, f"cut after {seen.last}"
                self.moves["sse"] += 1
                await asyncio.sleep(retry_ms / 1000)
        seen.check()

    async def _stream(self, client: httpx.AsyncClient, run: str, seen: "Seen") -> int | None:
        headers, kind, retry_ms = {"Accept": "text/event-stream", "Last-Event-ID": str(seen.last)}, "", None
        async with client.stream("GET", f"/api/runs/{run}/events", headers=headers) as answer:
            assert answer.status_code == 200
            async for line in answer.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "data" and kind == "drain":
                    retry_ms = json.loads(value)["retry_ms"]
                elif name == "data":
                    seen.take([json.loads(value)])
        return retry_ms

    # a socket

    def socket(self) -> Any:
        headers = {"Cookie": f"{COOKIE}={self.cookie}"}
        return connect(self.url.replace("http", "ws") + "/ws", origin=self.url, additional_headers=headers, proxy=None)

    async def sit(self, client: httpx.AsyncClient) -> None:
        """Follow a run to its end on a socket, going where we are asked to: the new one first, then the old is closed."""
        run, seen = await self.start(client), Seen()
        line = await self._open(run, seen)
        try:
            while not seen.over:
                message = json.loads(await line.recv())
                if message["type"] == "events":
                    seen.take(message["events"])
                elif message["type"] == "drain":
                    assert message["resume"].get(run, seen.last) == seen.last, message
                    await asyncio.sleep(message["retry_ms"] / 1000)
                    began = time.monotonic()
                    old, line = line, await self._open(run, seen)
                    self.opening_ms.append((time.monotonic() - began) * 1000)
                    self.moves["ws"] += 1
                    await old.close()
        finally:
            await line.close()
        seen.check()

    async def _open(self, run: str, seen: "Seen") -> ClientConnection:
        line = await self.socket()
        hello = json.loads(await line.recv())
        assert hello["type"] == "hello", hello
        await line.send(json.dumps({"type": "watch", "run": run, "after": seen.last}))
        return line


@dataclass
class Seen:
    """The events of one run, as somebody has seen them."""

    last: int = 0
    text: str = ""
    state: str = ""

    @property
    def over(self) -> bool:
        return self.state in OVER

    def take(self, events: list[dict[str, Any]]) -> None:
        for event in events:
            assert event["seq"] == self.last + 1, f"{event['seq']} after {self.last}"
            self.last = event["seq"]
            if event["kind"] == "run":
                self.state, self.text = event["state"], (event.get("outputs") or {}).get("text", self.text)

    def check(self) -> None:
        assert self.state == "ok", self.state
        assert self.text.split() == [f"word{at}" for at in range(WORDS)]
