"""One database: many readers, and on SQLite one writer at a time."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from sqlalchemy.exc import DBAPIError, TimeoutError  # noqa: A004 -- the pool's own: all connections are in use
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from comfytavern.store import dialect
from comfytavern.store.faults import explained

READERS = 5


class Database:
    """Connections to the database at `url`. Errors of the disk and of the file come out as `Failure` (faults.py)."""

    def __init__(self, url: str) -> None:
        """Prepare; nothing is opened before the first use."""
        self.url = dialect.async_url(url)
        pool = {"pool_size": READERS, "max_overflow": 0, "pool_timeout": 30, "pool_use_lifo": True}  # The last one used is warm.
        self._engine = create_async_engine(self.url, **pool, **dialect.engine_options(self.url))
        self._reader = self._engine.execution_options(**dialect.reader_options(self.url))
        dialect.configure(self._engine.sync_engine)
        self._writing = dialect.writer_lock(self.url)

    @property
    def dialect(self) -> str:
        """Name of the SQL dialect, for dialect.py."""
        return self._engine.dialect.name

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection, None]:
        """Give a connection that sees one consistent state of the database for the whole block."""
        try:
            async with self._reader.connect() as connection:
                yield connection
        except (DBAPIError, TimeoutError) as error:
            raise explained(error) or error from error

    @asynccontextmanager
    async def write(self, *, durable: bool = False) -> AsyncGenerator[AsyncConnection, None]:
        """Give a connection in a transaction: committed at the end of the block, or rolled back by an exception.

        A commit survives the death of this process; a `durable` one also that of the machine.
        """
        try:
            async with self._writing, self._engine.connect() as connection:
                await connection.execution_options(**{dialect.IMMEDIATE: True, dialect.DURABLE: durable})
                async with connection.begin():
                    yield connection
        except (DBAPIError, TimeoutError) as error:
            raise explained(error) or error from error

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()
