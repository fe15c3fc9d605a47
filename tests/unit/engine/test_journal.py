"""Waits, the journal, resume (semantics, sections 7 and 9): cases C21, C24."""

import asyncio

import pytest

from comfytavern.engine.implementation import WaitRequest
from comfytavern.engine.log import Ended, Finished, Intent, MemoryLog, Started, Waiting, decode, encode
from comfytavern.engine.runner import Cache, Runner
from comfytavern.graph.document import Policy
from comfytavern.kernel.clock import ManualClock
from comfytavern.kernel.errors import Conflict, Invalid, NotFound
from tests.unit.engine.world import ANY, Draw, Type, finish, inp, out, states

YES_NO = {
    "type": "object",
    "properties": {"approved": {"type": "boolean"}, "comment": {"type": "string", "default": ""}},
    "required": ["approved"],
}


@pytest.fixture(autouse=True)
def asking(world):
    def approve(shown, expires_s, until_s):
        world.note("ask")
        return WaitRequest(title="Send this?", schema=YES_NO, shown=shown, expires_s=expires_s, until_s=until_s)

    ports = [inp("shown", ANY, required=True), inp("expires_s", ANY), inp("until_s", ANY)]
    world.node("t.approve", approve, ports, [out("approved", Type.BOOLEAN), out("comment", Type.STRING)], effect="nondet", waits=True)

    async def effect(x):
        world.note(f"effect {x}")
        return x

    world.node("t.effect", effect, effect="effect")
    world.node("t.send", lambda ok: world.note("send", ok), effect="effect")


def approval(**more):
    draw = Draw().n("charge", "t.effect", x=1).n("ok", "t.approve", **more).w("charge.value", "ok.shown")
    draw.n("send", "t.send").w("ok.approved", "send.ok").n("beside", "t.tag", name="beside").w("charge.value", "beside.x")
    return draw.gives("ok", "comment").n("out", "graph.output").w("ok.approved", "out.ok").w("ok.comment", "out.comment").graph()


async def until(run, state):
    async for batch in run.events():
        if any(getattr(event, "state", "") == state for event in batch):
            return
    raise AssertionError(state)


async def test_c21_a_killed_run_that_waits_goes_on_after_the_answer_and_nothing_happens_twice(world):
    log, runner = MemoryLog(), Runner(world)
    plan = runner.compile(approval())
    run = runner.start(plan, run_id="r", log=log)
    await until(run, "waiting")
    assert states(run.snapshot()) == {"charge": "done", "ok": "waiting", "beside": "done"}
    [wait] = run.snapshot()["waits"]
    assert (wait["path"], wait["title"], wait["shown"]) == ("ok", "Send this?", 1)
    await run.unload()
    assert (await run.result()).state == "waiting"
    assert world.calls == ["effect 1", "beside", "ask"] or sorted(world.calls) == ["ask", "beside", "effect 1"]
    world.calls.clear()

    other = Runner(world)  # the process was killed: nothing but the journal is left
    run = other.start(other.compile(approval()), run_id="r", log=log, resume=await log.read("r"))
    await until(run, "waiting")
    assert run.snapshot()["waits"][0]["token"] == wait["token"]
    with pytest.raises(Invalid) as refused:
        run.answer(wait["token"], {"approved": "maybe"})
    assert refused.value.code == "run.answer"
    with pytest.raises(NotFound):
        run.answer("wai_nonsense", {"approved": True})
    await run.answer(wait["token"], {"approved": True})
    with pytest.raises(Conflict) as twice:
        run.answer(wait["token"], {"approved": False})
    assert twice.value.code == "run.answered"
    result = await run.result()
    assert (result.state, result.outputs) == ("ok", {"ok": True, "comment": ""})
    assert world.calls == ["send"]


async def test_c21_an_answer_that_was_journaled_just_before_the_kill_counts(world):
    log, runner = MemoryLog(), Runner(world)
    plan = runner.compile(approval())
    run = runner.start(plan, run_id="r", log=log)
    await until(run, "waiting")
    await run.answer(run.snapshot()["waits"][0]["token"], {"approved": True, "comment": "fine"})
    await run.result()
    records = await log.read("r")
    cut = next(k for k, record in enumerate(records) if type(record).__name__ == "Answered") + 1
    world.calls.clear()
    again = runner.start(plan, run_id="r2", log=MemoryLog(), resume=records[:cut])
    result = await again.result()
    assert (result.state, result.outputs) == ("ok", {"ok": True, "comment": "fine"})
    assert world.calls == ["send"]
    with pytest.raises(Conflict):
        again.answer(records[cut - 1].token, {"approved": True})


