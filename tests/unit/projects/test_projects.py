"""Saved work, seen through the door of the room."""

from typing import Any

import msgspec
import pytest

from comfytavern.graph import codec
from comfytavern.kernel.clock import ManualClock
from comfytavern.kernel.errors import Conflict, Failure, Invalid, NotFound
from comfytavern.projects.project import Project, Workflow
from comfytavern.projects.service import Projects
from comfytavern.testing.projects import memory_projects

ANN, BOB = "usr_ann", "usr_bob"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def projects(clock: ManualClock) -> Projects:
    return memory_projects(clock=clock)


@pytest.fixture
async def shelf(projects: Projects) -> Project:
    return await projects.create_project(ANN, "  Stories ", "about dragons")


@pytest.fixture
async def one(projects: Projects, shelf: Project) -> Workflow:
    return await projects.create_workflow(ANN, shelf.id, "Dragon", graph=graph("a"))


def graph(*ids: str, **more: Any) -> dict[str, Any]:
    return {"nodes": [{"id": id, "kind": "text.join"} for id in ids], **more}


def plain(workflow: Any) -> Any:
    return msgspec.json.decode(workflow.graph)


async def test_a_project_has_a_clean_name(projects: Projects, shelf: Project) -> None:
    assert (shelf.name, shelf.description, shelf.workflow_count) == ("Stories", "about dragons", 0)
    for name in ("", " ", "x" * 201, "a\0b"):
        with pytest.raises(Invalid) as failure:
            await projects.create_project(ANN, name)
        assert failure.value.code == "projects.name"
    with pytest.raises(Invalid):
        await projects.change_project(ANN, shelf.id, description="x" * 20_001)


async def test_everyone_has_a_first_project(projects: Projects) -> None:
    made = await projects.first_project(ANN)
    assert await projects.first_project(ANN) == made
    assert (await projects.first_project(BOB)).id != made.id


async def test_what_is_somebody_elses_is_unknown(projects: Projects, shelf: Project, one: Workflow) -> None:
    attempts = (
        projects.project(BOB, shelf.id),
        projects.change_project(BOB, shelf.id, name="x"),
        projects.trash_project(BOB, shelf.id),
        projects.export_project(BOB, shelf.id),
        projects.list_workflows(BOB, shelf.id),
        projects.create_workflow(BOB, shelf.id, "x"),
        projects.workflow(BOB, one.id),
        projects.save_workflow(BOB, one.id, graph("b"), 1),
        projects.copy_workflow(BOB, one.id, "x"),
        projects.versions(BOB, one.id),
        projects.version(BOB, one.id, 1),
        projects.restore_version(BOB, one.id, 1, 1),
        projects.export_workflow(BOB, one.id),
        projects.purge(BOB, one.id),
    )
    for attempt in attempts:
        with pytest.raises(NotFound):
            await attempt


async def test_a_graph_with_problems_is_kept_and_a_malformed_one_is_not(projects: Projects, shelf: Project) -> None:
    draft = graph("a", "a", wires=[{"id": "w", "source": ["a", "x"], "target": ["gone", "y"]}])
    kept = await projects.create_workflow(ANN, shelf.id, "Draft", graph=draft)
    assert len(plain(kept)["wires"]) == 1
    with pytest.raises(Invalid) as failure:
        await projects.save_workflow(ANN, kept.id, {"nodes": [{"id": 1}], "wires": {}}, 1)
    assert failure.value.code == "graph.malformed"
    assert len(failure.value.problems) >= 2
    assert (await projects.workflow(ANN, kept.id)).version == 1


async def test_every_save_is_a_version_unless_nothing_changed(projects: Projects, one: Workflow) -> None:
    await projects.save_workflow(ANN, one.id, graph("a"), 1)
    saved = await projects.save_workflow(ANN, one.id, graph("a", "b"), 1, note="more")
    assert saved.version == 2
    versions = (await projects.versions(ANN, one.id)).items
    assert [(item.version, item.note, item.node_count, item.author) for item in versions] == [(2, "more", 2, ANN), (1, "", 1, ANN)]


