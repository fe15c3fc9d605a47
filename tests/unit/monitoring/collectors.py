"""What Promtail, Alloy and Filebeat do with a line, as far as the examples use it. Their own programs are not in Debian.

Sources: Grafana's pages of the stages json, timestamp, labels and structured_metadata; Elastic's of the parser ndjson and the processors
timestamp, rename and drop_fields; Go's package time for the layouts.
"""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

LAYOUTS: Final = {"RFC3339Nano": "2006-01-02T15:04:05.999999999Z07:00", "RFC3339": "2006-01-02T15:04:05Z07:00"}
PARTS: Final = (
    (r"2006", r"(?P<Y>\d{4})"),
    (r"01", r"(?P<m>\d{2})"),
    (r"02", r"(?P<d>\d{2})"),
    (r"15", r"(?P<H>\d{2})"),
    (r"04", r"(?P<M>\d{2})"),
    (r"05\.9+", r"(?P<S>\d{2})(?P<f>\.\d+)?"),
    (r"05", r"(?P<S>\d{2})(?P<f>\.\d+)?"),  # Go takes a fraction after the seconds whether the layout has one or not.
    (r"Z07:00", r"(?:Z|(?P<z>[+-]\d{2}:\d{2}))"),
)


class Entry(NamedTuple):
    """What Loki would keep of a line."""

    time: datetime
    labels: dict[str, str]
    metadata: dict[str, str]


def parsed(text: str, layout: str) -> datetime:
    """Return the time a Go layout reads, in UTC. Raises `ValueError` as Go does."""
    pattern = "".join(_part(piece) for piece in re.split(r"(2006|01|02|15|04|05(?:\.9+)?|Z07:00)", LAYOUTS.get(layout, layout)))
    found = re.fullmatch(pattern, text)
    if found is None:
        raise ValueError(f"{text!r} is not {layout}")
    named = found.groupdict()
    whole = datetime(*(int(named[name]) for name in "YmdHMS"), tzinfo=UTC)
    micro = int(round(float(named.get("f") or 0), 6) * 1_000_000)
    assert not named.get("z"), "our own lines are in UTC"
    return whole.replace(microsecond=micro)


def _part(piece: str) -> str:
    return next((pattern for form, pattern in PARTS if re.fullmatch(form, piece)), re.escape(piece))


def promtail(stages: list[dict[str, Any]], line: str, labels: dict[str, str]) -> Entry:
    """Return what a pipeline makes of a line. A stage that is not known, or has a member that is not, is a mistake of the file."""
    taken: dict[str, Any] = {}
    time, labels, metadata = datetime.fromtimestamp(0, UTC), dict(labels), {}
    for stage in stages:
        (name, about), *rest = stage.items()
        assert not rest, stage
        match name:
            case "json":
                assert set(about) <= {"expressions"}, about
                content = json.loads(line)
                taken |= {key: content.get(path or key) for key, path in about["expressions"].items()}
            case "timestamp":
                assert set(about) <= {"source", "format"}, about
                time = parsed(str(taken[about["source"]]), about["format"])
            case "labels" | "structured_metadata":
                into = labels if name == "labels" else metadata
                into |= {key: str(taken[source or key]) for key, source in about.items() if taken.get(source or key) is not None}
            case _:
                raise AssertionError(f"there is no stage {name}")
    return Entry(time, labels, metadata)


def alloy_stages(text: str) -> list[dict[str, Any]]:
    """Return the stages of a loki.process block in the form of Promtail's."""
    block = re.search(r'loki\.process "\w+" \{\n(.*?)\n\}', text, re.DOTALL)
    assert block
    made: list[dict[str, Any]] = []
    for name, body in re.findall(r"  stage\.(\w+) \{\n(.*?)\n  \}", block[1], re.DOTALL):
        about: dict[str, Any] = {}
        for key, value in re.findall(r"^    (\w+)\s*= (.+)$", body, re.MULTILINE):
            pairs = dict(re.findall(r'(\w+) = "([^"]*)"', value))
            about[key] = pairs if value.startswith("{") else json.loads(value)
        made.append({name: about.get("values", about)})
    return made


def filebeat(config: dict[str, Any], line: str) -> dict[str, Any]:
    """Return the document that would be indexed, its names with dots."""
    parser = config["filebeat.inputs"][0]["parsers"][0]["ndjson"]
    document: dict[str, Any] = {f"{parser['target']}.{name}": value for name, value in json.loads(line).items()}
    for step in config["processors"]:
        ((name, about),) = step.items()
        match name:
            case "timestamp":
                for example in about["test"]:
                    parsed(example, about["layouts"][0])
                document["@timestamp"] = parsed(document[about["field"]], about["layouts"][0])
            case "rename":
                for field in about["fields"]:
                    if field["from"] in document:
                        assert field["to"] not in document
                        document[field["to"]] = document.pop(field["from"])
                    else:
                        assert about["ignore_missing"]
            case "drop_fields":
                for field in about["fields"]:
                    document.pop(field, None)
            case _:
                raise AssertionError(f"there is no processor {name}")
    return document


def read(path: Path) -> Any:
    """Return a YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))
