"""A full disk, a reader that stalls, a kill in mid-run: told clearly, and over when the trouble is over."""

import json
import os
import socket as net
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.rough_weather.test_bad_input import GOOD, graph, node, socket, wire
from tests.server import Server


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 96 MiB."""
    if os.geteuid() != 0:
        pytest.skip("a small disk is mounted by root only")
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", folder], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(folder: Path) -> Path:
    """Fill a disk to its last byte."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
    return ballast


def test_a_full_disk_is_told_and_nothing_saved_is_lost(small_disk: Path) -> None:
    with Server(small_disk) as server:
        owner = server.owner()
        project = owner.get("/api/projects").json()["items"][0]["id"]
        saved = owner.post(f"/api/projects/{project}/workflows", json={"name": "Kept", "graph": GOOD}).json()
        ballast = fill(small_disk)
        large = graph([node("a", "text.constant", text="x" * 2_000_000)])
        refused = owner.put(f"/api/workflows/{saved['id']}", json={"graph": large, "base_version": 1})
        assert refused.status_code in {503, 507}
        assert refused.json()["code"] == "store.disk_full"
        assert httpx.get(f"{server.url}/health").status_code == 200
        assert httpx.get(f"{server.url}/ready").status_code == 503
        assert owner.get(f"/api/workflows/{saved['id']}").json()["version"] == 1
        ballast.unlink()
        assert owner.put(f"/api/workflows/{saved['id']}", json={"graph": large, "base_version": 1}).json()["version"] == 2
        assert httpx.get(f"{server.url}/ready").status_code == 200


SLOW = graph(
    [node("first", "text.case", text="DONE ONCE"), node("wait", "debug.sleep", seconds=3), node("last", "debug.show")],
    [wire("1", ("first", "text"), ("wait", "value")), wire("2", ("wait", "value"), ("last", "value"))],
)


def until(owner: httpx.Client, run: str, fact: Any, *, within_s: float = 30) -> dict[str, Any]:
    end = time.monotonic() + within_s
    while True:
        seen = owner.get(f"/api/runs/{run}").json()
        if fact(seen):
            return seen
        assert time.monotonic() < end, seen
        time.sleep(0.05)


def test_a_kill_in_mid_run_repeats_no_finished_node_and_a_client_catches_up(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        owner = server.owner()
        run = owner.post("/api/runs", json={"graph": SLOW}).json()["id"]
        before = until(owner, run, lambda seen: seen["nodes"].get("first", {}).get("state") == "done")
        time.sleep(0.2)  # The journal is written within 50 ms.
        server.kill()
        server.start()
        owner = server.owner()
        after = until(owner, run, lambda seen: seen["state"] == "ok")
        assert after["nodes"]["last"]["state"] == "done"
        events = owner.get(f"/api/runs/{run}/events", params={"after": before["seq"]}, headers={"Accept": "application/json"}).json()[
            "events"
        ]
        assert [event["seq"] for event in events] == list(range(before["seq"] + 1, after["seq"] + 1))
        told = [path for event in events if event["kind"] == "nodes" for path, state, *_ in event["nodes"] if state == "running"]
        assert "first" not in told


def test_a_reader_that_stalls_is_let_go_and_others_are_not_held_up(tmp_path: Path) -> None:
    with Server(tmp_path, SLOW_CLIENT_S="1") as server:
        owner = server.owner()
        with socket(server, owner) as stalled, socket(server, owner) as other:
            stalled.socket.setsockopt(net.SOL_SOCKET, net.SO_RCVBUF, 4096)
            big = graph([node(f"n{at}", "text.constant", text="x" * 100_000) for at in range(40)])
            run = owner.post("/api/runs", params={"wait": True}, json={"graph": big}, timeout=60).json()
            assert run["state"] == "ok"
            stalled.send(json.dumps({"type": "watch", "run": run["id"], "after": 0}))
            other.send(json.dumps({"type": "ping"}))
            while json.loads(other.recv(timeout=10))["type"] != "pong":
                pass
        assert httpx.get(f"{server.url}/ready").status_code == 200
