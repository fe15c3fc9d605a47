"""Recording and alerting rules for Prometheus, as values and as the YAML that it reads."""

import json
from dataclasses import dataclass
from typing import Final

from comfytavern.deploy.render.monitoring.values import Watching

HEAD: Final = """# Rules for Prometheus, made by `comfytavern monitoring render`. Make them anew instead of editing them.
# Check: promtool check rules comfytavern.rules.yml
groups:
"""


@dataclass(frozen=True, slots=True)
class Record:
    """A number that is worked out beforehand."""

    name: str
    expr: str


@dataclass(frozen=True, slots=True)
class Alert:
    """When somebody is told, and what."""

    name: str
    expr: str
    lasting: str
    """How long it must hold."""
    severity: str
    summary: str
    description: str


def records(watching: Watching) -> list[Record]:
    """Return the numbers that alerts and the dashboard share."""
    job = f'job="{watching.job}"'
    requests = f"comfytavern_http_requests_total{{{job}}}"
    errors = f'comfytavern_http_requests_total{{{job},status=~"5.."}}'
    ended = f'comfytavern_runs_total{{{job},state=~"ok|failed"}}'
    failed = f'comfytavern_runs_total{{{job},state="failed"}}'
    calls = f'comfytavern_model_calls_total{{{job},result!="cancelled"}}'
    refused = f'comfytavern_model_calls_total{{{job},result!~"ok|cancelled"}}'
    return [
        Record("comfytavern:http_requests:rate5m", f"sum by (route) (rate({requests}[5m]))"),
        Record("comfytavern:http_errors:rate5m", f"sum by (route) (rate({errors}[5m]))"),
        Record("comfytavern:http_errors:share5m", f"(sum(rate({errors}[5m])) or vector(0)) / sum(rate({requests}[5m]))"),
        Record("comfytavern:http_request_seconds:p50_5m", _quantile(0.5, "http_request_seconds", job, "5m", "le, route")),
        Record("comfytavern:http_request_seconds:p95_5m", _quantile(0.95, "http_request_seconds", job, "5m", "le, route")),
        Record("comfytavern:runs:rate5m", f"sum by (state) (rate(comfytavern_runs_total{{{job}}}[5m]))"),
        Record("comfytavern:runs_failed:share15m", f"(sum(rate({failed}[15m])) or vector(0)) / sum(rate({ended}[15m]))"),
        Record("comfytavern:queue_wait_seconds:p95_15m", _quantile(0.95, "queue_wait_seconds", job, "15m", "le")),
        Record("comfytavern:node_seconds:p95_15m", _quantile(0.95, "node_seconds", job, "15m", "le, kind")),
        Record("comfytavern:model_calls:rate5m", f"sum by (model, result) (rate(comfytavern_model_calls_total{{{job}}}[5m]))"),
        Record("comfytavern:model_errors:share15m", f"sum by (model) (rate({refused}[15m])) / sum by (model) (rate({calls}[15m]))"),
        Record("comfytavern:tokens:rate5m", f"sum by (model, direction) (rate(comfytavern_tokens_total{{{job}}}[5m]))"),
        Record("comfytavern:cost_usd:increase1h", f"sum by (model) (increase(comfytavern_cost_usd_total{{{job}}}[1h]))"),
    ]


def alerts(watching: Watching) -> list[Alert]:
    """Return the alerts, the gravest first."""
    return [*_requests(watching), *_process(watching), *_runs(watching), *_models(watching), *_releases(watching)]


def _requests(watching: Watching) -> list[Alert]:
    job = f'job="{watching.job}"'
    return [
        Alert(
            "ComfyTavernDown",
            f"up{{{job}}} == 0 or absent(up{{{job}}})",
            "2m",
            "critical",
            "ComfyTavern does not answer",
            "Nothing could be read from {{ $labels.instance }} for two minutes. Ask `comfytavern deploy status`.",
        ),
        Alert(
            "ComfyTavernErrors",
            f"comfytavern:http_errors:share5m > {watching.error_share:g}",
            "5m",
            "critical",
            "Requests fail",
            "{{ $value | humanizePercentage }} of all requests end with an error of ours. Look for `exception` in the log.",
        ),
        Alert(
            "ComfyTavernSlow",
            f"comfytavern:http_request_seconds:p95_5m > {watching.slow_s:g} and comfytavern:http_requests:rate5m > 0.02",
            "10m",
            "warning",
            "Answers are slow",
            "Of the requests to {{ $labels.route }} one in twenty takes longer than {{ $value | humanizeDuration }}.",
        ),
        Alert(
            "ComfyTavernExceptions",
            f"sum by (instance) (increase(comfytavern_exceptions_total{{{job}}}[10m])) > 0",
            "1m",
            "warning",
            "Something nobody expected",
            "{{ $labels.instance }} has met exceptions that nobody expected; each has a traceback in the log.",
        ),
    ]


