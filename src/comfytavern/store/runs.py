"""Runs, their history and their events in SQL: the adapters of projects/repo.py."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from comfytavern.kernel.paging import Page
from comfytavern.projects.batch import Batch
from comfytavern.projects.executor import Hold
from comfytavern.projects.run import (
    ACTIVE,
    TERMINAL,
    Changes,
    Moved,
    Order,
    Papers,
    RunSummary,
    StoredRun,
    Tip,
    Unfinished,
    Which,
    duration_ms,
    no_run,
)
from comfytavern.store.appender import Appender
from comfytavern.store.blobs import keep_blob, sweep_blobs
from comfytavern.store.database import Database
from comfytavern.store.pages import newest_first, page_of
from comfytavern.store.tables import blobs, run_events, runs
from comfytavern.store.times import database_time

READ_BYTES = 4 << 20
"""How much of a run's events one read brings, about."""
_ROWS = 256
_COMPUTED = {"duration_ms", "position"}
_SUMMARY = tuple(runs.c[name] for name in RunSummary.__struct_fields__ if name not in _COMPUTED)
_STORED = select(*_SUMMARY, runs.c.owner_id, runs.c.project_id, runs.c.order, runs.c.due_at, runs.c.executor)


OPEN = select(runs.c.id, runs.c.owner_id, runs.c.state, runs.c.due_at, runs.c.executor).where(runs.c.state.in_(ACTIVE))


