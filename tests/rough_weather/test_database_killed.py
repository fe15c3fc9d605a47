"""kill -9 in the middle of a migration, a backup and a restore: the database is as it was or as it should be, never between."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from comfytavern.store import backup as backups
from comfytavern.store import dialect, migrate, restore
from comfytavern.store.phases import LEVEL, Phase, State
from comfytavern.store.shape import state
from comfytavern.testing.databases import DATABASES, new_url
from tests.next_release import EXPAND, next_release

SLOW = EXPAND + "\n    print('in the middle', flush=True)\n    import time\n    time.sleep(60)"


def start(code: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("kind", DATABASES)
def test_a_migration_that_is_killed_has_changed_nothing_and_can_be_run_again(kind: str, tmp_path: Path) -> None:
    url = new_url(kind, tmp_path)
    slow, sound = tmp_path / "slow", tmp_path / "sound"
    slow.mkdir()
    sound.mkdir()
    folder = next_release(slow, expand=SLOW)
    process = start(
        "from pathlib import Path\nfrom comfytavern.store import migrate\nfrom comfytavern.store.phases import Phase\n"
        f"migrate.migrate({url!r}, Phase.EXPAND, folder=Path({str(folder)!r}))"
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "in the middle\n"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert state(dialect.async_url(url)) == State(LEVEL)
    done = migrate.migrate(url, Phase.EXPAND, folder=next_release(sound))
    assert (done.applied, done.state) == (("n1",), State(LEVEL + 1))


@pytest.mark.parametrize("what", ["backup", "restore"])
def test_a_backup_or_restore_that_is_killed_leaves_a_whole_database_and_no_half_backup(what: str, tmp_path: Path) -> None:
    url, whole = new_url("sqlite", tmp_path), tmp_path / "b" / "whole"
    with sqlite3.connect(tmp_path / "test.db") as connection:
        connection.executemany("INSERT INTO blobs VALUES (?, ?, 1)", [(f"{number:064}", os.urandom(1 << 17)) for number in range(200)])
    connection.close()
    backups.write(url, whole, reason="test")
    code = {
        "backup": f"while True: backups.write({url!r}, Path({str(tmp_path / 'b' / 'again')!r}), reason='x')",
        "restore": f"while True: restore.restore(Path({str(whole)!r}), {url!r})",
    }[what]
    setup = "from pathlib import Path\nfrom comfytavern.store import backup as backups, restore\nprint('up', flush=True)\n"
    for delay_s in (0.01, 0.05, 0.1, 0.2, 0.3):
        process = start(setup + code)
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        time.sleep(delay_s)
        assert process.poll() is None
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert migrate.prepare(url, may_migrate=False) is None
        with sqlite3.connect(tmp_path / "test.db") as connection:
            assert connection.execute("SELECT count(*) FROM blobs").fetchone() == (200,)
        connection.close()
        for place, _ in backups.found(tmp_path / "b"):
            restore.verify(place, url)