def _process(watching: Watching) -> list[Alert]:
    job = f'job="{watching.job}"'
    cut = f'comfytavern_sockets_closed_total{{{job},abrupt="true"}}'
    return [
        Alert(
            "ComfyTavernSocketsCut",
            f"sum(rate({cut}[10m])) / sum(rate(comfytavern_sockets_closed_total{{{job}}}[10m])) > 0.5 and sum(increase({cut}[10m])) > 20",
            "10m",
            "warning",
            "WebSockets are cut off",
            "{{ $value | humanizePercentage }} of WebSockets end without a closing frame: look at the proxy and its time limits.",
        ),
        Alert(
            "ComfyTavernFilesRunOut",
            f"comfytavern_process_open_fds{{{job}}} / comfytavern_process_max_fds{{{job}}} > 0.8",
            "5m",
            "warning",
            "Open files run out",
            "{{ $labels.instance }} has {{ $value | humanizePercentage }} of the files open that it may have.",
        ),
        Alert(
            "ComfyTavernRestarts",
            f"changes(comfytavern_process_start_time_seconds{{{job}}}[15m]) > 3",
            "1m",
            "critical",
            "ComfyTavern starts over and over",
            "{{ $labels.instance }} has started {{ $value }} times in a quarter of an hour.",
        ),
    ]


def _runs(watching: Watching) -> list[Alert]:
    job = f'job="{watching.job}"'
    return [
        Alert(
            "ComfyTavernRunsFail",
            f"comfytavern:runs_failed:share15m > {watching.run_failed_share:g}"
            f' and on () sum(increase(comfytavern_runs_total{{{job},state=~"ok|failed"}}[15m])) > 5',
            "10m",
            "warning",
            "Runs fail",
            "{{ $value | humanizePercentage }} of the runs of the last quarter of an hour have failed.",
        ),
        Alert(
            "ComfyTavernQueueWaits",
            f"comfytavern:queue_wait_seconds:p95_15m > {watching.queue_wait_s:g}",
            "10m",
            "warning",
            "Runs wait long for their turn",
            "One run in twenty waits longer than {{ $value | humanizeDuration }}: raise RUNS_AT_ONCE, or add a server.",
        ),
        Alert(
            "ComfyTavernQueueLong",
            f"max(comfytavern_queue_length{{{job}}}) > {watching.queue_length}",
            "10m",
            "warning",
            "Many runs wait for their turn",
            "{{ $value }} runs wait. New ones are refused at QUEUE_MAX.",
        ),
    ]


def _models(watching: Watching) -> list[Alert]:
    job = f'job="{watching.job}"'
    return [
        Alert(
            "ComfyTavernModelFails",
            f"comfytavern:model_errors:share15m > {watching.model_failed_share:g}"
            f" and sum by (model) (increase(comfytavern_model_calls_total{{{job}}}[15m])) > 5",
            "10m",
            "warning",
            "A model fails",
            "{{ $value | humanizePercentage }} of the calls of {{ $labels.model }} fail: look at its channel, its key and its quota.",
        ),
        Alert(
            "ComfyTavernCosts",
            f"sum(comfytavern:cost_usd:increase1h) > {watching.cost_usd_per_h:g}",
            "5m",
            "warning",
            "Models cost much",
            "Models have cost {{ $value | humanize }} US dollars within an hour.",
        ),
    ]


def _releases(watching: Watching) -> list[Alert]:
    job = f'job="{watching.job}"'
    return [
        Alert(
            "ComfyTavernReleasesDiffer",
            f"count(count by (release) (comfytavern_build_info{{{job}}})) > 1",
            "1h",
            "warning",
            "Servers run different releases",
            "{{ $value }} releases have been running for an hour: a roll-out has stopped half-way. Ask `comfytavern deploy status`.",
        ),
        Alert(
            "ComfyTavernCanaryStays",
            f"comfytavern_slot_weight{{{job}}} > 0 and comfytavern_slot_weight{{{job}}} < 100",
            "1h",
            "warning",
            "A canary neither goes on nor back",
            "Slot {{ $labels.slot }} with {{ $labels.release }} has had {{ $value }} % of the traffic for an hour.",
        ),
        Alert(
            "ComfyTavernDrains",
            f"comfytavern_draining{{{job}}} == 1",
            "30m",
            "warning",
            "A server does not stop draining",
            "{{ $labels.instance }} asks everybody to go elsewhere and has not stopped for half an hour.",
        ),
    ]


def render(watching: Watching) -> str:
    """Return the rules file."""
    lines = ["  - name: comfytavern.numbers", "    interval: 30s", "    rules:"]
    for record in records(watching):
        lines += [f"      - record: {record.name}", f"        expr: {_quoted(record.expr)}"]
    lines += ["  - name: comfytavern.alerts", "    rules:"]
    for alert in alerts(watching):
        lines += [
            f"      - alert: {alert.name}",
            f"        expr: {_quoted(alert.expr)}",
            f"        for: {alert.lasting}",
            f"        labels: {{severity: {alert.severity}}}",
            "        annotations:",
            f"          summary: {_quoted(alert.summary)}",
            f"          description: {_quoted(alert.description)}",
        ]
    return HEAD + "\n".join(lines) + "\n"


def _quantile(share: float, metric: str, job: str, span: str, by: str) -> str:
    return f"histogram_quantile({share:g}, sum by ({by}) (rate(comfytavern_{metric}_bucket{{{job}}}[{span}])))"


def _quoted(text: str) -> str:
    """Return a YAML scalar: every JSON string is one."""
    return json.dumps(text, ensure_ascii=False)
