"""Migrations on every database: all or nothing, one at a time, not in anybody's way."""

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from comfytavern.kernel.errors import Failure, Unavailable
from comfytavern.store import dialect, migrate
from comfytavern.store.backup import found as backups_in
from comfytavern.store.migrate import Patience
from comfytavern.store.phases import LEVEL, Phase, State
from comfytavern.store.shape import state
from comfytavern.store.tables import metadata
from comfytavern.testing.databases import DATABASES, new_url
from tests.next_release import CONTRACT, FAILING, next_release

QUICK = Patience(lock_timeout_ms=100, retries=60)


@pytest.fixture(params=DATABASES)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def url(kind: str, tmp_path: Path) -> str:
    return new_url(kind, tmp_path)


@pytest.fixture
def empty(kind: str, tmp_path: Path) -> str:
    return new_url(kind, tmp_path, migrated=False)


def state_of(url: str) -> State:
    return state(dialect.async_url(url))


def sql(url: str, sentence: str) -> None:
    engine = create_engine(dialect.sync_url(dialect.async_url(url)))
    with engine.begin() as connection:
        connection.execute(text(sentence))
    engine.dispose()


def tables(url: str) -> set[str]:
    engine = create_engine(dialect.sync_url(dialect.async_url(url)))
    names = set(inspect(engine).get_table_names())
    engine.dispose()
    return names


def test_the_migrations_make_exactly_the_tables_of_the_code(url: str) -> None:
    engine = create_engine(dialect.sync_url(dialect.async_url(url)))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []
    engine.dispose()


def test_migrations_go_up_and_down_and_up(empty: str) -> None:
    parsed = dialect.async_url(empty)
    migrate.upgrade(parsed)
    migrate.downgrade(parsed, "base")
    assert tables(empty) == {"alembic_version"}
    assert state(parsed) == State()
    migrate.upgrade(parsed)
    assert state(parsed) == State(LEVEL, 0)
    assert migrate.current(parsed) == migrate.HEAD


def test_a_database_from_before_levels_were_written_down_is_upgraded(empty: str) -> None:
    parsed = dialect.async_url(empty)
    migrate.upgrade(parsed, "0001")
    assert state(parsed) == State(1)
    migrate.prepare(empty)
    assert state(parsed) == State(LEVEL)


