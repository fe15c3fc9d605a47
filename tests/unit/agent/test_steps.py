"""A step outlives its caller, is done once, and answers everybody who asks."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from comfytavern.deploy.agent import steps
from comfytavern.deploy.agent.failures import Failed
from tests.unit.agent.ground import Ground


def work(file: Path, **answer: Any) -> Callable[[], dict[str, Any]]:
    """Return work that leaves a mark in a file."""

    def done() -> dict[str, Any]:
        with file.open("a") as marks:
            marks.write("x")
        return {"ok": True, **answer}

    return done


def test_a_step_is_done_once_and_answers_the_same_again(ground: Ground, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    for _ in range(3):
        assert steps.run(ground.context("switch", step="dep_1.switch"), work(marks, value=7), print) == {"ok": True, "value": 7}
    assert marks.read_text() == "x"


def test_a_failed_step_is_tried_again(ground: Ground, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    context = ground.context("switch", step="dep_1.switch")
    assert steps.run(context, work(marks, ok=False, code="deploy.x"), print)["code"] == "deploy.x"
    assert steps.run(context, work(marks), print) == {"ok": True}
    assert marks.read_text() == "xx"


def test_progress_reaches_the_caller(ground: Ground) -> None:
    context, heard = ground.context("install", step="s"), []

    def busy() -> dict[str, Any]:
        context.progress(0.5, "Half")
        return {"ok": True}

    steps.run(context, busy, heard.append)
    assert heard == [{"progress": 0.5, "text": "Half"}]


def test_a_step_that_was_killed_says_so_and_is_done_when_asked_again(ground: Ground, tmp_path: Path) -> None:
    context = ground.context("install", step="s")

    def dies() -> dict[str, Any]:
        os.kill(os.getpid(), signal.SIGKILL)
        return {"ok": True}

    assert steps.run(context, dies, print)["code"] == "deploy.step_killed"
    assert steps.run(context, work(tmp_path / "marks"), print)["ok"]


def begun(ground: Ground, work: Callable[[], dict[str, Any]]) -> int:
    """Have a process of its own do step `s`, and return it when the step has begun."""
    caller = os.fork()
    if caller == 0:
        steps.run(ground.context("install", step="s"), work, lambda _: None)
        os._exit(0)
    while not Path(f"{ground.paths.steps}/s.lock").exists():
        time.sleep(0.005)
    return caller


def test_a_second_asker_waits_for_the_first_and_does_nothing(ground: Ground, tmp_path: Path) -> None:
    marks = tmp_path / "marks"

    def slow() -> dict[str, Any]:
        time.sleep(0.4)
        return work(marks, by="the first")()

    caller = begun(ground, slow)
    time.sleep(0.05)
    assert steps.run(ground.context("install", step="s"), work(marks, by="the second"), print)["by"] == "the first"
    os.waitpid(caller, 0)
    assert marks.read_text() == "x"


def test_a_step_whose_caller_died_runs_on(ground: Ground, tmp_path: Path) -> None:
    marks = tmp_path / "marks"

    def slow() -> dict[str, Any]:
        time.sleep(0.3)
        return work(marks)()

    caller = begun(ground, slow)
    os.kill(caller, signal.SIGKILL)
    os.waitpid(caller, 0)
    until = time.monotonic() + 10
    while steps.stored(ground.context(step="s")) is None and time.monotonic() < until:
        time.sleep(0.02)
    assert marks.read_text() == "x"


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a/b", ".hidden", "x" * 200, "a b"])
def test_what_is_no_id_of_a_step_is_refused(ground: Ground, name: str) -> None:
    with pytest.raises(Failed) as refused:
        steps.run(ground.context("switch", step=name), dict, print)
    assert refused.value.code == "deploy.bad_step"
