"""Runs, seen through their door, with the real engine, kept in memory and in every database."""

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from comfytavern.graph.document import Graph
from comfytavern.kernel.errors import Busy, Conflict, Failure, Invalid, NotFound, Unavailable
from comfytavern.kernel.events import RunEvent
from comfytavern.projects.fold import Fold
from comfytavern.projects.run import RunView
from comfytavern.projects.runs import Runs
from comfytavern.testing.databases import DATABASES, new_database
from comfytavern.testing.projects import MemoryShelf
from tests.unit.projects.parts import Kept, Server, graph

ANN, BOB = "usr_ann", "usr_bob"
SOON = 10.0


@pytest.fixture(params=["memory", *DATABASES])
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kept]:
    kept = Kept(MemoryShelf() if request.param == "memory" else new_database(request.param, tmp_path))
    await kept.begin(ANN, BOB)
    yield kept
    await kept.end()


@pytest.fixture
async def start_server(kept: Kept) -> AsyncIterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(**limits: Any) -> Server:
        servers.append(Server(kept, **limits))
        return servers[-1]

    yield start
    for server in servers:
        await server.runs.close()


@pytest.fixture
async def server(start_server: Callable[..., Server]) -> Server:
    server = start_server()
    await server.runs.open()
    return server


async def over(runs: Runs, id: str, owner: str = ANN) -> RunView:
    return await asyncio.wait_for(runs.wait(owner, id), SOON)


async def until(runs: Runs, id: str, state: str, owner: str = ANN) -> None:
    async def look() -> None:
        while (await runs.get(owner, id)).state != state:  # noqa: ASYNC110 -- a client that asks again and again
            await asyncio.sleep(0.005)

    await asyncio.wait_for(look(), SOON)


async def watched(runs: Runs, id: str, after: int = 0) -> list[RunEvent]:
    events: list[RunEvent] = []
    async with asyncio.timeout(SOON):
        async for some in await runs.watch(ANN, id, after):
            events += some
    return events


async def kept_until(runs: Runs, id: str, enough: Callable[[Fold], bool]) -> list[RunEvent]:
    """Return the events that are kept, once there are enough of them."""
    async with asyncio.timeout(SOON):
        while not enough(folded(events := (await runs.events(ANN, id))[0])):  # noqa: ASYNC110 -- as above
            await asyncio.sleep(0.005)
    return events


def folded(events: list[RunEvent]) -> Fold:
    fold = Fold()
    for event in events:
        fold.add(event)
    return fold


def states(view: RunView) -> dict[str, str]:
    return {path: node["state"] for path, node in view.nodes.items()}


CHAIN = graph(("a", "t.echo", {"value": 0}), ("b", "t.echo", {}), wires=("a.value>b.value",), outputs=("b.value",))
STOPS = graph(
    ("a", "t.stop", {"name": "a"}),
    ("b", "t.stop", {"name": "b"}),
    ("c", "t.echo", {}),
    wires=("a.value>b.value", "b.value>c.value"),
    outputs=("c.value",),
)


# start and look


async def test_a_run_ends_with_outputs_and_falsy_values_survive(server: Server) -> None:
    started = await server.runs.start(ANN, {"graph": CHAIN}, source="cli")
    view = await over(server.runs, started.id)
    assert (view.state, view.outputs, view.source, view.errors) == ("ok", {"b": 0}, "cli", None)
    assert states(view) == {"a": "done", "b": "done", "out": "done"}
    assert view.started_at is not None
    assert view.duration_ms is not None
    assert view.duration_ms >= 0


async def test_a_run_that_names_a_session_is_known_as_the_canvas_s(server: Server) -> None:
    typed = await server.runs.start(ANN, {"graph": graph(), "inputs": {}}, source="ws")
    drawn = await server.runs.start(ANN, {"graph": graph(), "inputs": {}, "session": "tab"}, source="ws")
    assert (typed.source, drawn.source) == ("ws", "canvas")