async def test_two_tabs_never_overwrite_each_other(projects: Projects, one: Workflow) -> None:
    await projects.save_workflow(ANN, one.id, graph("left"), 1)
    with pytest.raises(Conflict) as failure:
        await projects.save_workflow(ANN, one.id, graph("right"), 1)
    assert (failure.value.code, failure.value.params["current_version"]) == ("workflow.conflict", 2)
    saved = await projects.save_workflow(ANN, one.id, graph("right"), 2)
    assert saved.version == 3


async def test_restoring_an_old_version_is_a_new_one(projects: Projects, one: Workflow) -> None:
    await projects.save_workflow(ANN, one.id, graph("b"), 1)
    with pytest.raises(Conflict):
        await projects.restore_version(ANN, one.id, 1, 1)
    back = await projects.restore_version(ANN, one.id, 1, 2)
    assert (back.version, back.graph) == (3, one.graph)
    with pytest.raises(NotFound) as failure:
        await projects.version(ANN, one.id, 4)
    assert failure.value.code == "workflow.version_unknown"


async def test_save_as_leaves_the_original_alone(projects: Projects, one: Workflow) -> None:
    copy = await projects.copy_workflow(ANN, one.id, "Copy")
    edited = await projects.copy_workflow(ANN, one.id, "Edited", graph=graph("unsaved"))
    assert copy.graph == one.graph
    assert plain(edited)["nodes"][0]["id"] == "unsaved"
    await projects.save_workflow(ANN, copy.id, graph("z"), 1)
    assert await projects.workflow(ANN, one.id) == one


async def test_the_trash_gives_back_and_lets_go(projects: Projects, shelf: Project, one: Workflow, clock: ManualClock) -> None:
    await projects.trash_workflow(ANN, one.id)
    assert [item.id for item in (await projects.trash(ANN)).items] == [one.id]
    assert (await projects.restore_workflow(ANN, one.id)) == one
    clock.advance(1)
    await projects.trash_project(ANN, shelf.id)
    with pytest.raises(Conflict):
        await projects.create_workflow(ANN, shelf.id, "x")
    assert (await projects.restore_project(ANN, shelf.id)).trashed_at is None
    with pytest.raises(NotFound):
        await projects.purge(ANN, shelf.id)
    await projects.trash_project(ANN, shelf.id)
    await projects.purge(ANN, shelf.id)
    with pytest.raises(NotFound):
        await projects.workflow(ANN, one.id)


async def test_a_project_travels_with_all_its_workflows(projects: Projects, shelf: Project, one: Workflow) -> None:
    await projects.create_workflow(ANN, shelf.id, "Empty", "nothing yet")
    document = msgspec.json.decode(msgspec.json.encode(await projects.export_project(ANN, shelf.id)))
    brought = await projects.import_project(BOB, document)
    assert (brought.name, brought.description, brought.workflow_count) == ("Stories", "about dragons", 2)
    page = await projects.list_workflows(BOB, brought.id)
    found = {item.name: await projects.workflow(BOB, item.id) for item in page.items}
    assert found["Dragon"].graph == one.graph
    assert found["Empty"].description == "nothing yet"
    assert not {workflow.id for workflow in found.values()} & {one.id}


async def test_references_follow_their_workflows_into_the_new_project(projects: Projects, shelf: Project, one: Workflow) -> None:
    await projects.save_workflow(ANN, one.id, graph("second"), 1)
    await projects.save_workflow(ANN, one.id, graph("third"), 2)
    uses = [
        {"id": "old", "kind": "flow.group", "values": {"workflow": one.id, "version": 2}},
        {"id": "new", "kind": "flow.group", "values": {"workflow": one.id}},
        {"id": "now", "kind": "flow.group", "values": {"workflow": one.id, "version": 3}},
        {"id": "far", "kind": "flow.group", "values": {"workflow": "wfl_elsewhere", "version": 9}},
    ]
    await projects.create_workflow(ANN, shelf.id, "User", graph={"nodes": uses, "groups": [{"id": "g", "nodes": uses}]})
    document = msgspec.json.decode(msgspec.json.encode(await projects.export_project(ANN, shelf.id)))
    brought = await projects.import_project(BOB, document)
    ids = {item.name: item.id for item in (await projects.list_workflows(BOB, brought.id)).items}
    user = plain(await projects.workflow(BOB, ids["User"]))
    for nodes in (user["nodes"], user["groups"][0]["nodes"]):
        values = {node["id"]: node["values"] for node in nodes}
        assert plain(await projects.version(BOB, ids["Dragon"], values["old"]["version"]))["nodes"][0]["id"] == "second"
        assert plain(await projects.version(BOB, ids["Dragon"], values["now"]["version"]))["nodes"][0]["id"] == "third"
        assert values["new"] == {"workflow": ids["Dragon"]}
        assert values["far"] == {"workflow": "wfl_elsewhere", "version": 9}


