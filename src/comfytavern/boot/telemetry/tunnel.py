"""Mistakes of the web app, taken at our own address and passed on (the port of api/reports.py).

An envelope is lines: a header that names the project, then for each item a header and its content. Source: Sentry's developer
documentation, "Envelopes".
"""

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from comfytavern.api.reports import Reports
from comfytavern.api.schemas.reports import Errors
from comfytavern.boot.redact import Redact
from comfytavern.boot.telemetry.scrub import scrubbed
from comfytavern.kernel.errors import Busy, Invalid

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)
PER_MINUTE: Final = 30
TIMEOUT_S: Final = 5.0
ITEMS_MAX: Final = 20


class Tunnel(Reports):
    """Passes envelopes on to one project."""

    def __init__(self, dsn: str, *, release: str, environment: str, redact: Redact) -> None:
        """Pass them on to `dsn`."""
        parts = urlsplit(dsn)
        path, _, project = parts.path.rstrip("/").rpartition("/")
        host = parts.netloc.rpartition("@")[2]
        self._dsn, self._redact = dsn, redact
        self._url = f"{parts.scheme}://{host}{path}/api/{project}/envelope/"
        self._auth = f"Sentry sentry_version=7, sentry_client=comfytavern, sentry_key={parts.username}"
        self._errors = Errors(dsn=dsn, release=release, environment=environment)
        self._left, self._at = float(PER_MINUTE), 0.0
        self._client: httpx.AsyncClient | None = None

    @property
    def errors(self) -> Errors:
        """What the web app has to know (Reports.errors)."""
        return self._errors

    async def take(self, envelope: bytes, /) -> None:
        """Pass an envelope on (Reports.take)."""
        body = self._cleaned(envelope)
        self._pay()
        if not body:
            return
        import httpx  # noqa: PLC0415 -- a third of a second, which a start need not pay

        self._client = self._client or httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=True)
        headers = {"Content-Type": "application/x-sentry-envelope", "X-Sentry-Auth": self._auth}
        try:
            answer = await self._client.post(self._url, content=body, headers=headers)
        except httpx.HTTPError as error:
            log.warning("a mistake of the web app cannot be told: %s", type(error).__name__)
        else:
            if answer.is_error:
                log.warning("a mistake of the web app was refused with status %s", answer.status_code)

    async def aclose(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    def _pay(self) -> None:
        """Let PER_MINUTE envelopes through on average: whoever is not logged in may send them too."""
        now = asyncio.get_running_loop().time()
        self._left = min(float(PER_MINUTE), self._left + (now - self._at) * PER_MINUTE / 60)
        self._at = now
        if self._left < 1:
            raise Busy("api.envelopes", "Too many mistakes are told at once.", hint="Wait a minute.", retry_after_s=60)
        self._left -= 1

    def _cleaned(self, envelope: bytes) -> bytes:
        """Return the envelope with its events, scrubbed, and nothing else; empty when it has none."""
        try:
            header, items = _read(envelope)
        except (ValueError, RecursionError):
            header, items = {}, []
        if header.get("dsn") != self._dsn:
            raise Invalid("api.envelope", "This is no envelope for the project of this server.", hint="Load the page again.")
        events = [scrubbed(event, self._redact) for kind, event in items if kind.get("type") == "event"]
        if not events:
            return b""
        kept = {name: header[name] for name in ("event_id", "sent_at") if name in header} | {"dsn": self._dsn}
        bodies = [json.dumps(event).encode() for event in events]
        parts = [json.dumps(kept).encode()]
        for body in bodies:
            parts += [json.dumps({"type": "event", "length": len(body)}).encode(), body]
        return b"\n".join(parts) + b"\n"


def _read(envelope: bytes) -> tuple[dict[str, Any], list[tuple[dict[str, Any], dict[str, Any]]]]:
    """Return the header, and header and content of each item. Raises `ValueError`."""
    head, *lines = envelope.split(b"\n")
    return _object(head), list(zip(map(_object, lines[::2]), map(_object, lines[1::2]), strict=False))[:ITEMS_MAX]


def _object(line: bytes) -> dict[str, Any]:
    found = json.loads(line or b"{}")
    if not isinstance(found, dict):
        raise ValueError  # noqa: TRY004 -- what is refused is the envelope
    return found
