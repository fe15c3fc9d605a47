"""The database: transactions, group commit, migration, backups, and what its errors say."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, func, inspect, select, text
from sqlalchemy.exc import IntegrityError

from comfytavern.kernel.errors import Failure, Invalid, Unavailable
from comfytavern.store import migrate
from comfytavern.store.appender import Appender
from comfytavern.store.backup import backup_file
from comfytavern.store.database import Database
from comfytavern.store.dialect import async_url
from comfytavern.store.tables import metadata, setup_tokens
from comfytavern.testing.databases import new_database


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = new_database("sqlite", tmp_path)
    yield database
    await database.close()


def token(name: str) -> dict[str, object]:
    return {"token_hash": name, "created_at": 1.0}


async def count(database: Database) -> int:
    async with database.read() as connection:
        return await connection.scalar(select(func.count()).select_from(setup_tokens)) or 0


# migrations


def test_the_migrations_make_exactly_the_tables_of_the_code(tmp_path: Path) -> None:
    migrate.prepare(f"sqlite:///{tmp_path / 'new.db'}")
    engine = create_engine(f"sqlite:///{tmp_path / 'new.db'}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []
    engine.dispose()


def test_head_is_the_newest_migration() -> None:
    script = ScriptDirectory(str(Path(migrate.__file__).parent / "migrations"))
    assert script.get_heads() == [migrate.HEAD]


def test_migrations_go_up_and_down_and_up(tmp_path: Path) -> None:
    url = async_url(f"sqlite:///{tmp_path / 'new.db'}")
    migrate.upgrade(url)
    migrate.downgrade(url, "base")
    engine = create_engine(f"sqlite:///{tmp_path / 'new.db'}")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()
    migrate.upgrade(url)
    assert migrate.current(url) == migrate.HEAD


def test_a_second_start_changes_nothing_and_makes_no_backup(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "folder" / "new.db"
    assert migrate.prepare(f"sqlite:///{file}") is None
    before = file.read_bytes()
    assert migrate.prepare(f"sqlite:///{file}") is None
    assert file.read_bytes() == before
    assert not (file.parent / "backups").exists()


def test_an_upgrade_is_preceded_by_a_backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "old.db"
    migrate.prepare(f"sqlite:///{file}")
    with sqlite3.connect(file) as connection:
        connection.execute("INSERT INTO setup_tokens VALUES ('kept', 1.0)")
    connection.close()
    monkeypatch.setattr(migrate, "HEAD", "9999")  # As if this version had one more migration than the file.
    backup = migrate.prepare(f"sqlite:///{file}")
    assert backup is not None
    assert backup.parent == tmp_path / "backups"
    with sqlite3.connect(backup) as copy:
        assert copy.execute("SELECT token_hash FROM setup_tokens").fetchall() == [("kept",)]
    copy.close()


def test_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = async_url(f"sqlite:///{tmp_path / 'new.db'}")
    migrate.upgrade(url)

    def broken(_connection: object) -> None:
        raise RuntimeError("in the middle")

    monkeypatch.setattr(migrate.dialect, "check_references", broken)
    with pytest.raises(RuntimeError):
        migrate.downgrade(url, "base")
    assert migrate.current(url) == migrate.HEAD
    engine = create_engine(f"sqlite:///{tmp_path / 'new.db'}")
    assert len(inspect(engine).get_table_names()) == len(metadata.tables) + 1
    engine.dispose()


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


def test_a_database_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "newer.db"
    migrate.prepare(f"sqlite:///{file}")
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = file.read_bytes()
    with pytest.raises(Unavailable) as failure:
        migrate.prepare(f"sqlite:///{file}")
    assert failure.value.code == "store.newer"
    assert file.read_bytes() == before


def test_a_place_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable) as failure:
        migrate.prepare(f"sqlite:///{tmp_path / 'file' / 'new.db'}")
    assert failure.value.code == "store.unreachable"


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense", ""])
def test_an_address_we_cannot_use_is_refused(url: str) -> None:
    with pytest.raises(Invalid) as failure:
        Database(url)
    assert failure.value.code == "store.url"


def test_a_backup_is_whole_or_not_there(tmp_path: Path) -> None:
    with pytest.raises(Failure):
        backup_file(tmp_path / "missing.db", tmp_path / "copy.db")
    assert list(tmp_path.iterdir()) == []


async def test_a_backup_is_made_while_the_database_is_in_use(database: Database, tmp_path: Path) -> None:
    await Appender(database).add(setup_tokens, [token("one")])
    async with database.write() as connection:
        await connection.execute(setup_tokens.insert().values(token("two")))
        copy = await asyncio.to_thread(backup_file, tmp_path / "test.db", tmp_path / "copy.db")
    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT token_hash FROM setup_tokens").fetchall() == [("one",)]
    connection.close()


# transactions


async def test_connections_have_the_pragmas_that_keep_data_safe(database: Database) -> None:
    async with database.read() as connection:
        found = {
            name: (await connection.execute(text(f"PRAGMA {name}"))).scalar() for name in ("journal_mode", "foreign_keys", "synchronous")
        }
        assert (await connection.execute(text("PRAGMA busy_timeout"))).scalar() == 10_000
    assert found == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 1}


async def test_a_durable_write_waits_for_the_disk_and_the_next_does_not(database: Database) -> None:
    levels: list[object] = []
    for durable in (True, False):
        async with database.write(durable=durable) as connection:
            levels.append((await connection.execute(text("PRAGMA synchronous"))).scalar())
    assert levels == [2, 1]


async def test_an_exception_rolls_back(database: Database) -> None:
    async def failing() -> None:
        async with database.write() as connection:
            await connection.execute(setup_tokens.insert().values(token("one")))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await failing()
    assert await count(database) == 0


async def test_a_cancelled_writer_rolls_back_and_lets_the_next_one_in(database: Database) -> None:
    inside = asyncio.Event()

    async def slow() -> None:
        async with database.write() as connection:
            await connection.execute(setup_tokens.insert().values(token("one")))
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(slow())
    await inside.wait()
    task.cancel()
    await Appender(database).add(setup_tokens, [token("two")])
    assert await count(database) == 1


async def test_a_reader_sees_one_state_while_others_write(database: Database) -> None:
    async with database.read() as connection:
        query = select(func.count()).select_from(setup_tokens)
        assert await connection.scalar(query) == 0
        await Appender(database).add(setup_tokens, [token("one")])
        assert await connection.scalar(query) == 0
    assert await count(database) == 1


async def test_many_writers_take_turns(database: Database) -> None:
    async def increment() -> None:
        async with database.write() as connection:
            number = await connection.scalar(select(func.count()).select_from(setup_tokens))
            await asyncio.sleep(0)
            await connection.execute(setup_tokens.insert().values(token(str(number))))

    await asyncio.gather(*(increment() for _ in range(20)))
    assert await count(database) == 20


# group commit


async def test_rows_added_together_share_few_transactions(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    writes = 0
    write = database.write

    def counted(*, durable: bool = False) -> object:
        nonlocal writes
        writes += 1
        return write(durable=durable)

    monkeypatch.setattr(database, "write", counted)
    appender = Appender(database)
    await asyncio.gather(*(appender.add(setup_tokens, [token(str(number))]) for number in range(200)))
    assert await count(database) == 200
    assert writes <= 3


async def test_one_callers_bad_rows_do_not_fail_the_others(database: Database) -> None:
    appender = Appender(database)
    await appender.add(setup_tokens, [token("taken")])
    results = await asyncio.gather(*(appender.add(setup_tokens, [token(name)]) for name in ("a", "taken", "b")), return_exceptions=True)
    assert [type(result) for result in results] == [type(None), IntegrityError, type(None)]
    assert await count(database) == 3


async def test_a_caller_who_is_cancelled_does_not_stop_the_commit(database: Database) -> None:
    appender = Appender(database)
    task = asyncio.create_task(appender.add(setup_tokens, [token("one")]))
    await asyncio.sleep(0)
    task.cancel()
    await appender.add(setup_tokens, [token("two")])
    assert await count(database) == 2


# errors


async def test_a_full_disk_is_a_failure_and_nothing_saved_is_lost(database: Database) -> None:
    appender = Appender(database)
    await appender.add(setup_tokens, [token("before")])
    async with database.read() as connection:
        pages = (await connection.execute(text("PRAGMA page_count"))).scalar()
    big = Table("setup_tokens", MetaData(), Column("token_hash", String), Column("created_at", Integer))

    async def fill() -> None:
        async with database.write() as connection:
            await connection.execute(text(f"PRAGMA max_page_count = {pages}"))
            await connection.execute(big.insert(), [{"token_hash": f"{number:0500}", "created_at": 1} for number in range(1000)])

    with pytest.raises(Unavailable) as failure:
        await fill()
    assert failure.value.code == "store.disk_full"
    assert await count(database) == 1


async def test_a_lock_held_by_another_program_is_a_failure(tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comfytavern.store.dialect._PRAGMAS", ("busy_timeout=50", "journal_mode=WAL"))
    other = sqlite3.connect(tmp_path / "test.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable) as failure:
        await Appender(database).add(setup_tokens, [token("one")])
    assert failure.value.code == "store.locked"
    other.execute("ROLLBACK")
    other.close()
    await Appender(database).add(setup_tokens, [token("one")])
    assert await count(database) == 1
