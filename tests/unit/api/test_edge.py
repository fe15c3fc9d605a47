import json

import httpx
import pytest

from comfytavern.api.body import BODY_BYTES_MAX, ENVELOPE_BYTES
from comfytavern.boot.app import System
from comfytavern.boot.logs import Machines
from comfytavern.kernel.errors import Busy, Problem, Unavailable
from comfytavern.store.phases import LEVEL

JSON = {"Content-Type": "application/json"}


async def test_every_answer_carries_the_security_headers_and_a_request_id(owner: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    ids: set[str] = set()
    for reply in (
        await owner.get("/api/session"),
        await stranger.get("/api/session"),
        await stranger.get("/"),
        await stranger.get("/health"),
    ):
        assert "default-src 'self'" in reply.headers["content-security-policy"]
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["referrer-policy"] == "same-origin"
        ids.add(reply.headers["x-request-id"])
    assert len(ids) == 4


async def test_what_is_somebodys_is_not_kept_by_caches(owner: httpx.AsyncClient) -> None:
    assert (await owner.get("/api/session")).headers["cache-control"] == "no-store"


async def test_a_bug_is_a_coded_answer_without_details(
    system: System, owner: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the password of the database is 1234")

    monkeypatch.setattr(type(system.services.projects), "list_projects", broken)
    reply = await owner.get("/api/projects")
    assert reply.status_code == 500
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["code"] == "api.unexpected"
    assert reply.json()["request_id"] == reply.headers["x-request-id"]
    assert "1234" not in reply.text


async def test_a_failure_keeps_its_code_hint_params_and_problems(
    system: System, owner: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object, **__: object) -> None:
        raise Unavailable("store.disk_full", "The disk is full.", hint="Free some.", folder="x").with_problems(
            [Problem(code="a", message="b")]
        )

    monkeypatch.setattr(type(system.services.projects), "list_projects", full)
    reply = await owner.get("/api/projects")
    told = reply.json()
    assert reply.status_code == 503
    assert (told["code"], told["detail"], told["hint"], told["params"]) == (
        "store.disk_full",
        "The disk is full.",
        "Free some.",
        {"folder": "x"},
    )
    assert told["problems"] == [{"code": "a", "message": "b"}]
    assert told["type"].endswith("store.disk_full")


async def test_a_full_queue_says_when_to_come_back(system: System, owner: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async def busy(*_: object, **__: object) -> None:
        raise Busy("run.queue_full", "Later.", retry_after_s=7.4)

    monkeypatch.setattr(type(system.services.projects), "list_projects", busy)
    reply = await owner.get("/api/projects")
    assert (reply.status_code, reply.headers["retry-after"]) == (429, "7")


@pytest.mark.parametrize(
    "body", [b"{", b"nonsense", b'{"name": NaN}', b'{"name": "\\ud800"}', b'{"name": "\xff"}', b"[" * 100_000], ids=str
)
async def test_what_is_not_json_is_a_400_with_a_code(owner: httpx.AsyncClient, body: bytes) -> None:
    reply = await owner.post("/api/projects", content=body, headers=JSON)
    assert (reply.status_code, reply.json()["code"]) == (400, "api.json")


async def test_wrong_types_are_a_422_that_names_every_field(owner: httpx.AsyncClient) -> None:
    reply = await owner.post("/api/projects", json={"name": 5, "description": [], "colour": "red"})
    told = reply.json()
    assert (reply.status_code, told["code"]) == (422, "api.invalid")
    assert {problem["place"]["field"] for problem in told["problems"]} == {"body.name", "body.description", "body.colour"}
    assert {problem["code"] for problem in told["problems"]} == {"api.field"}


async def test_a_missing_body_is_a_400(owner: httpx.AsyncClient) -> None:
    reply = await owner.post("/api/projects")
    assert (reply.status_code, reply.json()["code"]) == (400, "api.request")


async def test_a_run_takes_either_a_workflow_or_a_graph(owner: httpx.AsyncClient) -> None:
    for body in ({}, {"workflow_id": "wfl_x", "graph": {}}):
        reply = await owner.post("/api/runs", json=body)
        assert (reply.status_code, reply.json()["code"]) == (422, "api.invalid")


async def test_an_unknown_address_and_a_wrong_method_are_coded(owner: httpx.AsyncClient) -> None:
    assert (await owner.get("/api/nothing")).json()["code"] == "api.route"
    wrong = await owner.put("/api/projects")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "api.method")


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_beyond_the_limit_is_refused(owner: httpx.AsyncClient, announced: bool) -> None:
    piece = b" " * (1024 * 1024)

    async def pieces():
        for _ in range(BODY_BYTES_MAX // len(piece) + 2):
            yield piece

    reply = await owner.post("/api/projects", content=piece * 17 if announced else pieces(), headers=JSON)
    assert (reply.status_code, reply.json()["code"]) == (413, "api.body")
    assert reply.json()["params"] == {"maximum_bytes": BODY_BYTES_MAX}


async def test_strangers_may_send_little(stranger: httpx.AsyncClient) -> None:
    reply = await stranger.post("/api/login", content=b" " * (ENVELOPE_BYTES + 1), headers=JSON)
    assert (reply.status_code, reply.json()["code"]) == (413, "api.body")


async def test_the_catalogue_is_sent_once(owner: httpx.AsyncClient) -> None:
    first = await owner.get("/api/kinds")
    again = await owner.get("/api/kinds", headers={"If-None-Match": first.headers["etag"]})
    assert len(first.json()["kinds"]) > 50
    assert (again.status_code, again.content) == (304, b"")


NOBODY = {"requests": 0, "streams": 0, "sockets": 0, "runs": 0}


async def test_readiness_names_what_does_not_work(system: System, stranger: httpx.AsyncClient) -> None:
    good = dict.fromkeys([*system.services.checks, "draining"], "ok")
    assert (await stranger.get("/ready")).json() == {"status": "ready", "checks": good, "open": NOBODY}

    async def broken() -> None:
        raise OSError("details for nobody")

    system.services.checks["database"] = broken
    reply = await stranger.get("/ready")
    assert reply.status_code == 503
    assert reply.json() == {"status": "unready", "checks": good | {"database": "OSError"}, "open": NOBODY}


async def test_readiness_says_in_a_sentence_what_we_know_to_be_wrong(system: System, stranger: httpx.AsyncClient) -> None:
    async def full() -> None:
        raise Unavailable("boot.disk_full", "The disk is full: 12 MiB are left.")

    system.services.checks["disk"] = full
    assert (await stranger.get("/ready")).json()["checks"]["disk"] == "The disk is full: 12 MiB are left."


async def test_a_sane_request_id_is_kept_and_another_is_replaced(stranger: httpx.AsyncClient) -> None:
    assert (await stranger.get("/health", headers={"X-Request-Id": "trace-0123.ab_C"})).headers["x-request-id"] == "trace-0123.ab_C"
    for given in ("short", "x" * 65, 'quote"and=more', "sp ace sp ace"):
        made = (await stranger.get("/health", headers={"X-Request-Id": given})).headers["x-request-id"]
        assert made != given
        assert len(made) == 16


async def test_every_answer_says_which_release_it_is_from(system: System, stranger: httpx.AsyncClient) -> None:
    for path in ("/health", "/api/session", "/", "/api/nothing"):
        assert (await stranger.get(path)).headers["x-comfytavern-release"] == system.services.values.version
    told = (await stranger.get("/version")).json()
    assert (told["release"], told["slot"]) == (system.services.values.version, "")
    assert told["schema"] == {"level": LEVEL, "contracted": 0}, "a deployment leaves the migration out when the level is reached"


async def test_each_request_is_one_line_with_who_asked_what_and_how_it_ended(
    owner: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "comfytavern.request")
    caplog.handler.setFormatter(Machines())
    await owner.get("/health")
    me = (await owner.get("/api/session")).json()["user"]["id"]
    await owner.get("/api/runs/run_none?token=secret", headers={"X-Request-Id": "trace-0123"})
    first, second = (json.loads(line) for line in caplog.text.splitlines() if '"comfytavern.request"' in line)
    assert (first["route"], first["status"], first["user_id"]) == ("/api/session", 200, me)
    assert {name: second[name] for name in ("event", "request_id", "user_id", "run_id", "method", "route", "status")} == {
        "event": "request",
        "request_id": "trace-0123",
        "user_id": me,
        "run_id": "run_none",
        "method": "GET",
        "route": "/api/runs/{run_id}",
        "status": 404,
    }
    assert second["ms"] > 0
