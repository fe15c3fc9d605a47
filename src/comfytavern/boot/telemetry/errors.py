"""Error tracking as a whole: what settings ask for, and nothing otherwise."""

import gc
import logging
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from comfytavern import __version__
from comfytavern.boot.logs import Redacted
from comfytavern.boot.redact import Redact, password_of, redacting, secrets_of
from comfytavern.boot.telemetry.tracing import missing
from comfytavern.boot.telemetry.tunnel import Tunnel
from comfytavern.settings.settings import Settings


@asynccontextmanager
async def reporting(settings: Settings) -> AsyncGenerator[Tunnel | None]:
    """Tell errors of the server for as long as the block lasts, and give what takes those of the web app; None: nobody wants them."""
    release, environment = settings.release or __version__, settings.sentry_environment or settings.environment
    redact = _redact(settings)
    handler = _handler(settings, release, environment, redact)
    dsn = settings.sentry_dsn_web.get_secret_value()
    tunnel = Tunnel(dsn, release=release, environment=environment, redact=redact) if dsn else None
    try:
        yield tunnel
    finally:
        if tunnel is not None:
            await tunnel.aclose()
        if handler is not None:
            logging.getLogger().removeHandler(handler)
            handler.close()


def _handler(settings: Settings, release: str, environment: str, redact: Redact) -> logging.Handler | None:
    dsn = settings.sentry_dsn.get_secret_value()
    if not dsn:
        return None
    try:
        from comfytavern.boot.telemetry.sentry import Sentry  # noqa: PLC0415 -- only when a setting asks for it
    except ImportError as error:
        raise missing("SENTRY_DSN", error) from error
    gc.freeze()  # What was imported stays: the collector need not look through it with every run.
    handler = Sentry(dsn, release=release, environment=environment, slot=settings.slot, redact=redact)
    logging.getLogger().addHandler(handler)
    return handler


def _redact(settings: Settings) -> Redact:
    """Return what takes every secret of this process out of a text: those of its start, and those that the log has learnt since."""
    secrets = [*settings.secrets, *settings.provider_keys.values()]
    known = secrets_of(os.environ) | password_of(settings.database) | {secret.reveal() for secret in secrets}
    known |= {settings.otlp_headers.get_secret_value(), settings.metrics_token.get_secret_value()}
    own = redacting(known)

    def redact(text: str) -> str:
        for handler in logging.getLogger().handlers:
            if isinstance(handler.formatter, Redacted):
                text = handler.formatter.redact(text)
        return own(text)

    return redact
