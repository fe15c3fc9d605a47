"""Between JSON and a graph: strict about types, faithful to everything else."""

import json
import time
from typing import Any

import pytest

from comfytavern.graph.codec import decode, encode, to_json
from comfytavern.graph.document import BYTES_MAX, DEPTH_MAX, NESTING_MAX, NODES_MAX
from comfytavern.graph.migrate import DocumentStep, migrate_document
from comfytavern.kernel.errors import Failure, Invalid, TooLarge
from tests.unit.graph.catalogue import node

UNKNOWN = (
    '{"format":"comfytavern.graph","version":1,"nodes":[{"id":"a","kind":"who.knows","kind_version":7,"values":{"z":0,"a":false,"":"",'
    '"big":123456789012345678901234567890,"float":1.0,"tiny":5e-324,"text":"大\\n","nested":{"b":[null,[]],"a":{}}},"name":"N","pins":{"out":null},'
    '"policy":{"timeout_s":5,"later":true},"look":{"y":2.5,"x":0},"extra":{"odd":1},"future":[1,2]}],'
    '"wires":[{"id":"w","source":["a","o"],"target":["a","i"],"each":true,"look":{"via":[[1,2]]},"colour":"red"}],'
    '"frames":[{"id":"f","name":"F","depth":3}],'
    '"interface":{"inputs":[{"id":"q","type":"string","default":0,"widget":{"kind":"slider","minimum":1,"glow":true},"shape":"round"}],"order":"x"},'
    '"groups":[{"nodes":[{"id":"b","kind":"k","new":1}],"interface":{"outputs":[{"id":"r","type":"any","why":""}]},"id":"g","name":"G","owner":"me"}],'
    '"look":{"zoom":1.5},"plugins":["x"]}'
)


def refused(source: Any) -> Failure:
    """Return how a document is refused."""
    with pytest.raises(Failure) as failure:
        decode(source)
    return failure.value


def test_what_is_unknown_here_survives_byte_for_byte() -> None:
    assert encode(decode(UNKNOWN)).decode() == UNKNOWN
    assert encode(decode(UNKNOWN.encode())) == encode(decode(json.loads(UNKNOWN)))
    assert decode(encode(decode(UNKNOWN))) == decode(UNKNOWN)


def test_defaults_are_left_out_and_the_header_is_always_there() -> None:
    assert encode(decode("{}")) == b'{"format":"comfytavern.graph","version":1}'
    assert to_json(decode({"nodes": [node("a", "k")]}))["nodes"] == [{"id": "a", "kind": "k"}]


def test_every_wrong_type_is_named_at_once_with_its_path() -> None:
    failure = refused(
        {
            "nodes": [{"id": 1, "kind": "k", "policy": {"retries": "two", "timeout_s": "soon"}}, 5, {"id": "c", "values": []}],
            "wires": [{"id": "w", "source": ["a"], "target": ["a", 1], "each": 1}],
            "interface": {"inputs": [{"id": "x", "type": "strin", "widget": {"minimum": "low"}}]},
            "groups": [{"nodes": 3}],
            "look": None,
        }
    )
    assert failure.code == "graph.malformed"
    assert {one.place["field"]: one.code for one in failure.problems} == {
        "$.nodes[0].id": "graph.wrong_type",
        "$.nodes[0].policy.retries": "graph.wrong_type",
        "$.nodes[0].policy.timeout_s": "graph.wrong_type",
        "$.nodes[1]": "graph.wrong_type",
        "$.nodes[2].kind": "graph.member_missing",
        "$.nodes[2].values": "graph.wrong_type",
        "$.wires[0].source": "graph.wrong_type",
        "$.wires[0].target[1]": "graph.wrong_type",
        "$.wires[0].each": "graph.wrong_type",
        "$.interface.inputs[0].type": "graph.bad_choice",
        "$.interface.inputs[0].widget.kind": "graph.member_missing",
        "$.interface.inputs[0].widget.minimum": "graph.wrong_type",
        "$.groups[0].id": "graph.member_missing",
        "$.groups[0].nodes": "graph.wrong_type",
        "$.look": "graph.wrong_type",
    }


