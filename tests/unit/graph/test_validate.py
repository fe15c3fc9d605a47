"""Validation returns every problem at once, with a code and a place."""

import time
from typing import Any

import pytest

from comfytavern.graph.document import DEPTH_MAX, EXPANDED_MAX, Graph, Node
from comfytavern.graph.problems import CODES, WARNINGS, problem
from comfytavern.graph.validate import runs, validate
from comfytavern.kernel.errors import NotFound, Problem
from tests.unit.graph.catalogue import KINDS, body, graph, node, port


def found(document: Graph, code: str | None = None, resolve: Any = None) -> list[Problem]:
    """Return the problems of a graph, of one code if given."""
    return [one for one in validate(document, KINDS, resolve) if code in (None, one.code)]


def codes(document: Graph, resolve: Any = None) -> list[str]:
    """Return the codes of a graph's problems."""
    return [one.code for one in found(document, resolve=resolve)]


def test_a_sound_graph_has_no_problems() -> None:
    document = graph(
        [node("a", "numbers.constant", {"value": 0}), node("b", "numbers.half"), node("c", "text.join")],
        "a.value > b.x",
        "b.y > c.texts",
        "b.odd > c.texts",
        "a.value > c.after",
    )
    assert codes(document) == []


def test_every_problem_is_returned_at_once() -> None:
    document = graph(
        [node("a", "who.knows"), node("b", "text.upper"), node("c", "text.upper", {"text": []}), node("c", "text.upper", {"text": ""})],
        "b.nothing > c.text",
        "b.text > c.nowhere",
        "gone.out > b.text",
    )
    assert sorted(codes(document)) == [
        "graph.dangling_wire",
        "graph.duplicate_id",
        "graph.unknown_input",
        "graph.unknown_kind",
        "graph.unknown_output",
    ]


def test_an_unknown_kind_does_not_make_its_wires_wrong() -> None:
    document = graph(
        [node("a", "text.upper", {"text": ""}), node("b", "who.knows"), node("c", "text.upper")], "a.text > b.x", "b.y > c.text"
    )
    [unknown] = found(document)
    assert (unknown.code, unknown.place, unknown.params) == ("graph.unknown_kind", {"node": "b"}, {"kind": "who.knows"})
    assert not runs([unknown])


@pytest.mark.parametrize("value", ["", "x", 0, 1.5, False])
def test_empty_zero_and_false_are_values(value: object) -> None:
    assert codes(graph([node("a", "text.upper", {"text": value})])) == []


def test_a_required_input_needs_a_wire_or_a_value() -> None:
    assert [one.place for one in found(graph([node("a", "text.upper")]), "graph.missing_input")] == [{"node": "a", "port": "text"}]
    assert codes(graph([node("a", "text.upper", {"text": None})])) == ["graph.missing_input"]


@pytest.mark.parametrize("more", [{"mode": "mute"}, {"mode": "bypass"}, {"pins": {"text": "x"}}])
def test_a_node_that_does_not_run_needs_no_inputs(more: dict[str, Any]) -> None:
    assert codes(graph([node("a", "text.upper", **more)])) == []


@pytest.mark.parametrize(
    ("kind_id", "values", "code"),
    [
        ("numbers.constant", {"value": "7"}, "graph.wrong_value"),
        ("numbers.constant", {"value": True}, "graph.wrong_value"),
        ("numbers.constant", {"value": 7.5}, "graph.wrong_value"),
        ("text.join", {"texts": ["a", 1, []]}, "graph.wrong_value"),
        ("text.join", {"txets": "a"}, "graph.unknown_value"),
        ("text.template", {"variables": "a"}, "graph.bad_setting"),
        ("text.template", {"variables": ["a", "a"]}, "graph.bad_dynamic_port"),
        ("text.template", {"variables": [{"id": "a", "type": "nothing"}]}, "graph.bad_dynamic_port"),
        ("text.template", {"variables": ["template"]}, "graph.bad_dynamic_port"),
        ("text.old", {}, "graph.kind_deprecated"),
    ],
)
def test_values_that_do_not_fit(kind_id: str, values: dict[str, Any], code: str) -> None:
    assert codes(graph([node("a", kind_id, values)])) == [code]


