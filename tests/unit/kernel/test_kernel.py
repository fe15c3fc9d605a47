import copy
import json
import pickle
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comfytavern.kernel.clock import ManualClock, SystemClock
from comfytavern.kernel.errors import Conflict, Failure, Invalid, Problem
from comfytavern.kernel.ids import made_at, new_id
from comfytavern.kernel.paging import decode_cursor, encode_cursor
from comfytavern.kernel.secret import Secret


def test_ids_are_unique_and_carry_their_prefix() -> None:
    ids = {new_id("run") for _ in range(10_000)}
    assert len(ids) == 10_000
    assert all(len(one) == 24 and one.startswith("run_") for one in ids)


def test_ids_sort_by_the_millisecond_in_which_they_were_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for ms in range(1_800_000_000_000, 1_800_000_000_200):
        monkeypatch.setattr("time.time_ns", lambda ms=ms: ms * 1_000_000)
        made.append(new_id("x"))
    assert made == sorted(made)


def test_an_id_says_when_it_was_made() -> None:
    before = time.time()
    assert before - 0.002 <= made_at(new_id("run")) <= time.time() + 0.002
    with pytest.raises(ValueError):
        made_at("run_none")


def test_a_manual_clock_moves_only_when_told() -> None:
    clock = ManualClock(at=10)
    assert clock.now() == clock.now() == 10
    clock.advance(2.5)
    assert clock.monotonic() == 12.5
    assert SystemClock().monotonic() <= SystemClock().monotonic()


def test_a_secret_has_no_textual_form() -> None:
    secret = Secret("hunter2-hunter2")
    shown = [str(secret), repr(secret), f"{secret}", f"{secret:>40}", "%s" % secret, str([secret]), str({"key": secret})]  # noqa: UP031 -- every way to print
    assert not any("hunter2" in text for text in shown)
    for serialise in (pickle.dumps, json.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            serialise(secret)
    assert secret.reveal() == "hunter2-hunter2"
    assert secret
    assert not Secret("")


@given(st.lists(st.text() | st.floats(allow_nan=False, allow_infinity=False), max_size=4))
def test_a_cursor_comes_back_as_it_went(keys: list[str | float]) -> None:
    cursor = encode_cursor(*keys)
    assert decode_cursor(cursor) == keys
    assert all(character.isalnum() or character in "-_" for character in cursor)


@given(st.text(max_size=60))
def test_a_made_up_cursor_is_refused_with_its_code(cursor: str) -> None:
    try:
        decode_cursor(cursor)
    except Invalid as failure:
        assert failure.code == "paging.cursor"


def test_a_failure_carries_what_a_person_needs() -> None:
    problem = Problem(code="graph.cycle", message="a → b → a", place={"node": "a"})
    failure = Conflict("workflow.conflict", "It was saved meanwhile.", hint="Reload.", current_version=3).with_problems([problem])
    assert isinstance(failure, Failure)
    assert (failure.code, str(failure), failure.hint) == ("workflow.conflict", "It was saved meanwhile.", "Reload.")
    assert failure.params == {"current_version": 3}
    assert failure.problems == [problem]
