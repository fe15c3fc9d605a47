"""Parallelism, retries, timeouts, cancel (semantics, sections 6 and 9): cases C07, C10, C11, C23."""

import asyncio
import threading
import time

import pytest

from comfytavern.engine.runner import Cache, Runner
from comfytavern.graph.document import Policy
from tests.unit.engine.world import ANY, Draw, Type, finish, inp, out, states


@pytest.fixture(autouse=True)
def sleepers(world):
    async def wait(x, s):
        await asyncio.sleep(s)
        return x

    world.node("t.wait", wait, [inp("x", ANY, default=1), inp("s", ANY, default=0.0)])


async def test_c07_independent_branches_overlap(world):
    draw = Draw().n("a", "t.wait", s=0.05).n("b", "t.wait", s=0.05).n("c", "t.wait", s=0.05).n("long", "t.wait", s=0.1)
    graph, walls = draw.w("a.value", "b.x").w("b.value", "c.x").graph(), []
    while len(walls) < 10 and min(walls, default=1.0) > 0.165:  # the machine may be busy with something else
        started = time.perf_counter()
        result, _ = await finish(world, graph)
        walls.append(time.perf_counter() - started)
        assert result.state == "ok"
    assert min(walls) <= 0.165


async def test_c10_retries_run_again_and_dependents_once(world):
    tries = []

    async def flaky(x):
        tries.append(x)
        if len(tries) < 3:
            raise OSError("not yet")
        return "ok"

    world.node("t.flaky", flaky, [inp("x", ANY, default=1)])
    world.node("t.charge", flaky, [inp("x", ANY, default=1)], effect="effect")
    draw = Draw().n("f", "t.flaky", policy=Policy(retries=3, backoff_s=0.001)).n("d", "t.tag", name="d").w("f.value", "d.x")
    result, snapshot = await finish(world, draw.graph())
    assert (result.state, len(tries), world.calls) == ("ok", 3, ["d"])
    assert snapshot["nodes"]["f"]["attempt"] == 3
    tries.clear()
    result, _ = await finish(world, Draw().n("c", "t.charge", policy=Policy(retries=3, backoff_s=0.001)).graph())
    assert (result.state, len(tries)) == ("failed", 1), "an effect without an idempotency key is tried once"


async def test_c10_an_idempotent_effect_is_retried_with_the_same_key(world):
    keys = []

    async def charge(ctx):
        keys.append((ctx.idempotency_key, ctx.attempt))
        if len(keys) < 2:
            raise OSError("cut")

    world.node("t.charge", charge, [], effect="effect", idempotent=True)
    result, _ = await finish(world, Draw().n("c", "t.charge", policy=Policy(retries=3, backoff_s=0.001)).graph())
    assert result.state == "ok"
    assert [attempt for _, attempt in keys] == [1, 2]
    assert len({key for key, _ in keys}) == 1


async def test_c10_only_the_listed_errors_are_retried(world):
    tries = []

    async def wrong(x):
        tries.append(x)
        raise ValueError("never good")

    world.node("t.wrong", wrong, [inp("x", ANY, default=1)])
    await finish(world, Draw().n("w", "t.wrong", policy=Policy(retries=3, backoff_s=0, retry_on=["OSError"])).graph())
    assert len(tries) == 1


async def test_c11_a_timeout_counts_running_not_queueing(world):
    async def work(s):
        await asyncio.sleep(s)
        return s

    world.node("t.gpu", work, [inp("s", ANY)], pools=("gpu:0",))
    runner = Runner(world, pools={"gpu:0": 1})
    draw = Draw().n("first", "t.gpu", s=0.3).n("queued", "t.gpu", s=0.05, policy=Policy(timeout_s=0.2))
    run = runner.start(runner.compile(draw.graph()))
    await asyncio.sleep(0.05)
    assert sorted(states(run.snapshot()).values()) == ["queued", "running"]
    assert (await run.result()).state == "ok"
    draw = Draw().n("slow", "t.gpu", s=5, policy=Policy(timeout_s=0.05, on_error="port")).n("h", "t.tag", name="h").w("slow.error", "h.x")
    started = time.perf_counter()
    result, snapshot = await finish(world, draw.graph(), runner=runner)
    assert time.perf_counter() - started < 2
    assert snapshot["nodes"]["slow"]["error"]["type"] == "Timeout"
    assert (result.state, states(snapshot)["h"]) == ("ok", "done")


