"""A run that is cut after any record of its journal and resumed ends like one that was never interrupted."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comfytavern.engine.log import Ended, Intent, MemoryLog, decode, encode
from comfytavern.engine.runner import Runner
from comfytavern.graph.document import Graph, Policy
from comfytavern.graph.types import Type
from tests.unit.engine.world import ANY, Draw, World, inp, out

pytestmark = pytest.mark.slow


def world() -> World:
    made = World()

    async def add(x, by):
        await asyncio.sleep(0)
        return x + by

    async def count(n):
        for k in range(n):
            yield f"{k},"

    made.node("r.add", lambda x, by: made.calls.append(f"add{x}+{by}") or x + by, [inp("x", ANY, required=True), inp("by", ANY, default=1)])
    made.node("r.task", add, [inp("x", ANY, required=True), inp("by", ANY, default=10)], effect="nondet")
    made.node("r.effect", add, [inp("x", ANY, required=True), inp("by", ANY, default=0)], effect="effect")
    made.node("r.boom", lambda x: 1 // 0, [inp("x", ANY, required=True)])
    made.node("r.count", count, [inp("n", ANY, required=True)], [out("text", Type.STRING, stream=True)])
    made.node(
        "r.up",
        lambda text: text.upper(),
        [inp("text", Type.STRING, stream=True, required=True)],
        [out("text", Type.STRING, stream=True)],
        per_chunk=True,
    )
    made.node("r.less", lambda x: x < 3, [inp("x", ANY, required=True)], [out("value", Type.BOOLEAN)])
    made.node(
        "r.if", lambda x: (x, made.dead) if x % 2 else (made.dead, x), [inp("x", ANY, required=True)], [out("odd", ANY), out("even", ANY)]
    )
    from comfytavern.nodes.kit import DEAD

    made.dead = DEAD
    return made


def graph(start: int) -> Graph:
    """Everything at once: branches, an error that is handled, an effect, a stream, a loop, a map."""
    step = Draw("step").takes(inp("x", Type.INTEGER)).gives(out("x", Type.INTEGER), out("go", Type.BOOLEAN)).n("in", "graph.input")
    step.n("a", "r.add").n("l", "r.less").n("out", "graph.output").w("in.x", "a.x").w("a.value", "l.x").w("a.value", "out.x").w(
        "l.value", "out.go"
    )
    each = (
        Draw("each")
        .takes(inp("x", ANY))
        .gives("y")
        .n("in", "graph.input")
        .n("t", "r.task")
        .n("out", "graph.output")
        .w("in.x", "t.x")
        .w("t.value", "out.y")
    )
    draw = Draw().n("a", "r.add", x=start).n("b", "r.task").n("if", "r.if").w("a.value", "b.x").w("b.value", "if.x")
    draw.n("odd", "r.add").n("even", "r.task").w("if.odd", "odd.x").w("if.even", "even.x").n(
        "e", "r.boom", policy=Policy(on_error="port")
    ).w("b.value", "e.x")
    draw.n("pay", "r.effect", policy=Policy(on_unknown="retry")).w("b.value", "pay.x").n("s", "r.count", n=5).n("u", "r.up").w(
        "s.text", "u.text"
    )
    draw.n("loop", "flow.loop", group="step", x=0, carried=[{"input": "x", "output": "x"}], **{"while": "go"})
    draw.n("map", "flow.map", group="each", x=[1, 2, 3], mapped=["x"]).n("out", "graph.output")
    for name, source in {
        "odd": "odd.value",
        "even": "even.value",
        "pay": "pay.value",
        "text": "u.text",
        "loop": "loop.x",
        "map": "map.y",
        "error": "e.error",
    }.items():
        draw.gives(name).w(source, f"out.{name}")
    return draw.graph(step, each)


async def outcome(runner: Runner, plan: Any, **more: Any) -> tuple[str, dict[str, Any], list[Any]]:
    run = runner.start(plan, **more)
    result = await asyncio.wait_for(run.result(), 20)
    snapshot = run.snapshot()["nodes"]
    ends = {path: (node["state"], node.get("outputs"), node.get("reason")) for path, node in snapshot.items() if "[" not in path}
    return result.state, result.outputs, sorted(ends.items(), key=str)


@settings(max_examples=60, deadline=None)
@given(start=st.integers(0, 5), data=st.data())
def test_resume_after_any_record_equals_an_uninterrupted_run(start: int, data: st.DataObject) -> None:
    async def check() -> None:
        log, runner = MemoryLog(), Runner(world())
        plan = runner.compile(graph(start))
        whole = await outcome(runner, plan, run_id="r", log=log)
        records = await log.read("r")
        assert isinstance(records[-1], Ended)
        cut = data.draw(st.integers(1, len(records)), label="records that were written before the kill")
        kept = [decode(encode(record)) for record in records[:cut]]
        other = Runner(world())
        again = await outcome(other, other.compile(graph(start)), run_id="r", log=MemoryLog(), resume=kept)
        assert again == whole

    asyncio.run(check())


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_finished_nodes_are_not_repeated(data: st.DataObject) -> None:
    async def check() -> None:
        first = world()
        log, runner = MemoryLog(), Runner(first)
        plan = runner.compile(graph(1))
        await outcome(runner, plan, run_id="r", log=log)
        records = await log.read("r")
        cut = data.draw(st.integers(1, len(records)))
        second = world()
        other = Runner(second)
        resumed = MemoryLog()
        await outcome(other, other.compile(graph(1)), run_id="r", log=resumed, resume=records[:cut])
        done = {record.path for record in records[:cut] if getattr(record, "state", "") == "done"}
        redone = {record.path for record in await resumed.read("r") if isinstance(record, Intent) or getattr(record, "state", "") == "done"}
        assert not (done & redone) - {"out"} - {path for path in done if path.endswith(("/out", "/in"))}

    asyncio.run(check())
