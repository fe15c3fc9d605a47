"""SIGHUP: a server that runs takes new settings from where it had the old ones, and nobody is logged out."""

import json
import os
import pty
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import jwt
import pytest

from tests.clouds.aws import Aws
from tests.clouds.fault import Fault
from tests.server import Server, free_port

FIRST = "aF3kN7v0qfW3mZt8RyLx2Hc5uJdPbS9aGeT1oXi4"
SECOND = "bG4lO8w1rgX4nAu9SzMy3Id6vKeQcT0bHfU2pYj5"
KEY = "sk-made-up-key-of-a-test-0123456789"
PLACE = "aws-ssm:/tavern/prod/"


@pytest.fixture
def aws() -> Iterator[Aws]:
    with Aws() as aws:
        yield aws


def until(what: Callable[[], bool], said: Callable[[], str]) -> None:
    end = time.monotonic() + 20
    while not what():
        assert time.monotonic() < end, said()
        time.sleep(0.02)


def kid(token: str) -> str:
    return jwt.get_unverified_header(token)["kid"]


def test_a_running_server_takes_new_settings_from_the_cloud_and_nobody_is_logged_out(aws: Aws, tmp_path: Path) -> None:
    ssm, secrets = aws.client("ssm"), aws.client("secretsmanager")

    def put(**values: str) -> None:
        for name, value in values.items():
            ssm.put_parameter(Name=f"/tavern/prod/{name}", Value=value, Type="SecureString", Overwrite=True)

    put(LOG_LEVEL="warning", METRICS_TOKEN=f"{FIRST}m", QUEUE_MAX="17")
    secrets.create_secret(Name="prod/tavern", SecretString=json.dumps({"JWT_SECRET": FIRST}))
    with Server(tmp_path, JWT_SECRET="aws-sm:prod/tavern#JWT_SECRET", SETTINGS_FROM=PLACE, **aws.environ) as server:
        said = server.printed

        def refresh(word: str) -> None:
            before = len(said())
            server.send(signal.SIGHUP)
            until(lambda: word in said()[before:], said)

        owner, token = server.owner(), server.token()
        bearer = {"Authorization": f"Bearer {token}"}
        assert "chn_deepseek" not in owner.get("/api/channels").text

        secrets.put_secret_value(SecretId="prod/tavern", SecretString=json.dumps({"JWT_SECRET": SECOND}))
        put(LOG_LEVEL="debug", METRICS_TOKEN=f"{SECOND}m", QUEUE_MAX="18", DEEPSEEK_API_KEY=KEY, CORS_ORIGIN="https://a.example")
        refresh("need a restart: QUEUE_MAX")
        assert "new settings are in force: JWT_SECRET, CORS_ORIGIN, METRICS_TOKEN, LOG_LEVEL, DEEPSEEK_API_KEY" in said()
        assert owner.get("/api/projects").status_code == 200
        assert httpx.get(f"{server.url}/api/projects", headers=bearer).status_code == 200, "signed with the secret before"
        assert kid(server.token()) != kid(token)
        assert "chn_deepseek" in owner.get("/api/channels").text
        preflight = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
        assert httpx.options(f"{server.url}/api/projects", headers=preflight).headers["access-control-allow-origin"] == "https://a.example"

        aws.fault = Fault.DENIED
        refresh("the settings stay as they were")
        line = next(line for line in said().splitlines() if "stay as they were" in line)
        assert "JWT_SECRET: comes from aws-sm:prod/tavern#JWT_SECRET, which this process may not read (AccessDeniedException)" in line
        assert f"SETTINGS_FROM: names {PLACE}, which this process may not read" in line
        assert httpx.get(f"{server.url}/api/projects", headers=bearer).status_code == 200

        aws.fault = Fault.NONE
        refresh("need a restart: QUEUE_MAX")
        for secret in (FIRST, SECOND, KEY):
            assert secret not in said(), "not even at debug, where the SDK would write what it reads"


def test_a_server_whose_terminal_is_closed_ends(tmp_path: Path) -> None:
    pid, terminal = pty.fork()
    if pid == 0:  # The child has the terminal, and is what we want to look at.
        os.chdir(tmp_path)
        environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "DATA_DIR": str(tmp_path / "data"), "LOG_LEVEL": "info"}
        os.execve(*program(environ))
    said = b""
    while b"is ready" not in said:
        said += os.read(terminal, 4096)
    os.kill(pid, signal.SIGHUP)  # Somebody asks on purpose: the terminal is still there.
    while b"are what they were" not in said:
        said += os.read(terminal, 4096)
    os.close(terminal)
    end = time.monotonic() + 20
    while (gone := os.waitpid(pid, os.WNOHANG)) == (0, 0):
        assert time.monotonic() < end, "it goes on without anybody"
        time.sleep(0.05)
    assert os.WIFEXITED(gone[1]), "it hands its runs over and stops, as for SIGTERM"


def program(environ: dict[str, str]) -> tuple[str, list[str], dict[str, str]]:
    return sys.executable, [sys.executable, "-m", "comfytavern", "serve"], environ | {"PORT_BACKEND": str(free_port())}