async def test_a_saved_workflow_runs_at_the_version_asked_for(server: Server) -> None:
    project = await server.projects.first_project(ANN)
    workflow = await server.projects.create_workflow(ANN, project.id, "Chain", graph=CHAIN)
    await server.projects.save_workflow(ANN, workflow.id, graph(("z", "t.echo", {"value": 1}), outputs=("z.value",)), 1)
    newest = await over(server.runs, (await server.runs.start(ANN, {"workflow_id": workflow.id})).id)
    first = await over(server.runs, (await server.runs.start(ANN, {"workflow_id": workflow.id, "version": 1})).id)
    assert (newest.version, newest.outputs, newest.workflow_name) == (2, {"z": 1}, "Chain")
    assert (first.version, first.outputs) == (1, {"b": 0})
    history = await server.runs.history(ANN, workflow_id=workflow.id, state="ok")
    assert [item.version for item in history.items] == [1, 2]
    assert (await server.runs.history(ANN, project_id="prj_none")).items == []


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({}, "run.subject"),
        ({"graph": CHAIN, "workflow_id": "wfl_1"}, "run.subject"),
        ({"graph": CHAIN, "nonsense": 1}, "run.request"),
        ({"workflow_id": "wfl_none"}, "workflow.unknown"),
        ({"graph": graph(("a", "t.none", {}))}, "graph.invalid"),
        ({"graph": {"nodes": 7}}, "graph.malformed"),
        ({"graph": CHAIN, "inputs": {"x": 1}}, "engine.inputs"),
        ({"graph": CHAIN, "targets": ["gone"]}, "engine.target"),
        ({"graph": STOPS, "only": "c"}, "engine.missing"),
    ],
)
async def test_what_cannot_run_is_refused_and_leaves_no_run(server: Server, request_: dict[str, Any], code: str) -> None:
    with pytest.raises(Failure) as failure:
        await server.runs.start(ANN, request_)
    assert failure.value.code == code
    assert (await server.runs.history(ANN)).items == []


async def test_a_failing_node_fails_the_run_with_its_root_cause(server: Server) -> None:
    started = await server.runs.start(ANN, {"graph": graph(("a", "t.fail", {}), ("b", "t.echo", {}), wires=("a.value>b.value",))})
    view = await over(server.runs, started.id)
    assert view.state == "failed"
    assert view.errors is not None
    assert [(error["path"], error["code"], error["hint"]) for error in view.errors] == [("a", "test.broken", "Mend it.")]
    assert view.error == view.errors[0]


async def test_runs_of_others_are_not_there(server: Server) -> None:
    started = await server.runs.start(ANN, {"graph": CHAIN})
    await over(server.runs, started.id)
    runs = server.runs
    attempts = (
        runs.get(BOB, started.id),
        runs.events(BOB, started.id),
        runs.watch(BOB, started.id),
        runs.wait(BOB, started.id),
        runs.cancel(BOB, started.id),
        runs.answer(BOB, started.id, "t", 1),
        runs.node(BOB, started.id, "a"),
        runs.delete(BOB, started.id),
        runs.resolve_unknown(BOB, started.id, "a", "fail"),
    )
    for attempt in attempts:
        with pytest.raises(NotFound) as failure:
            await attempt
        assert failure.value.code == "run.unknown"


async def test_usage_is_added_up(server: Server) -> None:
    started = await server.runs.start(ANN, {"graph": graph(("a", "t.talk", {"name": "a"}), ("b", "t.talk", {"name": "b"}))})
    for name in "ab":
        server.troupe.doors[name].set()
    view = await over(server.runs, started.id)
    assert (view.tokens, view.usage) == (10, {"demo/demo": {"input_tokens": 4, "output_tokens": 6}})
    assert (await server.runs.history(ANN)).items[0].tokens == 10


# watch


