"""Groups, Loop, Map, Call (semantics, section 5): cases C19, C20."""

import asyncio
import time

import pytest

from comfytavern.engine.runner import Cache, Runner
from comfytavern.kernel.errors import Invalid, NotFound
from tests.unit.engine.world import ANY, Draw, Type, finish, inp, out, states

BOOL = out("again", Type.BOOLEAN)


def counting(**values):
    body = Draw("body").takes(inp("x", Type.INTEGER), inp("index", Type.INTEGER)).gives(out("next", Type.INTEGER), BOOL, out("at", ANY))
    body.n("in", "graph.input").n("add", "t.inc").n("less", "t.less", limit=values.pop("limit", 3)).n("apart", "t.tag", name="apart", x=0)
    body.n("at", "t.const").n("out", "graph.output").w("in.x", "add.x").w("add.value", "less.x").w("add.value", "out.next")
    body.w("less.value", "out.again").w("in.index", "at.value").w("at.value", "out.at")
    draw = Draw().n("loop", "flow.loop", group="body", carried=[{"input": "x", "output": "next"}], **{"while": "again"}, **values)
    draw.gives("x", "all", "n").n("out", "graph.output").w("loop.next", "out.x").w("loop.iterations", "out.n")
    if "collect" in values:
        draw.w("loop.collect.next", "out.all")
    return draw, body


@pytest.fixture(autouse=True)
def numbers(world):
    world.node("t.inc", lambda x: world.note("inc", x + 1), [inp("x", Type.INTEGER, required=True)], [out("value", Type.INTEGER)])
    world.node("t.less", lambda x, limit: x < limit, [inp("x", ANY, required=True), inp("limit", ANY)], [out("value", Type.BOOLEAN)])


async def test_c19_a_loop_carries_collects_and_counts(world):
    draw, body = counting(x=0, max_iterations=5, collect=["next"])
    runner = Runner(world, cache=Cache())
    result, snapshot = await finish(world, draw.graph(body), runner=runner)
    assert result.outputs == {"x": 3, "all": [1, 2, 3], "n": 3}
    assert world.calls.count("apart") == 1, "a pure node that is not wired to the state runs once"
    assert [states(snapshot)[f"loop[{k}]/apart"] for k in range(3)] == ["done", "cached", "cached"]


async def test_c19_the_limit_is_an_error_with_the_last_state_or_a_normal_end(world):
    draw, body = counting(x=-9, max_iterations=5)
    result, _ = await finish(world, draw.graph(body))
    assert [(error.type, error.params["state"]) for error in result.errors] == [("LoopLimit", {"x": -4})]
    draw, body = counting(x=-9, max_iterations=5, on_limit="stop")
    result, snapshot = await finish(world, draw.graph(body))
    assert (result.state, result.outputs["x"]) == ("ok", -4)
    assert snapshot["nodes"]["loop"]["limited"] is True


async def test_c19_a_pre_test_runs_nothing_but_the_condition_first(world):
    body = Draw("body").takes(inp("x", Type.INTEGER)).gives(out("next", Type.INTEGER), BOOL).n("in", "graph.input").n("add", "t.inc")
    body.n("less", "t.less", limit=3).n("out", "graph.output").w("in.x", "add.x").w("in.x", "less.x").w("add.value", "out.next").w(
        "less.value", "out.again"
    )
    for start, calls, end in ((0, 3, 3), (7, 0, 7)):
        world.calls.clear()
        values = {
            "group": "body",
            "carried": [{"input": "x", "output": "next"}],
            "while": "again",
            "test": "pre",
            "x": start,
            "max_iterations": 9,
        }
        draw = Draw().n("loop", "flow.loop", **values).gives("x").n("out", "graph.output").w("loop.next", "out.x")
        result, _ = await finish(world, draw.graph(body))
        assert result.outputs == {"x": end}
        assert world.calls.count("inc") == calls


async def test_c19_a_dead_next_keeps_the_old_value_and_a_dead_condition_ends_the_loop(world):
    body = Draw("body").takes(inp("x", Type.INTEGER)).gives(out("next", ANY), BOOL).n("in", "graph.input").n("if", "t.if", c=False)
    body.n("out", "graph.output").w("in.x", "if.v").w("if.t", "out.next").n("less", "t.less", limit=3).w("if.t", "less.x").w(
        "less.value", "out.again"
    )
    values = {"group": "body", "carried": [{"input": "x", "output": "next"}], "while": "again", "x": 5}
    draw = (
        Draw()
        .n("loop", "flow.loop", **values)
        .gives("x", "n")
        .n("out", "graph.output")
        .w("loop.next", "out.x")
        .w("loop.iterations", "out.n")
    )
    result, _ = await finish(world, draw.graph(body))
    assert result.outputs == {"x": 5, "n": 1}


