"""Whatever the document: reading and writing are inverse, and validation answers instead of raising."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comfytavern.graph.codec import decode, encode
from comfytavern.graph.diff import diff
from comfytavern.graph.migrate import migrate
from comfytavern.graph.problems import CODES
from comfytavern.graph.types import Type
from comfytavern.graph.validate import validate
from comfytavern.kernel.errors import Failure, NotFound, Problem
from tests.unit.graph.catalogue import CATALOGUE, KINDS

pytestmark = pytest.mark.slow

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
MEMBER = TEXT.map("x_{}".format)
UNKNOWN = st.dictionaries(MEMBER, JSON, max_size=2)
IDS = st.sampled_from(["a", "b", "c", "d", "g", "h", "", "a/b"])
PORTS = st.sampled_from(["text", "texts", "list", "value", "x", "y", "in", "out", "after", "error", "iterations", "collect.y", "z"])
SETTINGS = st.sampled_from(
    ["group", "workflow", "version", "mapped", "carried", "while", "collect", "stream", "mode", "variables", "cases"]
)


def objects(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return objects with these members and some unknown ones."""
    return st.builds(lambda known, unknown: {**known, **unknown}, st.fixed_dictionaries(required, optional=optional), UNKNOWN)


PORT = objects(
    {"id": PORTS, "type": st.sampled_from([str(one) for one in Type])},
    {"required": st.booleans(), "many": st.booleans(), "stream": st.booleans(), "default": JSON, "tags": st.lists(st.sampled_from("xy"))},
)
INTERFACE = objects({}, {"inputs": st.lists(PORT, max_size=2), "outputs": st.lists(PORT, max_size=2)})
POLICY = objects({}, {"retries": st.integers(-1, 3), "on_error": st.sampled_from(["fail", "port", "odd"]), "defaults": UNKNOWN})
VALUES = st.dictionaries(SETTINGS | PORTS, IDS | st.lists(IDS | PORTS, max_size=2) | JSON, max_size=4)
NODE = objects(
    {"id": IDS, "kind": st.sampled_from([one.id for one in CATALOGUE] + ["who.knows"])},
    {
        "kind_version": st.integers(-1, 3),
        "values": VALUES,
        "frame": IDS,
        "mode": st.sampled_from(["normal", "mute", "odd"]),
        "pins": st.dictionaries(PORTS, JSON, max_size=2),
        "policy": POLICY,
        "look": UNKNOWN,
    },
)
WIRE = objects({"id": IDS, "source": st.tuples(IDS, PORTS).map(list), "target": st.tuples(IDS, PORTS).map(list)}, {"each": st.booleans()})
FRAME = objects({"id": IDS}, {"frame": IDS, "name": IDS})
BODY = {
    "nodes": st.lists(NODE, max_size=6),
    "wires": st.lists(WIRE, max_size=8),
    "frames": st.lists(FRAME, max_size=3),
    "interface": INTERFACE,
}
GROUP = objects({"id": IDS}, BODY)
DOCUMENT = objects({}, {**BODY, "groups": st.lists(GROUP, max_size=3)})


def check_problems(problems: list[Problem]) -> None:
    """Every problem has a known code and is worded from its parameters alone."""
    for one in problems:
        assert one.code in CODES
        assert one.message
        assert all(isinstance(value, str) for value in one.place.values())


@settings(max_examples=150, deadline=None)
@given(DOCUMENT)
def test_what_is_written_is_read_back_the_same(document: dict[str, Any]) -> None:
    graph = decode(document)
    written = encode(graph)
    assert decode(written) == graph
    assert encode(decode(written)) == written


@settings(max_examples=300, deadline=None)
@given(DOCUMENT)
def test_validation_answers_about_any_graph(document: dict[str, Any]) -> None:
    graph = decode(document)

    def resolve(workflow: str, version: int | None) -> Any:
        if version is None:
            raise NotFound("projects.no_workflow", workflow)
        return graph

    check_problems(validate(graph, KINDS))
    check_problems(validate(graph, KINDS, resolve))
    assert migrate(graph, KINDS, {}).graph is graph
    assert all(not part for side in diff(graph, graph)["nodes"].values() for part in side)


@settings(max_examples=300, deadline=None)
@given(
    JSON | st.dictionaries(st.sampled_from(["nodes", "wires", "groups", "interface", "version", "look"]), JSON | st.lists(JSON), max_size=4)
)
def test_any_json_is_a_graph_or_a_coded_failure(source: Any) -> None:
    try:
        graph = decode(source if isinstance(source, dict) else encode_json(source))
    except Failure as failure:
        assert failure.code in CODES
        check_problems(failure.problems)
        assert failure.problems or failure.code == "graph.newer"
    else:
        check_problems(validate(graph, KINDS))


def encode_json(value: Any) -> bytes:
    """Write JSON."""
    return msgspec.json.encode(value)


@pytest.mark.parametrize("side", ["nodes", "wires", "frames"])
def test_rows_of_every_table_keep_what_is_unknown(side: str) -> None:
    row = {"id": "a", "kind": "k", "source": ["a", "b"], "target": ["a", "b"], "new": {"b": 1, "a": 0}}
    assert decode(encode(decode({side: [row]}))) == decode({side: [row]})