async def test_two_clients_see_the_same_and_a_late_one_catches_up(server: Server) -> None:
    started = await server.runs.start(ANN, {"graph": graph(("a", "t.talk", {"name": "a"}), outputs=("a.text",))})
    first = asyncio.create_task(watched(server.runs, started.id))
    await asyncio.wait_for(server.troupe.entered["a"].wait(), SOON)
    second = asyncio.create_task(watched(server.runs, started.id))
    server.troupe.doors["a"].set()
    one, two = await first, await second
    three = await watched(server.runs, started.id)
    assert one == two == three
    assert [event.seq for event in one] == list(range(1, len(one) + 1))
    view = await server.runs.get(ANN, started.id)
    assert folded(one).snapshot() == {name: getattr(view, name) for name in folded(one).snapshot()}
    assert view.texts == {"a:text": {"epoch": 0, "text": "a says hello"}}
    for after in range(len(one) + 1):
        assert await watched(server.runs, started.id, after) == one[after:]
        assert await server.runs.events(ANN, started.id, after) == (one[after:], True)


async def test_a_snapshot_and_the_events_after_it_are_the_whole(server: Server) -> None:
    started = await server.runs.start(ANN, {"graph": STOPS})
    await asyncio.wait_for(server.troupe.entered["a"].wait(), SOON)
    await until(server.runs, started.id, "running")
    snapshot = await server.runs.get(ANN, started.id)
    for name in "ab":
        server.troupe.doors[name].set()
    rest = await watched(server.runs, started.id, snapshot.seq)
    assert rest[0].seq == snapshot.seq + 1
    assert (await server.runs.get(ANN, started.id)).state == "ok"


async def test_a_server_that_was_not_opened_runs_what_it_is_given_and_takes_over_nothing(start_server: Callable[..., Server]) -> None:
    first = start_server()
    await first.runs.open()
    running = await first.runs.start(ANN, {"graph": STOPS})
    await asyncio.wait_for(first.troupe.entered["a"].wait(), SOON)
    await until(first.runs, running.id, "running")
    guest = start_server()
    started = await guest.runs.start(ANN, {"graph": CHAIN}, source="cli")
    assert (await over(guest.runs, started.id)).outputs == {"b": 0}
    assert guest.troupe.calls == {"echo": 2}


async def test_news_of_ones_runs_reach_all_ones_clients(server: Server) -> None:
    seen: list[str] = []

    async def listen() -> None:
        async for summary in server.runs.changes(ANN):
            seen.append(summary.state)
            if summary.state == "ok":
                return

    task = asyncio.create_task(listen())
    await asyncio.sleep(0)
    await server.runs.start(BOB, {"graph": CHAIN})
    await server.runs.start(ANN, {"graph": CHAIN})
    await asyncio.wait_for(task, SOON)
    assert seen[-1] == "ok"


# turns


async def test_people_take_turns_and_nobody_has_more_than_their_share(start_server: Callable[..., Server]) -> None:
    server = start_server(running=2, running_per_user=1)
    await server.runs.open()
    ids = [(await server.runs.start(ANN, {"graph": graph(("a", "t.stop", {"name": f"ann{n}"}))})).id for n in range(3)]
    bob = await server.runs.start(BOB, {"graph": graph(("a", "t.stop", {"name": "bob0"}))})
    assert (bob.state, bob.position) == ("running", None)
    await asyncio.wait_for(server.troupe.entered["bob0"].wait(), SOON)
    queue = await server.runs.queue(ANN)
    assert [place.id for place in queue.running] == ids[:1]
    assert [(place.id, place.position) for place in queue.queued] == [(ids[1], 1), (ids[2], 2)]
    view = await server.runs.get(ANN, ids[2])
    assert (view.state, view.position, view.seq) == ("queued", 2, 1)
    server.troupe.doors["ann0"].set()
    await asyncio.wait_for(server.troupe.entered["ann1"].wait(), SOON)
    assert not server.troupe.entered["ann2"].is_set()
    for name in ("ann1", "ann2", "bob0"):
        server.troupe.doors[name].set()
    for id in ids:
        assert (await over(server.runs, id)).state == "ok"
    events = await watched(server.runs, ids[2])
    assert [event.state for event in events if hasattr(event, "state")] == ["queued", "running", "ok"]


