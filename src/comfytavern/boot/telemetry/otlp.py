"""Sends spans by OTLP over HTTP, in batches, in a thread of its own. The only file that imports OpenTelemetry.

Whoever draws only appends a value to a queue. When the receiver is slow the oldest wait, and what does not fit is dropped and counted.
"""

import logging
import threading
from collections import deque
from collections.abc import Mapping
from itertools import islice
from typing import Final

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from comfytavern.boot.telemetry.trace import Kind, Span

log = logging.getLogger(__name__)
WAITING_MAX: Final = 8_192
BATCH: Final = 128
"""Spans in a message; to write one takes the interpreter some 10 ms, in which requests wait."""
EVERY_S: Final = 5.0
TIMEOUT_S: Final = 5.0
SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
KINDS: Final = {Kind.INTERNAL: SpanKind.INTERNAL, Kind.SERVER: SpanKind.SERVER, Kind.CLIENT: SpanKind.CLIENT}


class Otlp:
    """A sender; `close` sends what is left."""

    def __init__(
        self, endpoint: str, headers: Mapping[str, str], resource: Mapping[str, str], *, version: str, every_s: float = EVERY_S
    ) -> None:
        """Send to `endpoint`, an address without `/v1/traces`, and say of each span from which `resource` it is."""
        self._exporter = OTLPSpanExporter(f"{endpoint}/v1/traces", headers=dict(headers), timeout=TIMEOUT_S, compression=Compression.Gzip)
        self._resource, self._scope = Resource(dict(resource)), InstrumentationScope("comfytavern", version)
        self._waiting: deque[Span] = deque()
        self.dropped = 0
        self._every_s = every_s
        self._wake, self._closing, self._failing = threading.Event(), False, False
        self._thread = threading.Thread(target=self._send_on, name="telemetry.otlp", daemon=True)
        self._thread.start()

    def put(self, span: Span) -> None:
        """Send a span soon."""
        if len(self._waiting) >= WAITING_MAX:
            self.dropped += 1
            return
        self._waiting.append(span)
        if len(self._waiting) == BATCH:
            self._wake.set()

    def close(self, wait_s: float = 5.0) -> None:
        """Send what is left, for so long."""
        self._closing = True
        self._wake.set()
        self._thread.join(wait_s)
        self._exporter.shutdown()

    def _send_on(self) -> None:
        while not self._closing:
            self._wake.wait(self._every_s)
            self._wake.clear()
            while self._waiting and self._send():
                pass

    def _send(self) -> bool:
        batch = list(islice(self._waiting, BATCH))
        for _ in batch:
            self._waiting.popleft()
        try:
            good = self._exporter.export([self._readable(span) for span in batch]) is SpanExportResult.SUCCESS
        except Exception:  # noqa: BLE001 -- whatever the library meets: traces are lost, the server goes on
            good = False
        if not good:
            self.dropped += len(batch)
            if not self._failing:
                log.warning("traces cannot be sent; what waits is dropped until they can", extra={"spans_dropped": self.dropped})
        self._failing = not good
        return good

    def _readable(self, span: Span) -> ReadableSpan:
        trace_id = span.place.trace_id
        return ReadableSpan(
            name=span.name,
            context=SpanContext(trace_id, span.place.span_id, is_remote=False, trace_flags=SAMPLED),
            parent=SpanContext(trace_id, span.parent, is_remote=span.remote, trace_flags=SAMPLED) if span.parent else None,
            resource=self._resource,
            attributes={**span.about, "error.type": span.error} if span.error else span.about,
            kind=KINDS[span.kind],
            status=Status(StatusCode.ERROR, span.error) if span.error else Status(StatusCode.UNSET),
            links=[Link(SpanContext(span.link.trace_id, span.link.span_id, is_remote=False, trace_flags=SAMPLED))] if span.link else (),
            start_time=span.began,
            end_time=span.ended,
            instrumentation_scope=self._scope,
        )