@pytest.mark.parametrize("source", ["", "{", "[1", b"\xff", b"\x00", '{"a":NaN}', '{"a":1e999}', '"\\ud800"'])
def test_what_is_not_json_is_said_so(source: Any) -> None:
    assert [one.code for one in refused(source).problems] == ["graph.not_json"]


@pytest.mark.parametrize("source", ["[]", "5", "null", '"text"', {"version": 0}, {"version": "1"}, {"format": "other"}, {"format": 1}])
def test_what_is_json_but_no_graph(source: Any) -> None:
    assert refused(source).code == "graph.malformed"


def test_a_document_of_a_newer_format_is_not_guessed_at() -> None:
    failure = refused({"version": 2, "nodes": "in another way"})
    assert isinstance(failure, Invalid)
    assert (failure.code, failure.params) == ("graph.newer", {"version": 2, "known": 1})


def group_chain(depth: int) -> dict[str, Any]:
    """Return a document whose groups use each other `depth` deep."""
    groups = [{"id": f"g{index}", "nodes": [node("n", "flow.group", {"group": f"g{index + 1}"})]} for index in range(depth)]
    return {"nodes": [node("n", "flow.group", {"group": "g0"})], "groups": groups}


def frame_chain(depth: int) -> dict[str, Any]:
    """Return a document whose frames stand in each other `depth` deep."""
    return {"frames": [{"id": "f0"}, *({"id": f"f{index}", "frame": f"f{index - 1}"} for index in range(1, depth))]}


def nested(depth: int) -> str:
    """Return a document with arrays and objects `depth` deep in each other."""
    return '{"look":{"a":' + "[" * (depth - 2) + "]" * (depth - 2) + "}}"


@pytest.mark.parametrize(
    ("fits", "beyond", "code"),
    [
        ({"nodes": [node("n", "k")] * NODES_MAX}, {"nodes": [node("n", "k")] * (NODES_MAX + 1)}, "graph.too_many_nodes"),
        (group_chain(DEPTH_MAX), group_chain(DEPTH_MAX + 1), "graph.too_deep"),
        (frame_chain(DEPTH_MAX), frame_chain(DEPTH_MAX + 1), "graph.too_deep"),
        (nested(NESTING_MAX), nested(NESTING_MAX + 1), "graph.too_nested"),
        ("{}", nested(100_000), "graph.too_nested"),
        ("{}" + " " * (BYTES_MAX - 2), "{}" + " " * (BYTES_MAX - 1), "graph.too_large"),
    ],
    ids=["nodes", "groups", "frames", "nesting", "absurd nesting", "bytes"],
)
def test_limits(fits: Any, beyond: Any, code: str) -> None:
    decode(fits)
    failure = refused(beyond)
    assert isinstance(failure, TooLarge)
    assert failure.code == code
    assert "limit" in failure.params


def test_groups_that_use_themselves_can_be_saved() -> None:
    document = group_chain(1)
    document["groups"].append({"id": "g1", "nodes": [node("n", "flow.group", {"group": "g1"})]})
    assert encode(decode(document))


def test_ten_thousand_nodes_are_read_quickly() -> None:
    nodes = [node(f"n{index}", "text.join", {"text": "x" * 50}, look={"x": index, "y": 2.5}) for index in range(10_000)]
    wires = [{"id": f"w{index}", "source": [f"n{index}", "o"], "target": [f"n{index + 1}", "i"]} for index in range(9_999)]
    source = json.dumps({"nodes": nodes, "wires": wires}).encode()
    took_s = []
    for _ in range(3):
        started = time.process_time()
        decode(source)
        took_s.append(time.process_time() - started)
    assert min(took_s) < 0.3


def test_older_documents_go_through_every_step() -> None:
    steps = {
        1: DocumentStep("links become wires", lambda data: {("wires" if name == "links" else name): value for name, value in data.items()}),
        2: DocumentStep("a title appears", lambda data: {**data, "title": ""}),
    }
    assert migrate_document({"version": 1, "links": []}, steps=steps, to=3) == {"version": 3, "wires": [], "title": ""}
    assert migrate_document({"version": 3, "links": []}, steps=steps, to=3) == {"version": 3, "links": []}
    assert migrate_document({"version": "1"}, steps=steps, to=3) == {"version": "1"}
