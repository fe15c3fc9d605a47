"""Where this server stands: the adapter of the status page's port (api/operations.py)."""

import asyncio
import os
import shutil
import socket
import time
from dataclasses import asdict
from pathlib import Path

from comfytavern.api.operations import Operations
from comfytavern.api.readiness import look
from comfytavern.api.schemas.common import Open
from comfytavern.api.schemas.status import (
    Counts,
    DatabaseState,
    Deployed,
    Disk,
    History,
    MachineState,
    ProcessState,
    QueuedRun,
    QueueState,
    SchemaState,
    ServerSeen,
    Status,
)
from comfytavern.api.services import Services
from comfytavern.boot import host, machine
from comfytavern.boot.machine import Reading
from comfytavern.boot.pulse import Pulse
from comfytavern.store.database import Database
from comfytavern.store.overview import Overview, overview
from comfytavern.store.phases import LEVEL


class Standing(Operations):
    """Gathers what the rooms, the database, the system and the host say."""

    def __init__(self, services: Services, database: Database, pulse: Pulse, *, data_dir: Path, deploy_root: Path | None) -> None:
        """Ask `services` and `database`; `pulse` remembers."""
        self._services, self._database, self._pulse = services, database, pulse
        self._data_dir, self._deploy_root = data_dir.absolute(), deploy_root

    async def now(self) -> Status:
        """Return what the server is, does and has (Operations.now)."""
        services, values, me = self._services, self._services.values, self._services.runs.executor
        kept = await overview(self._database)
        verdict, checks = await look(services.checks, services.drain)
        disk = await asyncio.to_thread(_disk, self._data_dir)
        reading, ours, everybodys = self._pulse.use()
        return Status(
            id=me.id,
            version=values.version,
            release=values.release or values.version,
            slot=values.slot,
            started_at=values.started_at,  # pyright: ignore[reportArgumentType] -- Time takes seconds too
            at=time.time(),  # pyright: ignore[reportArgumentType] -- as above
            state=verdict,
            checks=checks,
            open=self._open(),
            queue=_queue(kept, me.id),
            process=ProcessState(pid=os.getpid(), cpu_percent=ours, memory_bytes=reading.rss_bytes),
            machine=_machine(reading, everybodys, disk),
            database=_database(kept),
            servers=[ServerSeen.model_validate({**asdict(seen), "here": seen.id == me.id}) for seen in kept.servers],
            counts=self._counts(),
        )

    def history(self) -> History:
        """Return the last hour (Operations.history)."""
        return self._pulse.history()

    async def deployed(self) -> Deployed:
        """Return what deployments keep on this host (Operations.deployed)."""
        return await asyncio.to_thread(host.deployed, self._deploy_root)

    def _open(self) -> Open:
        drain = self._services.drain
        return Open(requests=drain.requests, streams=drain.streams, sockets=drain.sockets, runs=self._services.runs.open_count)

    def _counts(self) -> Counts:
        totals = self._services.metrics.totals()
        return Counts(
            requests=totals.requests,
            errors=totals.errors,
            exceptions=totals.exceptions,
            runs_started=totals.runs_started,
            runs_ok=totals.runs["ok"],
            runs_failed=totals.runs["failed"],
            runs_cancelled=totals.runs["cancelled"],
            input_tokens=totals.tokens["input"],
            output_tokens=totals.tokens["output"],
        )


def _queue(kept: Overview, me: str) -> QueueState:
    items = [QueuedRun.model_validate({**asdict(run), "here": run.executor == me}) for run in kept.going]
    return QueueState(**{state: kept.counts.get(state, 0) for state in ("running", "waiting", "queued")}, items=items)


def _database(kept: Overview) -> DatabaseState:
    levels = SchemaState(level=kept.schema.level, contracted=kept.schema.contracted, needed=LEVEL)
    return DatabaseState(kind=kept.kind, size_bytes=kept.size_bytes, levels=levels)


def _machine(reading: Reading, percent: float | None, disk: Disk) -> MachineState:
    return MachineState(
        host=socket.gethostname(),
        cores=os.cpu_count() or 1,
        cpu_percent=percent,
        load=machine.load(),
        memory_total_bytes=reading.memory_total_bytes,
        memory_available_bytes=reading.memory_available_bytes,
        disk=disk,
    )


def _disk(folder: Path) -> Disk:
    usage = shutil.disk_usage(folder)
    return Disk(folder=str(folder), total_bytes=usage.total, free_bytes=usage.free)
