"""A deployment leaves its marks in Grafana, in Sentry and by OTLP: what local receivers of their interfaces got."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from typer.testing import CliRunner

from comfytavern.cli.main import app
from comfytavern.cli.notifying import announced
from comfytavern.deploy.errors import DeployFailed, Refused
from comfytavern.deploy.markers.service import places_of
from comfytavern.deploy.render.monitoring.dashboard import TAG
from comfytavern.deploy.spec import parse
from comfytavern.kernel.secret import Secret

TOKEN = "glsa_Zq81kfWv20pLmXyT"


class Got(NamedTuple):
    path: str
    headers: dict[str, str]
    body: Any


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[Got], dict[str, int]]]:
    """Its address, what came, and what is answered by path."""
    came: list[Got] = []
    answers: dict[str, int] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            came.append(Got(self.path, {name.lower(): value for name, value in self.headers.items()}, json.loads(body)))
            self.send_response(answers.get(self.path, 200))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", came, answers
    server.shutdown()
    server.server_close()


def environ(url: str) -> dict[str, str]:
    return {
        "MARK_GRAFANA_URL": url,
        "MARK_GRAFANA_TOKEN": TOKEN,
        "MARK_SENTRY_URL": url,
        "MARK_SENTRY_TOKEN": "sntrys_token",
        "MARK_SENTRY_ORG": "tavern",
        "MARK_SENTRY_PROJECT": "server, web",
        "MARK_OTLP_ENDPOINT": url,
        "MARK_OTLP_HEADERS": "api-key=a%20key",
    }


def mark(url: str, *words: str) -> Any:
    return CliRunner().invoke(app, ["monitoring", "mark", *words], env=environ(url))


def test_a_deployment_is_marked_everywhere(receiver: tuple[str, list[Got], dict[str, int]]) -> None:
    url, came, _ = receiver
    done = mark(url, "deployed", "--release", "1.2.3+abc", "--target", "production", "--duration", "41.5", "--url", "https://t.example")
    assert done.exit_code == 0, done.output
    by_path = {each.path: each for each in came}
    grafana = by_path["/api/annotations"]
    assert grafana.headers["authorization"] == f"Bearer {TOKEN}"
    assert set(grafana.body["tags"]) == {TAG, "deployed", "production", "1.2.3+abc"}
    assert grafana.body["timeEnd"] - grafana.body["time"] == 41_500
    assert "1.2.3+abc is deployed" in grafana.body["text"]
    assert by_path["/api/0/organizations/tavern/releases/"].body == {"version": "1.2.3+abc", "projects": ["server", "web"]}
    deploy = by_path["/api/0/organizations/tavern/releases/1.2.3%2Babc/deploys/"].body
    assert (deploy["environment"], deploy["name"], deploy["url"]) == ("production", "deployed", "https://t.example")
    otlp = by_path["/v1/logs"]
    assert otlp.headers["api-key"] == "a key"
    request = Parse(json.dumps(otlp.body), ExportLogsServiceRequest())
    record = request.resource_logs[0].scope_logs[0].log_records[0]
    assert record.event_name == "comfytavern.deployment"
    assert {each.key: each.value.string_value for each in record.attributes}["deployment.status"] == "succeeded"
    resource = {each.key: each.value.string_value for each in request.resource_logs[0].resource.attributes}
    assert resource == {"service.name": "comfytavern", "service.version": "1.2.3+abc", "deployment.environment.name": "production"}


def test_what_failed_is_no_release_in_sentry(receiver: tuple[str, list[Got], dict[str, int]]) -> None:
    url, came, _ = receiver
    assert mark(url, "failed", "--release", "1.2.3+abc").exit_code == 0
    assert sorted(each.path for each in came) == ["/api/annotations", "/v1/logs"]


def test_a_mark_that_is_refused_is_said_without_its_token(receiver: tuple[str, list[Got], dict[str, int]]) -> None:
    url, _, answers = receiver
    answers["/api/annotations"] = 403
    done = mark(url, "rolled_back", "--release", "1.2.2+aaa")
    assert done.exit_code == 1
    assert "Grafana was not told: It was refused with 403." in done.output
    assert TOKEN not in done.output


def test_nothing_is_marked_where_nobody_asks_and_half_a_wish_is_refused() -> None:
    assert places_of({}) == []
    done = CliRunner().invoke(app, ["monitoring", "mark", "deployed"], env=dict.fromkeys(environ("x"), ""))
    assert (done.exit_code, "No mark is set" in done.output) == (0, True)
    with pytest.raises(Refused) as refused:
        places_of({"MARK_GRAFANA_URL": "http://grafana"})
    assert refused.value.code == "monitoring.marks"


async def test_a_deployment_sets_its_marks_by_itself_without_its_secrets(
    receiver: tuple[str, list[Got], dict[str, int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, came, _ = receiver
    for name, value in environ(url).items():
        monkeypatch.setenv(name, value)
    spec = parse('name = "tavern"\ndomain = "tavern.example.org"\n[hosts.one]\naddress = "192.0.2.1"\n')

    async def failing() -> None:
        known = {"DATABASE_URL": Secret("postgresql://tavern:a-long-password@db/x")}
        async with announced(spec, tmp_path / "deploy.toml", "staging", known, back=False) as story:
            story.begin("0.2.0")
            raise DeployFailed("deploy.step", "The database refuses a-long-password.")

    with pytest.raises(DeployFailed):
        await failing()
    text = next(each.body["text"] for each in came if each.path == "/api/annotations")
    assert text.endswith("The database refuses [redacted].")
    async with announced(spec, tmp_path / "deploy.toml", "staging", {}, back=False, wanted=False) as story:
        story.begin("0.2.0")
        story.done = True
    assert len(came) == 2