async def test_c21_a_wait_expires_and_on_error_decides(world):
    draw = approval(expires_s=0.02)
    result, _ = await finish(world, draw)
    assert [error.type for error in result.errors] == ["WaitExpired"]
    graph = Draw().n(
        "ok", "t.approve", shown=1, expires_s=0.02, policy=Policy(on_error="default", defaults={"approved": False, "comment": ""})
    )
    result, _ = await finish(world, graph.n("out", "graph.output").gives("a").w("ok.approved", "out.a").graph())
    assert result.outputs == {"a": False}


async def test_c21_the_clock_answers_a_wait_until(world):
    def later(s):
        return WaitRequest(title="then", schema={"type": "null"}, until_s=s)

    world.node("t.later", later, effect="nondet", waits=True)
    draw = Draw().n("w", "t.later", s=0.02).n("t", "t.tag", name="then", x=1).w("w.value", "t.after")
    result, snapshot = await finish(world, draw.graph())
    assert (result.state, states(snapshot)) == ("ok", {"w": "done", "t": "done"})


async def test_c21_several_waits_inside_a_map_are_answered_one_by_one(world):
    body = Draw("body").takes(inp("x", ANY)).gives("y").n("in", "graph.input").n("ok", "t.approve").n("out", "graph.output")
    body.w("in.x", "ok.shown").w("ok.approved", "out.y")
    draw = Draw().n("m", "flow.map", group="body", x=[1, 2, 3], mapped=["x"]).gives("y").n("out", "graph.output").w("m.y", "out.y")
    runner = Runner(world)
    run = runner.start(runner.compile(draw.graph(body)))
    await until(run, "waiting")
    waits = run.snapshot()["waits"]
    assert [wait["path"] for wait in waits] == ["m[0]/ok", "m[1]/ok", "m[2]/ok"]
    for wait in reversed(waits):
        await run.answer(wait["token"], {"approved": wait["shown"] != 2})
    assert (await run.result()).outputs == {"y": [True, False, True]}


async def test_a_waiting_run_can_be_cancelled(world):
    runner = Runner(world)
    run = runner.start(runner.compile(approval()))
    await until(run, "waiting")
    run.cancel()
    assert (await run.result()).state == "cancelled"
    assert run.snapshot()["waits"] == []


def thousand(kind="t.tag"):
    draw = Draw()
    before = ""
    for k in range(1000):
        draw.n(f"n{k}", kind, name=f"n{k}", **({} if before else {"x": 0}))
        if before:
            draw.w(before, f"n{k}.x")
        before = f"n{k}.value"
        if k == 499:
            draw.n("pay", "t.effect").w(before, "pay.x")
    return draw.graph()


async def test_c24_resume_runs_the_rest_and_asks_about_an_effect_in_doubt(world):
    world.node("t.tag", lambda x, name: world.note(name, len(str(x))), [inp("x", ANY, required=True), inp("name", ANY)])
    log, runner = MemoryLog(), Runner(world)
    plan = runner.compile(thousand())
    await runner.start(plan, run_id="r", log=log).result()
    records = await log.read("r")
    finished = [record for record in records if isinstance(record, Finished) and record.path != "pay"]
    cut = [records[0], *finished[:500], Intent(path="pay", key="r:pay")]
    world.calls.clear()
    run = runner.start(plan, run_id="r", log=log, resume=[decode(encode(record)) for record in cut])
    await until(run, "waiting")
    assert len(world.calls) == 500
    assert states(run.snapshot())["pay"] == "unknown"
    run.resolve_unknown("pay", "result", 7)
    result = await run.result()
    assert result.state == "ok"
    assert "effect" not in " ".join(world.calls)
    assert run.node("pay")["outputs"] == {"value": 7}


@pytest.mark.parametrize(
    ("policy", "action", "state", "calls"),
    [("ask", "retry", "ok", 1), ("ask", "fail", "failed", 0), ("retry", "", "ok", 1), ("fail", "", "failed", 0)],
)
async def test_c24_what_becomes_of_an_effect_in_doubt(world, policy, action, state, calls):
    runner = Runner(world)
    plan = runner.compile(Draw().n("pay", "t.effect", x=1, policy=Policy(on_unknown=policy)).graph())
    records = [Started(plan=plan.hash.hex()), Intent(path="pay", key="k")]
    run = runner.start(plan, run_id="r", log=MemoryLog(), resume=records)
    if action:
        await until(run, "waiting")
        with pytest.raises(Invalid):
            run.resolve_unknown("pay", "guess")
        run.resolve_unknown("pay", action)
    assert (await run.result()).state == state
    assert len(world.calls) == calls


