"""Exceptions of the server and of the web app reach a sink of Sentry's envelopes, with ids and without anything that is nobody's business."""

import json
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from comfytavern.boot.app import System, running
from comfytavern.boot.redact import redacting
from comfytavern.boot.telemetry.scrub import CUT, LETTERS_MAX, scrubbed
from comfytavern.boot.telemetry.tunnel import PER_MINUTE
from comfytavern.settings.settings import read
from comfytavern.testing.accounts import quick_passwords
from comfytavern.testing.databases import new_database
from tests.envelopes import KEY, Sink, sink
from tests.unit.api.conftest import ORIGIN, owner_of

PROMPT = "Tell me a story about the green door in the wall"
SECRET = "sk-proj-Zq81kfWv20pLmXyT"


@pytest.fixture
def told() -> Iterator[Sink]:
    with sink() as made:
        yield made


@asynccontextmanager
async def tavern(folder: Path, **settings: Any) -> AsyncIterator[tuple[System, httpx.AsyncClient]]:
    await new_database("sqlite", folder).close()
    (folder / "data").mkdir()
    shutil.move(folder / "test.db", folder / "data" / "comfytavern.db")
    values = read(data_dir=folder / "data", release="1.2.3+abc", slot="blue", sentry_environment="staging", **settings)
    async with running(values, passwords=quick_passwords()) as system, owner_of(system) as client:
        yield system, client


async def test_an_exception_is_told_with_its_ids_and_without_what_was_asked(
    told: Sink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with tavern(tmp_path, sentry_dsn=told.dsn) as (system, owner):

        async def broken(self: object, owner: str, request: Any, **_: Any) -> None:
            asked = json.dumps(request, default=str)
            raise RuntimeError(f"cannot begin {asked!r} with {SECRET}")

        monkeypatch.setattr(type(system.services.runs), "start", broken)
        body = {"graph": {"format": "comfytavern.graph", "version": 1, "nodes": [], "wires": []}, "inputs": {"question": PROMPT}}
        reply = await owner.post("/api/runs", json=body)
        assert reply.status_code == 500
    event = told.wait()[0]
    assert (event["release"], event["environment"], event["level"]) == ("1.2.3+abc", "staging", "error")
    assert event["tags"]["request_id"] == reply.headers["x-request-id"]
    assert event["tags"]["slot"] == "blue"
    assert event["exception"]["values"][-1]["type"] == "RuntimeError"
    frames = event["exception"]["values"][-1]["stacktrace"]["frames"]
    assert frames[-1]["function"] == "broken"
    assert not any("vars" in frame for frame in frames)
    assert not {"request", "user", "breadcrumbs", "extra", "modules"} & event.keys()
    for word in (PROMPT, SECRET, owner.cookies["ct_session"]):
        assert word not in json.dumps(event)


async def test_a_failure_that_is_expected_is_told_to_nobody(told: Sink, tmp_path: Path) -> None:
    async with tavern(tmp_path, sentry_dsn=told.dsn) as (_, owner):
        assert (await owner.get("/api/runs/run_none")).status_code == 404
        assert (await owner.post("/api/runs", json={"graph": 1})).status_code == 422
    assert not told.events


def envelope(dsn: str, *items: tuple[dict[str, Any], Any]) -> bytes:
    lines = [json.dumps({"event_id": "a" * 32, "dsn": dsn, "sent_at": "2026-11-24T14:37:33Z"})]
    for head, item in items:
        lines += [json.dumps(head), json.dumps(item)]
    return "\n".join(lines).encode()


EVENT = {
    "event_id": "a" * 32,
    "release": "1.2.3+abc",
    "exception": {
        "values": [{"type": "TypeError", "value": f"x is {SECRET}, not {PROMPT!r}", "stacktrace": {"frames": [{"vars": {"a": 1}}]}}]
    },
    "request": {"url": "http://tavern.test/w/1?token=abc", "headers": {"Cookie": "ct_session=abc"}},
    "user": {"ip_address": "1.2.3.4"},
    "breadcrumbs": [{"message": PROMPT}],
}


async def test_mistakes_of_the_web_app_go_through_the_server_to_the_one_project(told: Sink, tmp_path: Path) -> None:
    async with tavern(tmp_path, sentry_dsn_web=told.dsn) as (system, owner):
        asked = (await owner.get("/api/watching")).json()
        assert asked == {"errors": {"dsn": told.dsn, "release": "1.2.3+abc", "environment": "staging"}}
        transport = httpx.ASGITransport(system.app)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={"Origin": ORIGIN}) as stranger:
            items = (({"type": "event"}, EVENT), ({"type": "session"}, {"sid": "1"}), ({"type": "replay_event"}, {"x": PROMPT}))
            reply = await stranger.post("/api/watching/errors", content=envelope(told.dsn, *items))
            assert reply.status_code == 204
            elsewhere = told.dsn.replace("42", "43")
            for bad in (envelope(elsewhere, ({"type": "event"}, EVENT)), b"", b"[1]\n{}\n{}", b"{", b"\xff\xff\n"):
                refused = await stranger.post("/api/watching/errors", content=bad)
                assert (refused.status_code, refused.json()["code"]) == (422, "api.envelope"), bad
            cross = await stranger.post("/api/watching/errors", content=b"", headers={"Origin": "https://evil.example"})
            assert cross.status_code == 403
            assert (await stranger.post("/api/watching/errors", content=b"x" * 70_000)).status_code == 413
    event = told.wait()[0]
    assert len(told.raw) == 1
    assert event["exception"]["values"][0]["type"] == "TypeError"
    assert not {"request", "user", "breadcrumbs"} & event.keys()
    assert b"session" not in told.raw[0]
    for word in (PROMPT, SECRET, "vars"):
        assert word not in json.dumps(event)
    assert f"sentry_key={KEY}" in told.auth[0]