class SqlRuns:
    """Runs that are to be run."""

    def __init__(self, database: Database) -> None:
        """Keep them in `database`."""
        self._database = database

    async def add(self, run: StoredRun, graph: msgspec.Raw) -> None:
        """Keep a new run (RunRepo.add)."""
        summary = msgspec.structs.asdict(run.summary)
        row = {name: value for name, value in summary.items() if name not in _COMPUTED}
        row |= {"workflow_name": summary["workflow_name"] or "", "tokens": summary["tokens"] or 0}
        async with self._database.write() as connection:
            digest = await keep_blob(connection, bytes(graph))
            row |= {"owner_id": run.owner, "project_id": run.project_id, "digest": digest, "order": msgspec.json.encode(run.order)}
            row |= {"executor": run.executor, "lease": 1 if run.executor else 0, "moved_at": database_time()}
            await connection.execute(insert(runs).values(row))

    async def change(self, id: str, changes: Changes) -> bool:
        """Change what is given (RunRepo.change)."""
        async with self._database.write() as connection:
            return (await connection.execute(update(runs).where(runs.c.id == id).values(_values(changes)))).rowcount == 1

    async def find(self, id: str) -> StoredRun | None:
        """Return a run, whoever owns it (RunRepo.find)."""
        return await _find(self._database, runs.c.id == id)

    async def papers(self, id: str) -> Papers | None:
        """Return the large parts of a run (RunRepo.papers)."""
        query = select(blobs.c.body, runs.c.shown).select_from(runs).join(blobs).where(runs.c.id == id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return Papers(graph=msgspec.Raw(row.body), shown=msgspec.Raw(row.shown) if row.shown is not None else None) if row else None

    async def unfinished(self) -> list[Unfinished]:
        """Return the runs that are not over (RunRepo.unfinished)."""
        async with self._database.read() as connection:
            return unfinished(await connection.execute(OPEN.order_by(runs.c.created_at, runs.c.id)))


class SqlHistory:
    """Runs as people look back on them."""

    def __init__(self, database: Database) -> None:
        """Look into `database`."""
        self._database = database

    async def find(self, owner: str, id: str) -> StoredRun | None:
        """Return a run (HistoryRepo.find)."""
        return await _find(self._database, (runs.c.id == id) & (runs.c.owner_id == owner))

    async def page(self, owner: str, which: Which, *, cursor: str | None, limit: int) -> Page[RunSummary]:
        """Return runs, the latest first (HistoryRepo.page)."""
        query = select(*_SUMMARY).where(runs.c.owner_id == owner)
        for name, wanted in msgspec.structs.asdict(which).items():
            query = query if wanted is None else query.where(runs.c[name] == wanted)
        async with self._database.read() as connection:
            rows = (await connection.execute(newest_first(query, runs.c.created_at, runs.c.id, cursor=cursor, limit=limit))).all()
        return page_of(rows, limit, _summary, lambda summary: (summary.created_at, summary.id))

    async def remove(self, owner: str, id: str) -> bool:
        """Remove a run with its events and its journal (HistoryRepo.remove)."""
        async with self._database.write() as connection:
            gone = (await connection.execute(delete(runs).where(runs.c.owner_id == owner, runs.c.id == id))).rowcount
            await sweep_blobs(connection)
        return gone == 1

    async def expire(self, before: datetime) -> int:
        """Remove all runs that ended before (HistoryRepo.expire)."""
        async with self._database.write() as connection:
            gone = (await connection.execute(delete(runs).where(runs.c.state.in_(TERMINAL), runs.c.ended_at < before))).rowcount
            await sweep_blobs(connection)
        return gone

    async def moved(self, within_s: float) -> list[Moved]:
        """Return runs that changed their state lately (HistoryRepo.moved)."""
        query = select(*_SUMMARY, runs.c.owner_id, runs.c.moved_at).where(runs.c.moved_at > database_time() - within_s)
        async with self._database.read() as connection:
            rows = await connection.execute(query.order_by(runs.c.moved_at))
            return [Moved(owner=row.owner_id, at=row.moved_at, summary=_summary(row)) for row in rows]


class SqlEvents:
    """Events of runs as they were shown."""

    def __init__(self, database: Database, appender: Appender) -> None:
        """Read from `database`, write through `appender`, which other writers share."""
        self._database = database
        self._appender = appender

    async def append(self, run_id: str, batch: Batch, changes: Changes | None, hold: Hold | None = None) -> None:
        """Keep a batch, and change the run in the same step (EventRepo.append)."""
        row = {"run_id": run_id, "first_seq": batch.first, "last_seq": batch.last, "body": batch.body}
        then = update(runs).where(runs.c.id == run_id).values(_values(changes)) if changes is not None else None
        try:
            await self._appender.add(run_events, [row], then=then, hold=hold)
        except IntegrityError as error:
            raise no_run(run_id) from error

    async def read(self, run_id: str, after: int) -> list[Batch]:
        """Return batches with events after `after` (EventRepo.read)."""
        query = select(run_events.c.first_seq, run_events.c.last_seq, run_events.c.body)
        query = query.where(run_events.c.run_id == run_id, run_events.c.last_seq > after).order_by(run_events.c.last_seq).limit(_ROWS)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        batches: list[Batch] = []
        size_bytes = 0
        for row in rows:
            batches.append(Batch(row.first_seq, row.last_seq, row.body))
            size_bytes += len(row.body)
            if size_bytes > READ_BYTES:
                break
        return batches

    async def last(self, run_id: str) -> int:
        """Return the number of the last event (EventRepo.last)."""
        async with self._database.read() as connection:
            return await connection.scalar(select(func.max(run_events.c.last_seq)).where(run_events.c.run_id == run_id)) or 0

    async def tips(self, run_ids: list[str]) -> dict[str, Tip]:
        """Return how far each of these runs is (EventRepo.tips)."""
        last = select(func.max(run_events.c.last_seq)).where(run_events.c.run_id == runs.c.id).scalar_subquery()
        query = select(runs.c.id, runs.c.state, last.label("last")).where(runs.c.id.in_(run_ids))
        async with self._database.read() as connection:
            return {row.id: Tip(state=row.state, last=row.last or 0) for row in await connection.execute(query)}


def unfinished(rows: Any) -> list[Unfinished]:
    """Return rows of `OPEN` as values."""
    return [Unfinished(id=row.id, owner=row.owner_id, state=row.state, due_at=row.due_at, executor=row.executor) for row in rows]


async def _find(database: Database, where: Any) -> StoredRun | None:
    async with database.read() as connection:
        row = (await connection.execute(_STORED.where(where))).first()
    if row is None:
        return None
    return StoredRun(
        owner=row.owner_id,
        summary=_summary(row),
        project_id=row.project_id,
        order=msgspec.json.decode(row.order, type=Order),
        due_at=row.due_at,
        executor=row.executor,
    )


def _summary(row: Any) -> RunSummary:
    values = {column.name: getattr(row, column.name) for column in _SUMMARY}
    values["workflow_name"] = values["workflow_name"] or None
    return RunSummary(**values, duration_ms=duration_ms(row.started_at, row.ended_at))


def _values(changes: Changes) -> dict[str, Any]:
    values: dict[str, Any] = {name: value for name, value in msgspec.structs.asdict(changes).items() if value is not None}
    values |= {"moved_at": database_time()} if changes.state is not None else {}
    return values | ({"shown": bytes(values["shown"])} if "shown" in values else {})
