"""Inline nodes must not hold the loop: who does is moved to threads for the session."""

import resource
from collections.abc import Callable
from time import perf_counter
from typing import Any, TypeVar

T = TypeVar("T")


class Watchdog:
    """Suspects first, measures second: a busy machine makes any function look slow once.

    A kind that took too long by the wall clock is a suspect. Its next call is measured by the processor time and the
    voluntary waits of this thread, which other processes cannot add to.
    """

    def __init__(self, limit_s: float) -> None:
        """Allow `limit_s` per call."""
        self._limit_s = limit_s
        self.suspects: set[str] = set()
        """Kinds whose next call is measured."""
        self.threaded: set[str] = set()
        """Kinds that run in threads from now on."""

    @property
    def heeded(self) -> set[str]:
        """Kinds that do not run on the hot path."""
        return self.suspects | self.threaded

    def suspect(self, kind: str) -> bool:
        """Measure the next call of `kind`; False when it is suspected already."""
        if kind in self.suspects or kind in self.threaded:
            return False
        self.suspects.add(kind)
        return True

    def measure(self, kind: str, call: Callable[..., T], values: list[Any], tell: Callable[[float], None]) -> T:
        """Call the function of a suspect, and call `tell` with the seconds it took if it really is slow."""
        before, started = resource.getrusage(resource.RUSAGE_THREAD), perf_counter()
        try:
            return call(*values)
        finally:
            seconds, after = perf_counter() - started, resource.getrusage(resource.RUSAGE_THREAD)
            busy_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            waited = after.ru_nvcsw > before.ru_nvcsw
            self.suspects.discard(kind)
            if seconds > self._limit_s and (busy_s > self._limit_s or waited):
                self.threaded.add(kind)
                tell(seconds)
