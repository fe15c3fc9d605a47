"""Whatever the edits: taking them back gives the same bytes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comfytavern.graph.clip import copy, paste
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
    SetInterface,
    SetNode,
    SetValue,
    SetWire,
    UnsetValue,
    apply,
)
from comfytavern.graph.grouping import group_selection
from comfytavern.graph.ungrouping import ungroup
from comfytavern.kernel.errors import Failure
from tests.properties.test_graph_document import JSON
from tests.unit.graph.catalogue import KINDS, body, graph, node, port

pytestmark = pytest.mark.slow

IDS = st.sampled_from([f"n{index}" for index in range(7)])
WIRES = st.sampled_from([f"w{index}" for index in range(9)])
FRAMES = st.sampled_from(["f0", "f1", "f2"])
GROUPS = st.sampled_from(["g0", "g1"])
BODIES = st.just("") | GROUPS
INDEX = st.none() | st.integers(-1, 9)
ENDS = st.builds(End, IDS, st.sampled_from(["text", "texts", "after"]))

EDITS: st.SearchStrategy[Edit] = st.one_of(
    st.builds(AddNode, body=BODIES, node=st.builds(Node, id=IDS, kind=st.just("text.join"), frame=st.none() | FRAMES), index=INDEX),
    st.builds(RemoveNodes, body=BODIES, ids=st.lists(IDS, max_size=3)),
    st.builds(MoveNodes, body=BODIES, looks=st.dictionaries(IDS, st.fixed_dictionaries({"x": st.none() | st.integers()}), max_size=3)),
    st.builds(SetValue, body=BODIES, node=IDS, port=st.sampled_from("pq"), value=JSON),
    st.builds(UnsetValue, body=BODIES, node=IDS, port=st.sampled_from("pq")),
    st.builds(SetNode, body=BODIES, node=IDS, members=st.fixed_dictionaries({"name": st.text(max_size=2), "frame": st.none() | FRAMES})),
    st.builds(AddWire, body=BODIES, wire=st.builds(Wire, id=WIRES, source=ENDS, target=ENDS), many=st.booleans(), index=INDEX),
    st.builds(RemoveWires, body=BODIES, ids=st.lists(WIRES, max_size=2)),
    st.builds(MoveWire, body=BODIES, wire=WIRES, before=st.none() | WIRES),
    st.builds(SetWire, body=BODIES, wire=WIRES, members=st.fixed_dictionaries({"each": st.booleans()})),
    st.builds(
        SetInterface, body=BODIES, interface=st.builds(Interface, inputs=st.lists(st.builds(port, st.sampled_from("pq")), max_size=2))
    ),
    st.builds(AddFrame, body=BODIES, frame=st.builds(Frame, id=FRAMES, frame=st.none() | FRAMES), index=INDEX),
    st.builds(RemoveFrames, body=BODIES, ids=st.lists(FRAMES, max_size=2, unique=True)),
    st.builds(AddGroup, group=st.builds(Group, id=GROUPS)),
    st.builds(RemoveGroup, group=GROUPS),
)


def start() -> Graph:
    """Return a graph with something of everything."""
    inner = {"id": "g0", **body([node("n0", "text.join"), node("n1", "text.join")], "n0.text > n1.texts")}
    nodes = [node(f"n{index}", "text.join", frame="f0" if index < 2 else None) for index in range(4)]
    return graph(nodes, "n0.text > n1.texts", "n1.text > n2.texts", "n0.text > n2.texts", frames=[{"id": "f0"}], groups=[inner])


def performed(edits: list[Edit]) -> tuple[Graph, list[tuple[Graph, Edit]]]:
    """Apply those edits that fit, one by one; return the last graph, and each earlier one with the edit that leads back to it."""
    now, back = start(), []
    for edit in edits:
        try:
            after, undo = apply(now, edit)
        except Failure:
            continue
        back.append((now, undo))
        now = after
    return now, back


@settings(max_examples=200, deadline=None)
@given(st.lists(EDITS, max_size=12))
def test_taking_edits_back_one_by_one_is_exact(edits: list[Edit]) -> None:
    now, back = performed(edits)
    for before, undo in reversed(back):
        now, redo = apply(now, undo)
        assert encode(now) == encode(before)
        assert encode(apply(apply(now, redo)[0], undo)[0]) == encode(before)
    assert encode(now) == encode(start())


@settings(max_examples=150, deadline=None)
@given(st.lists(EDITS, max_size=8))
def test_a_batch_is_taken_back_as_one(edits: list[Edit]) -> None:
    before = start()
    try:
        after, undo = apply(before, Batch(edits=edits))
    except Failure:
        assert encode(before) == encode(start())
    else:
        assert encode(apply(after, undo)[0]) == encode(before)


PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)).filter(lambda pair: pair[0] < pair[1]), max_size=12, unique=True)


def edges(document: Graph) -> dict[tuple[str, str], list[str]]:
    """Return the sources of each input in order."""
    at: dict[tuple[str, str], list[str]] = {}
    for wire in document.wires:
        at.setdefault((wire.target.node, wire.target.port), []).append(f"{wire.source.node}.{wire.source.port}")
    return at


@settings(max_examples=150, deadline=None)
@given(PAIRS, st.sets(IDS, min_size=1))
def test_grouping_and_ungrouping_give_back_every_wire_in_order(pairs: list[tuple[int, int]], selection: set[str]) -> None:
    before = graph([node(f"n{index}", "text.join") for index in range(7)], *(f"n{a}.text > n{b}.texts" for a, b in pairs))
    try:
        edit, stands_for = group_selection(before, selection, KINDS)
    except Failure as failure:
        assert failure.code == "graph.edit_circle"
        return
    grouped, undo = apply(before, edit)
    assert encode(apply(grouped, undo)[0]) == encode(before)
    after, _ = apply(grouped, ungroup(grouped, stands_for.id, KINDS))
    assert edges(after) == edges(before)
    assert {one.id for one in after.nodes} == {one.id for one in before.nodes}


@settings(max_examples=100, deadline=None)
@given(PAIRS, st.sets(IDS))
def test_a_pasted_copy_has_the_wires_of_its_original(pairs: list[tuple[int, int]], selection: set[str]) -> None:
    before = graph([node(f"n{index}", "text.join") for index in range(7)], *(f"n{a}.text > n{b}.texts" for a, b in pairs))
    clip = copy(before, before, selection)
    after, undo = apply(before, paste(before, clip))
    assert len(after.nodes) == len(before.nodes) + len(selection)
    copied = edges(Graph(wires=clip.wires)).items()
    pasted = {(f"{id}-2", name): [one.replace(".", "-2.") for one in sources] for (id, name), sources in copied}
    assert edges(after) == {**edges(before), **pasted}
    assert encode(apply(after, undo)[0]) == encode(before)
