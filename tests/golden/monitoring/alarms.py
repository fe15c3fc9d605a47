"""For each alert: when it must be heard, and when it must be silent. Series are in promtool's notation, one value a minute."""

from typing import Any, Final, NamedTuple

UP: Final = {'up{job="comfytavern",instance="a"}': "1x90"}
CALM: Final = UP | {
    'comfytavern_http_requests_total{job="comfytavern",instance="a",method="GET",route="/api/runs",status="200"}': "0+600x90",
    'comfytavern_http_request_seconds_bucket{job="comfytavern",route="/api/runs",le="0.1"}': "0+600x90",
    'comfytavern_http_request_seconds_bucket{job="comfytavern",route="/api/runs",le="5"}': "0+600x90",
    'comfytavern_http_request_seconds_bucket{job="comfytavern",route="/api/runs",le="+Inf"}': "0+600x90",
    'comfytavern_exceptions_total{job="comfytavern",instance="a"}': "3x90",
    'comfytavern_sockets_closed_total{job="comfytavern",code="1001",abrupt="false"}': "0+10x90",
    'comfytavern_sockets_closed_total{job="comfytavern",code="1006",abrupt="true"}': "0+2x90",
    'comfytavern_process_open_fds{job="comfytavern",instance="a"}': "40x90",
    'comfytavern_process_max_fds{job="comfytavern",instance="a"}': "1024x90",
    'comfytavern_process_start_time_seconds{job="comfytavern",instance="a"}': "1000x90",
    'comfytavern_runs_total{job="comfytavern",state="ok"}': "0+10x90",
    'comfytavern_runs_total{job="comfytavern",state="failed"}': "0+1x90",
    'comfytavern_queue_wait_seconds_bucket{job="comfytavern",le="1"}': "0+10x90",
    'comfytavern_queue_wait_seconds_bucket{job="comfytavern",le="300"}': "0+10x90",
    'comfytavern_queue_wait_seconds_bucket{job="comfytavern",le="+Inf"}': "0+10x90",
    'comfytavern_queue_length{job="comfytavern",instance="a"}': "3x90",
    'comfytavern_model_calls_total{job="comfytavern",operation="chat",model="gpt",result="ok"}': "0+10x90",
    'comfytavern_model_calls_total{job="comfytavern",operation="chat",model="gpt",result="llm.busy"}': "0+1x90",
    'comfytavern_cost_usd_total{job="comfytavern",model="gpt"}': "0+0.1x90",
    'comfytavern_build_info{job="comfytavern",instance="a",release="1.0"}': "1x90",
    'comfytavern_slot_weight{job="comfytavern",instance="a",slot="blue",release="1.0",state="live"}': "100x90",
    'comfytavern_slot_weight{job="comfytavern",instance="a",slot="green",release="0.9",state="warm"}': "0x90",
    'comfytavern_draining{job="comfytavern",instance="a"}': "0x90",
}
"""A good day: nothing may be heard."""


class Alarm(NamedTuple):
    """What makes an alert heard after `at`, with these labels; a minute before its time it is not."""

    series: dict[str, str]
    labels: dict[str, str]
    at: str = "85m"
    early: str = ""
    """A time at which the same series must not be heard yet."""


ALARMS: Final[dict[str, Alarm]] = {
    "ComfyTavernDown": Alarm({'up{job="comfytavern",instance="a"}': "1x80 0x10"}, {"instance": "a", "job": "comfytavern"}, early="82m"),
    "ComfyTavernErrors": Alarm(
        {'comfytavern_http_requests_total{job="comfytavern",instance="a",method="GET",route="/api/runs",status="500"}': "0x70 0+60x20"},
        {},
        early="73m",
    ),
    "ComfyTavernSlow": Alarm(
        {'comfytavern_http_request_seconds_bucket{job="comfytavern",route="/api/runs",le="0.1"}': "0+300x90"},
        {"route": "/api/runs"},
        early="9m",
    ),
    "ComfyTavernExceptions": Alarm(
        {'comfytavern_exceptions_total{job="comfytavern",instance="a"}': "3x80 4x10"}, {"instance": "a"}, early="79m"
    ),
    "ComfyTavernSocketsCut": Alarm(
        {'comfytavern_sockets_closed_total{job="comfytavern",code="1006",abrupt="true"}': "0x60 0+30x30"}, {}, early="64m"
    ),
    "ComfyTavernFilesRunOut": Alarm(
        {'comfytavern_process_open_fds{job="comfytavern",instance="a"}': "40x75 1000x15"},
        {"instance": "a", "job": "comfytavern"},
        early="78m",
    ),
    "ComfyTavernRestarts": Alarm(
        {'comfytavern_process_start_time_seconds{job="comfytavern",instance="a"}': "1000x75 2000+60x15"},
        {"instance": "a", "job": "comfytavern"},
        early="76m",
    ),
    "ComfyTavernRunsFail": Alarm({'comfytavern_runs_total{job="comfytavern",state="failed"}': "0x50 0+30x40"}, {}, early="55m"),
    "ComfyTavernQueueWaits": Alarm({'comfytavern_queue_wait_seconds_bucket{job="comfytavern",le="1"}': "0x90"}, {}, early="9m"),
    "ComfyTavernQueueLong": Alarm({'comfytavern_queue_length{job="comfytavern",instance="a"}': "3x70 900x20"}, {}, early="75m"),
    "ComfyTavernModelFails": Alarm(
        {'comfytavern_model_calls_total{job="comfytavern",operation="chat",model="gpt",result="llm.busy"}': "0x50 0+20x40"},
        {"model": "gpt"},
        early="54m",
    ),
    "ComfyTavernCosts": Alarm({'comfytavern_cost_usd_total{job="comfytavern",model="gpt"}': "0+1x90"}, {}, early="3m"),
    "ComfyTavernReleasesDiffer": Alarm({'comfytavern_build_info{job="comfytavern",instance="b",release="1.1"}': "1x90"}, {}, early="50m"),
    "ComfyTavernCanaryStays": Alarm(
        {'comfytavern_slot_weight{job="comfytavern",instance="a",slot="green",release="1.1",state="canary"}': "5x90"},
        {"instance": "a", "job": "comfytavern", "slot": "green", "release": "1.1", "state": "canary"},
        early="50m",
    ),
    "ComfyTavernDrains": Alarm(
        {'comfytavern_draining{job="comfytavern",instance="a"}': "0x40 1x50"}, {"instance": "a", "job": "comfytavern"}, early="60m"
    ),
}


def suite(rules: str, severities: dict[str, str]) -> dict[str, Any]:
    """Return promtool's tests of a rules file: each alarm heard in its time and not before, none of them on a good day."""
    quiet = [{"eval_time": at, "alertname": name, "exp_alerts": []} for name in severities for at in ("30m", "60m", "90m")]
    tests = [{"interval": "1m", "name": "a good day", "input_series": _series(CALM), "alert_rule_test": quiet}]
    for name, alarm in ALARMS.items():
        heard = {"exp_labels": alarm.labels | {"severity": severities[name]}}
        expected = [{"eval_time": alarm.at, "alertname": name, "exp_alerts": [heard]}]
        expected.append({"eval_time": alarm.early, "alertname": name, "exp_alerts": []})
        tests.append({"interval": "1m", "name": name, "input_series": _series(CALM | alarm.series), "alert_rule_test": expected})
    return {"rule_files": [rules], "evaluation_interval": "1m", "tests": tests}


def _series(given: dict[str, str]) -> list[dict[str, str]]:
    return [{"series": name, "values": values} for name, values in given.items()]
