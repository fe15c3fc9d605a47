"""What a database holds at this moment, over all people and servers: for the owner's status page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from comfytavern.projects.run import ACTIVE
from comfytavern.store import dialect
from comfytavern.store.database import Database
from comfytavern.store.phases import State
from comfytavern.store.tables import executors, runs, schema_state, users
from comfytavern.store.times import database_time

ITEMS_MAX: Final = 50
SEEN_S: Final = 60.0
"""A server that was not seen for longer is of no interest."""


@dataclass(frozen=True, slots=True)
class Going:
    """A run that is not over."""

    id: str
    state: str
    user: str
    workflow_name: str | None
    source: str
    created_at: datetime
    started_at: datetime | None
    executor: str | None


@dataclass(frozen=True, slots=True)
class Seen:
    """A server, and how many seconds ago it said that it is alive, by the clock of the database."""

    id: str
    release: str
    slot: str
    pid: int
    draining: bool
    seen_s: float


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it, in one consistent state."""

    kind: str
    size_bytes: int | None
    schema: State
    counts: dict[str, int]
    """Runs that are not over, by state."""
    going: list[Going]
    """The oldest of them; those that run come first."""
    servers: list[Seen]


async def overview(database: Database) -> Overview:
    """Look. Raises `Unavailable`."""
    async with database.read() as connection:
        level = (await connection.execute(select(schema_state.c.level, schema_state.c.contracted))).first()
        counted = select(runs.c.state, func.count()).where(runs.c.state.in_(ACTIVE)).group_by(runs.c.state)
        return Overview(
            kind=database.dialect,
            size_bytes=await _size_bytes(database, connection),
            schema=State(level.level, level.contracted) if level else State(),
            counts={row[0]: row[1] for row in await connection.execute(counted)},
            going=await _going(connection),
            servers=await _servers(connection),
        )


async def _going(connection: AsyncConnection) -> list[Going]:
    columns = (runs.c.id, runs.c.state, users.c.name, runs.c.workflow_name, runs.c.source, runs.c.created_at, runs.c.started_at)
    query = select(*columns, runs.c.executor).join(users, users.c.id == runs.c.owner_id).where(runs.c.state.in_(ACTIVE))
    query = query.order_by(runs.c.state == "queued", runs.c.created_at, runs.c.id).limit(ITEMS_MAX)
    return [Going(*row) for row in await connection.execute(query)]


async def _servers(connection: AsyncConnection) -> list[Seen]:
    age = (database_time() - executors.c.seen_at).label("seen_s")
    columns = (executors.c.id, executors.c.release, executors.c.slot, executors.c.pid, executors.c.draining)
    query = select(*columns, age).where(executors.c.seen_at > database_time() - SEEN_S).order_by(executors.c.slot, executors.c.id)
    return [Seen(*row) for row in await connection.execute(query)]


async def _size_bytes(database: Database, connection: AsyncConnection) -> int | None:
    file = dialect.file_of(database.url)
    if file is None:
        return await connection.scalar(text("SELECT pg_database_size(current_database())"))
    parts = [part for part in (file, file.with_name(f"{file.name}-wal")) if part.exists()]
    return sum(part.stat().st_size for part in parts) if parts else None
