"""What a database holds, over all people, on every kind of database."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from comfytavern.store.database import Database
from comfytavern.store.overview import overview
from comfytavern.store.phases import LEVEL
from comfytavern.testing.databases import DATABASES, new_database
from tests.unit.projects.parts import Kept, Server, graph

ANN, BOB = "usr_ann", "usr_bob"


@pytest.fixture(params=DATABASES)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    database = new_database(request.param, tmp_path)
    yield database
    await database.close()


async def test_an_empty_database_has_a_level_and_a_size(database: Database) -> None:
    found = await overview(database)
    assert (found.kind, found.schema.level, found.counts, found.going, found.servers) == (database.dialect, LEVEL, {}, [], [])
    assert found.size_bytes is not None
    assert found.size_bytes > 10_000


async def test_everybodys_runs_are_counted_and_the_running_ones_come_first(database: Database) -> None:
    kept = Kept(database)
    await kept.begin(ANN, BOB)
    server = Server(kept, running=1)
    await server.runs.open()
    try:
        stop = graph(("n", "t.stop", {"name": "door"}))
        first = await server.runs.start(ANN, {"graph": stop})
        second = await server.runs.start(BOB, {"graph": stop})
        await asyncio.wait_for(server.troupe.entered["door"].wait(), 10)
        async with asyncio.timeout(10):
            while (found := await overview(database)).counts.get("running") != 1:  # noqa: ASYNC110 -- a page that asks again and again
                await asyncio.sleep(0.01)
        assert found.counts == {"running": 1, "queued": 1}
        me = server.runs.executor.id
        assert [(run.id, run.user, run.state) for run in found.going] == [(first.id, ANN, "running"), (second.id, BOB, "queued")]
        assert found.going[0].executor == me
        assert [(seen.id, seen.draining) for seen in found.servers] == [(me, False)]
        assert -1 < found.servers[0].seen_s < 30
    finally:
        await server.runs.close()