async def test_c23_cancel_ends_an_endless_stream_through_three_nodes_at_once(world):
    async def endless(x):
        while True:
            yield "x"
            await asyncio.sleep(0)

    reads, gives = [inp("text", Type.STRING, stream=True, required=True)], [out("text", Type.STRING, stream=True)]

    async def relay(text):
        async for chunk in text:
            yield chunk

    async def sink(text):
        return len([chunk async for chunk in text])

    world.node("s.endless", endless, [inp("x", ANY, default=1)], gives)
    world.node("s.relay", relay, reads, gives)
    world.node("s.sink", sink, reads)
    draw = (
        Draw()
        .n("p", "s.endless")
        .n("r", "s.relay")
        .n("k", "s.sink")
        .n("never", "t.tag", name="n")
        .w("p.text", "r.text")
        .w("r.text", "k.text")
    )
    draw.w("k.value", "never.x")
    runner = Runner(world, cache=Cache())
    plan, spent = runner.compile(draw.graph()), []
    for _ in range(3):  # the best of three, as above
        run = runner.start(plan)
        watcher = asyncio.create_task(_all(run))
        await asyncio.sleep(0.05)
        started = time.perf_counter()
        run.cancel()
        result = await run.result()
        spent.append(time.perf_counter() - started)
        events, snapshot = await watcher, run.snapshot()
        assert result.state == "cancelled"
        assert set(states(snapshot).values()) == {"cancelled"}
        assert (events[-1].__class__.__name__, events[-1].state) == ("RunChanged", "cancelled")
        assert sum(getattr(event, "state", "") in ("ok", "failed", "cancelled") for event in events) == 1
        assert snapshot["texts"]["p:text"]["text"].startswith("xx")
        assert not runner.cache.space("").cost
    assert min(spent) < 0.1


async def test_c23_cancel_stops_four_hundred_thousand_sync_nodes(world):
    body = Draw("body").takes(inp("x", ANY)).gives("x").n("in", "graph.input").n("out", "graph.output")
    before = "in.x"
    for k in range(1000):
        body.n(f"a{k}", "t.add").w(before, f"a{k}.x")
        before = f"a{k}.value"
    body.w(before, "out.x")
    draw = Draw().n("loop", "flow.loop", group="body", x=0, carried=[{"input": "x", "output": "x"}], max_iterations=400, on_limit="stop")
    runner = Runner(world)
    plan = runner.compile(draw.graph(body))
    spent = []
    for _ in range(3):  # the best of three: the machine may be busy with something else
        run = runner.start(plan)
        watcher = asyncio.create_task(_last(run))
        await asyncio.sleep(0.05)
        assert not run.ended
        started = time.perf_counter()
        run.cancel()
        result = await run.result()
        spent.append(time.perf_counter() - started)
        assert result.state == "cancelled"
        assert (await watcher).state == "cancelled"
    assert min(spent) < 0.1


async def _all(run):
    return [event async for batch in run.events() for event in batch]


async def _last(run):
    return (await _all(run))[-1]


async def test_cancelling_one_node_takes_along_what_depends_on_it_and_what_only_it_needs(world):
    draw = Draw().n("feed", "t.wait", s=30).n("x", "t.wait", s=0.0).w("feed.value", "x.x").n("y", "t.tag", name="y").w("x.value", "y.x")
    draw.n("other", "t.wait", s=0.05).n("z", "t.tag", name="z").w("other.value", "z.x")
    runner = Runner(world)
    run = runner.start(runner.compile(draw.graph()))
    await asyncio.sleep(0.01)
    run.cancel("x")
    result = await run.result()
    assert states(run.snapshot()) == {"feed": "cancelled", "x": "cancelled", "y": "cancelled", "other": "done", "z": "done"}
    assert result.state == "cancelled"


async def test_cancel_closes_an_http_call_in_flight(world):
    import httpx

    asked, gone = asyncio.Event(), asyncio.Event()

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()  # until the client goes away
        gone.set()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def call(x):
        async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
            return (await client.get(f"http://127.0.0.1:{port}/")).text

    world.node("t.http", call, [inp("x", ANY, default=1)])
    runner = Runner(world)
    run = runner.start(runner.compile(Draw().n("h", "t.http").graph()))
    await asyncio.wait_for(asked.wait(), 20)
    run.cancel()
    await asyncio.wait_for(gone.wait(), 1)
    assert (await run.result()).state == "cancelled"
    server.close()


