"""The rendered nginx configuration at work: a real nginx in a folder of its own, the agent's links, and two stand-ins as slots.

    with Front() as front:                          # blue serves
        front.ask("/deep/link").status
    with Front(change=lambda text: text.replace(…)) as front: ...
    with Front(tls=True) as front: ...              # https on `port`, plain http on `http_port`
    with Front(ipv6=True) as front: front.address = "::1"

The slots tell what reached them, so that a test sees what the proxy does with a request; they are no stand-in for the app's behaviour.
"""

import contextlib
import gzip
import http.client
import json
import os
import shutil
import socket
import socketserver
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Final, Self, cast

from comfytavern.deploy.agent import disk, switch
from comfytavern.deploy.agent.context import Context, empty
from comfytavern.deploy.agent.paths import SLOTS, Paths
from comfytavern.deploy.render.site import NGINX as CONFIG
from comfytavern.deploy.render.site import Certificate, Site, render
from tests.golden.deploy.certificates import Authority
from tests.server import free_port

NGINX: Final = shutil.which("nginx") or "/usr/sbin/nginx"
DOMAIN: Final = "tavern.example.org"
RELEASES: Final = {"blue": "1.0.0+blue", "green": "2.0.0+green"}
LATER_S: Final = 0.6
"""Between the two halves of a stream."""
BROTLI: Final = Path("/usr/lib/nginx/modules/ngx_http_brotli_static_module.so")
IPV6: Final = Path("/proc/net/if_inet6").exists() and Path("/proc/net/if_inet6").read_text().strip() != ""
NO_IPV6: Final = "this box has no IPv6"
NO_BROTLI: Final = f"{BROTLI.name} is not on this box (tools/services.sh)"
WRAPPER: Final = """
{user}
{module}
worker_processes auto;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    include /etc/nginx/mime.types;
    access_log off;
    {temporary}
    include {config};
}}
"""