async def test_c19_a_loop_streams_its_iterations_live(world):
    seen = []

    async def read(items):
        async for item in items:
            seen.append((item, world.calls.count("inc")))

    world.node("t.read", read, [inp("items", Type.INTEGER, stream=True, required=True)])
    draw, body = counting(x=0, max_iterations=5, stream=["next"])
    draw.n("r", "t.read").w("loop.stream.next", "r.items")
    result, _ = await finish(world, draw.graph(body))
    assert [item for item, _ in seen] == [1, 2, 3]
    assert result.state == "ok"


async def test_c19_loops_nest(world):
    _, body = counting(x=0, max_iterations=5)
    outer = (
        Draw("outer").takes(inp("x", Type.INTEGER)).gives(out("next", Type.INTEGER), BOOL).n("in", "graph.input").n("out", "graph.output")
    )
    values = {"group": "body", "carried": [{"input": "x", "output": "next"}], "while": "again"}
    outer.n("inner", "flow.loop", **values).w("in.x", "inner.x").n("reset", "t.less", limit=6).n("plus", "t.inc").w("inner.next", "plus.x")
    outer.w("plus.value", "reset.x").w("plus.value", "out.next").w("reset.value", "out.again")
    top = Draw().n("o", "flow.loop", **{**values, "group": "outer"}, x=0).gives("x").n("out", "graph.output").w("o.next", "out.x")
    result, snapshot = await finish(world, top.graph(body, outer))
    assert result.outputs == {"x": 6}
    assert states(snapshot)["o[0]/inner[2]/add"] == "done"


def mapping(**values):
    body = Draw("body").takes(inp("x", ANY), inp("k", ANY)).gives("y").n("in", "graph.input").n("f", "t.item").n("out", "graph.output")
    body.w("in.x", "f.x").w("f.value", "out.y")
    draw = Draw().n("map", "flow.map", group="body", **values).gives("y", "errors").n("out", "graph.output")
    return draw.w("map.y", "out.y").w("map.errors", "out.errors"), body


@pytest.fixture
def items(world):
    world.running = world.most = 0

    async def item(x):
        world.note(f"item{x}")
        world.running += 1
        world.most = max(world.most, world.running)
        try:
            if x == 2:  # Long before the others, also where the clock stands still for a while.
                await asyncio.sleep(0.001)
                raise ValueError("two")
            await asyncio.sleep(0.02 * (5 - x))
            return x * 10
        finally:
            world.running -= 1

    world.node("t.item", item)


async def test_c20_an_item_that_fails_fails_the_map_and_cancels_the_others(world, items):
    draw, body = mapping(x=[0, 1, 2, 3, 0, 0], mapped=["x"], concurrency=3)
    result, snapshot = await finish(world, draw.graph(body))
    assert result.state == "failed"
    assert [error.path for error in result.errors] == ["map[2]/f"]
    assert "cancelled" in states(snapshot).values()
    assert states(snapshot)["map"] == "failed"


async def test_c20_failed_items_are_dropped_or_collected(world, items):
    draw, body = mapping(x=[0, 1, 2, 3], mapped=["x"], concurrency=2, on_item_error="drop")
    result, _ = await finish(world, draw.graph(body))
    assert (result.state, result.outputs) == ("ok", {"y": [0, 10, 30], "errors": []})
    assert world.most == 2
    draw, body = mapping(x=[0, 1, 2, 3], mapped=["x"], on_item_error="collect")
    result, _ = await finish(world, draw.graph(body))
    assert result.outputs["y"] == [0, 10, None, 30]
    assert [(error["index"], error["error"]["path"]) for error in result.outputs["errors"]] == [(2, "map[2]/f")]
    assert result.state == "ok"


async def test_c20_a_dead_item_is_left_out_or_leaves_a_gap(world):
    world.node("t.item", lambda x: x if x % 2 else world.dead)
    from comfytavern.nodes.kit import DEAD

    world.dead = DEAD
    draw, body = mapping(x=[1, 2, 3, 4], mapped=["x"])
    assert (await finish(world, draw.graph(body)))[0].outputs["y"] == [1, 3]
    draw, body = mapping(x=[1, 2, 3, 4], mapped=["x"], keep_gaps=True)
    assert (await finish(world, draw.graph(body)))[0].outputs["y"] == [1, None, 3, None]


async def test_c20_an_empty_list_runs_nothing_and_unequal_lists_are_refused(world, items):
    draw, body = mapping(x=[], mapped=["x"])
    result, _ = await finish(world, draw.graph(body))
    assert result.outputs == {"y": [], "errors": []}
    draw, body = mapping(x=[1, 2], k=[1, 2, 3], mapped=["x", "k"])
    result, _ = await finish(world, draw.graph(body))
    assert [error.type for error in result.errors] == ["LengthMismatch"]
    assert world.calls == []


