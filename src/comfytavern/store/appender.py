"""Group commit: rows that many callers add at the same time share one transaction."""

import asyncio
from typing import Any, NamedTuple

from sqlalchemy import Executable, Table, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from comfytavern.kernel.errors import Failure
from comfytavern.projects.executor import Hold, lost
from comfytavern.projects.run import no_run
from comfytavern.store.database import Database
from comfytavern.store.tables import runs

Rows = list[dict[str, Any]]


class _Entry(NamedTuple):
    table: Table
    rows: Rows
    then: Executable | None
    durable: bool
    hold: Hold | None
    done: asyncio.Future[None]


class Appender:
    """Adds rows to tables. While one transaction is being committed, the rows of the next one gather."""

    def __init__(self, database: Database) -> None:
        """Append to `database`."""
        self._database = database
        self._waiting: list[_Entry] = []
        self._work: asyncio.Task[None] | None = None

    async def add(
        self, table: Table, rows: Rows, *, then: Executable | None = None, durable: bool = False, hold: Hold | None = None
    ) -> None:
        """Return when `rows` are committed, in the order of calls, and `then` with them. Raises `Failure` when they could not be.

        With a `hold` they are committed only while it is good: else `Lost`, or `NotFound` (`run.unknown`) when the run is gone.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Entry(table, rows, then, durable, hold, done))
        if self._work is None:
            self._work = asyncio.create_task(self._drain(), name="store.appender")
        await asyncio.shield(done)

    async def _drain(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            try:
                await self._commit(group)
            except Exception:  # noqa: BLE001 -- one caller's bad rows must not fail the others: each is tried alone and told its own error
                await self._one_by_one(group)
            else:
                for entry in group:
                    _settle(entry.done, None)
        self._work = None

    async def _one_by_one(self, group: list[_Entry]) -> None:
        for entry in group:
            try:
                await self._commit([entry])
            except Exception as error:  # noqa: BLE001 -- it is the caller's to handle
                _settle(entry.done, error)
            else:
                _settle(entry.done, None)

    async def _commit(self, group: list[_Entry]) -> None:
        async with self._database.write(durable=any(entry.durable for entry in group)) as connection:
            refused = await _refused(connection, group)
            good = [entry for entry in group if entry.hold is None or entry.hold not in refused]
            for table, rows in _runs_of_one_table(good):
                await connection.execute(insert(table), rows)
            for entry in good:
                if entry.then is not None:
                    await connection.execute(entry.then)
        for entry in group:
            if entry.hold is not None and (failure := refused.get(entry.hold)) is not None:
                _settle(entry.done, failure)


async def _refused(connection: AsyncConnection, group: list[_Entry]) -> dict[Hold, Failure]:
    """Return the holds that are not good any more. Nobody can take a good one away before the end of this transaction."""
    holds = {entry.hold for entry in group if entry.hold is not None}
    if not holds:
        return {}
    ids = sorted({hold.run_id for hold in holds})
    query = select(runs.c.id, runs.c.executor, runs.c.lease).where(runs.c.id.in_(ids)).order_by(runs.c.id)
    rows = (await connection.execute(query.with_for_update(key_share=True))).all()
    held = {row.id: (row.executor, row.lease) for row in rows}
    bad = [hold for hold in holds if held.get(hold.run_id) != (hold.executor, hold.lease)]
    return {hold: lost(hold.run_id) if hold.run_id in held else no_run(hold.run_id) for hold in bad}


def _runs_of_one_table(group: list[_Entry]) -> list[tuple[Table, Rows]]:
    """Join neighbours that go to the same table, so that each is one call of the driver."""
    joined: list[tuple[Table, Rows]] = []
    for entry in group:
        if not entry.rows:
            continue
        if joined and joined[-1][0] is entry.table:
            joined[-1][1].extend(entry.rows)
        else:
            joined.append((entry.table, list(entry.rows)))
    return joined


def _settle(done: asyncio.Future[None], error: Exception | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
        done.exception()  # Looked at: a caller that was cancelled meanwhile is no reason for a warning.
