"""Which ports a node has."""

from typing import Any

from comfytavern.graph.document import Graph
from comfytavern.graph.ports import NO_PORTS, all_ports, dynamic_ports, ports_of
from tests.unit.graph.catalogue import KINDS, body, graph, node

GROUP = {
    "id": "g",
    **body(
        [node("i", "graph.input"), node("o", "graph.output")],
        inputs={"x": "string", "ys": "array", "index": "integer"},
        outputs={"z": "float"},
    ),
}


def types(document: Graph, id: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the types of a node's inputs and outputs by port id, streams marked."""
    ports = all_ports(document, document, KINDS)[id]
    inputs, outputs = ({one.id: str(one.type) + (" stream" if one.stream else "") for one in side} for side in ports)
    return inputs, outputs


def one(kind: str, values: dict[str, Any] | None = None, **more: Any) -> tuple[dict[str, str], dict[str, str]]:
    """Return the types of the ports of a single node."""
    return types(graph([node("n", kind, values, **more)], groups=[GROUP]), "n")


def test_declared_ports_and_after() -> None:
    assert one("text.words") == ({"text": "string", "after": "any"}, {"word": "string stream"})
    assert one("graph.note") == ({"text": "string"}, {})


def test_the_error_port_exists_where_the_policy_says_so() -> None:
    assert one("text.words", policy={"on_error": "port"})[1] == {"word": "string stream", "error": "object"}


def test_dynamic_ports_are_ids_or_members() -> None:
    values = {"variables": ["a", {"id": "b", "type": "float", "required": True}, {"id": 5}, 7, "a", ""]}
    assert one("text.template", values)[0] == {"template": "string", "a": "any", "b": "float", "after": "any"}
    assert one("flow.switch", {"cases": ["yes"]})[1] == {"default": "any", "yes": "any"}
    assert dynamic_ports("nonsense") == []


def test_modes_choose_inputs() -> None:
    assert list(one("numbers.math")[0]) == ["mode", "a", "b", "after"]
    assert list(one("numbers.math", {"mode": "round"})[0]) == ["mode", "a", "digits", "after"]
    assert list(one("numbers.math", {"mode": ["?"]})[0]) == ["mode", "after"]


def test_the_borders_have_the_interface_around_them() -> None:
    document = graph([], groups=[GROUP])
    inner = document.groups[0]
    assert [port.id for port in ports_of(inner.nodes[0], inner, document, KINDS).outputs] == ["x", "ys", "index"]
    assert [port.id for port in ports_of(inner.nodes[1], inner, document, KINDS).inputs] == ["z", "after"]


def test_a_group_has_the_ports_of_its_interface() -> None:
    assert one("flow.group", {"group": "g"}) == ({"x": "string", "ys": "array", "index": "integer", "after": "any"}, {"z": "float"})
    assert one("flow.group", {"group": "gone"}) == ({"after": "any"}, {})


def test_a_library_group_is_resolved() -> None:
    document = graph([node("n", "flow.group", {"workflow": "wfl_1", "version": 2})])
    asked: list[tuple[str, int | None]] = []

    def resolve(workflow: str, version: int | None) -> Graph:
        asked.append((workflow, version))
        return graph([], inputs={"q": "string"})

    assert [port.id for port in ports_of(document.nodes[0], document, document, KINDS, resolve).inputs] == ["q", "after"]
    assert asked == [("wfl_1", 2)]


def test_map_takes_its_mapped_inputs_apart() -> None:
    assert one("flow.map", {"group": "g", "mapped": ["x"]}) == (
        {"x": "array", "ys": "array", "index": "integer", "after": "any"},
        {"z": "array", "errors": "array"},
    )
    document = graph(
        [node("s", "text.split"), node("t", "text.upper"), node("m", "flow.map", {"group": "g"})],
        "s.list > m.x",
        "s.list > m.ys",
        groups=[GROUP],
    )
    ports = all_ports(document, document, KINDS)["m"]
    assert [port.id for port in ports.inputs if "mapped" in port.tags] == ["x"]
    assert (
        types(graph([node("t", "text.upper"), node("m", "flow.map", {"group": "g"})], "t.text > m.x", groups=[GROUP]), "m")[0]["x"]
        == "string"
    )


def test_loop_carries_collects_and_streams() -> None:
    values = {"group": "g", "carried": [{"input": "x", "output": "z"}, {"input": "x"}, 5], "collect": ["z", "gone"], "stream": ["z"]}
    assert one("flow.loop", values) == (
        {"x": "string", "ys": "array", "after": "any"},
        {"z": "float", "collect.z": "array", "stream.z": "float stream", "iterations": "integer"},
    )


def test_a_convertible_port_takes_the_type_of_its_first_partner_and_lets_go() -> None:
    nodes = [node("s", "text.split"), node("r", "flow.reroute"), node("q", "flow.reroute"), node("u", "text.upper")]
    assert types(graph(nodes), "r") == ({"in": "any", "after": "any"}, {"out": "any"})
    wired = graph(nodes, "s.list > r.in", "r.out > q.in", "q.out > u.text")
    assert types(wired, "r")[0]["in"] == "array"
    assert types(wired, "q")[1]["out"] == "string"


def test_outputs_behind_an_each_wire_are_lists() -> None:
    wire = {"id": "w", "source": ["s", "list"], "target": ["w", "text"], "each": True}
    document = graph([node("s", "text.split"), node("w", "text.words", policy={"on_error": "port"})], wire)
    assert types(document, "w")[1] == {"word": "array", "error": "object"}


def test_an_unknown_kind_has_no_ports() -> None:
    document = graph([node("n", "who.knows")])
    assert ports_of(document.nodes[0], document, document, KINDS) == NO_PORTS


def test_implicit_maps_in_a_long_row() -> None:
    nodes = [node("s", "text.split"), *(node(f"m{index}", "flow.map", {"group": "g"}) for index in range(3000))]
    wires = ["s.list > m0.x", *(f"m{index}.z > m{index + 1}.x" for index in range(2999))]
    assert types(graph(nodes, *wires, groups=[GROUP]), "m2999")[0]["x"] == "array"
