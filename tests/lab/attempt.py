"""One run of the command line, heard event by event, so that a fault can happen exactly at one of them."""

import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from tests.lab.installation import Installation

Event = dict[str, Any]
LONGEST_S: Final = 240.0


@dataclass(frozen=True)
class End:
    """How it ended."""

    code: int
    said: dict[str, Any]
    """The JSON it printed; empty when it was killed."""
    events: int
    ms: float
    at: float
    """When, by the monotonic clock."""
    story: tuple[Event, ...] = ()
    """Every beginning and end of a step on a host, each with `at`."""


class Attempt:
    """`comfytavern deploy …` in the background."""

    def __init__(self, site: Installation, *words: str) -> None:
        """Start it."""
        self._begun = time.monotonic()
        self._process = site.begin(*words)
        self._events: queue.Queue[Event | None] = queue.Queue()
        self._out: list[bytes] = []
        self._seen = 0
        self._story: list[Event] = []
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._listen, self._read)]
        for thread in self._threads:
            thread.start()

    def _listen(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            try:
                self._events.put(json.loads(line))
            except ValueError:
                self._out.append(b"stderr: " + line)
        self._events.put(None)

    def _read(self) -> None:
        assert self._process.stdout is not None
        self._out += self._process.stdout.readlines()

    def steps(self) -> Iterator[Event]:
        """Yield each beginning and end of a step on a host, as it is told."""
        while (event := self._events.get(timeout=LONGEST_S)) is not None:
            if event["host"] and event["state"] in {"begin", "ok", "failed"}:
                self._seen += 1
                self._story.append(event | {"at": time.monotonic()})
                yield self._story[-1]
        self._events.put(None)  # Who asks again is told the same: it is over.

    def until(self, at: int, do: Callable[[Event], None]) -> bool:
        """Do something when the `at`-th step is told; False when there are not so many."""
        for event in self.steps():
            if self._seen == at:
                do(event)
                return True
        return False

    def kill(self) -> None:
        """End the command line at once, as `kill -9` does."""
        self._process.kill()

    def end(self) -> End:
        """Wait for its end."""
        for _ in self.steps():
            pass
        code = self._process.wait(LONGEST_S)
        for thread in self._threads:
            thread.join(10)
        rows = [row for row in self._out if row.startswith(b"{")]
        now = time.monotonic()
        return End(code, json.loads(rows[-1]) if rows else {}, self._seen, (now - self._begun) * 1000, now, tuple(self._story))
