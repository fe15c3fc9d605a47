"""The three images, and everything a build of them reads: Dockerfiles, nginx of the web app, and what a build may not see. Pure."""

from dataclasses import dataclass, field
from typing import Final

from comfytavern.deploy.render.site import HEADERS
from comfytavern.deploy.render.template import filled

FRONTEND, BACKEND, WHOLE = "Dockerfile.frontend", "Dockerfile.backend", "Dockerfile"
USER: Final = 10001
"""Who the app is inside: nobody of the host, and no name that an image would have to invent."""
PORT: Final = 3233
WEB_PORT: Final = 80
PROGRAMS: Final = ("docker/secrets.sh", "docker/web.sh")
"""Which of the files are run."""


@dataclass(frozen=True, slots=True)
class Bases:
    """What the images stand on, by tag. A build may name others: `--build-arg PYTHON_IMAGE=python@sha256:…`."""

    python: str = "python:3.11-slim-bookworm"
    node: str = "node:20-bookworm-slim"
    nginx: str = "nginx:1.28-bookworm"
    postgres: str = "postgres:15-bookworm"


@dataclass(frozen=True, slots=True)
class Images:
    """How the images are made."""

    bases: Bases = field(default_factory=Bases)
    upload_mib: int = 512


def render(images: Images) -> dict[str, str]:
    """Return the text of every file by its path below the checkout."""
    values = {
        "bases": images.bases,
        "user": USER,
        "port": PORT,
        "web_port": WEB_PORT,
        "upload_mib": images.upload_mib,
        "headers": HEADERS,
        "epoch": 1767225600,
        "old": 315532800,
    }
    files = {
        FRONTEND: "images/frontend",
        BACKEND: "images/backend",
        WHOLE: "images/whole",
        ".dockerignore": "images/dockerignore",
        "docker/nginx.conf": "images/nginx.conf",
        "docker/secrets.sh": "images/secrets.sh",
        "docker/web.sh": "images/web.sh",
    }
    return {path: filled(name, **values) for path, name in sorted(files.items())}