def test_the_value_of_a_wired_input_is_not_looked_at() -> None:
    document = graph([node("a", "numbers.constant"), node("b", "numbers.half", {"x": "old"})], "a.value > b.x")
    assert codes(document) == []


def test_inputs_of_another_mode_keep_their_values_but_take_no_wires() -> None:
    assert codes(graph([node("m", "numbers.math", {"mode": "add", "digits": 2})])) == []
    document = graph([node("c", "numbers.constant"), node("m", "numbers.math", {"mode": "round"})], "c.value > m.b")
    assert codes(document) == ["graph.unknown_input"]


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"mode": "sleep"}, "mode"),
        ({"kind_version": 0}, "kind_version"),
        ({"policy": {"retries": -1}}, "policy.retries"),
        ({"policy": {"on_error": "shrug"}}, "policy.on_error"),
        ({"policy": {"timeout_s": 0}}, "policy.timeout_s"),
        ({"policy": {"reuse": "always"}}, "policy.reuse"),
        ({"policy": {"on_error": "default", "defaults": {"text": []}}}, "policy.defaults.text"),
        ({"policy": {"on_error": "default", "defaults": {"nothing": 1}}}, "policy.defaults.nothing"),
    ],
)
def test_settings_out_of_their_range(more: dict[str, Any], place: str) -> None:
    assert [(one.code, one.place["field"]) for one in found(graph([node("a", "text.upper", {"text": ""}, **more)]))] == [
        ("graph.bad_setting", place)
    ]


def test_kind_versions_newer_and_older() -> None:
    newer, older = node("a", "text.upper", {"text": ""}, kind_version=3), node("b", "text.upper", {"text": ""}, kind_version=1)
    problems = found(graph([newer, older]))
    assert [(one.code, one.level) for one in problems] == [("graph.kind_newer", "error"), ("graph.kind_older", "warning")]


def test_pins_name_outputs_and_fit_them() -> None:
    assert codes(graph([node("a", "text.upper", pins={"text": 0, "nothing": 1})])) == ["graph.unknown_pin"]
    assert codes(graph([node("a", "text.upper", pins={"text": []})])) == ["graph.wrong_pin"]


def test_types_of_wires() -> None:
    document = graph(
        [
            node("s", "text.split", {"text": "a,b"}),
            node("u", "text.upper"),
            node("h", "numbers.half"),
            node("t", "text.upper", {"text": ""}),
        ],
        "s.list > u.text",
        "t.text > h.x",
    )
    assert [(one.code, one.place["wire"]) for one in found(document)] == [
        ("graph.list_into_one", "s.list>u.text"),
        ("graph.wire_type", "t.text>h.x"),
    ]


def test_each_maps_a_list_and_gives_a_list() -> None:
    each = {"id": "w", "source": ["s", "list"], "target": ["u", "text"], "each": True}
    nodes = [node("s", "text.split", {"text": "a,b"}), node("u", "text.upper"), node("v", "text.upper")]
    assert codes(graph(nodes, each, {**each, "id": "x", "source": ["u", "text"], "target": ["v", "text"]})) == []
    assert codes(graph(nodes, each, "u.text > v.text")) == ["graph.list_into_one"]
    assert codes(graph([node("t", "text.upper", {"text": ""}), nodes[1]], {**each, "source": ["t", "text"]})) == ["graph.each_of_one"]


def test_streams_and_values_meet() -> None:
    document = graph(
        [node("w", "text.words", {"text": ""}), node("u", "text.upper"), node("p", "text.speak"), node("q", "text.speak")],
        "w.word > u.text",
        "w.word > p.text",
        "u.text > q.text",
    )
    assert codes(document) == []


def test_one_wire_per_input_unless_it_takes_many() -> None:
    nodes = [node("a", "text.upper", {"text": ""}), node("b", "text.upper", {"text": ""}), node("j", "text.join")]
    assert codes(graph(nodes, "a.text > j.texts", "b.text > j.texts")) == []
    [several] = found(graph(nodes, "a.text > j.between", "b.text > j.between"))
    assert (several.code, several.place, several.params["count"]) == ("graph.several_wires", {"node": "j", "port": "between"}, 2)


