"""An OTLP receiver for tests: takes `POST /v1/traces` in protobuf and gives the spans as they were decoded."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse


class Seen(NamedTuple):
    """A span, its resource, and the headers it came with."""

    name: str
    trace: str
    id: str
    parent: str
    kind: int
    began: int
    ended: int
    about: dict[str, Any]
    resource: dict[str, Any]
    failed: bool
    headers: dict[str, str]
    links: list[tuple[str, str]]
    """Trace and span of each."""


class Receiver:
    """What has come so far. `refuse`: answer 503 from now on."""

    def __init__(self) -> None:
        self.spans: list[Seen] = []
        self.calls = 0
        self.refuse = False
        self.came = threading.Condition()
        self.url = ""

    def take(self, body: bytes, headers: dict[str, str]) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        with self.came:
            for batch in request.resource_spans:
                resource = _values(batch.resource.attributes)
                for scope in batch.scope_spans:
                    self.spans += [_seen(span, resource, headers) for span in scope.spans]
            self.came.notify_all()

    def wait(self, count: int, timeout_s: float = 20.0) -> list[Seen]:
        """Return the spans as soon as there are so many."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.spans) >= count, timeout_s), [span.name for span in self.spans]
            return list(self.spans)


@contextmanager
def receiver() -> Iterator[Receiver]:
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            made.calls += 1
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            if made.refuse or self.path != "/v1/traces":
                self.send_error(503 if made.refuse else 404)
                return
            made.take(body, {name.lower(): value for name, value in self.headers.items()})
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


def _seen(span: Any, resource: dict[str, Any], headers: dict[str, str]) -> Seen:
    ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
    failed = span.status.code == 2
    times = (span.start_time_unix_nano, span.end_time_unix_nano)
    links = [(link.trace_id.hex(), link.span_id.hex()) for link in span.links]
    return Seen(span.name, *ids, span.kind, *times, _values(span.attributes), resource, failed, headers, links)


def _values(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}
