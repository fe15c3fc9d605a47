"""Bad input gets a clear coded error; the process stays up, and nothing that was saved is lost."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.server import Server


def node(id: str, kind: str, **values: Any) -> dict[str, Any]:
    return {"id": id, "kind": kind, "values": values}


def wire(id: str, source: tuple[str, str], target: tuple[str, str]) -> dict[str, Any]:
    return {"id": id, "source": list(source), "target": list(target)}


def graph(nodes: list[dict[str, Any]], wires: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"format": "comfytavern.graph", "version": 1, "nodes": nodes, "wires": wires or []}


GOOD = graph([node("a", "text.constant", text="kept")])


@pytest.fixture(scope="module")
def rough(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("rough")) as server:
        yield server


@pytest.fixture
def owner(rough: Server) -> Iterator[httpx.Client]:
    """A client; at the end the server must be up, and what was saved at the start must be there."""
    client = rough.owner()
    project = client.get("/api/projects").json()["items"][0]["id"]
    saved = client.post(f"/api/projects/{project}/workflows", json={"name": "Kept", "graph": GOOD}).json()
    yield client
    assert httpx.get(f"{rough.url}/ready").status_code == 200
    again = client.get(f"/api/workflows/{saved['id']}").json()
    assert again["graph"]["nodes"][0]["values"] == {"text": "kept"}


def socket(rough: Server, owner: httpx.Client) -> ClientConnection:
    headers = {"Cookie": f"ct_session={owner.cookies['ct_session']}"}
    return connect(rough.url.replace("http", "ws") + "/ws", additional_headers=headers, origin=rough.url, max_size=None)


def problems(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json()


def test_malformed_json_is_told(owner: httpx.Client) -> None:
    answer = owner.post("/api/projects", content=b'{"name": ', headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert problems(answer)["code"] == "api.json"


def test_wrong_types_are_told_all_at_once(owner: httpx.Client) -> None:
    answer = owner.post("/api/projects", json={"name": 5, "description": []})
    assert answer.status_code == 422
    assert len(problems(answer)["problems"]) == 2


def test_a_cycle_is_refused_with_its_path(owner: httpx.Client) -> None:
    nodes = [node("a", "text.case"), node("b", "text.case")]
    document = graph(nodes, [wire("1", ("a", "text"), ("b", "text")), wire("2", ("b", "text"), ("a", "text"))])
    answer = owner.post("/api/runs", json={"graph": document})
    assert answer.status_code in {400, 422}
    cycle = [one for one in problems(answer)["problems"] if one["code"] == "graph.cycle"]
    assert set(cycle[0]["params"]["cycle"]) >= {"a", "b"}


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (graph([node("a", "debug.show")]), "graph.missing_input"),
        (graph([node("a", "text.constant"), node("b", "debug.show")], [wire("1", ("a", "nope"), ("b", "value"))]), "graph.unknown_output"),
        (graph([node("a", "nobody.knows")]), "graph.unknown_kind"),
    ],
)
def test_a_graph_that_cannot_run_says_why(owner: httpx.Client, document: dict[str, Any], code: str) -> None:
    told = owner.post("/api/graphs/validate", json={"graph": document}).json()["problems"]
    assert code in {one["code"] for one in told}, told
    answer = owner.post("/api/runs", json={"graph": document})
    assert answer.status_code in {400, 422}
    assert code in {one["code"] for one in problems(answer)["problems"]}


def test_a_huge_body_is_refused(owner: httpx.Client) -> None:
    answer = owner.post(
        "/api/projects", content=b'{"name": "' + b"x" * (17 * 1024 * 1024) + b'"}', headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 413
    assert problems(answer)["code"] == "api.body"


@pytest.mark.parametrize(("frame", "code"), [(b"\x00\x01", 1003), ("x" * (2 * 1024 * 1024), 1009)])
def test_a_frame_that_cannot_be_closes_only_its_own_socket(rough: Server, owner: httpx.Client, frame: bytes | str, code: int) -> None:
    with socket(rough, owner) as other, socket(rough, owner) as bad:
        bad.send(frame)
        with pytest.raises(ConnectionClosed) as closed:
            list(iter(lambda: bad.recv(timeout=10), None))
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == code
        other.send(json.dumps({"type": "ping"}))
        while json.loads(other.recv(timeout=10))["type"] != "pong":
            pass


def test_a_node_output_of_four_megabytes_is_whole_in_detail_and_short_in_events(owner: httpx.Client) -> None:
    text = "é" * (2 * 1024 * 1024)
    run = owner.post("/api/runs", params={"wait": True}, json={"graph": graph([node("a", "text.constant", text=text)])}, timeout=60).json()
    assert run["state"] == "ok"
    assert len(json.dumps(run["nodes"])) < 200_000
    detail = owner.get(f"/api/runs/{run['id']}/nodes/a").json()
    assert detail["outputs"]["text"] == text
    events = owner.get(f"/api/runs/{run['id']}/events", headers={"Accept": "application/json"})
    assert len(events.content) < 200_000


def test_a_damaged_database_is_refused_clearly_and_left_as_it_is(tmp_path: Path) -> None:
    server = Server(tmp_path)
    with server:
        server.owner()
    file = server.data / "comfytavern.db"
    damaged = b"not a database at all" * 1000
    file.write_bytes(damaged)
    with pytest.raises(AssertionError, match="damaged"):
        server.start()
    assert file.read_bytes() == damaged
