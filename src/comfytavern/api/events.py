"""Events of a run as Server-Sent Events: `id` is the sequence number, so a browser that reconnects misses nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from comfytavern.api.drain import retry_ms
from comfytavern.api.pace import Gathering, Pace
from comfytavern.api.services import Services
from comfytavern.kernel.events import RunEvent

HEARTBEAT_S: Final = 15.0
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class EventStream(Response):
    """A response that ends with the run. When the reader goes away the run goes on.

    When the server drains, a reader that can come back with the last number it has is asked to: an event `drain`, and the end.
    """

    media_type = "text/event-stream"

    def __init__(self, source: AsyncIterator[list[RunEvent]], doors: Services, *, resumable: bool = True) -> None:
        """Send what `source` yields; not `resumable` is one that a reader cannot ask for again by itself."""
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._doors, self._resumable = doors, resumable
        self._moved = False
        self._wake = asyncio.Event()
        self._gathering = Gathering(source, self._wake)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the run has ended, the reader has left or stalls, or the server drains or stops."""
        self._doors.drain.lasts(scope)
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        filling = asyncio.create_task(self._gathering.fill())
        sending = asyncio.create_task(self._send_all(send))
        moving = asyncio.create_task(self._move())
        ending = [sending, asyncio.create_task(_left(receive)), asyncio.create_task(self._doors.stopping.wait())]
        try:
            await asyncio.wait(ending, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (filling, moving, *ending):
                task.cancel()
            outcomes = await asyncio.gather(filling, moving, *ending, return_exceptions=True)
        if any(isinstance(outcome, TimeoutError) for outcome in outcomes):
            return  # The reader stalls: what is left of the connection is the server's to close.
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome
        last = b"" if not sending.cancelled() and sending.result() else _notice()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._doors.values.slow_client_s):
                await send({"type": "http.response.body", "body": last, "more_body": False})

    async def _move(self) -> None:
        """Let the sending end between two events when the reader is to go elsewhere."""
        if self._resumable:
            await self._doors.drain.notice()
            self._moved = True
            self._wake.set()

    async def _send_all(self, send: Send) -> bool:
        """Return whether the run has ended; False when the reader is to go elsewhere."""
        pace = Pace()
        while True:
            body, moved = await self._next_body(), self._moved
            if body:
                await pace.turn()
                body += _encoded(self._gathering.take())
            elif self._gathering.ended:
                return True
            async with asyncio.timeout(self._doors.values.slow_client_s):
                await send({"type": "http.response.body", "body": body or b":\n\n", "more_body": True})
            if moved:
                return False

    async def _next_body(self) -> bytes:
        """Return the events that are waiting; nothing when the run has ended, or when it is time to show that the line is open."""
        if not self._gathering.ended:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_S):
                    await self._wake.wait()
            self._wake.clear()
        return _encoded(self._gathering.take())


async def event_stream(doors: Services, owner: str, run_id: str, after: int, *, resumable: bool = True) -> EventStream:
    """Return the events of a run after `after`, as they happen. Raises `NotFound` before anything is sent."""
    return EventStream(await doors.runs.watch(owner, run_id, after), doors, resumable=resumable)


def _notice() -> bytes:
    """Return the request to connect again. It has no id: the last one a reader has seen stays the last."""
    milliseconds = retry_ms()
    return b'event: drain\nretry: %d\ndata: {"retry_ms":%d}\n\n' % (milliseconds, milliseconds)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _encoded(events: list[RunEvent]) -> bytes:
    return b"".join(b"id: %d\nevent: %b\ndata: %b\n\n" % (event.seq, _kind(event), msgspec.json.encode(event)) for event in events)


def _kind(event: RunEvent) -> bytes:
    return str(event.__struct_config__.tag).encode()
