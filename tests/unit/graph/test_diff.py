"""What changed between two graphs."""

from comfytavern.graph.diff import diff
from comfytavern.graph.document import End, Graph, Interface, Node, Wire
from comfytavern.graph.edit import AddNode, AddWire, Batch, MoveNodes, MoveWire, RemoveNodes, SetInterface, SetNode, SetValue, apply
from tests.unit.graph.catalogue import body, graph, node, port

BEFORE = graph(
    [node("a", "text.upper", {"text": 1}), node("b", "text.upper"), node("j", "text.join")],
    "a.text > j.texts",
    "b.text > j.texts",
    groups=[{"id": "g", **body([node("x", "text.upper")])}, {"id": "h"}],
)


def test_equal_graphs_have_no_differences() -> None:
    nothing = {"added": [], "removed": [], "changed": []}
    assert diff(BEFORE, BEFORE) == {
        "nodes": nothing,
        "wires": {**nothing, "reordered": []},
        "frames": nothing,
        "interface": {"inputs": nothing, "outputs": nothing},
        "groups": nothing,
    }


def test_everything_that_changed_is_named() -> None:
    edits = [
        SetValue(node="a", port="text", value=True),
        SetNode(node="j", members={"name": "Join"}),
        MoveNodes(looks={"j": {"x": 1}}),
        RemoveNodes(ids=["b"]),
        AddNode(node=Node(id="c", kind="text.upper")),
        AddWire(wire=Wire(id="w", source=End("c", "text"), target=End("j", "texts")), many=True),
        SetInterface(interface=Interface(inputs=[port("q")])),
        SetValue(body="g", node="x", port="text", value=""),
    ]
    found = diff(BEFORE, apply(BEFORE, Batch(edits=list(edits)))[0])
    assert found["nodes"] == {
        "added": ["c"],
        "removed": ["b"],
        "changed": [{"id": "a", "fields": ["values.text"]}, {"id": "j", "fields": ["name", "look"]}],
    }
    assert (found["wires"]["added"], found["wires"]["removed"]) == (["w"], ["b.text>j.texts"])
    assert found["interface"]["inputs"]["added"] == ["q"]
    [group] = found["groups"]["changed"]
    assert (group["id"], group["fields"], group["nodes"]["changed"]) == ("g", [], [{"id": "x", "fields": ["values.text"]}])


def test_the_order_of_wires_counts() -> None:
    after = apply(BEFORE, MoveWire(wire="a.text>j.texts"))[0]
    assert diff(BEFORE, after)["wires"] == {"added": [], "removed": [], "changed": [], "reordered": [["j", "texts"]]}


def test_groups_come_and_go() -> None:
    found = diff(BEFORE, Graph(groups=[BEFORE.groups[0]]))
    assert found["groups"] == {"added": [], "removed": ["h"], "changed": []}