async def test_a_full_queue_says_so_and_leaves_no_run(start_server: Callable[..., Server]) -> None:
    server = start_server(running=1, queued=1)
    await server.runs.open()
    for _ in range(2):
        await server.runs.start(ANN, {"graph": STOPS})
    with pytest.raises(Busy) as failure:
        await server.runs.start(BOB, {"graph": STOPS})
    assert failure.value.code == "run.queue_full"
    assert (await server.runs.history(BOB)).items == []


async def test_nothing_makes_a_queued_run_start_before_its_turn(start_server: Callable[..., Server]) -> None:
    server = start_server(running=1)
    await server.runs.open()
    await server.runs.start(ANN, {"graph": STOPS})
    second = await server.runs.start(ANN, {"graph": STOPS})
    with pytest.raises(NotFound):
        await server.runs.answer(ANN, second.id, "wai_x", 1)
    with pytest.raises(NotFound):
        await server.runs.resolve_unknown(ANN, second.id, "a", "fail")
    await server.runs.cancel(ANN, second.id, "a")
    assert (await server.runs.get(ANN, second.id)).state == "queued"
    assert [place.id for place in (await server.runs.queue(ANN)).queued] == [second.id]


async def test_a_queued_run_can_be_cancelled(start_server: Callable[..., Server]) -> None:
    server = start_server(running=1)
    await server.runs.open()
    first = await server.runs.start(ANN, {"graph": STOPS})
    second = await server.runs.start(ANN, {"graph": STOPS})
    await server.runs.cancel(ANN, second.id)
    assert (await over(server.runs, second.id)).state == "cancelled"
    await server.runs.cancel(ANN, second.id)
    await server.runs.cancel(ANN, first.id)
    assert (await over(server.runs, first.id)).state == "cancelled"


# cancel, delete


async def test_cancelling_ends_a_run_and_its_events(server: Server) -> None:
    started = await server.runs.start(ANN, {"graph": STOPS})
    await asyncio.wait_for(server.troupe.entered["a"].wait(), SOON)
    await server.runs.cancel(ANN, started.id)
    view = await over(server.runs, started.id)
    assert (view.state, view.nodes["a"]["state"]) == ("cancelled", "cancelled")
    events = await watched(server.runs, started.id)
    assert msgspec.to_builtins(events[-1])["state"] == "cancelled"


async def test_a_run_is_deleted_when_it_is_over(server: Server) -> None:
    started = await server.runs.start(ANN, {"graph": STOPS})
    with pytest.raises(Conflict) as failure:
        await server.runs.delete(ANN, started.id)
    assert failure.value.code == "run.active"
    await server.runs.cancel(ANN, started.id)
    await over(server.runs, started.id)
    await server.runs.delete(ANN, started.id)
    with pytest.raises(NotFound):
        await server.runs.get(ANN, started.id)
    assert await server.runs.expire(0) == 0


# waits


async def test_an_answer_goes_on_and_a_second_one_is_refused(server: Server, kept: Kept) -> None:
    started = await server.runs.start(ANN, {"graph": graph(("q", "t.ask", {"value": "look"}), outputs=("q.value",))})
    await until(server.runs, started.id, "waiting")
    (wait,) = (await server.runs.get(ANN, started.id)).waits
    assert (wait["path"], wait["title"], wait["shown"], wait["schema"]) == ("q", "Go on?", "look", {"type": "string"})
    with pytest.raises(Invalid):
        await server.runs.answer(ANN, started.id, wait["token"], 7)
    with pytest.raises(NotFound):
        await server.runs.answer(ANN, started.id, "wai_other", "yes")
    await server.runs.answer(ANN, started.id, wait["token"], "yes")
    assert any(type(record).__name__ == "Answered" for record in await kept.archive.journal.read(started.id))
    view = await over(server.runs, started.id)
    assert (view.state, view.outputs, view.waits) == ("ok", {"q": "yes"}, [])
    with pytest.raises(Conflict) as failure:
        await server.runs.answer(ANN, started.id, wait["token"], "no")
    assert failure.value.code == "run.answered"
    with pytest.raises(NotFound):
        await server.runs.answer(ANN, started.id, "wai_other", "no")


