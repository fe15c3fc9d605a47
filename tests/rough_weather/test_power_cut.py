"""kill -9 of the server in the middle of a run: it goes on where it was, and who watches misses nothing and hears nothing twice."""

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journeys.graphs import Graph, graph
from tests.rough_weather.steady import save, steady
from tests.server import Server

LENGTH = 10
OVER = {"ok", "failed", "cancelled"}
Event = dict[str, Any]


def steps() -> Graph:
    """Return naps one after another; each takes 0.3 s."""
    nodes = [(f"n{at}", "flow.delay", {"seconds": 0.3}) for at in range(LENGTH)]
    wires = ["in.start > n0.value", *(f"n{at}.value > n{at + 1}.value" for at in range(LENGTH - 1)), f"n{LENGTH - 1}.value > out.end"]
    return graph(nodes, wires, inputs=("start",), outputs=("end",))


def states(events: list[Event], state: str) -> list[str]:
    """Return the paths of the nodes that took this state, once for each time."""
    return [node[0] for event in events if event["kind"] == "nodes" for node in event["nodes"] if node[1] == state]


def watch(owner: httpx.Client, run: str, events: list[Event], *, nodes: int = 0) -> None:
    """Add what comes after the last of `events`, until so many nodes are done or the run is over."""
    after = events[-1]["seq"] if events else 0
    with owner.stream("GET", f"/api/runs/{run}/events", params={"after": after}, headers={"Accept": "text/event-stream"}) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                events.append(json.loads(line.removeprefix("data: ")))
            if nodes and len(set(states(events, "done"))) >= nodes:
                return


@pytest.mark.slow
def test_a_run_goes_on_after_kill_9_and_repeats_nothing_that_was_done(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        owner = server.owner()
        saved = save(owner, steps())
        run = owner.post("/api/runs", json={"workflow_id": saved["id"], "inputs": {"start": "go"}}).json()["id"]
        events: list[Event] = []
        cuts: list[int] = []
        for seen in (3, 6):
            watch(owner, run, events, nodes=seen)
            cuts.append(len(events))
            server.kill()
            server.start()
            owner = server.owner()
        with steady(server, owner):
            watch(owner, run, events)
            view = owner.get(f"/api/runs/{run}").json()
            assert (view["state"], view["outputs"]) == ("ok", {"end": "go"})
            assert [event["seq"] for event in events] == list(range(1, view["seq"] + 1))
            assert set(states(events, "done")) == {"in", "out", *(f"n{at}" for at in range(LENGTH))}
            for cut in cuts:
                assert not set(states(events[:cut], "done")) & set(states(events[cut:], "running")), "a finished node has run again"
            assert events == owner.get(f"/api/runs/{run}/events").json()["events"]
            assert owner.get(f"/api/workflows/{saved['id']}").json() == saved


@pytest.mark.slow
def test_a_question_is_still_asked_after_kill_9(tmp_path: Path) -> None:
    ask = graph([("ask", "flow.approve", {"title": "Shall I?", "shown": "x"})], ["ask.approved > out.yes"], outputs=("yes",))
    with Server(tmp_path) as server:
        owner = server.owner()
        run = owner.post("/api/runs", json={"graph": ask}).json()["id"]
        before = _waiting(owner, run)
        server.kill()
        server.start()
        owner = server.owner()
        with steady(server, owner):
            assert _waiting(owner, run) == before
            answer = {"token": before[0]["token"], "value": {"approved": True}}
            assert owner.post(f"/api/runs/{run}/answers", json=answer).status_code == 204
            events: list[Event] = []
            watch(owner, run, events)
            assert owner.get(f"/api/runs/{run}").json()["outputs"] == {"yes": True}


def _waiting(owner: httpx.Client, run: str) -> list[dict[str, Any]]:
    until = time.monotonic() + 20
    while (view := owner.get(f"/api/runs/{run}").json())["state"] != "waiting":
        assert time.monotonic() < until, view
        time.sleep(0.02)
    return view["waits"]
