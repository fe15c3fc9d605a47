"""The log: lines for people in development, one JSON object a line for machines in production; always to stderr, never a secret.

Rooms write through the standard library's `logging`, with what a machine may want to search in `extra`. What is known of the request
at hand (api/about.py) is added to every line that is written on its behalf, also to those of libraries.
"""

import logging
import os
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from comfytavern.api.about import ABOUT
from comfytavern.boot.redact import Redact, password_of, redacting, secrets_of
from comfytavern.boot.tracebacks import structured
from comfytavern.kernel.secret import Secret
from comfytavern.settings.settings import Settings

log = logging.getLogger(__name__)

QUIET: Final = {"websockets": logging.ERROR, "alembic": logging.WARNING, "uvicorn.error": logging.WARNING, "httpx": logging.WARNING}
"""Libraries that say at `info` what nobody asked."""

UNTRUE: Final = "ASGI callable returned without completing handshake."

_OWN: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "color_message"}


def configure(settings: Settings) -> None:
    """Send our own log and that of the libraries through one formatter, at the level that was asked for."""
    chosen = settings.log_format or ("json" if settings.environment == "production" else "text")
    formatter = Machines() if chosen == "json" else _for_people()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Redacted(formatter, redacting(_known(settings))))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    for name, level in QUIET.items():
        logging.getLogger(name).setLevel(level)
    logging.getLogger("uvicorn.error").addFilter(_is_true)
    for note in settings.notes:
        log.warning(note.message, extra={"variable": note.place["field"]})


def relearn(settings: Settings, *others: Settings, secrets: Iterable[Secret]) -> None:
    """Keep the secrets of all these, and `secrets` besides, out of every line from now on; then take the level that `settings` ask for."""
    known = set[str]().union(*(_known(each) for each in (settings, *others)))
    redact = redacting(known | {secret.reveal() for secret in secrets})
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, Redacted):
            handler.formatter.redact = redact
    logging.getLogger().setLevel(settings.log_level.upper())


def _known(settings: Settings) -> set[str]:
    known = secrets_of(os.environ) | password_of(settings.database) | {secret.reveal() for secret in settings.secrets}
    known |= {settings.metrics_token.get_secret_value(), *(key.reveal() for key in settings.provider_keys.values())}
    known |= {word.reveal() for word in settings.watching_secrets}
    connection = settings.azure_connection.get_secret_value()
    return known | {connection, connection.partition("Secret=")[2]}


def _is_true(record: logging.LogRecord) -> bool:
    """Leave out what uvicorn says of a WebSocket that was refused in good order: an answer before the handshake is none to it."""
    return record.msg != UNTRUE


class Redacted(logging.Formatter):
    """Another formatter's lines without secrets: the last thing that happens to a line."""

    def __init__(self, inner: logging.Formatter, redact: Redact) -> None:
        """Format by `inner`, then `redact`."""
        super().__init__()
        self._inner, self.redact = inner, redact

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return self.redact(self._inner.format(record))


class _People(logging.Formatter):
    converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        if record.name == "comfytavern.request":
            told = record.__dict__
            line += f" {told['method']} {told['route']} {told['status']} in {told['ms']} ms"
        return line


def _for_people() -> logging.Formatter:
    return _People("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ")


class Machines(logging.Formatter):
    """One JSON object a line: time, level, logger, event, what is known of the request, everything in `extra`, tracebacks as structures."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        told: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        told |= ABOUT.get() or {}
        told |= {name: value for name, value in record.__dict__.items() if name not in _OWN}
        if record.exc_info and record.exc_info[1] is not None:
            told["exception"] = structured(record.exc_info[1])
        return msgspec.json.encode(told, enc_hook=str).decode()
