"""A release and its deploy in Sentry. Source: Sentry's API, "Create a New Release" and "Create a Deploy"."""

from datetime import datetime, timedelta
from urllib.parse import quote

import msgspec

from comfytavern.deploy.connectors.notice import Event, Notice
from comfytavern.deploy.connectors.post import post
from comfytavern.kernel.secret import Secret


class Sentry:
    """Says which release is where. A deployment that failed has changed nothing there, and is not told."""

    name = "Sentry"

    def __init__(self, url: str, token: Secret, organization: str, projects: tuple[str, ...]) -> None:
        """Tell the Sentry at `url`, with a token that may write releases (`project:releases`)."""
        self._base, self._token, self._projects = f"{url.rstrip('/')}/api/0/organizations/{quote(organization, safe='')}", token, projects

    async def send(self, notice: Notice, deadline_s: float) -> None:
        """Make the release known, then its deploy (Place.send)."""
        if notice.event is Event.FAILED or not notice.release:
            return
        ended = datetime.fromisoformat(notice.at)
        deploy = {
            "environment": notice.target or "production",
            "dateStarted": (ended - timedelta(seconds=notice.duration_s or 0)).isoformat(),
            "dateFinished": ended.isoformat(),
            "name": notice.event.value,
        }
        if notice.url:
            deploy["url"] = notice.url
        await self._post("releases/", {"version": notice.release, "projects": list(self._projects)}, deadline_s)
        await self._post(f"releases/{quote(notice.release, safe='')}/deploys/", deploy, deadline_s)

    async def _post(self, path: str, body: object, deadline_s: float) -> None:
        headers = {"Authorization": f"Bearer {self._token.reveal()}", "Content-Type": "application/json"}
        await post(Secret(f"{self._base}/{path}"), msgspec.json.encode(body), headers, deadline_s)
