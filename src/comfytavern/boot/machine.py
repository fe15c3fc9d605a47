"""What this process and its machine use, as the system tells it. What it does not tell (outside of Linux) is None."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
IDLE: Final = slice(3, 5)
"""Of the numbers in /proc/stat: idle, and waiting for a disk."""
COUNTED: Final = 8
"""So many of them add up to all time; what guests use is in the others already (proc_stat(5))."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One look. Differences of two looks are what was used in between."""

    at: float
    """By the monotonic clock."""
    process_s: float
    """Seconds of computing that this process has had."""
    busy: int | None
    total: int | None
    """Of the whole machine, in ticks."""
    rss_bytes: int | None
    memory_total_bytes: int | None
    memory_available_bytes: int | None

    def process_percent(self, before: "Reading") -> float | None:
        """Return what this process has used since `before`; 100 is one core."""
        passed = self.at - before.at
        return round(100 * (self.process_s - before.process_s) / passed, 1) if passed > 0 else None

    def machine_percent(self, before: "Reading") -> float | None:
        """Return what of all cores was in use since `before`; 100 is all of them."""
        if self.busy is None or self.total is None or before.busy is None or before.total is None or self.total <= before.total:
            return None
        return round(100 * (self.busy - before.busy) / (self.total - before.total), 1)

    @property
    def memory_percent(self) -> float | None:
        """Return what of the machine's memory is in use."""
        if not self.memory_total_bytes or self.memory_available_bytes is None:
            return None
        return round(100 * (1 - self.memory_available_bytes / self.memory_total_bytes), 1)


def read(proc: Path = PROC) -> Reading:
    """Look now."""
    busy, total = _ticks(_text(proc / "stat"))
    memory = _memory(_text(proc / "meminfo"))
    return Reading(
        at=time.monotonic(),
        process_s=time.process_time(),
        busy=busy,
        total=total,
        rss_bytes=_resident(_text(proc / "self" / "statm")),
        memory_total_bytes=memory.get("MemTotal"),
        memory_available_bytes=memory.get("MemAvailable"),
    )


def load() -> list[float] | None:
    """Return how many processes wanted to compute, on average over 1, 5 and 15 minutes."""
    try:
        return [round(each, 2) for each in os.getloadavg()]
    except (OSError, AttributeError):
        return None


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def _ticks(stat: str) -> tuple[int, int] | tuple[None, None]:
    first = stat.partition("\n")[0].split()
    if first[:1] != ["cpu"] or len(first) <= COUNTED:
        return None, None
    ticks = [int(each) for each in first[1 : COUNTED + 1]]
    return sum(ticks) - sum(ticks[IDLE]), sum(ticks)


def _memory(meminfo: str) -> dict[str, int]:
    """Return the lines of /proc/meminfo that count kibibytes, in bytes."""
    rows = [row.split() for row in meminfo.splitlines()]
    return {row[0].rstrip(":"): int(row[1]) * 1024 for row in rows if len(row) == 3 and row[2] == "kB"}


def _resident(statm: str) -> int | None:
    numbers = statm.split()
    return int(numbers[1]) * os.sysconf("SC_PAGE_SIZE") if len(numbers) > 1 else None
