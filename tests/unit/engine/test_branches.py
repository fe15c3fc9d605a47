"""Dead branches, errors as tokens, joins (semantics, sections 2 and 6): cases C01 to C06, C08, C09."""

from comfytavern.engine.implementation import ErrorValue
from comfytavern.graph.document import Policy
from tests.unit.engine.world import ANY, Draw, finish, inp, out, states


def two_ways(c):
    return Draw().n("if", "t.if", c=c, v="q").n("a", "t.tag", name="A").n("b", "t.tag", name="B").w("if.t", "a.x").w("if.f", "b.x")


async def test_c01_merge_takes_the_live_branch(world):
    draw = two_ways(True).n("m", "t.merge").n("out", "graph.output").gives("m")
    draw.w("a.value", "m.values").w("b.value", "m.values").w("m.value", "out.m")
    result, seen = await finish(world, draw.graph())
    assert (result.state, result.outputs) == ("ok", {"m": "A(q)"})
    assert states(seen)["b"] == "skipped"
    assert seen["nodes"]["b"]["reason"] == "branch"
    assert world.calls == ["if", "A"]


async def test_c02_a_dead_required_input_skips_the_node_and_its_output_is_absent(world):
    draw = two_ways(True).n("j", "t.two").w("a.value", "j.a").w("b.value", "j.b").n("out", "graph.output").gives("j", "a")
    draw.w("j.value", "out.j").w("a.value", "out.a")
    result, seen = await finish(world, draw.graph())
    assert result.state == "ok"
    assert result.outputs == {"a": "A(q)"}
    assert seen["nodes"]["j"] == {"state": "skipped", "ms": None, "reason": "branch"}
    assert "two" not in world.calls


async def test_c03_a_dead_optional_input_takes_its_default(world):
    world.node("t.prompt", lambda text, hint: f"{text} {hint}", [inp("text", ANY, required=True), inp("hint", ANY, default="–")])
    draw = two_ways(True).n("p", "t.prompt").w("a.value", "p.text").w("b.value", "p.hint").n("out", "graph.output").gives("p")
    result, _ = await finish(world, draw.w("p.value", "out.p").graph())
    assert result.outputs == {"p": "A(q) –"}


async def test_c03_what_was_typed_into_the_optional_input_beats_its_default(world):
    world.node("t.prompt", lambda text, hint: f"{text} {hint}", [inp("text", ANY, required=True), inp("hint", ANY, default="–")])
    draw = two_ways(True).n("p", "t.prompt", hint="typed").w("a.value", "p.text").w("b.value", "p.hint").n("out", "graph.output").gives("p")
    result, _ = await finish(world, draw.w("p.value", "out.p").graph())
    assert result.outputs == {"p": "A(q) typed"}


async def test_c04_a_node_whose_only_wire_is_dead_is_skipped_even_if_the_input_is_optional(world):
    result, seen = await finish(world, two_ways(True).n("s", "t.save").w("b.value", "s.text").graph())
    assert result.state == "ok"
    assert states(seen)["s"] == "skipped"
    assert "save" not in world.calls


async def test_c05_an_if_on_a_dead_path_is_never_evaluated(world):
    draw = Draw().n("o", "t.if", c=True, v=1).n("i", "t.if", c=True).w("o.f", "i.v")
    draw.n("x", "t.tag", name="X").n("y", "t.tag", name="Y").w("i.t", "x.x").w("i.f", "y.x")
    draw.n("im", "t.merge").w("x.value", "im.values").w("y.value", "im.values")
    draw.n("om", "t.merge").w("im.value", "om.values").w("o.t", "om.values").n("out", "graph.output").gives("v").w("om.value", "out.v")
    result, seen = await finish(world, draw.graph())
    assert result.outputs == {"v": 1}
    assert world.calls == ["if"]
    assert states(seen)["im"] == "skipped"


async def test_c06_an_uneven_diamond_joins_once_in_wire_order(world):
    draw = Draw()
    for name, before in (("a", ""), ("b", "a"), ("c", "a"), ("d", "c")):
        draw.n(name, "t.tag", name=name, **({} if before else {"x": 0}))
        if before:
            draw.w(f"{before}.value", f"{name}.x")
    draw.n("j", "t.join").w("b.value", "j.items").w("d.value", "j.items").n("out", "graph.output").gives("j").w("j.value", "out.j")
    result, _ = await finish(world, draw.graph())
    assert result.outputs == {"j": "b(a(0))d(c(a(0)))"}
    assert world.calls.count("join") == 1


