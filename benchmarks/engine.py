"""Measures the engine through its public door and prints one JSON line. `python benchmarks/engine.py [--quick]`.

Times are minima of several rounds: the machine may be shared. Ratios to `await_ns`, measured in the same process, are what
counts. LangGraph is measured in the same run when it is installed (`pip install .[benchmark]`).
"""

import asyncio
import gc
import json
import statistics
import sys
import time
import tracemalloc
from itertools import pairwise

import uvloop
from msgspec.structs import replace

from comfytavern.engine.log import MemoryLog
from comfytavern.engine.runner import Cache, Runner
from comfytavern.graph.document import End, Graph, Node, Wire
from comfytavern.graph.kinds import Control
from comfytavern.graph.types import Type
from comfytavern.nodes import kit
from comfytavern.nodes.kit import Words, inp, out

ZH = Words(title="测试", description="测试")
ROUNDS = 3 if "--quick" in sys.argv else 7
clock = time.perf_counter


class Kinds:
    """The kinds that are measured, declared as everybody declares kinds."""

    def __init__(self) -> None:
        self.found = {}
        integer = Type.INTEGER
        x, value = inp("x", integer, required=True), [out("value", integer)]

        def total(items):
            return sum(items)

        self.node("b.add", lambda x, by: x + by, [x, inp("by", integer, default=1)], value)
        self.node("b.sum", lambda a, b: a + b, [inp("a", integer, required=True), inp("b", integer, required=True)], value)
        self.node("b.join", total, [inp("items", integer, many=True)], value)

        async def anone(x):
            return x + 1

        async def wait(x, ms):
            await asyncio.sleep(ms / 1000)
            return x + 1

        self.node("b.async", anone, [x], value)
        self.node("b.wait", wait, [x, inp("ms", Type.FLOAT, default=10.0)], value, effect="nondet")
        reads, gives = [inp("text", Type.STRING, stream=True, required=True)], [out("text", Type.STRING, stream=True)]

        async def source(n, pause):
            for _ in range(n):
                if pause:
                    await asyncio.sleep(pause)
                yield STAMPS.before()

        async def relay(text):
            async for chunk in text:
                yield chunk

        async def sink(text):
            n = 0
            async for chunk in text:
                n += 1
                STAMPS.after(chunk)
            return n

        self.node("b.source", source, [inp("n", integer), inp("pause", Type.FLOAT, default=0.0)], gives, effect="nondet")
        self.node("b.relay", relay, reads, gives)
        self.node("b.map", lambda text: text, reads, gives, per_chunk=True)
        self.node("b.sink", sink, reads, [out("n", integer)], effect="nondet")
        for id, control in {"graph.input": Control.INPUT, "graph.output": Control.OUTPUT}.items():
            self.found[id] = kit.control(id, control, title=id, description=id, zh=ZH)

    def node(self, id, function, inputs, outputs, effect="pure", **more):
        kit.node(id, title=id, description=id, inputs=inputs, outputs=outputs, effect=effect, zh=ZH, **more)(function)
        self.found[id] = function.__node__

    def get(self, id, /):
        return self.found[id].kind if id in self.found else None

    def implementation(self, id, /):
        return self.found.get(id)


class Stamps:
    """When chunks left and arrived; off, it costs one attribute."""

    def __init__(self):
        self.on = False
        self.latencies = []

    def before(self):
        return f"{clock():.9f}" if self.on else "some text"

    def after(self, chunk):
        if self.on:
            self.latencies.append(clock() - float(chunk))


STAMPS = Stamps()
KINDS = Kinds()


def draw(nodes, wires):
    return Graph(
        nodes=[Node(id=id, kind=kind, values=values) for id, kind, values in nodes],
        wires=[Wire(id=f"w{k}", source=End(*a), target=End(*b)) for k, (a, b) in enumerate(wires)],
    )


def chain(n, kind="b.add", port="x", given="value"):
    nodes = [(f"n{k}", kind, {"x": 0} if k == 0 else {}) for k in range(n)]
    return draw(nodes, [((f"n{k}", given), (f"n{k + 1}", port)) for k in range(n - 1)])


def fan(n, kind="b.add", **values):
    nodes = [("root", "b.add", {"x": 0})] + [(f"n{k}", kind, ({"by": k} if kind == "b.add" else {}) | values) for k in range(n - 1)]
    return draw(nodes, [(("root", "value"), (f"n{k}", "x")) for k in range(n - 1)])


def dag(n):
    nodes, wires = [("n0", "b.add", {"x": 0}), ("n1", "b.add", {"x": 1})], []
    for k in range(2, n):
        nodes.append((f"n{k}", "b.sum", {}))
        wires += [((f"n{k - 1}", "value"), (f"n{k}", "a")), ((f"n{(k * 7) % (k - 1)}", "value"), (f"n{k}", "b"))]
    return draw(nodes, wires)