ASKS = graph(
    ("a", "t.stop", {"name": "a"}),
    ("q", "t.ask", {}),
    ("s", "t.send", {"name": "s"}),
    wires=("a.value>q.value", "q.value>s.value"),
    outputs=("s.value",),
)


async def test_a_waiting_run_leaves_memory_and_comes_back_for_its_answer(start_server: Callable[..., Server]) -> None:
    server = start_server(unload_after_s=0.05)
    await server.runs.open()
    server.troupe.doors["a"].set()
    server.troupe.doors["s"].set()
    started = await server.runs.start(ANN, {"graph": ASKS})
    watcher = asyncio.create_task(watched(server.runs, started.id))
    await until(server.runs, started.id, "waiting")

    async def unloaded() -> None:
        while server.runs._stage.live:  # noqa: ASYNC110 -- nothing tells the world about this
            await asyncio.sleep(0.01)

    await asyncio.wait_for(unloaded(), SOON)
    view = await server.runs.get(ANN, started.id)
    assert (view.state, len(view.waits)) == ("waiting", 1)
    await server.runs.answer(ANN, started.id, view.waits[0]["token"], "yes")
    view = await over(server.runs, started.id)
    assert (view.state, view.outputs) == ("ok", {"s": "sent s"})
    assert server.troupe.calls == {"a": 1, "s": 1}
    events = await watcher
    assert [event.seq for event in events] == list(range(1, len(events) + 1))


async def test_the_clock_answers_a_run_that_has_left_memory(start_server: Callable[..., Server]) -> None:
    server = start_server(unload_after_s=0.05)
    await server.runs.open()
    started = await server.runs.start(ANN, {"graph": graph(("q", "t.ask", {"until_s": 0.4}), outputs=("q.value",))})
    await until(server.runs, started.id, "waiting")
    view = await over(server.runs, started.id)
    assert (view.state, view.outputs) == ("ok", {"q": None})


async def test_a_waiting_run_that_left_memory_can_be_cancelled(start_server: Callable[..., Server]) -> None:
    server = start_server(unload_after_s=0.0)
    await server.runs.open()
    started = await server.runs.start(ANN, {"graph": graph(("q", "t.ask", {}))})
    await until(server.runs, started.id, "waiting")
    await asyncio.sleep(0.1)
    await server.runs.cancel(ANN, started.id)
    view = await over(server.runs, started.id)
    assert (view.state, view.waits, states(view)) == ("cancelled", [], {"q": "cancelled"})


# after a restart


@pytest.mark.slow
@pytest.mark.parametrize("end", ["kill", "close"])
async def test_a_run_goes_on_without_repeating_what_was_finished(start_server: Callable[..., Server], end: str) -> None:
    first = start_server()
    await first.runs.open()
    first.troupe.doors["a"].set()
    started = await first.runs.start(ANN, {"graph": STOPS})
    await asyncio.wait_for(first.troupe.entered["b"].wait(), SOON)
    seen = await kept_until(first.runs, started.id, lambda fold: "b" in fold.nodes)
    await first.runs.close() if end == "close" else first.kill()
    second = start_server()
    second.troupe.doors["b"].set()
    await second.runs.open()
    rest = await watched(second.runs, started.id, seen[-1].seq)
    view = await second.runs.get(ANN, started.id)
    assert (view.state, view.outputs) == ("ok", {"c": "a"})
    assert second.troupe.calls == {"b": 1, "echo": 1}
    whole = seen + rest
    assert [event.seq for event in whole] == list(range(1, len(whole) + 1))
    assert [event.t for event in whole] == sorted(event.t for event in whole)
    assert folded(whole).nodes.keys() == view.nodes.keys()
    assert {path: node["state"] for path, node in folded(whole).nodes.items()} == states(view)


