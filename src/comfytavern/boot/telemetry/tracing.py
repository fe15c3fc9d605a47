"""Tracing as a whole: made when a setting asks for it, None otherwise."""

import gc
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass

from comfytavern import __version__
from comfytavern.boot.telemetry.models import ModelCalls
from comfytavern.boot.telemetry.requests import Requests
from comfytavern.boot.telemetry.runs import Drawn, NotedRuns, RunTraces
from comfytavern.boot.telemetry.trace import Put, Sampling
from comfytavern.kernel.errors import Unavailable
from comfytavern.llm.watch import Watch
from comfytavern.projects.repo import EventRepo
from comfytavern.settings.settings import Settings
from comfytavern.settings.watching import pairs
from comfytavern.store.database import Database

HINT = "Install it: pip install 'comfytavern[telemetry]'; or remove the setting."


@dataclass(frozen=True, slots=True)
class Tracing:
    """What the rooms are given."""

    requests: Requests
    models: Watch
    close: Callable[[], None]
    _traces: RunTraces
    _put: Put

    def runs(self, database: Database) -> NotedRuns:
        """Return the repository of runs that notes who has ordered them."""
        return NotedRuns(database, self._traces)

    def events(self, inner: EventRepo, kind: Callable[[str, str], str]) -> EventRepo:
        """Return the repository of events that draws them."""
        return Drawn(inner, self._traces, self._put, kind)


def tracing(settings: Settings) -> Tracing | None:
    """Return what draws, None when nobody wants to see it. Raises `Unavailable` (`boot.telemetry`) without OpenTelemetry."""
    if not settings.otlp_endpoint:
        return None
    try:
        from comfytavern.boot.telemetry.otlp import Otlp  # noqa: PLC0415 -- half a second, only when a setting asks for it
    except ImportError as error:
        raise missing("OTEL_EXPORTER_OTLP_ENDPOINT", error) from error
    gc.freeze()  # What was imported stays: the collector need not look through it with every run.
    headers = pairs(settings.otlp_headers.get_secret_value())
    sender = Otlp(settings.otlp_endpoint, headers, resource(settings), version=__version__)
    sampling = Sampling(settings.otel_sampler, settings.otel_ratio)
    traces = RunTraces(sampling)
    models = ModelCalls(traces, sampling, sender.put, tell_provider=settings.trace_to_models)
    return Tracing(Requests(sampling, sender.put), models, sender.close, traces, sender.put)


def resource(settings: Settings) -> dict[str, str]:
    """Return what is said of this process; OTEL_RESOURCE_ATTRIBUTES may say otherwise, and more."""
    own = {
        "service.name": settings.otel_service,
        "service.version": settings.release or __version__,
        "service.instance.id": f"{socket.gethostname()}:{os.getpid()}",
        "deployment.environment.name": settings.sentry_environment or settings.environment,
        "comfytavern.slot": settings.slot,
    }
    return {name: value for name, value in own.items() if value} | pairs(settings.otel_resource)


def missing(variable: str, error: ImportError) -> Unavailable:
    """Say which setting wants what is not installed."""
    return Unavailable("boot.telemetry", f"{variable} is set, but {error.name} is not installed.", hint=HINT)
