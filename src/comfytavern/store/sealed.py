"""Sealed keys of all users and the servers that open them, in SQL: the adapter of `SealedRepo` in llm/repo.py."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import delete, exists, insert, or_, select, update

from comfytavern.llm.repo import Channel
from comfytavern.store.database import Database
from comfytavern.store.llm import channel_of
from comfytavern.store.tables import channels, executors, settings
from comfytavern.store.times import database_time

BACK_S: Final = 600.0
"""Who was there within so long may come back with the secrets it had: a process that crashed and is started again."""
_ROW: Final = "opens/"
"""Rows of `settings` whose name is this and the id of a server hold the names of the secrets it opens with."""


class SqlSealed:
    """What is sealed."""

    def __init__(self, database: Database) -> None:
        """Keep it in `database`."""
        self._database = database

    async def announce(self, server: str, names: Sequence[str]) -> None:
        """Say what a server opens with, and forget those that are long gone (SealedRepo.announce)."""
        values = {"value": list(names), "updated_at": database_time()}
        gone = settings.c.name.startswith(_ROW, autoescape=True) & (settings.c.updated_at < database_time() - BACK_S)
        async with self._database.write() as connection:
            known = await connection.execute(update(settings).where(settings.c.name == _ROW + server).values(values))
            if not known.rowcount:
                await connection.execute(insert(settings).values(name=_ROW + server, **values))
            await connection.execute(delete(settings).where(gone))

    async def withdraw(self, server: str) -> None:
        """Forget a server (SealedRepo.withdraw)."""
        async with self._database.write() as connection:
            await connection.execute(delete(settings).where(settings.c.name == _ROW + server))

    async def others(self, server: str) -> list[frozenset[str]]:
        """Return what each other server opens with (SealedRepo.others)."""
        since = database_time() - BACK_S
        rows = settings.c.name.startswith(_ROW, autoescape=True) & (settings.c.name != _ROW + server) & (settings.c.updated_at > since)
        says = exists().where(settings.c.name == _ROW + executors.c.id, settings.c.updated_at > since)
        silent = select(executors.c.id).where(executors.c.id != server, executors.c.seen_at > since, ~says)
        async with self._database.read() as connection:
            found = [frozenset(row.value) for row in await connection.execute(select(settings.c.value).where(rows))]
            return found + [frozenset[str]() for _ in await connection.execute(silent)]

    async def sealed(self) -> list[Channel]:
        """Return every channel with a key or headers (SealedRepo.sealed)."""
        has = or_(channels.c.key.is_not(None), channels.c.headers.is_not(None))
        async with self._database.read() as connection:
            rows = await connection.execute(select(channels).where(has).order_by(channels.c.created_at, channels.c.id))
            return [channel_of(row) for row in rows]

    async def reseal(self, before: Channel, key: bytes | None, headers: bytes | None) -> bool:
        """Replace what `before` has, if it is still there (SealedRepo.reseal)."""
        same = (
            channels.c.id == before.id,
            channels.c.key.is_not_distinct_from(before.key),
            channels.c.headers.is_not_distinct_from(before.headers),
        )
        async with self._database.write(durable=True) as connection:
            changed = await connection.execute(update(channels).where(*same).values(key=key, headers=headers))
        return changed.rowcount == 1