def test_a_cycle_is_named() -> None:
    names = ["a", "b", "c"]
    document = graph([node(id, "text.upper") for id in names], "a.text > b.text", "b.text > c.text", "c.text > a.text")
    assert [one.params["cycle"] for one in found(document, "graph.cycle")] == [["a", "b", "c"]]


def test_error_is_an_output_only_where_the_policy_says_so() -> None:
    catch = node("c", "flow.catch")
    with_port = node("a", "text.upper", {"text": ""}, policy={"on_error": "port"})
    assert codes(graph([with_port, catch], "a.error > c.error")) == []
    assert codes(graph([node("a", "text.upper", {"text": ""}), catch], "a.error > c.error")) == ["graph.unknown_output"]


@pytest.mark.parametrize("id", ["", "a/b", "a[0]", "a:b", "a\n", "a" * 101])
def test_ids_that_cannot_stand_in_a_path(id: str) -> None:
    assert codes(graph([node(id, "text.upper", {"text": ""})])) == ["graph.bad_id"]


def test_ids_in_any_script() -> None:
    assert codes(graph([node("大写-1", "text.upper", {"text": ""})])) == []


def test_duplicate_ids_of_everything() -> None:
    document = graph(
        [node("a", "text.upper", {"text": ""}), node("j", "text.join")],
        {"id": "w", "source": ["a", "text"], "target": ["j", "texts"]},
        {"id": "w", "source": ["a", "text"], "target": ["j", "texts"]},
        frames=[{"id": "f"}, {"id": "f"}],
        groups=[{"id": "g"}, {"id": "g"}],
    )
    assert [one.params["what"] for one in found(document, "graph.duplicate_id")] == ["wire", "frame", "group"]


def test_frames_that_are_missing_or_contain_each_other() -> None:
    document = graph([node("a", "text.upper", {"text": ""}, frame="h")], frames=[{"id": "f", "frame": "g"}, {"id": "g", "frame": "f"}])
    assert [(one.code, one.params) for one in found(document)] == [
        ("graph.frame_missing", {"frame": "h"}),
        ("graph.frame_cycle", {"cycle": ["f", "g"]}),
    ]


def test_the_interface_of_a_graph() -> None:
    document = graph(
        [node("i", "graph.input"), node("u", "text.upper"), node("o", "graph.output"), node("p", "graph.output")],
        "i.question > u.text",
        "u.text > o.answer",
        "u.text > p.answer",
        inputs={"question": "string"},
        outputs={"answer": "string", "more": "string"},
    )
    assert [(one.code, one.level) for one in found(document)] == [("graph.output_twice", "error"), ("graph.output_unfed", "warning")]


def test_interface_ports_are_unique_and_their_defaults_fit() -> None:
    ports = [{"id": "a", "type": "integer", "default": "x"}, {"id": "a", "type": "string"}, {"id": "b:", "type": "string"}]
    document = graph([]).__class__(
        interface=graph([]).interface.__class__(inputs=[port(one["id"], one["type"], default=one.get("default")) for one in ports])
    )
    assert codes(document) == ["graph.wrong_value", "graph.bad_id", "graph.duplicate_id"]


SHOUT = {
    "id": "shout",
    **body(
        [node("i", "graph.input"), node("u", "text.upper"), node("o", "graph.output")],
        "i.text > u.text",
        "u.text > o.text",
        inputs={"text": "string"},
        outputs={"text": "string"},
    ),
}


def test_a_group_has_the_ports_of_its_interface() -> None:
    document = graph(
        [node("a", "text.upper", {"text": ""}), node("g", "flow.group", {"group": "shout"}), node("b", "text.upper")],
        "a.text > g.text",
        "g.text > b.text",
        groups=[SHOUT],
    )
    assert codes(document) == []


def test_groups_that_do_not_exist() -> None:
    nodes = [node("a", "flow.group"), node("b", "flow.group", {"group": "gone"}), node("c", "flow.map", {"workflow": "wfl_1"})]
    assert codes(graph(nodes)) == ["graph.group_unset", "graph.group_missing"]

    def nothing(workflow: str, version: int | None) -> Graph:
        raise NotFound("projects.no_workflow", f"{workflow} {version}")

    assert codes(graph(nodes), resolve=nothing) == ["graph.group_unset", "graph.group_missing", "graph.workflow_missing"]


