"""The WebSocket at /ws: start, watch, cancel and answer runs, and hear of every run of one's own that changes state.

Text frames of JSON both ways (docs/reference/http-api.md). One task reads, one writes, one per watched run gathers its events;
nobody ever waits for a reader that stalls: it is let go with 1013 and comes back with `after`.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from comfytavern.accounts.session import Visitor
from comfytavern.api import problems
from comfytavern.api.drain import retry_ms
from comfytavern.api.pace import EVENTS_WAITING_MAX, Gathering, Pace, slow
from comfytavern.api.services import Services
from comfytavern.api.tracing import TRACED, Traced
from comfytavern.api.wishes import Answer, Cancel, Ping, Start, Unwatch, Watch, Wish, read_wish
from comfytavern.kernel.errors import Failure, Invalid, Unauthenticated

UNSUPPORTED: Final = 1003
LOGGED_OUT: Final = 1008
RESTART: Final = 1012
TRY_AGAIN: Final = 1013
WATCHED_MAX: Final = 200
SAID_MAX: Final = 500
"""Answers that may wait for their turn. A client that asks faster than 60 times a second is read no faster than it is answered."""


class Socket:
    """One open socket."""

    def __init__(self, socket: WebSocket, doors: Services, visitor: Visitor, again: Callable[[], Awaitable[Visitor]]) -> None:
        """Serve `visitor` on `socket`, as long as `again` lets them in."""
        self._socket = socket
        self._doors = doors
        self._owner = visitor.user.id
        self._visitor = visitor
        self._again = again
        self._wake, self._room = asyncio.Event(), asyncio.Event()
        self._pace = Pace()
        self._said: list[dict[str, Any]] = []
        self._watched: dict[str, tuple[Gathering, asyncio.Task[None]]] = {}
        self._sent: dict[str, int] = {}
        """The last number sent of each watched run."""
        self._drains = False

    async def serve(self) -> None:
        """Talk until one side has had enough."""
        await self._socket.accept()
        user = {"id": self._owner, "name": self._visitor.user.name, "role": self._visitor.user.role}
        values = self._doors.values
        self._say({"type": "hello", "version": values.version, "release": values.release or values.version, "user": user})
        work = (self._read(), self._write(), self._hear(), self._admit(), self._move(), self._doors.stopping.wait())
        jobs = [asyncio.create_task(job) for job in work]
        stopping = jobs[-1]
        try:
            done, _ = await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*jobs, *(task for _, task in self._watched.values())):
                task.cancel()
            outcomes = await asyncio.gather(*jobs, return_exceptions=True)
        if stopping in done:
            await self._last_word(self._notice(), RESTART, "api.stopping")
        for outcome in outcomes:
            await self._end(outcome)

    async def _end(self, outcome: BaseException | Any) -> None:
        match outcome:
            case TimeoutError():
                await self._last_word(None, TRY_AGAIN, slow().code)
            case Failure():
                code = LOGGED_OUT if isinstance(outcome, Unauthenticated) else UNSUPPORTED
                await self._last_word({"type": "error", "problem": problems.document(outcome)}, code, outcome.code)
            case WebSocketDisconnect() | asyncio.CancelledError():
                pass
            case Exception():
                raise outcome
            case _:
                pass

    async def _last_word(self, message: dict[str, Any] | None, code: int, reason: str) -> None:
        """Close; also a reader that stalls gets so long to come back and see why."""
        with contextlib.suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
            async with asyncio.timeout(self._doors.values.slow_client_s):
                if message is not None:
                    await self._socket.send_text(msgspec.json.encode(message).decode())
                await self._socket.close(code, reason)

    # what the client hears

    def _say(self, message: dict[str, Any]) -> None:
        self._said.append(message)
        self._wake.set()

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            for message in self._take():
                await self._pace.turn()
                await self._send(message)

    async def _send(self, message: dict[str, Any]) -> None:
        """Send within the time a reader has. Raises `TimeoutError`, or `WebSocketDisconnect` when the line is closed already."""
        text = msgspec.json.encode(message, enc_hook=str).decode()
        try:
            async with asyncio.timeout(self._doors.values.slow_client_s):
                await self._socket.send_text(text)
        except RuntimeError as error:  # The server has closed it underneath, for a frame that is too large or no UTF-8.
            raise WebSocketDisconnect(1006) from error

    def _take(self) -> list[dict[str, Any]]:
        said, self._said = self._said, []
        self._room.set()
        for run_id, (gathering, _task) in list(self._watched.items()):
            if events := gathering.take():
                self._sent[run_id] = events[-1].seq
                said.append({"type": "events", "run": run_id, "events": events})
            if gathering.ended:
                said += _epilogue(run_id, self._watched.pop(run_id)[1])
        if self._drains:
            self._drains = False
            said.append(self._notice())
        return said

    def _notice(self) -> dict[str, Any]:
        """Return the request to connect again, with what was sent so far of each run: a new server goes on from there."""
        return {"type": "drain", "retry_ms": retry_ms(), "resume": {run_id: self._sent.get(run_id, 0) for run_id in self._watched}}

    async def _move(self) -> None:
        """Ask the client to go, once for each time that we drain; until it does, it is served."""
        while True:
            await self._doors.drain.notice()
            self._drains = True
            self._wake.set()
            await self._doors.drain.passed()

    async def _hear(self) -> None:
        async for summary in self._doors.runs.changes(self._owner):
            if len(self._said) < EVENTS_WAITING_MAX:
                self._say({"type": "runs", "run": summary})

    async def _admit(self) -> None:
        """Look now and then whether the session is still good: a log-out or a new password ends the socket too."""
        while True:
            await asyncio.sleep(self._doors.values.readmit_s)
            await self._again()

    # what the client says

    async def _read(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if message.get("text") is None:
                raise Invalid("api.binary", "Binary frames are not understood here.", hint="Send text frames of JSON.")
            await self._do(message["text"])
            while len(self._said) >= SAID_MAX:
                self._room.clear()
                await self._room.wait()

    async def _do(self, text: str) -> None:
        ref: Any = None
        try:
            wish = read_wish(text)
            ref = wish.ref
            await self._traced(wish)
        except Failure as failure:
            self._say({"type": "error", "ref": ref, "problem": problems.document(failure)})

    async def _traced(self, wish: Wish) -> None:
        """Fulfil a wish, drawn for whoever draws requests; a ping and the end of watching are no work."""
        traced: Traced | None = getattr(self._socket.state, TRACED, None)
        if traced is None or isinstance(wish, Ping | Unwatch):
            await self._fulfil(wish)
            return
        drawn, error = traced.message(type(wish).__name__.lower()), ""
        try:
            await self._fulfil(wish)
        except Exception as failure:
            error = failure.code if isinstance(failure, Failure) else problems.bug().code
            raise
        finally:
            drawn.over(error)

    async def _fulfil(self, wish: Wish) -> None:
        runs = self._doors.runs
        match wish:
            case Start():
                asked = wish.request()
                started = await runs.start(self._owner, asked.subject(), source=asked.source or "ws")
                told = {"id": started.id, "state": started.state, "position": started.position}
                self._say({"type": "started", "ref": wish.ref, "run": told})
            case Watch():
                await self._watch(wish.run, wish.after)
            case Unwatch():
                self._unwatch(wish.run)
            case Cancel():
                await runs.cancel(self._owner, wish.run, wish.path)
            case Answer():
                await runs.answer(self._owner, wish.run, wish.token, wish.value)
            case Ping():
                self._say({"type": "pong"})

    async def _watch(self, run_id: str, after: int) -> None:
        self._unwatch(run_id)
        if len(self._watched) >= WATCHED_MAX:
            raise Invalid("api.watching", "This connection watches too many runs.", hint="Stop watching some.", maximum=WATCHED_MAX)
        self._sent[run_id] = after
        gathering = Gathering(await self._doors.runs.watch(self._owner, run_id, after), self._wake)
        self._watched[run_id] = gathering, asyncio.create_task(gathering.fill())

    def _unwatch(self, run_id: str) -> None:
        self._sent.pop(run_id, None)
        if run_id in self._watched:
            self._watched.pop(run_id)[1].cancel()


def _epilogue(run_id: str, gathering: asyncio.Task[None]) -> list[dict[str, Any]]:
    """Return what to say when no more events come: nothing, or why they stopped."""
    error = gathering.exception() if gathering.done() and not gathering.cancelled() else None
    if error is None:
        return []
    failure = error if isinstance(error, Failure) else problems.bug()
    return [{"type": "error", "run": run_id, "problem": problems.document(failure)}]
