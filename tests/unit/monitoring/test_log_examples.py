"""The examples for log collectors make of real lines of a server what people look for: level, time, ids."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.graphs import loud
from tests.server import Server
from tests.unit.monitoring.collectors import alloy_stages, filebeat, parsed, promtail, read

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "monitoring"
LABELS = {"level", "logger", "job"}


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What a server has printed: requests, a run, a failure."""
    settings = {"LOG_FORMAT": "json", "LOG_LEVEL": "info", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "SETTINGS_TYPO": "x"}
    with Server(tmp_path_factory.mktemp("log"), **settings) as server:
        owner = server.owner()
        run = owner.post("/api/runs", params={"wait": True}, json={"graph": loud(), "inputs": {"text": "tea"}}).json()
        owner.get(f"/api/runs/{run['id']}")
    return [line for line in server.log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]


def pipelines() -> dict[str, list[dict[str, Any]]]:
    files = read(EXAMPLES / "promtail.yml")["scrape_configs"]
    found = {each["job_name"]: each["pipeline_stages"] for each in files}
    return found | {"alloy": alloy_stages((EXAMPLES / "config.alloy").read_text(encoding="utf-8"))}


@pytest.mark.parametrize("name", pipelines())
def test_loki_gets_level_time_and_ids_of_every_line(name: str, lines: list[str]) -> None:
    assert len(lines) > 3
    asked = 0
    for line in lines:
        told = json.loads(line)
        entry = promtail(pipelines()[name], line, {"job": "comfytavern"})
        assert entry.labels["level"] == told["level"]
        assert set(entry.labels) <= LABELS, "few labels: an id as a label would be a stream of its own"
        assert entry.time.isoformat(timespec="milliseconds").replace("+00:00", "Z") == told["timestamp"]
        assert abs((datetime.now(UTC) - entry.time).total_seconds()) < 600
        for name_of_id in ("request_id", "run_id", "trace_id"):
            assert entry.metadata.get(name_of_id) == told.get(name_of_id)
        asked += {"request_id", "run_id", "trace_id"} <= entry.metadata.keys()
    assert asked, "a line of a request about a run has all three"


def test_elasticsearch_gets_the_names_of_its_common_schema(lines: list[str]) -> None:
    config = read(EXAMPLES / "filebeat.yml")
    documents = [filebeat(config, line) for line in lines]
    for document, line in zip(documents, lines, strict=True):
        told = json.loads(line)
        assert document["log.level"] == told["level"]
        assert document["message"] == told["event"]
        assert document["@timestamp"] == parsed(told["timestamp"], "RFC3339Nano")
        assert document.get("http.request.id") == told.get("request_id")
        assert document.get("trace.id") == told.get("trace_id")
        assert "tavern.timestamp" not in document
    assert any("labels.run_id" in document for document in documents)


@pytest.mark.parametrize(
    ("good", "bad"), [("RFC3339Nano", '"2006-01-02 15:04:05"'), ("RFC3339Nano", "RFC1123"), ("source: timestamp", "source: time")]
)
def test_a_mistake_in_a_pipeline_is_noticed(good: str, bad: str, lines: list[str], tmp_path: Path) -> None:
    file = tmp_path / "promtail.yml"
    file.write_text((EXAMPLES / "promtail.yml").read_text(encoding="utf-8").replace(good, bad), encoding="utf-8")
    with pytest.raises((ValueError, KeyError)):
        promtail(read(file)["scrape_configs"][0]["pipeline_stages"], lines[0], {})
