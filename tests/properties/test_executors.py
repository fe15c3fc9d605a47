"""However servers come, go, drain, die and stand still: a run moves between them, ends right, and no watcher can tell."""

import asyncio
from collections import Counter
from enum import Enum, auto

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comfytavern.engine.log import Finished
from comfytavern.kernel.events import NodesChanged, RunEvent
from comfytavern.testing.projects import MemoryShelf
from tests.properties.test_restarts import check, dags, graph, shown_done
from tests.unit.projects.parts import Kept, Server

pytestmark = pytest.mark.slow

ANN = "usr_ann"
SOON = 30.0


class Deed(Enum):
    """What happens to servers between two nodes."""

    NOTHING = auto()
    KILL = auto()
    HAND_OVER = auto()
    STAND_STILL = auto()
    """Others do not see a server any more, although it works on: they take its runs, and it must do no harm."""
    DRAIN = auto()
    UNDRAIN = auto()
    COME = auto()


class Troop:
    """Servers on one memory."""

    def __init__(self) -> None:
        self.kept = Kept(MemoryShelf())
        self.servers: list[Server] = []
        self.all: list[Server] = []
        self.opened: set[str] = set()

    async def come(self) -> Server:
        server = Server(self.kept, lease_s=SOON)
        for name in self.opened:
            server.troupe.doors[name].set()
        self.servers.append(server)
        self.all.append(server)
        await server.runs.open()
        return server

    def open_door(self, name: str) -> None:
        self.opened.add(name)
        for server in self.all:
            server.troupe.doors[name].set()

    def holder(self, id: str) -> Server | None:
        executor = self.kept.runs.runs[id].executor
        return next((one for one in self.servers if one.runs._presence.executor.id == executor), None)

    async def stand_still(self, victim: Server, id: str) -> None:
        """Return when another server has taken the run, if one is there to do so."""
        others = [one for one in self.servers if one is not victim and not one.runs._presence.draining]
        async with asyncio.timeout(SOON):
            while others and self.holder(id) in (victim, None):
                self.kept.runs.executors.pop(victim.runs._presence.executor.id, None)
                await asyncio.sleep(0.005)

    async def do(self, deed: Deed, id: str) -> None:
        victim = self.holder(id) or self.servers[0]
        match deed:
            case Deed.KILL:
                victim.kill()
                self.servers.remove(victim)
            case Deed.HAND_OVER:
                await victim.runs.hand_over(0.0)
                self.servers.remove(victim)
            case Deed.STAND_STILL:
                await self.stand_still(victim, id)
            case Deed.DRAIN:
                await victim.runs.drain()
            case Deed.UNDRAIN:
                for server in self.servers:
                    await server.runs.undrain()
            case Deed.COME:
                await self.come()
            case Deed.NOTHING:
                pass
        if not any(not server.runs._presence.draining for server in self.servers):
            await self.come()


async def follow(troop: Troop, id: str, seen: list[RunEvent], hops: list[int]) -> None:
    """Watch a run to its end, now at this server, now at that one, always from the last number that was seen."""
    while True:
        server = troop.servers[(hops.pop() if hops else 0) % len(troop.servers)]
        try:
            async with asyncio.timeout(0.05 if hops else 0.3):
                async for events in await server.runs.watch(ANN, id, seen[-1].seq if seen else 0):
                    seen += events
                return
        except TimeoutError:
            continue


async def play(parents: dict[int, list[int]], deeds: list[Deed], hops: list[int]) -> None:
    troop = Troop()
    first, _ = await troop.come(), await troop.come()
    id = (await first.runs.start(ANN, {"graph": graph(parents)})).id
    seen: list[list[RunEvent]] = [[], []]
    watching = [asyncio.create_task(follow(troop, id, mine, list(hops) * (1 + at))) for at, mine in enumerate(seen)]
    finished: list[tuple[Counter[str], set[str]]] = []
    for node, deed in zip(parents, deeds, strict=False):
        name = f"n{node}"
        async with asyncio.timeout(SOON):
            while not any(server.troupe.entered[name].is_set() for server in troop.servers):  # noqa: ASYNC110 -- in any of many places
                await asyncio.sleep(0.002)
        if deed is not Deed.NOTHING:
            await troop.do(deed, id)
        troop.open_door(name)
        finished.append((sum((server.troupe.calls for server in troop.all), Counter[str]()), await shown_done(troop.kept, id)))
    async with asyncio.timeout(SOON):
        await asyncio.gather(*watching)
    view = await troop.servers[0].runs.get(ANN, id)
    await check(troop.kept, id, view, parents)
    stored = [event for batch in await troop.kept.archive.events.read(id, 0) for event in batch.events]
    assert seen == [stored, stored]
    assert (
        max(Counter(node[0] for event in stored if isinstance(event, NodesChanged) for node in event.nodes if node[1] == "done").values())
        == 1
    )
    records = [record.path for record in await troop.kept.archive.journal.read(id) if isinstance(record, Finished)]
    assert sorted(records) == sorted(set(records)), "a node has finished twice"
    calls = sum((server.troupe.calls for server in troop.all), Counter[str]())
    for before, done in finished:
        assert not [name for name in done if calls[name] != before[name]], "a node that was shown as finished ran again"
    for server in troop.all:
        await server.runs.close()


@settings(max_examples=30, deadline=None)
@given(
    parents=dags(),
    deeds=st.lists(st.sampled_from(Deed), min_size=6, max_size=6),
    hops=st.lists(st.integers(0, 3), max_size=8),
)
def test_a_run_moves_between_servers_and_nobody_can_tell(parents: dict[int, list[int]], deeds: list[Deed], hops: list[int]) -> None:
    asyncio.run(play(parents, deeds, hops))
