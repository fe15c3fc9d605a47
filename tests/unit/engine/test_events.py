"""Events: dense, foldable, one terminal (semantics, O4)."""

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
from jsonschema import Draft202012Validator

from comfytavern.engine.limits import Limits
from comfytavern.engine.log import Finished, MemoryLog
from comfytavern.engine.runner import Cache, Runner
from tests.unit.engine.world import ANY, Draw, Type, inp, out

SCHEMA = json.loads((Path(__file__).parents[3] / "schemas" / "events.json").read_text())


def fold(events: list[dict[str, Any]]) -> dict[str, Any]:
    """What a client does."""
    nodes: dict[str, Any] = {}
    texts: dict[str, Any] = {}
    for event in events:
        if event["kind"] == "nodes":
            for path, state, ms, extra in event["nodes"]:
                nodes[path] = {"state": state, "ms": ms, **(extra or {})}
        elif event["kind"] == "delta":
            key = f"{event['path']}:{event['port']}"
            known = texts.setdefault(key, {"epoch": event.get("epoch", 0), "text": ""})
            known["text"] = known["text"][: event["offset"]] + event["text"]
    return {"nodes": nodes, "texts": texts}


def graph(world, n=300):
    async def count(n):
        for k in range(n):
            yield f"{k};"
            if k % 50 == 0:
                await asyncio.sleep(0.002)

    world.node("e.count", count, [inp("n", ANY)], [out("text", Type.STRING, stream=True)])
    draw = Draw().n("s", "e.count", n=n).gives("text", "j").n("out", "graph.output").w("s.text", "out.text")
    draw.n("a", "t.tag", name="a", x=1).n("e", "t.boom").n("if", "t.if", c=False, v=1).n("d", "t.tag", name="d").w("if.t", "d.x")
    return draw.w("a.value", "out.j").graph()


async def told(run, after=0) -> list[dict[str, Any]]:
    return [event async for batch in run.events(after) for event in json.loads(batch.json)]


async def test_two_clients_see_the_same_dense_events_and_their_fold_is_the_snapshot(world):
    runner = Runner(world)
    run = runner.start(runner.compile(graph(world)))
    first, second = await asyncio.gather(told(run), told(run))
    assert first == second
    assert [event["seq"] for event in first] == list(range(1, len(first) + 1))
    snapshot = run.snapshot()
    assert fold(first) == {"nodes": snapshot["nodes"], "texts": snapshot["texts"]}
    assert snapshot["seq"] == first[-1]["seq"]
    assert [event.get("state") for event in first if event["kind"] == "run"] == ["running", "failed"]
    assert first[-1]["kind"] == "run"
    assert first[-1]["errors"][0]["path"] == "e"


async def test_every_event_fits_the_published_schema(world):
    runner = Runner(world)
    run = runner.start(runner.compile(graph(world)))
    for event in await told(run):
        Draft202012Validator(SCHEMA).validate(event)


async def test_a_client_that_comes_back_or_comes_late_misses_nothing(world):
    runner = Runner(world)
    run = runner.start(runner.compile(graph(world)))
    events = await told(run)
    for after in (0, 1, len(events) // 2, len(events) - 1, len(events)):
        assert await told(run, after) == events[after:]
    quiet = runner.start(runner.compile(graph(world)))
    await quiet.result()
    late = await told(quiet)
    assert fold(late)["texts"] == fold(events)["texts"]
    assert late[-1]["state"] == "failed"


async def test_a_client_that_comes_back_too_late_gets_a_catch_up(world):
    runner = Runner(world, limits=Limits(kept_events=3, flush_s=0.001))
    run = runner.start(runner.compile(graph(world, 600)))
    full = asyncio.create_task(told(run))
    await run.result()
    events, again = await full, await told(run, 1)
    assert again[-1]["seq"] == events[-1]["seq"]
    assert fold(again)["texts"] == fold(events)["texts"]
    snapshot = run.snapshot()
    assert {path: node["state"] for path, node in fold(again)["nodes"].items()} == {
        path: node["state"] for path, node in snapshot["nodes"].items()
    }


async def test_big_outputs_are_shown_short_and_kept_whole(world):
    world.node("e.big", lambda: "x" * 4_000_000, [])
    world.node("e.list", lambda: [{"k": k, "t": "y" * 50} for k in range(5000)], [])
    world.node("e.bytes", lambda: b"\x00" * 5000, [])
    runner = Runner(world, cache=Cache())
    run = runner.start(runner.compile(Draw().n("t", "e.big").n("l", "e.list").n("b", "e.bytes").graph()))
    events = await told(run)
    nodes = fold(events)["nodes"]
    assert len(json.dumps(events)) < 30_000
    assert nodes["t"]["size_bytes"] == {"value": 4_000_000}
    assert nodes["l"]["size_bytes"]["value"] > 200_000
    assert nodes["b"]["outputs"] == {"value": "<5000 bytes>"}
    assert len(run.node("t")["outputs"]["value"]) == 4_000_000


async def test_a_long_stream_is_told_in_few_batches(world):
    async def many(n):
        for _ in range(n):
            yield "tok "

    world.node("e.many", many, [inp("n", ANY)], [out("text", Type.STRING, stream=True)])
    runner = Runner(world)
    run = runner.start(runner.compile(Draw().n("m", "e.many", n=20_000).graph()))
    batches = [batch async for batch in run.events()]
    assert len(batches) < 30
    assert (
        fold(json.loads(msgspec.json.encode([event for batch in batches for event in batch])))["texts"]["m:text"]["text"] == "tok " * 20_000
    )


async def test_a_slow_journal_delays_no_text_and_loses_nothing(world):
    class Slow(MemoryLog):
        async def append(self, run_id, records):
            await asyncio.sleep(0.08)
            await super().append(run_id, records)

    go_on = asyncio.Event()

    async def talk(n):
        for k in range(n):
            yield f"{k};"
            await asyncio.sleep(0.01)
        await go_on.wait()

    world.node("e.talk", talk, [inp("n", ANY)], [out("text", Type.STRING, stream=True)])
    runner, log = Runner(world), Slow()
    draw = Draw().n("t", "e.talk", n=10).n("a", "t.tag", name="a", x=1).n("b", "t.tag", name="b").w("a.value", "b.x")
    run = runner.start(runner.compile(draw.graph()), run_id="r", log=log)
    text = ""

    async def watch():
        nonlocal text
        async for batch in run.events():
            for event in batch:
                text += getattr(event, "text", "")
                if text.endswith("9;"):
                    go_on.set()

    await asyncio.wait_for(watch(), 10)
    assert (await run.result()).state == "ok"
    assert {record.path for record in log.runs["r"] if isinstance(record, Finished)} == {"t", "a", "b"}
    assert (await told(run))[-1]["state"] == "ok"
