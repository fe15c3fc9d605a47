"""The vocabulary of all forms: closed request bodies, times with a Z, documents that other rooms define."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

REFERENCE = "x-comfytavern-reference"
"""Marks a place in a schema that openapi.py replaces by a reference to a document of another room."""


class Body(BaseModel):
    """What a client sends: unknown members are refused, so that a typing mistake is not silently ignored."""

    model_config = ConfigDict(extra="forbid")


class Reply(BaseModel):
    """What the server answers: built from the rooms' values by attribute."""

    model_config = ConfigDict(from_attributes=True)


def iso(moment: object) -> object:
    """Return seconds since 1970 or a datetime as ISO 8601 UTC with a Z; anything else is returned as it is."""
    if isinstance(moment, float | int):
        moment = datetime.fromtimestamp(moment, UTC)
    if isinstance(moment, datetime):
        return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return moment


def _reference(name: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "object", REFERENCE: name})


Time = Annotated[str, BeforeValidator(iso), WithJsonSchema({"type": "string", "format": "date-time"})]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Words = Annotated[str, StringConstraints(max_length=20_000)]
Json = dict[str, Any]
GraphJson = Annotated[Json, _reference("Graph")]
KindJson = Annotated[Any, _reference("Kind")]
EventJson = Annotated[Any, _reference("RunEvent")]
ProblemJson = Annotated[Any, _reference("Problem")]


class ProblemDocument(Reply):
    """Why a request was refused (RFC 9457). A client words it from `code` and `params`; `detail` is for people who read English."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str
    params: Json
    problems: list[ProblemJson]
    request_id: str


class Health(Reply):
    """The process answers."""

    status: Literal["ok"]


class Open(Reply):
    """What is still under way here."""

    requests: int
    streams: int
    sockets: int
    runs: int


class Readiness(Reply):
    """Whether people may be sent here: one word per check, `ok` or what is wrong."""

    status: Literal["ready", "draining", "unready"]
    checks: dict[str, str]
    open: Open


class SchemaRange(Reply):
    """Which databases it can use: of this level or above, contracted no further than this level."""

    level: int
    contracted: int | None


class Release(Reply):
    """What runs here."""

    model_config = ConfigDict(from_attributes=True, populate_by_name=True)

    name: str
    version: str
    release: str
    slot: str
    schema_: SchemaRange = Field(alias="schema")
    started_at: Time
