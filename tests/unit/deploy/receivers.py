"""Real receivers on loopback for what is told of a deployment: an HTTP server for webhooks, a mail server with TLS and logins.

with Hooks() as hooks, Post(tls="starttls", user="olive", password="secret") as post:
    … hooks.url, post.url …
    hooks.taken, post.mails
"""

import json
import ssl
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


@dataclass
class Taken:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> dict[str, Any]:
        return json.loads(self.body)


class Hooks:
    """An HTTP server that answers with `answers` in turn, then with 200."""

    def __init__(self, *answers: int, address: str = "127.0.0.1") -> None:
        self.asked: list[Taken] = []
        """Every request."""
        self.taken: list[Taken] = []
        """Those that were answered with 200."""
        left = list(answers)
        hooks = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                taken = Taken(self.path, dict(self.headers), self.rfile.read(int(self.headers["Content-Length"])))
                hooks.asked.append(taken)
                status = left.pop(0) if left else 200
                if status == 200:
                    hooks.taken.append(taken)
                self.send_response(status)
                if status in {301, 302, 307, 308}:
                    self.send_header("Location", f"{hooks.url}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer((address, 0), Handler)
        self.url = f"http://{address}:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Post:
    """A mail server. `tls`: "", "starttls" (required then) or "tls"; with a `user`, a login is required."""

    tls: str = ""
    user: str = ""
    password: str = ""
    answers: list[str] = field(default_factory=list)
    """Answers to mails in turn, such as "451 Later"; then they are taken."""
    folder: Path | None = None
    """Where the certificate is made; its file `ca.pem` is what clients have to trust."""
    address: str = "127.0.0.1"

    def __post_init__(self) -> None:
        self.mails: list[Message] = []
        self.to: list[list[str]] = []
        context = self._context() if self.tls else None
        options: dict[str, Any] = (
            {"authenticator": self._login, "auth_required": True, "auth_require_tls": self.tls == "starttls"} if self.user else {}
        )
        if self.tls == "starttls":
            options |= {"tls_context": context, "require_starttls": True}

        class Server(Controller):
            def factory(self) -> SMTP:
                return SMTP(self.handler, **options, hostname="mail.test", enable_SMTPUTF8=True)

        if self.tls == "tls":
            self._server = Server(self, self.address, 0, ssl_context=context)
        else:
            self._server = Server(self, self.address, 0)

    def _context(self) -> ssl.SSLContext:
        assert self.folder
        key, certificate = self.folder / "key.pem", self.folder / "ca.pem"
        name = ["-subj", "/CN=mail.test", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", key, "-out", certificate, *name],
            check=True,
            capture_output=True,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context

    def _login(self, *args: Any) -> AuthResult:
        given = args[-1]
        right = isinstance(given, LoginPassword) and given == LoginPassword(self.user.encode(), self.password.encode())
        return AuthResult(success=right, handled=False)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd calls it so
        if self.answers:
            return self.answers.pop(0)
        self.mails.append(message_from_bytes(envelope.original_content))
        self.to.append(envelope.rcpt_tos)
        return "250 OK"

    @property
    def port(self) -> int:
        assert self._server.server
        return self._server.server.sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        scheme = {"": "smtp+plain", "starttls": "smtp", "tls": "smtps"}[self.tls]
        login = f"{self.user}:{self.password}@" if self.user else ""
        return f"{scheme}://{login}{self.address}:{self.port}"

    enter: Callable[[], None] = lambda: None
    """Called by the thread that opens the socket: to go onto another network first."""

    def __enter__(self) -> Self:
        # the controller's own start connects to its port, which is not known before it is bound to 0
        self._server._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self._server._thread.start()
        assert self._ready.wait(10)
        return self

    def _run(self) -> None:
        import asyncio

        self.enter()
        asyncio.set_event_loop(self._server.loop)
        self._server.server = self._server.loop.run_until_complete(self._server._create_server())
        self._ready.set()
        self._server.loop.run_forever()
        self._server.server.close()
        self._server.loop.close()

    def __exit__(self, *_: object) -> None:
        self._server.loop.call_soon_threadsafe(self._server.loop.stop)
        assert self._server._thread
        self._server._thread.join(10)
