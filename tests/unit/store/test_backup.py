"""Backups on every database: whole or not there, proved by restoring them, and the way back."""

import contextlib
import json
import sqlite3
import threading
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from comfytavern.kernel.errors import Conflict, Failure, NotFound, Unavailable
from comfytavern.store import backup as backups
from comfytavern.store import dialect, migrate, postgres_tools, restore
from comfytavern.store.backup import SIDECAR, Backup
from comfytavern.store.database import Database
from comfytavern.store.phases import LEVEL, Phase, State
from comfytavern.store.shape import state
from comfytavern.testing.databases import DATABASES, new_url
from tests.next_release import CONTRACT, next_release


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return new_url(request.param, tmp_path)


def sql(url: str, *sentences: str) -> list[object]:
    engine = create_engine(dialect.sync_url(dialect.async_url(url)))
    dialect.configure(engine)
    with engine.connect().execution_options(**{dialect.IMMEDIATE: True}) as connection, connection.begin():
        answers = [connection.execute(text(sentence)) for sentence in sentences]
        found = [answer.scalars().all() if answer.returns_rows else None for answer in answers]
    engine.dispose()
    return found


def token(name: str, at: float = 1.0) -> str:
    return f"INSERT INTO setup_tokens VALUES ('{name}', {at})"


def tokens(url: str) -> object:
    return sql(url, "SELECT token_hash FROM setup_tokens ORDER BY 1")[0]


def test_a_backup_says_what_is_in_it_and_proves_it(url: str, tmp_path: Path) -> None:
    sql(url, token("one"), token("two"))
    made = backups.write(url, tmp_path / "b" / "first", reason="test")
    assert (made.rows["setup_tokens"], made.level, made.revisions) == (2, LEVEL, (migrate.HEAD,))
    assert restore.verify(tmp_path / "b" / "first", url) == made == backups.read(tmp_path / "b" / "first")
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == ["first"]
    assert backups.checksum(tmp_path / "b" / "first" / made.file) == made.sha256


def test_going_back_says_what_is_lost_and_keeps_what_is_replaced(url: str, tmp_path: Path) -> None:
    sql(url, token("kept"))
    folder = tmp_path / "b" / "first"
    backups.write(url, folder, reason="test")
    sql(url, token("lost", time.time() + 1))
    sql(url, f"INSERT INTO settings (name, value, updated_at) VALUES ('opens/exe_1', '[]', {time.time() + 1})")  # A server that is there.
    lost = restore.losses(folder, url, secrets=[])
    assert lost.rows == {"setup_tokens": 1}
    assert 0 < lost.seconds < 60
    done = restore.restore(folder, url)
    assert tokens(url) == ["kept"]
    parsed = dialect.async_url(url)
    aside = parsed.set(database=done.aside).render_as_string(hide_password=False)
    assert tokens(aside) == ["kept", "lost"]
    assert restore.losses(folder, url, secrets=[]).rows == {}


def test_a_restore_with_a_name_is_done_once_and_can_be_undone(url: str, tmp_path: Path) -> None:
    folder = tmp_path / "b" / "first"
    sql(url, token("kept"))
    backups.write(url, folder, reason="test")
    sql(url, token("later"))
    first = restore.restore(folder, url, aside="dep_1")
    sql(url, token("after"))
    assert restore.restore(folder, url, aside="dep_1").aside == first.aside
    assert tokens(url) == ["after", "kept"]
    undone = restore.undo("dep_1", url)
    assert tokens(url) == ["kept", "later"]
    parsed = dialect.async_url(url)
    assert tokens(parsed.set(database=undone).render_as_string(hide_password=False)) == ["after", "kept"]
    assert restore.undo("dep_1", url) == restore.undo("never", url) == ""
    assert tokens(url) == ["kept", "later"]


def test_a_replaced_database_is_put_back_by_the_name_that_the_restore_gave(url: str, tmp_path: Path) -> None:
    folder = tmp_path / "b" / "first"
    backups.write(url, folder, reason="test")
    sql(url, token("later"))
    assert restore.undo(restore.restore(folder, url).aside, url)
    assert tokens(url) == ["later"]


def test_a_restore_that_was_cut_off_between_two_names_is_done_again_or_undone(tmp_path: Path) -> None:
    url, file = new_url("sqlite", tmp_path), tmp_path / "test.db"
    folder = tmp_path / "b" / "first"
    sql(url, token("kept"))
    backups.write(url, folder, reason="test")
    sql(url, token("later"))
    for again in (lambda: restore.undo("dep_1", url), lambda: restore.restore(folder, url, aside="dep_1").aside):
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
        (tmp_path / "test-replaced-dep_1.db").hardlink_to(file)
        assert tokens(url) == ["kept", "later"]
        again()
    assert tokens(url) == ["kept"]
    assert restore.undo("dep_1", url)
    assert tokens(url) == ["kept", "later"]


