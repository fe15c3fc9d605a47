"""The door: which marks the environment of the controller asks for.

places = places_of(os.environ)
problems = await tell(notice, places, deadline_s=DEADLINE_S)      # of connectors/service.py
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from comfytavern.deploy.connectors.place import Place
from comfytavern.deploy.errors import Refused
from comfytavern.deploy.markers.grafana import Grafana
from comfytavern.deploy.markers.otlp import Otlp
from comfytavern.deploy.markers.sentry import Sentry
from comfytavern.kernel.secret import Secret

DEADLINE_S: Final = 10.0
SENTRY: Final = "https://sentry.io"
NEEDS: Final = {
    "MARK_GRAFANA_URL": ("MARK_GRAFANA_TOKEN",),
    "MARK_SENTRY_TOKEN": ("MARK_SENTRY_ORG", "MARK_SENTRY_PROJECT"),
    "MARK_OTLP_ENDPOINT": (),
}
"""Each turns its marks on, and wants the others beside it."""


def places_of(environ: Mapping[str, str]) -> list[Place]:
    """Return where marks are set; none where no variable says so. Raises `Refused` (`monitoring.marks`) when one is missing."""
    for variable, others in NEEDS.items():
        missing = [other for other in others if environ.get(variable) and not environ.get(other)]
        if missing:
            hint = f"Set it, or take {variable} away."
            raise Refused("monitoring.marks", f"{variable} needs {missing[0]}.", hint=hint, variable=missing[0])
    found: list[Place] = []
    if url := environ.get("MARK_GRAFANA_URL"):
        found.append(Grafana(url, Secret(environ["MARK_GRAFANA_TOKEN"])))
    if token := environ.get("MARK_SENTRY_TOKEN"):
        projects = tuple(each.strip() for each in environ["MARK_SENTRY_PROJECT"].split(",") if each.strip())
        found.append(Sentry(environ.get("MARK_SENTRY_URL") or SENTRY, Secret(token), environ["MARK_SENTRY_ORG"], projects))
    if endpoint := environ.get("MARK_OTLP_ENDPOINT"):
        found.append(Otlp(endpoint, _headers(environ.get("MARK_OTLP_HEADERS", ""))))
    return found


def _headers(text: str) -> dict[str, Secret]:
    pairs = (part.partition("=") for part in text.split(",") if part.strip())
    return {unquote(name.strip()): Secret(unquote(value.strip())) for name, _, value in pairs if name.strip()}
