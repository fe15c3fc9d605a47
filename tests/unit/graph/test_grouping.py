"""Grouping, ungrouping, copying and pasting keep every wire and its order."""

import pytest

from comfytavern.graph.clip import Clip, copy, paste
from comfytavern.graph.codec import encode
from comfytavern.graph.document import Graph, Node
from comfytavern.graph.edit import Edit, apply
from comfytavern.graph.grouping import group_selection
from comfytavern.graph.ungrouping import ungroup
from comfytavern.graph.validate import validate
from comfytavern.kernel.errors import Invalid
from tests.unit.graph.catalogue import KINDS, body, graph, node

NODES = [
    node("a", "text.upper", {"text": "x"}, look={"x": 0, "y": 0}),
    node("b", "text.upper", look={"x": 100, "y": 0}),
    node("c", "text.join", {"between": "-"}, look={"x": 200, "y": 100}),
    node("d", "text.join", look={"x": 300, "y": 0}),
]
WIRES = (
    "b.text > d.texts",
    "a.text > b.text",
    "a.text > c.texts",
    "b.text > c.texts",
    "a.text > d.texts",
    "c.text > d.texts",
    "c.text > d.between",
)


def edges(document: Graph) -> set[tuple[str, str, tuple[str, ...]]]:
    """Return what is wired to what, with the order at each input."""
    at: dict[tuple[str, str], list[str]] = {}
    for wire in document.wires:
        at.setdefault((wire.target.node, wire.target.port), []).append(f"{wire.source.node}.{wire.source.port}")
    return {(*target, tuple(sources)) for target, sources in at.items()}


def done(before: Graph, edit: Edit) -> Graph:
    """Apply an edit, and check that it can be taken back."""
    after, undo = apply(before, edit)
    assert encode(apply(after, undo)[0]) == encode(before)
    return after


def test_a_selection_becomes_a_group_with_the_ports_its_wires_need() -> None:
    edit, stands_for = group_selection(graph(NODES, *WIRES), ["b", "c"], KINDS, group="tidy", name="Tidy up")
    after = done(graph(NODES, *WIRES), edit)
    [group] = after.groups
    assert (stands_for.id, group.id, group.name) == ("tidy", "tidy", "Tidy up")
    assert [(one.id, str(one.type), one.required) for one in group.interface.inputs] == [("text", "string", True)]
    assert [(one.id, str(one.type)) for one in group.interface.outputs] == [("text", "string"), ("text-2", "string")]
    assert edges(after) == {
        ("tidy", "text", ("a.text",)),
        ("d", "texts", ("tidy.text", "a.text", "tidy.text-2")),
        ("d", "between", ("tidy.text-2",)),
    }
    assert validate(after, KINDS) == []


def test_ungrouping_gives_back_what_was_grouped() -> None:
    before = graph(NODES, *WIRES)
    for selection in (["b", "c"], ["a"], ["a", "b", "c", "d"], ["d"], ["b"]):
        grouped = done(before, group_selection(before, selection, KINDS)[0])
        after = done(grouped, ungroup(grouped, "group", KINDS))
        assert edges(after) == edges(before)
        assert {one.id: (one.values, one.look) for one in after.nodes} == {one.id: (one.values, one.look) for one in before.nodes}
        assert after.groups == []


def test_a_selection_with_a_way_out_and_back_in_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        group_selection(graph(NODES, *WIRES), ["a", "d"], KINDS)
    assert (refused.value.code, refused.value.params) == ("graph.edit_circle", {"id": "b"})


def test_the_borders_of_the_graph_stay_outside() -> None:
    with pytest.raises(Invalid) as refused:
        group_selection(graph([node("i", "graph.input")]), ["i", "gone"], KINDS)
    assert refused.value.code == "graph.edit_nothing"


def test_each_moves_inside_with_its_wire() -> None:
    each = {"id": "w", "source": ["s", "list"], "target": ["u", "text"], "each": True}
    before = graph([node("s", "text.split", {"text": ""}), node("u", "text.upper")], each)
    after = done(before, group_selection(before, ["u"], KINDS)[0])
    assert [wire.each for wire in after.wires] == [False]
    assert [wire.each for wire in after.groups[0].wires] == [True]
    assert validate(after, KINDS) == []
    assert edges(done(after, ungroup(after, "group", KINDS))) == edges(before)


def test_frames_move_into_the_group_with_what_stands_in_them() -> None:
    before = graph([node("a", "text.upper", {"text": ""}, frame="f")], frames=[{"id": "f", "frame": "g"}, {"id": "g"}])
    after = done(before, group_selection(before, ["f"], KINDS)[0])
    assert [one.id for one in after.frames] == ["g"]
    assert [one.frame for one in after.groups[0].nodes] == [None, "f", None]


