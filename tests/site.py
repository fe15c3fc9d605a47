"""A real nginx in front of a real server, for tests: the web app from a folder, the API by proxy, and one thing wrong if so wished.

with Site(server, tmp_path) as site: ...                       # everything as it should be
with Site(server, tmp_path, SEEDED["websocket"]) as site: ...  # one line of the configuration is another
"""

import shutil
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.server import Server, free_port

WEB = Path(__file__).resolve().parents[1] / "web" / "dist"
NGINX = "/usr/sbin/nginx"

CONFIG = """
user root; worker_processes 1; daemon off; error_log {folder}/error.log; pid {folder}/nginx.pid;
events {{ worker_connections 512; }}
http {{
  include /etc/nginx/mime.types; access_log off; server_tokens off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  gzip_static on; gzip on; gzip_vary on; gzip_types text/css text/javascript application/javascript application/json;
  map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
  map $uri $policy {{ default "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; worker-src 'self' blob:"; }}
  server {{
    listen 127.0.0.1:{port}{tls};
    root {root}; client_max_body_size 64m;
    proxy_http_version 1.1; proxy_set_header Host $http_host; proxy_read_timeout 1h;
    add_header Content-Security-Policy $policy always; add_header X-Content-Type-Options nosniff always; add_header Referrer-Policy same-origin always;
    add_header Strict-Transport-Security "max-age=31536000" always; add_header Cache-Control no-cache;
    location / {{ try_files $uri /index.html; }}
    location /assets/ {{
      add_header Cache-Control "public, max-age=31536000, immutable";
      add_header Content-Security-Policy $policy always; add_header X-Content-Type-Options nosniff always; try_files $uri =404;
    }}
    location = /metrics {{ return 404; }}
    location ~ ^/(api|health|ready|version)(/|$) {{ proxy_pass http://127.0.0.1:{backend}; proxy_buffering off; add_header X-Proxy 1; }}
    location = /ws {{ proxy_pass http://127.0.0.1:{backend}; proxy_set_header Host $http_host; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade; }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake: `old` in the configuration is `new`; `found_by` names the check that must fail, with `words` in its sentence."""

    found_by: str
    old: str
    new: str
    words: str
    browser: bool = False


API = "location ~ ^/(api|health|ready|version)(/|$) {{ proxy_pass"
SEEDED = {
    "websocket without upgrade": Fault("websocket", "proxy_set_header Upgrade $http_upgrade;", "", "upgrade"),
    "page kept for a year": Fault("page cache", "add_header Cache-Control no-cache;", "expires 1y;", "may be kept"),
    "assets not kept": Fault("asset cache", 'add_header Cache-Control "public, max-age=31536000, immutable";', "", "not kept"),
    "fallback covers assets": Fault("lost asset", "try_files $uri =404;", "try_files $uri /index.html;", "answers 200"),
    "no fallback": Fault("deep link", "try_files $uri /index.html; }}\n    location /assets", "try_files $uri =404; }}\n    location /assets", "404"),
    "no compression": Fault("compression", "gzip_static on; gzip on;", "", "uncompressed"),
    "no content policy": Fault("headers", "add_header Content-Security-Policy $policy always; add_header X", "add_header X", "content-security-policy"),
    "public metrics": Fault("metrics", "location = /metrics {{ return 404; }}", 'location = /metrics {{ return 200 "comfytavern_up 1"; }}', "everybody"),
    "small uploads": Fault("uploads", "client_max_body_size 64m;", "client_max_body_size 1m;", "413"),
    "stream held back": Fault("workflow", "proxy_buffering off;", "proxy_ignore_headers X-Accel-Buffering; gzip_types text/event-stream; gzip_min_length 0;", "all at once"),
    "API not proxied": Fault("unknown api", "(api|health|ready|version)(/|$)", "(health|ready|version)(/|$)", "200"),
    "back end down": Fault("alive", "proxy_pass http://127.0.0.1:{backend}; proxy_buffering", "proxy_pass http://127.0.0.1:9; proxy_buffering", "502"),
    "web app of another release": Fault("version", "location = /metrics", 'location = /version.json {{ default_type application/json; return 200 \'{{"release":"0.0.1+other"}}\'; }}\n location = /metrics', "0.0.1+other"),
    "wrong folder": Fault("page", "root {root};", "root {folder};", "500"),
    "script that breaks": Fault("browser", "location = /metrics", "location ~ ^/assets/index-.*\\.js$ {{ default_type text/javascript; return 200 'throw new Error(\"broken\")'; }}\n location = /metrics", "browser", browser=True),
}  # fmt: skip
"""The mistakes that people make, each with what must find it. The certificate, the hosts, the login and the log have tests of their own."""


class Site:
    """One nginx on a free port of 127.0.0.1."""

    def __init__(self, server: Server, folder: Path, fault: Fault | None = None, *, certificate_days: float | None = None) -> None:
        """Prepare; with `certificate_days` the site speaks TLS with a certificate of its own, good for so long."""
        self.folder = folder / f"site-{time.monotonic_ns()}"
        self.folder.mkdir(parents=True)
        self.port = free_port()
        self.url = f"{'https' if certificate_days else 'http'}://localhost:{self.port}"
        self.ca = self.folder / "site.crt"
        tls = ""
        if certificate_days:
            _certificate(self.folder, certificate_days)
            tls = f" ssl; ssl_certificate {self.ca}; ssl_certificate_key {self.folder}/site.key"
        config = CONFIG
        if fault:
            assert fault.old in config
            config = config.replace(fault.old, fault.new)
        shutil.copytree(WEB, self.folder / "web")
        backend = server.port
        (self.folder / "nginx.conf").write_text(
            config.format(folder=self.folder, root=self.folder / "web", port=self.port, backend=backend, tls=tls)
        )
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [NGINX, "-p", str(self.folder), "-e", f"{self.folder}/error.log", "-c", f"{self.folder}/nginx.conf"]
        )
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                httpx.get(self.url, verify=False)
            except httpx.TransportError:
                assert self._process.poll() is None, (self.folder / "error.log").read_text()
                time.sleep(0.02)
            else:
                return self
        raise AssertionError("nginx does not answer")

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(10)


def _certificate(folder: Path, days: float) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "site.crt").write_bytes(certificate.public_bytes(pem))
    (folder / "site.key").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
