"""Two servers on one database: a run moves from one to the other, and who watches it cannot tell. Real processes, both databases."""

import contextlib
import json
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from comfytavern.testing.databases import DATABASES, new_url
from tests.journeys.graphs import Graph, graph
from tests.server import COOKIE, Server

pytestmark = [pytest.mark.slow]
LENGTH = 12
TAKE_OVER_S = 6.0
"""A lease is good for 5 s; then others look every half second."""
Event = dict[str, Any]


def steps(length: int = LENGTH, seconds: float = 0.3) -> Graph:
    """Return naps one after another."""
    nodes = [(f"n{at}", "flow.delay", {"seconds": seconds}) for at in range(length)]
    wires = ["in.start > n0.value", *(f"n{at}.value > n{at + 1}.value" for at in range(length - 1)), f"n{length - 1}.value > out.end"]
    return graph(nodes, wires, inputs=("start",), outputs=("end",))


APPROVE = graph([("ask", "flow.approve", {"title": "Shall I?", "shown": "x"})], ["ask.approved > out.yes"], outputs=("yes",))


@dataclass
class Pair:
    """Two servers, and one person who is logged in at both."""

    a: Server
    b: Server
    at_a: httpx.Client
    at_b: httpx.Client

    def start(self, client: httpx.Client, graph: Graph, **more: Any) -> str:
        """Start a run and return its id."""
        answer = client.post("/api/runs", json={"graph": graph} | more)
        assert answer.status_code == 202, answer.text
        return answer.json()["id"]


@contextlib.contextmanager
def two(kind: str, folder: Path) -> Iterator[Pair]:
    """Start two servers on one database."""
    shared = {"DATA_DIR": str(folder / "data"), "DATABASE_URL": new_url(kind, folder, migrated=False)}
    shared |= {"DRAIN_S": "1", "DRAIN_STREAMS_S": "1", "RUNS_PER_USER": "16"}
    for name in "ab":
        (folder / name).mkdir()
    with Server(folder / "a", **shared) as a, Server(folder / "b", **shared) as b:
        at_a = a.owner()
        yield Pair(a, b, at_a, b.client(cookies={COOKIE: at_a.cookies[COOKIE]}))


@pytest.fixture(params=["postgresql", pytest.param("sqlite", marks=pytest.mark.long)])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    with two(request.param, tmp_path) as pair:
        yield pair


