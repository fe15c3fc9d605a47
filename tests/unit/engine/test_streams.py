"""Live streams (semantics, section 4): cases C12 to C15 and what belongs to them."""

import asyncio

import pytest

from comfytavern.engine.limits import Limits
from comfytavern.engine.runner import Cache, Runner
from comfytavern.engine.tokens import UpstreamError
from comfytavern.graph.document import Policy
from tests.unit.engine.world import ANY, Draw, Type, finish, inp, out, states

TEXT = [out("text", Type.STRING, stream=True)]
READS = [inp("text", Type.STRING, stream=True, required=True)]


@pytest.fixture
def seen(world):
    """What readers saw, by name; and kinds that stream."""
    got: dict[str, list] = {}
    made = {"n": 0, "ahead": 0}

    async def numbers(count):
        for k in range(count):
            made["n"] = k + 1
            made["ahead"] = max(made["ahead"], k + 1 - len(got.get("slow", ())))
            yield f"{k};"

    async def read(text, name, pause, limit):
        mine = got[name] = []
        async for chunk in text:
            mine.append(chunk)
            if limit and len(mine) >= limit:
                break
            if pause:
                await asyncio.sleep(0)
        return len(mine)

    world.node("s.numbers", numbers, outputs=TEXT)
    more = [inp("name", ANY, default="r"), inp("pause", ANY, default=False), inp("limit", ANY, default=0)]
    world.node("s.read", read, [*READS, *more])
    world.node("s.upper", lambda text: text.upper(), READS, TEXT, per_chunk=True)
    world.node("s.value", lambda text: text, [inp("text", Type.STRING, required=True)])
    world.got, world.made = got, made
    return got


async def test_c12_a_tee_is_ordered_and_the_slow_reader_holds_the_producer_back(world, seen):
    draw = Draw().n("p", "s.numbers", count=1000).n("fast", "s.read", name="fast").n("slow", "s.read", name="slow", pause=True)
    draw.w("p.text", "fast.text").w("p.text", "slow.text")
    runner = Runner(world, limits=Limits(chunks=16))
    run = runner.start(runner.compile(draw.graph()))
    tap = run.events()
    await anext(tap)  # a watcher that never reads again
    assert (await run.result()).state == "ok"
    assert seen["fast"] == seen["slow"] == [f"{k};" for k in range(1000)]
    assert world.made["ahead"] <= 18
    assert run.snapshot()["texts"]["p:text"]["text"] == "".join(seen["fast"])


async def test_c13_a_stream_and_its_gathered_value_do_not_deadlock_and_growth_is_logged_once(world, seen):
    async def both(text, whole):
        return len([chunk async for chunk in text]) + len(whole)

    world.node("s.both", both, [*READS, inp("whole", Type.STRING, required=True)])
    draw = Draw().n("p", "s.numbers", count=500).n("b", "s.both").w("p.text", "b.text").w("p.text", "b.whole")
    draw.n("out", "graph.output").gives("n").w("b.value", "out.n")
    runner = Runner(world)
    run = runner.start(runner.compile(draw.graph()))
    events = [event async for batch in run.events() for event in batch]
    result = await run.result()
    assert result.outputs == {"n": 500 + sum(len(f"{k};") for k in range(500))}
    assert len([event for event in events if type(event).__name__ == "NodeLog"]) == 1


async def test_c13_reading_one_tee_to_its_end_and_then_the_other_finishes(world, seen):
    async def one_after_the_other(first, second):
        return len([chunk async for chunk in first]), len([chunk async for chunk in second])

    two = [inp("first", Type.STRING, stream=True, required=True), inp("second", Type.STRING, stream=True, required=True)]
    world.node("s.both", one_after_the_other, two, [out("a", ANY), out("b", ANY)])
    draw = Draw().n("p", "s.numbers", count=1000).n("b", "s.both").w("p.text", "b.first").w("p.text", "b.second")
    draw.n("out", "graph.output").gives("a", "b").w("b.a", "out.a").w("b.b", "out.b")
    result, _ = await finish(world, draw.graph())
    assert result.outputs == {"a": 1000, "b": 1000}


