"""kill -9 of a real process at any moment: the run goes on, and what clients have seen finished is never repeated."""

import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import msgspec

from comfytavern.kernel.events import NodesChanged, RunChanged, RunEvent
from comfytavern.projects.fold import Fold
from tests.rough_weather.victim import CHAINS, LENGTH

VICTIM = Path(__file__).with_name("victim.py")
MORE = (0, 1, 3, 2, 4)
"""How many further nodes were shown as done when the next kill comes: by what happened, not by the clock."""
_decoder = msgspec.json.Decoder(list[RunEvent])


def start(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, str(VICTIM), str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


def seen(folder: Path) -> list[RunEvent]:
    connection = sqlite3.connect(folder / "v.db")
    rows = connection.execute("SELECT body FROM run_events ORDER BY last_seq").fetchall()
    connection.close()
    return [event for (body,) in rows for event in _decoder.decode(body)]


def notes(folder: Path) -> list[str]:
    file = folder / "notes"
    return file.read_text().split() if file.exists() else []


def done(events: list[RunEvent]) -> set[str]:
    return {node[0] for event in events if isinstance(event, NodesChanged) for node in event.nodes if node[1] == "done"}


def test_a_run_survives_being_killed_again_and_again(tmp_path: Path) -> None:
    shown: list[tuple[set[str], int]] = []
    for more in MORE:
        before = len(done(seen(tmp_path))) if (tmp_path / "v.db").exists() else 0
        process = start(tmp_path)
        until = time.monotonic() + 60
        while len(done(seen(tmp_path))) < before + more:
            assert time.monotonic() < until
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
        shown.append((done(seen(tmp_path)), len(notes(tmp_path))))
    process = start(tmp_path)
    last, _ = process.communicate(timeout=60)
    events = seen(tmp_path)
    assert last == f"ok {events[-1].seq}\n"
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    fold = Fold()
    for event in events:
        fold.add(event)
    names = {f"{chain}-{number}" for chain in range(CHAINS) for number in range(LENGTH)}
    assert {path for path, node in fold.nodes.items() if node["state"] == "done"} == names
    assert isinstance(events[-1], RunChanged)
    assert any(0 < len(finished) < len(names) for finished, _ in shown), "no kill came in the middle of the run"
    written = notes(tmp_path)
    for finished, position in shown:
        assert not finished & set(written[position:]), "a node that was shown as done has run again"
    assert max(Counter(written).values()) <= 1 + len(MORE)


def test_the_database_is_whole_after_all_that(tmp_path: Path) -> None:
    process = start(tmp_path)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    connection = sqlite3.connect(tmp_path / "v.db")
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()
