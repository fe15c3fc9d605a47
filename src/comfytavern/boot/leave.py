"""How a server ends without anybody noticing: all are asked to go elsewhere and waited for, runs are handed over, the rest is told."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from comfytavern.api.drain import Drain
from comfytavern.boot.listen import Listener

QUIET_S: Final = 0.5
"""Nobody has come for so long: nobody is sent here any more."""
GUESTS_S: Final = 1.0
"""How long those who had connected when the address was taken away may need to be let in, and to say what they want."""
LOOK_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long is waited for what does not end by itself."""

    http_s: float = 30.0
    """Requests, and sockets that do not go when they are asked to."""
    streams_s: float = 120.0
    """Event streams, waits for the end of a run, files on their way."""


async def emptied(drain: Drain, deadlines: Deadlines) -> None:
    """Return when nobody is left and nobody comes any more, or at the deadlines. Everybody who comes meanwhile is served."""
    began = time.monotonic()

    def over() -> bool:
        now = time.monotonic()
        late, too_late = now - began >= deadlines.http_s, now - began >= deadlines.streams_s
        quiet = now - max(began, drain.asked_at) >= QUIET_S
        return (late or (quiet and not drain.requests and not drain.sockets)) and (too_late or not drain.streams)

    await until(over, deadlines.streams_s)


async def withdrawn(listeners: Sequence[Listener]) -> None:
    """Take the addresses away, and return when everybody who had already connected has been let in."""
    for listener in listeners:
        listener.withdraw()
    await asyncio.sleep(LOOK_S)
    await until(lambda: not any(listener.has_guests() for listener in listeners), GUESTS_S)


async def until(fulfilled: Callable[[], bool], seconds: float) -> bool:
    """Return True as soon as it is fulfilled, False when it is not after so long."""
    end = time.monotonic() + seconds
    while not fulfilled():
        if time.monotonic() >= end:
            return False
        await asyncio.sleep(LOOK_S)
    return True