GRAPHS = {"chain_100": chain(100), "chain_1000": chain(1000), "chain_10000": chain(10_000), "fan_1000": fan(1000), "dag_1000": dag(1000)}


async def await_ns():
    async def one(x):
        return x + 1

    best = 1.0
    for _ in range(20):
        x, started = 0, clock()
        for _ in range(10_000):
            x = await one(x)
        best = min(best, (clock() - started) / 10_000)
    return best * 1e9


async def best_of(once, rounds=ROUNDS, least_s=0.1 * ROUNDS):
    """Return the shortest of several rounds: at least `rounds`, and more while they are short."""
    gc.collect()
    times, started = [], clock()
    while len(times) < rounds or (clock() - started < least_s and len(times) < 200):
        times.append(await once())
    return min(times)


async def run_once(runner, plan, *, watch=False, **more):
    async def watcher(run):
        async for batch in run.events():
            batch.json  # noqa: B018 - encoded once, as for a client

    started = clock()
    run = runner.start(plan, **more)
    watching = asyncio.create_task(watcher(run)) if watch else None
    result = await run.result()
    if watching is not None:
        await watching
    spent = clock() - started
    assert result.state == "ok", result
    return spent


async def sync_us(full):
    found = {}
    for name, graph in GRAPHS.items():
        runner = Runner(KINDS)
        plan = runner.compile(graph)
        await run_once(runner, plan)

        async def once(plan=plan):
            fresh = Runner(KINDS, cache=Cache() if full else None)
            return await run_once(fresh, plan, watch=full, log=MemoryLog() if full else None)

        found[name] = round(await best_of(once) / len(graph.nodes) * 1e6, 3)
    return found


async def async_us():
    found = {}
    for name, graph in {"chain": chain(1000, "b.async"), "fan": fan(1000, "b.async")}.items():
        runner = Runner(KINDS)
        plan = runner.compile(graph)
        found[name] = round(await best_of(lambda runner=runner, plan=plan: run_once(runner, plan)) / 1000 * 1e6, 3)
    return found


async def one_leaf_ms():
    """1001 nodes in ten branches and a join; one leaf is edited, then run to the join: 101 executions, 9 cached tails."""

    def node(b, k, leaf):
        return Node(id=f"b{b}n{k}", kind="b.add", values={"x": leaf, "by": b + 1} if k == 0 else {})

    nodes, wires = [Node(id="join", kind="b.join")], []
    for b in range(10):
        nodes += [node(b, k, b) for k in range(100)]
        wires += [((f"b{b}n{k}", "value"), (f"b{b}n{k + 1}", "x")) for k in range(99)] + [((f"b{b}n99", "value"), ("join", "items"))]
    graph = replace(draw([], wires), nodes=nodes)
    runner = Runner(KINDS, cache=Cache())
    plan = runner.compile(graph)
    await run_once(runner, plan, targets=["join"])
    leaves = iter(range(1000, 10_000))

    async def once():
        nonlocal plan
        edited = replace(graph, nodes=[*nodes[:301], node(3, 0, next(leaves)), *nodes[302:]])
        started = clock()
        plan = runner.compile(edited, base=plan)
        run = runner.start(plan, targets=["join"])
        await run.result()
        spent = clock() - started
        assert len(run.snapshot()["nodes"]) == 110
        return spent

    return round(await best_of(once) * 1000, 3)


def line(kinds, n, pause=0.0):
    names = [f"t{k}" for k in range(3)]
    nodes = [("s", "b.source", {"n": n, "pause": pause})] + [(name, kinds, {}) for name in names] + [("k", "b.sink", {})]
    order = ["s", *names, "k"]
    return draw(nodes, [((a, "text"), (b, "text")) for a, b in pairwise(order)])


async def chunk_us():
    found = {}
    for name, kind in {"apart": "b.relay", "fused": "b.map"}.items():
        runner = Runner(KINDS)
        plan = runner.compile(line(kind, 20_000))
        found[name] = round(await best_of(lambda runner=runner, plan=plan: run_once(runner, plan)) / 20_000 * 1e6, 3)
    return found


async def chunk_p50_us():
    runner, found = Runner(KINDS), {}
    for name, (n, pause) in {"paced": (200, 0.002), "saturated": (20_000, 0.0)}.items():
        STAMPS.on, STAMPS.latencies = True, []
        await run_once(runner, runner.compile(line("b.relay", n, pause)))
        found[name] = round(statistics.median(STAMPS.latencies) * 1e6, 1)
        STAMPS.on = False
    return found