SHOUT = {
    "id": "shout",
    **body(
        [node("i", "graph.input"), node("u", "text.upper"), node("o", "graph.output")],
        "i.text > u.text",
        "u.text > o.text",
        "i.pass > o.pass",
        inputs={"text": "string", "pass": "string"},
        outputs={"text": "string", "pass": "string"},
    ),
}


def test_values_of_a_group_move_to_its_parts() -> None:
    nodes = [node("g", "flow.group", {"group": "shout", "text": 0, "pass": ""}), node("u", "text.upper"), node("v", "text.upper")]
    before = graph(nodes, "g.text > u.text", "g.pass > v.text", groups=[SHOUT])
    after = done(before, ungroup(before, "g", KINDS))
    assert {one.id: one.values for one in after.nodes} == {"u": {}, "u-2": {"text": 0}, "v": {"text": ""}}
    assert edges(after) == {("u", "text", ("u-2.text",))}


def test_what_a_group_waited_for_its_first_parts_wait_for() -> None:
    before = graph([node("a", "text.join"), node("g", "flow.group", {"group": "shout", "text": ""})], "a.text > g.after", groups=[SHOUT])
    assert edges(done(before, ungroup(before, "g", KINDS))) == {("u", "after", ("a.text",))}


def test_a_group_that_is_used_elsewhere_stays() -> None:
    before = graph([node(id, "flow.group", {"group": "shout", "text": ""}) for id in ("g", "h")], groups=[SHOUT])
    assert [one.id for one in done(before, ungroup(before, "g", KINDS)).groups] == ["shout"]


def test_a_library_workflow_unfolds_with_its_own_groups() -> None:
    library = graph([node("x", "flow.group", {"group": "shout", "text": ""})], groups=[SHOUT])
    before = graph([node("g", "flow.group", {"workflow": "wfl_1"})], groups=[{"id": "shout"}])
    after = done(before, ungroup(before, "g", KINDS, resolve=lambda _id, _version: library))
    assert [(one.id, one.values["group"]) for one in after.nodes] == [("x", "shout-2")]
    assert [one.id for one in after.groups] == ["shout", "shout-2"]


@pytest.mark.parametrize("more", [{"mode": "mute"}, {"pins": {"text": ""}}, {"policy": {"on_error": "port"}}])
def test_a_group_with_a_will_of_its_own_does_not_unfold(more: dict[str, object]) -> None:
    before = graph([node("g", "flow.group", {"group": "shout"}, **more), node("u", "text.upper")], groups=[SHOUT])
    with pytest.raises(Invalid) as refused:
        ungroup(before, "g", KINDS)
    assert refused.value.code == "graph.edit_not_plain"
    with pytest.raises(Invalid) as refused:
        ungroup(before, "u", KINDS)
    assert refused.value.code == "graph.edit_no_group"


def test_a_copy_stands_alone_and_pasting_it_gives_new_ids() -> None:
    before = graph([*NODES, node("g", "flow.group", {"group": "shout"})], *WIRES, groups=[SHOUT, {"id": "unused"}])
    clip = copy(before, before, ["b", "c", "g"])
    assert [one.id for one in clip.wires] == ["b.text>c.texts"]
    assert [one.id for one in clip.groups] == ["shout"]
    after = done(before, paste(before, clip, dx=10, dy=20))
    assert [one.id for one in after.nodes[5:]] == ["b-2", "c-2", "g-2"]
    assert after.nodes[5].look == {"x": 110, "y": 20}
    assert edges(after) - edges(before) == {("c-2", "texts", ("b-2.text",))}
    assert after.groups == before.groups


def test_pasting_into_a_document_that_means_something_else_by_a_group() -> None:
    source = graph([node("g", "flow.group", {"group": "shout"})], groups=[SHOUT])
    into = Graph(groups=[*graph([], groups=[{"id": "shout", "name": "another"}]).groups])
    after = done(into, paste(into, copy(source, source, ["g"])))
    assert after.nodes[0].values == {"group": "shout-2"}
    assert [one.id for one in after.groups] == ["shout", "shout-2"]


def test_the_group_value_of_other_kinds_is_left_alone() -> None:
    source = graph([node("n", "text.join", {"group": "shout"})], groups=[SHOUT])
    assert copy(source, source, ["n"]).groups == []
    after = done(source, paste(source, Clip(nodes=[Node(id="n", kind="text.join", values={"group": "shout"})])))
    assert after.nodes[1].values == {"group": "shout"}
