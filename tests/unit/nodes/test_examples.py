"""Every example is valid, laid out tidily, and runs on the demo model, in every language."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from comfytavern.graph.codec import decode
from comfytavern.graph.document import Body, Graph, Node
from comfytavern.graph.kinds import Control
from comfytavern.graph.ports import Ports, all_ports
from comfytavern.graph.validate import validate
from comfytavern.nodes.examples import Example, graph_in, load
from comfytavern.nodes.registry import Catalogue
from comfytavern.testing.workbench import OWNER, Workbench, workbench

CATALOGUE = Catalogue.built_in()
LANGUAGES = ["en", "zh-CN"]
HEADER, ROW, PAD, LINE, WIDTH, FIELDS_MAX, OUTPUTS_MAX, PREVIEW = 34, 26, 6, 17, 248, 6, 3, 96
TALL = {"textarea", "code"}
"""The measures of the canvas (web/src/lib/graph/geometry.ts)."""


def every() -> Any:
    return pytest.mark.parametrize("example", load(), ids=lambda example: example.id)


@pytest.fixture
async def bench() -> AsyncIterator[Workbench]:
    async with workbench() as made:
        yield made


def height(node: Node, ports: Ports, body: Body) -> float:
    kind = CATALOGUE.get(node.kind)
    assert kind is not None
    if kind.control is Control.NOTE:
        return node.look["height"]
    wired = {wire.target.port for wire in body.wires if wire.target.node == node.id}
    fields = [port for port in ports.inputs if port.widget and port.id not in wired]
    slots = [port for port in ports.inputs if port not in fields and (port.handle or port.id in wired)]
    used = {wire.source.port for wire in body.wires if wire.source.node == node.id}
    outputs = [port for index, port in enumerate(ports.outputs) if index < OUTPUTS_MAX or port.id in used]
    plain = [port for port in fields if port.id in node.values or port.required or port.handle or port.default not in (None, "", [])]
    shown = plain[:FIELDS_MAX]
    more = len(shown) < len(fields) or len(outputs) < len(ports.outputs)
    total = HEADER + 2 * PAD + ROW * max(len(slots), len(outputs)) + (ROW - 4) * more
    for port in shown:
        assert port.widget is not None
        total += 2 + (27 + LINE * lines_of(node.values.get(port.id, port.default), port.widget.rows) if port.widget.kind in TALL else ROW)
    shows = kind.family == "debug" or kind.control is Control.OUTPUT or any(port.stream for port in ports.outputs)
    return total + (PREVIEW + PAD) * shows


def lines_of(value: object, rows: int) -> int:
    text = value if isinstance(value, str) else ""
    lines = sum(max(1, -(-len(line) // 30)) for line in text.split("\n"))
    return min(5, max(min(2, rows), lines))


def boxes(body: Body, graph: Graph) -> dict[str, tuple[float, float, float, float]]:
    ports = all_ports(body, graph, CATALOGUE)
    found = {}
    for node in body.nodes:
        x, y, width = node.look["x"], node.look["y"], node.look.get("width", WIDTH)
        found[node.id] = (x, y, x + width, y + height(node, ports[node.id], body))
    return found


@every()
@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_a_valid_document(example: Example, language: str) -> None:
    graph = decode(graph_in(example, language))
    assert validate(graph, CATALOGUE) == []
    assert example.nodes >= 3


@every()
def test_it_is_explained_in_both_languages(example: Example) -> None:
    graph, chinese = decode(example.graph), decode(graph_in(example, "zh-CN"))
    assert any(node.kind == "graph.note" for node in graph.nodes)
    assert graph.frames
    for body, other in zip((graph, *graph.groups), (chinese, *chinese.groups), strict=True):
        for port, translated in zip(
            (*body.interface.inputs, *body.interface.outputs), (*other.interface.inputs, *other.interface.outputs), strict=True
        ):
            assert port.description
            assert port.title != translated.title
        for one, its in zip((*body.nodes, *body.frames), (*other.nodes, *other.frames), strict=True):
            assert not one.name or one.name != its.name
        for node, its in zip(body.nodes, other.nodes, strict=True):
            for id in {"text", "template", "system", "title"} & node.values.keys():
                assert node.values[id] != its.values[id], f"{node.id}.{id}"


@every()
def test_nothing_lies_on_anything_else(example: Example) -> None:
    graph = decode(example.graph)
    for body in (graph, *graph.groups):
        placed = boxes(body, graph)
        for (a, one), (b, other) in itertools.combinations(placed.items(), 2):
            apart = one[2] + 16 <= other[0] or other[2] + 16 <= one[0] or one[3] + 16 <= other[1] or other[3] + 16 <= one[1]
            assert apart, f"{a} and {b}"
        for frame in body.frames:
            left, top = frame.look["x"], frame.look["y"]
            right, bottom = left + frame.look["width"], top + frame.look["height"]
            for id, (l, t, r, b) in placed.items():
                inside = l >= left and t >= top and r <= right and b <= bottom
                outside = r <= left or l >= right or b <= top or t >= bottom
                assert inside if next(node for node in body.nodes if node.id == id).frame == frame.id else outside, f"{id} and {frame.id}"


@every()
@pytest.mark.parametrize("language", LANGUAGES)
async def test_it_runs_on_the_demo_model(example: Example, language: str, bench: Workbench) -> None:
    run = bench.start(graph_in(example, language))
    async for batch in run.events():
        for event in map(msgspec.to_builtins, batch):
            if event["kind"] == "wait":
                await run.answer(event["token"], {"approved": True, "comment": ""})
    result = await asyncio.wait_for(run.result(), 20)
    assert result.errors == []
    assert result.state == "ok"
    assert all(value not in (None, "", []) for value in result.outputs.values())
    assert result.outputs.keys() == {port["id"] for port in example.graph["interface"]["outputs"]}


def named(id: str) -> dict[str, Any]:
    return next(example.graph for example in load() if example.id == id)


async def test_a_long_question_takes_the_other_way(bench: Workbench) -> None:
    for question, ran, skipped in ("What is tea?", "quick", "thorough"), ("Why " * 30, "thorough", "quick"):
        run = bench.start(named("branch"), {"question": question})
        assert (await run.result()).state == "ok"
        nodes = run.snapshot()["nodes"]
        assert (nodes[ran]["state"], nodes[skipped]["state"], nodes[skipped]["reason"]) == ("done", "skipped", "branch")


async def test_the_map_keeps_the_order_and_asks_for_every_line(bench: Workbench) -> None:
    result = await bench.run(named("map"), {"topics": "one\ntwo\nthree"})
    parts = result.outputs["text"].split("\n\n")
    assert [word in part for word, part in zip(["one", "two", "three"], parts, strict=True)] == [True] * 3


async def test_the_loop_ends_when_the_judge_is_content(bench: Workbench) -> None:
    result = await bench.run(named("refine"), {"goal": 7})
    scores = result.outputs["scores"]
    assert len(scores) == result.outputs["rounds"] > 1
    assert scores == sorted(scores)
    assert scores[-1] >= 7 > scores[-2]
    stopped = await bench.run(named("refine"), {"goal": 10, "draft": "x"})
    assert stopped.outputs["rounds"] <= 6


async def test_sentences_are_the_text_cut(bench: Workbench) -> None:
    result = await bench.run(named("sentences"))
    assert result.outputs["sentences"] == result.outputs["text"]
    assert result.outputs["count"] > 1


async def test_nothing_is_sent_before_somebody_says_yes(bench: Workbench) -> None:
    for approved in (False, True):
        run = bench.start(named("approval"))
        async for batch in run.events():
            for event in map(msgspec.to_builtins, batch):
                if event["kind"] == "wait":
                    assert [entry.uri for entry in await bench.library.list("user://", owner=OWNER)] == []
                    assert run.snapshot()["nodes"]["words"]["state"] == "done"
                    await run.answer(event["token"], {"approved": approved, "comment": "Not now."})
        result = await run.result()
        assert result.state == "ok"
        sent = [entry.uri for entry in await bench.library.list("user://", owner=OWNER)]
        assert sent == (["user://letters"] if approved else [])
        assert ("Not now." in result.outputs["result"]) is not approved
