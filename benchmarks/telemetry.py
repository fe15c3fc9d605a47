"""What watching costs: requests and runs of a server with everything off and of one with everything on, in turns, with local sinks.

Prints one JSON line: {"rounds", "ratio", "http": {...}, "runs": {...}, "overhead_pct"}. In both parts `off_us` and `on_us` are the time of
one operation (the median of all rounds), `off_cpu_us` and `on_cpu_us` the processor time of the server for it, background threads included,
and `overhead_pct` and `cpu_overhead_pct` what is added: the median over pairs of blocks that stand beside each other. `overhead_pct` at the
end is the worst of the four. Give a ratio to try another share of traces than the default; `off`, with which everything is off in both
servers, shows what the measure itself is worth.

    python benchmarks/telemetry.py [ROUNDS] [RATIO]
"""

import http.client
import json
import statistics
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.journeys.graphs import graph  # noqa: E402 -- from the checkout, like the server
from tests.server import COOKIE, Server  # noqa: E402

REQUESTS, RUNS = 100, 8


class _Sink(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def sink(told: Connection) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Sink)
    server.daemon_threads = True
    told.send(server.server_address[1])
    server.serve_forever()


def cpu_us(pid: int) -> float:
    """Return the processor time of all threads so far, in microseconds; by the scheduler's own clock."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir()) / 1000


class Load:
    """One server, and a connection that is kept."""

    def __init__(self, server: Server) -> None:
        self.server = server
        owner = server.owner()
        cookie = f"{COOKIE}={owner.cookies[COOKIE]}"
        self.headers = {"Cookie": cookie, "Origin": server.url, "Content-Type": "application/json"}
        self.connection = http.client.HTTPConnection("localhost", server.port)
        names = [(f"n{at}", "text.case", {"case": "upper"}) for at in range(8)]
        wires = ["in.text > n0.text", *(f"n{at}.text > n{at + 1}.text" for at in range(7)), "n7.text > out.loud"]
        model = ("ask", "llm.embeddings", {"model": "demo/demo"})
        document = graph([*names, model], [*wires, "n7.text > ask.texts"], inputs=("text",), outputs=("loud",))
        self.body = json.dumps({"graph": document, "inputs": {"text": "tea"}})

    def ask(self, method: str, path: str, body: str | None = None) -> bytes:
        self.connection.request(method, path, body, self.headers)
        answer = self.connection.getresponse()
        content = answer.read()
        assert answer.status < 300, content
        return content

    def block(self, kind: str) -> tuple[float, float]:
        """Return the time and the processor time of one operation, in microseconds."""
        count = REQUESTS if kind == "http" else RUNS
        before, began = cpu_us(self.server.pid), time.perf_counter()
        for _ in range(count):
            if kind == "http":
                self.ask("GET", "/api/session")
            else:
                assert json.loads(self.ask("POST", "/api/runs?wait=true", self.body))["state"] == "ok"
        took = time.perf_counter() - began
        return took * 1e6 / count, (cpu_us(self.server.pid) - before) / count


def measured(off: Load, on: Load, kind: str, rounds: int) -> dict[str, Any]:
    pairs = []
    for turn in range(rounds):
        order = (off, on) if turn % 2 else (on, off)
        found = {id(load): load.block(kind) for load in order}
        pairs.append((found[id(off)], found[id(on)]))
    middle = [statistics.median(pair[which][at] for pair in pairs) for which in (0, 1) for at in (0, 1)]
    added = [statistics.median((pair[1][at] / pair[0][at] - 1) * 100 for pair in pairs) for at in (0, 1)]
    names = ("off_us", "off_cpu_us", "on_us", "on_cpu_us", "overhead_pct", "cpu_overhead_pct")
    return dict(zip(names, (*(round(each, 1) for each in middle), *(round(each, 2) for each in added)), strict=True))


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    ratio = sys.argv[2] if len(sys.argv) > 2 else "0.1"
    here, there = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=sink, args=(there,), daemon=True)
    process.start()
    address = f"127.0.0.1:{here.recv()}"
    watched = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{address}",
        "OTEL_TRACES_SAMPLER_ARG": ratio,
        "SENTRY_DSN": f"http://{'0' * 32}@{address}/1",
        "SENTRY_DSN_WEB": f"http://{'0' * 32}@{address}/2",
    }
    plain = {"LOG_LEVEL": "info", "LOG_FORMAT": "json", "RUNS_PER_USER": "16"}
    with tempfile.TemporaryDirectory() as folder:
        places = [Path(folder, name) for name in ("off", "on")]
        for place in places:
            place.mkdir()
        with Server(places[0], **plain) as first, Server(places[1], **plain, **({} if ratio == "off" else watched)) as second:
            off, on = Load(first), Load(second)
            for load in (off, on) * 3:
                load.block("http"), load.block("runs")
            result = {kind: measured(off, on, kind, rounds) for kind in ("http", "runs")}
    worst = max(part[name] for part in result.values() for name in ("overhead_pct", "cpu_overhead_pct"))
    print(json.dumps({"rounds": rounds, "ratio": ratio, **result, "overhead_pct": worst}))
    process.terminate()


if __name__ == "__main__":
    main()
