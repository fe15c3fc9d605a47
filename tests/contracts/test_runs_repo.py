"""What keeps runs must do: one suite, run on the fake and on every database."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from comfytavern.accounts.user import Credentials, Role, User
from comfytavern.kernel.errors import NotFound
from comfytavern.kernel.events import NodesChanged, RunChanged
from comfytavern.projects.batch import Batch, batch_of
from comfytavern.projects.project import Draft, NewWorkflow, Project, moment
from comfytavern.projects.repo import EventRepo, HistoryRepo, RunRepo
from comfytavern.projects.run import Changes, Order, RunSummary, StoredRun, Which
from comfytavern.store.accounts import SqlUsers
from comfytavern.store.appender import Appender
from comfytavern.store.projects import SqlProjects
from comfytavern.store.runs import SqlEvents, SqlHistory, SqlRuns
from comfytavern.testing.databases import DATABASES, new_database
from comfytavern.testing.runs import MemoryEvents, MemoryHistory, MemoryRuns, MemoryRunShelf

ANN, BOB = "usr_ann", "usr_bob"
ALL = Which()
GRAPH = msgspec.Raw(b'{"n":1.0}')


@dataclass
class Kept:
    runs: RunRepo
    history: HistoryRepo
    events: EventRepo


@pytest.fixture(params=["memory", *DATABASES])
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kept]:
    if request.param == "memory":
        shelf = MemoryRunShelf()
        yield Kept(MemoryRuns(shelf), MemoryHistory(shelf), MemoryEvents(shelf))
        return
    database = new_database(request.param, tmp_path)
    for id in (ANN, BOB):
        await SqlUsers(database).add(Credentials(user=User(id=id, name=id, role=Role.MEMBER, created_at=0), password_hash=""))
    draft = Draft(graph=msgspec.Raw(b"{}"), node_count=0, created_at=moment(1), author=ANN)
    project = Project(id="prj_1", name="P", description="", created_at=moment(1), updated_at=moment(1))
    await SqlProjects(database).add(ANN, project, [NewWorkflow(id="wfl_1", project_id="prj_1", name="W", description="", drafts=[draft])])
    yield Kept(SqlRuns(database), SqlHistory(database), SqlEvents(database, Appender(database)))
    await database.close()


def run(id: str = "run_1", *, at: float = 10.0, owner: str = ANN, state: str = "queued", saved: bool = False) -> StoredRun:
    summary = RunSummary(
        id=id,
        workflow_id="wfl_1" if saved else None,
        workflow_name="W" if saved else None,
        version=1 if saved else None,
        state=state,
        created_at=moment(at),
        source="http",
    )
    order = Order(inputs={"a": [0, False, ""], "字": None}, targets=["n1"], mode="fail_fast", library={"wfl_1": 3})
    return StoredRun(owner=owner, summary=summary, project_id="prj_1" if saved else None, order=order)


def batch(first: int, last: int) -> Batch:
    return batch_of([NodesChanged(seq=seq, nodes=[(f"n{seq}", "done", 1.5, {"outputs": {"x": seq}})]) for seq in range(first, last + 1)])


async def change(kept: Kept, id: str, **more: Any) -> None:
    assert await kept.runs.change(id, Changes(**more))


async def test_a_run_comes_back_as_it_was(kept: Kept) -> None:
    await kept.runs.add(run(saved=True), GRAPH)
    found = await kept.runs.find("run_1")
    assert found == msgspec.structs.replace(run(saved=True), summary=msgspec.structs.replace(run(saved=True).summary, tokens=0))
    assert await kept.history.find(ANN, "run_1") == found
    assert await kept.runs.find("run_2") is None


async def test_what_is_somebody_elses_is_not_there(kept: Kept) -> None:
    await kept.runs.add(run(), GRAPH)
    assert await kept.history.find(BOB, "run_1") is None
    assert (await kept.history.page(BOB, ALL, cursor=None, limit=9)).items == []
    assert not await kept.history.remove(BOB, "run_1")
    assert await kept.runs.find("run_1") is not None


async def test_changes_change_what_is_given_and_tell_how_long_it_took(kept: Kept) -> None:
    await kept.runs.add(run(), GRAPH)
    await change(kept, "run_1", state="running", started_at=moment(12.0))
    await change(kept, "run_1", state="ok", ended_at=moment(13.5), tokens=7, cost_usd=0.5, shown=msgspec.Raw(b'{"seq":3}'))
    found = await kept.runs.find("run_1")
    assert found is not None
    summary = found.summary
    assert (summary.state, summary.started_at, summary.duration_ms, summary.tokens, summary.cost_usd) == (
        "ok",
        moment(12.0),
        1500.0,
        7,
        0.5,
    )
    papers = await kept.runs.papers("run_1")
    assert papers is not None
    assert (papers.graph, papers.shown) == (GRAPH, msgspec.Raw(b'{"seq":3}'))
    assert await kept.runs.papers("run_2") is None
    assert not await kept.runs.change("run_2", Changes(state="ok"))


async def test_an_error_is_kept(kept: Kept) -> None:
    await kept.runs.add(run(), GRAPH)
    await change(kept, "run_1", state="failed", error={"path": "n1", "message": "no", "params": {"x": [1]}})
    found = await kept.history.find(ANN, "run_1")
    assert found is not None
    assert found.summary.error == {"path": "n1", "message": "no", "params": {"x": [1]}}


async def test_unfinished_runs_come_in_the_order_of_their_start(kept: Kept) -> None:
    for id, at, state in (("run_3", 3.0, "running"), ("run_1", 1.0, "waiting"), ("run_2", 2.0, "queued"), ("run_0", 0.5, "ok")):
        await kept.runs.add(run(id, at=at, state=state, owner=BOB if id == "run_2" else ANN), GRAPH)
    await change(kept, "run_1", due_at=99.5)
    found = await kept.runs.unfinished()
    assert [(one.id, one.owner, one.state, one.due_at) for one in found] == [
        ("run_1", ANN, "waiting", 99.5),
        ("run_2", BOB, "queued", None),
        ("run_3", ANN, "running", None),
    ]


async def test_history_is_filtered_and_comes_in_pages(kept: Kept) -> None:
    for number in range(5):
        await kept.runs.add(run(f"run_{number}", at=float(number), saved=number % 2 == 0, state="ok" if number < 3 else "failed"), GRAPH)
    first = await kept.history.page(ANN, ALL, cursor=None, limit=3)
    rest = await kept.history.page(ANN, ALL, cursor=first.next, limit=3)
    assert [one.id for one in first.items + rest.items] == ["run_4", "run_3", "run_2", "run_1", "run_0"]
    for which, ids in (
        (Which(workflow_id="wfl_1"), ["run_4", "run_2", "run_0"]),
        (Which(project_id="prj_1", state="ok"), ["run_2", "run_0"]),
        (Which(state="cancelled"), []),
        (Which(workflow_id="wfl_none"), []),
    ):
        assert [one.id for one in (await kept.history.page(ANN, which, cursor=None, limit=9)).items] == ids


async def test_events_come_back_in_order_after_any_number(kept: Kept) -> None:
    await kept.runs.add(run(), GRAPH)
    assert await kept.events.last("run_1") == 0
    for first, last in ((1, 1), (2, 5), (6, 6)):
        await kept.events.append("run_1", batch(first, last), None)
    assert await kept.events.last("run_1") == 6
    assert [(one.first, one.last) for one in await kept.events.read("run_1", 0)] == [(1, 1), (2, 5), (6, 6)]
    found = await kept.events.read("run_1", 3)
    assert [(one.first, one.last) for one in found] == [(2, 5), (6, 6)]
    assert [event.seq for event in found[0].after(3)] == [4, 5]
    assert await kept.events.read("run_1", 6) == []


async def test_a_batch_and_the_state_it_brings_are_one_step(kept: Kept) -> None:
    await kept.runs.add(run(), GRAPH)
    over = batch_of([RunChanged(seq=1, state="ok", outputs={"a": 0})])
    await kept.events.append("run_1", over, Changes(state="ok", ended_at=moment(20.0)))
    found = await kept.runs.find("run_1")
    assert found is not None
    assert found.summary.state == "ok"
    (kept_batch,) = await kept.events.read("run_1", 0)
    assert kept_batch.events == over.events


async def test_events_of_a_run_that_is_gone_are_refused(kept: Kept) -> None:
    await kept.runs.add(run(), GRAPH)
    await kept.events.append("run_1", batch(1, 1), None)
    assert await kept.history.remove(ANN, "run_1")
    assert not await kept.history.remove(ANN, "run_1")
    assert await kept.events.read("run_1", 0) == []
    with pytest.raises(NotFound) as failure:
        await kept.events.append("run_1", batch(2, 2), None)
    assert failure.value.code == "run.unknown"


async def test_old_runs_expire_and_active_ones_never_do(kept: Kept) -> None:
    for id, state, ended_at in (("run_1", "ok", 10.0), ("run_2", "failed", 30.0), ("run_3", "waiting", None)):
        await kept.runs.add(run(id, state=state, owner=BOB if id == "run_1" else ANN), GRAPH)
        if ended_at is not None:
            await change(kept, id, ended_at=moment(ended_at))
    assert await kept.history.expire(moment(20.0)) == 1
    assert await kept.runs.find("run_1") is None
    assert await kept.runs.find("run_2") is not None
    assert await kept.runs.find("run_3") is not None
