"""Exceptions as data for the log."""

import subprocess
import sys

from comfytavern.boot.tracebacks import CAUSES_MAX, FRAMES_MAX, structured


def _caught(work) -> BaseException:
    try:
        work()
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def test_an_exception_is_told_with_its_cause_and_its_place_but_no_locals() -> None:
    def work() -> None:
        password = "hunter2hunter2"
        try:
            int("x")
        except ValueError as error:
            raise RuntimeError(f"{len(password)} letters") from error

    found = structured(_caught(work))
    assert [(each["exc_type"], each["is_cause"]) for each in found] == [("RuntimeError", False), ("ValueError", True)]
    assert found[0]["exc_value"] == "14 letters"
    assert [frame["name"] for frame in found[0]["frames"]] == ["_caught", "work"]
    assert found[0]["frames"][-1]["filename"] == __file__
    assert "hunter2" not in str(found)


def test_what_was_hidden_on_purpose_stays_hidden() -> None:
    def work() -> None:
        try:
            int("x")
        except ValueError:
            raise RuntimeError("only this") from None

    assert [each["exc_type"] for each in structured(_caught(work))] == ["RuntimeError"]


def test_groups_notes_and_unspeakable_words_are_told() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise OSError

    error = ExceptionGroup("both", [ValueError("one"), Mute()])
    error.add_note("while starting")
    (found,) = structured(error)
    assert found["exc_notes"] == ["while starting"]
    assert [each[0]["exc_value"] for each in found["exceptions"]] == ["one", "<OSError while it was asked>"]


def test_endless_recursion_and_endless_causes_end() -> None:
    def deep() -> None:
        deep()

    (found, *_) = structured(_caught(deep))
    assert len(found["frames"]) == FRAMES_MAX
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert len(structured(first)) == 2
    chain: BaseException | None = None
    for number in range(CAUSES_MAX * 2):
        error = ValueError(str(number))
        error.__cause__ = chain
        chain = error
    assert chain is not None
    assert len(structured(chain)) == CAUSES_MAX


def test_the_first_failure_of_a_process_imports_nothing_heavy() -> None:
    """Bug: it imported rich, a third of a second in which a canary with errors answered nobody, its judge included."""
    code = (
        "import logging, sys; from comfytavern.boot.logs import Machines\n"
        "before = set(sys.modules)\n"
        "try: 1 / 0\n"
        "except ZeroDivisionError: record = logging.LogRecord('a', 40, 'f', 1, 'm', None, sys.exc_info())\n"
        "Machines().format(record)\n"
        "print(sorted(set(sys.modules) - before))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"