@pytest.fixture(scope="module", params=DATABASES)
def calm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two servers that no test ends."""
    with two(request.param, tmp_path_factory.mktemp("calm")) as pair:
        yield pair


@dataclass
class Watcher:
    """Reads the events of a run as they come, at one server; comes back where it stopped until the run is over."""

    client: httpx.Client
    run: str
    events: list[Event] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def watch(self) -> None:
        """Read until the stream ends."""
        after = self.events[-1]["seq"] if self.events else 0
        ask = {"params": {"after": after}, "headers": {"Accept": "text/event-stream"}, "timeout": 60}
        with contextlib.suppress(httpx.TransportError), self.client.stream("GET", f"/api/runs/{self.run}/events", **ask) as answer:
            assert answer.status_code == 200
            for line in answer.iter_lines():
                if line.startswith("data: ") and "seq" in (event := json.loads(line.removeprefix("data: "))):
                    self.events.append(event)
                    self.times.append(time.monotonic())

    def start(self) -> threading.Thread:
        """Watch beside."""
        thread = threading.Thread(target=self.watch, daemon=True)
        thread.start()
        return thread

    def until_done(self, nodes: int) -> None:
        """Return when so many nodes are known to be done."""
        end = time.monotonic() + 20
        while len(set(done(self.events))) < nodes:
            assert time.monotonic() < end, self.events
            time.sleep(0.01)


def figures(**measured: Any) -> None:
    """Show what was measured, to those who run pytest with -s."""
    sys.stdout.write(json.dumps(measured) + "\n")


def done(events: list[Event]) -> list[str]:
    return [node[0] for event in events if event["kind"] == "nodes" for node in event["nodes"] if node[1] == "done"]


def over(client: httpx.Client, run: str, seconds: float = 30.0) -> dict[str, Any]:
    return until(client, run, {"ok", "failed", "cancelled"}, seconds)


def until(client: httpx.Client, run: str, states: set[str], seconds: float = 30.0) -> dict[str, Any]:
    end = time.monotonic() + seconds
    while (view := client.get(f"/api/runs/{run}").json())["state"] not in states:
        assert time.monotonic() < end, view
        time.sleep(0.02)
    return view


def check(events: list[Event]) -> None:
    """Hold that every number is there once, and that every node was done once."""
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[-1]["state"] == "ok"
    assert Counter(done(events)) == Counter(["in", "out", *(f"n{at}" for at in range(LENGTH))])


def test_a_server_that_is_told_to_stop_hands_its_runs_over(pair: Pair) -> None:
    run = pair.start(pair.at_a, steps(), inputs={"start": "go"})
    stays, moves = Watcher(pair.at_b, run), Watcher(pair.at_a, run)
    watching, moving = stays.start(), moves.start()
    stays.until_done(3)
    pair.a.send(signal.SIGTERM)
    moving.join(20)
    assert len(moves.events) > 0
    assert moves.events[-1].get("state") != "ok"
    moves.client = pair.at_b
    moves.watch()
    watching.join(30)
    check(stays.events)
    check(moves.events)
    gap_s = max(after - before for before, after in zip(stays.times, stays.times[1:], strict=False))
    figures(gap_s=round(gap_s, 2), events=len(stays.events))
    assert gap_s < 2.5
    assert over(pair.at_b, run)["outputs"] == {"end": "go"}
    assert pair.a.wait() == 0


def test_a_killed_server_s_runs_go_on_at_the_other(pair: Pair) -> None:
    run = pair.start(pair.at_a, steps(), inputs={"start": "go"})
    watcher = Watcher(pair.at_b, run)
    watching = watcher.start()
    watcher.until_done(3)
    killed_at = time.monotonic()
    pair.a.kill()
    watching.join(40)
    check(watcher.events)
    again = next(at for at in watcher.times if at > killed_at + 0.3)
    figures(take_over_s=round(again - killed_at, 2))
    assert again - killed_at < TAKE_OVER_S


def test_a_server_that_stands_still_loses_its_runs_and_does_no_harm(pair: Pair) -> None:
    run = pair.start(pair.at_a, steps(), inputs={"start": "go"})
    watcher = Watcher(pair.at_b, run)
    watching = watcher.start()
    watcher.until_done(2)
    pair.a.send(signal.SIGSTOP)
    stood_at = time.monotonic()
    watcher.until_done(5)
    assert time.monotonic() - stood_at < TAKE_OVER_S + 2
    pair.a.send(signal.SIGCONT)
    late = Watcher(pair.at_a, run)
    late.watch()
    watching.join(40)
    check(watcher.events)
    assert late.events == watcher.events
    assert pair.at_a.get("/ready").json()["open"]["runs"] == 0


def test_a_run_of_one_server_is_watched_listed_and_cancelled_at_the_other(calm: Pair) -> None:
    run = calm.start(calm.at_a, steps(), inputs={"start": "go"})
    near, far = Watcher(calm.at_a, run), Watcher(calm.at_b, run)
    threads = [near.start(), far.start()]
    far.until_done(4)
    queue = calm.at_b.get("/api/queue").json()
    assert ([one["id"] for one in queue["running"]], queue["queued"]) == ([run], [])
    assert calm.at_b.get("/api/runs").json()["items"][0]["state"] == "running"
    asked = time.monotonic()
    assert calm.at_b.post(f"/api/runs/{run}/cancel").status_code == 204
    took_s = time.monotonic() - asked
    for thread in threads:
        thread.join(10)
    assert over(calm.at_a, run)["state"] == over(calm.at_b, run)["state"] == "cancelled"
    assert near.events == far.events
    at = {event["seq"]: time_ for event, time_ in zip(near.events, near.times, strict=True)}
    behind = sorted(time_ - at[event["seq"]] for event, time_ in zip(far.events, far.times, strict=True))
    figures(cancel_s=round(took_s, 3), behind_ms=[round(1000 * behind[len(behind) // 2]), round(1000 * behind[-1])])
    assert took_s < 3


def test_of_answers_at_both_servers_one_counts(calm: Pair) -> None:
    for _ in range(3):
        run = calm.start(calm.at_a, APPROVE)
        (wait,) = until(calm.at_b, run, {"waiting"})["waits"]

        def answer(client: httpx.Client, approved: bool, run: str = run, token: str = wait["token"]) -> int:
            return client.post(f"/api/runs/{run}/answers", json={"token": token, "value": {"approved": approved}}).status_code

        with ThreadPoolExecutor(4) as pool:
            statuses = list(pool.map(answer, [calm.at_a, calm.at_b] * 2, [True, True, True, True]))
        assert sorted(statuses) == [204, 409, 409, 409]
        assert over(calm.at_b, run)["outputs"] == {"yes": True}
        assert answer(calm.at_b, True) == answer(calm.at_a, True) == 409


def test_a_question_outlives_the_server_that_asked_it(pair: Pair) -> None:
    run = pair.start(pair.at_a, APPROVE)
    (wait,) = until(pair.at_b, run, {"waiting"})["waits"]
    pair.a.send(signal.SIGTERM)
    assert pair.a.wait() == 0
    answer = {"token": wait["token"], "value": {"approved": True}}
    assert pair.at_b.post(f"/api/runs/{run}/answers", json=answer).status_code == 204
    assert over(pair.at_b, run)["outputs"] == {"yes": True}


def test_a_draining_server_leaves_new_runs_to_the_other(calm: Pair) -> None:
    calm.a.send(signal.SIGUSR1)
    time.sleep(0.3)
    before = time.monotonic()
    run = calm.start(calm.at_a, steps(2, 0.1), inputs={"start": "go"})
    assert over(calm.at_a, run)["state"] == "ok"
    assert time.monotonic() - before < 2.5
    assert calm.at_a.get("/ready").json()["open"]["runs"] == 0
    calm.a.send(signal.SIGUSR2)


def test_two_servers_under_load_never_find_the_database_locked(calm: Pair) -> None:
    def one(at: int) -> float:
        client = (calm.at_a, calm.at_b)[at % 2]
        began = time.monotonic()
        answer = client.post("/api/runs", params={"wait": True}, json={"graph": steps(3, 0.01), "inputs": {"start": at}}, timeout=60)
        assert answer.status_code == 200, answer.text
        assert (answer.json()["state"], answer.json()["outputs"]) == ("ok", {"end": at})
        return time.monotonic() - began

    with ThreadPoolExecutor(16) as pool:
        took = sorted(pool.map(one, range(200)))
    figures(runs=len(took), p50_ms=round(1000 * took[100]), p99_ms=round(1000 * took[197]), max_ms=round(1000 * took[-1]))
    for server in (calm.a, calm.b):
        assert "locked" not in server.printed()