async def test_c24_equal_pure_nodes_execute_once_and_equal_effects_twice(world):
    async def slow(x):
        world.note("slow")
        await asyncio.sleep(0.01)
        return x

    world.node("t.slow", slow)
    draw = Draw().n("a", "t.slow", x=1).n("b", "t.slow", x=1).n("e", "t.effect", x=1).n("f", "t.effect", x=1)
    await finish(world, draw.graph(), runner=Runner(world, cache=Cache()))
    assert sorted(world.calls) == ["effect 1", "effect 1", "slow"]


async def test_an_effect_writes_its_intent_before_it_starts_and_everything_is_logged_in_order(world):
    log = MemoryLog()

    async def effect(x):
        assert [record.path for record in log.runs["r"] if isinstance(record, Intent)] == ["e"]

    world.node("t.watch", effect, effect="effect")
    result, _ = await finish(
        world, Draw().n("a", "t.tag", name="a", x=1).n("e", "t.watch").w("a.value", "e.x").graph(), run_id="r", log=log
    )
    assert result.state == "ok"
    records = log.runs["r"]
    assert isinstance(records[0], Started | Intent)
    assert isinstance(records[-1], Ended)
    assert records[-1].state == "ok"
    assert {record.path for record in records if isinstance(record, Finished)} == {"a", "e"}


async def test_a_journal_of_another_graph_is_refused(world):
    runner = Runner(world)
    plan = runner.compile(Draw().n("a", "t.tag", x=1).graph())
    with pytest.raises(Conflict):
        runner.start(plan, resume=[Started(plan="00")])


async def test_a_journal_that_cannot_be_written_fails_the_run_not_the_process(world):
    class Full(MemoryLog):
        async def append(self, run_id, records):
            raise OSError(28, "No space left on device")

    result, _ = await finish(world, Draw().n("a", "t.tag", x=1).graph(), log=Full())
    assert result.state == "failed"
    assert "No space left" in result.errors[0].message


async def test_loops_and_maps_resume_at_the_frame_that_was_not_finished(world):
    body = Draw("body").takes(inp("x", Type.INTEGER)).gives(out("x", Type.INTEGER), out("go", Type.BOOLEAN)).n("in", "graph.input")
    world.node(
        "t.inc", lambda x: world.note("inc", x + 1), [inp("x", Type.INTEGER, required=True)], [out("value", Type.INTEGER)], effect="nondet"
    )
    world.node("t.low", lambda x: x < 5, [inp("x", ANY, required=True)], [out("value", Type.BOOLEAN)])
    body.n("i", "t.inc").n("l", "t.low").n("out", "graph.output").w("in.x", "i.x").w("i.value", "l.x").w("i.value", "out.x").w(
        "l.value", "out.go"
    )
    values = {"group": "body", "x": 0, "carried": [{"input": "x", "output": "x"}], "while": "go"}
    draw = Draw().n("loop", "flow.loop", **values).gives("x").n("out", "graph.output").w("loop.x", "out.x")
    log, runner = MemoryLog(), Runner(world)
    plan = runner.compile(draw.graph(body))
    await runner.start(plan, run_id="r", log=log).result()
    records = await log.read("r")
    cut = next(k for k, record in enumerate(records) if record.path.startswith("loop[2]"))
    world.calls.clear()
    result = await runner.start(plan, run_id="s", log=log, resume=records[:cut]).result()
    assert result.outputs == {"x": 5}
    assert len(world.calls) == 3


async def test_deadlines_of_waits_use_the_clock_of_the_runner(world):
    clock = ManualClock()
    runner = Runner(world, clock=clock)
    run = runner.start(runner.compile(approval(expires_s=3600)), run_id="r", log=MemoryLog())
    await until(run, "waiting")
    assert run.snapshot()["waits"][0]["expires_at"] == clock.now() + 3600
    run.cancel()
    await run.result()


async def test_records_survive_the_wire_and_unwritable_values_run_again(world):
    record = Waiting(path="a", token="t", schema={"type": "null"})
    assert decode(encode(record)) == record
    odd = decode(encode(Finished(path="a", state="done", outputs={"v": object()})))
    assert odd.outputs is None
    runner = Runner(world)
    plan = runner.compile(Draw().n("a", "t.tag", name="a", x=1).graph())
    await runner.start(plan, resume=[Started(plan=plan.hash.hex()), odd]).result()
    assert world.calls == ["a"]
