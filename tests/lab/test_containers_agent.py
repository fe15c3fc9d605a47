"""The agent with a real podman on a real machine, and a release of forty lines: quick enough for every day. The product itself, on both
engines, is in test_containers_driver.py."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from comfytavern.deploy.agent.pack import pack
from tests.lab import bases
from tests.lab.fleet import Fleet
from tests.lab.installation import PLACE
from tests.lab.machine import Machine

SECRET = "planted-4711"
APP = """
import http.server, json, os, signal, socketserver, sys, threading, time

state = {"status": "ready"}
def said(status):
    def change(*_):
        state["status"] = status
        os.write(2, status.encode() + b"\\n")
    return change
def leave(*_):
    os.write(1, b"leaving\\n")
    os._exit(0)
signal.signal(signal.SIGUSR1, said("draining"))
signal.signal(signal.SIGUSR2, said("ready"))
signal.signal(signal.SIGTERM, leave)

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open("/run/secrets/JWT_SECRET") as file:
            secret = file.read()
        about = {**state, "release": os.environ["COMFYTAVERN_RELEASE"], "secret": len(secret), "environ": sorted(os.environ), "uid": os.getuid()}
        body = json.dumps(about).encode()
        self.send_response(200 if state["status"] == "ready" else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def address_string(self):
        return "us"
    def log_message(self, *_):
        pass

class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

path = sys.argv[sys.argv.index("--uds") + 1]
if os.path.exists(path):
    os.unlink(path)
server = Server(path, Answer)
os.chmod(path, 0o660)
os.write(1, b"listening\\n")
server.serve_forever()
"""
SCRIPT = '#!/bin/sh\nexec "$(dirname "$0")/python" -m comfytavern "$@"\n'


class Agent:
    """The agent on a machine, asked by the lab's own hand."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.fence = 0

    def __call__(self, verb: str, *, given: bytes | None = None, **args: Any) -> dict[str, Any]:
        """Return the value of a verb's answer."""
        fence = ["--fence", str(self.fence)] if self.fence else []
        words = ["python3", "-IS", f"{PLACE}/bin/ctd.pyz", "--root", PLACE, *fence, verb, json.dumps(args)]
        answer = json.loads(self.machine.run(words, given=given, check=False, timeout_s=120).splitlines()[-1])
        assert answer["ok"], answer
        return answer["value"]

    def answers(self, slot: str) -> dict[str, Any]:
        """Return what a slot says over its socket."""
        return json.loads(self.machine.run(["curl", "-s", "--unix-socket", f"/run/comfytavern/{slot}.sock", "http://app/ready"]))


@pytest.fixture(scope="module")
def agent(able: None) -> Iterator[Agent]:
    """A machine with podman, a base image, the agent, settings, and two releases."""
    with Fleet(1, engine="podman") as fleet:
        machine = fleet.machines[0]
        agent = Agent(machine)
        machine.run(["podman", "import", f"/mnt/{bases.nginx()[1].name}", bases.Bases().python], timeout_s=120)
        machine.run(f"mkdir -p {PLACE}/bin && cat > {PLACE}/bin/ctd.pyz", given=pack())
        agent("prepare", driver="podman")
        agent.fence = agent("lock_acquire", owner={"user": "t", "host": "lab", "pid": 1, "deploy": "d"}, ttl_s=600)["fence"]
        agent("put", path="/etc/comfytavern/env/base.env", given=b"LOG_LEVEL=info\n")
        agent("put", path="/etc/comfytavern/env/secrets.env", mode=0o600, given=f"JWT_SECRET={SECRET}\n".encode())
        agent("put", path="/etc/comfytavern/container.json", mode=0o644, given=b'{"pids": 0, "files": 0}')
        for name in ("1.0+a", "1.0+b"):
            _release(machine.root, name)
        yield agent


def _release(root: Path, name: str) -> None:
    folder = Path(f"{root}{PLACE}/releases/{name}")
    packages = folder / f".venv/lib/python3.{sys.version_info[1]}/site-packages"
    (packages / "comfytavern").mkdir(parents=True)
    (packages / "comfytavern/__main__.py").write_text(APP)
    (packages / "other.py").write_text("")
    (folder / ".venv/bin").mkdir()
    (folder / ".venv/bin/comfytavern").write_text(SCRIPT)
    (folder / ".venv/bin/comfytavern").chmod(0o755)
    (folder / "web").mkdir()
    (folder / "manifest.json").write_text(json.dumps({"release": name, "files": {}}))
    (folder / "installed.json").write_text(json.dumps({"at": f"2026-12-01T00:00:0{ord(name[-1]) - 97}Z"}))


def test_a_slot_is_started_switched_drained_and_stopped_by_the_agent(agent: Agent) -> None:
    for slot, release in (("blue", "1.0+a"), ("green", "1.0+b")):
        agent("start_slot", slot=slot, release=release, driver="podman")
        agent("ready", slot=slot)
        agent("switch", slot=slot, release=release)
        assert agent.answers(slot)["release"] == release
    agent("drain", slot="blue", deadline_s=0)
    assert agent.answers("blue")["status"] == "draining"
    assert agent("flip", to_slot="blue")["release"] == "1.0+a"
    assert agent.answers("blue")["status"] == "ready"
    assert agent.answers("green")["status"] == "draining", "the other one was asked to let its clients go"
    agent("stop_slot", slot="green", deadline_s=5)
    assert agent("logs", slot="green")["lines"] == ["listening", "draining", "leaving"], "the log of what was stopped stays"


def test_the_secret_reaches_the_app_as_a_file_and_nobody_else(agent: Agent) -> None:
    said = agent.answers("blue")
    assert said["secret"] == len(SECRET)
    assert "JWT_SECRET" not in said["environ"]
    assert "LOG_LEVEL" in said["environ"]
    assert str(said["uid"]) == agent.machine.run("id -u comfytavern").strip()
    seen = agent.machine.run(
        "podman inspect $(podman ps -aq) $(podman images -q); cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline | tr '\\0' '\\n'"
    )
    assert "/run/secrets" in seen
    assert SECRET not in seen


def test_what_was_killed_is_back_and_counted(agent: Agent) -> None:
    pid = agent("status")["slots"]["blue"]["process"]["pid"]
    agent.machine.run(["kill", "-9", str(pid)])
    until = time.monotonic() + 15
    while (process := agent("status")["slots"]["blue"]["process"])["pid"] in (None, pid):
        assert time.monotonic() < until, process
    agent("ready", slot="blue")
    assert process["restarts"] == 1
    agent("drain", slot="blue", deadline_s=0)
    assert agent("undrain", slot="blue")["status"] == "ready", "signals find the new process"


def test_the_image_goes_with_its_release(agent: Agent) -> None:
    assert "1.0_b" in agent.machine.run(["podman", "images"])
    assert agent("gc", keep=1, never=["1.0+a"])["removed"] == []
    agent.machine.run(f"rm -rf {PLACE}/releases/1.0+b")
    agent("gc", keep=1)
    images = agent.machine.run(["podman", "images"])
    assert "1.0_b" not in images
    assert "1.0_a" in images
