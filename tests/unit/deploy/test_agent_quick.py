"""What makes the agent quick, and what that must not cost."""

import os
from pathlib import Path
from typing import Any

import pytest

from comfytavern.deploy.agent import disk, facts, lock, process, steps
from comfytavern.deploy.agent.context import Context
from comfytavern.deploy.agent.drivers import systemd
from comfytavern.deploy.agent.failures import Failed
from comfytavern.deploy.agent.paths import Paths, plain

ALICE = {"user": "alice", "host": "desk", "pid": 1, "deploy": "dep_a"}
BOB = {"user": "bob", "host": "desk", "pid": 2, "deploy": "dep_b"}
UNIT = "comfytavern@blue.service"


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """A host on which nothing was done."""
    paths = Paths(str(tmp_path / "srv"), str(tmp_path))
    disk.make_folders(paths.steps)
    return Context(paths, "test", fence=1)


def test_the_lock_brings_what_is_true_from_then_on(context: Context) -> None:
    said = lock.lock_acquire(context, ALICE, facts="brief")
    assert said["facts"]["lock"]["fence"] == said["fence"]
    assert said["facts"]["state"]["active"] is None
    assert "facts" not in lock.lock_acquire(context, ALICE)


def test_a_host_that_cannot_say_what_is_true_keeps_no_lock(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(facts, "facts", broken)
    with pytest.raises(OSError, match="the disk is gone"):
        lock.lock_acquire(context, ALICE, facts="all")
    assert lock.lock_acquire(context, BOB)["fence"] > 1


def test_a_step_leaves_an_answer_and_no_process(context: Context) -> None:
    context.step = "dep_a.flip.0"
    told: list[dict[str, Any]] = []

    def work() -> dict[str, Any]:
        context.progress(0.5, "half")
        return {"ok": True, "value": {"session": os.getsid(0), "pid": os.getpid()}}

    answer = steps.run(context, work, told.append)
    assert answer["value"]["session"] != os.getsid(0), "a session of its own: it outlives ours"
    assert told == [{"progress": 0.5, "text": "half"}]
    assert steps.run(context, lambda: {"ok": False}, told.append) == answer, "it is done once"
    with pytest.raises(ProcessLookupError):
        os.kill(answer["value"]["pid"], 0)


@pytest.mark.parametrize("step", ["", "../x", "-x", "a b", "é", "a" * 129])
def test_what_is_no_id_of_a_step_is_refused(context: Context, step: str) -> None:
    context.step = step
    with pytest.raises(Failed, match="is not the id of a step"):
        steps.run(context, lambda: {"ok": True}, lambda _: None)


@pytest.mark.parametrize(
    ("text", "fits"), [("1.0.0+ab-c", True), ("", False), (".x", False), ("a/b", False), ("a_b", False), ("é", False), ("a\n", False)]
)
def test_a_plain_name_has_nothing_else(text: str, fits: bool) -> None:
    assert plain(text, ".+-") is fits


def test_work_beside_gives_its_value_or_its_failure() -> None:
    def fails() -> None:
        raise Failed("deploy.broken", "It is broken.")

    good, bad = process.aside(lambda: 7), process.aside(fails)
    assert good() == 7
    with pytest.raises(Failed, match="It is broken"):
        bad()


CELLS: list[tuple[dict[int, str], int | None]] = [
    ({7: "1", 8: "7"}, 7),
    ({8: "7"}, None),
    ({7: "1", 9: "1"}, None),
    ({}, None),
]


@pytest.mark.parametrize(("parents", "found"), CELLS)
def test_a_signal_goes_to_the_process_that_systemd_started(
    monkeypatch: pytest.MonkeyPatch, parents: dict[int, str], found: int | None
) -> None:
    """With two candidates, or none, systemctl is asked."""
    files = {f"/proc/{pid}/stat": f"{pid} (a ) b) S {parent} 0".encode() for pid, parent in parents.items()}
    files[f"{systemd.CELLS}/{UNIT}/cgroup.procs"] = "".join(f"{pid}\n" for pid in parents).encode()
    monkeypatch.setattr(disk, "read", files.get)
    assert systemd._main(UNIT) == found  # pyright: ignore[reportPrivateUsage] -- nobody else can tell without systemd
