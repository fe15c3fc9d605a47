"""Outputs of 4 MB: the run is good, what is shown of it is short, and the whole value is there for who asks."""

import json
from typing import Any

import httpx
import pytest

from tests.journeys.graphs import Graph, graph
from tests.rough_weather.steady import steady
from tests.server import Server

LONG = "0123456789" * 400_000
STREAM = {"Accept": "text/event-stream"}
EVENTS_BYTES_MAX = 64 * 1024


def text() -> Graph:
    """Return a constant of 4 MB that goes through another node; only its length comes out."""
    nodes = [("big", "text.constant", {"text": LONG}), ("up", "text.case", {"case": "upper"}), ("size", "text.length", {})]
    return graph(nodes, ["big.text > up.text", "up.text > size.text", "size.characters > out.size"], outputs=("size",))


def array() -> Graph:
    """Return code that makes a list of 4 MB."""
    code = "['0123456789' * 100 for _ in range(4000)]"
    nodes: list[tuple[str, str, dict[str, Any]]] = [("big", "code.python", {"code": code})]
    return graph(nodes, [])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("made", "port", "whole"), [(text(), "text", LONG), (array(), "result", ["0123456789" * 100] * 4000)], ids=["text", "array"]
)
def test_an_output_of_4_mb_is_previewed_short_and_kept_whole(
    server: Server, owner: httpx.Client, made: Graph, port: str, whole: object
) -> None:
    with steady(server, owner):
        run = owner.post("/api/runs", params={"wait": True}, json={"graph": made}).json()
        assert (run["state"], run["errors"]) == ("ok", None)
        shown = run["nodes"]["big"]["outputs"][port]
        assert 0 < len(json.dumps(shown)) < 250_000 < len(json.dumps(whole))
        assert run["nodes"]["big"]["size_bytes"][port] >= 4_000_000
        events = owner.get(f"/api/runs/{run['id']}/events", headers=STREAM)
        assert len(events.content) < 2 * len(json.dumps(shown)) + EVENTS_BYTES_MAX
        assert owner.get(f"/api/runs/{run['id']}/nodes/big").json()["outputs"][port] == whole


@pytest.mark.slow
def test_an_output_of_4_mb_is_still_whole_after_a_power_cut(tmp_path: Any) -> None:
    with Server(tmp_path) as server:
        run = server.owner().post("/api/runs", params={"wait": True}, json={"graph": text()}).json()
        assert run["outputs"] == {"size": len(LONG)}
        server.kill()
        server.start()
        owner = server.owner()
        node = owner.get(f"/api/runs/{run['id']}/nodes/up").json()
        assert node["outputs"]["text"] == node["inputs"]["text"] == LONG
        assert owner.get(f"/api/runs/{run['id']}").json()["state"] == "ok"
