"""Every refusal as application/problem+json (RFC 9457), with a stable code and all problems at once."""

import http
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from comfytavern.kernel.errors import (
    Busy,
    Conflict,
    Denied,
    Failure,
    Invalid,
    NotFound,
    Problem,
    TooLarge,
    Unauthenticated,
    Unavailable,
)

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:comfytavern:problem:"

STATUS: Final[Mapping[type[Failure], int]] = {
    Invalid: 422,
    NotFound: 404,
    Conflict: 409,
    Unauthenticated: 401,
    Denied: 403,
    TooLarge: 413,
    Busy: 429,
    Unavailable: 503,
}

BAD_REQUEST_CODES: Final = frozenset({"api.json", "api.request"})
"""Not even readable: 400 instead of 422."""


class ProblemDocument(msgspec.Struct, kw_only=True):
    """The body of a refusal; documented in schemas/common.py."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str = ""
    params: dict[str, Any] = {}
    problems: list[Problem] = []
    request_id: str = ""


def status_of(failure: Failure) -> int:
    """Return the HTTP status for a failure."""
    if failure.code in BAD_REQUEST_CODES:
        return 400
    return next((status for kind, status in STATUS.items() if isinstance(failure, kind)), 400)


def document(failure: Failure, *, status: int | None = None, request_id: str = "") -> ProblemDocument:
    """Return the failure as a value to encode."""
    status = status or status_of(failure)
    return ProblemDocument(
        type=TYPE_PREFIX + failure.code,
        title=http.HTTPStatus(status).phrase,
        status=status,
        detail=failure.sentence,
        code=failure.code,
        hint=failure.hint,
        params=failure.params,
        problems=failure.problems,
        request_id=request_id,
    )


def reply(failure: Failure, *, status: int | None = None, request_id: str = "", headers: Mapping[str, str] | None = None) -> Response:
    """Return the failure as a response, with the headers its status calls for."""
    value = document(failure, status=status, request_id=request_id)
    more = dict(headers or {})
    if value.status == 401:
        more["WWW-Authenticate"] = "Bearer"
    if isinstance(failure, Busy) and "retry_after_s" in failure.params:
        more["Retry-After"] = str(max(1, round(failure.params["retry_after_s"])))
    return Response(msgspec.json.encode(value, enc_hook=str), value.status, more, MEDIA_TYPE)


def bug() -> Failure:
    """Return what a client hears of an exception nobody expected. Never details."""
    return Failure("api.unexpected", "Something went wrong here. Nothing you sent is at fault.", hint="Try again; if it stays, report it.")


def unexpected(request_id: str) -> Response:
    """Return the answer for a bug: a code and the id under which the log has the rest."""
    return reply(bug(), status=500, request_id=request_id)


def from_validation(error: RequestValidationError) -> Failure:
    """Return all of pydantic's findings as one failure."""
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return Invalid("api.json", "The body is not valid JSON.", hint=str(found[0].get("ctx", {}).get("error", "")))
    if any(item["loc"][:1] == ("body",) and len(item["loc"]) == 1 and item["type"] == "missing" for item in found):
        return Invalid("api.request", "A JSON body is required.", hint="Send it with Content-Type: application/json.")
    return from_fields(found)


def from_fields(found: Sequence[Mapping[str, Any]]) -> Failure:
    """Return what pydantic says of each field as one failure."""
    problems = [_field_problem(item) for item in found]
    return Invalid("api.invalid", "The request has wrong or missing values.", hint="See problems for each of them.").with_problems(problems)


def _field_problem(item: Mapping[str, Any]) -> Problem:
    where = ".".join(str(part) for part in item["loc"])
    return Problem(code="api.field", message=str(item["msg"]), place={"field": where}, params={"reason": str(item["type"])})


def from_http(error: HTTPException) -> Failure:
    """Return the framework's own refusals (no such route, wrong method) in our form."""
    match error.status_code:
        case 404:
            return NotFound("api.route", "There is nothing at this address.")
        case 405:
            return Failure("api.method", "This address does not know this method.")
        case 413:
            return TooLarge("api.body", "The request body is too large.")
        case _:
            return Failure("api.request", "The request could not be read.")


def request_id_of(request: HTTPConnection) -> str:
    """Return the id that edge.py gave to this request."""
    return request.scope.get("state", {}).get("request_id", "")


async def on_failure(request: Request, error: Exception) -> Response:
    """Answer a `Failure`."""
    assert isinstance(error, Failure)  # noqa: S101 -- registered for this class only
    return reply(error, request_id=request_id_of(request))


async def on_validation(request: Request, error: Exception) -> Response:
    """Answer a body, query or path that does not have the right form."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 -- registered for this class only
    return reply(from_validation(error), request_id=request_id_of(request))


async def on_bug(request: Request, _error: Exception) -> Response:
    """Answer an exception that nobody expected; edge.py logs it."""
    return unexpected(request_id_of(request))


async def on_http(request: Request, error: Exception) -> Response:
    """Answer what the framework refuses."""
    assert isinstance(error, HTTPException)  # noqa: S101 -- registered for this class only
    return reply(from_http(error), status=error.status_code, request_id=request_id_of(request), headers=error.headers)
