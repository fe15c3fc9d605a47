"""What watching costs: requests and runs of servers with everything off and of servers with everything on, with local sinks.

Two processes of the same kind differ by more than what is measured here, so servers are started in pairs, one of each kind, used in turns
block by block, stopped, and the next pair is started; they stay on one processor, and what asks them on another. Prints one JSON line:
{"pairs", "rounds", "ratio", "http": {...}, "runs": {...}, "overhead_pct"}. In both parts `off_us` and `on_us` are the time of one
operation (the median over the pairs), `off_cpu_us` and `on_cpu_us` the processor time of the server for it, background threads included;
`overhead_pct` and `cpu_overhead_pct` are what is added: the mean over the pairs, each the median of its rounds, and `.._within` is how far
off that may be (95 %, by how much the pairs differ). `overhead_pct` at the end is the worst of the four. Give a ratio to try another share
of traces than the default; `off`, with which everything is off in both servers, shows what the measure itself is worth.

    python benchmarks/telemetry.py [PAIRS] [ROUNDS] [RATIO]
"""

import argparse
import http.client
import json
import os
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.journeys.graphs import graph  # noqa: E402 -- from the checkout, like the server
from tests.server import COOKIE, Server  # noqa: E402

REQUESTS, RUNS = 100, 8
ALL = sorted(os.sched_getaffinity(0))


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


def pin(pid: int, *, last: bool) -> None:
    """Keep all threads of a process on the last processor, or on the others."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {ALL[-1]} if last else set(ALL[:-1]) or set(ALL))


def measured(off: Load, on: Load, kind: str, rounds: int) -> list[float]:
    """Return of one pair of servers: the four times in microseconds, and what is added to time and processor time, in percent."""
    blocks = []
    for turn in range(rounds):
        order = (off, on) if turn % 2 else (on, off)
        found = {id(load): load.block(kind) for load in order}
        blocks.append((found[id(off)], found[id(on)]))
    middle = [statistics.median(block[which][at] for block in blocks) for which in (0, 1) for at in (0, 1)]
    return middle + [statistics.median((block[1][at] / block[0][at] - 1) * 100 for block in blocks) for at in (0, 1)]


def pair(rounds: int, watched: dict[str, str], *, on_first: bool) -> dict[str, list[float]]:
    """Start one server of each kind, use them in turns, and stop them."""
    plain = {"LOG_LEVEL": "info", "LOG_FORMAT": "json", "RUNS_PER_USER": "16", "PYTHONHASHSEED": "0"}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        loads: dict[str, Load] = {}
        for name in ("on", "off") if on_first else ("off", "on"):
            place = Path(folder, name)
            place.mkdir()
            server = stack.enter_context(Server(place, **plain, **(watched if name == "on" else {})))
            pin(server.pid, last=True)
            loads[name] = Load(server)
        for load in (*loads.values(), *loads.values()):
            load.block("http"), load.block("runs")
        return {kind: measured(loads["off"], loads["on"], kind, rounds) for kind in ("http", "runs")}


def summary(found: list[list[float]]) -> dict[str, float]:
    columns = list(zip(*found, strict=True))
    names = ("off_us", "off_cpu_us", "on_us", "on_cpu_us")
    result = {name: round(statistics.median(column), 1) for name, column in zip(names, columns, strict=False)}
    for name, column in (("overhead_pct", columns[4]), ("cpu_overhead_pct", columns[5])):
        result[name] = round(statistics.fmean(column), 2)
        result[f"{name}_within"] = round(1.96 * statistics.stdev(column) / len(column) ** 0.5, 2) if len(column) > 1 else 100.0
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("pairs", nargs="?", type=int, default=60)
    parser.add_argument("rounds", nargs="?", type=int, default=4)
    parser.add_argument("ratio", nargs="?", default="0.1")
    given = parser.parse_args()
    here, there = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=sink, args=(there,), daemon=True)
    process.start()
    address = f"127.0.0.1:{here.recv()}"
    for pid in (os.getpid(), process.pid):
        pin(pid or 0, last=False)
    watched = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{address}",
        "OTEL_TRACES_SAMPLER_ARG": given.ratio,
        "SENTRY_DSN": f"http://{'0' * 32}@{address}/1",
        "SENTRY_DSN_WEB": f"http://{'0' * 32}@{address}/2",
    }
    found = []
    for turn in range(given.pairs):
        found.append(pair(given.rounds, {} if given.ratio == "off" else watched, on_first=bool(turn % 2)))
        print(json.dumps(found[-1]), file=sys.stderr)
    result = {kind: summary([each[kind] for each in found]) for kind in ("http", "runs")}
    worst = max(part[name] for part in result.values() for name in ("overhead_pct", "cpu_overhead_pct"))
    print(json.dumps({**vars(given), **result, "overhead_pct": worst}))
    process.terminate()


if __name__ == "__main__":
    main()
