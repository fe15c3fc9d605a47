"""What every test here ends with: the process is up, and what was saved before is still there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.journeys.graphs import loud
from tests.server import Server


@contextmanager
def steady(server: Server, owner: httpx.Client) -> Iterator[dict[str, Any]]:
    """Save a workflow, and hold after the block that the same process is ready and the workflow is as it was saved."""
    before, saved = server.pid, save(owner)
    yield saved
    assert server.pid == before
    assert Path(f"/proc/{before}").exists()
    assert httpx.get(f"{server.url}/ready", timeout=10).status_code == 200
    assert owner.get(f"/api/workflows/{saved['id']}").json() == saved


def save(owner: httpx.Client, graph: dict[str, Any] | None = None) -> dict[str, Any]:
    """Save a workflow in the first project; return it."""
    project = owner.get("/api/projects").json()["items"][0]["id"]
    answer = owner.post(f"/api/projects/{project}/workflows", json={"name": "Kept", "graph": graph or loud()})
    assert answer.status_code == 201, answer.text
    return owner.get(f"/api/workflows/{answer.json()['id']}").json()


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Return the status and the code of a refusal, which has the form of one."""
    assert answer.headers["Content-Type"] == "application/problem+json", answer.text[:500]
    return answer.status_code, answer.json()["code"]


def found(answer: httpx.Response) -> list[dict[str, Any]]:
    """Return the problems that a graph was refused for."""
    assert refusal(answer) == (422, "graph.invalid")
    return answer.json()["problems"]
