"""The schema as a list of variables: what documents, example files and checks are made from."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, get_args

from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo

from comfytavern.settings.fields import Settings

GROUPS: Final[Mapping[str, str]] = {
    "server": "Server",
    "data": "Data",
    "secrets": "Secrets",
    "access": "Access",
    "log": "Log",
    "limits": "Limits",
    "models": "Models",
    "watching": "Watching",
    "clouds": "Settings in a cloud",
    "deployment": "Set by a deployment",
}
"""Titles, in the order of documents."""
REQUIRED_IN_PRODUCTION: Final = frozenset({"JWT_SECRET"})


class Kind(Enum):
    """What a value is, for programs that have no pydantic."""

    TEXT = "string"
    WHOLE = "integer"
    NUMBER = "number"
    SWITCH = "boolean"


@dataclass(frozen=True, slots=True)
class Variable:
    """One setting."""

    name: str
    aliases: tuple[str, ...]
    field: str
    group: str
    kind: Kind
    default: str
    """As it would stand in a file; empty when there is none."""
    shown: str
    """The default as people read it."""
    meaning: str
    secret: bool
    by_deploy: bool
    fix: str
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The name and its aliases, the first wins."""
        return (self.name, *self.aliases)

    @property
    def required_in_production(self) -> bool:
        """Whether production does not start without it."""
        return self.name in REQUIRED_IN_PRODUCTION


@functools.cache
def variables() -> tuple[Variable, ...]:
    """Return every variable in the order of documents."""
    found = [_variable(name, info) for name, info in Settings.model_fields.items()]
    return tuple(sorted(found, key=lambda variable: list(GROUPS).index(variable.group)))


@functools.cache
def by_name() -> dict[str, Variable]:
    """Return the variable of every name, aliases included."""
    return {name: variable for variable in variables() for name in variable.names}


def variable_of(field: str) -> str:
    """Return the environment variable of a field (the first, if it has several names), and any other name as it is."""
    return next((variable.name for variable in variables() if variable.field == field), field)


def schema() -> dict[str, dict[str, Any]]:
    """Return the schema as JSON, by variable: what a release says of the environment it needs."""
    return {
        variable.name: {
            "type": variable.kind.value,
            "default": None if variable.secret or not variable.default else variable.default,
            "secret": variable.secret,
            "required_in_production": variable.required_in_production,
            "by_deploy": variable.by_deploy,
            **({"aliases": list(variable.aliases)} if variable.aliases else {}),
            **({"choices": list(variable.choices)} if variable.choices else {}),
            **({"minimum": variable.least} if variable.least is not None else {}),
            **({"maximum": variable.most} if variable.most is not None else {}),
        }
        for variable in variables()
    }


def _variable(field: str, info: FieldInfo) -> Variable:
    alias = info.validation_alias
    names = [str(choice) for choice in alias.choices] if isinstance(alias, AliasChoices) else [str(alias)]
    own: Any = info.json_schema_extra
    kind = _kind(info)
    least, most = _bounds(info)
    default = _text(info.default)
    return Variable(
        name=names[0],
        aliases=tuple(names[1:]),
        field=field,
        group=own["group"],
        kind=kind,
        default=default,
        shown=own["shown"] or default,
        meaning=info.description or "",
        secret=own["secret"],
        by_deploy=own["by_deploy"],
        fix=own["fix"] or _fix(kind, info, least, most),
        choices=tuple(str(each) for each in get_args(info.annotation) if isinstance(each, str) and each),
        least=least,
        most=most,
    )


def _kind(info: FieldInfo) -> Kind:
    types = set(get_args(info.annotation)) | {info.annotation}
    if bool in types:
        return Kind.SWITCH
    return Kind.WHOLE if int in types else Kind.NUMBER if float in types else Kind.TEXT


def _bounds(info: FieldInfo) -> tuple[float | None, float | None]:
    found = {name: value for each in info.metadata for name in ("ge", "gt", "le") if (value := getattr(each, name, None)) is not None}
    return found.get("ge", found.get("gt")), found.get("le")


def _fix(kind: Kind, info: FieldInfo, least: float | None, most: float | None) -> str:
    if kind not in {Kind.WHOLE, Kind.NUMBER}:
        return "remove it, or give a value as the documentation says"
    above = any(getattr(each, "gt", None) is not None for each in info.metadata)
    what = "a whole number" if kind is Kind.WHOLE else "a number"
    return f"give {what} {'above' if above else 'from'} {least:g} {'and up' if above else ''} to {most:,.0f}".replace("  ", " ")


def _text(default: Any) -> str:
    match default:
        case None:
            return ""
        case SecretStr():
            return default.get_secret_value()
        case bool():
            return str(default).lower()
        case float():
            return f"{default:g}"
        case tuple():
            return ",".join(str(each) for each in default)
        case _:
            return str(default)
