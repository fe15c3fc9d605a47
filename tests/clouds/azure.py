"""Azure on loopback, over TLS: the login service, managed identity, Key Vault with its challenge, App Configuration with tokens or HMAC."""

import base64
import contextlib
import hashlib
import hmac
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from tests.clouds.fault import Fault
from tests.clouds.tls import Pki

TENANT, CLIENT, PASSWORD = "5e0b2c1a-0000-4000-8000-000000000001", "5e0b2c1a-0000-4000-8000-000000000002", "client-secret-of-a-test"
VAULT, STORE = "https://vault.azure.net", "https://appconfig.azure.com"
KEY_ID, KEY = "access-key", base64.b64encode(b"a key of the store that nobody knows").decode()
STATUS = {Fault.DENIED: 403, Fault.MISSING: 404, Fault.THROTTLED: 429, Fault.BROKEN: 500, Fault.DISABLED: 403, Fault.EXPIRED: 401}
CODE = {
    Fault.DENIED: "Forbidden",
    Fault.MISSING: "SecretNotFound",
    Fault.THROTTLED: "Throttled",
    Fault.BROKEN: "InternalError",
    Fault.DISABLED: "Forbidden",
    Fault.EXPIRED: "Unauthorized",
}


@dataclass
class Setting:
    """One setting of a store."""

    value: str
    label: str = ""
    content_type: str = ""