@pytest.mark.slow
def test_a_database_that_is_open_is_not_replaced(url: str, tmp_path: Path) -> None:
    folder = tmp_path / "b" / "first"
    sql(url, token("kept"))
    backups.write(url, folder, reason="test")
    sql(url, token("later"))
    engine = create_engine(dialect.sync_url(dialect.async_url(url)))
    dialect.configure(engine)
    with engine.connect() as connection:
        connection.execute(text("SELECT 1 FROM setup_tokens"))
        with pytest.raises(Conflict) as caught:
            restore.restore(folder, url)
    engine.dispose()
    assert caught.value.code == "db.in_use"
    assert tokens(url) == ["kept", "later"]


def test_a_server_that_is_alive_is_named(url: str, tmp_path: Path) -> None:
    folder = tmp_path / "b" / "first"
    backups.write(url, folder, reason="test")
    now = "(julianday('now') - 2440587.5) * 86400.0" if url.startswith("sqlite") else "EXTRACT(EPOCH FROM now())"
    sql(url, f"INSERT INTO executors (id, release, slot, host, pid, draining, seen_at) SELECT 'e', 'r', 'blue', 'h1', 7, false, {now}")
    with pytest.raises(Conflict) as caught:
        restore.restore(folder, url)
    assert caught.value.params["holders"] == ["blue (process 7 on h1)"]


@pytest.mark.parametrize("damage", ["bytes", "short", "gone", "sidecar", "rows", "level", "files"])
def test_a_damaged_backup_is_found_and_never_put_in_place(url: str, tmp_path: Path, damage: str) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.txt").write_text("hello")
    folder = tmp_path / "b" / "first"
    sql(url, *(token(f"{number:064}") for number in range(300)))
    made = backups.write(url, folder, reason="test", files=tmp_path / "files")
    file, sidecar = folder / made.file, folder / SIDECAR
    whole = file.read_bytes()
    about = json.loads(sidecar.read_bytes())
    match damage:
        case "bytes":
            middle = len(whole) // 2
            file.write_bytes(whole[:middle] + bytes([whole[middle] ^ 0xFF]) + whole[middle + 1 :])
        case "short":
            file.write_bytes(whole[: len(whole) // 2])
        case "gone":
            file.unlink()
        case "sidecar":
            sidecar.write_text(sidecar.read_text()[:-20])
        case "rows":
            sidecar.write_text(json.dumps(about | {"rows": about["rows"] | {"setup_tokens": 299}}))
        case "level":
            sidecar.write_text(json.dumps(about | {"level": LEVEL + 1}))
        case _:
            (folder / "files" / "a.txt").unlink()
    with pytest.raises(Unavailable) as caught:
        restore.restore(folder, url)
    assert caught.value.code == "db.backup_damaged"
    assert len(tokens(url)) == 300  # type: ignore[arg-type]  -- a list of scalars


def test_a_damaged_copy_with_a_right_checksum_is_found_by_restoring_it(url: str, tmp_path: Path) -> None:
    folder = tmp_path / "b" / "first"
    sql(url, *(token(f"{number:064}") for number in range(300)))
    made = backups.write(url, folder, reason="test")
    file = folder / made.file
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) * 2 // 3] + b"\xa5" * (len(whole) - len(whole) * 2 // 3))
    about = json.loads((folder / SIDECAR).read_bytes()) | {"sha256": backups.checksum(file)}
    (folder / SIDECAR).write_text(json.dumps(about))
    with pytest.raises(Unavailable) as caught:
        restore.verify(folder, url)
    assert caught.value.code == "db.backup_damaged"


@pytest.mark.slow
def test_a_backup_made_during_writes_is_one_moment_of_the_database(url: str, tmp_path: Path) -> None:
    """Each writer adds a user and a login in one transaction: a backup never has one without the other."""
    stop = threading.Event()
    written = [0]

    def write() -> None:
        while not stop.is_set():
            name = f"u{written[0]}"
            user = f"INSERT INTO users VALUES ('{name}', 'n', '{name}', 'member', 'x', 0, '{{}}', {time.time()})"
            sql(url, user, f"INSERT INTO setup_tokens VALUES ('{name}', 1.0)")
            written[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(4):
            until = written[0] + 3
            while written[0] < until and writer.is_alive():
                time.sleep(0.005)
            made = backups.write(url, tmp_path / "b" / str(number), reason="test")
            assert made.rows["users"] == made.rows["setup_tokens"] >= until - 3
            restore.verify(tmp_path / "b" / str(number), url)
    finally:
        stop.set()
        writer.join()
    assert written[0] > 10


def test_a_backup_of_a_contracted_database_is_not_for_older_code(url: str, tmp_path: Path) -> None:
    folder = next_release(tmp_path, contract=CONTRACT)
    migrate.migrate(url, Phase.CONTRACT, folder=folder)
    backups.write(url, tmp_path / "b" / "new", reason="test")
    with pytest.raises(Unavailable) as caught:
        restore.restore(tmp_path / "b" / "new", url)
    assert caught.value.code == "store.newer"


def test_a_damaged_database_can_be_replaced(tmp_path: Path) -> None:
    file = tmp_path / "test.db"
    url = new_url("sqlite", tmp_path)
    sql(url, token("kept"))
    backups.write(url, tmp_path / "b" / "first", reason="test")
    file.write_bytes(b"this is no database" * 1000)
    assert restore.restore(tmp_path / "b" / "first", url).aside
    assert tokens(url) == ["kept"]


def test_a_database_that_is_gone_comes_back(tmp_path: Path) -> None:
    url = new_url("sqlite", tmp_path)
    sql(url, token("kept"))
    backups.write(url, tmp_path / "b" / "first", reason="test")
    (tmp_path / "test.db").unlink()
    for beside in tmp_path.glob("test.db-*"):
        beside.unlink()
    assert restore.restore(tmp_path / "b" / "first", url).aside == ""
    assert tokens(url) == ["kept"]


def test_files_that_are_gone_come_back_and_others_stay_as_they_are(tmp_path: Path) -> None:
    url, area = new_url("sqlite", tmp_path), tmp_path / "files"
    (area / "sub").mkdir(parents=True)
    for name in ("gone", "sub/gone", "changed"):
        (area / name).write_text("then")
    made = backups.write(url, tmp_path / "b" / "first", reason="test", files=area)
    assert made.files == {"changed": 4, "gone": 4, "sub/gone": 4}
    (area / "gone").unlink()
    (area / "sub" / "gone").unlink()
    changed = area / "changed.new"
    changed.write_text("now")
    changed.replace(area / "changed")
    assert restore.restore(tmp_path / "b" / "first", url, files=area).files == 2
    assert [(area / name).read_text() for name in ("gone", "sub/gone", "changed")] == ["then", "then", "now"]


def test_another_secret_is_noticed(tmp_path: Path) -> None:
    url = new_url("sqlite", tmp_path)
    mine, other = backups.fingerprint("s" * 40), backups.fingerprint("t" * 40)
    made = backups.write(url, tmp_path / "b" / "first", reason="test", secret=mine)
    assert "s" * 40 not in (tmp_path / "b" / "first" / SIDECAR).read_text()
    assert made.secret == mine
    assert restore.losses(tmp_path / "b" / "first", url, secrets=[other]).unknown_secret
    assert not restore.losses(tmp_path / "b" / "first", url, secrets=[other, mine]).unknown_secret


def test_a_backup_that_cannot_be_made_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(Failure):
        backups.write(f"sqlite:///{tmp_path / 'missing.db'}", tmp_path / "b" / "first", reason="test")
    assert list((tmp_path / "b").iterdir()) == []
    with pytest.raises(NotFound) as caught:
        backups.read(tmp_path / "b" / "first")
    assert caught.value.code == "db.no_backup"


def test_making_it_again_replaces_it(url: str, tmp_path: Path) -> None:
    backups.write(url, tmp_path / "b" / "first", reason="test")
    sql(url, token("one"))
    assert backups.write(url, tmp_path / "b" / "first", reason="test").rows["setup_tokens"] == 1
    assert len(backups.found(tmp_path / "b")) == 1


def test_a_missing_pg_dump_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_tools, "FOLDERS", "/nowhere/*/bin")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Unavailable) as caught:
        postgres_tools.tool("pg_dump", 15)
    assert caught.value.code == "db.no_tool"
    assert "postgresql-client" in caught.value.hint


