"""What a journal must do: one suite, run on the one in memory and on every database."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from comfytavern.accounts.user import Credentials, Role, User
from comfytavern.engine.log import Answered, AnyRecord, Ended, Finished, Intent, Log, MemoryLog, Started, Waiting
from comfytavern.engine.tokens import NodeError
from comfytavern.projects.project import moment
from comfytavern.projects.run import Order, RunSummary, StoredRun
from comfytavern.store.accounts import SqlUsers
from comfytavern.store.appender import Appender
from comfytavern.store.engine import SqlLog
from comfytavern.store.runs import SqlRuns
from comfytavern.testing.databases import DATABASES, new_database

RUNS = ("run_1", "run_2")


@pytest.fixture(params=["memory", *DATABASES])
async def log(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Log]:
    if request.param == "memory":
        yield MemoryLog()
        return
    database = new_database(request.param, tmp_path)
    await SqlUsers(database).add(Credentials(user=User(id="usr_1", name="Ann", role=Role.OWNER, created_at=0), password_hash=""))
    for id in RUNS:
        summary = RunSummary(
            id=id, workflow_id=None, workflow_name=None, version=None, state="running", created_at=moment(1), source="http"
        )
        await SqlRuns(database).add(StoredRun(owner="usr_1", summary=summary, project_id=None, order=Order()), msgspec.Raw(b"{}"))
    yield SqlLog(database, Appender(database))
    await database.close()


def finished(path: str, **outputs: Any) -> Finished:
    return Finished(path=path, state="done", outputs=outputs, ms=1.5)


async def test_records_come_back_as_they_were_and_in_order(log: Log) -> None:
    records: list[AnyRecord] = [
        Started(plan="abc", inputs={"x": 0, "字": [False, "", None, 1.0]}, options={"mode": "finish"}),
        finished("a", text="x" * 100_000, nested={"k": [1, {"deep": None}]}),
        Finished(path="b[2]/c", state="failed", error=NodeError(path="b[2]/c", type="E", message="no", params={"n": 1}), handled=True),
        Waiting(path="w", token="t1", title="?", schema={"type": "boolean"}, shown=[1], expires_at=5.0),
        Answered(path="w", token="t1", value={"yes": True}),
        Ended(state="failed"),
    ]
    await log.append("run_1", records[:2])
    await log.append("run_1", records[2:])
    assert await log.read("run_1") == records


async def test_an_intent_stands_where_it_was_written(log: Log) -> None:
    await log.append("run_1", [finished("a")])
    await log.intent("run_1", "b", "key")
    await log.append("run_1", [finished("b")])
    assert await log.read("run_1") == [finished("a"), Intent(path="b", key="key"), finished("b")]


async def test_runs_have_journals_of_their_own(log: Log) -> None:
    await log.append("run_1", [finished("a")])
    await log.append("run_2", [finished("b")])
    assert await log.read("run_1") == [finished("a")]
    assert await log.read("run_2") == [finished("b")]
    assert await log.read("run_3") == []


async def test_an_empty_batch_is_no_record(log: Log) -> None:
    await log.append("run_1", [])
    assert await log.read("run_1") == []


async def test_batches_that_overlap_keep_the_order_of_their_calls(log: Log) -> None:
    await log.append("run_1", [finished("first")])
    calls = [log.append("run_1", [finished(f"{number}/{at}") for at in range(1 + 80 * (number % 2))]) for number in range(6)]
    await asyncio.gather(*calls)
    paths = [record.path for record in await log.read("run_1")]
    assert paths == ["first", *(f"{number}/{at}" for number in range(6) for at in range(1 + 80 * (number % 2)))]


async def test_a_journal_goes_on_after_its_run_has_ended_and_come_back(log: Log) -> None:
    await log.append("run_1", [finished("a"), Ended(state="failed")])
    await log.append("run_1", [finished("b")])
    assert [record.path for record in await log.read("run_1")] == ["a", "", "b"]
