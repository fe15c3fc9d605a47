"""What servers that share runs must agree on: one suite, run on the fake and on every database."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from comfytavern.accounts.user import Credentials, Role, User
from comfytavern.engine.log import Ended, Finished
from comfytavern.kernel.errors import Busy, Conflict, NotFound
from comfytavern.kernel.events import RunChanged
from comfytavern.projects.batch import Batch, batch_of
from comfytavern.projects.command import Answer, Cancel, Resolve, failed, settle, succeeded
from comfytavern.projects.executor import Executor, Hold, Lost
from comfytavern.projects.project import moment
from comfytavern.projects.repo import Archive
from comfytavern.projects.run import Changes, Order, RunSummary, StoredRun, Tip
from comfytavern.store.accounts import SqlUsers
from comfytavern.store.archive import archive
from comfytavern.testing.databases import DATABASES, new_database
from comfytavern.testing.runs import memory_archive

ANN = "usr_ann"
A, B = Executor(id="exe_a", release="1", slot="blue", host="h", pid=1), Executor(id="exe_b", slot="green")
LEASE_S = 60.0


@pytest.fixture(params=["memory", *DATABASES])
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Archive]:
    if request.param == "memory":
        yield memory_archive()
        return
    database = new_database(request.param, tmp_path)
    await SqlUsers(database).add(Credentials(user=User(id=ANN, name=ANN, role=Role.MEMBER, created_at=0), password_hash=""))
    yield archive(database)
    await database.close()


async def add(kept: Archive, id: str = "run_1", *, state: str = "running", executor: str | None = None, at: float = 1.0) -> None:
    summary = RunSummary(id=id, workflow_id=None, workflow_name=None, version=None, state=state, created_at=moment(at), source="http")
    await kept.runs.add(StoredRun(owner=ANN, summary=summary, project_id=None, order=Order(), executor=executor), msgspec.Raw(b"{}"))


async def take(kept: Archive, who: Executor, id: str = "run_1", lease_s: float = LEASE_S) -> Hold:
    hold = await kept.leases.take(id, who.id, lease_s)
    assert hold is not None
    return hold


async def free(kept: Archive, *, lease_s: float = LEASE_S, now: float = 0.0) -> list[str]:
    return [run.id for run in await kept.leases.free(lease_s, now)]


def told(seq: int, state: str = "running") -> Batch:
    return batch_of([RunChanged(seq=seq, state=state)])


async def test_servers_know_of_each_other(kept: Archive) -> None:
    assert await kept.leases.beat(A, draining=False) == []
    (peer,) = await kept.leases.beat(B, draining=True)
    assert (peer.executor, peer.draining) == (A, False)
    assert 0 <= peer.age_s < 5
    (peer,) = await kept.leases.beat(A, draining=False)
    assert (peer.executor, peer.draining) == (B, True)
    await kept.leases.leave(B.id)
    assert await kept.leases.beat(A, draining=False) == []


async def test_a_run_that_is_held_is_not_to_be_had_until_its_server_is_gone(kept: Archive) -> None:
    await kept.leases.beat(A, draining=False)
    await add(kept, executor=A.id)
    stored = await kept.runs.find("run_1")
    assert stored is not None
    assert stored.executor == A.id
    assert await kept.leases.take("run_1", B.id, LEASE_S) is None
    assert await free(kept) == []
    await asyncio.sleep(0.05)
    assert await free(kept, lease_s=0.01) == ["run_1"]
    assert await kept.leases.take("run_1", B.id, 0.01) == Hold(run_id="run_1", executor=B.id, lease=2)
    await kept.leases.leave(B.id)
    assert await free(kept) == ["run_1"]
    assert (await take(kept, A)).lease == 3
    assert (await take(kept, A)).lease == 4


async def test_of_many_who_want_a_run_one_gets_it(kept: Archive) -> None:
    for number in range(8):
        await kept.leases.beat(Executor(id=f"exe_{number}"), draining=False)
    await add(kept)
    holds = await asyncio.gather(*(kept.leases.take("run_1", f"exe_{number}", LEASE_S) for number in range(8)))
    assert len([hold for hold in holds if hold is not None]) == 1


async def test_a_run_that_is_released_is_to_be_had_at_once_and_only_its_holder_can_release_it(kept: Archive) -> None:
    await kept.leases.beat(A, draining=False)
    await kept.leases.beat(B, draining=False)
    await add(kept)
    old = await take(kept, A)
    new = await take(kept, A)
    await kept.leases.release(old)
    assert await kept.leases.take("run_1", B.id, LEASE_S) is None
    await kept.leases.release(new)
    assert (await take(kept, B)).lease > new.lease


async def test_a_run_that_is_over_is_nobody_s(kept: Archive) -> None:
    await add(kept, state="ok")
    assert await kept.leases.take("run_1", A.id, LEASE_S) is None
    assert await kept.leases.take("run_none", A.id, LEASE_S) is None
    assert await free(kept) == []


async def test_only_what_has_something_to_do_is_free(kept: Archive) -> None:
    for id, state, at in (("run_w", "waiting", 1.0), ("run_q", "queued", 2.0), ("run_r", "running", 3.0)):
        await add(kept, id, state=state, at=at)
    assert await free(kept) == ["run_q", "run_r"]
    await kept.runs.change("run_w", Changes(due_at=50.0))
    assert await free(kept, now=49.0) == ["run_q", "run_r"]
    assert await free(kept, now=50.0) == ["run_w", "run_q", "run_r"]
    await kept.runs.change("run_w", Changes(due_at=500.0))
    await kept.commands.post("cmd_1", "run_w", Cancel())
    assert await free(kept, now=50.0) == ["run_w", "run_q", "run_r"]
    await kept.commands.finish("cmd_1", succeeded())
    assert await free(kept, now=50.0) == ["run_q", "run_r"]


async def test_who_has_lost_a_run_writes_nothing_of_it_and_hinders_nobody(kept: Archive) -> None:
    await add(kept)
    await add(kept, "run_2")
    old, other = await take(kept, A), await take(kept, A, "run_2")
    await kept.events.append("run_1", told(1), None, old)
    await kept.journal.held(old).append("run_1", [Finished(path="a", state="done")])
    new = await take(kept, B, lease_s=0.0)
    late = (
        kept.events.append("run_1", told(2, "ok"), Changes(state="ok"), old),
        kept.journal.held(old).append("run_1", [Ended(state="ok")]),
        kept.journal.held(old).intent("run_1", "b", "key"),
        kept.events.append("run_2", told(1), None, other),
        kept.events.append("run_1", told(2), None, new),
        kept.journal.held(new).append("run_1", [Finished(path="b", state="done")]),
    )
    outcomes = await asyncio.gather(*late, return_exceptions=True)
    assert [isinstance(outcome, Lost) for outcome in outcomes] == [True, True, True, False, False, False]
    assert outcomes[3:] == [None, None, None]
    assert [record.path for record in await kept.journal.read("run_1")] == ["a", "b"]
    assert await kept.events.tips(["run_1", "run_2", "run_3"]) == {
        "run_1": Tip(state="running", last=2),
        "run_2": Tip(state="running", last=1),
    }


async def test_a_journal_goes_on_under_each_holder_in_turn(kept: Archive) -> None:
    await add(kept)
    for number, who in enumerate((A, B, A, B)):
        journal = kept.journal.held(await take(kept, who, lease_s=0.0))
        await journal.append("run_1", [Finished(path=f"{number}", state="done")])
    assert [record.path for record in await kept.journal.read("run_1")] == ["0", "1", "2", "3"]


async def test_a_run_that_is_gone_is_no_lost_one(kept: Archive) -> None:
    await add(kept, state="running")
    hold = await take(kept, A)
    assert await kept.history.remove(ANN, "run_1")
    with pytest.raises(NotFound):
        await kept.events.append("run_1", told(1), None, hold)
    with pytest.raises(NotFound):
        await kept.commands.post("cmd_1", "run_1", Cancel())


async def test_runs_that_have_moved_are_known_for_a_while(kept: Archive) -> None:
    await add(kept, "run_1", state="queued")
    await add(kept, "run_2", state="queued")
    await kept.runs.change("run_1", Changes(state="running"))
    await kept.runs.change("run_2", Changes(tokens=3))
    moved = await kept.history.moved(60.0)
    assert [(one.owner, one.summary.id, one.summary.state) for one in moved] == [(ANN, "run_2", "queued"), (ANN, "run_1", "running")]
    await asyncio.sleep(0.05)
    assert await kept.history.moved(0.01) == []


async def test_the_holder_gets_a_command_once_and_the_next_holder_gets_it_again(kept: Archive) -> None:
    await add(kept)
    await take(kept, A)
    for id, command in (("cmd_1", Answer("t", {"x": [1, None]})), ("cmd_2", Cancel("a/b")), ("cmd_3", Resolve("p", "result", 7))):
        await kept.commands.post(id, "run_1", command)
    assert await kept.commands.take(B.id) == []
    taken = await kept.commands.take(A.id)
    assert [(one.id, one.command, one.again) for one in taken] == [
        ("cmd_1", Answer("t", {"x": [1, None]}), False),
        ("cmd_2", Cancel("a/b"), False),
        ("cmd_3", Resolve("p", "result", 7), False),
    ]
    assert await kept.commands.take(A.id) == []
    await kept.commands.finish("cmd_2", succeeded())
    await take(kept, B, lease_s=0.0)
    assert [(one.id, one.again) for one in await kept.commands.take(B.id)] == [("cmd_1", True), ("cmd_3", True)]


async def test_a_command_can_be_taken_back_until_somebody_begins(kept: Archive) -> None:
    await add(kept)
    await take(kept, A)
    await kept.commands.post("cmd_1", "run_1", Cancel())
    reply = await kept.commands.reply("cmd_1")
    assert reply is not None
    assert (reply.begun, reply.outcome) == (False, None)
    assert await kept.commands.drop("cmd_1")
    assert not await kept.commands.drop("cmd_1")
    assert await kept.commands.reply("cmd_1") is None
    await kept.commands.post("cmd_2", "run_1", Cancel())
    await kept.commands.take(A.id)
    assert not await kept.commands.drop("cmd_2")
    await kept.commands.finish("cmd_2", failed(Conflict("run.answered", "Too late.", hint="Look.", token="t")))
    reply = await kept.commands.reply("cmd_2")
    assert reply is not None
    assert reply.outcome is not None
    with pytest.raises(Conflict) as refusal:
        settle(reply.outcome)
    assert (refusal.value.code, refusal.value.hint, refusal.value.params) == ("run.answered", "Look.", {"token": "t"})
    assert await kept.commands.drop("cmd_2")


def test_an_outcome_keeps_what_the_failure_was() -> None:
    settle(succeeded())
    with pytest.raises(Busy):
        settle(failed(Busy("run.busy", "Busy.")))
