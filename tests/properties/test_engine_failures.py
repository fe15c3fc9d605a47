"""Failures, catches and races mean what a simple interpreter says, whatever the order in which things happen."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comfytavern.engine.runner import Runner
from comfytavern.graph.document import Graph
from tests.unit.engine.world import ANY, Draw, World, inp

pytestmark = pytest.mark.slow

Spec = list[tuple[str, list[int], bool]]
"""By node: its kind, which earlier nodes feed it, whether its value is an output of the graph."""
KINDS = ("ok", "ok.task", "boom", "boom.task", "catch", "race")


def world(pauses: list[int]) -> World:
    made = World()

    async def later(ctx, items):
        for _ in range(pauses[int(ctx.path[1:])]):
            await asyncio.sleep(0)
        return "ok"

    async def fail_later(ctx, items):
        await later(ctx, items)
        raise ValueError("boom")

    def fail(items):
        raise ValueError("boom")

    items = [inp("items", ANY, many=True)]
    for kind, function in {"ok": lambda items: "ok", "ok.task": later, "boom": fail, "boom.task": fail_later}.items():
        made.node(f"p.{kind}", function, items)
    made.node("p.catch", lambda items: "ok", [inp("items", ANY, many=True, accepts_error=True)])
    return made


@st.composite
def dags(draw: st.DrawFn) -> Spec:
    spec: Spec = []
    for k in range(draw(st.integers(2, 12))):
        sources = draw(st.lists(st.integers(0, k - 1), max_size=3, unique=True)) if k else []
        kind = draw(st.sampled_from(KINDS if sources else KINDS[:4]))
        spec.append((kind, sources, draw(st.booleans())))
    return spec


def graph(spec: Spec) -> Graph:
    drawn = Draw()
    for k, (kind, sources, _) in enumerate(spec):
        drawn.n(f"n{k}", "flow.race" if kind == "race" else f"p.{kind}")
        for source in sources:
            drawn.w(f"n{source}.value", f"n{k}.values" if kind == "race" else f"n{k}.items")
    if any(shown for _, _, shown in spec):
        drawn.n("out", "graph.output")
    for k, (_, _, shown) in enumerate(spec):
        if shown:
            drawn.gives(f"o{k}").w(f"n{k}.value", f"out.o{k}")
    return drawn.graph()


def expected(spec: Spec) -> tuple[set[str], set[str]]:
    """Return which outputs there are, and the nodes whose failure is one of the run."""
    lost: list[bool] = []
    for kind, sources, _ in spec:
        errors = [lost[source] for source in sources]
        taken = kind == "catch" or (kind == "race" and not all(errors))
        lost.append(kind.startswith("boom") or (any(errors) and not taken))
    harmful = [False] * len(spec)
    for k in reversed(range(len(spec))):
        behind = [j for j, (_, sources, _) in enumerate(spec) if k in sources]
        carried = any(harmful[j] for j in behind if lost[j] and (not spec[j][0].startswith("boom") or any(lost[i] for i in spec[j][1])))
        harmful[k] = lost[k] and (spec[k][2] or not behind or carried)
    roots = {k for k, (kind, sources, _) in enumerate(spec) if kind.startswith("boom") and not any(lost[source] for source in sources)}
    return {f"o{k}" for k, (_, _, shown) in enumerate(spec) if shown and not lost[k]}, {f"n{k}" for k in roots if harmful[k]}


@settings(max_examples=150, deadline=None)
@given(spec=dags(), pauses=st.lists(st.integers(0, 4), min_size=12, max_size=12))
def test_a_run_fails_by_what_nobody_took_and_by_nothing_else(spec: Spec, pauses: list[int]) -> None:
    outputs, harmful = expected(spec)

    async def both() -> None:
        runner = Runner(world(pauses))
        plan = runner.compile(graph(spec))
        result = await asyncio.wait_for(runner.start(plan).result(), 20)
        assert (result.state, {error.path for error in result.errors}) == ("failed" if harmful else "ok", harmful)
        assert result.outputs.keys() == outputs
        result = await asyncio.wait_for(runner.start(plan, mode="fail_fast").result(), 20)
        if harmful:
            assert result.state == "failed"
            assert {error.path for error in result.errors} <= harmful
        else:
            assert (result.state, result.outputs.keys()) == ("ok", outputs)

    asyncio.run(both())
