"""The cache, early cut-off, partial runs (semantics, section 8): cases C16 to C18, C22."""

import asyncio

import pytest

from comfytavern.engine.runner import Cache, Runner
from comfytavern.graph.document import Policy
from comfytavern.kernel.errors import Invalid, NotFound
from tests.unit.engine.world import ANY, Draw, Type, finish, inp, out, states


@pytest.fixture
def runner(world):
    return Runner(world, cache=Cache())


def branches(leaf=0, look=0):
    draw = Draw()
    for b in range(10):
        before = ""
        for k in range(100):
            name = f"b{b}n{k}"
            start = {"x": leaf if b == 3 else b} if not before else {}
            draw.n(name, "t.tag", name=name, look={"x": look}, **start)
            if before:
                draw.w(f"{before}.value", f"{name}.x")
            before = name
        draw.w(f"{before}.value", "join.items")
    return draw.n("join", "t.join").graph()


async def test_c16_only_what_an_edit_changes_is_executed(world, runner):
    await finish(world, branches(), runner=runner)
    assert len(world.calls) == 1001
    world.calls.clear()
    _, snapshot = await finish(world, branches(), runner=runner)
    assert world.calls == []
    assert states(snapshot) == {"join": "cached"}, "what is behind a known result is not even looked at"
    await finish(world, branches(look=77), runner=runner)
    assert world.calls == []
    _, snapshot = await finish(world, branches(leaf=1), runner=runner)
    assert len(world.calls) == 101
    assert sum(state == "cached" for state in states(snapshot).values()) == 9
    assert len(states(snapshot)) == 110


async def test_c17_an_unchanged_result_stops_the_wave(world, runner):
    def graph(text):
        draw = Draw().n("leaf", "t.tag", name="leaf", x=0).n("u", "t.upper", text=text)
        before = "u.value"
        for k in range(50):
            draw.n(f"n{k}", "t.tag", name=f"n{k}").w(before, f"n{k}.x")
            before = f"n{k}.value"
        return draw.graph()

    world.node("t.upper", lambda text: world.note("upper", text.upper()))
    await finish(world, graph("a"), runner=runner)
    world.calls.clear()
    _, snapshot = await finish(world, graph("A"), runner=runner)
    assert world.calls == ["upper"]
    assert sum(state == "cached" for state in states(snapshot).values()) == 51
    world.calls.clear()
    _, snapshot = await finish(world, graph("A"), runner=runner)
    assert (world.calls, len(states(snapshot))) == ([], 2), "the second time the recipe is known too"


async def test_c18_unseeded_models_by_api_in_the_editor_and_again(world, runner):
    texts = iter(["one", "one", "two", "two", "three"])

    async def model(prompt):
        world.note("model")
        return next(texts)

    world.node("t.model", model, effect="nondet")
    draw = Draw().n("m", "t.model", prompt="p").n("d", "t.tag", name="d").w("m.value", "d.x")
    graph = draw.n("out", "graph.output").gives("d").w("d.value", "out.d").graph()
    for _ in range(2):
        await finish(world, graph, runner=runner)
    assert world.calls.count("model") == 2
    assert world.calls.count("d") == 1, "the second text equalled the first"
    world.calls.clear()
    for _ in range(2):
        await finish(world, graph, runner=runner, targets=["d"], reuse="session", session="tab")
    assert world.calls == ["model", "d"]
    world.calls.clear()
    _, snapshot = await finish(world, graph, runner=runner, reuse="session", session="tab", again=True)
    assert world.calls == ["model"], "again the same text: the dependent stays cached"
    assert states(snapshot)["d"] == "cached"
    await finish(world, graph, runner=runner, reuse="session", session="other tab")
    assert world.calls.count("model") == 2


async def test_c18_a_ttl_runs_out(world, runner, monkeypatch):
    world.node("t.clock", lambda: world.note("clock", 1), [], effect="nondet")
    graph = Draw().n("c", "t.clock", policy=Policy(reuse="ttl", ttl_s=60)).graph()
    for _ in range(2):
        await finish(world, graph, runner=runner)
    assert world.calls == ["clock"]
    from comfytavern.engine import cache

    later = cache.monotonic() + 61
    monkeypatch.setattr(cache, "monotonic", lambda: later)
    await finish(world, graph, runner=runner)
    assert world.calls == ["clock", "clock"]


async def test_c22_run_to_a_node_leaves_the_rest_idle(world, runner):
    draw = Draw().n("a", "t.tag", name="a", x=1).n("x", "t.tag", name="x").w("a.value", "x.x").n("s", "t.save").w("a.value", "s.text")
    draw.n("behind", "t.tag", name="behind").w("x.value", "behind.x")
    result, snapshot = await finish(world, draw.graph(), targets=["x"])
    assert result.state == "ok"
    assert states(snapshot) == {"a": "done", "x": "done"}
    assert world.calls == ["a", "x"]
    with pytest.raises(NotFound):
        await finish(world, draw.graph(), targets=["nobody"])