async def test_c14_a_reader_that_leaves_early_does_not_disturb_another(world, seen):
    draw = Draw().n("p", "s.numbers", count=500).n("one", "s.read", name="one", limit=1).n("all", "s.read", name="all")
    result, snapshot = await finish(world, draw.w("p.text", "one.text").w("p.text", "all.text").graph())
    assert (len(seen["one"]), len(seen["all"])) == (1, 500)
    assert (result.state, states(snapshot)["p"]) == ("ok", "done")


@pytest.mark.parametrize("effect", ["pure", "effect"])
async def test_c14_when_the_last_reader_left_a_pure_producer_is_cut_and_an_effect_runs_on(world, seen, effect):
    closed = []

    async def endless(count):
        try:
            for k in range(count):
                world.made["n"] = k + 1
                await asyncio.sleep(0)
                yield f"{k};"
        finally:
            closed.append(True)

    world.node("s.source", endless, outputs=TEXT, effect=effect)
    draw = Draw().n("p", "s.source", count=300).n("one", "s.read", limit=1).w("p.text", "one.text")
    runner = Runner(world, cache=Cache())
    result, snapshot = await finish(world, draw.graph(), runner=runner)
    assert result.state == "ok"
    assert closed == [True]
    assert states(snapshot)["p"] == "done"
    assert snapshot["nodes"]["p"].get("cut", False) is (effect == "pure")
    assert (world.made["n"] == 300) is (effect == "effect")
    if effect == "pure":
        world.made["n"] = 0
        await finish(world, Draw().n("p", "s.source", count=300).n("r", "s.read").w("p.text", "r.text").graph(), runner=runner)
        assert world.made["n"] == 300, "a cut stream is not cached"


async def test_c15_an_error_in_mid_stream_arrives_after_the_chunks(world, seen):
    async def breaks(n):
        yield "a"
        yield "b"
        raise ValueError("torn")

    world.node("s.breaks", breaks, outputs=TEXT)
    draw = Draw().n("p", "s.breaks", n=0).n("r", "s.read", policy=Policy(retries=3, backoff_s=0)).n("v", "s.value")
    draw.w("p.text", "r.text").w("p.text", "v.text").n("out", "graph.output").gives("v").w("v.value", "out.v")
    result, snapshot = await finish(world, draw.graph())
    assert seen["r"] == ["a", "b"]
    assert snapshot["nodes"]["r"]["state"] == "failed"
    assert snapshot["nodes"]["r"]["reason"] == "upstream_error"
    assert snapshot["nodes"]["v"]["state"] == "skipped"
    assert result.outputs == {}
    assert [(error.path, error.message) for error in result.errors] == [("p", "torn")]
    assert snapshot["texts"]["p:text"]["text"] == "ab", "the partial text stays visible"


async def test_c15_a_reader_that_catches_may_finish(world, seen):
    async def breaks(n):
        yield "a"
        raise ValueError("torn")

    async def tolerant(text):
        got = []
        try:
            async for chunk in text:
                got.append(chunk)
        except UpstreamError as error:
            got.append(error.error.message)
        return got

    world.node("s.breaks", breaks, outputs=TEXT)
    world.node("s.tolerant", tolerant, READS)
    draw = (
        Draw().n("p", "s.breaks", n=0).n("r", "s.tolerant").w("p.text", "r.text").n("out", "graph.output").gives("r").w("r.value", "out.r")
    )
    result, _ = await finish(world, draw.graph())
    assert result.outputs == {"r": ["a", "torn"]}
    assert result.state == "failed"


