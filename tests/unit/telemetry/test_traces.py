"""A request, its run, its nodes and the calls of models are one trace, at a receiver that decodes what is sent."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from comfytavern.boot.app import running
from comfytavern.boot.telemetry.trace import Place, Sampling, parsed
from comfytavern.settings.settings import read
from comfytavern.testing.accounts import quick_passwords
from comfytavern.testing.databases import new_database
from comfytavern.testing.openai_server import FakeOpenAI
from tests.journeys.graphs import graph, slow, talk
from tests.otlp import Receiver, Seen, receiver
from tests.server import Server
from tests.unit.api.conftest import owner_of

pytestmark = pytest.mark.slow

MAP = Path(__file__).resolve().parents[3] / "examples" / "map.json"
CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
UNSAMPLED = CALLER[:-1] + "0"


@pytest.fixture
def seen() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


@asynccontextmanager
async def tavern(seen: Receiver, folder: Path, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    """The owner of a product that sends its traces to `seen`; at the end everything is sent."""
    await new_database("sqlite", folder).close()
    (folder / "data").mkdir()
    shutil.move(folder / "test.db", folder / "data" / "comfytavern.db")
    values = read(
        data_dir=folder / "data",
        otlp_endpoint=seen.url,
        otlp_headers="api-key=a%20key,x-team=tavern",
        otel_resource="team=tavern",
        otel_ratio=0.0,
        release="1.2.3+abc",
        slot="blue",
        sentry_environment="staging",
        trace_to_models=True,
        allow_private_network=True,
        **settings,
    )
    async with running(values, passwords=quick_passwords()) as system, owner_of(system) as client:
        yield client


async def traced(client: httpx.AsyncClient, body: dict[str, Any]) -> dict[str, Any]:
    """Run a graph as a caller asks that draws its own part of the trace, and return how it ended."""
    reply = await client.post("/api/runs?wait=true", json=body, headers={"traceparent": CALLER})
    assert reply.status_code == 200, reply.text
    return reply.json()


def one(spans: list[Seen], name: str) -> Seen:
    found = [span for span in spans if span.name == name]
    assert len(found) == 1, [span.name for span in spans]
    return found[0]


async def test_a_request_a_run_a_node_and_the_call_of_a_model_are_one_trace(seen: Receiver, tmp_path: Path) -> None:
    with FakeOpenAI() as fake:
        async with tavern(seen, tmp_path) as owner:
            body = {"name": "Fake", "provider": "openai-compatible", "base_url": fake.base_url, "key": "sk-test-key-of-the-channel"}
            made = await owner.post("/api/channels", json=body)
            run = await traced(owner, {"graph": talk(f"{made.json()['id']}/fake-chat"), "inputs": {"question": "A secret question?"}})
            assert run["state"] == "ok", run
            sent = fake.requests[-1].headers["traceparent"]
    spans = seen.wait(4)
    request, ran, node = one(spans, "POST /api/runs"), one(spans, "run"), one(spans, "llm.chat")
    call = one(spans, "chat fake-chat")
    assert {span.trace for span in spans} == {CALLER.split("-")[1]}
    assert request.parent == CALLER.split("-")[2]
    assert (ran.parent, node.parent, call.parent) == (request.id, ran.id, node.id)
    assert (request.kind, ran.kind, node.kind, call.kind) == (2, 1, 1, 3)
    assert sent == f"00-{call.trace}-{call.id}-01"
    assert request.began <= ran.began <= node.began <= call.began < call.ended <= node.ended <= ran.ended + 50_000_000
    assert call.about["gen_ai.usage.output_tokens"] > 0
    assert call.about["server.address"] == fake.base_url.split("/")[2]
    assert node.about["comfytavern.node.path"] == "chat"
    assert ran.about["comfytavern.run.id"] == run["id"]
    assert request.resource["service.version"] == "1.2.3+abc"
    expected = {"service.name": "comfytavern", "deployment.environment.name": "staging", "comfytavern.slot": "blue", "team": "tavern"}
    assert expected.items() <= request.resource.items()
    assert (request.headers["api-key"], request.headers["x-team"]) == ("a key", "tavern")
    told = json.dumps([span.about for span in spans])
    assert "secret question" not in told
    assert "sk-test" not in told


async def test_what_the_caller_does_not_draw_is_not_drawn(seen: Receiver, tmp_path: Path) -> None:
    async with tavern(seen, tmp_path) as owner:
        for header in ({}, {"traceparent": UNSAMPLED}, {"traceparent": "nonsense"}):
            await owner.get("/api/session", headers=header)
        await owner.post("/api/runs?wait=true", json={"graph": talk(), "inputs": {"question": "Why?"}})
        await owner.get("/ready", headers={"traceparent": CALLER})
        await owner.get("/", headers={"traceparent": CALLER})
        await owner.get("/api/session", headers={"traceparent": CALLER})
    assert [span.name for span in seen.wait(1)] == ["GET /api/session"]


async def test_nodes_inside_of_others_lie_below_them_and_failures_have_their_code(seen: Receiver, tmp_path: Path) -> None:
    example = json.loads(MAP.read_text())
    broken = graph([("chat", "llm.chat", {"model": "nobody/none", "prompt": "x"})], ["chat.text > out.said"], outputs=("said",))
    async with tavern(seen, tmp_path) as owner:
        assert (await traced(owner, {"graph": example, "inputs": {"topics": "tea\nrain"}}))["state"] == "ok"
        failed = await traced(owner, {"graph": broken})
    spans = seen.wait(6)
    mapped = one(spans, "flow.map")
    inner = [span for span in spans if span.name == "llm.chat" and "[" in span.about["comfytavern.node.path"]]
    assert len(inner) == 2
    assert {span.parent for span in inner} == {mapped.id}
    run = next(span for span in spans if span.name == "run" and span.about["comfytavern.run.id"] == failed["id"])
    assert (run.failed, run.about["error.type"]) == (True, failed["errors"][0]["code"])


async def test_a_run_that_waits_for_its_turn_belongs_to_the_request_that_ordered_it(seen: Receiver, tmp_path: Path) -> None:
    async with tavern(seen, tmp_path, runs_per_user=1) as owner:
        first = (await owner.post("/api/runs", json={"graph": slow(0.3)})).json()
        second = await traced(owner, {"graph": slow(0.01)})
        assert (first["state"], second["state"]) == ("running", "ok")
    spans = seen.wait(3)
    run = one(spans, "run")
    assert run.about["comfytavern.run.id"] == second["id"]
    assert run.parent == one(spans, "POST /api/runs").id


async def test_a_receiver_that_is_away_costs_spans_and_nothing_else(seen: Receiver, tmp_path: Path) -> None:
    seen.refuse = True
    async with tavern(seen, tmp_path) as owner:
        for _ in range(3):
            assert (await owner.get("/api/session", headers={"traceparent": CALLER})).status_code == 200
    assert not seen.spans


def test_every_line_of_the_log_says_to_which_trace_it_belongs(seen: Receiver, tmp_path: Path) -> None:
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": seen.url, "OTEL_TRACES_SAMPLER": "always_on", "LOG_FORMAT": "json", "LOG_LEVEL": "info"}
    with Server(tmp_path, **settings) as server:
        server.owner().post("/api/runs", params={"wait": True}, json={"graph": talk(), "inputs": {"question": "Why?"}})
    lines = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
    line = next(line for line in lines if line.get("route") == "/api/runs")
    span = one(seen.wait(4), "POST /api/runs")
    assert (line["trace_id"], line["span_id"]) == (span.trace, span.id)
    assert line["request_id"] == span.about["comfytavern.request.id"]


def test_nothing_of_the_watchers_is_imported_when_nobody_asks_for_it(tmp_path: Path) -> None:
    """FastAPI imports the bare interfaces of OpenTelemetry (`opentelemetry-api`) by itself; nothing that does anything."""
    code = (
        "import asyncio, sys\n"
        "from comfytavern.boot.app import running\n"
        "from comfytavern.boot.folders import prepare\n"
        "from comfytavern.settings.settings import read\n"
        "import comfytavern.cli.main\n"
        "settings = read()\n"
        "prepare(settings)\n"
        "async def main():\n"
        "    async with running(settings): pass\n"
        "asyncio.run(main())\n"
        "ours = ('opentelemetry.sdk', 'opentelemetry.exporter', 'opentelemetry.proto', 'sentry_sdk', 'requests', 'google.protobuf')\n"
        "print(sorted(name for name in sys.modules if name.startswith(ours)))\n"
    )
    environ = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environ)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


@pytest.mark.parametrize(
    "header",
    [
        "",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
    ],
)
def test_a_traceparent_that_says_nothing_is_none(header: str) -> None:
    assert parsed(header) is None


def test_a_traceparent_is_read_as_it_is_written() -> None:
    place = parsed(CALLER)
    assert place is not None
    assert place.traceparent == CALLER
    assert parsed("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03-later") == place


def test_samplers_do_as_opentelemetry_says() -> None:
    sampled, unsampled = Place(1, 2, sampled=True), Place(1, 2, sampled=False)
    assert Sampling("always_on", 0).below(unsampled).sampled
    assert not Sampling("always_off", 1).below(sampled).sampled
    assert not Sampling("parentbased_always_on", 0).below(unsampled).sampled
    assert Sampling("parentbased_always_off", 0).below(sampled).sampled
    assert Sampling("parentbased_traceidratio", 0.0).below(sampled) != sampled
    chosen = sum(Sampling("traceidratio", 0.25).below(None).sampled for _ in range(4000))
    assert 800 < chosen < 1200