async def test_nobody_can_make_the_server_tell_more_than_some_a_minute(told: Sink, tmp_path: Path) -> None:
    async with tavern(tmp_path, sentry_dsn_web=told.dsn) as (_, owner):
        sent = [await owner.post("/api/watching/errors", content=envelope(told.dsn)) for _ in range(PER_MINUTE + 5)]
    assert [reply.status_code for reply in sent[:PER_MINUTE]] == [204] * PER_MINUTE
    assert (sent[-1].status_code, sent[-1].json()["code"]) == (429, "api.envelopes")


async def test_without_a_dsn_nobody_wants_to_know(system: System, owner: httpx.AsyncClient) -> None:
    assert (await owner.get("/api/watching")).json() == {"errors": None}
    refused = await owner.post("/api/watching/errors", content=envelope("x"))
    assert (refused.status_code, refused.json()["code"]) == (404, "api.no_reports")


@pytest.fixture
async def system(tmp_path: Path) -> AsyncIterator[System]:
    await new_database("sqlite", tmp_path).close()
    (tmp_path / "data").mkdir()
    shutil.move(tmp_path / "test.db", tmp_path / "data" / "comfytavern.db")
    async with running(read(data_dir=tmp_path / "data")) as made:
        yield made


@pytest.fixture
async def owner(system: System) -> AsyncIterator[httpx.AsyncClient]:
    async with owner_of(system) as client:
        yield client


def test_what_a_message_quotes_at_length_stays_here() -> None:
    event = {"message": f"bad {PROMPT!r}", "exception": {"values": [{"value": "x" * 9000}]}, "logentry": {"formatted": "y", "params": [1]}}
    found = scrubbed(event, redacting([]))
    assert found["message"] == f"bad {CUT}"
    assert len(found["exception"]["values"][0]["value"]) == LETTERS_MAX + len(CUT)
    assert found["logentry"] == {"formatted": "y"}
    assert scrubbed({"message": "GET https://a.example/x?token=abc#y failed"}, redacting([]))["message"] == "GET https://a.example/x failed"
