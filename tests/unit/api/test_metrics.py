"""What is counted, by labels that stay few, and who may look."""

import asyncio
import dataclasses
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from comfytavern.api.app import create_app
from comfytavern.api.metrics import MODELS_MAX, Metrics
from comfytavern.boot.app import System
from comfytavern.boot.slots import weights
from comfytavern.kernel.secret import Secret
from tests.journeys.graphs import approval, talk

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
ELSEWHERE = {"X-Forwarded-For": "198.51.100.7"}


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def look(client: httpx.AsyncClient) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    reply = await client.get("/metrics")
    assert reply.headers["content-type"].startswith("text/plain")
    return samples(reply.text)


async def eventually(client: httpx.AsyncClient, sample: tuple[str, frozenset[tuple[str, str]]]) -> dict[Any, float]:
    """Return the samples as soon as `sample` is 1."""
    for _ in range(500):
        if (found := await look(client)).get(sample) == 1:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(sample)


def named(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return f"comfytavern_{name}", frozenset(labels.items())


async def test_requests_are_counted_by_the_template_of_their_route(system: System, owner: httpx.AsyncClient) -> None:
    for run in range(30):
        await owner.get(f"/api/runs/run_{run}")
        await owner.get(f"/api/nothing/{run}")
        await owner.get(f"/w/{run}.txt")
        await owner.request(f"ODD{run}", "/api/session", headers={"Origin": "http://tavern.test"})
    await owner.get("/ready")
    found = await look(owner)
    assert found[named("http_requests_total", method="GET", route="/api/runs/{run_id}", status="404")] == 30
    assert found[named("http_requests_total", method="GET", route="unknown", status="404")] == 30
    assert found[named("http_request_seconds_count", method="GET", route="/api/runs/{run_id}")] == 30
    routes = {dict(labels)["route"] for name, labels in found if name == "comfytavern_http_requests_total"}
    assert not {route for route in routes if "run_1" in route or route in {"/ready", "/metrics"}}
    methods = {dict(labels)["method"] for name, labels in found if name == "comfytavern_http_requests_total"}
    assert methods <= {"GET", "POST", "OTHER"}
    assert found[named("build_info", version=system.services.values.version, release="", slot="")] == 1
    assert found[named("process_open_fds")] > 0
    assert found[named("http_open")] == 0


async def test_the_metrics_are_for_this_machine_or_for_who_has_the_token(system: System, stranger: httpx.AsyncClient) -> None:
    assert (await stranger.get("/metrics")).status_code == 200
    refused = await stranger.get("/metrics", headers=ELSEWHERE | {"Authorization": "Bearer "})
    assert (refused.status_code, refused.json()["code"]) == (403, "api.metrics")
    values = dataclasses.replace(system.services.values, metrics_token=Secret("a token for the collector"))
    app = create_app(dataclasses.replace(system.services, values=values), web=None)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://tavern.test") as client:
        for token, status in (("a token for the collector", 200), ("another", 403), ("", 403)):
            reply = await client.get("/metrics", headers=ELSEWHERE | {"Authorization": f"Bearer {token}"})
            assert reply.status_code == status


def test_a_socket_that_was_cut_is_told_from_one_that_was_closed() -> None:
    metrics = Metrics()
    metrics.closed(1001, abrupt=False)
    metrics.closed(1006, abrupt=True)
    for invented in range(3000, 3100):
        metrics.closed(invented, abrupt=False)
    found = samples(metrics.text().decode())
    assert found[named("sockets_closed_total", code="1001", abrupt="false")] == 1
    assert found[named("sockets_closed_total", code="1006", abrupt="true")] == 1
    assert found[named("sockets_closed_total", code="other", abrupt="false")] == 100


def test_numbers_are_asked_for_when_somebody_looks() -> None:
    metrics, now = Metrics(), {"running": 2.0}
    metrics.show_each("runs_open", "Runs.", "state", lambda: now)
    assert samples(metrics.text().decode())[named("runs_open", state="running")] == 2
    now["waiting"] = 1.0
    assert samples(metrics.text().decode())[named("runs_open", state="waiting")] == 1


async def test_runs_nodes_and_tokens_are_counted(system: System, owner: httpx.AsyncClient) -> None:
    body = {"graph": talk(), "inputs": {"question": "Why?"}}
    assert (await owner.post("/api/runs?wait=true", json=body)).json()["state"] == "ok"
    asked = await owner.post("/api/runs", json={"graph": approval()})
    found = await eventually(owner, named("runs_open", state="waiting"))
    assert found[named("runs_total", state="ok")] == 1
    assert found[named("nodes_total", kind="llm.chat", state="done")] == 1
    assert found[named("node_seconds_count", kind="llm.chat")] == 1
    assert found[named("run_seconds_count", state="ok")] == 1
    assert found[named("queue_wait_seconds_count")] == 2
    assert found[named("tokens_total", model="demo", direction="input")] > 0
    assert found[named("tokens_total", model="demo", direction="output")] > 0
    assert found[named("model_calls_total", operation="chat", model="demo", result="ok")] == 1
    assert found[named("model_first_token_seconds_count", model="demo")] == 1
    assert found[named("queue_length")] == 0
    assert found[named("draining")] == 0
    await owner.post(f"/api/runs/{asked.json()['id']}/cancel")
    assert named("runs_open", state="waiting") not in await eventually(owner, named("runs_total", state="cancelled"))


def test_names_of_models_stay_few_whatever_people_call_them() -> None:
    metrics = Metrics()
    for number in range(1000):
        metrics.work.tokens.labels(metrics.work.model(f"model-{number}"), "input").inc()
    metrics.work.tokens.labels(metrics.work.model("x" * 65), "input").inc()
    metrics.work.tokens.labels(metrics.work.model("two\nlines"), "input").inc()
    found = {dict(labels)["model"]: number for (name, labels), number in samples(metrics.text().decode()).items() if "tokens" in name}
    assert len(found) == MODELS_MAX + 1
    assert found["other"] == 1000 - MODELS_MAX + 2


@pytest.mark.slow
async def test_nodes_inside_of_others_are_counted_by_their_kind(system: System, owner: httpx.AsyncClient) -> None:
    for name in ("map", "refine"):
        example = json.loads((EXAMPLES / f"{name}.json").read_text())
        inputs = {"topics": ["tea", "rain"], "draft": "Tea.", "goal": 0.9}
        given = {port["id"]: inputs[port["id"]] for port in example["interface"]["inputs"]}
        reply = await owner.post("/api/runs?wait=true", json={"graph": example, "inputs": given})
        assert reply.json().get("state") == "ok", reply.text[:2000]
    found = await look(owner)
    kinds = {dict(labels)["kind"] for name, labels in found if name == "comfytavern_nodes_total"}
    assert {"llm.chat", "flow.map", "flow.loop"} <= kinds
    assert "other" not in kinds


@pytest.mark.slow
async def test_a_model_that_fails_is_counted_by_the_code_of_its_failure(system: System, owner: httpx.AsyncClient) -> None:
    made = await owner.post("/api/channels", json={"name": "Nobody", "provider": "openai-compatible", "base_url": "http://127.0.0.1:1/v1"})
    channel = made.json()["id"]
    body = {"graph": talk(f"{channel}/gpt-nobody"), "inputs": {"question": "Why?"}}
    assert (await owner.post("/api/runs?wait=true", json=body)).json()["state"] == "failed"
    found = await look(owner)
    assert found[named("model_calls_total", operation="chat", model="gpt-nobody", result="llm.unreachable")] >= 1
    assert channel not in (await owner.get("/metrics")).text


def test_the_share_of_each_slot_is_read_from_the_state_of_the_host(tmp_path: Path) -> None:
    assert weights(None) == {}
    assert set(weights(tmp_path)) == {("blue", "", "empty"), ("green", "", "empty")}
    (tmp_path / "state").mkdir()
    slots = {"blue": {"release": "1.0+a", "state": "live"}, "green": {"release": "1.1+b", "state": "canary"}}
    (tmp_path / "state" / "state.json").write_text(json.dumps({"format": 1, "slots": slots, "weights": {"blue": 95, "green": 5}}))
    assert weights(tmp_path) == {("blue", "1.0+a", "live"): 95, ("green", "1.1+b", "canary"): 5}
    (tmp_path / "state" / "state.json").write_text("{")
    assert set(weights(tmp_path)) == {("blue", "", "empty"), ("green", "", "empty")}
