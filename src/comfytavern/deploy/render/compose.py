"""Compose files: one box with everything in one container, and production with PostgreSQL. Pure."""

from dataclasses import dataclass, field
from typing import Final

from comfytavern.deploy.render.images import PORT, USER, WEB_PORT, Bases
from comfytavern.deploy.render.template import filled

ONE_BOX, PRODUCTION = "docker-compose.yml", "compose.production.yml"
STOP_S: Final = 150
"""Longer than a drain may take: 30 s for requests, 120 s for streams."""
NETWORK: Final = "10.203.33.0/24"


@dataclass(frozen=True, slots=True)
class Box:
    """What the compose files depend on."""

    bases: Bases = field(default_factory=Bases)
    port_frontend: int = 5573
    memory_mib: int = 1024
    network: str = NETWORK


def render(box: Box) -> dict[str, str]:
    """Return the text of both files by name."""
    values = {"box": box, "user": USER, "port": PORT, "web_port": WEB_PORT, "stop_s": STOP_S}
    return {ONE_BOX: filled("compose/one-box.yml", **values), PRODUCTION: filled("compose/production.yml", **values)}
