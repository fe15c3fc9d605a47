"""The server on PostgreSQL: the journeys that everything else rests on, and what a killed server leaves."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from comfytavern.testing.databases import new_url
from tests.journeys.graphs import approval, graph, loud, slow, talk
from tests.server import Server


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path, DATABASE_URL=new_url("postgresql", tmp_path, migrated=False)) as server:
        yield server


def ended(client: httpx.Client, id: str) -> dict[str, Any]:
    until = time.monotonic() + 30
    while (run := client.get(f"/api/runs/{id}").json())["state"] not in {"ok", "failed", "cancelled"}:
        assert time.monotonic() < until, run
        time.sleep(0.05)
    return run


def test_setup_login_work_and_runs(product: Server) -> None:
    owner = product.owner()
    assert product.owner().get("/api/session").json()["user"]["role"] == "owner"
    project = owner.post("/api/projects", json={"name": "Ünïcode 字", "description": ""}).json()
    workflow = owner.post(f"/api/projects/{project['id']}/workflows", json={"name": "W", "graph": talk()}).json()
    saved = owner.put(f"/api/workflows/{workflow['id']}", json={"graph": loud(), "base_version": 1})
    assert saved.json()["version"] == 2
    assert owner.put(f"/api/workflows/{workflow['id']}", json={"graph": talk(), "base_version": 1}).json()["code"] == "workflow.conflict"
    run = owner.post("/api/runs", params={"wait": True}, json={"workflow_id": workflow["id"], "inputs": {"text": "hi 字"}}).json()
    assert (run["state"], run["outputs"]) == ("ok", {"loud": "HI 字"})
    events = owner.get(f"/api/runs/{run['id']}/events").json()
    assert events["ended"]
    assert [event["seq"] for event in events["events"]] == sorted({event["seq"] for event in events["events"]})
    assert owner.get("/api/runs", params={"workflow_id": workflow["id"]}).json()["items"][0]["id"] == run["id"]
    member = product.member("Ann")
    assert member.get(f"/api/workflows/{workflow['id']}").status_code == 404
    assert owner.delete(f"/api/projects/{project['id']}").is_success
    assert [item["id"] for item in owner.get("/api/trash").json()["items"]] == [project["id"]]
    assert owner.delete(f"/api/trash/{project['id']}").is_success


def test_runs_go_on_after_a_power_cut_with_all_their_events(product: Server) -> None:
    owner = product.owner()
    waiting = owner.post("/api/runs", json={"graph": approval()}).json()["id"]
    long = graph(
        [("up", "text.case", {"case": "upper", "text": "x"}), ("nap", "flow.delay", {"seconds": 1.5, "value": "awake"})],
        ["up.text > out.up", "nap.value > out.said"],
        outputs=("up", "said"),
    )
    running = owner.post("/api/runs", json={"graph": long}).json()["id"]
    until = time.monotonic() + 20
    while owner.get(f"/api/runs/{waiting}").json()["state"] != "waiting":
        assert time.monotonic() < until
    before = owner.get(f"/api/runs/{waiting}").json()
    product.kill()
    product.start()
    owner = product.owner()
    assert ended(owner, running)["outputs"] == {"up": "X", "said": "awake"}
    after = owner.get(f"/api/runs/{waiting}").json()
    assert after["seq"] >= before["seq"]
    answer = {"token": after["waits"][0]["token"], "value": {"approved": True}}
    assert owner.post(f"/api/runs/{waiting}/answers", json=answer).is_success
    assert owner.post(f"/api/runs/{waiting}/answers", json=answer).status_code == 409
    assert ended(owner, waiting)["outputs"] == {"approved": True}


def test_many_at_once_get_what_is_theirs(product: Server) -> None:
    owner = product.owner()
    runs = [owner.post("/api/runs", json={"graph": loud(), "inputs": {"text": f"t{at}"}}).json()["id"] for at in range(20)]
    assert [ended(owner, id)["outputs"]["loud"] for id in runs] == [f"T{at}" for at in range(20)]
    assert ended(owner, owner.post("/api/runs", json={"graph": slow(0.1)}).json()["id"])["state"] == "ok"


def test_a_stop_that_is_asked_for_is_clean(product: Server) -> None:
    product.owner()
    os.kill(product.pid, signal.SIGTERM)
    product.stop()
    assert "Traceback" not in product.printed()
