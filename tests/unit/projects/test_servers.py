"""Several servers that share their runs, seen through their doors, kept in memory and in every database."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from comfytavern.engine.log import Answered
from comfytavern.kernel.errors import Conflict, Unavailable
from comfytavern.projects.command import Answer
from comfytavern.projects.executor import Executor, is_gone, this_process
from comfytavern.testing.databases import DATABASES, new_database
from comfytavern.testing.projects import MemoryShelf
from tests.unit.projects.parts import Kept, Server, graph
from tests.unit.projects.test_runs import ANN, BOB, CHAIN, SOON, STOPS, folded, over, until, watched


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
async def pair(start_server: Callable[..., Server]) -> tuple[Server, Server]:
    first, second = start_server(lease_s=30.0), start_server(lease_s=30.0)
    await first.runs.open()
    await second.runs.open()
    return first, second


async def entered(server: Server, name: str) -> None:
    await asyncio.wait_for(server.troupe.entered[name].wait(), SOON)


async def test_a_run_is_the_same_from_both_servers_and_executed_by_one(pair: tuple[Server, Server]) -> None:
    first, second = pair
    started = await first.runs.start(ANN, {"graph": STOPS})
    far = asyncio.create_task(watched(second.runs, started.id))
    await entered(first, "a")
    await until(second.runs, started.id, "running")
    assert [place.id for place in (await second.runs.queue(ANN)).running] == [started.id]
    assert (first.runs.open_count, second.runs.open_count) == (1, 0)
    for name in "ab":
        first.troupe.doors[name].set()
    near = await watched(first.runs, started.id)
    assert await far == near
    assert (await over(second.runs, started.id)).outputs == {"c": "a"}
    assert (await second.runs.node(ANN, started.id, "c")).outputs == {"value": "a"}
    assert not second.troupe.calls


async def test_what_waits_at_a_full_server_starts_at_the_other(start_server: Callable[..., Server]) -> None:
    first, second = start_server(running=1, lease_s=30.0), start_server(running=1, lease_s=30.0)
    await first.runs.open()
    running = await first.runs.start(ANN, {"graph": STOPS})
    queued = [(await first.runs.start(ANN, {"graph": CHAIN})).id for _ in range(3)]
    assert [place.position for place in (await first.runs.queue(ANN)).queued] == [1, 2, 3]
    await second.runs.open()
    for id in queued:
        assert (await over(first.runs, id)).outputs == {"b": 0}
        assert folded(await watched(first.runs, id)).state == "ok"
    assert (await first.runs.get(ANN, running.id)).state == "running"
    assert first.troupe.calls["echo"] == 0


async def test_a_queued_run_can_be_cancelled_at_either_server(start_server: Callable[..., Server]) -> None:
    first, second = start_server(running=1, lease_s=30.0), start_server(running=0, lease_s=30.0)
    await first.runs.open()
    await second.runs.open()
    await first.runs.start(ANN, {"graph": STOPS})
    queued = await first.runs.start(ANN, {"graph": CHAIN})
    await second.runs.cancel(ANN, queued.id)
    assert (await over(first.runs, queued.id)).state == "cancelled"
    await asyncio.sleep(0.05)
    assert (await first.runs.queue(ANN)).queued == []


async def test_news_of_a_run_reach_those_who_listen_at_the_other_server(pair: tuple[Server, Server]) -> None:
    first, second = pair
    seen: list[tuple[str, str]] = []

    async def listen() -> None:
        async for summary in second.runs.changes(ANN):
            seen.append((summary.id, summary.state))
            if summary.state == "ok":
                return

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0)
    await first.runs.start(BOB, {"graph": CHAIN})
    started = await first.runs.start(ANN, {"graph": CHAIN})
    await asyncio.wait_for(listening, SOON)
    assert {id for id, _ in seen} == {started.id}
    assert len(seen) == len(set(seen))


@pytest.mark.slow
async def test_handing_over_waits_for_what_ends_and_moves_the_rest(pair: tuple[Server, Server]) -> None:
    first, second = pair
    short = await first.runs.start(ANN, {"graph": graph(("a", "t.stop", {"name": "short"}), outputs=("a.value",))})
    long = await first.runs.start(ANN, {"graph": STOPS})
    asks = await first.runs.start(ANN, {"graph": graph(("q", "t.ask", {}), outputs=("q.value",))})
    await until(second.runs, asks.id, "waiting")
    await entered(first, "short")
    first.troupe.doors["a"].set()
    await entered(first, "b")
    handing = asyncio.create_task(first.runs.hand_over(0.3))
    await asyncio.sleep(0.05)
    first.troupe.doors["short"].set()
    assert await handing == 2
    assert first.runs.open_count == 0
    await entered(second, "b")
    second.troupe.doors["b"].set()
    assert (await over(first.runs, long.id)).outputs == {"c": "a"}
    assert (await over(second.runs, short.id)).outputs == {"a": "short"}
    assert second.troupe.calls == {"b": 1, "echo": 1}
    (wait,) = (await second.runs.get(ANN, asks.id)).waits
    await first.runs.answer(ANN, asks.id, wait["token"], "yes")
    assert (await over(first.runs, asks.id)).outputs == {"q": "yes"}


async def test_a_draining_server_takes_nothing_and_nothing_is_refused(pair: tuple[Server, Server]) -> None:
    first, second = pair
    await first.runs.drain()
    started = await first.runs.start(ANN, {"graph": CHAIN})
    assert (await over(first.runs, started.id)).outputs == {"b": 0}
    assert (first.troupe.calls["echo"], second.troupe.calls["echo"]) == (0, 2)
    await second.runs.close()
    await first.runs.undrain()
    await first.runs.drain()
    alone = await first.runs.start(ANN, {"graph": CHAIN})
    assert (await over(first.runs, alone.id)).outputs == {"b": 0}


async def test_who_has_seen_what_is_lost_is_told(pair: tuple[Server, Server]) -> None:
    first, second = pair
    started = await first.runs.start(ANN, {"graph": CHAIN})
    view = await over(first.runs, started.id)
    for runs in (first.runs, second.runs):
        assert await watched(runs, started.id, view.seq) == []
        for attempt in (runs.watch(ANN, started.id, view.seq + 1), runs.events(ANN, started.id, view.seq + 1)):
            with pytest.raises(Conflict) as failure:
                await attempt
            assert (failure.value.code, failure.value.params["last"]) == ("run.rewound", view.seq)


async def test_what_was_shown_on_a_full_disk_and_is_lost_with_the_run_ends_the_watching(
    pair: tuple[Server, Server], kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not isinstance(kept.shelf, MemoryShelf):
        pytest.skip("The disk of one of two servers cannot be filled in a database that both use.")
    monkeypatch.setattr("comfytavern.projects.live.RETRY_S", 0.01)
    first, second = pair
    started = await first.runs.start(ANN, {"graph": STOPS})
    await entered(first, "a")
    await until(first.runs, started.id, "running")
    live = first.runs._stage.live[started.id]

    async def full(*_: Any) -> None:
        raise Unavailable("store.disk_full", "The disk is full.")

    append = live._events.append
    monkeypatch.setattr(live._events, "append", full)
    watching = asyncio.create_task(watched(first.runs, started.id))
    first.troupe.doors["a"].set()
    await entered(first, "b")
    await asyncio.sleep(0.1)
    kept.runs.executors.pop(first.runs._presence.executor.id, None)
    while kept.runs.runs[started.id].executor == first.runs._presence.executor.id:
        kept.runs.executors.pop(first.runs._presence.executor.id, None)
        await asyncio.sleep(0.005)
    monkeypatch.setattr(live._events, "append", append)
    first.troupe.doors["b"].set()
    with pytest.raises(Conflict) as failure:
        await asyncio.wait_for(watching, SOON)
    assert failure.value.code == "run.rewound"
    second.troupe.doors["b"].set()
    assert (await over(second.runs, started.id)).outputs == {"c": "a"}
    events = await watched(first.runs, started.id)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))


async def test_an_answer_whose_server_died_before_it_could_say_so_counts(start_server: Callable[..., Server], kept: Kept) -> None:
    first = start_server()
    await first.runs.open()
    started = await first.runs.start(ANN, {"graph": graph(("q", "t.ask", {}), outputs=("q.value",))})
    await until(first.runs, started.id, "waiting")
    (wait,) = (await first.runs.get(ANN, started.id)).waits
    await first.runs._stage.close()
    hold = await kept.archive.leases.take(started.id, "exe_dead", 0.0)
    assert hold is not None
    await kept.archive.commands.post("cmd_1", started.id, Answer(wait["token"], "yes"))
    assert [asked.id for asked in await kept.archive.commands.take("exe_dead")] == ["cmd_1"]
    await kept.archive.journal.held(hold).append(started.id, [Answered(path="q", token=wait["token"], value="yes")])
    second = start_server()
    await second.runs.open()
    assert (await over(second.runs, started.id)).outputs == {"q": "yes"}


async def test_what_a_process_of_this_machine_held_is_free_when_it_has_ended() -> None:
    me = this_process(release="1", slot="blue")
    assert not is_gone(me)
    child = await asyncio.create_subprocess_exec("true")
    await child.wait()
    assert is_gone(Executor(id="exe_x", host=me.host, pid=child.pid)) == bool(me.host)
    assert not is_gone(Executor(id="exe_x", host="another machine", pid=child.pid))