async def test_a_thread_node_runs_beside_the_loop_and_its_late_result_is_given_up(world):
    release = threading.Event()

    def block(ctx, x):
        while not ctx.cancelled and not release.wait(0.005):
            pass
        return threading.current_thread().name

    world.node("t.block", block, [inp("x", ANY, default=1)], threaded=True)
    runner = Runner(world)
    plan, spent = runner.compile(Draw().n("b", "t.block").graph()), []
    for _ in range(3):  # the best of three, as above
        run = runner.start(plan)
        await asyncio.sleep(0.05)
        started = time.perf_counter()
        run.cancel()
        assert (await run.result()).state == "cancelled"
        spent.append(time.perf_counter() - started)
    assert min(spent) < 0.1


async def test_an_inline_node_that_holds_the_loop_is_logged_and_moves_to_threads(world):
    names = []

    def slow(x):
        names.append(threading.current_thread() is threading.main_thread())
        time.sleep(0.008)
        return x

    world.node("t.slow", slow, [inp("x", ANY, default=1)])
    runner = Runner(world)
    run = runner.start(
        runner.compile(Draw().n("a", "t.slow").n("b", "t.slow").w("a.value", "b.x").n("c", "t.slow").w("b.value", "c.x").graph())
    )
    events = [event async for batch in run.events() for event in batch]
    assert (await run.result()).state == "ok"
    assert names == [True, True, False], "the first is a suspicion, the second a measurement"
    assert sum(type(event).__name__ == "NodeLog" for event in events) == 1
    await finish(world, Draw().n("a", "t.slow").graph(), runner=runner)
    assert names == [True, True, False, False]


async def test_the_deadline_counts_everything(world):
    result, snapshot = await finish(world, Draw().n("w", "t.wait", s=30).graph(), deadline_s=0.05)
    assert result.state == "failed"
    assert [error.type for error in result.errors] == ["Deadline"]
    assert states(snapshot) == {"w": "cancelled"}


async def test_pools_are_fair_between_runs(world):
    order = []

    async def work(name):
        order.append(name)
        await asyncio.sleep(0.002)

    world.node("t.pool", work, [inp("name", ANY)], pools=("p",))
    runner = Runner(world, pools={"p": 1})
    big = Draw()
    for k in range(6):
        big.n(f"n{k}", "t.pool", name="big")
    runs = [runner.start(runner.compile(big.graph()))]
    await asyncio.sleep(0.001)
    runs.append(runner.start(runner.compile(Draw().n("a", "t.pool", name="small").n("b", "t.pool", name="small").graph())))
    for run in runs:
        assert (await run.result()).state == "ok"
    assert order.index("small") <= 3, order
    assert order.count("big") == 6


async def test_a_node_that_cancels_itself_has_failed(world):
    async def odd(x):
        raise asyncio.CancelledError

    world.node("t.odd", odd, [inp("x", ANY, default=1)])
    result, _ = await finish(world, Draw().n("o", "t.odd").graph())
    assert [error.type for error in result.errors] == ["Cancelled"]


async def test_services_progress_usage_and_previews_reach_the_events(world):
    class Clockwork:
        ticks = 3

    async def busy(ctx, x):
        ctx.progress(0.5, "half")
        ctx.log("hello")
        ctx.usage("demo/demo", input_tokens=3, output_tokens=4)
        ctx.preview("value", "soon")
        await asyncio.sleep(0.03)
        return ctx.use(Clockwork).ticks

    world.node("t.busy", busy, [inp("x", ANY, default=1)], services=(Clockwork,))
    world.node("t.sneaky", lambda ctx: ctx.use(Clockwork), [])
    runner = Runner(world, services={Clockwork: Clockwork()})
    draw = Draw().n("b", "t.busy").n("s", "t.sneaky").n("out", "graph.output").gives("b").w("b.value", "out.b")
    run = runner.start(runner.compile(draw.graph()))
    kinds = {type(event).__name__ for batch in [batch async for batch in run.events()] for event in batch}
    result = await run.result()
    assert result.outputs == {"b": 3}
    assert {"Progress", "NodeLog", "Usage", "ChunkSeen", "NodesChanged", "RunChanged"} <= kinds
    assert result.usage == {"demo/demo": {"input_tokens": 3, "output_tokens": 4, "cost_usd": 0.0}}
    assert [error.code for error in result.errors] == ["engine.service"]