async def conc_efficiency():
    """100 runs of 10 chained nodes that wait 10 ms, events on, beside the same waits without an engine."""
    runner = Runner(KINDS)
    plan = runner.compile(chain(10, "b.wait"))

    async def bare():
        for _ in range(10):
            await asyncio.sleep(0.01)

    async def ideal():
        started = clock()
        await asyncio.gather(*[bare() for _ in range(100)])
        return clock() - started

    async def ours():
        started = clock()
        await asyncio.gather(*[run_once(runner, plan, watch=True) for _ in range(100)])
        return clock() - started

    best = [9.0, 9.0]
    for _ in range(ROUNDS * 2):
        best = [min(best[0], await ideal()), min(best[1], await ours())]
    return round(best[0] / best[1], 3)


async def bytes_per_node():
    graph, n = chain(10_000), 10_000
    runner = Runner(KINDS)
    runner.compile(chain(10))
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    plan = runner.compile(graph)
    gc.collect()
    middle = tracemalloc.get_traced_memory()[0]
    run = runner.start(plan)
    await run.result()
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert run.state == "ok"
    return {"plan": round((middle - before) / n), "run": round((after - middle) / n)}


async def cancel_ms():
    """A stream without end through three nodes, and a chain of 10,000 sync nodes."""
    runner = Runner(KINDS)
    worst = 0.0
    for graph in (line("b.relay", 10**9), chain(10_000)):
        plan = runner.compile(graph)
        for _ in range(ROUNDS):
            run = runner.start(plan)
            await asyncio.sleep(0.004)
            started = clock()
            run.cancel()
            await run.result()
            worst = max(worst, clock() - started)
    return round(worst * 1000, 3)


async def loop_hold_ms():
    """The longest the loop was held during 10,000 nodes with everything on; the best of several rounds."""

    plan = Runner(KINDS).compile(GRAPHS["chain_10000"])

    async def once():
        runner = Runner(KINDS, cache=Cache())
        worst, last, over = 0.0, clock(), False

        async def look():
            nonlocal worst, last
            while not over:
                await asyncio.sleep(0)
                now = clock()
                worst, last = max(worst, now - last), now

        looking = asyncio.create_task(look())
        last = clock()
        await run_once(runner, plan, watch=True, log=MemoryLog())
        over = True
        await looking
        return worst

    return round(await best_of(once) * 1000, 3)


async def langgraph_us():
    try:
        import operator
        from typing import Annotated, TypedDict

        from langgraph.graph import END, START, StateGraph
    except ImportError:
        print("langgraph is not installed: its figures are null (pip install .[benchmark])", file=sys.stderr)
        return {"chain_1000": None, "dag_1000": None}

    class State(TypedDict):
        x: Annotated[int, operator.add]

    def build(edges, n):
        graph = StateGraph(State)
        for k in range(n):
            graph.add_node(f"n{k}", lambda state: {"x": 1})
        graph.add_edge(START, "n0")
        for sources, target in edges:
            graph.add_edge(sources, target)
        graph.add_edge(f"n{n - 1}", END)
        return graph.compile()

    chained = build([(f"n{k}", f"n{k + 1}") for k in range(999)], 1000)
    joined = build([("n0", "n1")] + [([f"n{k - 1}", f"n{(k * 7) % (k - 1)}"], f"n{k}") for k in range(2, 1000)], 1000)
    found = {}
    for name, app in {"chain_1000": chained, "dag_1000": joined}.items():

        async def once(app=app):
            started = clock()
            await app.ainvoke({"x": 0}, {"recursion_limit": 2000})
            return clock() - started

        found[name] = round(await best_of(once, 3, 0.0) / 1000 * 1e6, 1)
    return found


async def main():
    figures = {"await_ns": round(await await_ns(), 1)}
    only = [name for name in sys.argv[1:] if not name.startswith("-")]
    parts = {
        "sync_us": lambda: sync_us(full=False),
        "full_us": lambda: sync_us(full=True),
        "async_us": async_us,
        "one_leaf_ms": one_leaf_ms,
        "chunk_us": chunk_us,
        "chunk_p50_us": chunk_p50_us,
        "conc_efficiency": conc_efficiency,
        "bytes_per_node": bytes_per_node,
        "cancel_ms": cancel_ms,
        "loop_hold_ms": loop_hold_ms,
        "langgraph_us": langgraph_us,
    }
    for name, part in parts.items():
        if not only or name in only:
            figures[name] = await part()
    fused = figures.get("chunk_us")
    if fused:
        figures["chunk_us"], figures["chunk_fused_us"] = fused["apart"], fused["fused"]
    figures["await_ns"] = round(min(figures["await_ns"], await await_ns()), 1)
    print(json.dumps(figures))


if __name__ == "__main__":
    uvloop.run(main())
