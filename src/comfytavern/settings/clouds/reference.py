"""References to values in a cloud, as they stand where a value would: `aws-sm:prod/tavern#JWT_SECRET`.

    SERVICE:PLACE[?OPTION=VALUE][#KEY]

`#KEY` takes one text out of a secret that is a JSON object. In SETTINGS_FROM a place that ends like the beginning of a name (`/`, `-`, `_`,
`.`, `:`) stands for everything whose name begins so; any other place for one secret that is a JSON object of settings.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final
from urllib.parse import parse_qsl, urlsplit


class Service(Enum):
    """Who keeps the value."""

    AWS_PARAMETERS = "aws-ssm"
    AWS_SECRETS = "aws-sm"
    AZURE_VAULT = "azure-kv"
    AZURE_CONFIGURATION = "azure-appconfig"
    GOOGLE_SECRETS = "google-sm"

    @property
    def cloud(self) -> str:
        """`aws`, `azure` or `google`: the name of the extra that has the SDK."""
        return self.value.partition("-")[0]


@dataclass(frozen=True, slots=True)
class Ask:
    """What one service is asked for: a text, or with `below` every text whose name begins like `place`, by the rest of the name."""

    service: Service
    place: str
    option: str = ""
    """A stage or version (AWS Secrets Manager), a label (Azure App Configuration)."""
    below: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference as it was written, and what it asks for."""

    text: str
    ask: Ask
    key: str = ""


class NoReferenceError(ValueError):
    """Looks like a reference and cannot be followed; says how one looks."""


BEGINNINGS: Final = ("/", "-", "_", ".", ":")
_SHAPE: Final = re.compile(r"(?:aws|azure|google|gcp)-[a-z]+:")
_SERVICES: Final[Mapping[str, Service]] = {service.value: service for service in Service}
_EXAMPLES: Final[Mapping[Service, str]] = {
    Service.AWS_PARAMETERS: "aws-ssm:/tavern/prod/JWT_SECRET",
    Service.AWS_SECRETS: "aws-sm:prod/tavern#JWT_SECRET",
    Service.AZURE_VAULT: "azure-kv:https://NAME.vault.azure.net/secrets/JWT-SECRET",
    Service.AZURE_CONFIGURATION: "azure-appconfig:https://NAME.azconfig.io/tavern/LOG_LEVEL?label=prod",
    Service.GOOGLE_SECRETS: "google-sm:projects/PROJECT/secrets/JWT_SECRET",
}
_OPTIONS: Final[Mapping[Service, frozenset[str]]] = {
    Service.AWS_SECRETS: frozenset({"stage", "version"}),
    Service.AZURE_CONFIGURATION: frozenset({"label"}),
}
_GOOGLE: Final = re.compile(r"projects/[\w:.-]+(?:/locations/[\w-]+)?/secrets/([\w-]+)(?:/versions/[\w-]+)?")
_GOOGLE_BELOW: Final = re.compile(r"projects/[\w:.-]+(?:/locations/[\w-]+)?/secrets/(?:[\w-]*[-_])?")
_NAME: Final = re.compile(r"[\w/.:+=@!-]+")


def looks_like_one(text: str) -> bool:
    """Tell whether a value is meant as a reference, be it a good one or not."""
    return _SHAPE.match(text.strip()) is not None


def reference(text: str) -> Reference:
    """Return the reference that a value is. Raises `NoReferenceError`."""
    return _reference(text.strip(), below=False)


def source(text: str) -> Reference:
    """Return what an entry of SETTINGS_FROM names: a beginning of names, or one secret that holds many. Raises `NoReferenceError`."""
    place = text.strip().partition("#")[0].partition("?")[0]
    found = _reference(text.strip(), below=place.endswith(BEGINNINGS))
    if found.key:
        raise NoReferenceError(f"takes one key of a secret; leave #{found.key} away to take every setting in it")
    return found


def _reference(text: str, *, below: bool) -> Reference:
    name, _, rest = text.partition(":")
    service = _SERVICES.get(name)
    if service is None:
        raise NoReferenceError(f"names no service that is known: {name}; use one of {', '.join(_SERVICES)}")
    rest, _, key = rest.partition("#")
    place, _, query = rest.partition("?")
    option = _option(service, query)
    if not _PLACES[service](place, below):
        example = _EXAMPLES[service]
        raise NoReferenceError(f"is not a reference that can be followed; write it like {example}")
    return Reference(text, Ask(service, place, option, below), key)


def _option(service: Service, query: str) -> str:
    given = parse_qsl(query, keep_blank_values=True)
    known = _OPTIONS.get(service, frozenset())
    wrong = next((name for name, _ in given if name not in known), "") or ("" if bool(given) == bool(query) and len(given) < 2 else query)
    if wrong:
        knows = f"it knows {', '.join(sorted(known))}, one at a time" if known else "it knows none"
        raise NoReferenceError(f"has an option that {service.value} does not know: {wrong}; {knows}")
    return "=".join(given[0]) if given else ""


def _plain(place: str, below: bool) -> bool:  # noqa: FBT001 -- one signature for every service
    return _NAME.fullmatch(place) is not None and place.endswith(BEGINNINGS) == below


def _parameter(place: str, below: bool) -> bool:  # noqa: FBT001 -- as above
    """By path a parameter store looks below a whole path only."""
    return _NAME.fullmatch(place) is not None and place.endswith("/") == below and (not below or place.startswith("/"))


def _vault(place: str, below: bool) -> bool:  # noqa: FBT001 -- as above
    parts = urlsplit(place)
    whole = parts.scheme == "https" and bool(parts.hostname) and not parts.username
    path = r"/(?:secrets/(?:[\w-]*-)?)?" if below else r"/secrets/[A-Za-z0-9-]+(?:/\w+)?"
    return whole and re.fullmatch(path, parts.path) is not None


def _configuration(place: str, below: bool) -> bool:  # noqa: FBT001 -- as above
    """A key of the store in the address, or without one of the store in the connection string."""
    if "://" not in place:
        return bool(place) and place.endswith(BEGINNINGS) == below
    parts = urlsplit(place)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.username and (below or len(parts.path) > 1)


def _google(place: str, below: bool) -> bool:  # noqa: FBT001 -- as above
    return (_GOOGLE_BELOW if below else _GOOGLE).fullmatch(place) is not None


_PLACES: Final[Mapping[Service, Callable[[str, bool], bool]]] = {
    Service.AWS_PARAMETERS: _parameter,
    Service.AWS_SECRETS: _plain,
    Service.AZURE_VAULT: _vault,
    Service.AZURE_CONFIGURATION: _configuration,
    Service.GOOGLE_SECRETS: _google,
}
