"""The dashboard for Grafana: rows of panels, written as a table and placed by arithmetic."""

import json
from dataclasses import dataclass
from typing import Any, Final

from comfytavern.deploy.render.monitoring.values import Watching

SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
WIDTH: Final = 24
HEIGHT: Final = 8
LOW: Final = 4
TAG: Final = "comfytavern-deploy"
"""The tag of the annotations that a deployment leaves (deploy/markers/grafana.py)."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture: expressions with what their lines are called. `M` in them stands for the selector."""

    title: str
    about: str
    unit: str
    lines: tuple[tuple[str, str], ...]
    kind: str = "timeseries"


STAT: Final = "stat"
ROWS: Final[tuple[tuple[str, tuple[Panel, ...]], ...]] = (
    (
        "Now",
        (
            Panel("Servers up", "Servers that could be read.", "none", (("sum(up{M})", ""),), STAT),
            Panel(
                "Releases",
                "What runs where.",
                "none",
                (("sum by (release, slot) (comfytavern_build_info{M})", "{{release}} {{slot}}"),),
                STAT,
            ),
            Panel("Requests", "A second.", "reqps", (("sum(comfytavern:http_requests:rate5m)", ""),), STAT),
            Panel(
                "Errors",
                "Share of requests that end with an error of ours.",
                "percentunit",
                (("comfytavern:http_errors:share5m", ""),),
                STAT,
            ),
            Panel("Runs waiting for their turn", "On all servers.", "none", (("max(comfytavern_queue_length{M})", ""),), STAT),
            Panel(
                "Cost of the last hour",
                "By the price lists of the models.",
                "currencyUSD",
                (("sum(comfytavern:cost_usd:increase1h)", ""),),
                STAT,
            ),
        ),
    ),
    (
        "Requests",
        (
            Panel("Requests by route", "Rate.", "reqps", (("comfytavern:http_requests:rate5m", "{{route}}"),)),
            Panel("Errors by route", "Answers with 5xx.", "reqps", (("comfytavern:http_errors:rate5m", "{{route}}"),)),
            Panel(
                "Time to answer",
                "Half and 95 % of requests by route; streams are left out.",
                "s",
                (
                    ("comfytavern:http_request_seconds:p95_5m", "95 % {{route}}"),
                    ("comfytavern:http_request_seconds:p50_5m", "50 % {{route}}"),
                ),
            ),
            Panel(
                "Exceptions",
                "Each has a traceback in the log.",
                "none",
                (("sum by (instance) (increase(comfytavern_exceptions_total{M}[5m]))", "{{instance}}"),),
            ),
            Panel(
                "WebSockets",
                "Open ones, and requests being answered.",
                "none",
                (("sum(comfytavern_sockets_open{M})", "sockets"), ("sum(comfytavern_http_open{M})", "requests")),
            ),
            Panel(
                "WebSockets closed",
                "By code; abrupt: without a closing frame.",
                "ops",
                (("sum by (code, abrupt) (rate(comfytavern_sockets_closed_total{M}[5m]))", "{{code}} abrupt: {{abrupt}}"),),
            ),
        ),
    ),
    (
        "Runs",
        (
            Panel("Runs that are over", "By how they ended.", "ops", (("comfytavern:runs:rate5m", "{{state}}"),)),
            Panel(
                "Runs that are not over",
                "Of each server, by state; and begun ones.",
                "none",
                (
                    ("sum by (state) (comfytavern_runs_open{M})", "{{state}}"),
                    ("sum(increase(comfytavern_runs_started_total{M}[5m]))", "begun in 5 min"),
                ),
            ),
            Panel(
                "Length of runs",
                "Waits for people included.",
                "s",
                (
                    (
                        "histogram_quantile(0.95, sum by (le, state) (rate(comfytavern_run_seconds_bucket{M}[15m])))",
                        "95 % {{state}}",
                    ),
                ),
            ),
            Panel(
                "Queue",
                "How many wait, and how long.",
                "none",
                (("max(comfytavern_queue_length{M})", "waiting"), ("comfytavern:queue_wait_seconds:p95_15m", "95 % wait (s)")),
            ),
            Panel("Time of nodes", "95 %, by kind.", "s", (("comfytavern:node_seconds:p95_15m", "{{kind}}"),)),
            Panel(
                "Nodes",
                "By kind and by how they ended; cached: taken from an earlier run.",
                "ops",
                (("topk(15, sum by (kind, state) (rate(comfytavern_nodes_total{M}[5m])))", "{{kind}} {{state}}"),),
            ),
        ),
    ),
    (
        "Models",
        (
            Panel("Calls", "By how they ended.", "ops", (("comfytavern:model_calls:rate5m", "{{model}} {{result}}"),)),
            Panel("Share that fails", "By model.", "percentunit", (("comfytavern:model_errors:share15m", "{{model}}"),)),
            Panel(
                "Time to the first word, and to the end",
                "95 %, by model.",
                "s",
                (
                    (
                        "histogram_quantile(0.95, sum by (le, model) (rate(comfytavern_model_first_token_seconds_bucket{M}[15m])))",
                        "first word {{model}}",
                    ),
                    ("histogram_quantile(0.95, sum by (le, model) (rate(comfytavern_model_call_seconds_bucket{M}[15m])))", "end {{model}}"),
                ),
            ),
            Panel("Tokens", "A second.", "none", (("comfytavern:tokens:rate5m", "{{model}} {{direction}}"),)),
            Panel("Cost", "US dollars within an hour.", "currencyUSD", (("comfytavern:cost_usd:increase1h", "{{model}}"),)),
            Panel(
                "Nodes taken from the cache",
                "Share of nodes that did not have to run again.",
                "percentunit",
                (
                    (
                        'sum(rate(comfytavern_nodes_total{M,state="cached"}[15m])) / sum(rate(comfytavern_nodes_total{M}[15m]))',
                        "cached",
                    ),
                ),
            ),
        ),
    ),
    (
        "Servers and releases",
        (
            Panel(
                "Traffic of each slot",
                "Percent, as the host says.",
                "percent",
                (("max by (slot, release, state) (comfytavern_slot_weight{M})", "{{slot}} {{release}} {{state}}"),),
            ),
            Panel("Draining", "1: everybody is asked to go elsewhere.", "none", (("comfytavern_draining{M}", "{{instance}}"),)),
            Panel("Processor", "Cores used.", "none", (("rate(comfytavern_process_cpu_seconds_total{M}[5m])", "{{instance}}"),)),
            Panel("Memory", "Resident.", "bytes", (("comfytavern_process_resident_memory_bytes{M}", "{{instance}}"),)),
            Panel(
                "Open files",
                "And how many there may be.",
                "none",
                (
                    ("comfytavern_process_open_fds{M}", "{{instance}}"),
                    ("comfytavern_process_max_fds{M}", "most {{instance}}"),
                ),
            ),
            Panel(
                "Up since",
                "The start of each process.",
                "dateTimeAsIso",
                (("comfytavern_process_start_time_seconds{M} * 1000", "{{instance}}"),),
                STAT,
            ),
        ),
    ),
)