def test_an_empty_database_has_a_backup_too(tmp_path: Path) -> None:
    url = new_url("postgresql", tmp_path, migrated=False)
    made = backups.write(url, tmp_path / "b" / "first", reason="test")
    assert (made.level, made.rows) == (0, {})
    assert restore.verify(tmp_path / "b" / "first", url) == made
    assert state(dialect.async_url(url)) == State()


async def test_a_restored_database_is_served(url: str, tmp_path: Path) -> None:
    backups.write(url, tmp_path / "b" / "first", reason="test")
    restore.restore(tmp_path / "b" / "first", url)
    assert migrate.prepare(url, may_migrate=False) is None
    database = Database(url)
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT level FROM schema_state"))).scalar() == LEVEL
    await database.close()


@example([0.0, 3_369_600.0, 3_455_999.9999999995], 1, 2)
@given(st.lists(st.floats(0, 40 * 86_400), max_size=40), st.integers(1, 9), st.integers(0, 9))
def test_retention_keeps_the_newest_and_one_a_day(times: list[float], keep: int, keep_days: int) -> None:
    every = [(Path(str(number)), _backup(str(number), at)) for number, at in enumerate(times)]
    gone = set(backups.superfluous(every, keep=keep, keep_days=keep_days))
    left = [made for folder, made in every if folder not in gone]
    newest = sorted(times, reverse=True)[:keep]
    assert sorted((made.created_at for made in left), reverse=True)[: len(newest)] == newest
    assert len(left) <= keep + keep_days
    days = sorted({int(at // 86_400) for at in times}, reverse=True)[:keep_days]
    assert {int(made.created_at // 86_400) for made in left} >= set(days)


def _backup(id: str, at: float) -> Backup:
    return Backup(
        id=id,
        created_at=at,
        reason="",
        version="",
        database="sqlite",
        file="",
        sha256="",
        size_bytes=0,
        level=1,
        contracted=0,
        revisions=(),
        rows={},
    )
