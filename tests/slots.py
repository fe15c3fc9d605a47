"""Two servers on one database behind a real nginx, as a host of a deployment has them: `blue` and `green`, on unix sockets.

    with Slots(folder) as slots:       # blue serves
        slots.switch("green")          # green starts if need be, people are sent there, blue drains
        slots.url                      # what people use

nginx connects to a symbolic link; a switch renames another one over it. nginx never retries, so every failure is seen.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import httpx

from tests.server import NAME, PASSWORD, START_S, free_port

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
CONFIG = """
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
daemon off;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  {temp}
  client_max_body_size 64m;
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
  server {{
    listen 127.0.0.1:{port} backlog=2048;
    keepalive_requests 100000;
    location / {{
      proxy_pass http://unix:{folder}/active.sock;
      proxy_http_version 1.1;
      proxy_next_upstream off;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_buffering off;
      proxy_read_timeout 3600s;
    }}
  }}
}}
"""


class Slots:
    """A folder with two slots, and the nginx in front of them."""

    def __init__(self, folder: Path, **settings: str) -> None:
        """Prepare; `settings` are environment variables of both."""
        self.data, self.log, self.port = folder / "data", folder / "slots.log", free_port()
        self.url = f"http://localhost:{self.port}"
        self.active = ""
        self._settings = {"COMFYTAVERN_ENV": "development", "DATA_DIR": str(self.data), "API_BASE_URL": self.url} | settings
        self._short = Path(tempfile.mkdtemp(prefix="slots-"))  # The path of a socket has at most 107 characters.
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._nginx: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start("blue")
            self.send_to("blue")
            self._start_nginx()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop everything."""
        for process in [self._nginx, *self._processes.values()]:
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGINT if process is not self._nginx else signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(10)
                process.kill()
                process.wait(10)
        shutil.rmtree(self._short, ignore_errors=True)

    def socket(self, slot: str) -> Path:
        """Return where a slot listens."""
        return self._short / f"{slot}.sock"

    def pid(self, slot: str) -> int:
        """Return the process of a slot."""
        return self._processes[slot].pid

    def start(self, slot: str, **settings: str) -> None:
        """Start a slot, and return when it is ready."""
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV"}}
        own = {"COMFYTAVERN_SLOT": slot, "COMFYTAVERN_RELEASE": f"1.0.0+{slot}", "PYTHONUNBUFFERED": "1"}
        with self.log.open("ab") as log:
            self._processes[slot] = subprocess.Popen(
                [sys.executable, "-m", "comfytavern", "serve", "--uds", str(self.socket(slot))],
                cwd=self.log.parent,
                env=kept | self._settings | own | settings,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.until(lambda: self.ready(slot)["status"] == "ready", f"{slot} is not ready")

    def ready(self, slot: str) -> dict[str, Any]:
        """Return what a slot says of itself; nothing but a status `down` when it does not answer."""
        with contextlib.suppress(httpx.TransportError), httpx.Client(transport=httpx.HTTPTransport(uds=str(self.socket(slot)))) as client:
            return client.get("http://slot/ready", timeout=5).json()
        return {"status": "down"}

    def send_to(self, slot: str) -> None:
        """Send everybody who comes from now on to a slot: one rename."""
        beside = self._short / "active.new"
        beside.symlink_to(self.socket(slot).name)
        beside.rename(self._short / "active.sock")
        self.active = slot

    def signal(self, slot: str, number: signal.Signals) -> None:
        """Send a signal to a slot."""
        self._processes[slot].send_signal(number)

    def switch(self, to: str) -> str:
        """Send everybody to `to`, which is started or takes part again, and let the other drain; return the other's name."""
        before = self.active
        if to in self._processes and self._processes[to].poll() is None:
            self.signal(to, signal.SIGUSR2)
            self.until(lambda: self.ready(to)["status"] == "ready", f"{to} is not ready again")
        else:
            self.start(to)
        self.send_to(to)
        self.signal(before, signal.SIGUSR1)
        return before

    def stopped(self, slot: str, seconds: float = 40.0) -> int:
        """Return the exit code of a slot that was told to stop."""
        return self._processes[slot].wait(seconds)

    def until(self, fulfilled: Callable[[], bool], otherwise: str, seconds: float = START_S) -> None:
        """Return when it is fulfilled; say `otherwise` when it is not in time."""
        end = time.monotonic() + seconds
        while not fulfilled():
            assert time.monotonic() < end, f"{otherwise}:\n{self.log.read_text()[-4000:]}"
            time.sleep(0.03)

    def owner(self) -> httpx.Client:
        """Return a client with the owner's session; the first call creates the owner."""
        client = httpx.Client(base_url=self.url, headers={"Origin": self.url}, timeout=30)
        if client.get("/api/setup").json()["needed"]:
            token = [word.partition("token=")[2] for word in self.log.read_text().split() if "/setup?token=" in word][-1]
            answer = client.post("/api/setup", json={"token": token, "name": NAME, "password": PASSWORD})
        else:
            answer = client.post("/api/login", json={"name": NAME, "password": PASSWORD})
        assert answer.is_success, answer.text
        return client

    def _start_nginx(self) -> None:
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temp = " ".join(f"{kind}_temp_path {self._short}/{kind};" for kind in kinds)
        user = "user root;" if os.geteuid() == 0 else ""
        config = self._short / "nginx.conf"
        config.write_text(CONFIG.format(folder=self._short, port=self.port, temp=temp, user=user))
        self._nginx = subprocess.Popen([NGINX, "-c", str(config), "-p", str(self._short), "-e", str(self._short / "nginx.log")])

        def answers() -> bool:
            with contextlib.suppress(httpx.TransportError):
                return httpx.get(f"{self.url}/health", timeout=5).is_success
            return False

        self.until(answers, "nginx does not answer")
