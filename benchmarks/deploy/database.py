"""Number 9 of the deployment: what a migration, a backup and a rollback of code cost whoever uses the database. Prints one JSON line.

python benchmarks/deploy/database.py [--mib 100]

Eight clients read and write while a transaction of 3 s holds the very table that an expand step adds a column to, on PostgreSQL and on
SQLite; then again with a migration that simply waits for its lock (`naive`). On SQLite a blocking transaction is one that writes; the
stall of other writers by that transaction itself is `control` and is nobody's fault but its own; readers never wait.
"""

import argparse
import contextlib
import json
import os
import secrets
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Self

from sqlalchemy import Engine, create_engine, text

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from comfytavern.kernel.errors import Failure
from comfytavern.store import backup, dialect, migrate, restore
from comfytavern.store.migrate import Patience
from comfytavern.store.phases import Phase
from comfytavern.testing.databases import new_url
from comfytavern.testing.postgres import shared_server
from tests.next_release import FAILING, next_release

BLOCKED_S, CLIENTS, PAUSE_S = 3.0, 8, 0.01
NAIVE = Patience(lock_timeout_ms=60_000, retries=0)
USER = "INSERT INTO users VALUES ('usr', 'n', 'n', 'member', 'x', 0, '{}', 1)"
PROJECT = "INSERT INTO projects (id, owner_id, name, description, created_at, updated_at) VALUES (:id, 'usr', 'n', '', 1, 1)"
COLUMN = '    op.add_column("projects", sa.Column("colour", sa.String(16), nullable=True))'


def engine_of(url: str) -> Engine:
    engine = create_engine(dialect.sync_url(dialect.async_url(url)), pool_size=CLIENTS + 2)
    dialect.configure(engine)
    return engine


class Load:
    """Clients that work on the table and note how long each request took."""

    def __init__(self, engine: Engine) -> None:
        self.reads: list[float] = []
        self.writes: list[float] = []
        self.errors: list[str] = []
        self._engine, self._stop = engine, threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(number,)) for number in range(CLIENTS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        time.sleep(0.5)
        return self

    def __exit__(self, *_: object) -> None:
        time.sleep(0.5)
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _work(self, number: int) -> None:
        writes = number % 2 == 0
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                with self._engine.connect().execution_options(**{dialect.IMMEDIATE: writes}) as connection, connection.begin():
                    if writes:
                        connection.execute(text(PROJECT), {"id": secrets.token_hex(8)})
                    else:
                        connection.execute(text("SELECT id, name FROM projects ORDER BY id LIMIT 20")).all()
            except Exception as error:  # noqa: BLE001 -- whatever it is, a client met it
                self.errors.append(str(error))
            (self.writes if writes else self.reads).append((time.monotonic() - began) * 1000)
            time.sleep(PAUSE_S)


def behind_a_transaction(kind: str, how: Patience | None) -> dict:
    with tempfile.TemporaryDirectory() as name:
        url = new_url(kind, Path(name))
        folder = next_release(Path(name), expand=COLUMN)
        engine, held = engine_of(url), threading.Event()
        with engine.begin() as connection:
            connection.execute(text(USER))

        def block() -> None:
            with engine.connect().execution_options(**{dialect.IMMEDIATE: True}) as connection, connection.begin():
                connection.execute(text("SELECT count(*) FROM projects"))
                held.set()
                time.sleep(BLOCKED_S)

        blocker, began, tries = threading.Thread(target=block), time.monotonic(), 0
        with Load(engine) as load:
            blocker.start()
            held.wait()
            if how is not None:
                tries = migrate.migrate(url, Phase.EXPAND, folder=folder, patience=how).tries
            took = time.monotonic() - began
            blocker.join()
        engine.dispose()
        return {
            "stall_ms_max": round(max(load.reads + load.writes)),
            "read_ms_max": round(max(load.reads)),
            "write_ms_max": round(max(load.writes)),
            "errors": len(load.errors),
            "requests": len(load.reads) + len(load.writes),
            "tries": tries,
            "took_s": round(took, 2),
        }


def large(kind: str, mib: int) -> dict:
    """A migration that fails, a backup, a restore and a rollback of code, on a database of `mib` MiB."""
    with tempfile.TemporaryDirectory() as name:
        url = new_url(kind, Path(name))
        engine = engine_of(url)
        with engine.begin() as connection:
            connection.execute(text(USER))
            for number in range(mib * 4):
                row = {"d": f"{number:064}", "b": os.urandom(256 * 1024)}
                connection.execute(text("INSERT INTO blobs VALUES (:d, :b, 1)"), row)
        engine.dispose()
        began = time.monotonic()
        with contextlib.suppress(Failure):
            migrate.migrate(url, Phase.EXPAND, folder=next_release(Path(name), expand=FAILING))
            raise SystemExit("the migration should have failed")
        migrate.prepare(url, may_migrate=False)
        back = time.monotonic() - began
        began = time.monotonic()
        made = backup.write(url, Path(name) / "b" / "one", reason="benchmark")
        written = time.monotonic() - began
        restore.verify(Path(name) / "b" / "one", url)
        verified = time.monotonic() - began - written
        began = time.monotonic()
        restore.restore(Path(name) / "b" / "one", url)
        restored = time.monotonic() - began
        return {
            "mib": round(made.size_bytes / 2**20),
            "failed_migration_back_s": round(back, 2),
            "backup_s": round(written, 2),
            "verify_s": round(verified, 2),
            "restore_s": round(restored, 2),
        }


def rolled_back(kind: str) -> int:
    """Rows that are gone after the next release has expanded the database, worked on it, and this code runs again."""
    with tempfile.TemporaryDirectory() as name:
        url = new_url(kind, Path(name))
        engine = engine_of(url)
        with engine.begin() as connection:
            connection.execute(text(USER))
            connection.execute(text(PROJECT), {"id": "before"})
        migrate.migrate(url, Phase.EXPAND, folder=next_release(Path(name)))
        with engine.begin() as connection:
            connection.execute(text(PROJECT), {"id": "meanwhile"})
            connection.execute(text("INSERT INTO tags VALUES ('t', 'kept')"))
        migrate.prepare(url, may_migrate=False)
        with engine.begin() as connection:
            connection.execute(text(PROJECT), {"id": "after"})
            left = connection.execute(text("SELECT (SELECT count(*) FROM projects) + (SELECT count(*) FROM tags)")).scalar() or 0
        engine.dispose()
        return 4 - left


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mib", type=int, default=100)
    mib = parser.parse_args().mib
    found: dict = {"bench": "database"}
    for kind in ("postgresql", "sqlite"):
        found[kind] = {
            "control": behind_a_transaction(kind, None),
            "expand": behind_a_transaction(kind, Patience()),
            "naive": behind_a_transaction(kind, NAIVE),
            **large(kind, mib),
            "rows_lost_by_code_rollback": rolled_back(kind),
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
    shared_server().stop()
