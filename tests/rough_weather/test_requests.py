"""Requests and graphs that are wrong in every way: each is refused with a code, and the server goes on."""

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.journeys.graphs import graph, loud
from tests.rough_weather.steady import found, refusal, steady
from tests.server import Server

JSON = {"Content-Type": "application/json"}
CASE = "text.case"


@pytest.fixture(autouse=True)
def _nothing_is_lost(server: Server, owner: httpx.Client) -> Iterator[None]:
    with steady(server, owner):
        yield


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"graph": ',
        b"not json",
        b'{"name": NaN}',
        b'{"name": "\xff\xfe"}',
        b'{"name": "\\ud800"}',
        b"\x00" * 64,
        b"[" * 200_000,
        b'{"a":' * 200_000,
    ],
    ids=["empty", "open", "cut", "words", "nan", "no utf-8", "half a pair", "zeros", "deep list", "deep object"],
)
@pytest.mark.parametrize("address", ["/api/runs", "/api/projects", "/api/graphs/validate"])
def test_what_is_no_json_is_refused(owner: httpx.Client, address: str, body: bytes) -> None:
    status, code = refusal(owner.post(address, content=body, headers=JSON))
    assert (status, code) in {(400, "api.json"), (400, "api.request")}


def test_wrong_types_are_told_all_at_once(owner: httpx.Client) -> None:
    body = {"graph": loud(), "inputs": [1], "targets": "x", "mode": 5, "deadline_s": "soon"}
    answer = owner.post("/api/runs", json=body)
    assert refusal(answer) == (422, "api.invalid")
    fields = {problem["place"]["field"] for problem in answer.json()["problems"]}
    assert fields == {"body.inputs", "body.targets", "body.mode", "body.deadline_s"}


@pytest.mark.parametrize("body", [[], "text", 5, None, True])
def test_a_body_that_is_no_object_is_refused(owner: httpx.Client, body: object) -> None:
    status, code = refusal(owner.post("/api/runs", content=json.dumps(body), headers=JSON))
    assert (status, code) in {(422, "api.invalid"), (400, "api.request")}


@pytest.mark.parametrize(
    "wrong",
    [{"nodes": 5}, {"nodes": [{"id": 5, "kind": CASE}]}, {"nodes": [7]}, {"wires": {"a": 1}}, {"interface": "none"}, {"nodes": None}],
    ids=str,
)
def test_a_graph_of_wrong_types_is_refused(owner: httpx.Client, wrong: dict[str, object]) -> None:
    status, code = refusal(owner.post("/api/runs", json={"graph": loud() | wrong}))
    assert status == 422
    assert code.split(".")[0] in {"graph", "api"}


def test_a_cycle_is_named_node_by_node(owner: httpx.Client) -> None:
    ring = graph([(id, CASE, {}) for id in "abc"], ["a.text > b.text", "b.text > c.text", "c.text > a.text"])
    [problem] = found(owner.post("/api/runs", json={"graph": ring}))
    assert (problem["code"], problem["params"]["cycle"]) == ("graph.cycle", ["a", "b", "c"])
    assert "a → b → c" in problem["message"]


def test_a_node_that_feeds_itself_is_a_cycle(owner: httpx.Client) -> None:
    [problem] = found(owner.post("/api/runs", json={"graph": graph([("a", CASE, {})], ["a.text > a.text"])}))
    assert (problem["code"], problem["params"]["cycle"]) == ("graph.cycle", ["a"])


def test_a_port_that_needs_a_value_and_has_none_is_named(owner: httpx.Client) -> None:
    kinds = owner.get("/api/kinds").json()["kinds"]
    kind, port = next((kind["id"], port["id"]) for kind in kinds for port in kind["inputs"] if port.get("required"))
    problems = found(owner.post("/api/runs", json={"graph": graph([("a", kind, {})], [])}))
    assert {"node": "a", "port": port} in [problem["place"] for problem in problems if problem["code"] == "graph.missing_input"]


def test_unknown_ports_are_named_all_at_once(owner: httpx.Client) -> None:
    nodes = [("a", CASE, {"text": "x"}), ("b", CASE, {"text": "y"})]
    problems = found(owner.post("/api/runs", json={"graph": graph(nodes, ["a.nope > b.text", "a.text > b.never"])}))
    named = {(problem["code"], problem["place"]["node"], problem["place"]["port"]) for problem in problems}
    assert named == {("graph.unknown_output", "a", "nope"), ("graph.unknown_input", "b", "never")}


def test_an_unknown_kind_is_named_and_may_be_saved_as_a_draft(server: Server, owner: httpx.Client) -> None:
    draft = graph([("a", "no.such", {"kept": [1, 2]})], [])
    [problem] = found(owner.post("/api/runs", json={"graph": draft}))
    assert (problem["code"], problem["place"], problem["params"]) == ("graph.unknown_kind", {"node": "a"}, {"kind": "no.such"})
    project = owner.get("/api/projects").json()["items"][0]["id"]
    saved = owner.post(f"/api/projects/{project}/workflows", json={"name": "Draft", "graph": draft})
    assert saved.status_code == 201
    assert owner.get(f"/api/workflows/{saved.json()['id']}").json()["graph"]["nodes"][0]["values"] == {"kept": [1, 2]}


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "in chunks"])
def test_a_huge_body_is_refused_with_its_limit(owner: httpx.Client, announced: bool) -> None:
    piece = b" " * 1024 * 1024
    body = piece * 20 if announced else iter([piece] * 20)
    answer = owner.post("/api/projects", content=body, headers=JSON)
    assert refusal(answer) == (413, "api.body")
    assert answer.json()["params"]["maximum_bytes"] < 20 * len(piece)


def test_who_is_not_logged_in_may_send_little(server: Server) -> None:
    answer = server.client().post("/api/login", content=b" " * 100_000, headers=JSON)
    assert refusal(answer) == (413, "api.body")
