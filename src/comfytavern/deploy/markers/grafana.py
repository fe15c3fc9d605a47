"""An annotation in Grafana. Source: Grafana's HTTP API, `POST /api/annotations`."""

from datetime import datetime

import msgspec

from comfytavern.deploy.connectors.notice import Notice
from comfytavern.deploy.connectors.post import post
from comfytavern.deploy.render.monitoring.dashboard import TAG
from comfytavern.kernel.secret import Secret


class Grafana:
    """Marks on every dashboard that shows the tag `comfytavern-deploy`."""

    name = "Grafana"

    def __init__(self, url: str, token: Secret) -> None:
        """Mark at `url`, with a token of a service account that may write annotations."""
        self._url, self._token = Secret(f"{url.rstrip('/')}/api/annotations"), token

    async def send(self, notice: Notice, deadline_s: float) -> None:
        """Mark the time from the begin to the end of a deployment (Place.send)."""
        ended = round(datetime.fromisoformat(notice.at).timestamp() * 1000)
        began = ended - round((notice.duration_s or 0) * 1000)
        tags = [TAG, notice.event.value, *(word for word in (notice.target, notice.release) if word)]
        body = msgspec.json.encode({"time": began, "timeEnd": ended, "tags": tags, "text": notice.sentence})
        headers = {"Authorization": f"Bearer {self._token.reveal()}", "Content-Type": "application/json"}
        await post(self._url, body, headers, deadline_s)
