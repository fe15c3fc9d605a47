"""Whatever the graph, and whenever the server is killed: a run ends as if nothing had happened, and clients cannot tell the difference."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comfytavern.projects.fold import Fold
from comfytavern.projects.run import RunView
from comfytavern.testing.projects import MemoryShelf
from tests.unit.projects.parts import Kept, Server

pytestmark = pytest.mark.slow

ANN = "usr_ann"
SOON = 20.0


@st.composite
def dags(draw: st.DrawFn) -> dict[int, list[int]]:
    """Return the parents of each node."""
    size = draw(st.integers(1, 6))
    return {node: sorted(draw(st.sets(st.integers(0, node - 1), max_size=2))) if node else [] for node in range(size)}


def graph(parents: dict[int, list[int]]) -> dict[str, object]:
    """Return a graph whose nodes wait for their door; a node's parents come in by `value` and by `after`."""
    wires = [
        {"id": f"w{node}-{at}", "source": [f"n{parent}", "value"], "target": [f"n{node}", "value" if at == 0 else "after"]}
        for node, its in parents.items()
        for at, parent in enumerate(its)
    ]
    return {"nodes": [{"id": f"n{node}", "kind": "t.stop", "values": {"name": f"n{node}"}} for node in parents], "wires": wires}


def value(parents: dict[int, list[int]], node: int) -> str:
    """Return what a node gives: what its first parent gives, else its own name."""
    return value(parents, parents[node][0]) if parents[node] else f"n{node}"


async def shown_done(kept: Kept, id: str) -> set[str]:
    fold = Fold()
    for batch in await kept.archive.events.read(id, 0):
        for event in batch.events:
            fold.add(event)
    return {path for path, node in fold.nodes.items() if node["state"] in ("done", "cached")}


async def play(parents: dict[int, list[int]], steps: list[bool]) -> None:
    """Open doors one after the other; at each `True` the server is killed and another one comes."""
    kept = Kept(MemoryShelf())
    servers = [Server(kept)]
    await servers[0].runs.open()
    id = (await servers[0].runs.start(ANN, {"graph": graph(parents)})).id
    opened: list[str] = []
    finished: list[tuple[Server, set[str]]] = []
    for node, kill in zip(parents, steps, strict=False):
        server = servers[-1]
        name = f"n{node}"
        await asyncio.wait_for(server.troupe.entered[name].wait(), SOON)
        server.troupe.doors[name].set()
        opened.append(name)
        if kill:
            await asyncio.sleep(0.02 * (node % 3))
            server.kill()
            done = await shown_done(kept, id)
            servers.append(Server(kept))
            for one in opened:
                servers[-1].troupe.doors[one].set()
            await servers[-1].runs.open()
            finished.append((servers[-1], done))
    for node in parents:
        servers[-1].troupe.doors[f"n{node}"].set()
    view = await asyncio.wait_for(servers[-1].runs.wait(ANN, id), SOON)
    await check(kept, id, view, parents)
    for server, done in finished:
        assert not [name for name in done if server.troupe.calls[name]], "a node that was shown as finished ran again"
    for server in servers:
        await server.runs.close()


async def check(kept: Kept, id: str, view: RunView, parents: dict[int, list[int]]) -> None:
    events = [event for batch in await kept.archive.events.read(id, 0) for event in batch.events]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.t for event in events] == sorted(event.t for event in events)
    fold = Fold()
    for event in events:
        fold.add(event)
    assert fold.state == view.state == "ok"
    assert {path: node["outputs"]["value"] for path, node in fold.nodes.items()} == {f"n{node}": value(parents, node) for node in parents}
    assert {path: node["state"] for path, node in view.nodes.items()} == {path: node["state"] for path, node in fold.nodes.items()}


@settings(max_examples=25, deadline=None)
@given(parents=dags(), steps=st.lists(st.booleans(), min_size=6, max_size=6))
def test_a_run_ends_as_if_no_server_had_ever_been_killed(parents: dict[int, list[int]], steps: list[bool]) -> None:
    asyncio.run(play(parents, steps))