async def test_run_from_executes_the_node_and_what_is_behind_it(world, runner):
    draw = Draw().n("a", "t.tag", name="a", x=1).n("b", "t.tag", name="b").n("c", "t.tag", name="c").w("a.value", "b.x").w("b.value", "c.x")
    await finish(world, draw.graph(), runner=runner)
    world.calls.clear()
    await finish(world, draw.graph(), runner=runner, run_from="b")
    assert world.calls == ["b", "c"]


async def test_run_only_needs_known_ancestors_and_lists_what_is_missing(world, runner):
    draw = Draw().takes(inp("q", ANY)).n("in", "graph.input").n("a", "t.tag", name="a").n("b", "t.tag", name="b").n("c", "t.tag", name="c")
    draw.w("in.q", "a.x").w("a.value", "b.x").w("b.value", "c.x")
    with pytest.raises(Invalid) as failure:
        await finish(world, draw.graph(), {"q": 1}, runner=runner, only="c")
    assert failure.value.code == "engine.missing"
    assert failure.value.params["nodes"] == ["a", "b"]
    await finish(world, draw.graph(), {"q": 1}, runner=runner, targets=["b"])
    world.calls.clear()
    await finish(world, draw.graph(), {"q": 1}, runner=runner, only="c")
    assert world.calls == ["c"]
    await finish(world, draw.graph(), {"q": 1}, runner=runner, only="c")
    assert world.calls == ["c", "c"], "the node itself is executed whatever is known"


async def test_a_pin_counts_as_cached_and_nothing_before_it_runs(world, runner):
    draw = Draw().n("a", "t.tag", name="a", x=1).n("b", "t.tag", name="b", pins={"value": "pinned"}).n("c", "t.tag", name="c")
    draw.w("a.value", "b.x").w("b.value", "c.x").n("out", "graph.output").gives("c").w("c.value", "out.c")
    result, snapshot = await finish(world, draw.graph(), runner=runner)
    assert result.outputs == {"c": "c(pinned)"}
    assert world.calls == ["c"]
    assert states(snapshot)["b"] == "cached"


async def test_effects_are_never_reused(world, runner):
    for _ in range(2):
        await finish(world, Draw().n("s", "t.save", text="x").graph(), runner=runner)
    assert world.calls == ["save", "save"]


async def test_users_do_not_see_each_others_results(world, runner):
    graph = Draw().n("a", "t.tag", name="a", x=1).graph()
    for owner in ("ada", "bob", "ada"):
        await finish(world, graph, runner=runner, owner=owner)
    assert world.calls == ["a", "a"]


async def test_equal_pure_nodes_in_flight_are_executed_once_even_across_runs(world, runner):
    async def slow(x):
        world.note("slow")
        await asyncio.sleep(0.02)
        return x

    world.node("t.slow", slow)
    graph = (
        Draw()
        .n("a", "t.slow", x=1)
        .n("b", "t.slow", x=1)
        .n("out", "graph.output")
        .gives("a", "b")
        .w("a.value", "out.a")
        .w("b.value", "out.b")
        .graph()
    )
    plan = runner.compile(graph)
    runs = [runner.start(plan) for _ in range(3)]
    results = [await run.result() for run in runs]
    assert [result.outputs for result in results] == [{"a": 1, "b": 1}] * 3
    assert world.calls == ["slow"]
    assert not runner.cache.in_flight


async def test_who_waits_for_an_equal_node_executes_itself_when_that_one_is_cancelled(world, runner):
    async def slow(x):
        world.note("slow")
        await asyncio.sleep(0.03)
        return x

    world.node("t.slow", slow)
    plan = runner.compile(Draw().n("a", "t.slow", x=1).graph())
    first, second = runner.start(plan), runner.start(plan)
    await asyncio.sleep(0.01)
    first.cancel()
    assert (await first.result()).state == "cancelled"
    assert (await second.result()).state == "ok"
    assert world.calls == ["slow", "slow"]


async def test_true_one_and_one_point_zero_are_different_values(world, runner):
    world.node("t.type", lambda x: type(x).__name__)
    for value, name in ((1, "int"), (True, "bool"), (1.0, "float"), ("1", "str")):
        draw = (
            Draw()
            .n("c", "t.const", value=value)
            .n("t", "t.type")
            .w("c.value", "t.x")
            .n("out", "graph.output")
            .gives("t")
            .w("t.value", "out.t")
        )
        result, _ = await finish(world, draw.graph(), runner=runner)
        assert result.outputs == {"t": name}


async def test_big_and_strange_values_are_handled(world, runner):
    class Strange:
        pass

    world.node("t.big", lambda n: [{"k": k} for k in range(n)])
    world.node("t.strange", lambda n: Strange())
    world.node("t.size", lambda x: world.note("size", len(x) if isinstance(x, list) else 0))
    draw = (
        Draw()
        .n("b", "t.big", n=20_000)
        .n("s", "t.size")
        .w("b.value", "s.x")
        .n("o", "t.strange", n=1)
        .n("so", "t.size")
        .w("o.value", "so.x")
    )
    for _ in range(2):
        result, _ = await finish(world, draw.graph(), runner=runner)
        assert result.state == "ok"
    assert world.calls.count("size") <= 3


