"""Checks that do what people do: log in, open a socket, run a workflow, read a stream."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any, Final

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus, WebSocketException

from comfytavern.deploy.checks.finding import Fault
from comfytavern.deploy.checks.visit import ANSWER_S, Visit

GRAPH: Final = {
    "format": "comfytavern.graph",
    "version": 1,
    "nodes": [
        {"id": "chat", "kind": "llm.chat", "values": {"model": "demo/demo", "prompt": "Is all well?", "max_tokens": 12}},
        {"id": "out", "kind": "graph.output"},
    ],
    "wires": [{"id": "w", "source": ["chat", "text"], "target": ["out", "answer"]}],
    "interface": {"inputs": [], "outputs": [{"id": "answer", "type": "string", "stream": True}]},
}
"""The smallest workflow that streams; the demo model needs no key."""
STREAM_HINT: Final = "Set `proxy_buffering off` and a long `proxy_read_timeout` for the API."
HELD_BACK: Final = 0.2
"""When the first event comes so near the last, measured by the run, somebody has gathered them on the way."""
PROXY_HINT: Final = "Proxy /ws with `Upgrade` and `Connection` headers and HTTP/1.1."


async def login(visit: Visit) -> str:
    """A person can log in, and the session is theirs."""
    headers = await visit.session()
    answer = await visit.client.get("/api/session", headers=headers)
    if answer.status_code != HTTPStatus.OK:
        raise Fault(f"After the login /api/session answers {answer.status_code}.", "Do all hosts share JWT_SECRET and the database?")
    return f"{answer.json()['user']['name']} can log in."


async def socket(visit: Visit) -> str:
    """The WebSocket opens through the proxy and echoes; without a login it refuses with its own words, which proves the way as well."""
    headers = await visit.session() if visit.subject.login else {}
    address = visit.subject.url.replace("http", "ws", 1).rstrip("/") + "/ws"
    trust = visit.subject.trust() if visit.subject.secure else None
    try:
        async with (
            asyncio.timeout(ANSWER_S),
            connect(address, additional_headers=headers, origin=_origin(visit), ssl=trust, proxy=None) as line,
        ):
            if not headers:
                return "The WebSocket opens."
            await line.send('{"type":"ping"}')
            async for text in line:
                if json.loads(text).get("type") == "pong":
                    return "The WebSocket answers."
    except InvalidStatus as error:
        status = error.response.status_code
        if status in {401, 403} and not headers and b"code" in (error.response.body or b""):
            return "The WebSocket is reached, and asks for a login."
        raise Fault(f"The WebSocket answers {status} to the upgrade.", PROXY_HINT) from error
    except (WebSocketException, OSError, TimeoutError) as error:
        raise Fault(f"The WebSocket does not open: {error or type(error).__name__}.", PROXY_HINT) from error
    raise Fault("The WebSocket closed without an echo.", PROXY_HINT)


async def workflow(visit: Visit) -> str:
    """A small workflow runs to its end on the demo model, and its events come while they happen."""
    headers = await visit.session()
    started = time.monotonic()
    answer = await visit.client.post("/api/runs", json={"graph": GRAPH}, headers=headers)
    if answer.status_code != HTTPStatus.ACCEPTED:
        raise Fault(f"Starting a run answers {answer.status_code}.", "Look at the log; is the queue full?")
    run = answer.json()["id"]
    try:
        moments = [moment async for moment in _events(visit, run, headers)]
        found = (await visit.client.get(f"/api/runs/{run}", headers=headers)).json()
    except httpx.HTTPError as error:
        raise Fault(f"The stream of a run broke off: {type(error).__name__}.", STREAM_HINT) from error
    finally:
        with contextlib.suppress(httpx.HTTPError):
            await visit.client.delete(f"/api/runs/{run}", headers=headers)
    if found.get("state") != "ok" or not found.get("outputs", {}).get("answer"):
        raise Fault(f"The run ended as {found.get('state')}.", "Look at the run in the web app, and at the log.")
    if _spread_ms(moments) < HELD_BACK * float(found.get("duration_ms") or 0):
        raise Fault("The events of a run came all at once.", STREAM_HINT)
    return f"A workflow ran in {(time.monotonic() - started) * 1000:.0f} ms."


def _spread_ms(moments: list[float]) -> float:
    return (moments[-1] - moments[0]) * 1000 if moments else 0.0


async def _events(visit: Visit, run: str, headers: dict[str, str]) -> AsyncIterator[float]:
    """Yield the moment of each event."""
    wanted = headers | {"Accept": "text/event-stream"}
    async with visit.client.stream("GET", f"/api/runs/{run}/events", headers=wanted) as answer:
        async for line in answer.aiter_lines():
            if line.startswith("data:"):
                yield time.monotonic()


def _origin(visit: Visit) -> Any:
    return visit.subject.url.rstrip("/")
