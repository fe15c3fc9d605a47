"""AWS on loopback: moto's own server, behind a door that can answer in its place with what AWS answers when something is wrong."""

import json
import threading
from collections.abc import Iterable
from typing import Any, Self

import boto3
import httpx
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.clouds.fault import Fault

REGION = "eu-west-1"
ERRORS = {
    Fault.DENIED: (400, "AccessDeniedException"),
    Fault.MISSING: (400, "ResourceNotFoundException"),
    Fault.THROTTLED: (400, "ThrottlingException"),
    Fault.EXPIRED: (400, "ExpiredTokenException"),
    Fault.BROKEN: (500, "InternalServerError"),
    Fault.DISABLED: (400, "InvalidRequestException"),
}


class Aws:
    """A running fake; `environ` leads boto3 to it. Every request it sees is in `asked`; with `together` all are answered when all are there."""

    def __init__(self) -> None:
        self.fault = Fault.NONE
        self.asked: list[str] = []
        self.together: threading.Barrier | None = None
        self._go_on = threading.Event()
        self._moto: Any = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        httpx.post(
            f"{self.environ['AWS_ENDPOINT_URL']}/moto-api/reset"
        ).raise_for_status()  # What moto keeps, it keeps for the whole process.
        return self

    def __exit__(self, *_: object) -> None:
        self._go_on.set()
        self._server.shutdown()

    @property
    def environ(self) -> dict[str, str]:
        """What an operator would set."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._server.port}",
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "made-up-made-up-made-up-made-up",
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str) -> Any:
        """Return a client that prepares what is read later."""
        return boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name=REGION).client(
            service, endpoint_url=self.environ["AWS_ENDPOINT_URL"]
        )

    def _answer(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        self.asked.append(environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2])
        if self.together is not None:
            self.together.wait(10)
        match self.fault:
            case Fault.NONE:
                return self._moto(environ, start)
            case Fault.SLOW:
                self._go_on.wait(30)
                return self._moto(environ, start)
            case Fault.MALFORMED:
                start("200 OK", [("Content-Type", "text/html")])
                return [b"<html>hunter2hunter2</html>"]
            case fault:
                return refuse(start, fault)


def refuse(start: Any, fault: Fault) -> Iterable[bytes]:
    """Answer as AWS does when `fault` is the matter."""
    status, code = ERRORS[fault]
    start(f"{status} .", [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-RequestId", "1")])
    return [json.dumps({"__type": code, "message": "hunter2hunter2"}).encode()]


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Say nothing."""
