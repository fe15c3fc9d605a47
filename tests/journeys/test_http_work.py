"""Projects, workflows, versions, files and channels over HTTP."""

from collections.abc import Callable

import httpx
import pytest

from comfytavern.testing.openai_server import FakeOpenAI
from tests.journeys.graphs import loud, slow, talk


@pytest.fixture
def project(owner: httpx.Client) -> str:
    return owner.post("/api/projects", json={"name": "Shelf"}).json()["id"]


@pytest.fixture
def workflow(owner: httpx.Client, project: str) -> dict:
    return owner.post(f"/api/projects/{project}/workflows", json={"name": "Loud", "graph": loud()}).json()


def test_two_tabs_never_overwrite_each_other_silently(owner: httpx.Client, workflow: dict) -> None:
    at = f"/api/workflows/{workflow['id']}"
    assert owner.put(at, json={"graph": slow(1), "base_version": 1}).json()["version"] == 2
    late = owner.put(at, json={"graph": talk(), "base_version": 1})
    assert (late.status_code, late.json()["code"], late.json()["params"]["current_version"]) == (409, "workflow.conflict", 2)
    assert owner.get(at).json()["graph"] == owner.get(f"{at}/versions/2").json()["graph"]


def test_an_old_version_can_be_compared_and_restored_as_a_new_one(owner: httpx.Client, workflow: dict) -> None:
    at = f"/api/workflows/{workflow['id']}"
    owner.put(at, json={"graph": slow(1), "base_version": 1})
    nodes = owner.get(f"{at}/diff", params={"from": 1, "to": 2}).json()["nodes"]
    assert (nodes["added"], "up" in nodes["removed"]) == (["nap"], True)
    restored = owner.post(f"{at}/versions/1/restore", json={"base_version": 2}).json()
    assert (restored["version"], restored["graph"]) == (3, workflow["graph"])


def test_save_as_leaves_the_original_alone(owner: httpx.Client, workflow: dict) -> None:
    copy = owner.post(f"/api/workflows/{workflow['id']}/copy", json={"name": "Other", "graph": slow(1)}).json()
    assert copy["id"] != workflow["id"]
    assert owner.get(f"/api/workflows/{workflow['id']}").json() == workflow


def test_what_was_thrown_away_comes_back_until_it_is_purged(owner: httpx.Client, workflow: dict) -> None:
    at = f"/api/workflows/{workflow['id']}"
    assert owner.delete(at).status_code == 204
    assert workflow["id"] in [item["id"] for item in owner.get("/api/trash").json()["items"]]
    assert owner.post(f"{at}/restore").json()["trashed_at"] is None
    owner.delete(at)
    assert owner.delete(f"/api/trash/{workflow['id']}").status_code == 204
    assert owner.get(at).status_code == 404


def test_an_exported_project_can_be_imported_again(owner: httpx.Client, project: str, workflow: dict) -> None:
    bundle = owner.get(f"/api/projects/{project}/export").json()
    again = owner.post("/api/projects/import", json=bundle).json()
    assert again["workflow_count"] == 1
    summary = owner.get(f"/api/projects/{again['id']}/workflows").json()["items"][0]
    assert owner.get(f"/api/workflows/{summary['id']}").json()["graph"] == workflow["graph"]


def test_a_file_is_kept_moved_and_deleted(owner: httpx.Client) -> None:
    at = "/api/files/content"
    assert owner.put(at, params={"uri": "user://kept.bin"}, content=b"\0\xffbytes").status_code == 201
    again = owner.put(at, params={"uri": "user://kept.bin"}, content=b"other")
    assert (again.status_code, again.json()["code"]) == (409, "file.exists")
    owner.post("/api/files/move", json={"from": "user://kept.bin", "to": "user://folder/moved.bin"}).raise_for_status()
    assert owner.get(at, params={"uri": "user://folder/moved.bin"}).content == b"\0\xffbytes"
    assert owner.delete("/api/files", params={"uri": "user://folder"}).status_code == 204
    assert owner.get(at, params={"uri": "user://folder/moved.bin"}).status_code == 404


@pytest.mark.parametrize(
    "uri", ["user://../../x", "user:///etc/passwd", "/etc/passwd", "file:///etc/passwd", "user://a\0b", "user://a/../../b"]
)
def test_no_address_leads_out_of_ones_own_files(owner: httpx.Client, uri: str) -> None:
    calls: list[Callable[[], httpx.Response]] = [
        lambda: owner.get("/api/files/content", params={"uri": uri}),
        lambda: owner.put("/api/files/content", params={"uri": uri}, content=b"x"),
        lambda: owner.delete("/api/files", params={"uri": uri}),
    ]
    for call in calls:
        answer = call()
        assert 400 <= answer.status_code < 500, answer.text
        assert answer.json()["code"].startswith("file.") or (answer.json()["code"] == "api.nul" and "\0" in uri)


def test_a_channel_is_tested_discovered_and_used_and_never_shows_its_key(owner: httpx.Client) -> None:
    with FakeOpenAI(key="sk-right-key") as fake:
        given = {"name": "Fake", "provider": "openai-compatible", "base_url": fake.base_url, "key": "sk-right-key"}
        made = owner.post("/api/channels", json=given)
        channel = f"/api/channels/{made.json()['id']}"
        assert made.json()["has_key"]
        assert "sk-right-key" not in made.text + owner.get("/api/channels").text
        assert "fake-chat" in [model["name"] for model in owner.post(f"{channel}/discover").json()["models"]]
        assert owner.post(f"{channel}/test").json()["ok"]
        body = {"graph": talk(f"{made.json()['id']}/fake-chat"), "inputs": {"question": "Why?"}}
        assert owner.post("/api/runs", params={"wait": True}, json=body).json()["outputs"] == {"answer": "Fake answer to: Why?"}
        owner.patch(channel, json={"key": "sk-wrong"}).raise_for_status()
        failed = owner.post("/api/runs", params={"wait": True}, json=body).json()
        assert failed["state"] == "failed"
        assert failed["error"]["message"]
        assert not owner.post(f"{channel}/test").json()["ok"]
        assert owner.delete(channel).status_code == 204
