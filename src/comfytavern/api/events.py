"""Events of a run as Server-Sent Events: `id` is the sequence number, so a browser that reconnects misses nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from comfytavern.api.pace import Gathering, Pace
from comfytavern.api.services import Services
from comfytavern.kernel.events import RunEvent

HEARTBEAT_S: Final = 15.0
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class EventStream(Response):
    """A response that ends with the run. When the reader goes away the run goes on."""

    media_type = "text/event-stream"

    def __init__(self, source: AsyncIterator[list[RunEvent]], doors: Services) -> None:
        """Send what `source` yields."""
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._doors = doors
        self._wake = asyncio.Event()
        self._gathering = Gathering(source, self._wake)

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the run has ended, the reader has left or stalls, or the server stops."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        filling = asyncio.create_task(self._gathering.fill())
        sending = asyncio.create_task(self._send_all(send))
        ending = [sending, asyncio.create_task(_left(receive)), asyncio.create_task(self._doors.stopping.wait())]
        try:
            await asyncio.wait(ending, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (filling, *ending):
                task.cancel()
            outcomes = await asyncio.gather(filling, *ending, return_exceptions=True)
        if any(isinstance(outcome, TimeoutError) for outcome in outcomes):
            return  # The reader stalls: what is left of the connection is the server's to close.
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._doors.values.slow_client_s):
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_all(self, send: Send) -> None:
        pace = Pace()
        while True:
            body = await self._next_body()
            if body:
                await pace.turn()
                body += _encoded(self._gathering.take())
            elif self._gathering.ended:
                return
            async with asyncio.timeout(self._doors.values.slow_client_s):
                await send({"type": "http.response.body", "body": body or b":\n\n", "more_body": True})

    async def _next_body(self) -> bytes:
        """Return the events that are waiting; nothing when the run has ended, or when it is time to show that the line is open."""
        if not self._gathering.ended:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_S):
                    await self._wake.wait()
            self._wake.clear()
        return _encoded(self._gathering.take())


async def event_stream(doors: Services, owner: str, run_id: str, after: int) -> EventStream:
    """Return the events of a run after `after`, as they happen. Raises `NotFound` before anything is sent."""
    return EventStream(await doors.runs.watch(owner, run_id, after), doors)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _encoded(events: list[RunEvent]) -> bytes:
    return b"".join(b"id: %d\nevent: %b\ndata: %b\n\n" % (event.seq, _kind(event), msgspec.json.encode(event)) for event in events)


def _kind(event: RunEvent) -> bytes:
    return str(event.__struct_config__.tag).encode()
