"""The result of a run does not depend on scheduling order, and If/Merge graphs mean what a simple interpreter says."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comfytavern.engine.runner import Cache, Runner
from comfytavern.graph.document import Graph
from tests.unit.engine.world import ANY, DEAD, Draw, World, inp, out

pytestmark = pytest.mark.slow

Spec = list[tuple[str, list[int], int]]
"""By node: how it runs, which earlier nodes feed it, a number."""


def world(pauses: dict[str, int]) -> World:
    """Kinds that do the same inline, in a task, in a stream; tasks pause as often as `pauses` says."""
    made = World()

    def mix(items: list[Any], salt: int) -> int:
        return hash((tuple(map(str, items)), salt)) % 10_007

    async def later(ctx, items, salt):
        for _ in range(pauses.get(ctx.path, 0)):
            await asyncio.sleep(0)
        return mix(items, salt)

    async def streamed(ctx, items, salt):
        for item in items:
            for _ in range(pauses.get(ctx.path, 0)):
                await asyncio.sleep(0)
            yield item
        yield salt

    ports = [inp("items", ANY, many=True), inp("salt", ANY)]
    made.node("p.inline", mix, ports)
    made.node("p.task", later, ports)
    made.node("p.stream", streamed, ports, [out("value", ANY, stream=True)])
    made.node(
        "p.if", lambda c, v: (v, DEAD) if c else (DEAD, v), [inp("c", ANY), inp("v", ANY, required=True)], [out("t", ANY), out("f", ANY)]
    )
    made.node("p.merge", lambda values: values[0], [inp("values", ANY, many=True, accepts_dead=True)])
    made.node("p.two", lambda a, b: f"{a}{b}", [inp("a", ANY, required=True), inp("b", ANY, default="-")])
    return made


@st.composite
def dags(draw: st.DrawFn) -> Spec:
    count = draw(st.integers(2, 14))
    kinds = st.sampled_from(["p.inline", "p.task", "p.stream"])
    return [(draw(kinds), draw(st.lists(st.integers(0, k - 1), max_size=3)) if k else [], draw(st.integers(0, 9))) for k in range(count)]


def graph(spec: Spec) -> Graph:
    drawn = Draw().n("out", "graph.output")
    for k, (kind, sources, salt) in enumerate(spec):
        drawn.n(f"n{k}", kind, salt=salt)
        for source in sources:
            drawn.w(f"n{source}.value", f"n{k}.items")
        drawn.gives(f"o{k}").w(f"n{k}.value", f"out.o{k}")
    return drawn.graph()


def expected(spec: Spec) -> dict[str, Any]:
    values: list[Any] = []
    for kind, sources, salt in spec:
        items = [values[source] for source in sources]
        if kind == "p.stream":
            chunks = [*items, salt]
            values.append("".join(chunks) if all(isinstance(chunk, str) for chunk in chunks) else chunks)
        else:
            values.append(hash((tuple(map(str, items)), salt)) % 10_007)
    return {f"o{k}": value for k, value in enumerate(values)}


async def run(runner: Runner, one: Graph) -> dict[str, Any]:
    result = await asyncio.wait_for(runner.start(runner.compile(one)).result(), 20)
    assert result.state == "ok", result.errors
    return result.outputs


@settings(max_examples=60, deadline=None)
@given(
    spec=dags(), pauses=st.lists(st.integers(0, 4), min_size=14, max_size=14), more=st.lists(st.integers(0, 4), min_size=14, max_size=14)
)
def test_any_order_gives_the_same_result(spec: Spec, pauses: list[int], more: list[int]) -> None:
    async def both() -> None:
        cache = Cache()
        for delays, kept in ((pauses, None), (more, None), (pauses, cache), (more, cache)):
            runner = Runner(world({f"n{k}": delay for k, delay in enumerate(delays)}), cache=kept)
            assert await run(runner, graph(spec)) == expected(spec)

    asyncio.run(both())


Branch = tuple[str, list[int], bool]


@st.composite
def branches(draw: st.DrawFn) -> list[Branch]:
    """Random graphs of If (two outputs), Merge and a node with a required and an optional input. Odd sources mean output `f`."""
    count = draw(st.integers(1, 16))
    spec: list[Branch] = []
    for k in range(count):
        kind = draw(st.sampled_from(["if", "merge", "two"])) if k else "if"
        most = {"if": 1, "merge": 3, "two": 2}[kind]
        least = 0 if kind == "if" else 1
        sources = draw(st.lists(st.integers(0, 2 * k - 1), min_size=least, max_size=most)) if k else []
        spec.append((kind, sources, draw(st.booleans())))
    return spec


def wired(spec: list[Branch]) -> Graph:
    drawn = Draw().n("out", "graph.output")

    def port(source: int) -> str:
        kind = spec[source // 2][0]
        return f"n{source // 2}." + (("f" if source % 2 else "t") if kind == "if" else "value")

    for k, (kind, sources, flag) in enumerate(spec):
        if kind == "if":
            drawn.n(f"n{k}", "p.if", c=flag, **({} if sources else {"v": k}))
            for source in sources:
                drawn.w(port(source), f"n{k}.v")
        elif kind == "merge":
            drawn.n(f"n{k}", "p.merge")
            for source in sources:
                drawn.w(port(source), f"n{k}.values")
        else:
            drawn.n(f"n{k}", "p.two")
            for source, name in zip(sources, ("a", "b"), strict=False):
                drawn.w(port(source), f"n{k}.{name}")
        drawn.gives(f"o{k}", f"f{k}").w(port(2 * k), f"out.o{k}").w(port(2 * k + 1), f"out.f{k}")
    return drawn.graph()


def interpreted(spec: list[Branch]) -> dict[str, Any]:
    """The rules R2 to R7 in as few lines as possible; None stands for DEAD."""
    table: list[tuple[Any, Any]] = []
    for k, (kind, sources, flag) in enumerate(spec):
        given_ = [table[source // 2][source % 2] for source in sources]
        if kind == "if":
            value = given_[0] if sources else k
            table.append((None, None) if value is None else (value, None) if flag else (None, value))
        elif kind == "merge":
            live = [value for value in given_ if value is not None]
            table.append((live[0], live[0]) if live else (None, None))
        else:
            first, second = given_[0], given_[1] if len(given_) > 1 else None
            made = None if first is None else f"{first}{'-' if second is None else second}"
            table.append((made, made))
    tokens = {f"o{k}": pair[0] for k, pair in enumerate(table)} | {f"f{k}": pair[1] for k, pair in enumerate(table)}
    return {name: value for name, value in tokens.items() if value is not None}


@settings(max_examples=150, deadline=None)
@given(spec=branches())
def test_branches_and_merges_match_a_simple_interpreter(spec: list[Branch]) -> None:
    async def twice() -> None:
        runner = Runner(world({}), cache=Cache())
        for _ in range(2):
            assert await run(runner, wired(spec)) == interpreted(spec)

    asyncio.run(twice())
