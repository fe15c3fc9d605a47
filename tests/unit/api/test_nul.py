"""The character that PostgreSQL's texts cannot hold is refused in words, before it comes to a database of either kind."""

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from comfytavern.api.wishes import read_wish
from comfytavern.boot.app import running
from comfytavern.kernel.errors import Invalid
from comfytavern.settings.settings import read
from comfytavern.testing.accounts import quick_passwords
from comfytavern.testing.databases import DATABASES, new_url
from tests.journeys.graphs import talk
from tests.unit.api.conftest import owner_of

NUL = "one\0two"


@pytest.fixture(params=DATABASES)
async def person(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The owner of a product on each database."""
    data = tmp_path / "data"
    data.mkdir()
    url = new_url(request.param, tmp_path)
    if request.param == "sqlite":
        shutil.move(tmp_path / "test.db", data / "comfytavern.db")
        url = ""
    settings = read(data_dir=data, database_url=url)
    async with running(settings, passwords=quick_passwords()) as system, owner_of(system) as client:
        yield client


def refused(reply: httpx.Response) -> bool:
    return (reply.status_code, reply.json()["code"]) == (422, "api.nul") and "U+0000" in reply.json()["detail"]


async def test_a_text_with_nul_is_refused_wherever_it_stands(person: httpx.AsyncClient) -> None:
    assert refused(await person.post("/api/projects", json={"name": NUL, "description": ""}))
    project = (await person.post("/api/projects", json={"name": "P", "description": ""})).json()["id"]
    graph: dict[str, Any] = talk()
    workflow = (await person.post(f"/api/projects/{project}/workflows", json={"name": "W", "graph": graph})).json()["id"]
    graph["nodes"][0]["note"] = {"deep": [{"in": NUL}]}
    for reply in (
        await person.put(f"/api/workflows/{workflow}", json={"graph": graph, "base_version": 1}),
        await person.put(f"/api/workflows/{workflow}", json={"graph": talk(), "base_version": 1, "note": NUL}),
        await person.post("/api/runs", json={"graph": talk(), "inputs": {"text": NUL}}),
        await person.put("/api/session/preferences", json={NUL: 1}),
        await person.post("/api/login", json={"name": NUL, "password": "x"}),
        await person.get("/api/workflows/wfl_%00"),
        await person.get("/api/runs", params={"workflow_id": NUL}),
    ):
        assert refused(reply), reply.text
    assert (await person.get(f"/api/workflows/{workflow}")).json()["version"] == 1


async def test_the_letters_of_its_escape_are_a_text_like_any_other(person: httpx.AsyncClient) -> None:
    made = await person.post("/api/projects", json={"name": "\\u0000", "description": "not \\u0000"})
    assert (made.status_code, made.json()["name"]) == (201, "\\u0000")


def test_the_socket_refuses_it_too() -> None:
    with pytest.raises(Invalid, match="NUL") as refusal:
        read_wish(json.dumps({"type": "start", "graph": {"nodes": [{"id": NUL}]}}))
    assert refusal.value.code == "api.nul"
