"""Google Secret Manager on loopback: a gRPC server that speaks its protocol, over TLS with tokens or in the open as emulators do."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Self

os.environ.setdefault("GRPC_VERBOSITY", "NONE")
import grpc
import jwt
from google.cloud.secretmanager_v1.types import resources, service

from tests.clouds.fault import Fault
from tests.clouds.tls import Pki

DOOR = "/google.cloud.secretmanager.v1.SecretManagerService/"
CODES = {
    Fault.DENIED: grpc.StatusCode.PERMISSION_DENIED,
    Fault.MISSING: grpc.StatusCode.NOT_FOUND,
    Fault.THROTTLED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Fault.EXPIRED: grpc.StatusCode.UNAUTHENTICATED,
    Fault.BROKEN: grpc.StatusCode.INTERNAL,
    Fault.DISABLED: grpc.StatusCode.FAILED_PRECONDITION,
}


@dataclass
class Google:
    """A running fake: secrets by whole name, `projects/P/secrets/S/versions/V`. Every call it sees is in `asked`."""

    pki: Pki | None = None
    """With it there is TLS, and callers show a token that `key` has signed."""
    key: Any = None
    secrets: dict[str, bytes] = field(default_factory=dict)
    fault: Fault = Fault.NONE
    asked: list[str] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._server = grpc.server(ThreadPoolExecutor(16, thread_name_prefix="fake-google"))
        self._server.add_generic_rpc_handlers((_Handler(self),))
        if self.pki is None:
            self.port = self._server.add_insecure_port("127.0.0.1:0")
        else:
            shown = [(self.pki.key.read_bytes(), self.pki.certificate.read_bytes())]
            self.port = self._server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials(shown))
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_on.set()
        self._server.stop(None)

    @property
    def endpoint(self) -> str:
        """What SECRET_MANAGER_ENDPOINT says."""
        return f"{'https' if self.pki else 'http'}://localhost:{self.port}"

    def access(self, request: service.AccessSecretVersionRequest, context: Any) -> Any:
        """AccessSecretVersion."""
        self._check(context, request.name)
        name = request.name.replace("/versions/latest", "/versions/1")
        if name not in self.secrets:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Secret [{request.name}] not found or has no versions.")
        return service.AccessSecretVersionResponse(name=name, payload=resources.SecretPayload(data=self.secrets[name]))

    def list(self, request: service.ListSecretsRequest, context: Any) -> Any:
        """ListSecrets, two at a page."""
        self._check(context, request.parent)
        names = sorted({name.partition("/versions/")[0] for name in self.secrets if name.startswith(f"{request.parent}/secrets/")})
        start = int(request.page_token or 0)
        page = [resources.Secret(name=name) for name in names[start : start + 2]]
        more = str(start + 2) if start + 2 < len(names) else ""
        return service.ListSecretsResponse(secrets=page, next_page_token=more, total_size=len(names))

    def _check(self, context: Any, name: str) -> None:
        told = dict(context.invocation_metadata())
        self.asked.append(name)
        if self.pki is not None:
            try:
                jwt.decode(
                    told.get("authorization", "").removeprefix("Bearer "), self.key, algorithms=["RS256"], options={"verify_aud": False}
                )
            except jwt.InvalidTokenError as error:
                context.abort(grpc.StatusCode.UNAUTHENTICATED, f"Request had invalid authentication credentials: {error}")
        if self.fault is Fault.SLOW:
            until = time.monotonic() + 30
            while time.monotonic() < until and not self.go_on.wait(0.05) and context.is_active():
                pass
        if self.fault in CODES:
            context.abort(CODES[self.fault], "hunter2hunter2")


class _Handler(grpc.GenericRpcHandler):
    def __init__(self, google: Google) -> None:
        self._google = google

    def service(self, handler_call_details: Any) -> Any:
        """Choose by the name of the method."""
        google = self._google
        asks = {
            "AccessSecretVersion": (google.access, service.AccessSecretVersionRequest, service.AccessSecretVersionResponse),
            "ListSecrets": (google.list, service.ListSecretsRequest, service.ListSecretsResponse),
        }
        work, asked, answered = asks[handler_call_details.method.removeprefix(DOOR)]
        spoil = google.fault is Fault.MALFORMED
        return grpc.unary_unary_rpc_method_handler(
            work, asked.deserialize, (lambda _: b"<html>hunter2hunter2</html>") if spoil else answered.serialize
        )