def test_groups_that_contain_themselves() -> None:
    inner = [{"id": id, **body([node("n", "flow.group", {"group": other})])} for id, other in (("a", "b"), ("b", "a"), ("c", "c"))]
    document = graph([node("x", "flow.group", {"group": "a"})], groups=inner)
    assert [one.params["cycle"] for one in found(document, "graph.group_recursion")] == [["a", "b", "a"], ["c", "c"]]


def test_library_workflows_are_looked_into() -> None:
    library = {"wfl_1": graph([node("u", "text.upper")]), "wfl_2": graph([node("again", "flow.group", {"workflow": "wfl_2"})])}
    document = graph([node("a", "flow.group", {"workflow": "wfl_1", "version": 3}), node("b", "flow.group", {"workflow": "wfl_2"})])
    problems = found(document, resolve=lambda workflow, _version: library[workflow])
    assert [(one.code, one.place["graph"]) for one in problems] == [
        ("graph.missing_input", "workflow:wfl_1@3"),
        ("graph.group_recursion", "workflow:wfl_2@newest"),
    ]


def chain(length: int, width: int) -> list[dict[str, Any]]:
    """Return groups that each use the next `width` times."""
    users = [[node(f"n{place}", "flow.group", {"group": f"g{index + 1}"}) for place in range(width)] for index in range(length)]
    return [{"id": f"g{index}", **body(nodes)} for index, nodes in enumerate(users)] + [{"id": f"g{length}", **body([])}]


def test_groups_too_deep_in_each_other() -> None:
    ends = [Node(id="x", kind="flow.group", values={"group": "g0"})]
    for length, expected in ((DEPTH_MAX - 1, []), (DEPTH_MAX, ["graph.too_deep"])):
        groups = [one for part in chain(length, 1) for one in graph([], groups=[part]).groups]
        assert codes(Graph(nodes=ends, groups=groups)) == expected


def test_a_small_document_may_not_unfold_into_a_huge_one() -> None:
    document = graph([node("x", "flow.group", {"group": "g0"})], groups=chain(8, 10))
    [bomb] = found(document)
    assert bomb.code == "graph.too_many_expanded"
    assert bomb.params["limit"] == EXPANDED_MAX


def test_map_takes_lists_and_gives_lists() -> None:
    nodes = [
        node("s", "text.split", {"text": ""}),
        node("m", "flow.map", {"group": "shout"}),
        node("u", "text.upper"),
        node("v", "text.upper"),
    ]
    assert codes(graph(nodes[:2], "s.list > m.text", groups=[SHOUT])) == []
    assert codes(graph(nodes[:3], "s.list > m.text", "m.text > u.text", groups=[SHOUT])) == ["graph.list_into_one"]
    assert codes(graph([nodes[1]], groups=[SHOUT])) == ["graph.map_over_nothing"]
    explicit = node("m", "flow.map", {"group": "shout", "mapped": ["text"]})
    assert codes(graph([node("v", "text.upper", {"text": ""}), explicit], "v.text > m.text", groups=[SHOUT])) == ["graph.wire_type"]
    assert codes(graph([node("w", "text.words", {"text": ""}), explicit], "w.word > m.text", groups=[SHOUT])) == []


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ({"mapped": ["nothing", "text"]}, "graph.no_such_inner_input"),
        ({"mapped": ["text"], "concurrency": 0}, "graph.bad_setting"),
        ({"mapped": ["text"], "on_item_error": "shrug"}, "graph.bad_setting"),
        ({"mapped": ["text"], "keep_gaps": 1}, "graph.bad_setting"),
    ],
)
def test_settings_of_map(setting: dict[str, Any], code: str) -> None:
    assert codes(graph([node("m", "flow.map", {"group": "shout", "text": [], **setting})], groups=[SHOUT])) == [code]


