"""What keeps saved work must do: one suite, run on the fake and on every database."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from comfytavern.accounts.user import Credentials, Role, User
from comfytavern.kernel.errors import Conflict, Invalid
from comfytavern.projects.project import Changes, Draft, NewWorkflow, Project, Workflow, moment
from comfytavern.projects.repo import ProjectRepo, TrashRepo, VersionRepo, WorkflowRepo
from comfytavern.store.accounts import SqlUsers
from comfytavern.store.projects import SqlProjects, SqlTrash, SqlVersions, SqlWorkflows
from comfytavern.testing.databases import DATABASES, new_database
from comfytavern.testing.projects import MemoryProjects, MemoryShelf, MemoryTrash, MemoryVersions, MemoryWorkflows

ANN, BOB = "usr_ann", "usr_bob"
NONE = Changes()


@dataclass
class Kept:
    projects: ProjectRepo
    workflows: WorkflowRepo
    versions: VersionRepo
    trash: TrashRepo


@pytest.fixture(params=["memory", *DATABASES])
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kept]:
    if request.param == "memory":
        shelf = MemoryShelf()
        yield Kept(MemoryProjects(shelf), MemoryWorkflows(shelf), MemoryVersions(shelf), MemoryTrash(shelf))
        return
    database = new_database(request.param, tmp_path)
    for id in (ANN, BOB):
        await SqlUsers(database).add(Credentials(user=User(id=id, name=id, role=Role.MEMBER, created_at=0), password_hash=""))
    yield Kept(SqlProjects(database), SqlWorkflows(database), SqlVersions(database), SqlTrash(database))
    await database.close()


def project(id: str = "prj_1", *, at: float = 1.25) -> Project:
    return Project(id=id, name=f"Project {id}", description="", created_at=moment(at), updated_at=moment(at))


def draft(graph: str, *, at: float = 1.5, note: str = "") -> Draft:
    return Draft(graph=msgspec.Raw(graph.encode()), node_count=len(graph), created_at=moment(at), author=ANN, note=note)


def workflow(id: str = "wfl_1", *graphs: str, project_id: str = "prj_1", at: float = 1.5) -> NewWorkflow:
    drafts = [draft(graph, at=at) for graph in graphs or ('{"v":1}',)]
    return NewWorkflow(id=id, project_id=project_id, name=f"Workflow {id}", description="字", drafts=drafts)


async def saved(kept: Kept, graph: str, base: int, *, at: float = 2.0, changes: Changes = NONE, owner: str = ANN) -> Workflow | None:
    return await kept.versions.save(owner, "wfl_1", base, draft(graph, at=at), changes)


@pytest.fixture
async def one(kept: Kept) -> Workflow:
    await kept.projects.add(ANN, project(), [])
    added = await kept.workflows.add(ANN, workflow())
    assert added is not None
    return added


async def test_a_project_comes_back_as_it_was(kept: Kept) -> None:
    await kept.projects.add(ANN, project(at=1_700_000_000.123457), [])
    assert await kept.projects.find(ANN, "prj_1") == project(at=1_700_000_000.123457)


async def test_what_is_somebody_elses_is_not_there(kept: Kept, one: Workflow) -> None:
    assert await kept.projects.find(BOB, "prj_1") is None
    assert await kept.projects.change(BOB, "prj_1", Changes(name="x"), 9.0) is None
    assert (await kept.projects.page(BOB, trash=False, cursor=None, limit=9)).items == []
    assert await kept.workflows.add(BOB, workflow("wfl_2")) is None
    assert await kept.workflows.find(BOB, one.id) is None
    assert await kept.workflows.change(BOB, one.id, Changes(trashed=True), 9.0) is None
    assert (await kept.workflows.page(BOB, "prj_1", trash=False, cursor=None, limit=9)).items == []
    assert await saved(kept, "{}", 1, owner=BOB) is None
    assert await kept.versions.find(BOB, one.id, 1) is None
    assert (await kept.versions.page(BOB, one.id, cursor=None, limit=9)).items == []
    await kept.workflows.change(ANN, one.id, Changes(trashed=True), 9.0)
    assert (await kept.trash.page(BOB, cursor=None, limit=9)).items == []
    assert not await kept.trash.purge(BOB, one.id)
    assert await kept.workflows.find(ANN, one.id) is not None


async def test_the_graph_is_kept_byte_for_byte(kept: Kept) -> None:
    odd = '{"b":0,"a":false,"z":"","n":1.0,"big":123456789012345678901234567890,"字":"\\u0000"}'
    await kept.projects.add(ANN, project(), [])
    added = await kept.workflows.add(ANN, workflow("wfl_1", odd))
    assert added is not None
    assert bytes(added.graph) == odd.encode()
    found = await kept.versions.find(ANN, "wfl_1", 1)
    assert found is not None
    assert bytes(found.graph) == odd.encode()


async def test_a_save_makes_a_version_and_keeps_the_old_one(kept: Kept, one: Workflow) -> None:
    after = await saved(kept, '{"v":2}', 1, at=5.0)
    assert after is not None
    assert (after.version, bytes(after.graph), after.updated_at) == (2, b'{"v":2}', moment(5.0))
    assert after.created_at == one.created_at
    old = await kept.versions.find(ANN, one.id, 1)
    assert old is not None
    assert bytes(old.graph) == bytes(one.graph)
    found = await kept.projects.find(ANN, "prj_1")
    assert found is not None
    assert found.updated_at == moment(5.0)


async def test_the_same_graph_makes_no_version_even_from_an_old_base(kept: Kept, one: Workflow) -> None:
    assert await saved(kept, '{"v":1}', 1) == one
    await saved(kept, '{"v":2}', 1, at=3.0)
    again = await saved(kept, '{"v":2}', 1, at=4.0)
    assert again is not None
    assert (again.version, again.updated_at) == (2, moment(3.0))


async def test_a_save_from_an_old_base_is_refused_with_the_current_version(kept: Kept, one: Workflow) -> None:
    await saved(kept, '{"v":2}', 1)
    with pytest.raises(Conflict) as failure:
        await saved(kept, '{"v":3}', 1, changes=Changes(name="lost?"))
    assert (failure.value.code, failure.value.params) == ("workflow.conflict", {"current_version": 2})
    now = await kept.workflows.find(ANN, one.id)
    assert now is not None
    assert (now.name, bytes(now.graph)) == (one.name, b'{"v":2}')


async def test_a_save_may_rename_too(kept: Kept, one: Workflow) -> None:
    after = await saved(kept, '{"v":1}', 1, at=7.0, changes=Changes(name="New", description=""))
    assert after is not None
    assert (after.name, after.description, after.version, after.updated_at) == ("New", "", 1, moment(7.0))


async def test_an_old_graph_may_come_back_as_a_new_version(kept: Kept, one: Workflow) -> None:
    await saved(kept, '{"v":2}', 1)
    back = await saved(kept, '{"v":1}', 2)
    assert back is not None
    assert (back.version, bytes(back.graph)) == (3, b'{"v":1}')


async def test_nothing_is_saved_into_the_trash(kept: Kept, one: Workflow) -> None:
    await kept.workflows.change(ANN, one.id, Changes(trashed=True), 3.0)
    with pytest.raises(Conflict) as failure:
        await saved(kept, '{"v":2}', 1)
    assert failure.value.code == "workflow.trashed"
    await kept.projects.change(ANN, "prj_1", Changes(trashed=True), 3.0)
    for attempt in (
        saved(kept, '{"v":2}', 1),
        kept.workflows.add(ANN, workflow("wfl_2")),
        kept.workflows.change(ANN, one.id, Changes(trashed=False), 3.0),
    ):
        with pytest.raises(Conflict) as failure:
            await attempt
        assert failure.value.code == "project.trashed"


async def test_a_change_changes_what_is_given_only(kept: Kept, one: Workflow) -> None:
    after = await kept.workflows.change(ANN, one.id, Changes(name="New"), 8.0)
    assert after == msgspec.structs.replace(one, name="New", updated_at=moment(8.0))
    assert await kept.workflows.change(ANN, one.id, Changes(name="New"), 9.0) == after
    with pytest.raises(Conflict) as failure:
        await kept.workflows.change(ANN, one.id, Changes(name="Newer", base_version=2), 9.0)
    assert failure.value.params == {"current_version": 1}


async def test_the_trash_keeps_the_moment_and_the_place_in_lists(kept: Kept, one: Workflow) -> None:
    gone = await kept.workflows.change(ANN, one.id, Changes(trashed=True), 8.0)
    assert gone == msgspec.structs.replace(one, trashed_at=moment(8.0))
    assert await kept.workflows.change(ANN, one.id, Changes(trashed=True), 9.0) == gone
    assert await kept.workflows.change(ANN, one.id, Changes(trashed=False), 9.0) == one


async def test_lists_tell_what_is_in_the_trash_from_what_is_not(kept: Kept, one: Workflow) -> None:
    await kept.workflows.add(ANN, workflow("wfl_2"))
    await kept.workflows.change(ANN, "wfl_2", Changes(trashed=True), 3.0)
    inside = await kept.workflows.page(ANN, "prj_1", trash=False, cursor=None, limit=9)
    outside = await kept.workflows.page(ANN, "prj_1", trash=True, cursor=None, limit=9)
    assert [item.id for item in inside.items] == [one.id]
    assert [item.id for item in outside.items] == ["wfl_2"]
    found = await kept.projects.find(ANN, "prj_1")
    assert found is not None
    assert found.workflow_count == 1
    await kept.projects.change(ANN, "prj_1", Changes(trashed=True), 4.0)
    assert (await kept.projects.page(ANN, trash=False, cursor=None, limit=9)).items == []
    assert [item.id for item in (await kept.projects.page(ANN, trash=True, cursor=None, limit=9)).items] == ["prj_1"]


async def test_the_trash_shows_a_project_instead_of_what_is_in_it(kept: Kept, one: Workflow) -> None:
    await kept.projects.add(ANN, project("prj_2"), [workflow("wfl_2", project_id="prj_2")])
    await kept.workflows.change(ANN, "wfl_2", Changes(trashed=True), 3.0)
    await kept.workflows.change(ANN, one.id, Changes(trashed=True), 4.0)
    await kept.projects.change(ANN, "prj_1", Changes(trashed=True), 5.0)
    items = (await kept.trash.page(ANN, cursor=None, limit=9)).items
    assert [(item.kind, item.id, item.project_id, item.trashed_at) for item in items] == [
        ("project", "prj_1", None, moment(5.0)),
        ("workflow", "wfl_2", "prj_2", moment(3.0)),
    ]


async def test_a_purge_needs_the_trash_and_takes_all_with_it(kept: Kept, one: Workflow) -> None:
    assert not await kept.trash.purge(ANN, one.id)
    assert not await kept.trash.purge(ANN, "prj_1")
    await kept.projects.change(ANN, "prj_1", Changes(trashed=True), 5.0)
    assert await kept.trash.purge(ANN, "prj_1")
    assert await kept.projects.find(ANN, "prj_1") is None
    assert await kept.workflows.find(ANN, one.id) is None
    assert await kept.versions.find(ANN, one.id, 1) is None


async def test_a_purge_leaves_what_shares_its_graph(kept: Kept, one: Workflow) -> None:
    await kept.workflows.add(ANN, workflow("wfl_2"))
    await kept.workflows.change(ANN, "wfl_2", Changes(trashed=True), 5.0)
    assert await kept.trash.purge(ANN, "wfl_2")
    assert await kept.workflows.find(ANN, one.id) == one


async def test_pages_go_on_where_they_stopped_also_at_equal_times(kept: Kept) -> None:
    for number in range(7):
        await kept.projects.add(ANN, project(f"prj_{number}", at=5.0 + number // 3), [])
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = await kept.projects.page(ANN, trash=False, cursor=cursor, limit=2)
        seen += [item.id for item in page.items]
        if (cursor := page.next) is None:
            break
    assert seen == ["prj_6", "prj_5", "prj_4", "prj_3", "prj_2", "prj_1", "prj_0"]


async def test_versions_come_in_pages_the_newest_first(kept: Kept, one: Workflow) -> None:
    for number in range(2, 6):
        await saved(kept, f'{{"v":{number}}}', number - 1)
    first = await kept.versions.page(ANN, one.id, cursor=None, limit=3)
    rest = await kept.versions.page(ANN, one.id, cursor=first.next, limit=3)
    assert [item.version for item in first.items] == [5, 4, 3]
    assert ([item.version for item in rest.items], rest.next) == ([2, 1], None)
    assert first.items[0].author == ANN


async def test_a_cursor_that_is_not_ours_is_refused(kept: Kept, one: Workflow) -> None:
    for cursor in ("!!", "W10", "WyJhIiwiYiJd", "WzFd"):
        for attempt in (
            kept.projects.page(ANN, trash=False, cursor=cursor, limit=3),
            kept.workflows.page(ANN, "prj_1", trash=False, cursor=cursor, limit=3),
            kept.versions.page(ANN, one.id, cursor=cursor, limit=3),
            kept.trash.page(ANN, cursor=cursor, limit=3),
        ):
            with pytest.raises(Invalid):
                await attempt


async def test_the_newest_version_is_found_without_a_number(kept: Kept, one: Workflow) -> None:
    await saved(kept, '{"v":2}', 1)
    found = await kept.versions.find(ANN, one.id)
    assert found is not None
    assert (found.version, bytes(found.graph)) == (2, b'{"v":2}')
    assert await kept.versions.find(ANN, one.id, 3) is None
    assert await kept.versions.find(ANN, "wfl_none") is None


async def test_a_workflow_may_arrive_with_several_versions(kept: Kept) -> None:
    await kept.projects.add(ANN, project(), [workflow("wfl_1", "[1]", "[2]", "[1]")])
    found = await kept.workflows.find(ANN, "wfl_1")
    assert found is not None
    assert (found.version, bytes(found.graph)) == (3, b"[1]")
    old = await kept.versions.find(ANN, "wfl_1", 2)
    assert old is not None
    assert bytes(old.graph) == b"[2]"


async def test_of_many_saves_at_once_from_one_base_exactly_one_is_taken(kept: Kept, one: Workflow) -> None:
    results = await asyncio.gather(*(saved(kept, f'{{"tab":{tab}}}', 1) for tab in range(5)), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Conflict"] * 4 + ["Workflow"]
    assert {result.params["current_version"] for result in results if isinstance(result, Conflict)} == {2}
    assert [item.version for item in (await kept.versions.page(ANN, one.id, cursor=None, limit=9)).items] == [2, 1]
