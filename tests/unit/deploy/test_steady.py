"""A release that was ready and then crashes or swells is never switched to."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fleet import NEW, OLD, deployments, facts, machines, spec, wish

from comfytavern.deploy.agent import probe
from comfytavern.deploy.agent import steady as room
from comfytavern.deploy.agent.context import Context
from comfytavern.deploy.agent.failures import Failed
from comfytavern.deploy.agent.paths import Paths
from comfytavern.deploy.errors import DeployFailed
from comfytavern.deploy.steps import slots

MIB = 1 << 20
SLEEPS = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.mark.parametrize(
    ("mib", "leaks"),
    [
        ([100, 100, 100, 100, 100, 100, 100], False),
        ([100, 150, 260, 261, 261, 262, 262], False),  # loaded something large, and then had enough
        ([100, 130, 160, 190, 220, 250, 280], True),
        ([100, 280], False),  # too few looks to say
    ],
)
def test_memory_that_grows_to_the_end_is_a_leak(mib: list[int], *, leaks: bool) -> None:
    assert room.swells([each * MIB for each in mib]) is leaks


class Manager:
    """A process manager that knows one process."""

    def __init__(self, pid: int | None) -> None:
        self.pid = pid

    def status(self, _slot: str) -> dict[str, Any]:
        return {"pid": self.pid, "running": self.pid is not None, "restarts": 1, "failed": False}

    def logs(self, _slot: str, _lines: int, _since: str = "") -> list[str]:
        return ["starting", "ValueError: no more"]


def watched(monkeypatch: pytest.MonkeyPatch, root: Path, pid: int | None, for_s: float = 0.5) -> dict[str, Any]:
    monkeypatch.setattr(room, "driver", lambda _name, _paths: Manager(pid))
    monkeypatch.setattr(probe, "ready", lambda *_args, **_more: {"ready_ms": 1})
    monkeypatch.setattr(room, "LOOK_S", 0.05)
    return room.steady(Context(Paths(str(root)), "steady"), "green", for_s)


def test_a_process_that_stays_is_steady(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert watched(monkeypatch, tmp_path, os.getpid())["steady_ms"] >= 500


def test_a_process_that_ends_after_it_was_ready_has_crashed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "pass"]) as ended:
        ended.wait()
    for pid in (ended.pid, None):
        with pytest.raises(Failed, match=r"green was ready, and crashed within .*: ValueError: no more"):
            watched(monkeypatch, tmp_path, pid)


def test_a_process_that_swells_is_told_with_its_sizes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sizes = iter(range(100 * MIB, 10_000 * MIB, 60 * MIB))
    monkeypatch.setattr(room, "held_bytes", lambda _pid: next(sizes))
    with pytest.raises(Failed, match=r"green grew from 100 to \d+ MiB of memory in \d+ s while nobody used it"):
        watched(monkeypatch, tmp_path, os.getpid())


def test_memory_of_helpers_counts() -> None:
    with subprocess.Popen(SLEEPS) as helper:
        assert room.held_bytes(os.getpid()) > room.held_bytes(helper.pid) > 0
        helper.kill()
    assert room.held_bytes(None) == room.held_bytes(helper.pid) == 0


async def test_only_a_release_that_never_served_is_watched() -> None:
    hosts, chosen = machines(1), spec(1)
    hosts["h1"].installed[NEW] = False
    known = (await facts(hosts))["h1"]
    verbs = {release: [step.verb for step in slots.starts("h1", known, release, chosen)] for release in (OLD, NEW)}
    assert verbs == {OLD: ["start_slot", "ready", "smoke"], NEW: ["start_slot", "ready", "smoke", "steady"]}
    assert [step.verb for step in slots.starts("h1", known, OLD, chosen, fresh=True)][-1] == "steady"


async def test_a_release_that_crashes_while_it_is_watched_never_serves() -> None:
    hosts = machines(2)

    def fault(verb: str, _args: dict[str, Any]) -> None:
        if verb == "steady":
            raise hosts["h2"].failed("deploy.crashed", "green was ready, and crashed.")

    hosts["h2"].fault = fault
    with pytest.raises(DeployFailed, match="h2: green was ready, and crashed"):
        await deployments(hosts).carry_out(wish())
    for host in hosts.values():
        assert host.serving == OLD
        assert host.slots["green"]["state"] == "empty"
        assert "switch" not in host.verbs()
