"""The journal of runs in SQL: the adapter of engine/log.py."""

import asyncio

from blake3 import blake3
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from comfytavern.engine.log import Answered, AnyRecord, Intent, decode, encode
from comfytavern.kernel.errors import NotFound
from comfytavern.projects.executor import Hold
from comfytavern.store.appender import Appender, Rows
from comfytavern.store.database import Database
from comfytavern.store.tables import run_records

RUNS_KNOWN = 10_000
"""Of so many runs the number of the next record is remembered; of others it is looked up."""
_SMALL_BATCH = 64
"""Up to so many records a change of threads costs more than encoding them here."""


class SqlLog:
    """Journals runs that the table `runs` knows."""

    def __init__(self, database: Database, appender: Appender, hold: Hold | None = None) -> None:
        """Read from `database`, write through `appender`, which other writers share; with a `hold`, only while it is good."""
        self._database = database
        self._appender = appender
        self._hold = hold
        self._next: dict[str, int] = {}

    async def append(self, run_id: str, records: list[AnyRecord], /) -> None:
        """Add records in order; an answer is on the disk when this returns (Log.append)."""
        await self._add(run_id, records, durable=any(isinstance(record, Answered) for record in records))

    async def intent(self, run_id: str, path: str, key: str, /) -> None:
        """Add an intent, and return when it is on the disk (Log.intent)."""
        await self._add(run_id, [Intent(path=path, key=key)], durable=True)

    async def read(self, run_id: str, /) -> list[AnyRecord]:
        """Return all records of a run (Log.read)."""
        query = select(run_records.c.body).where(run_records.c.run_id == run_id).order_by(run_records.c.number)
        async with self._database.read() as connection:
            bodies = (await connection.scalars(query)).all()
        return await asyncio.to_thread(lambda: [decode(body) for body in bodies])

    def held(self, hold: Hold, /) -> "SqlLog":
        """Return the journal for the holder of a run (Journal.held)."""
        return SqlLog(self._database, self._appender, hold)

    async def of_node(self, run_id: str, path: str) -> list[AnyRecord]:
        """Return the records of one node, in order."""
        query = select(run_records.c.body).where(run_records.c.run_id == run_id, run_records.c.path_key == path_key(path))
        async with self._database.read() as connection:
            bodies = (await connection.scalars(query.order_by(run_records.c.number))).all()
        return [record for body in bodies if (record := decode(body)).path == path]

    async def _add(self, run_id: str, records: list[AnyRecord], *, durable: bool) -> None:
        if run_id not in self._next:
            last = select(func.max(run_records.c.number)).where(run_records.c.run_id == run_id)
            async with self._database.read() as connection:
                found = await connection.scalar(last)
            self._next.setdefault(run_id, (found or 0) + 1)
        first = self._next.pop(run_id)
        self._next[run_id] = first + len(records)  # At the end: the run that was heard of longest ago is the first to be forgotten.
        while len(self._next) > RUNS_KNOWN:
            del self._next[next(iter(self._next))]
        rows = _rows(run_id, first, records) if len(records) <= _SMALL_BATCH else await asyncio.to_thread(_rows, run_id, first, records)
        try:
            await self._appender.add(run_records, rows, durable=durable, hold=self._hold)
        except IntegrityError as error:
            raise NotFound("run.unknown", "There is no such run.", id=run_id) from error


def path_key(path: str) -> str:
    """Return what the path of a node is found by."""
    return blake3(path.encode()).hexdigest(16)


def _rows(run_id: str, first: int, records: list[AnyRecord]) -> Rows:
    return [
        {"run_id": run_id, "number": number, "path_key": path_key(record.path), "body": encode(record)}
        for number, record in enumerate(records, start=first)
    ]
