"""A real server for tests: `python -m comfytavern serve` on a free port, with a data folder of its own.

    with Server(tmp_path) as server:            # started, /ready is good
        owner = server.owner()                  # an httpx.Client with the owner's session; the first call creates the owner
        run = owner.post("/api/runs", params={"wait": True}, json={...}).json()
        member = server.member("Ann")           # another person
        server.kill(); server.start()           # kill -9, and again on the same data

A browser test gives the page the session of `server.cookie(client)`.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx

NAME, PASSWORD = "Olive", "correct horse battery staple"
START_S, STOP_S = 60.0, 20.0
COOKIE = "ct_session"


class Server:
    """One data folder, and the process that serves it."""

    def __init__(self, folder: Path, **settings: str) -> None:
        """Prepare; `settings` are environment variables."""
        self.data = folder / "data"
        self.log = folder / "server.log"
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self._settings = {"COMFYTAVERN_ENV": "development", "DATA_DIR": str(self.data), "PORT_BACKEND": str(self.port), **settings}
        self._clients: list[httpx.Client] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = folder

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients:
            client.close()
        self.stop()

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start, and return when it is ready."""
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV"}}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "comfytavern", "serve"],
                cwd=self._folder,
                env=kept | {"PYTHONUNBUFFERED": "1"} | self._settings,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.kill()
            raise

    def _wait_until_ready(self) -> None:
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            assert self._process is not None
            if self._process.poll() is not None:
                raise AssertionError(f"the server ended with {self._process.returncode}:\n{self.printed()}")
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/ready", timeout=5).status_code == 200 and "is ready" in self.printed():
                    return
            time.sleep(0.05)
        raise AssertionError(f"the server is not ready after {START_S:.0f} s:\n{self.printed()}")

    def stop(self) -> int:
        """Stop as Ctrl+C does; return the exit code."""
        return self._end(signal.SIGINT)

    def kill(self) -> None:
        """End the process at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        assert self._process is not None
        self._process.send_signal(number)

    def wait(self) -> int:
        """Return the exit code of a process that was told to end."""
        assert self._process is not None
        return self._process.wait(STOP_S)

    def _end(self, by: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        if process.poll() is None:
            process.send_signal(by)
        try:
            return process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_S)
            raise AssertionError(f"the server did not stop within {STOP_S:.0f} s:\n{self.printed()}") from None

    def printed(self) -> str:
        """Everything the server has written to its terminal."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    @property
    def setup_link(self) -> str:
        """The newest one-time link that a start has printed; empty when there is none."""
        links = [word for word in self.printed().split() if "/setup?token=" in word]
        return links[-1] if links else ""

    @property
    def setup_token(self) -> str:
        """The token of that link."""
        return parse_qs(urlsplit(self.setup_link).query)["token"][0]

    def client(self, **given: Any) -> httpx.Client:
        """Return a client of a browser on one of our pages: it sends our Origin. Nobody is logged in."""
        headers = {"Origin": self.url} | given.pop("headers", {})
        client = httpx.Client(base_url=self.url, headers=headers, timeout=30, **given)
        self._clients.append(client)
        return client

    def owner(self) -> httpx.Client:
        """Return a client with the owner's session; the first call creates the owner."""
        client = self.client()
        if client.get("/api/setup").json()["needed"]:
            answer = client.post("/api/setup", json={"token": self.setup_token, "name": NAME, "password": PASSWORD})
        else:
            answer = client.post("/api/login", json={"name": NAME, "password": PASSWORD})
        assert answer.is_success, answer.text
        return client

    def member(self, name: str, password: str = PASSWORD) -> httpx.Client:
        """Return a client with the session of another person, who is added when there is none of that name."""
        self.owner().post("/api/users", json={"name": name, "password": password})
        client = self.client()
        answer = client.post("/api/login", json={"name": name, "password": password})
        assert answer.is_success, answer.text
        return client

    def token(self) -> str:
        """Return a bearer token of the owner."""
        self.owner()
        return self.client().post("/api/token", json={"name": NAME, "password": PASSWORD}).json()["access_token"]

    def cookie(self, client: httpx.Client) -> dict[str, str]:
        """Return the client's session as a browser context takes it: `context.add_cookies([server.cookie(owner)])`."""
        return {"name": COOKIE, "value": client.cookies[COOKIE], "url": self.url}


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
