"""A sink for Sentry's envelopes: takes what a client sends to `/api/<project>/envelope/`, and gives the events as they were told."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY, PROJECT = "0123456789abcdef0123456789abcdef", "42"


class Sink:
    """What has come so far."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.raw: list[bytes] = []
        self.auth: list[str] = []
        self.came = threading.Condition()
        self.dsn = ""

    def take(self, body: bytes, auth: str) -> None:
        lines = body.split(b"\n")
        with self.came:
            self.raw.append(body)
            self.auth.append(auth)
            for head, item in zip(lines[1::2], lines[2::2], strict=False):
                if json.loads(head).get("type") == "event":
                    self.events.append(json.loads(item))
            self.came.notify_all()

    def wait(self, count: int = 1, timeout_s: float = 20.0) -> list[dict[str, Any]]:
        """Return the events as soon as there are so many."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.events) >= count, timeout_s), self.raw
            return list(self.events)


@contextmanager
def sink() -> Iterator[Sink]:
    made = Sink()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            good = self.path == f"/api/{PROJECT}/envelope/" and KEY in self.headers.get("x-sentry-auth", "")
            if good:
                made.take(body, self.headers["x-sentry-auth"])
            self.send_response(200 if good else 403)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made.dsn = f"http://{KEY}@127.0.0.1:{server.server_address[1]}/{PROJECT}"
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