async def test_a_bad_bundle_names_every_problem_and_writes_nothing(projects: Projects) -> None:
    document = {
        "format": "comfytavern.project",
        "version": 1,
        "name": "",
        "workflows": [
            {"name": "ok", "graph": {}},
            {"name": "bad", "graph": {"nodes": [{"id": 7}]}, "earlier": {"x": {}}},
            "no workflow",
            {"name": 5, "description": [], "graph": None},
        ],
    }
    with pytest.raises(Invalid) as failure:
        await projects.import_project(ANN, document)
    assert failure.value.code == "bundle.invalid"
    fields = [problem.place["field"] for problem in failure.value.problems]
    for expected in (
        "$.name",
        "$.workflows[1].graph.nodes[0].id",
        "$.workflows[1].earlier",
        "$.workflows[2]",
        "$.workflows[3].name",
        "$.workflows[3].description",
        "$.workflows[3].graph",
    ):
        assert expected in fields
    assert (await projects.list_projects(ANN)).items == []


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({}, "bundle.invalid"),
        ({"format": "comfytavern.project", "version": 2}, "bundle.newer"),
        ({"format": "comfytavern.project", "version": "1", "name": "x", "workflows": []}, "bundle.invalid"),
        ({"format": "comfytavern.project", "version": 1, "name": "x", "workflows": {}}, "bundle.invalid"),
        ({"format": "comfytavern.workflow", "version": 1, "name": "x", "workflows": []}, "bundle.invalid"),
    ],
)
async def test_what_is_no_bundle_is_refused(projects: Projects, document: dict[str, Any], code: str) -> None:
    with pytest.raises(Failure) as failure:
        await projects.import_project(ANN, document)
    assert failure.value.code == code


async def test_a_workflow_travels_alone_or_as_a_bare_graph(projects: Projects, shelf: Project, one: Workflow) -> None:
    document = msgspec.json.decode(msgspec.json.encode(await projects.export_workflow(ANN, one.id)))
    brought = await projects.import_workflow(ANN, shelf.id, document)
    assert (brought.name, brought.graph) == (one.name, one.graph)
    bare = await projects.import_workflow(ANN, shelf.id, msgspec.json.decode(one.graph))
    assert bare.graph == one.graph
    with pytest.raises(Invalid):
        await projects.import_workflow(ANN, shelf.id, {"format": "comfytavern.workflow", "version": 1, "name": "x"})


async def test_the_library_of_a_graph_holds_what_it_uses_at_any_depth(projects: Projects, shelf: Project, one: Workflow) -> None:
    middle = await projects.create_workflow(
        ANN, shelf.id, "Middle", graph={"nodes": [{"id": "m", "kind": "flow.group", "values": {"workflow": one.id, "version": 1}}]}
    )
    top = codec.decode({"nodes": [{"id": "t", "kind": "flow.group", "values": {"workflow": middle.id}}]})
    library = await projects.library(ANN, top)
    resolve = library.resolve
    assert library.newest == {middle.id: 1}
    assert resolve(middle.id, None).nodes[0].id == "m"
    assert resolve(one.id, 1).nodes[0].id == "a"
    for missing in ((one.id, 2), ("wfl_other", None)):
        with pytest.raises(NotFound):
            resolve(*missing)
    nothing = (await projects.library(BOB, top)).resolve
    with pytest.raises(NotFound):
        nothing(middle.id, None)


async def test_two_versions_are_compared_part_by_part(projects: Projects, one: Workflow) -> None:
    await projects.save_workflow(ANN, one.id, graph("b", wires=[{"id": "w", "source": ["b", "text"], "target": ["b", "x"]}]), 1)
    found = await projects.diff(ANN, one.id, 1, 2)
    assert (found["nodes"]["added"], found["nodes"]["removed"], found["wires"]["added"]) == (["b"], ["a"], ["w"])
    with pytest.raises(NotFound):
        await projects.diff(ANN, one.id, 1, 3)
