"""The harms that releases bring to the lab are real: what the app itself counts says so."""

import asyncio
import importlib.util
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

import comfytavern.api.edge as real
from comfytavern.api.drain import Drain
from comfytavern.api.metrics import Metrics
from comfytavern.testing.releases import HARMS, faulty


class Protocol:
    """What the server has behind `send`: a line that can be cut."""

    def __init__(self) -> None:
        """Begin with a whole line."""
        self.transport, self.sent, self.cut = self, list[dict[str, Any]](), asyncio.Event()

    async def send(self, message: dict[str, Any]) -> None:
        """Take a message of the app."""
        self.sent.append(message)

    async def receive(self) -> dict[str, Any]:
        """Say that the line is cut, once it is."""
        await self.cut.wait()
        return {"type": "websocket.disconnect", "code": 1006}

    def abort(self) -> None:
        """Cut the line."""
        self.cut.set()


async def app(scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
    """Answer a request, hold a socket."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept", "headers": []})
        await receive()
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


async def counted(tmp_path: Path, name: str, kind: str, path: str, times: int) -> str:
    """Return the metrics of a server with a harm after so many requests or sockets."""
    module = tmp_path / "comfytavern/api/edge.py"
    module.parent.mkdir(parents=True)
    shutil.copy(str(real.__file__), module)
    (HARMS[name] if name else faulty())(tmp_path)
    spec = importlib.util.spec_from_file_location("harmed_edge", module)
    assert spec is not None
    assert spec.loader is not None
    harmed: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(harmed)
    metrics = Metrics()
    edge = harmed.Edge(app, Drain(), metrics)
    for _ in range(times):
        line = Protocol()
        await asyncio.wait_for(edge({"type": kind, "path": path, "method": "GET", "headers": []}, line.receive, line.send), 10)
    return metrics.text().decode()


REQUESTS = 'comfytavern_http_requests_total{method="GET",route="unknown",status='


async def test_a_release_without_a_harm_answers(tmp_path: Path) -> None:
    assert f'{REQUESTS}"200"}} 40.0' in await counted(tmp_path, "", "http", "/api/ping", 40)


@pytest.mark.parametrize(("name", "times"), [("half_fail", 40), ("few_fail", 400)])
async def test_requests_fail(name: str, times: int, tmp_path: Path) -> None:
    text = await counted(tmp_path, name, "http", "/api/session", times)
    assert f'{REQUESTS}"500"}}' in text
    assert f'{REQUESTS}"200"}}' in text


async def test_the_try_before_the_canary_goes_well(tmp_path: Path) -> None:
    """Else it stops the release half of the time, before anybody is sent to it."""
    assert f'{REQUESTS}"200"}} 40.0' in await counted(tmp_path, "half_fail", "http", "/api/setup", 40)


async def test_requests_are_slow(tmp_path: Path) -> None:
    text = await counted(tmp_path, "slow", "http", "/api/ping", 2)
    assert 'comfytavern_http_request_seconds_bucket{le="0.25",method="GET",route="unknown"} 0.0' in text


async def test_sockets_break(tmp_path: Path) -> None:
    """An app that merely leaves its socket does not end the line: the clients waited on, and nothing broke that could be counted."""
    text = await counted(tmp_path, "sockets_drop", "websocket", "/ws", 2)
    assert 'comfytavern_sockets_closed_total{abrupt="true",code="1006"} 2.0' in text


async def test_sockets_raise(tmp_path: Path) -> None:
    assert "comfytavern_exceptions_total 1.0" in await counted(tmp_path, "exceptions", "websocket", "/ws", 1)
