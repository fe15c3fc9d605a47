"""What rules, alerts, the dashboard and the documents name is what a living server exports."""

import re
from pathlib import Path

import httpx
import pytest

from comfytavern.boot.app import System
from tests.golden.monitoring.test_monitoring import families, recorded, rendered
from tests.golden.monitoring.validators import PROMTOOL, WHY, names, promtool, strangers
from tests.journeys.graphs import talk

DOCS = Path(__file__).resolve().parents[3] / "docs" / "operate"


async def lived(owner: httpx.AsyncClient) -> str:
    body = {"graph": talk(), "inputs": {"question": "Why?"}}
    assert (await owner.post("/api/runs?wait=true", json=body)).json()["state"] == "ok"
    return (await owner.get("/metrics")).text


async def test_every_metric_that_is_named_is_exported(system: System, owner: httpx.AsyncClient) -> None:
    exported = families(await lived(owner))
    for name, text in rendered().items():
        assert names(text) or name == "prometheus.yml"
        assert strangers(text, exported, recorded()) == [], name


@pytest.mark.parametrize("page", ["logs-and-metrics.md", "logs-and-metrics.zh-CN.md"])
async def test_every_metric_is_documented_and_no_other(page: str, owner: httpx.AsyncClient) -> None:
    exported = {name for name in families(await lived(owner)) if not name.startswith("comfytavern_process_")}
    table = re.findall(r"^\| `(comfytavern_[a-z_]+)` \|", (DOCS / page).read_text(), re.MULTILINE)
    assert sorted(table) == sorted(exported)


@pytest.mark.slow
@pytest.mark.skipif(PROMTOOL is None, reason=WHY)
async def test_promtool_finds_nothing_in_the_metrics_of_a_living_server(owner: httpx.AsyncClient) -> None:
    assert promtool("check", "metrics", text=await lived(owner)) == []