@pytest.mark.slow
async def test_text_that_was_cut_off_starts_over_in_a_new_epoch(start_server: Callable[..., Server]) -> None:
    first = start_server()
    await first.runs.open()
    first.troupe.doors["one"].set()
    parts = graph(("x", "t.talk", {"name": "one"}), ("y", "t.talk", {"name": "two"}), outputs=("x.text", "y.text"))
    started = await first.runs.start(ANN, {"graph": parts})
    await asyncio.wait_for(first.troupe.entered["two"].wait(), SOON)
    seen = await kept_until(first.runs, started.id, lambda fold: "y:text" in fold.texts and fold.texts["y:text"].read() == "two says ")
    first.kill()
    second = start_server()
    second.troupe.doors["two"].set()
    await second.runs.open()
    rest = await watched(second.runs, started.id, seen[-1].seq)
    view = await second.runs.get(ANN, started.id)
    assert view.outputs == {"x": "one says hello", "y": "two says hello"}
    assert view.texts == {"x:text": {"epoch": 0, "text": "one says hello"}, "y:text": {"epoch": 1, "text": "two says hello"}}
    assert folded(seen + rest).snapshot()["texts"] == view.texts
    assert second.troupe.calls == {"two": 1}


@pytest.mark.slow
async def test_queued_and_waiting_runs_survive_too(start_server: Callable[..., Server]) -> None:
    first = start_server(running=1)
    await first.runs.open()
    first.troupe.doors["a"].set()
    waiting = await first.runs.start(ANN, {"graph": ASKS})
    await until(first.runs, waiting.id, "waiting")
    running = await first.runs.start(ANN, {"graph": STOPS})
    queued = await first.runs.start(ANN, {"graph": CHAIN})
    assert queued.state == "queued"
    first.kill()
    second = start_server()
    await second.runs.open()
    for name in "abs":
        second.troupe.doors[name].set()
    assert (await over(second.runs, queued.id)).outputs == {"b": 0}
    assert (await over(second.runs, running.id)).outputs == {"c": "a"}
    (wait,) = (await second.runs.get(ANN, waiting.id)).waits
    await second.runs.answer(ANN, waiting.id, wait["token"], "yes")
    assert (await over(second.runs, waiting.id)).outputs == {"s": "sent s"}


@pytest.mark.slow
async def test_an_effect_that_may_have_happened_is_asked_about(start_server: Callable[..., Server]) -> None:
    first = start_server()
    await first.runs.open()
    started = await first.runs.start(ANN, {"graph": graph(("s", "t.send", {"name": "s"}), outputs=("s.value",))})
    await asyncio.wait_for(first.troupe.entered["s"].wait(), SOON)
    first.kill()
    second = start_server(unload_after_s=0.05)
    await second.runs.open()
    await until(second.runs, started.id, "waiting")
    view = await second.runs.get(ANN, started.id)
    assert states(view)["s"] == "unknown"
    await asyncio.sleep(0.2)
    await second.runs.resolve_unknown(ANN, started.id, "s", "result", "it was sent")
    view = await over(second.runs, started.id)
    assert (view.state, view.outputs) == ("ok", {"s": "it was sent"})
    assert second.troupe.calls == {}


@pytest.mark.slow
async def test_killed_again_and_again_a_run_still_ends_right(start_server: Callable[..., Server], kept: Kept) -> None:
    names = [f"n{at}" for at in range(6)]
    chain = graph(
        *((name, "t.stop", {"name": name}) for name in names),
        wires=tuple(f"{a}.value>{b}.value" for a, b in pairwise(names)),
        outputs=("n5.value",),
    )
    calls: dict[str, int] = {}
    id, seen = "", 0
    for name in names:
        server = start_server()
        await server.runs.open()
        if not id:
            id = (await server.runs.start(ANN, {"graph": chain})).id
        await asyncio.wait_for(server.troupe.entered[name].wait(), SOON)
        server.troupe.doors[name].set()
        await kept_until(server.runs, id, lambda fold, name=name: fold.nodes.get(name, {}).get("state") == "done")
        server.kill()
        for called, count in server.troupe.calls.items():
            calls[called] = calls.get(called, 0) + count
        last = await kept.archive.events.last(id)
        assert last > seen
        seen = last
    server = start_server()
    await server.runs.open()
    view = await over(server.runs, id)
    assert (view.state, view.outputs) == ("ok", {"n5": "n0"})
    assert calls["n0"] == 1
    assert all(count <= 2 for count in calls.values())