async def test_c08_an_error_port_turns_failure_into_a_branch(world):
    draw = Draw().n("e", "t.boom", policy=Policy(on_error="port")).n("n", "t.tag", name="N").w("e.value", "n.x")
    draw.n("h", "t.tag", name="H").w("e.error", "h.x").n("out", "graph.output").gives("h").w("h.value", "out.h")
    result, seen = await finish(world, draw.graph())
    assert result.state == "ok"
    assert "division by zero" in result.outputs["h"]
    assert seen["nodes"]["n"]["reason"] == "branch"
    assert seen["nodes"]["e"]["handled"] is True
    assert result.errors == []


async def test_c09_errors_win_over_dead_and_independent_branches_finish(world):
    draw = Draw().n("e", "t.boom").n("ok", "t.tag", name="ok", x=1).n("m", "t.merge").w("e.value", "m.values").w("ok.value", "m.values")
    draw.n("after", "t.tag", name="after").w("m.value", "after.x")
    result, seen = await finish(world, draw.graph())
    assert result.state == "failed"
    assert [error.path for error in result.errors] == ["e"]
    assert states(seen) == {"e": "failed", "ok": "done", "m": "skipped", "after": "skipped"}
    assert seen["nodes"]["m"]["reason"] == "upstream_error"


async def test_c09_fail_fast_cancels_the_rest(world):
    import asyncio

    async def slow(x):
        await asyncio.sleep(30)

    world.node("t.slow", slow, [inp("x", ANY, default=0)])
    result, seen = await finish(world, Draw().n("e", "t.boom").n("s", "t.slow").graph(), mode="fail_fast")
    assert result.state == "failed"
    assert states(seen) == {"e": "failed", "s": "cancelled"}


async def test_a_catch_turns_an_error_into_a_value(world):
    def catch(value):
        return "caught" if isinstance(value, ErrorValue) else value

    world.node("t.catch", catch, [inp("value", ANY, required=True, accepts_error=True)])
    draw = Draw().n("e", "t.boom").n("c", "t.catch").w("e.value", "c.value").n("out", "graph.output").gives("c").w("c.value", "out.c")
    result, seen = await finish(world, draw.graph())
    assert result.outputs == {"c": "caught"}
    assert states(seen)["e"] == "failed"


async def test_a_failure_can_take_declared_defaults_or_become_a_dead_branch(world):
    draw = (
        Draw().n("d", "t.boom", policy=Policy(on_error="default", defaults={"value": 7})).n("s", "t.boom", policy=Policy(on_error="skip"))
    )
    draw.n("out", "graph.output").gives("d", "s").w("d.value", "out.d").w("s.value", "out.s")
    result, seen = await finish(world, draw.graph())
    assert (result.state, result.outputs) == ("ok", {"d": 7})
    assert states(seen)["s"] == "skipped"


async def test_false_zero_and_the_empty_text_survive(world):
    draw = Draw().takes(inp("z", ANY, default=5), inp("e", ANY, default="x"), inp("f", ANY, default=True)).gives("z", "e", "f", "n")
    draw.n("in", "graph.input").n("out", "graph.output").n("n", "t.const", value=0).w("n.value", "out.n")
    for name in "zef":
        draw.n(f"c{name}", "t.const").w(f"in.{name}", f"c{name}.value").w(f"c{name}.value", f"out.{name}")
    result, _ = await finish(world, draw.graph(), {"z": 0, "e": "", "f": False})
    assert result.outputs == {"z": 0, "e": "", "f": False, "n": 0}
    assert [type(result.outputs[name]) for name in "zef"] == [int, str, bool]


