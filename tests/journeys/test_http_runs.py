"""Runs over HTTP, WebSocket and the command line: all equal, and nobody who watches misses anything."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from tests.journeys.graphs import approval, loud, slow, talk
from tests.server import COOKIE, Server

EXAMPLES = ["chat", "branch", "map", "refine", "sentences"]
STREAM = {"Accept": "text/event-stream"}


def events_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: ")]


def until(owner: httpx.Client, run: str, *states: str) -> dict[str, Any]:
    end = time.monotonic() + 30
    while (view := owner.get(f"/api/runs/{run}").json())["state"] not in states:
        assert time.monotonic() < end, view
        time.sleep(0.02)
    return view


@contextmanager
def socket(server: Server, client: httpx.Client) -> Iterator[ClientConnection]:
    headers = {"Cookie": f"{COOKIE}={client.cookies[COOKIE]}"}
    with connect(server.url.replace("http", "ws") + "/ws", origin=server.url, additional_headers=headers, proxy=None) as open_socket:
        assert json.loads(open_socket.recv(10))["type"] == "hello"
        yield open_socket


def watched(open_socket: ClientConnection, run: str, after: int = 0) -> list[dict[str, Any]]:
    """Return the events of a run up to its end."""
    open_socket.send(json.dumps({"type": "watch", "run": run, "after": after}))
    events: list[dict[str, Any]] = []
    while not (events and events[-1]["kind"] == "run" and events[-1]["state"] in {"ok", "failed", "cancelled"}):
        message = json.loads(open_socket.recv(30))
        if message["type"] == "events" and message["run"] == run:
            events += message["events"]
    return events


def test_every_way_to_start_a_run_brings_the_same(server: Server, owner: httpx.Client, tmp_path: Path) -> None:
    body = {"graph": loud(), "inputs": {"text": "hello"}}
    outputs = [owner.post("/api/runs", params={"wait": True}, json=body).json()["outputs"]]
    outputs.append(events_of(owner.post("/api/runs", json=body, headers=STREAM).text)[-1]["outputs"])
    outputs.append(until(owner, owner.post("/api/runs", json=body).json()["id"], "ok")["outputs"])
    with socket(server, owner) as ws:
        ws.send(json.dumps({"type": "start", "ref": 7} | body))
        while (told := json.loads(ws.recv(10)))["type"] != "started":
            pass
        assert told["ref"] == 7
        outputs.append(watched(ws, told["run"]["id"])[-1]["outputs"])
    (tmp_path / "graph.json").write_text(json.dumps(loud()))
    command = [sys.executable, "-m", "comfytavern", "run", "graph.json", "-i", "text=hello", "--json", "--data-dir", str(tmp_path / "data")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    outputs.append(json.loads(done.stdout)["outputs"])
    assert outputs == [{"loud": "HELLO"}] * 5


def test_two_clients_watch_one_run_and_a_third_that_comes_back_misses_nothing(server: Server, owner: httpx.Client) -> None:
    run = owner.post("/api/runs", json={"graph": talk(), "inputs": {"question": "Why?"}}).json()["id"]
    with socket(server, owner) as ws:
        first = watched(ws, run)
        assert [event["seq"] for event in first] == sorted({event["seq"] for event in first})
        middle = first[len(first) // 2]["seq"]
        assert watched(ws, run, after=middle)[0]["seq"] == middle + 1
    second = events_of(owner.get(f"/api/runs/{run}/events", headers=STREAM).text)
    assert second[-1]["seq"] == first[-1]["seq"]
    assert [event["seq"] for event in second] == list(range(1, second[-1]["seq"] + 1))
    resumed = events_of(owner.get(f"/api/runs/{run}/events", headers=STREAM | {"Last-Event-ID": str(middle)}).text)
    assert resumed == [event for event in second if event["seq"] > middle]


def test_a_stream_ends_with_its_run(owner: httpx.Client) -> None:
    begun = time.monotonic()
    owner.post("/api/runs", json={"graph": loud(), "inputs": {"text": "x"}}, headers=STREAM).raise_for_status()
    assert time.monotonic() - begun < 10


def test_a_question_is_answered_once(owner: httpx.Client) -> None:
    run = owner.post("/api/runs", json={"graph": approval()}).json()["id"]
    token = until(owner, run, "waiting")["waits"][0]["token"]
    answer = {"token": token, "value": {"approved": True}}
    assert owner.post(f"/api/runs/{run}/answers", json=answer).status_code == 204
    second = owner.post(f"/api/runs/{run}/answers", json=answer)
    assert (second.status_code, second.json()["code"]) == (409, "run.answered")
    assert until(owner, run, "ok")["outputs"] == {"approved": True}


def test_runs_wait_their_turn_and_one_person_does_not_hold_up_another(tmp_path: Path) -> None:
    with Server(tmp_path, RUNS_AT_ONCE="2", RUNS_PER_USER="1") as server:
        owner, member = server.owner(), server.member("Ann")
        started = [owner.post("/api/runs", json={"graph": slow(60)}).json() for _ in range(3)]
        assert [run["position"] for run in started] == [None, 1, 2]
        assert [run["id"] for run in owner.get("/api/queue").json()["queued"]] == [run["id"] for run in started[1:]]
        theirs = member.post("/api/runs", params={"wait": True}, json={"graph": loud(), "inputs": {"text": "me"}}).json()
        assert theirs["outputs"] == {"loud": "ME"}
        for run in reversed(started):
            assert owner.post(f"/api/runs/{run['id']}/cancel").status_code == 204


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_opens_and_runs(owner: httpx.Client, example: str) -> None:
    workflow = owner.post(f"/api/examples/{example}/open", json={}).json()
    inputs = {port["id"]: port["default"] for port in workflow["graph"]["interface"]["inputs"]}
    run = owner.post("/api/runs", params={"wait": True}, json={"workflow_id": workflow["id"], "inputs": inputs}).json()
    assert run["state"] == "ok", run["errors"]
    assert None not in run["outputs"].values()


def test_an_example_opens_in_ones_language(owner: httpx.Client) -> None:
    assert owner.post("/api/examples/approval/open", json={"language": "zh-CN"}).json()["name"] == "先审批，再发送"
