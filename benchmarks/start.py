"""How long `make run` takes to be ready, with everything set up: first with an empty data folder, then again; and how long Ctrl+C takes.

Prints one JSON line: {"first_ms", "second_ms", "stop_ms", "rss_mb"} (second: the best of five).
"""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def resident_mb(group: int) -> float:
    listing = subprocess.run(["ps", "-o", "rss=", "--no-headers", "-g", str(group)], capture_output=True, text=True, check=False).stdout
    return sum(map(int, listing.split())) / 1024


def once(data: Path) -> tuple[float, float, float]:
    """Start `make run`, wait for /ready, stop it by Ctrl+C; return both times in ms, and the resident memory in MiB."""
    port = free_port()
    environment = dict(os.environ, PORT_BACKEND=str(port), DATA_DIR=str(data))
    begin = time.perf_counter()
    make = subprocess.Popen(
        ["make", "run"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=1) as reply:
                if reply.status == 200:
                    break
        except OSError:
            if make.poll() is not None:
                raise SystemExit("make run ended before it was ready") from None
            time.sleep(0.01)
    ready_ms, memory = (time.perf_counter() - begin) * 1000, resident_mb(make.pid)
    begin = time.perf_counter()
    os.killpg(make.pid, signal.SIGINT)
    make.wait(timeout=20)
    return ready_ms, (time.perf_counter() - begin) * 1000, memory


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        first_ms, _, _ = once(data)
        again = [once(data) for _ in range(5)]
    print(
        json.dumps(
            {
                "first_ms": round(first_ms),
                "second_ms": round(min(one[0] for one in again)),
                "stop_ms": round(max(one[1] for one in again)),
                "rss_mb": round(again[-1][2]),
            }
        )
    )


if __name__ == "__main__":
    main()
