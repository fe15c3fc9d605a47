"""Exceptions of the server, to Sentry or what speaks its protocol. The only file that imports sentry_sdk.

It listens where the log is written: what is logged as an error is told, with the ids that the log has, and nothing else of the request.
None of the library's own integrations is on: they patch other libraries, and take along more than anybody has decided.
"""

import logging
from typing import Any, Final

from sentry_sdk.client import Client
from sentry_sdk.utils import event_from_exception

from comfytavern.api.about import ABOUT
from comfytavern.boot.redact import Redact
from comfytavern.boot.telemetry.scrub import scrubbed

TAGS: Final = ("request_id", "run_id", "method", "route")
OWN: Final = ("sentry_sdk", "urllib3", "comfytavern.boot.telemetry")
"""Loggers that would tell of the telling."""
WAIT_S: Final = 2.0


class Sentry(logging.Handler):
    """A handler of the log that tells errors."""

    def __init__(self, dsn: str, *, release: str, environment: str, slot: str, redact: Redact) -> None:
        """Tell them to `dsn`."""
        super().__init__(logging.ERROR)
        self._slot, self._redact = slot, redact
        self._client = Client(
            dsn=dsn,
            release=release,
            environment=environment,
            before_send=self._before_send,
            default_integrations=False,
            auto_enabling_integrations=False,
            include_local_variables=False,
            max_request_body_size="never",
            max_breadcrumbs=0,
            auto_session_tracking=False,
            send_client_reports=False,
            traces_sample_rate=None,
            server_name="",
            shutdown_timeout=WAIT_S,
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Tell one error (logging.Handler.emit)."""
        if record.name.startswith(OWN):
            return
        try:
            self._client.capture_event(*self._event(record))
        except Exception:  # noqa: BLE001 -- whatever the library meets: the log has the line
            self.handleError(record)

    def close(self) -> None:
        """Send what is left."""
        self._client.close(timeout=WAIT_S)
        super().close()

    def _event(self, record: logging.LogRecord) -> tuple[Any, Any]:
        event: Any = {"level": record.levelname.lower()}
        hint: Any = {"log_record": record}
        if record.exc_info and record.exc_info[0] is not None:
            mechanism = {"type": "logging", "handled": True}
            event, hint = event_from_exception(record.exc_info, client_options=self._client.options, mechanism=mechanism)
        facts = (ABOUT.get() or {}) | {name: value for name in TAGS if isinstance(value := record.__dict__.get(name), str)}
        event["logger"] = record.name
        event["logentry"] = {"message": str(record.msg), "formatted": record.getMessage()}
        event["tags"] = {name: facts[name] for name in TAGS if name in facts} | ({"slot": self._slot} if self._slot else {})
        if "trace_id" in facts:
            event["contexts"] = {"trace": {"trace_id": facts["trace_id"], "span_id": facts["span_id"], "op": "http.server"}}
        return event, hint

    def _before_send(self, event: Any, _hint: Any) -> Any:
        return scrubbed(event, self._redact)