def test_a_second_start_changes_nothing_and_makes_no_backup(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "folder" / "new.db"
    assert migrate.prepare(f"sqlite:///{file}") is None
    before = file.read_bytes()
    assert migrate.prepare(f"sqlite:///{file}") is None
    assert file.read_bytes() == before
    assert not (file.parent / "backups").exists()


def test_an_upgrade_of_a_file_is_preceded_by_a_backup(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    migrate.upgrade(dialect.async_url(url), "0001")
    sql(url, "INSERT INTO setup_tokens VALUES ('kept', 1.0)")
    folder = migrate.prepare(url)
    assert folder is not None
    ((place, made),) = backups_in(tmp_path / "backups")
    assert (place, made.level, made.rows["setup_tokens"]) == (folder, 1, 1)


def test_where_nothing_may_migrate_a_database_that_is_behind_is_refused(empty: str) -> None:
    for _ in ("empty", "old"):
        with pytest.raises(Unavailable) as caught:
            migrate.prepare(empty, may_migrate=False)
        assert caught.value.code == "db.behind"
        assert "comfytavern db migrate" in caught.value.hint
        migrate.upgrade(dialect.async_url(empty), "0001")
    migrate.migrate(empty, Phase.EXPAND)
    assert migrate.prepare(empty, may_migrate=False) is None


def test_a_database_that_a_newer_release_has_expanded_is_served(url: str, tmp_path: Path) -> None:
    done = migrate.migrate(url, Phase.EXPAND, folder=next_release(tmp_path))
    assert (done.applied, done.state) == (("n1",), State(LEVEL + 1, 0))
    assert migrate.prepare(url, may_migrate=False) is None
    again = migrate.migrate(url, Phase.EXPAND)
    assert (again.applied, again.state) == ((), State(LEVEL + 1, 0))


def test_a_database_that_a_newer_release_has_contracted_is_refused_and_left_alone(url: str, tmp_path: Path) -> None:
    folder = next_release(tmp_path, contract=CONTRACT)
    assert migrate.migrate(url, Phase.EXPAND, folder=folder).applied == ("n1",)
    assert migrate.migrate(url, Phase.CONTRACT, folder=folder).state == State(LEVEL + 1, LEVEL + 1)
    with pytest.raises(Unavailable) as caught:
        migrate.prepare(url)
    assert caught.value.code == "store.newer"
    assert state_of(url) == State(LEVEL + 1, LEVEL + 1)


def test_revisions_that_nobody_here_knows_are_refused(empty: str) -> None:
    sql(empty, "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    sql(empty, "INSERT INTO alembic_version VALUES ('9999')")
    with pytest.raises(Unavailable) as caught:
        migrate.prepare(empty)
    assert caught.value.code == "store.newer"


def test_a_migration_that_fails_leaves_everything_as_it_was_and_says_why(url: str, tmp_path: Path) -> None:
    before = tables(url)
    with pytest.raises(Unavailable) as caught:
        migrate.migrate(url, Phase.EXPAND, folder=next_release(tmp_path, expand=FAILING))
    assert caught.value.code == "db.failed"
    assert "no_such_column" in caught.value.sentence
    assert "\n" not in caught.value.sentence
    assert tables(url) == before
    assert state_of(url) == State(LEVEL)


def test_a_bug_in_a_migration_is_a_failure_too(url: str, tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        migrate.migrate(url, Phase.EXPAND, folder=next_release(tmp_path, expand="    raise RuntimeError('in the middle')"))
    assert (caught.value.code, state_of(url)) == ("db.failed", State(LEVEL))


def test_of_many_who_migrate_one_does_it_and_the_others_find_nothing_to_do(url: str, tmp_path: Path) -> None:
    folder = next_release(tmp_path)
    with ThreadPoolExecutor(5) as threads:
        done = list(threads.map(lambda _: migrate.migrate(url, Phase.EXPAND, folder=folder), range(5)))
    assert sorted(each.applied for each in done) == [(), (), (), (), ("n1",)]


def test_a_lock_is_waited_for_in_short_tries(url: str, tmp_path: Path) -> None:
    folder, held, let_go = next_release(tmp_path), threading.Event(), threading.Event()

    def block() -> None:
        engine = create_engine(dialect.sync_url(dialect.async_url(url)))
        dialect.configure(engine)
        with engine.connect().execution_options(**{dialect.IMMEDIATE: True}) as connection, connection.begin():
            connection.execute(text("UPDATE projects SET name = name"))
            connection.execute(text("SELECT count(*) FROM projects"))
            held.set()
            let_go.wait(30)
        engine.dispose()

    blocker = threading.Thread(target=block)
    blocker.start()
    held.wait(10)
    with pytest.raises(Failure) as caught:
        migrate.migrate(url, Phase.EXPAND, folder=folder, patience=Patience(50, 0))
    assert caught.value.code == "store.locked"
    threading.Timer(0.5, let_go.set).start()
    began = time.monotonic()
    done = migrate.migrate(url, Phase.EXPAND, folder=folder, patience=QUICK)
    blocker.join()
    assert done.applied == ("n1",)
    assert done.tries > 1
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("damage", ["garbage", "header", "page"])
def test_a_damaged_file_is_refused_and_left_alone(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "broken.db"
    migrate.prepare(f"sqlite:///{file}")
    with sqlite3.connect(file) as connection:
        connection.executemany("INSERT INTO setup_tokens VALUES (?, 1.0)", [(f"{number:064}",) for number in range(500)])
    connection.close()
    whole = file.read_bytes()
    middle = len(whole) - 4096
    broken = {
        "garbage": b"this is no database" * 100,
        "header": b"\xff" * 100 + whole[100:],
        "page": whole[:middle] + b"\xa5" * 4096,
    }[damage]
    file.write_bytes(broken)
    with pytest.raises(Unavailable) as failure:
        migrate.prepare(f"sqlite:///{file}")
    assert failure.value.code == "store.corrupt"
    assert failure.value.hint
    assert file.read_bytes() == broken


def test_a_place_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable) as failure:
        migrate.prepare(f"sqlite:///{tmp_path / 'file' / 'new.db'}")
    assert failure.value.code == "store.unreachable"