async def test_a_stream_and_a_gathered_value_of_it_are_identical_for_three_readers_and_the_output(world, seen):
    draw = (
        Draw()
        .n("p", "s.numbers", count=10_000)
        .gives("text")
        .n("out", "graph.output")
        .w("p.text", "out.text")
        .n("v", "s.value")
        .w("p.text", "v.text")
    )
    for name in "abc":
        draw.n(name, "s.read", name=name, pause=name == "b").w("p.text", f"{name}.text")
    runner = Runner(world)
    run = runner.start(runner.compile(draw.graph()))
    told = ""
    async for batch in run.events():
        for event in batch:
            if type(event).__name__ == "TextDelta" and event.path == "p":
                assert event.offset == len(told)
                told += event.text
    result = await run.result()
    expected = "".join(f"{k};" for k in range(10_000))
    assert result.outputs["text"] == expected == told
    assert seen["a"] == seen["b"] == seen["c"] == [f"{k};" for k in range(10_000)]
    assert run.node("v")["inputs"]["text"] == expected


async def test_fusion_the_cache_and_streams_cannot_be_told_apart(world, seen):
    def graph(fused):
        draw = (
            Draw().n("p", "s.numbers", count=200).n("u", "s.upper", policy=Policy() if fused else Policy(retries=1)).w("p.text", "u.text")
        )
        draw.n("r", "s.read", name="r").w("u.text", "r.text").n("v", "s.value").w("u.text", "v.text")
        return draw.n("out", "graph.output").gives("v", "r").w("v.value", "out.v").w("r.value", "out.r").graph()

    plain, _ = await finish(world, graph(fused=False))
    fused, _ = await finish(world, graph(fused=True))
    runner = Runner(world, cache=Cache())
    first, _ = await finish(world, graph(fused=True), runner=runner)
    again, snapshot = await finish(world, graph(fused=True), runner=runner)
    assert plain.outputs == fused.outputs == first.outputs == again.outputs
    assert set(states(snapshot).values()) <= {"cached", "done"}
    world.got.clear()
    replayed, snapshot = await finish(
        world, Draw().n("p", "s.numbers", count=200).n("r", "s.read", name="z").w("p.text", "r.text").graph(), runner=runner
    )
    assert states(snapshot)["p"] == "cached"
    assert seen["z"] == ["".join(f"{k};" for k in range(200))], "text is replayed as one joined chunk"
    assert replayed.state == "ok"


async def test_a_stream_that_is_no_text_is_gathered_as_a_list_and_replayed_chunk_by_chunk(world, seen):
    async def dicts(n):
        for k in range(n):
            yield {"k": k}

    world.node("s.dicts", dicts, outputs=[out("items", Type.OBJECT, stream=True)])
    world.node("s.list", lambda items: items, [inp("items", Type.ARRAY, required=True)])

    async def count(items):
        return [item["k"] async for item in items]

    world.node("s.count", count, [inp("items", Type.OBJECT, stream=True, required=True)])
    runner = Runner(world, cache=Cache())
    draw = Draw().n("p", "s.dicts", n=3).n("l", "s.list").w("p.items", "l.items").n("c", "s.count").w("p.items", "c.items")
    graph = draw.n("out", "graph.output").gives("l", "c").w("l.value", "out.l").w("c.value", "out.c").graph()
    for _ in range(2):
        result, _ = await finish(world, graph, runner=runner)
        assert result.outputs == {"l": [{"k": 0}, {"k": 1}, {"k": 2}], "c": [0, 1, 2]}

    async def same(items):
        return [item["k"] async for item in items]

    world.node("s.same", same, [inp("items", Type.OBJECT, stream=True, required=True)])
    changed = Draw().n("p", "s.dicts", n=3).n("r", "s.same").w("p.items", "r.items").gives("c")
    result, snapshot = await finish(world, changed.n("out", "graph.output").w("r.value", "out.c").graph(), runner=runner)
    assert result.outputs == {"c": [0, 1, 2]}
    assert states(snapshot)["p"] == "cached"


async def test_a_value_into_a_stream_input_is_one_chunk(world, seen):
    draw = Draw().n("c", "t.const", value="abc").n("r", "s.read").w("c.value", "r.text").n("u", "s.upper").w("c.value", "u.text")
    result, _ = await finish(world, draw.n("out", "graph.output").gives("u").w("u.text", "out.u").graph())
    assert seen["r"] == ["abc"]
    assert result.outputs == {"u": "ABC"}