async def test_after_orders_and_carries_dead_and_error(world):
    draw = two_ways(True).n("late", "t.tag", name="late", x=1).n("never", "t.tag", name="never", x=1).w("a.value", "late.after")
    draw.w("b.value", "never.after").n("e", "t.boom").n("broken", "t.tag", name="broken", x=1).w("e.value", "broken.after")
    result, seen = await finish(world, draw.graph())
    assert world.calls == ["if", "A", "late"]
    assert states(seen)["never"] == "skipped"
    assert seen["nodes"]["broken"]["reason"] == "upstream_error"
    assert result.state == "failed"


async def test_a_lazy_select_computes_one_side_and_leaves_the_other_idle(world):
    draw = Draw().n("s", "t.select", c=False).n("l", "t.tag", name="L", x=1).n("r", "t.tag", name="R", x=1).n("rr", "t.tag", name="RR")
    draw.w("l.value", "s.a").w("r.value", "rr.x").w("rr.value", "s.b").n("out", "graph.output").gives("s").w("s.value", "out.s")
    result, seen = await finish(world, draw.graph())
    assert result.outputs == {"s": "RR(R(1))"}
    assert world.calls == ["R", "RR"]
    assert "l" not in states(seen)


async def test_a_frame_a_comment_and_the_look_never_affect_a_run(world):
    from msgspec.structs import replace

    from comfytavern.engine.runner import Runner
    from comfytavern.graph.document import Frame

    graph = two_ways(True).graph()
    framed = replace(
        graph,
        frames=[Frame(id="fr", name="Box", note="boom")],
        nodes=[replace(node, frame="fr", look={"x": 9}, name="named", description="told") for node in graph.nodes],
    )
    runner = Runner(world)
    assert runner.compile(graph).hash == runner.compile(framed).hash


async def test_a_muted_node_is_dead_and_a_bypassed_one_lets_pass(world):
    draw = Draw().n("a", "t.tag", name="a", x=1).n("b", "t.tag", name="b", mode="bypass").w("a.value", "b.x")
    draw.n("m", "t.tag", name="m", mode="mute").w("a.value", "m.x").n("out", "graph.output").gives("b", "m")
    result, seen = await finish(world, draw.w("b.value", "out.b").w("m.value", "out.m").graph())
    assert result.outputs == {"b": "a(1)"}
    assert seen["nodes"]["m"]["reason"] == "mute"


async def test_a_race_takes_the_first_and_cancels_what_only_the_losers_need(world):
    import asyncio

    async def wait(s, tag):
        await asyncio.sleep(s)
        return tag

    world.node("t.wait", wait)
    draw = Draw().n("slow", "t.wait", s=30, tag="slow").n("fast", "t.wait", s=0.01, tag="fast").n("bad", "t.boom").n("r", "flow.race")
    draw.w("slow.value", "r.values").w("bad.value", "r.values").w("fast.value", "r.values")
    draw.n("out", "graph.output").gives("r").w("r.value", "out.r")
    result, seen = await finish(world, draw.graph())
    assert result.outputs == {"r": "fast"}
    assert states(seen)["slow"] == "cancelled"


async def test_a_race_that_everybody_loses_is_dead_or_fails(world):
    draw = (
        two_ways(True).n("b2", "t.tag", name="B2").w("if.f", "b2.x").n("r", "flow.race").w("b.value", "r.values").w("b2.value", "r.values")
    )
    _, seen = await finish(world, draw.graph())
    assert seen["nodes"]["r"]["reason"] == "branch"
    draw = Draw().n("e", "t.boom").n("e2", "t.boom").n("r", "flow.race").w("e.value", "r.values").w("e2.value", "r.values")
    result, seen = await finish(world, draw.graph())
    assert seen["nodes"]["r"]["reason"] == "upstream_error"
    assert len(result.errors) == 2


async def test_many_outputs_come_as_a_dict_or_a_tuple_and_a_wrong_number_is_an_error(world):
    world.node("t.pair", lambda: {"a": 1}, [], [out("a", ANY), out("b", ANY)])
    world.node("t.wrong", lambda: (1, 2, 3), [], [out("a", ANY), out("b", ANY)])
    draw = Draw().n("p", "t.pair").n("w", "t.wrong").n("out", "graph.output").gives("a", "b").w("p.a", "out.a").w("p.b", "out.b")
    result, _ = await finish(world, draw.graph())
    assert result.outputs == {"a": 1}
    assert [error.type for error in result.errors] == ["BadResult"]
