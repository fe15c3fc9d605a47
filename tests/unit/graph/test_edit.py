"""Edits are values: they change a graph and say how to change it back."""

import pytest

from comfytavern.graph.codec import encode
from comfytavern.graph.document import End, Frame, Graph, Group, Interface, Node, Wire
from comfytavern.graph.edit import (
    AddFrame,
    AddGroup,
    AddNode,
    AddWire,
    Batch,
    Edit,
    MoveNodes,
    MoveWire,
    RemoveFrames,
    RemoveGroup,
    RemoveNodes,
    RemoveWires,
    SetFrame,
    SetGroup,
    SetInterface,
    SetNode,
    SetValue,
    SetWire,
    UnsetValue,
    apply,
)
from comfytavern.kernel.errors import Conflict, Failure, Invalid, NotFound
from tests.unit.graph.catalogue import body, graph, node, port


def document() -> Graph:
    """Two sources, a join, a frame in a frame, and a group."""
    first, last = node("a", "text.upper", {"text": "x", "other": 0}, frame="inner"), node("j", "text.join", look={"x": 1, "y": 2})
    return graph(
        [first, node("b", "text.upper"), last],
        "a.text > j.texts",
        "b.text > j.texts",
        "a.text > b.text",
        frames=[{"id": "outer"}, {"id": "inner", "frame": "outer"}],
        groups=[{"id": "g", **body([node("a", "text.upper")])}],
    )


def done(edit: Edit, before: Graph | None = None) -> Graph:
    """Apply an edit, and check that undo and redo are exact."""
    before = before or document()
    after, undo = apply(before, edit)
    restored, redo = apply(after, undo)
    assert encode(restored) == encode(before)
    assert encode(apply(restored, redo)[0]) == encode(after)
    return after


def test_adding_and_removing_nodes_takes_their_wires_along() -> None:
    assert [one.id for one in done(AddNode(node=Node(id="n", kind="k"), index=1)).nodes] == ["a", "n", "b", "j"]
    after = done(RemoveNodes(ids=["b"]))
    assert [one.id for one in after.nodes] == ["a", "j"]
    assert [one.id for one in after.wires] == ["a.text>j.texts"]


def test_values_keep_their_place_and_their_kind() -> None:
    assert list(done(SetValue(node="a", port="text", value=0)).nodes[0].values.items()) == [("text", 0), ("other", 0)]
    assert done(SetValue(node="b", port="text", value=None)).nodes[1].values == {"text": None}
    assert done(UnsetValue(node="a", port="text")).nodes[0].values == {"other": 0}


def test_looks_are_merged() -> None:
    assert done(MoveNodes(looks={"j": {"x": 5.5, "y": None}, "a": {"x": 0}})).nodes[2].look == {"x": 5.5}


def test_members_of_a_node_are_checked() -> None:
    changed = done(SetNode(node="a", members={"name": "Shout", "mode": "mute", "policy": {"retries": 2}, "frame": None})).nodes[0]
    assert (changed.name, changed.mode, changed.policy.retries, changed.frame) == ("Shout", "mute", 2, None)
    for members in ({"id": "z"}, {"kind": "z"}, {"name": 1}, {"policy": {"retries": "many"}}):
        with pytest.raises(Invalid):
            apply(document(), SetNode(node="a", members=members))


def test_a_wire_replaces_the_one_before_it_unless_the_input_takes_many() -> None:
    wire = Wire(id="new", source=End("j", "text"), target=End("b", "text"))
    assert [one.id for one in done(AddWire(wire=wire)).wires] == ["a.text>j.texts", "b.text>j.texts", "new"]
    more = Wire(id="new", source=End("b", "text"), target=End("j", "texts"))
    assert done(AddWire(wire=more, many=True, index=0)).wires[0].id == "new"
    with pytest.raises(NotFound):
        apply(document(), AddWire(wire=Wire(id="w", source=End("z", "text"), target=End("b", "text"))))


def test_wires_of_a_many_input_can_change_places() -> None:
    swapped = done(MoveWire(wire="b.text>j.texts", before="a.text>j.texts"))
    assert [one.id for one in swapped.wires[:2]] == ["b.text>j.texts", "a.text>j.texts"]
    assert done(MoveWire(wire="a.text>j.texts")).wires[-1].id == "a.text>j.texts"
    assert done(MoveWire(wire="a.text>j.texts", before="a.text>j.texts")) == document()


def test_wires_are_set_in_place_and_removed() -> None:
    changed = done(SetWire(wire="a.text>b.text", members={"each": True, "target": ["j", "between"]})).wires[2]
    assert (changed.each, changed.target) == (True, End("j", "between"))
    assert len(done(RemoveWires(ids=["a.text>j.texts", "a.text>b.text"])).wires) == 1


def test_what_stands_in_a_removed_frame_moves_to_the_one_around() -> None:
    assert done(RemoveFrames(ids=["inner"])).nodes[0].frame == "outer"
    assert done(RemoveFrames(ids=["inner", "outer"])).nodes[0].frame is None
    assert done(RemoveFrames(ids=["outer"])).frames[0].frame is None
    assert done(AddFrame(frame=Frame(id="f"), index=0)).frames[0].id == "f"
    assert done(SetFrame(frame="inner", members={"name": "Notes"})).frames[1].name == "Notes"


def test_groups_and_what_is_in_them() -> None:
    assert done(AddGroup(group=Group(id="h"))).groups[1].id == "h"
    assert done(RemoveGroup(group="g")).groups == []
    assert done(SetGroup(group="g", members={"name": "Shout"})).groups[0].name == "Shout"
    assert done(SetValue(body="g", node="a", port="text", value="")).groups[0].nodes[0].values == {"text": ""}
    assert done(SetInterface(body="g", interface=Interface(inputs=[port("q")]))).groups[0].interface.inputs[0].id == "q"
    assert done(SetInterface(interface=Interface(outputs=[port("q")]))).interface.outputs[0].id == "q"


def test_a_batch_may_edit_what_it_adds_and_removes() -> None:
    edits = [
        SetValue(body="g", node="a", port="text", value="kept in the undo"),
        AddGroup(group=Group(id="h")),
        AddNode(body="h", node=Node(id="n", kind="k")),
        RemoveGroup(group="g"),
    ]
    after = done(Batch(edits=edits))
    assert [(one.id, len(one.nodes)) for one in after.groups] == [("h", 1)]


@pytest.mark.parametrize(
    ("edit", "failure"),
    [
        (AddNode(node=Node(id="a", kind="k")), Conflict),
        (RemoveNodes(ids=["z"]), NotFound),
        (SetValue(body="z", node="a", port="p", value=1), NotFound),
        (RemoveWires(ids=["z"]), NotFound),
        (RemoveGroup(group="z"), NotFound),
        (AddGroup(group=Group(id="g")), Conflict),
    ],
)
def test_edits_that_do_not_fit_are_refused_and_change_nothing(edit: Edit, failure: type[Failure]) -> None:
    before = document()
    with pytest.raises(failure):
        apply(before, Batch(edits=[SetValue(node="a", port="text", value="changed"), edit]))
    assert before == document()
