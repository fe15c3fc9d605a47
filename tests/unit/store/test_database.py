"""The database: transactions, group commit, migration, backups, and what its errors say."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, func, select, text
from sqlalchemy.exc import IntegrityError

from comfytavern.kernel.errors import Invalid, Unavailable
from comfytavern.store.appender import Appender
from comfytavern.store.database import Database
from comfytavern.store.tables import setup_tokens
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


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense", ""])
def test_an_address_we_cannot_use_is_refused(url: str) -> None:
    with pytest.raises(Invalid) as failure:
        Database(url)
    assert failure.value.code == "store.url"


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


@pytest.mark.parametrize("call", range(1, 7))
async def test_a_writer_cancelled_in_the_middle_of_a_query_keeps_nobody_out(
    database: Database, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    await Appender(database).add(setup_tokens, [token(f"old {at}") for at in range(100)])
    perform, calls = aiosqlite.Connection._execute, 0

    async def reading() -> None:
        async with database.write() as connection:
            await connection.execute(setup_tokens.insert().values(token("one")))
            monkeypatch.setattr(aiosqlite.Connection, "_execute", cancelled_at)
            await connection.execute(select(setup_tokens))
            await connection.execute(select(setup_tokens))
            raise AssertionError("nobody was cancelled")

    async def cancelled_at(self: aiosqlite.Connection, *args: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            task.cancel()
        return await perform(self, *args, **named)

    task = asyncio.create_task(reading())
    with pytest.raises(asyncio.CancelledError) as cancelled:
        await task
    monkeypatch.setattr(aiosqlite.Connection, "_execute", perform)
    await Appender(database).add(setup_tokens, [token("two")])
    assert await count(database) == 101
    assert cancelled.tb is not None  # Whoever keeps the traceback keeps the cursor.


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
