"""From what a server says is wrong to a `Failure`. Servers agree on little but the status, so their words are read too."""

import re
from email.utils import parsedate_to_datetime
from typing import Any, Final

import msgspec

from comfytavern.kernel.clock import Clock, SystemClock
from comfytavern.kernel.errors import Failure
from comfytavern.llm import errors
from comfytavern.llm.provider import Endpoint
from comfytavern.llm.transport import scrubbed

_TOO_LONG: Final = re.compile(
    r"context.?(?:length|size|window)|maximum context|too many (?:input )?tokens|prompt is too long|input too long|exceeds? the .*token",
    re.IGNORECASE,
)
_NO_CREDIT: Final = re.compile(r"insufficient.?(?:quota|balance|credit|funds)|exceeded your current quota|billing", re.IGNORECASE)
_NO_MODEL: Final = re.compile(
    r"model.?not.?found|(?:no such|unknown|invalid) model|model .{0,200}(?:does not exist|not found|not exist)", re.IGNORECASE
)
_BAD_KEY: Final = re.compile(r"(?:invalid|incorrect) api.?key|api.?key (?:is )?(?:not valid|invalid)", re.IGNORECASE)
_HTML: Final = re.compile(r"\A\s*<(?:!doctype|html|head|body)", re.IGNORECASE)
_WORDS_MAX: Final = 1000
_CLOCK: Final = SystemClock()


def refusal(status: int, body: bytes, headers: Any, at: Endpoint, model: str, *, clock: Clock = _CLOCK) -> Failure:
    """Return the failure for a response that is not a success."""
    said, kind = words(body)
    said = scrubbed(said, at)
    if _HTML.match(body[:200].decode(errors="replace")) and status in range(400, 500) and status not in {401, 402, 403, 429}:
        return errors.bad_reply(at.name, f"it answered with a web page (status {status})", said)
    return by_status(status, said, kind, at, model, retry_after_s=retry_after(headers, clock))


def by_status(status: int, said: str, kind: str, at: Endpoint, model: str, *, retry_after_s: float | None = None) -> Failure:
    """Return the failure for a status and the server's words; `kind` is its own code or type."""
    text = f"{kind} {said}"
    if status == 402 or (status in {400, 403, 429} and _NO_CREDIT.search(text)):
        return errors.budget(at.name, said)
    if status in {401, 403} or (status == 400 and _BAD_KEY.search(text)):
        return errors.auth(at.name, said, key=at.key is not None)
    if status == 413 or (status in {400, 422, 500} and _TOO_LONG.search(text)):
        return errors.context_length(at.name, model, said)
    if status == 404 or (status in {400, 422} and _NO_MODEL.search(text)):
        return _not_found(said, text, at, model)
    if status == 429:
        return errors.rate_limited(at.name, said, retry_after_s=retry_after_s)
    if status in {408, 409, 425} or status >= 500:
        return errors.server_error(at.name, status, said, retry_after_s=retry_after_s)
    if status < 400:
        return errors.bad_reply(at.name, f"it points to another address (status {status})", said)
    return errors.refused(at.name, status, said)


def inside(error: Any, at: Endpoint, model: str) -> Failure:
    """Return the failure for an error object that came where a piece of the answer should be."""
    said, kind = words(msgspec.json.encode({"error": error}))
    said = scrubbed(said, at)
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, int) and code in range(400, 600):
        return by_status(code, said, kind, at, model)
    for status, pattern in (
        (429, _NO_CREDIT),
        (400, _TOO_LONG),
        (404, _NO_MODEL),
        (429, re.compile("rate.?limit|too many requests", re.IGNORECASE)),
    ):
        if pattern.search(f"{kind} {said}"):
            return by_status(status, said, kind, at, model)
    return errors.interrupted(at.name, said)


def words(body: bytes) -> tuple[str, str]:
    """Return what an error body says, and the code or type it gives. Knows the forms of a dozen servers; else the text itself."""
    try:
        value = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return _plain(body), ""
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict):
        return _plain(body), ""
    error: Any = value.get("error") or value
    if not isinstance(error, dict):
        return str(error)[:_WORDS_MAX], ""
    said = error.get("message") or error.get("detail") or error.get("error") or value.get("message") or msgspec.json.encode(error).decode()
    kind = " ".join(str(error[name]) for name in ("code", "type") if error.get(name))
    return (said if isinstance(said, str) else msgspec.json.encode(said).decode())[:_WORDS_MAX], kind


def retry_after(headers: Any, clock: Clock) -> float | None:
    """Return the seconds of a Retry-After header (or the finer retry-after-ms), None when there is none that makes sense."""
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        value = headers.get("retry-after", "")
        if value.replace(".", "", 1).isdigit():
            return float(value)
        return max(0.0, parsedate_to_datetime(value).timestamp() - clock.now()) if value else None
    except (ValueError, TypeError):
        return None


def _not_found(said: str, text: str, at: Endpoint, model: str) -> Failure:
    if "model" in text.lower():
        return errors.model_not_found(at.name, model, said)
    return errors.bad_reply(at.name, "there is nothing at that address (status 404)", said)


def _plain(body: bytes) -> str:
    text = body[: 4 * _WORDS_MAX].decode(errors="replace")
    if _HTML.match(text):
        title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
        text = title.group(1) if title else ""
    return " ".join(text.split())[:_WORDS_MAX]
