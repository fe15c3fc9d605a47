"""Which server executes which run, and what servers ask of each other, in SQL: adapters of projects/repo.py."""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, delete, exists, insert, null, or_, select, update
from sqlalchemy.exc import IntegrityError

from comfytavern.projects.command import Asked, Command, Reply
from comfytavern.projects.executor import Executor, Hold, Peer
from comfytavern.projects.run import ACTIVE, Unfinished, no_run
from comfytavern.store.database import Database
from comfytavern.store.runs import OPEN, unfinished
from comfytavern.store.tables import executors, run_commands, runs
from comfytavern.store.times import database_time

FORGOTTEN_S = 3600.0
"""After so long nobody asks about a server that was not seen, or about a command that nobody took."""
_COMMAND = msgspec.json.Decoder(Command)


class SqlLeases:
    """Holds of runs."""

    def __init__(self, database: Database) -> None:
        """Keep them in `database`."""
        self._database = database

    async def beat(self, executor: Executor, *, draining: bool) -> list[Peer]:
        """Say that a server is alive, and return the others (LeaseRepo.beat)."""
        row: dict[str, Any] = msgspec.structs.asdict(executor) | {"draining": draining, "seen_at": database_time()}
        async with self._database.write() as connection:
            known = await connection.execute(update(executors).where(executors.c.id == executor.id).values(row))
            if not known.rowcount:
                await connection.execute(insert(executors).values(row))
                await connection.execute(delete(executors).where(executors.c.seen_at < database_time() - FORGOTTEN_S))
                await connection.execute(delete(run_commands).where(run_commands.c.created_at < database_time() - FORGOTTEN_S))
            query = select(executors, (database_time() - executors.c.seen_at).label("age_s")).where(executors.c.id != executor.id)
            return [_peer(row) for row in await connection.execute(query)]

    async def take(self, run_id: str, executor: str, lease_s: float) -> Hold | None:
        """Take a run that no other living server holds (LeaseRepo.take)."""
        mine = or_(runs.c.executor == executor, _free(lease_s))
        async with self._database.write() as connection:
            lease = await connection.scalar(select(runs.c.lease).where(runs.c.id == run_id, runs.c.state.in_(ACTIVE), mine))
            if lease is None:
                return None
            change = update(runs).where(runs.c.id == run_id, runs.c.lease == lease, runs.c.state.in_(ACTIVE))
            taken = await connection.execute(change.values(executor=executor, lease=lease + 1))
        return Hold(run_id=run_id, executor=executor, lease=lease + 1) if taken.rowcount else None

    async def release(self, hold: Hold) -> None:
        """Let anybody take the run (LeaseRepo.release)."""
        mine = (runs.c.id == hold.run_id) & (runs.c.executor == hold.executor) & (runs.c.lease == hold.lease)
        async with self._database.write() as connection:
            await connection.execute(update(runs).where(mine).values(executor=null(), lease=hold.lease + 1))

    async def free(self, lease_s: float, now: float) -> list[Unfinished]:
        """Return the runs that anybody may take and that have something to do (LeaseRepo.free)."""
        asked = exists().where(run_commands.c.run_id == runs.c.id, run_commands.c.outcome.is_(None))
        wanted = or_(runs.c.state != "waiting", runs.c.due_at <= now, asked)
        query = OPEN.where(_free(lease_s), wanted).order_by(runs.c.created_at, runs.c.id)
        async with self._database.read() as connection:
            return unfinished(await connection.execute(query))

    async def leave(self, executor: str) -> None:
        """Forget a server (LeaseRepo.leave)."""
        async with self._database.write() as connection:
            await connection.execute(delete(executors).where(executors.c.id == executor))


class SqlCommands:
    """Commands between servers."""

    def __init__(self, database: Database) -> None:
        """Keep them in `database`."""
        self._database = database

    async def post(self, id: str, run_id: str, command: Command) -> None:
        """Ask for something (CommandRepo.post)."""
        row = {"id": id, "run_id": run_id, "body": msgspec.json.encode(command), "created_at": database_time()}
        try:
            async with self._database.write() as connection:
                await connection.execute(insert(run_commands).values(row))
        except IntegrityError as error:
            raise no_run(run_id) from error

    async def take(self, executor: str) -> list[Asked]:
        """Return, once, what is asked of the runs that a server holds (CommandRepo.take)."""
        new = or_(run_commands.c.begun.is_(None), run_commands.c.begun < runs.c.lease)
        query = select(run_commands, runs.c.lease).join(runs, runs.c.id == run_commands.c.run_id)
        query = query.where(runs.c.executor == executor, run_commands.c.outcome.is_(None), new).order_by(run_commands.c.created_at)
        async with self._database.read() as connection:
            if not (await connection.execute(query.limit(1))).all():
                return []  # Nearly always, so the right to write is not asked for.
        async with self._database.write() as connection:
            taken: list[Asked] = []
            for row in (await connection.execute(query.with_for_update(of=run_commands))).all():
                await connection.execute(update(run_commands).where(run_commands.c.id == row.id).values(begun=row.lease))
                taken.append(Asked(id=row.id, run_id=row.run_id, command=_COMMAND.decode(row.body), again=row.begun is not None))
            return taken

    async def finish(self, id: str, outcome: bytes) -> None:
        """Say how a command ended (CommandRepo.finish)."""
        async with self._database.write() as connection:
            await connection.execute(update(run_commands).where(run_commands.c.id == id).values(outcome=outcome))

    async def reply(self, id: str) -> Reply | None:
        """Return how far a command is (CommandRepo.reply)."""
        query = select(run_commands.c.begun, run_commands.c.outcome).where(run_commands.c.id == id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return Reply(begun=row.begun is not None, outcome=row.outcome) if row is not None else None

    async def drop(self, id: str) -> bool:
        """Remove a command that nobody carries out now (CommandRepo.drop)."""
        idle = or_(run_commands.c.begun.is_(None), run_commands.c.outcome.is_not(None))
        async with self._database.write() as connection:
            return (await connection.execute(delete(run_commands).where(run_commands.c.id == id, idle))).rowcount == 1


def _free(lease_s: float) -> ColumnElement[bool]:
    living = exists().where(executors.c.id == runs.c.executor, executors.c.seen_at > database_time() - lease_s)
    return or_(runs.c.executor.is_(None), ~living)


def _peer(row: Any) -> Peer:
    executor = Executor(id=row.id, release=row.release, slot=row.slot, host=row.host, pid=row.pid)
    return Peer(executor=executor, draining=row.draining, age_s=row.age_s)
