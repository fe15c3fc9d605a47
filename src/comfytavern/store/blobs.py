"""Graphs as bytes, each kept once."""

from datetime import UTC, datetime

from blake3 import blake3
from sqlalchemy import delete, exists
from sqlalchemy.ext.asyncio import AsyncConnection

from comfytavern.store import dialect
from comfytavern.store.tables import blobs, runs, versions


async def keep_blob(connection: AsyncConnection, body: bytes) -> str:
    """Keep `body` if it is new, and return its digest."""
    digest = blake3(body).hexdigest()
    await dialect.hold(connection, dialect.BLOBS)
    await connection.execute(
        dialect.insert_new(blobs, connection.dialect.name).values(digest=digest, body=body, created_at=datetime.now(UTC))
    )
    return digest


async def sweep_blobs(connection: AsyncConnection) -> None:
    """Remove the bytes that nothing refers to any more; when others are keeping some just now, the next sweep does it."""
    if not await dialect.claim(connection, dialect.BLOBS):
        return
    unused = ~exists().where(versions.c.digest == blobs.c.digest) & ~exists().where(runs.c.digest == blobs.c.digest)
    await connection.execute(delete(blobs).where(unused))