async def test_a_stream_is_retried_until_a_chunk_was_read_and_gatherers_get_a_reset(world, seen):
    attempts = []

    async def flaky(n):
        attempts.append(n)
        yield "x"
        await asyncio.sleep(0.05)
        if len(attempts) < 3:
            raise OSError("line cut")
        yield "y"

    world.node("s.flaky", flaky, outputs=TEXT)
    policy = Policy(retries=5, backoff_s=0)
    draw = (
        Draw()
        .n("p", "s.flaky", n=1, policy=policy)
        .n("v", "s.value")
        .w("p.text", "v.text")
        .n("out", "graph.output")
        .gives("v")
        .w("v.value", "out.v")
    )
    runner = Runner(world)
    run = runner.start(runner.compile(draw.graph()))
    kinds = [type(event).__name__ async for batch in run.events() for event in batch]
    result = await run.result()
    assert result.outputs == {"v": "xy"}
    assert len(attempts) == 3
    assert kinds.count("StreamReset") == 2
    assert run.snapshot()["texts"]["p:text"] == {"epoch": 2, "text": "xy"}
    attempts.clear()
    result, _ = await finish(world, Draw().n("p", "s.flaky", n=1, policy=policy).n("r", "s.read").w("p.text", "r.text").graph())
    assert result.state == "failed", "a live reader has read a chunk: the failure stands"
    assert len(attempts) == 1


async def test_a_big_chunk_counts_by_its_size(world, seen):
    ahead = [0]

    async def big(n):
        for k in range(n):
            ahead[0] = max(ahead[0], k - len(seen.get("slow", ())))
            yield "x" * 200_000

    world.node("s.big", big, outputs=TEXT)
    await finish(world, Draw().n("p", "s.big", n=20).n("r", "s.read", name="slow", pause=True).w("p.text", "r.text").graph())
    assert ahead[0] <= 3


async def test_a_fused_transform_that_fails_does_not_take_its_producer_along(world, seen):
    world.node("s.picky", lambda text: text if text != "3;" else 1 / 0, READS, TEXT, per_chunk=True)
    draw = Draw().n("p", "s.numbers", count=9).n("x", "s.picky").w("p.text", "x.text").n("r", "s.read", name="r").w("x.text", "r.text")
    draw.n("all", "s.read", name="all").w("p.text", "all.text")
    result, snapshot = await finish(world, draw.graph())
    assert seen["r"] == ["0;", "1;", "2;"]
    assert len(seen["all"]) == 9
    assert [error.path for error in result.errors] == ["x"]
    assert states(snapshot) == {"p": "done", "x": "failed", "r": "failed", "all": "done"}


async def test_a_stream_output_of_the_graph_is_gathered_and_a_stream_input_of_it_is_one_chunk(world, seen):
    draw = (
        Draw().takes(inp("text", Type.STRING, stream=True)).gives(out("all", Type.STRING, stream=True), out("up", Type.STRING, stream=True))
    )
    draw.n("in", "graph.input").n("p", "s.numbers", count=5).n("u", "s.upper").n("out", "graph.output")
    draw.w("in.text", "u.text").w("u.text", "out.up").w("p.text", "out.all")
    result, _ = await finish(world, draw.graph(), {"text": "abc"})
    assert result.outputs == {"all": "0;1;2;3;4;", "up": "ABC"}
    body = Draw("body").takes(inp("n", ANY)).gives(out("text", Type.STRING, stream=True)).n("in", "graph.input").n("p", "s.numbers")
    body.w("in.n", "p.count").n("out", "graph.output").w("p.text", "out.text")
    draw = Draw().n("m", "flow.map", group="body", n=[1, 2], mapped=["n"]).gives("y").n("out", "graph.output").w("m.text", "out.y")
    result, _ = await finish(world, draw.graph(body))
    assert result.outputs == {"y": ["0;", "0;1;"]}