# one node


async def test_a_node_shows_its_values_in_full_in_memory_and_from_the_journal(start_server: Callable[..., Server]) -> None:
    long = "x" * 100_000
    inner = {"id": "g", "nodes": [{"id": "gi", "kind": "graph.input"}, {"id": "e", "kind": "t.echo"}, {"id": "go", "kind": "graph.output"}]}
    inner["wires"] = [
        {"id": "1", "source": ["gi", "in"], "target": ["e", "value"]},
        {"id": "2", "source": ["e", "value"], "target": ["go", "res"]},
    ]
    inner["interface"] = {"inputs": [{"id": "in", "type": "any"}], "outputs": [{"id": "res", "type": "any"}]}
    whole = graph(
        ("a", "t.echo", {"value": long}), ("b", "flow.group", {"group": "g"}), ("c", "t.echo", {}), wires=("a.value>b.in", "b.res>c.value")
    )
    first = start_server()
    await first.runs.open()
    id = (await first.runs.start(ANN, {"graph": whole | {"groups": [inner]}})).id
    view = await over(first.runs, id)
    assert len(view.nodes["a"]["outputs"]["value"]) < len(long)
    second = start_server()
    await second.runs.open()
    for server in (first, second):
        for path in ("b/e", "c"):
            detail = await server.runs.node(ANN, id, path)
            assert detail.state in ("done", "cached")
            assert (detail.inputs, detail.outputs) == ({"value": long}, {"value": long})
        with pytest.raises(NotFound):
            await server.runs.node(ANN, id, "none")