def wrapped(config: Path, folder: Path) -> Path:
    """Return an nginx.conf that includes a site's configuration, with everything else below `folder`."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    user = "user root;" if os.geteuid() == 0 else ""
    path = folder / "nginx.conf"
    module = f"load_module {BROTLI};" if "brotli_static" in config.read_text() else ""
    path.write_text(WRAPPER.format(user=user, module=module, folder=folder, temporary=temporary, config=config))
    return path


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        """What the slot was told, as it repeats it."""
        return json.loads(self.body)


class Front:
    """One site."""

    def __init__(
        self, *, tls: bool = False, brotli: bool = False, ipv6: bool = False, change: Callable[[str], str] = lambda text: text
    ) -> None:
        """Render it; `change` gets the text of the configuration and returns a worse one."""
        self.folder = Path(tempfile.mkdtemp(prefix="front-"))  # The path of a socket has at most 107 characters.
        self.paths = Paths(str(self.folder / "srv"), str(self.folder))
        self.address = "127.0.0.1"
        """Where it is asked."""
        self.tls, self.http_port = tls, free_port()
        self.port = free_port() if tls else self.http_port
        self.authority = Authority(self.folder)
        self._slots: dict[str, _Slot] = {}
        self._process: subprocess.Popen[bytes] | None = None
        given = Certificate(*map(str, self.authority.issue(DOMAIN))) if tls else None
        site = Site(
            root=self.paths.root, domain=DOMAIN, http_port=self.http_port, https_port=self.port, tls=given, ipv6=ipv6, brotli=brotli
        )
        text = change(render(site)[CONFIG]).replace("/run/comfytavern", self.paths.run)
        for port in {self.http_port, self.port}:
            text = text.replace(f"listen {port}", f"listen 127.0.0.1:{port}").replace(f"listen [::]:{port}", f"listen [::1]:{port}")
        self.config = self.folder / "site.conf"
        self.config.write_text(text)
        self._fill()

    def _fill(self) -> None:
        disk.make_folders(self.paths.run, self.paths.state, str(self.folder / "srv/shared/assets"))
        for slot, release in RELEASES.items():
            web = Path(self.paths.release(release)) / "web"
            (web / "assets").mkdir(parents=True)
            (web / "index.html").write_text(f"<html>{release}</html>")
            script = f"// {release}\n".encode() * 200
            (web / "assets" / f"app-{slot}.js").write_bytes(script)
            (web / "assets" / f"app-{slot}.js.br").write_bytes(b"as brotli")
            (web / "assets" / f"app-{slot}.js.gz").write_bytes(gzip.compress(b"/* compressed beforehand */" + script))
        shared = self.folder / "srv/shared"
        (shared / "assets/app-earlier.js").write_text("// 0.9.0\n")
        (shared / "secret").write_text("a secret")
        (shared / "acme/.well-known/acme-challenge").mkdir(parents=True)
        (shared / "acme/.well-known/acme-challenge/token").write_text("proof")
        state = {**empty(), "active": "blue", "driver": "systemd"}
        state["slots"] = {slot: {"release": release, "state": "ready", "since": None} for slot, release in RELEASES.items()}
        disk.write_json(f"{self.paths.state}/state.json", state)
        self.weigh(0)

    def weigh(self, percent: int) -> None:
        """Send so many percent to green, as the agent does."""
        switch.send_to(Context(self.paths, "setw"), {"green": percent, "blue": 100 - percent} if percent else {"blue": 100})

    def __enter__(self) -> Self:
        try:
            for slot in SLOTS:
                self._slots[slot] = _Slot(self.paths.socket(slot), RELEASES[slot])
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
        for slot in self._slots.values():
            slot.shutdown()
            slot.server_close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self) -> None:
        command = [NGINX, "-c", str(wrapped(self.config, self.folder)), "-p", str(self.folder), "-e", str(self.folder / "error.log")]
        self._process = subprocess.Popen(command)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            assert self._process.poll() is None, (self.folder / "error.log").read_text()
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.01)
        raise AssertionError("nginx does not listen")

    # asking

    def ask(self, path: str, method: str = "GET", *, body: bytes | None = None, plain: bool = False, **headers: str) -> Answer:
        """Return the answer to a request for exactly this path; `plain`: by http also when the site has TLS."""
        connection = self.connect(plain=plain)
        try:
            given = {"Host": DOMAIN} | {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body=body, headers=given)
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def connect(self, *, plain: bool = False) -> http.client.HTTPConnection:
        """Return a connection to the site; a certificate it does not trust is an error."""
        if not self.tls or plain:
            return http.client.HTTPConnection(self.address, self.http_port, timeout=10)
        connection = http.client.HTTPSConnection(
            DOMAIN, self.port, timeout=10, context=ssl.create_default_context(cafile=self.authority.file)
        )
        connection.sock = connection._context.wrap_socket(  # type: ignore[attr-defined] -- the name is not in DNS
            socket.create_connection((self.address, self.port), timeout=10), server_hostname=DOMAIN
        )
        return connection


class _Slot(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """A stand-in for the app on a unix socket."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, path: str, release: str) -> None:
        super().__init__(path, _Handler)
        self.release = release
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        asked = (self.headers.get("Upgrade", "").lower(), self.headers.get("Connection", "").lower())
        if self.path == "/ws" and asked == ("websocket", "upgrade"):
            self._socket()
        elif self.path == "/api/stream":
            self._stream()
        else:
            self._tell()

    def do_POST(self) -> None:
        self._tell(len(self.rfile.read(int(self.headers.get("Content-Length", "0")))))

    def _tell(self, received: int = 0) -> None:
        release = cast("_Slot", self.server).release
        told = {"release": release, "path": self.path, "headers": {name.lower(): value for name, value in self.headers.items()}}
        body = json.dumps({**told, "received": received}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("X-Accel-Buffering", "no")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for part in (b"data: first\n\n", b"data: second\n\n"):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.flush()
            time.sleep(LATER_S)
        self.wfile.write(b"0\r\n\r\n")

    def _socket(self) -> None:
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.end_headers()
        self.wfile.write(self.rfile.read(4))
        self.close_connection = True

    def address_string(self) -> str:
        return "nginx"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