async def test_c20_other_inputs_are_the_same_for_every_item(world):
    body = Draw("body").takes(inp("x", ANY), inp("by", ANY)).gives("y").n("in", "graph.input").n("a", "t.add").n("out", "graph.output")
    body.w("in.x", "a.x").w("in.by", "a.by").w("a.value", "out.y")
    draw = Draw().n("map", "flow.map", group="body", x=[1, 2], by=100, mapped=["x"]).gives("y").n("out", "graph.output").w("map.y", "out.y")
    assert (await finish(world, draw.graph(body)))[0].outputs == {"y": [101, 102]}


async def test_c20_a_stream_is_mapped_chunk_by_chunk_in_order_as_it_comes(world):
    got = []

    async def source(n):
        for k in range(n):
            yield k
            await asyncio.sleep(0.01)

    async def item(x):
        await asyncio.sleep(0.02 if x == 0 else 0)
        return x * 10

    async def read(items):
        async for one in items:
            got.append((one, time.perf_counter()))

    world.node("s.source", source, outputs=[out("items", Type.INTEGER, stream=True)])
    world.node("t.item", item)
    world.node("s.read", read, [inp("items", ANY, stream=True, required=True)])
    draw, body = mapping(mapped=["x"])
    draw.n("s", "s.source", n=8).w("s.items", "map.x").n("r", "s.read").w("map.y", "r.items")
    result, _ = await finish(world, draw.graph(body))
    assert [one for one, _ in got] == [0, 10, 20, 30, 40, 50, 60, 70]
    assert got[-1][1] - got[0][1] > 0.02, "items come while the stream goes on"
    assert result.outputs["y"] == [0, 10, 20, 30, 40, 50, 60, 70]


async def test_c20_each_on_a_wire_maps_one_node(world):
    draw = (
        Draw()
        .n("c", "t.list")
        .n("a", "t.add", by=5)
        .w("c.value", "a.x", each=True)
        .gives("y")
        .n("out", "graph.output")
        .w("a.value", "out.y")
    )
    world.node("t.list", lambda: [1, 2, 3], [], [out("value", Type.ARRAY)])
    result, _ = await finish(world, draw.graph())
    assert result.outputs == {"y": [6, 7, 8]}


async def test_maps_in_maps_in_groups(world):
    inner = (
        Draw("inner")
        .takes(inp("x", ANY))
        .gives("y")
        .n("in", "graph.input")
        .n("a", "t.add", by=1)
        .n("out", "graph.output")
        .w("in.x", "a.x")
        .w("a.value", "out.y")
    )
    outer = (
        Draw("outer")
        .takes(inp("xs", ANY))
        .gives("ys")
        .n("in", "graph.input")
        .n("m", "flow.map", group="inner", mapped=["x"])
        .n("out", "graph.output")
    )
    outer.w("in.xs", "m.x").w("m.y", "out.ys")
    group = (
        Draw("group")
        .takes(inp("xss", ANY))
        .gives("yss")
        .n("in", "graph.input")
        .n("m", "flow.map", group="outer", mapped=["xs"])
        .n("out", "graph.output")
    )
    group.w("in.xss", "m.xs").w("m.ys", "out.yss")
    draw = Draw().n("g", "flow.group", group="group", xss=[[1, 2], [], [3]]).gives("y").n("out", "graph.output").w("g.yss", "out.y")
    result, snapshot = await finish(world, draw.graph(inner, outer, group))
    assert result.outputs == {"y": [[2, 3], [], [4]]}
    assert states(snapshot)["g/m[0]/m[1]/a"] == "done"


async def test_a_group_is_its_body_pasted_in_place(world):
    body = Draw("g").takes(inp("x", ANY), inp("unused", ANY)).gives("y", "z").n("in", "graph.input").n("out", "graph.output")
    body.n("a", "t.tag", name="a").w("in.x", "a.x").w("a.value", "out.y").n("z", "t.tag", name="z").w("in.unused", "z.x").w(
        "z.value", "out.z"
    )
    outer = (
        Draw("o").takes(inp("x", ANY)).gives("y").n("in", "graph.input").n("g", "flow.group", group="g", unused=7).n("out", "graph.output")
    )
    outer.w("in.x", "g.x").w("g.y", "out.y")
    draw = Draw().takes(inp("q", ANY)).gives("a", "b", "c").n("in", "graph.input").n("out", "graph.output")
    draw.n("one", "flow.group", group="o").n("two", "flow.group", group="o").n("three", "flow.group", group="g", x="typed", unused="u")
    draw.w("in.q", "one.x").w("one.y", "two.x").w("two.y", "out.a").w("three.y", "out.b").w("three.z", "out.c")
    result, snapshot = await finish(world, draw.graph(body, outer), {"q": 1})
    assert result.outputs == {"a": "a(a(1))", "b": "a(typed)", "c": "z(u)"}
    assert states(snapshot)["two/g/a"] == "done"


