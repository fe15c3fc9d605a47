"""A database whose writer was killed in the middle of a change."""

import subprocess
import sys
from pathlib import Path

from comfytavern.store import dialect

KILLED = """
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("CREATE TABLE t (x)")
database.execute("PRAGMA cache_size=1")
database.execute("INSERT INTO t VALUES (randomblob(1000000))")
database.execute("BEGIN")
database.execute("INSERT INTO t VALUES (randomblob(5000000))")
os.kill(os.getpid(), 9)
"""


def test_a_change_that_was_cut_off_is_rolled_back_and_not_called_damage(tmp_path: Path) -> None:
    file = tmp_path / "test.db"
    subprocess.run([sys.executable, "-c", KILLED, str(file)], check=False, timeout=60)
    assert file.with_name("test.db-journal").stat().st_size > 0
    dialect.examine_file(file)
