"""The last hour of this process: a row of numbers every ten seconds, in memory. It begins anew with every start."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from comfytavern.api.metrics import Metrics, Totals
from comfytavern.api.schemas.status import History
from comfytavern.boot import machine
from comfytavern.boot.machine import Reading

EVERY_S: Final = 10.0
ROWS: Final = 360
FRESH_S: Final = 0.5
"""Over less time a share of the processor says nothing."""


class Row(NamedTuple):
    """What History has in its columns."""

    at: float
    requests_per_s: float
    errors_per_s: float
    p50_ms: float | None
    p95_ms: float | None
    runs_started: int
    runs_failed: int
    runs_open: int
    process_cpu_percent: float | None
    machine_cpu_percent: float | None
    process_memory_bytes: int | None
    machine_memory_percent: float | None


class Pulse:
    """Takes a row whenever it is told to, and remembers the last ones."""

    def __init__(
        self, metrics: Metrics, runs_open: Callable[[], int], *, every_s: float = EVERY_S, read: Callable[[], Reading] = machine.read
    ) -> None:
        """Look at the numbers of `metrics`, and at the machine by `read`."""
        self.every_s = every_s
        self._metrics, self._runs_open, self._read = metrics, runs_open, read
        self._rows: deque[Row] = deque(maxlen=ROWS)
        self._totals, self._reading = metrics.totals(), read()

    def sample(self, at: float) -> None:
        """Take a row of what has happened since the last one; `at` is the time, for people."""
        before, self._totals = self._totals, self._metrics.totals()
        reading, self._reading = self._reading, self._read()
        self._rows.append(_row(at, before, self._totals, reading, self._reading, self._runs_open()))

    def use(self) -> tuple[Reading, float | None, float | None]:
        """Return what is used now, and the processor's share of this process and of all in the latest seconds."""
        now = self._read()
        if now.at - self._reading.at >= FRESH_S or not self._rows:
            return now, now.process_percent(self._reading), now.machine_percent(self._reading)
        return now, self._rows[-1].process_cpu_percent, self._rows[-1].machine_cpu_percent

    def history(self) -> History:
        """Return all rows."""
        columns = zip(*self._rows, strict=True) if self._rows else ([] for _ in Row._fields)
        return History(every_s=self.every_s, **{name: list(column) for name, column in zip(Row._fields, columns, strict=True)})  # pyright: ignore[reportArgumentType] -- the columns are History's own, and it checks them

    @asynccontextmanager
    async def beating(self) -> AsyncGenerator[None]:
        """Take rows by the clock for as long as the block lasts."""
        async with asyncio.TaskGroup() as group:
            beating = group.create_task(self._beat(), name="boot.pulse")
            try:
                yield
            finally:
                beating.cancel()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self.every_s)
            self.sample(time.time())


def _row(at: float, before: Totals, now: Totals, reading: Reading, latest: Reading, runs_open: int) -> Row:
    passed = max(latest.at - reading.at, 0.001)
    passing = now.minus(before)
    return Row(
        at=round(at, 1),
        requests_per_s=round(passing.requests / passed, 3),
        errors_per_s=round(passing.errors / passed, 3),
        p50_ms=passing.quantile_ms(0.5),
        p95_ms=passing.quantile_ms(0.95),
        runs_started=passing.runs_started,
        runs_failed=passing.runs["failed"],
        runs_open=runs_open,
        process_cpu_percent=latest.process_percent(reading),
        machine_cpu_percent=latest.machine_percent(reading),
        process_memory_bytes=latest.rss_bytes,
        machine_memory_percent=latest.memory_percent,
    )
