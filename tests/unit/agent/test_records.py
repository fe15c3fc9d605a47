"""What a host remembers: the journal, the ledger, the audit. Nothing in them changes or goes unseen."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comfytavern.deploy.agent import audit, disk, journal, ledger, lock, main
from comfytavern.deploy.agent.context import load
from comfytavern.deploy.agent.failures import Failed
from tests.unit.agent.ground import OWNER, Ground


def lines(ground: Ground, name: str) -> list[dict[str, object]]:
    return disk.lines(f"{ground.paths.state}/{name}.jsonl")


def test_a_step_is_written_down_before_it_begins_and_after_it_ended(ground: Ground) -> None:
    context = ground.context("switch", fence=3, step="s1")
    began = journal.begin(context, {"slot": "blue"})
    assert [(line["phase"], line["args"]) for line in lines(ground, "journal")] == [("begin", {"slot": "blue"})]
    journal.end(context, began, {"ok": False, "code": "deploy.x", "sentence": "No.", "value": "a secret"})
    last = lines(ground, "journal")[-1]
    assert (last["phase"], last["verb"], last["step"], last["fence"], last["code"]) == ("end", "switch", "s1", 3, "deploy.x")
    assert "a secret" not in json.dumps(last)


def test_a_failed_change_is_in_journal_and_audit(ground: Ground) -> None:
    lock.lock_acquire(ground.context(), OWNER)
    answer = main.perform(ground.context("switch", fence=1), {"slot": "green"})
    assert answer["code"] == "deploy.slot_not_ready"
    assert [(line["phase"], line.get("ok")) for line in lines(ground, "journal")] == [("begin", None), ("end", False)]
    assert (lines(ground, "audit")[-1]["what"], lines(ground, "audit")[-1]["outcome"]) == ("switch", "deploy.slot_not_ready")


def test_a_line_that_power_loss_cut_short_goes_with_the_next_one(ground: Ground) -> None:
    file = Path(ground.paths.state) / "journal.jsonl"
    disk.append_line(str(file), {"n": 1})
    with file.open("ab") as torn:
        torn.write(b'{"n": 2, "half')
    assert disk.tail(str(file)) == {"n": 1}
    disk.append_line(str(file), {"n": 3})
    assert lines(ground, "journal") == [{"n": 1}, {"n": 3}]
    assert file.read_bytes().endswith(b"\n")


def test_a_release_that_does_not_serve_is_not_written_down_as_good(ground: Ground) -> None:
    ground.serving(blue="1.0.0")
    with pytest.raises(Failed) as refused:
        ledger.commit(ground.context(fence=1), "2.0.0", "dep_1")
    assert refused.value.code == "deploy.not_serving"
    assert lines(ground, "ledger") == []


def test_the_release_before_the_last_good_one_is_the_way_back(ground: Ground) -> None:
    for number, (active, release) in enumerate((("blue", "1.0.0"), ("green", "2.0.0"), ("blue", "3.0.0")), start=1):
        known = load(ground.paths)
        ground.state(
            **{**known, "active": active, "slots": {**known["slots"], active: {"release": release, "state": "active", "since": None}}}
        )
        first = ledger.commit(ground.context(fence=1), release, f"dep_{number}")
        again = ledger.commit(ground.context(fence=1), release, f"dep_{number}")
        assert again == first, "asked again after power loss, the line is found and kept"
    assert ledger.commit(ground.context(fence=1), "3.0.0", "dep_3") == {"current": "3.0.0", "previous_good": "2.0.0"}
    assert [(entry["release"], entry["outcome"]) for entry in lines(ground, "ledger")] == [(f"{n}.0.0", "ok") for n in (1, 2, 3)]
    assert Path(ground.paths.current).readlink() == Path("releases/3.0.0")


def test_a_failed_attempt_leaves_what_is_current(ground: Ground) -> None:
    ground.serving(blue="1.0.0")
    ledger.commit(ground.context(fence=1), "1.0.0", "dep_1")
    said = ledger.commit(ground.context(fence=1), "2.0.0", "dep_2", outcome="failed", note="never ready")
    assert said["current"] == "1.0.0"
    assert ledger.ledger(ground.context())["items"][-1]["note"] == "never ready"


def audited(ground: Ground, count: int = 6) -> Path:
    """Return the file of an audit with so many lines, of which the ledger knows one."""
    for number in range(count):
        audit.add(ground.paths, "switch", slot="blue", args={"n": number}, fence=number)
    ground.serving(blue="1.0.0")
    ledger.commit(ground.context(fence=99), "1.0.0", "dep_1")
    return Path(ground.paths.state) / "audit.jsonl"


def test_an_untouched_audit_is_whole(ground: Ground) -> None:
    audited(ground)
    said = audit.audit_verify(ground.context())
    assert (said["ok"], said["lines"], said["head"]) == (True, 6, audit.head(ground.paths))


def test_an_audit_of_nothing_is_whole(ground: Ground) -> None:
    assert audit.audit_verify(ground.context())["ok"]


@given(where=st.floats(0, 1, exclude_max=True), by=st.integers(1, 255))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_changed_byte_is_found_by_its_line(ground: Ground, where: float, by: int) -> None:
    file = Path(ground.paths.state) / "audit.jsonl"
    if not file.exists():
        audited(ground)
    before = file.read_bytes()
    at = int(where * (len(before) - 1))
    changed = bytearray(before)
    changed[at] ^= by
    try:
        file.write_bytes(changed)
        said = audit.audit_verify(ground.context())
    finally:
        file.write_bytes(before)
    same = _meaning(bytes(changed)) == _meaning(before)
    assert said["ok"] is same, said
    if not same:
        assert said["broken"] <= before[:at].count(b"\n") + 2


def _meaning(content: bytes) -> object:
    """Return what the lines say; another spelling of the same JSON is no change."""
    try:
        return [json.loads(row) for row in content.split(b"\n") if row]
    except ValueError:
        return None


@pytest.mark.parametrize("lost", [0, 2, 4])
def test_a_line_that_was_taken_out_is_found(ground: Ground, lost: int) -> None:
    file = audited(ground)
    rows = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(rows[:lost] + rows[lost + 1 :]))
    said = audit.audit_verify(ground.context())
    assert (said["ok"], said["broken"]) == (False, lost + 1)


@pytest.mark.parametrize("left", [0, 3, 5])
def test_an_audit_whose_end_was_cut_off_is_found_by_the_ledger(ground: Ground, left: int) -> None:
    file = audited(ground)
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:left]))
    said = audit.audit_verify(ground.context())
    assert not said["ok"]
    assert "that is gone" in said["problem"]


def test_a_line_that_was_put_in_with_a_good_hash_of_its_own_is_found(ground: Ground) -> None:
    file = audited(ground)
    rows = [json.loads(row) for row in file.read_text().splitlines()]
    forged = {**rows[2], "args": {"n": "forged"}}
    forged["hash"] = audit._hash(forged)
    rows[2] = forged
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    said = audit.audit_verify(ground.context())
    assert (said["ok"], said["broken"]) == (False, 4)
