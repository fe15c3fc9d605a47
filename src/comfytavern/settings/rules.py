"""What no single value is wrong about: what production refuses, and what looks like a mistake."""

import difflib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_network
from pathlib import Path
from types import MappingProxyType
from typing import Final

from comfytavern.settings.fields import Settings
from comfytavern.settings.sources import Trouble, known_names
from comfytavern.settings.strength import HOW_TO_MAKE_ONE, weakness

OURS: Final = "COMFYTAVERN_"
ELSEWHERE: Final = frozenset({"COMFYTAVERN_CACHE", "COMFYTAVERN_CHECK_PASSWORD", "COMFYTAVERN_LAB"})
"""Names of ours that are no settings of the server: the command line and the lab read them."""
SDKS: Final = ("AWS_", "AZURE_", "GOOGLE_APPLICATION_", "GOOGLE_CLOUD_", "CLOUDSDK_")
"""How names begin that tell a cloud's library who and where we are."""
WHOLE: Final = re.compile(r"(?:/secrets/|://[^/]+/|aws-ssm:/)(?:\?.*)?$")
"""How places end that are everything somebody has in a cloud: what else is in there is nobody's business here."""
OPEN: Final = "http:// is for emulators: everybody on the way could read along"
NEAR: Final = 0.85
"""How alike two names are when one is taken for a mistake (difflib's ratio)."""
TOKEN_BYTES_MIN: Final = 16


def refused(settings: Settings) -> Iterator[Trouble]:
    """Yield everything that production does not start with; nothing in development."""
    if settings.port == settings.port_frontend:
        yield Trouble("PORT_FRONTEND", f"is the port of the back end too ({settings.port})", "give it another port")
    if settings.environment != "production":
        return
    yield from _weak_secrets(settings)
    if settings.log_level == "debug":
        yield Trouble("LOG_LEVEL", "debug is not for production: it may log what people write", "use info or warning")
    if settings.google_endpoint.startswith("http://"):
        yield Trouble("SECRET_MANAGER_ENDPOINT", OPEN, "use https://")
    if "endpoint=http://" in settings.azure_connection.get_secret_value().lower():
        yield Trouble("AZURE_APPCONFIG_CONNECTION_STRING", OPEN, "use one with https://")
    for network in settings.trusted_proxies:
        if ip_network(network, strict=False).prefixlen == 0:
            yield Trouble("TRUSTED_PROXIES", f"{network} lets everybody say who they are", "name your proxies, like 10.0.0.0/8")
    yield from _not_writable("DATA_DIR", settings.data_dir)
    if settings.database.startswith("sqlite"):
        file = Path(settings.database.partition(":///")[2])
        name = "DATABASE_URL" if settings.database_url else "DATA_DIR"
        if file.exists() and not os.access(file, os.W_OK):
            yield Trouble(name, f"{file} may not be written to", "change its owner, or choose another place")
        elif settings.database_url:
            yield from _not_writable(name, file.parent)


def doubtful(settings: Settings) -> Iterator[Trouble]:
    """Yield what is allowed and probably not meant."""
    secrets = settings.secrets
    if len({secret.reveal() for secret in secrets}) < len(secrets):
        yield Trouble("JWT_SECRET_PREVIOUS", "has a secret that is given already", "remove it there")
    if settings.runs_per_user > settings.runs_at_once:
        yield Trouble("RUNS_PER_USER", "is greater than RUNS_AT_ONCE", "nobody will ever have so many runs at a time")
    if settings.environment != "production":
        return
    if not settings.base_url:
        yield Trouble("API_BASE_URL", "is not set", "give the address people use, like https://tavern.example.org")
    elif settings.base_url.startswith("http://"):
        yield Trouble(
            "API_BASE_URL", "is not https://: passwords and sessions can be read on the way", "put TLS in front, then use https://"
        )
    for each in settings.origins:
        if each.startswith("http://"):
            yield Trouble("CORS_ORIGIN", f"{each} is not https://", "use its https:// address")


def unknown(environ: Iterable[str], lines: Iterable[str], offered: Mapping[str, str] = MappingProxyType({})) -> Iterator[Trouble]:
    """Yield names that mean nothing to us: all of a `.env` file and of places in a cloud; of the environment those like ours."""
    known = known_names()
    for name in sorted({*environ, *lines, *offered} - known - ELSEWHERE):
        near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=NEAR)
        where = f" ({offered[name]})" if name in offered else ""
        if name in lines and name.startswith(SDKS):
            yield Trouble(name, "is for the library of a cloud, which does not look into this file", "give it in the environment")
        elif near:
            yield Trouble(name, f"is not a setting{where}", f"did you mean {near[0]}?")
        elif name.startswith(OURS) or name in set(lines) or (name in offered and not WHOLE.search(offered[name])):
            yield Trouble(name, f"is not a setting{where}", "remove it, or see docs/reference/settings.md")


def _weak_secrets(settings: Settings) -> Iterator[Trouble]:
    if not settings.secret.get_secret_value():
        yield Trouble("JWT_SECRET", "is required in production", HOW_TO_MAKE_ONE)
    elif weak := weakness(settings.secret.get_secret_value()):
        yield Trouble("JWT_SECRET", weak, HOW_TO_MAKE_ONE)
    for each in settings.earlier_secrets:
        if weak := weakness(each.get_secret_value()):
            yield Trouble("JWT_SECRET_PREVIOUS", weak, "remove it: whoever guesses it can log in as anybody")
    token = settings.metrics_token.get_secret_value()
    if token and len(token) < TOKEN_BYTES_MIN:
        yield Trouble("METRICS_TOKEN", f"has fewer than {TOKEN_BYTES_MIN} bytes", HOW_TO_MAKE_ONE)


def _not_writable(name: str, folder: Path) -> Iterator[Trouble]:
    there = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    if not there.is_dir():
        yield Trouble(name, f"{there} is a file, not a folder", "choose another place")
    elif not os.access(there, os.W_OK | os.X_OK):
        yield Trouble(name, f"{there} may not be written to", "change its owner, or choose another place")
