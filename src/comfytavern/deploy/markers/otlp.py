"""An event for any receiver of OTLP over HTTP, in its JSON form: no library is needed. Source: the OTLP specification, logs."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from comfytavern.deploy.connectors.notice import Event, Notice
from comfytavern.deploy.connectors.post import post
from comfytavern.kernel.secret import Secret

INFO, WARN = (9, "INFO"), (13, "WARN")


class Otlp:
    """Sends one log record with the event name `comfytavern.deployment`."""

    name = "The OTLP receiver"

    def __init__(self, endpoint: str, headers: Mapping[str, Secret]) -> None:
        """Send to `endpoint`, an address without `/v1/logs`."""
        self._url, self._headers = Secret(f"{endpoint.rstrip('/')}/v1/logs"), headers

    async def send(self, notice: Notice, deadline_s: float) -> None:
        """Send the event (Place.send)."""
        headers = {name: value.reveal() for name, value in self._headers.items()} | {"Content-Type": "application/json"}
        await post(self._url, msgspec.json.encode(document(notice)), headers, deadline_s)


def document(notice: Notice) -> dict[str, object]:
    """Return the notice as an ExportLogsServiceRequest."""
    number, text = WARN if notice.event is Event.FAILED else INFO
    about = {
        "deployment.id": notice.id,
        "deployment.status": "failed" if notice.event is Event.FAILED else "succeeded",
        "comfytavern.deployment.event": notice.event.value,
        "comfytavern.deployment.by": notice.who,
        "comfytavern.deployment.duration_s": "" if notice.duration_s is None else f"{notice.duration_s:.1f}",
        "url.full": notice.url,
    }
    resource = {"service.name": "comfytavern", "service.version": notice.release, "deployment.environment.name": notice.target}
    record = {
        "timeUnixNano": str(round(datetime.fromisoformat(notice.at).timestamp() * 1e9)),
        "severityNumber": number,
        "severityText": text,
        "eventName": "comfytavern.deployment",
        "body": {"stringValue": notice.sentence},
        "attributes": _attributes(about),
    }
    scope = {"scope": {"name": "comfytavern.deploy"}, "logRecords": [record]}
    return {"resourceLogs": [{"resource": {"attributes": _attributes(resource)}, "scopeLogs": [scope]}]}


def _attributes(values: Mapping[str, str]) -> list[dict[str, object]]:
    return [{"key": name, "value": {"stringValue": value}} for name, value in values.items() if value]