async def test_the_cache_stays_within_its_budget_and_keeps_what_was_dear(world):
    runner = Runner(world, cache=Cache(bytes_max=400_000))

    async def dear(k):
        await asyncio.sleep(0.01)
        return "d" * 1000

    world.node("t.dear", dear)
    world.node("t.cheap", lambda k: "c" * 1000)
    draw = Draw()
    for k in range(600):
        draw.n(f"c{k}", "t.cheap", k=k)
    for k in range(10):
        draw.n(f"d{k}", "t.dear", k=k)
    await finish(world, draw.graph(), runner=runner)
    assert runner.cache.size <= 440_000
    _, snapshot = await finish(world, draw.graph(), runner=runner)
    assert all(states(snapshot)[f"d{k}"] == "cached" for k in range(10))


async def test_errors_and_dead_branches_are_not_mistaken_for_results(world, runner):
    draw = Draw().n("if", "t.if", c=True, v=1).n("o", "t.tag", name="o").w("if.f", "o.x").n("e", "t.boom")
    for _ in range(2):
        _, snapshot = await finish(world, draw.graph(), runner=runner)
        assert states(snapshot)["o"] == "skipped"
        assert states(snapshot)["e"] == "failed"


async def test_what_a_kind_declares_about_its_environment_is_part_of_the_key(world, runner):
    version = ["v1"]
    world.node("t.file", lambda name: world.note("file", version[0]), environment=lambda values: f"{values['name']}@{version[0]}")
    graph = Draw().n("f", "t.file", name="m").n("out", "graph.output").gives("f").w("f.value", "out.f").graph()
    for expected in ("v1", "v1", "v2"):
        version[0] = expected
        result, _ = await finish(world, graph, runner=runner)
        assert result.outputs == {"f": expected}
    assert world.calls == ["file", "file"]


async def test_a_cosmetic_input_does_not_count(world, runner):
    world.node(
        "t.title",
        lambda x, title: world.note("title", x),
        [inp("x", ANY), inp("title", ANY, default="", cosmetic=True)],
        [out("value", ANY)],
    )
    for title in ("a", "b"):
        await finish(world, Draw().n("t", "t.title", x=1, title=title).graph(), runner=runner)
    assert world.calls == ["title"]


async def test_an_edit_of_values_is_compiled_from_the_plan_before_it(world, runner):
    def graph(x, name="b"):
        draw = Draw().n("a", "t.tag", name="a", x=x).n("b", "t.tag", name=name).w("a.value", "b.x")
        return draw.n("out", "graph.output").gives("b").w("b.value", "out.b").graph()

    first = runner.compile(graph(1))
    edited = runner.compile(graph(2, "c"), base=first)
    assert edited.succ is first.succ, "what is the same is shared"
    assert edited.hash == runner.compile(graph(2, "c")).hash != first.hash
    for plan, expected in ((first, "b(a(1))"), (edited, "c(a(2))"), (first, "b(a(1))")):
        run = runner.start(plan)
        assert (await run.result()).outputs == {"b": expected}
    assert world.calls == ["a", "b", "a", "c"]
    world.node("t.int", lambda x: x, [inp("x", Type.INTEGER, required=True)])
    with pytest.raises(Invalid):
        runner.compile(Draw().n("i", "t.int", x="text").graph(), base=runner.compile(Draw().n("i", "t.int", x=1).graph()))


async def test_a_partial_run_asks_before_it_repeats_an_effect_of_this_session(world, runner):
    draw = Draw().n("s", "t.save", text="mail").n("x", "t.tag", name="x").w("s.value", "x.x").n("y", "t.tag", name="y").w("x.value", "y.x")
    plan = runner.compile(draw.graph())
    more = {"reuse": "session", "session": "tab"}
    await runner.start(plan, **more).result()
    assert world.calls == ["save", "x", "y"]
    for action, calls in (("result", ["y"]), ("retry", ["save", "y"])):
        world.calls.clear()
        run = runner.start(plan, run_from="y", **more)
        async for batch in run.events():
            if any(getattr(event, "state", "") == "waiting" for event in batch):
                break
        assert run.snapshot()["nodes"]["s"]["state"] == "unknown"
        assert run.snapshot()["nodes"]["s"]["done_before"] is True
        run.resolve_unknown("s", action)
        assert (await run.result()).state == "ok"
        assert world.calls == calls
    world.calls.clear()
    assert (await runner.start(plan, targets=["s"], **more).result()).state == "ok"
    assert world.calls == ["save"], "who asks for the effect itself gets it"
    assert (await runner.start(plan, **more).result()).state == "ok"
    assert world.calls == ["save", "save"], "a whole run does not ask"


async def test_after_a_cancel_nothing_new_starts_even_if_a_node_ends_well(world, runner):
    async def stubborn(x):
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            return "kept going"

    world.node("t.stubborn", stubborn)
    run = runner.start(runner.compile(Draw().n("a", "t.stubborn", x=1).n("b", "t.tag", name="b").w("a.value", "b.x").graph()))
    await asyncio.sleep(0.01)
    run.cancel()
    assert (await run.result()).state == "cancelled"
    assert world.calls == []