def render(watching: Watching) -> str:
    """Return the dashboard as the JSON that Grafana imports."""
    return json.dumps(dashboard(watching), indent=1, ensure_ascii=False) + "\n"


def dashboard(watching: Watching) -> dict[str, Any]:
    """Return the dashboard."""
    return {
        "title": "ComfyTavern",
        "uid": "comfytavern",
        "tags": ["comfytavern"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "refresh": "30s",
        "timezone": "browser",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [{"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"}]},
        "annotations": {"list": [_markers(), _changes(watching)]},
        "panels": _panels(watching),
    }


def _markers() -> dict[str, Any]:
    """Show the annotations that deployments post."""
    return {
        "name": "Deployments",
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        "enable": True,
        "iconColor": "blue",
        "target": {"type": "tags", "tags": [TAG], "matchAny": False, "limit": 100},
    }


def _changes(watching: Watching) -> dict[str, Any]:
    """Show when a release is new, also where nobody posts annotations."""
    now = f'count by (release) (comfytavern_build_info{{job="{watching.job}"}})'
    return {
        "name": "Releases",
        "datasource": SOURCE,
        "enable": True,
        "iconColor": "green",
        "expr": f'{now} unless count by (release) (comfytavern_build_info{{job="{watching.job}"}} offset 1m)',
        "titleFormat": "{{release}}",
        "step": "60s",
    }


def _panels(watching: Watching) -> list[dict[str, Any]]:
    placed: list[dict[str, Any]] = []
    y = 0
    for title, panels in ROWS:
        placed.append(
            {"id": len(placed) + 1, "type": "row", "title": title, "collapsed": False, "gridPos": _at(0, y, WIDTH, 1), "panels": []}
        )
        y += 1
        low = all(panel.kind == STAT for panel in panels)
        across, height = (6, LOW) if low else (3, HEIGHT)
        width = WIDTH // across
        for place, panel in enumerate(panels):
            at = _at(place % across * width, y + place // across * height, width, height)
            placed.append({"id": len(placed) + 1, "gridPos": at} | _panel(panel, watching))
        y += -(-len(panels) // across) * height
    return placed


def _panel(panel: Panel, watching: Watching) -> dict[str, Any]:
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": SOURCE,
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "options": {"reduceOptions": {"calcs": ["lastNotNull"]}} if panel.kind == STAT else {"tooltip": {"mode": "multi"}},
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "datasource": SOURCE,
                "expr": expr.replace("{M", f'{{job="{watching.job}"'),
                "legendFormat": legend,
            }
            for place, (expr, legend) in enumerate(panel.lines)
        ],
    }


def _at(x: int, y: int, w: int, h: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": w, "h": h}
