"""The status page's data: for the owner, about everything, and true."""

import asyncio
from pathlib import Path

import httpx
import pytest

from comfytavern.boot.app import System
from tests.journeys.graphs import approval, loud
from tests.unit.api.conftest import ORIGIN, PASSWORD

PLACES = ("/api/status", "/api/status/history", "/api/status/releases")


@pytest.mark.parametrize("place", PLACES)
async def test_only_the_owner_sees_it(system: System, owner: httpx.AsyncClient, stranger: httpx.AsyncClient, place: str) -> None:
    assert (await stranger.get(place)).status_code == 401
    assert (await owner.post("/api/users", json={"name": "Ann", "password": PASSWORD})).is_success
    async with httpx.AsyncClient(transport=httpx.ASGITransport(system.app), base_url=ORIGIN, headers={"Origin": ORIGIN}) as member:
        assert (await member.post("/api/login", json={"name": "Ann", "password": PASSWORD})).is_success
        refusal = await member.get(place)
        assert (refusal.status_code, refusal.json()["code"]) == (403, "accounts.owner_only")
    assert (await owner.get(place)).status_code == 200


async def test_it_says_what_runs_here_and_what_it_has(system: System, owner: httpx.AsyncClient) -> None:
    found = (await owner.get("/api/status")).json()
    version = (await owner.get("/version")).json()
    assert {name: found[name] for name in ("version", "release", "slot", "started_at")} == {
        name: version[name] for name in ("version", "release", "slot", "started_at")
    }
    assert (found["state"], set(found["checks"].values())) == ("ready", {"ok"})
    assert found["database"]["levels"] == {"level": 3, "contracted": 0, "needed": 3}
    assert (found["database"]["kind"], found["database"]["size_bytes"] > 0) == ("sqlite", True)
    disk = found["machine"]["disk"]
    assert (Path(disk["folder"]), 0 < disk["free_bytes"] <= disk["total_bytes"]) == (system.settings.data_dir, True)
    assert [(server["id"], server["here"]) for server in found["servers"]] == [(found["id"], True)]
    assert found["process"]["memory_bytes"] > 1 << 20
    assert found["open"]["requests"] == 1, "this one"


async def test_runs_are_counted_and_those_that_go_on_are_named(owner: httpx.AsyncClient) -> None:
    assert (await owner.post("/api/runs", params={"wait": True}, json={"graph": loud(), "inputs": {"text": "hi"}})).json()["state"] == "ok"
    waiting = (await owner.post("/api/runs", json={"graph": approval()})).json()["id"]
    found = (await owner.get("/api/status")).json()
    assert [(run["id"], run["user"], run["source"], run["here"]) for run in found["queue"]["items"]] == [(waiting, "Olive", "http", True)]
    assert sum(found["queue"][state] for state in ("running", "waiting", "queued")) == 1
    async with asyncio.timeout(10):
        while (found := (await owner.get("/api/status")).json())["counts"]["runs_started"] < 2:  # noqa: ASYNC110 -- as the page asks
            await asyncio.sleep(0.01)
    assert found["counts"]["runs_ok"] == 1
    assert found["counts"]["requests"] >= 3


async def test_what_was_not_deployed_shows_no_releases(owner: httpx.AsyncClient) -> None:
    found = (await owner.get("/api/status/releases")).json()
    assert found == {"deployed": False, "problem": "", "driver": None, "slots": [], "releases": [], "ledger": []}


async def test_the_history_has_columns_of_one_length(owner: httpx.AsyncClient) -> None:
    found = (await owner.get("/api/status/history")).json()
    assert len({len(column) for column in found.values() if isinstance(column, list)}) == 1
