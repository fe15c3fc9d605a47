"""Whenever a run, or a node of it, is cancelled: everything ends, nothing is left behind, and one terminal event is the last."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comfytavern.engine.runner import Cache, Runner
from comfytavern.graph.types import Type
from tests.properties.test_engine_order import Spec, dags, world
from tests.unit.engine.world import ANY, Draw, World, inp, out

pytestmark = pytest.mark.slow

TERMINAL = {"done", "cached", "skipped", "failed", "cancelled"}


def kinds(pauses: list[int]) -> World:
    made = world({f"n{k}": pause for k, pause in enumerate(pauses)})

    async def first(text, n):
        async for chunk in text:
            n -= 1
            if n <= 0:
                return chunk
        return "none"

    async def relay(text):
        async for chunk in text:
            await asyncio.sleep(0)
            yield chunk

    reads = [inp("text", ANY, stream=True, required=True)]
    made.node("p.first", first, [*reads, inp("n", Type.INTEGER)])
    made.node("p.relay", relay, reads, [out("value", ANY, stream=True)])
    made.node("p.chunk", lambda text: [text, text], reads, [out("value", ANY, stream=True)], per_chunk=True)
    return made


def graph(spec: Spec):
    drawn = Draw().n("out", "graph.output")
    for k, (kind, sources, salt) in enumerate(spec):
        drawn.n(f"n{k}", kind, salt=salt)
        for source in sources:
            drawn.w(f"n{source}.value", f"n{k}.items")
        if kind == "p.stream":
            drawn.n(f"r{k}", "p.relay").n(f"c{k}", "p.chunk").n(f"f{k}", "p.first", n=salt)
            drawn.w(f"n{k}.value", f"r{k}.text").w(f"r{k}.value", f"c{k}.text").w(f"c{k}.value", f"f{k}.text")
        drawn.gives(f"o{k}").w(f"n{k}.value", f"out.o{k}")
    return drawn.graph()


@settings(max_examples=120, deadline=None)
@given(spec=dags(), pauses=st.lists(st.integers(0, 5), min_size=14, max_size=14), ticks=st.integers(0, 30), data=st.data())
def test_a_cancel_at_any_moment_ends_everything(spec: Spec, pauses: list[int], ticks: int, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from([None, *(f"n{k}" for k in range(len(spec)))]), label="node")
    cached = data.draw(st.booleans(), label="cached")

    async def check() -> None:
        runner = Runner(kinds(pauses), cache=Cache() if cached else None)
        run = runner.start(runner.compile(graph(spec)))
        told: list[str] = []

        async def watch() -> None:
            async for batch in run.events():
                told.extend(getattr(event, "state", "") for event in batch)

        watching = asyncio.create_task(watch())
        for _ in range(ticks):
            await asyncio.sleep(0)
        run.cancel(path)
        result = await asyncio.wait_for(run.result(), 10)
        await asyncio.wait_for(watching, 10)
        assert result.state in ("ok", "cancelled")
        assert told[-1] == result.state
        nodes = run.snapshot()["nodes"]
        assert {node["state"] for node in nodes.values()} <= TERMINAL
        assert not run.root.tasks
        assert run.busy == 0
        assert run.parks.live == 0
        assert run.parks.blocked == 0
        assert not runner.cache or not runner.cache.in_flight

    asyncio.run(check())