async def test_on_a_full_disk_people_still_see_what_happens_and_it_is_written_later(
    start_server: Callable[..., Server], kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("comfytavern.projects.live.RETRY_S", 0.01)
    full = False
    append = kept.archive.events.append

    async def appending(*given: Any) -> None:
        if full:
            raise Unavailable("store.disk_full", "The disk is full.")
        await append(*given)

    monkeypatch.setattr(kept.archive.events, "append", appending)
    server = start_server()
    await server.runs.open()
    started = await server.runs.start(ANN, {"graph": STOPS})
    await asyncio.wait_for(server.troupe.entered["a"].wait(), SOON)
    watcher = asyncio.create_task(watched(server.runs, started.id))
    await until(server.runs, started.id, "running")
    full = True
    for name in "ab":
        server.troupe.doors[name].set()
    events = await watcher
    assert folded(events).state == "ok"
    assert await kept.archive.events.last(started.id) < events[-1].seq
    full = False
    await until(server.runs, started.id, "ok")

    async def written() -> None:
        while await kept.archive.events.last(started.id) < events[-1].seq:  # noqa: ASYNC110 -- it is written in its own time
            await asyncio.sleep(0.005)

    await asyncio.wait_for(written(), SOON)
    assert await watched(server.runs, started.id) == events


async def test_a_run_whose_workflow_is_purged_stops(server: Server) -> None:
    project = await server.projects.first_project(ANN)
    workflow = await server.projects.create_workflow(ANN, project.id, "Stops", graph=STOPS)
    started = await server.runs.start(ANN, {"workflow_id": workflow.id})
    await asyncio.wait_for(server.troupe.entered["a"].wait(), SOON)
    await server.projects.trash_workflow(ANN, workflow.id)
    await server.projects.purge(ANN, workflow.id)
    server.troupe.doors["a"].set()
    if isinstance(server.kept.shelf, MemoryShelf):
        return  # The fakes of projects and of runs do not know each other: only a database removes the runs of a workflow with it.

    async def gone() -> None:
        while server.runs._stage.live:  # noqa: ASYNC110 -- nothing tells the world about this
            await asyncio.sleep(0.005)

    await asyncio.wait_for(gone(), SOON)
    with pytest.raises(NotFound):
        await server.runs.get(ANN, started.id)
    assert not server.troupe.calls["echo"]


async def test_old_runs_are_removed_by_themselves(start_server: Callable[..., Server]) -> None:
    server = start_server(history_days=0.0)
    await server.runs.open()
    started = await server.runs.start(ANN, {"graph": CHAIN})

    async def gone() -> None:
        while (await server.runs.history(ANN)).items:
            server.runs._stage._expired_at = 0.0
            await asyncio.sleep(0.01)

    await asyncio.wait_for(gone(), SOON)
    with pytest.raises(NotFound):
        await server.runs.get(ANN, started.id)


async def test_a_graph_of_old_kinds_runs_as_the_present_ones_and_is_kept_as_it_was(start_server: Callable[..., Server]) -> None:
    def modern(graph: Graph) -> Graph:
        return replace(graph, nodes=[replace(node, kind="t.echo") if node.kind == "t.old" else node for node in graph.nodes])

    server = start_server(modern=modern)
    await server.runs.open()
    old = graph(("a", "t.old", {"value": 7}), outputs=("a.value",))
    view = await over(server.runs, (await server.runs.start(ANN, {"graph": old})).id)
    assert view.outputs == {"a": 7}
    assert msgspec.json.decode(view.graph)["nodes"][0]["kind"] == "t.old"


@pytest.mark.slow
async def test_a_cancel_holds_even_if_the_server_dies_at_that_moment(start_server: Callable[..., Server], kept: Kept) -> None:
    first = start_server()
    await first.runs.open()
    started = await first.runs.start(ANN, {"graph": STOPS})
    await asyncio.wait_for(first.troupe.entered["a"].wait(), SOON)
    await until(first.runs, started.id, "running")
    live = first.runs._stage.live[started.id]
    assert live.run is not None
    cancel = live.run.cancel

    def dies(path: str | None = None) -> None:
        live.run.cancel = cancel  # type: ignore[method-assign, union-attr] -- this is the last moment before the engine hears of it
        first.kill()

    live.run.cancel = dies  # type: ignore[method-assign] -- as above
    await first.runs.cancel(ANN, started.id)
    second = start_server()
    await second.runs.open()
    view = await over(second.runs, started.id)
    assert view.state == "cancelled"
    assert set(states(view).values()) <= {"cancelled", "idle"}
    assert second.troupe.calls == {}


async def test_a_deadline_counts_the_time_without_a_server(start_server: Callable[..., Server]) -> None:
    first = start_server()
    await first.runs.open()
    started = await first.runs.start(ANN, {"graph": ASKS, "deadline_s": 0.6})
    await asyncio.wait_for(first.troupe.entered["a"].wait(), SOON)
    first.troupe.doors["a"].set()
    await until(first.runs, started.id, "waiting")
    first.kill()
    await asyncio.sleep(0.6)
    second = start_server()
    await second.runs.open()
    view = await over(second.runs, started.id)
    assert view.state == "failed"
    assert view.error is not None
    assert view.error["type"] == "Deadline"


async def test_a_run_whose_kinds_are_gone_after_a_restart_fails_and_says_why(start_server: Callable[..., Server]) -> None:
    first = start_server()
    await first.runs.open()
    started = await first.runs.start(ANN, {"graph": STOPS})
    await asyncio.wait_for(first.troupe.entered["a"].wait(), SOON)
    await until(first.runs, started.id, "running")
    first.kill()
    second = start_server(modern=lambda graph: replace(graph, nodes=[replace(node, kind="t.gone") for node in graph.nodes]))
    await second.runs.open()
    view = await over(second.runs, started.id)
    assert view.state == "failed"
    assert view.error is not None
    assert view.error["code"] == "graph.invalid"
    assert "running" not in states(view).values()
