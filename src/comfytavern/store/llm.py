"""Channels in SQL: the adapter of llm/repo.py. Keys and headers arrive sealed."""

from typing import Any

import msgspec
from sqlalchemy import delete, insert, select, update

from comfytavern.llm.repo import Channel, Model
from comfytavern.store.database import Database
from comfytavern.store.tables import channels

_PLAIN = tuple(name for name in Channel.__struct_fields__ if name not in ("owner", "models"))


class SqlChannels:
    """Channels of users."""

    def __init__(self, database: Database) -> None:
        """Keep them in `database`."""
        self._database = database

    async def list(self, owner: str) -> list[Channel]:
        """Return the user's channels, oldest first (ChannelRepo.list)."""
        query = select(channels).where(channels.c.owner_id == owner).order_by(channels.c.created_at, channels.c.id)
        async with self._database.read() as connection:
            return [channel_of(row) for row in await connection.execute(query)]

    async def get(self, owner: str, channel_id: str) -> Channel | None:
        """Return one channel of the user (ChannelRepo.get)."""
        query = select(channels).where(channels.c.owner_id == owner, channels.c.id == channel_id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return channel_of(row) if row else None

    async def put(self, channel: Channel) -> None:
        """Insert the channel, or replace the one with its id (ChannelRepo.put)."""
        row = {name: getattr(channel, name) for name in _PLAIN}
        row |= {"owner_id": channel.owner, "models": msgspec.json.encode(channel.models)}
        async with self._database.write(durable=True) as connection:
            replaced = await connection.execute(update(channels).where(channels.c.id == channel.id).values(row))
            if not replaced.rowcount:
                await connection.execute(insert(channels).values(row))

    async def delete(self, owner: str, channel_id: str) -> bool:
        """Remove it and tell whether it was there (ChannelRepo.delete)."""
        async with self._database.write() as connection:
            which = (channels.c.owner_id == owner) & (channels.c.id == channel_id)
            return (await connection.execute(delete(channels).where(which))).rowcount == 1


def channel_of(row: Any) -> Channel:
    """Return the channel of a row of the table."""
    models = msgspec.json.decode(row.models, type=tuple[Model, ...])
    return Channel(owner=row.owner_id, models=models, **{name: getattr(row, name) for name in _PLAIN})