async def test_streams_cross_groups_live_and_the_dead_and_the_error_cross_them_too(world):
    async def source(n):
        yield "a"
        yield "b"

    reads, gives = [inp("text", Type.STRING, stream=True, required=True)], [out("text", Type.STRING, stream=True)]
    got = []

    async def read(text):
        got.extend([chunk async for chunk in text])

    world.node("s.source", source, outputs=gives)
    world.node("s.up", lambda text: text.upper(), reads, gives, per_chunk=True)
    world.node("s.read", read, reads)
    body = Draw("g").takes(inp("text", Type.STRING, stream=True), inp("x", ANY)).gives(out("text", Type.STRING, stream=True), "y")
    body.n("in", "graph.input").n("u", "s.up").n("t", "t.tag", name="t").n("out", "graph.output").w("in.text", "u.text").w(
        "u.text", "out.text"
    )
    body.w("in.x", "t.x").w("t.value", "out.y")
    draw = Draw().n("s", "s.source", n=1).n("g", "flow.group", group="g").n("r", "s.read").w("s.text", "g.text").w("g.text", "r.text")
    draw.n("if", "t.if", c=True, v=1).w("if.f", "g.x").n("out", "graph.output").gives("y").w("g.y", "out.y")
    result, snapshot = await finish(world, draw.graph(body))
    assert got == ["A", "B"]
    assert states(snapshot)["g/t"] == "skipped"
    assert (result.state, result.outputs) == ("ok", {})


async def test_library_groups_and_calls_resolve_workflows_and_recursion_is_refused(world):
    library = Draw().takes(inp("x", ANY, default=1)).gives("y").n("in", "graph.input").n("a", "t.tag", name="lib").n("out", "graph.output")
    library.w("in.x", "a.x").w("a.value", "out.y")
    selfish = (
        Draw()
        .takes(inp("x", ANY, default=1))
        .gives("y")
        .n("c", "flow.call", workflow="selfish")
        .n("out", "graph.output")
        .w("c.outputs", "out.y")
    )

    def resolve(id, version):
        known = {"lib": library.graph(), "selfish": selfish.graph()}
        if id not in known:
            raise NotFound("workflow.unknown", "There is no such workflow.")
        return known[id]

    runner = Runner(world)
    draw = Draw().n("g", "flow.group", workflow="lib", x=2).n("c", "flow.call", workflow="lib", inputs={"x": 3}).gives("g", "c")
    draw.n("out", "graph.output").w("g.y", "out.g").w("c.outputs", "out.c")
    run = runner.start(runner.compile(draw.graph(), resolve))
    result = await run.result()
    assert result.outputs == {"g": "lib(2)", "c": {"y": "lib(3)"}}
    assert states(run.snapshot())["c/a"] == "done"
    result = await runner.start(runner.compile(selfish.graph(), resolve)).result()
    assert [error.type for error in result.errors] == ["CallDepth"]


async def test_wrong_inputs_and_wrong_graphs_are_refused_with_every_problem(world):
    runner = Runner(world)
    plan = runner.compile(
        Draw().takes(inp("a", Type.INTEGER, required=True), inp("b", Type.INTEGER, required=True)).n("in", "graph.input").graph()
    )
    with pytest.raises(Invalid) as failure:
        runner.start(plan, {"a": "not a number", "c": 1})
    assert {problem.code for problem in failure.value.problems} == {"engine.input_type", "engine.input_missing", "engine.input_unknown"}
    with pytest.raises(Invalid) as failure:
        runner.compile(Draw().n("a", "t.add").n("b", "t.add").w("a.value", "b.x").w("b.value", "a.x").n("u", "no.such").graph())
    assert failure.value.code == "graph.invalid"
    assert len(failure.value.problems) >= 2


async def test_a_map_that_handles_its_failure_leaves_no_root_cause_behind(world):
    from comfytavern.graph.document import Policy

    body = Draw("body").takes(inp("x", ANY)).gives("y").n("in", "graph.input").n("e", "t.boom").n("f", "t.boom").n("out", "graph.output")
    body.w("in.x", "e.x").w("in.x", "f.x").w("e.value", "out.y")
    draw = Draw().n("m", "flow.map", group="body", x=[1, 2], mapped=["x"], policy=Policy(on_error="port")).gives("error")
    result, _ = await finish(world, draw.n("out", "graph.output").w("m.error", "out.error").graph(body))
    assert result.state == "ok"
    assert result.outputs["error"]["path"] == "m[0]/e"
    draw = Draw().n("m", "flow.map", group="body", x=[1, 2], mapped=["x"], concurrency=1)
    result, _ = await finish(world, draw.graph(body))
    assert sorted(error.path for error in result.errors) == ["m[0]/e", "m[0]/f"]