ROUND = {
    "id": "round",
    **body(
        [node("i", "graph.input"), node("h", "numbers.half"), node("t", "text.split", {"text": ""}), node("o", "graph.output")],
        "i.x > h.x",
        "h.y > o.y",
        "h.odd > o.odd",
        "t.list > o.list",
        inputs={"x": "float", "index": "integer"},
        outputs={"y": "float", "odd": "boolean", "list": "array"},
    ),
}
GOOD_LOOP = {"group": "round", "x": 8, "carried": [{"input": "x", "output": "y"}], "while": "odd", "collect": ["y"], "stream": ["y"]}


def test_a_loop_gives_its_last_state_and_what_it_collects() -> None:
    nodes = [node("l", "flow.loop", GOOD_LOOP), node("h", "numbers.half"), node("j", "text.join"), node("d", "flow.switch")]
    assert codes(graph(nodes, "l.y > h.x", "l.iterations > j.texts", "l.collect.y > d.value", groups=[ROUND])) == []
    assert codes(graph(nodes[:2], "l.collect.y > h.x", groups=[ROUND])) == ["graph.list_into_one"]


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ({"carried": [{"input": "x", "output": "list"}]}, "graph.carried_type"),
        ({"carried": [{"input": "z", "output": "y"}]}, "graph.no_such_inner_input"),
        ({"carried": [{"input": "x", "output": "z"}]}, "graph.no_such_inner_output"),
        ({"carried": [{"input": "x", "output": "y"}] * 2}, "graph.carried_twice"),
        ({"carried": ["x"]}, "graph.bad_setting"),
        ({"while": "y"}, "graph.while_type"),
        ({"while": "z"}, "graph.no_such_inner_output"),
        ({"while": None}, "graph.bad_setting"),
        ({"max_iterations": 0}, "graph.bad_setting"),
        ({"test": "during"}, "graph.bad_setting"),
        ({"on_limit": "shrug"}, "graph.bad_setting"),
        ({"collect": "y"}, "graph.bad_setting"),
        ({"stream": ["z"]}, "graph.no_such_inner_output"),
    ],
)
def test_settings_of_loop(setting: dict[str, Any], code: str) -> None:
    assert code in codes(graph([node("l", "flow.loop", {**GOOD_LOOP, **setting})], groups=[ROUND]))


@pytest.mark.parametrize("version", ["3", 0, True, 1.5])
def test_the_version_of_a_library_workflow_is_a_number(version: object) -> None:
    document = graph([node("g", "flow.group", {"workflow": "wfl_1", "version": version})])
    assert codes(document, resolve=lambda _workflow, _version: graph([])) == ["graph.bad_setting"]


def test_a_loop_that_stops_at_its_limit_needs_no_condition() -> None:
    assert codes(graph([node("l", "flow.loop", {**GOOD_LOOP, "while": None, "on_limit": "stop"})], groups=[ROUND])) == []


def test_an_inner_input_may_not_be_called_like_a_setting() -> None:
    group = {"id": "g", **body([], inputs={"group": "string"})}
    assert codes(graph([node("n", "flow.group", {"group": "g"})], groups=[group])) == ["graph.reserved_port"]


def test_frames_and_looks_never_matter() -> None:
    plain = graph([node("a", "text.upper")])
    framed = graph([node("a", "text.upper", frame="f", look={"x": "anything"})], frames=[{"id": "f"}])
    assert codes(plain) == codes(framed)


def test_a_graph_with_only_warnings_runs() -> None:
    assert runs([problem(code, **dict.fromkeys(["kind", "version", "known", "instead", "port"], "x")) for code in sorted(WARNINGS)])


def test_every_sentence_is_one() -> None:
    assert all(sentence[0].isupper() or sentence.startswith("{") for sentence in CODES.values())
    assert all(code.startswith("graph.") for code in CODES)


@pytest.mark.slow
def test_twenty_thousand_nodes_are_validated_in_no_time() -> None:
    nodes = [Node(id=f"n{index}", kind="text.join", values={"between": "-"}) for index in range(20_000)]
    wires = graph([], *({"id": f"w{i}", "source": [f"n{i}", "text"], "target": [f"n{i + 1}", "texts"]} for i in range(19_999))).wires
    started = time.process_time()
    assert codes(Graph(nodes=nodes, wires=wires)) == []
    assert time.process_time() - started < 3