@dataclass
class Azure:
    """A running fake. Every request it sees is in `asked`."""

    pki: Pki
    vault: dict[str, str] = field(default_factory=dict)
    """Secrets by name; `name/version` for one version."""
    store: dict[str, list[Setting]] = field(default_factory=dict)
    fault: Fault = Fault.NONE
    login_refused: str = ""
    """What the login service says instead of a token."""
    tokens: dict[str, str] = field(default_factory=dict)
    """The resource that a token is good for."""
    asked: list[str] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        fake = self

        class Door(_Door):
            azure = fake

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self._server.daemon_threads = True
        self._server.socket = self.pki.server().wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """The address of everything."""
        return f"https://127.0.0.1:{self._server.server_port}"

    @property
    def connection(self) -> str:
        """The store's connection string."""
        return f"Endpoint={self.url};Id={KEY_ID};Secret={KEY}"

    @property
    def principal(self) -> dict[str, str]:
        """The environment of a process with a service principal."""
        named = {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": CLIENT, "AZURE_CLIENT_SECRET": PASSWORD}
        return named | {"AZURE_AUTHORITY_HOST": self.url, "REQUESTS_CA_BUNDLE": str(self.pki.authority)}

    @property
    def managed(self) -> dict[str, str]:
        """The environment of a process with a managed identity, as App Service gives it."""
        return {"IDENTITY_ENDPOINT": f"{self.url}/msi/token", "IDENTITY_HEADER": "header", "REQUESTS_CA_BUNDLE": str(self.pki.authority)}


class _Door(BaseHTTPRequestHandler):
    azure: Azure
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        self.azure.asked.append(f"POST {urlsplit(self.path).path}")
        given = {name: values[0] for name, values in parse_qs(body).items()}
        if self.azure.login_refused:
            said = f"{self.azure.login_refused}: The provided client secret keys are expired."
            self._send(401, {"error": "invalid_client", "error_description": said, "error_codes": [7000222]})
        elif given.get("client_secret") != PASSWORD or given.get("client_id") != CLIENT:
            self._send(401, {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."})
        else:
            self._send(200, self._token(given["scope"].removesuffix("/.default")))

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.azure.asked.append(f"GET {parts.path}")
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        if parts.path.endswith("/.well-known/openid-configuration"):
            base = f"{self.azure.url}/{TENANT}"
            self._send(
                200,
                {
                    "issuer": f"{base}/v2.0",
                    "token_endpoint": f"{base}/oauth2/v2.0/token",
                    "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                },
            )
        elif parts.path == "/msi/token":
            good = self.headers.get("X-IDENTITY-HEADER") == "header"
            told = self._token(query["resource"].removesuffix("/.default")) | {"expires_on": str(int(time.time()) + 3600)}
            self._send(200 if good else 401, told if good else {"statusCode": 401, "message": "no"})
        elif parts.path.startswith("/secrets"):
            if self._bearer(VAULT) and not self._wrong():
                self._vault([unquote(each) for each in parts.path.strip("/").split("/")[1:]])
        elif (self._bearer(STORE) if self.headers.get("Authorization", "").startswith("Bearer") else self._signed()) and not self._wrong():
            self._store(unquote(parts.path.removeprefix("/kv").removeprefix("/")), query)

    def _token(self, resource: str) -> dict[str, Any]:
        token = secrets.token_urlsafe(24)
        self.azure.tokens[token] = resource
        return {"access_token": token, "token_type": "Bearer", "expires_in": 3600, "resource": resource}

    def _bearer(self, resource: str) -> bool:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.azure.fault is not Fault.EXPIRED and self.azure.tokens.get(token, "").endswith(resource.removeprefix("https://")):
            return True
        challenge = f'Bearer authorization="{self.azure.url}/{TENANT}", resource="{resource}"'
        self._send(
            401, {"error": {"code": "Unauthorized", "message": "AKV10000: Request is missing a token."}}, {"WWW-Authenticate": challenge}
        )
        return False

    def _signed(self) -> bool:
        """Check HMAC-SHA256 as the service does."""
        told = self.headers.get("Authorization", "").removeprefix("HMAC-SHA256 ")
        given = {name: value for name, _, value in (part.partition("=") for part in told.split("&"))}
        values = ";".join(self.headers.get(name, "") for name in given.get("SignedHeaders", "").split(";"))
        digest = hmac.new(base64.b64decode(KEY), f"GET\n{self.path}\n{values}".encode(), hashlib.sha256).digest()
        right = hmac.compare_digest(base64.b64encode(digest).decode(), given.get("Signature", "")) and given.get("Credential") == KEY_ID
        if not right or self.azure.fault is Fault.EXPIRED:
            self._send(401, {"title": "Unauthorized"}, {"WWW-Authenticate": 'HMAC-SHA256, error="invalid_token"'})
            return False
        return True

    def _wrong(self) -> bool:
        fault = self.azure.fault
        if fault is Fault.SLOW:
            self.azure.go_on.wait(30)
        if fault in {Fault.NONE, Fault.SLOW}:
            return False
        if fault is Fault.MALFORMED:
            self._send(200, "<html>hunter2hunter2</html>")
            return True
        inner = {"innererror": {"code": "SecretDisabled"}} if fault is Fault.DISABLED else {}
        headers = {"Retry-After": "60"} if fault is Fault.THROTTLED else {}
        self._send(STATUS[fault], {"error": {"code": CODE[fault], "message": "hunter2hunter2", **inner}}, headers)
        return True

    def _vault(self, path: list[str]) -> None:
        known, base = self.azure.vault, f"{self.azure.url}/secrets"
        if not path:
            names = [name for name in known if "/" not in name]
            self._send(200, {"value": [{"id": f"{base}/{name}", "attributes": {"enabled": True}} for name in names], "nextLink": None})
            return
        name = "/".join(path)
        if name not in known:
            self._send(
                404, {"error": {"code": "SecretNotFound", "message": f"A secret with (name/id) {name} was not found in this key vault."}}
            )
            return
        version = path[1] if len(path) > 1 else "0" * 32
        self._send(200, {"value": known[name], "id": f"{base}/{path[0]}/{version}", "attributes": {"enabled": True}})

    def _store(self, key: str, query: dict[str, str]) -> None:
        label = query.get("label", "").replace("\0", "")
        if key:
            found = next((each for each in self.azure.store.get(key, []) if each.label == label), None)
            self._send(200, _told(key, found)) if found else self._send(404, "")
            return
        pattern = query["key"].replace("\\", "")
        items = [
            _told(name, each)
            for name, some in self.azure.store.items()
            if fnmatchcase(name, pattern)
            for each in some
            if each.label == label
        ]
        self._send(200, {"items": items}, {"Content-Type": "application/vnd.microsoft.appconfig.kvset+json"})

    def _send(self, status: int, told: Any, headers: dict[str, str] | None = None) -> None:
        body = (told if isinstance(told, str) else json.dumps(told)).encode()
        with contextlib.suppress(OSError):  # Whoever asked may have gone.
            self._write(status, body, {"Content-Type": "application/json"} | (headers or {}))

    def _write(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _told(key: str, setting: Setting) -> dict[str, Any]:
    return {
        "key": key,
        "value": setting.value,
        "label": setting.label or None,
        "content_type": setting.content_type,
        "etag": "e",
        "locked": False,
        "tags": {},
        "last_modified": "2026-01-01T00:00:00+00:00",
    }
