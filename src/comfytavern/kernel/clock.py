"""Time as a value that tests can hold still."""

import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """Where rooms read the time."""

    def now(self) -> float:
        """Return the wall clock in seconds since 1970 (UTC)."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back; only differences mean anything."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Return `time.time()`."""
        return time.time()

    def monotonic(self) -> float:
        """Return `time.monotonic()`."""
        return time.monotonic()


@dataclass
class ManualClock:
    """A clock that moves only when told to."""

    at: float = 1_700_000_000.0

    def now(self) -> float:
        """Return the time it was set to."""
        return self.at

    def monotonic(self) -> float:
        """Return the same seconds as `now`."""
        return self.at

    def advance(self, seconds: float) -> None:
        """Move the clock by `seconds`."""
        self.at += seconds
