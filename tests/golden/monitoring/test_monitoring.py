"""Rules and the dashboard: as their golden files say, without a finding of promtool, and each alert heard when it must be and only then.

Write the golden files anew with `COMFYTAVERN_GOLDEN=write pytest tests/golden/monitoring`, and read the difference before it is committed.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from comfytavern.api.metrics import Metrics
from comfytavern.cli.main import app
from comfytavern.deploy.render.monitoring import dashboard, rules, scrape
from comfytavern.deploy.render.monitoring.values import DASHBOARD, RULES, SCRAPE, Watching
from comfytavern.kernel.errors import Invalid
from tests.golden.monitoring.alarms import ALARMS, suite
from tests.golden.monitoring.validators import PROMTOOL, WHY, check_dashboard, check_rules, promtool, strangers

GOLDEN = Path(__file__).parent / "rendered"
PLAIN = Watching()
OTHER = Watching(job="tavern-eu", error_share=0.01, slow_s=1, queue_wait_s=10, cost_usd_per_h=2.5)
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason=WHY)


def rendered(watching: Watching = PLAIN) -> dict[str, str]:
    targets = ("tavern.example.org:443",)
    return {RULES: rules.render(watching), DASHBOARD: dashboard.render(watching), SCRAPE: scrape.render(watching, targets)}


def severities(watching: Watching = PLAIN) -> dict[str, str]:
    return {alert.name: alert.severity for alert in rules.alerts(watching)}


@pytest.mark.parametrize("name", [RULES, DASHBOARD, SCRAPE])
def test_what_is_rendered_is_as_its_golden_file_says(name: str) -> None:
    file, text = GOLDEN / name, rendered()[name]
    if os.environ.get("COMFYTAVERN_GOLDEN") == "write":
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")
    assert text == rendered()[name]


def test_the_verb_writes_what_the_generators_return(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["monitoring", "render", "--out", str(tmp_path / "made")])
    assert done.exit_code == 0, done.output
    assert {file.name: file.read_text() for file in (tmp_path / "made").iterdir()} == rendered()


@pytest.mark.parametrize("values", [{"job": 'a"} or up'}, {"job": ""}, {"error_share": 0}, {"error_share": 5}, {"slow_s": float("nan")}])
def test_values_that_make_no_rule_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        Watching(**values).checked()
    assert refused.value.code == "monitoring.values"


@needs_promtool
@pytest.mark.parametrize("watching", [PLAIN, OTHER], ids=["plain", "other"])
def test_promtool_finds_nothing(watching: Watching, tmp_path: Path) -> None:
    texts = rendered(watching)
    assert check_rules(texts[RULES], tmp_path) == []
    assert check_dashboard(json.loads(texts[DASHBOARD]), tmp_path) == []
    (tmp_path / RULES).write_text(texts[RULES])
    (tmp_path / "token").write_text("x")
    (tmp_path / SCRAPE).write_text(texts[SCRAPE].replace("/etc/prometheus/comfytavern.token", "token"))
    assert promtool("check", "config", SCRAPE, cwd=tmp_path) == []


def exam(text: str, folder: Path, only: str = "") -> list[str]:
    """Return what promtool's unit tests of the alerts (of one, when `only` names it) say against a rules file."""
    made = yaml.safe_load(text)
    bare = [{key: value for key, value in rule.items() if key != "annotations"} for group in made["groups"] for rule in group["rules"]]
    (folder / "bare.yml").write_text(json.dumps({"groups": [{"name": "all", "interval": "1m", "rules": bare}]}))
    tests = suite("bare.yml", severities())
    if only:
        tests["tests"] = [test for test in tests["tests"] if test["name"] == only]
        assert tests["tests"]
    (folder / "tests.yml").write_text(json.dumps(tests))
    return promtool("test", "rules", "tests.yml", cwd=folder)


@pytest.mark.slow
@needs_promtool
def test_each_alert_is_heard_in_its_time_and_silent_on_a_good_day(tmp_path: Path) -> None:
    assert set(ALARMS) == set(severities())
    assert exam(rendered()[RULES], tmp_path) == []


MISTAKES = {
    "a bracket is missing": (RULES, "sum by (route) (rate(", "sum by (route) (rate((", "rules"),
    "a span has no unit": (RULES, "[15m]", "[15]", "rules"),
    "a time that is none": (RULES, "for: 10m", "for: ten minutes", "rules"),
    "two rules of one name": (RULES, "comfytavern:http_errors:rate5m\n", "comfytavern:http_requests:rate5m\n", "ComfyTavernErrors"),
    "a metric that nobody exports": (RULES, "comfytavern_queue_length", "comfytavern_queue_size", "names"),
    "a recorded number that nobody records": (DASHBOARD, "comfytavern:tokens:rate5m", "comfytavern:tokens:rate1m", "names"),
    "the wrong side of the limit": (
        RULES,
        "comfytavern:http_errors:share5m > 0.05",
        "comfytavern:http_errors:share5m < 0.05",
        "ComfyTavernErrors",
    ),
    "the wrong label": (RULES, 'status=~\\"5..\\"', 'code=~\\"5..\\"', "ComfyTavernErrors"),
    "an alert that cannot wait": (RULES, "for: 1h", "for: 1m", "ComfyTavernCanaryStays"),
    "a panel over another": (DASHBOARD, '"x": 8,', '"x": 4,', "dashboard"),
    "a unit that Grafana does not know": (DASHBOARD, '"unit": "reqps"', '"unit": "requests"', "dashboard"),
    "an expression that is cut off": (DASHBOARD, "sum(up{job", "sum(up{job(", "dashboard"),
    "a source of one Grafana": (DASHBOARD, '"uid": "${datasource}"', '"uid": "PBFA97CFB590B2093"', "dashboard"),
}


def recorded() -> set[str]:
    return {record.name for record in rules.records(PLAIN)}


@pytest.mark.slow
@needs_promtool
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_seeded_mistake_is_caught(mistake: str, tmp_path: Path) -> None:
    name, good, bad, by = MISTAKES[mistake]
    text = rendered()[name]
    assert good in text
    broken = text.replace(good, bad, 1 if by == "dashboard" else -1)
    match by:
        case "rules":
            found = check_rules(broken, tmp_path)
        case str(alert) if alert in ALARMS:  # All of them, on rules without a mistake, are examined above.
            assert exam(text, tmp_path, only=alert) == []
            found = exam(broken, tmp_path, only=alert)
        case "names":
            found = strangers(broken, families(Metrics().text().decode()), recorded())
        case _:
            found = check_dashboard(json.loads(broken), tmp_path)
    assert found


def families(text: str) -> set[str]:
    """Return the names of all metrics in Prometheus' text form."""
    return {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
