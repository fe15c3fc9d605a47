"""Slows down guessing. Counts live in memory: a restart forgives."""

from collections import OrderedDict, deque

from comfytavern.kernel.clock import Clock
from comfytavern.kernel.errors import Busy

WINDOW_S = 900.0
KEYS_MAX = 10_000
PER_NAME_AND_ADDRESS = 5
PER_ADDRESS = 30
PER_NAME = 100
"""High, so that a stranger cannot lock the owner out from one address only."""


class Throttle:
    """Allows a number of failures per name and address within 15 minutes."""

    def __init__(self, *, clock: Clock) -> None:
        """Count with `clock`."""
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def admit(self, name: str, address: str) -> None:
        """Let an attempt through. Raises `Busy` (`accounts.too_many_attempts`) with `retry_after_s`."""
        now = self._clock.monotonic()
        waits = [self._wait(key, limit, now) for key, limit in _limits(name, address).items()]
        if (longest := max(waits)) > 0:
            raise Busy(
                "accounts.too_many_attempts",
                "Too many attempts with a wrong password.",
                hint="Wait, then try again.",
                retry_after_s=int(longest) + 1,
            )

    def failed(self, name: str, address: str) -> None:
        """Count an attempt as a failure, until `succeeded` takes it back."""
        now = self._clock.monotonic()
        for key, limit in _limits(name, address).items():
            self._failures.setdefault(key, deque(maxlen=limit)).append(now)
            self._failures.move_to_end(key)
        while len(self._failures) > KEYS_MAX:
            self._failures.popitem(last=False)

    def succeeded(self, name: str, address: str) -> None:
        """Take back the attempt that was counted, and forget the failures of this person at this address."""
        self._failures.pop((name, address), None)
        for key in (("", address), (name, "")):
            if failures := self._failures.get(key):
                failures.pop()

    def _wait(self, key: tuple[str, str], limit: int, now: float) -> float:
        failures = self._failures.get(key)
        while failures and failures[0] <= now - WINDOW_S:
            failures.popleft()
        return failures[0] + WINDOW_S - now if failures and len(failures) >= limit else 0.0


def _limits(name: str, address: str) -> dict[tuple[str, str], int]:
    return {(name, address): PER_NAME_AND_ADDRESS, ("", address): PER_ADDRESS, (name, ""): PER_NAME}
