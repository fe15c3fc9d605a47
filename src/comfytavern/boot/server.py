"""The process that serves: its sockets, one event loop, and the signals by which it is told to drain, to stay and to stop.

SIGUSR1 drains (everybody is asked to go elsewhere, nobody is refused) and SIGUSR2 calls that off. SIGTERM drains, waits, hands the
runs over and stops; a second one, or SIGINT, stops at once. SIGHUP reads the settings again (refresh.py), unless it comes from a terminal
that was closed: then it is the end, as for every program.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import uvicorn
import uvloop

from comfytavern.boot import leave
from comfytavern.boot.app import System, running
from comfytavern.boot.folders import prepare
from comfytavern.boot.hangup import Hangup, has_terminal
from comfytavern.boot.listen import BACKLOG, MODE, Listener, listen, listen_unix, passed
from comfytavern.boot.logs import configure
from comfytavern.boot.notify import notify, watchdog_s
from comfytavern.boot.refresh import Again
from comfytavern.llm.tokens import warm
from comfytavern.settings.settings import Settings

log = logging.getLogger(__name__)

MESSAGE_BYTES_MAX: Final = 1024 * 1024
PING_S: Final = 20.0
KEEP_ALIVE_S: Final = 75
"""Longer than clients keep a connection that they do not use: it is they who close it, so that none sends into a closed one."""
STOP_S: Final = 1

Announce = Callable[[System], Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen when systemd has passed no socket: at `uds` if given, else where the settings say."""

    uds: Path | None = None
    mode: int = MODE


@dataclass(frozen=True, slots=True)
class Life:
    """What a process needs beyond its start: what a hang-up means, and the way to newer settings."""

    hangup: Hangup
    again: Again


def serve(settings: Settings, *, announce: Announce, place: Place = Place(), again: Again | None = None) -> None:
    """Serve until SIGINT or SIGTERM; calls `announce` when the first request may come. Raises `Failure` when it cannot start.

    `again` reads the settings once more, as they were read for this start.
    """
    configure(settings)
    life = Life(Hangup(), again or (lambda: settings))
    for early in (signal.SIGUSR1, signal.SIGUSR2, *([] if has_terminal() else [signal.SIGHUP])):
        signal.signal(early, signal.SIG_IGN)  # What they do by default is to kill; nobody is here yet who could be asked to leave.
    with contextlib.ExitStack() as stack, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        listeners = _listeners(settings, place)
        for listener in listeners:
            stack.enter_context(listener.socket)
            stack.callback(listener.withdraw)
        prepare(settings)
        runner.run(_serve(settings, listeners, announce, life))


def _listeners(settings: Settings, place: Place) -> list[Listener]:
    if found := passed(os.environ):
        return found
    return [listen_unix(place.uds, mode=place.mode) if place.uds else Listener(listen(settings.host, settings.port))]


async def _serve(settings: Settings, listeners: Sequence[Listener], announce: Announce, life: Life) -> None:
    async with running(settings) as system:
        config = uvicorn.Config(
            system.app,
            http="httptools",
            ws="websockets-sansio",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws_max_size=MESSAGE_BYTES_MAX,
            ws_ping_interval=PING_S,
            ws_ping_timeout=PING_S,
            ws_per_message_deflate=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=STOP_S,
        )
        await _Server(config, system, listeners, announce, life).serve()


class _Server(uvicorn.Server):
    """uvicorn, told about our own sockets, start, drain and stop."""

    def __init__(self, config: uvicorn.Config, system: System, listeners: Sequence[Listener], announce: Announce, life: Life) -> None:
        super().__init__(config)
        self._system, self._listeners, self._announce, self._life = system, listeners, announce, life
        self._tasks: set[asyncio.Task[None]] = set()
        self._going = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 -- ours are known already
        """Begin to let people in."""
        loop = asyncio.get_running_loop()

        def protocol() -> asyncio.Protocol:
            return self.config.http_protocol_class(config=self.config, server_state=self.server_state, app_state={}, _loop=loop)  # pyright: ignore[reportCallIssue] -- uvicorn's own call

        self.servers = []
        for listener in self._listeners:
            make = loop.create_unix_server if listener.socket.family == socket.AF_UNIX else loop.create_server
            self.servers.append(await make(protocol, sock=listener.socket, backlog=BACKLOG))
        self.started = True
        self._announce(self._system)
        notify("READY=1", f"STATUS=in service, process {os.getpid()}")
        threading.Thread(target=warm, name="tokens.warm", daemon=True).start()  # A daemon: a stop does not wait for it.
        if (every := watchdog_s()) is not None:
            self._spawn(_watchdog(every))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let event streams and sockets say goodbye, then stop."""
        notify("STOPPING=1")
        for listener in self._listeners:
            listener.withdraw()
        self._system.services.stopping.set()
        await asyncio.sleep(0.05)
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # What a stop cuts off is no error.
        await super().shutdown(sockets)
        for task in self._tasks:
            task.cancel()

    async def _drain(self) -> None:
        log.info("draining: whoever is here is asked to go elsewhere")
        notify("STATUS=draining")
        self._system.services.drain.begin()
        await self._system.services.runs.drain()

    async def _stay(self) -> None:
        if self._going:
            return
        log.info("in service again")
        notify("STATUS=in service")
        self._system.services.drain.end()
        await self._system.services.runs.undrain()

    async def _leave(self) -> None:
        services, deadlines = self._system.services, self._system.deadlines
        began = time.monotonic()
        notify("STOPPING=1")
        await self._drain()
        await leave.emptied(services.drain, deadlines)
        await leave.withdrawn(self._listeners)
        for server in self.servers:
            server.close()
        await leave.until(lambda: not self.server_state.connections, leave.GUESTS_S)
        handed = await services.runs.hand_over(max(0.0, began + deadlines.http_s - time.monotonic()))
        log.info("%d runs were handed over", handed, extra={"runs_handed_over": handed})
        self.should_exit = True

    def _asked_to_stop(self) -> None:
        if self._going:
            self.should_exit = True
            return
        self._going = True
        self._spawn(self._leave())

    def _hung_up(self) -> None:
        if self._life.hangup.means_the_end():
            self._asked_to_stop()
        elif not self._going:
            self._spawn(self._system.refresh.run(self._life.again))

    def _stop_now(self) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a change of state went wrong", exc_info=error)
            self.should_exit = self._going

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Do as the signals say and return. uvicorn would raise the signal again, before the rooms have stopped."""
        loop = asyncio.get_running_loop()
        deeds: dict[signal.Signals, Callable[[], None]] = {
            signal.SIGINT: self._stop_now,
            signal.SIGTERM: self._asked_to_stop,
            signal.SIGHUP: self._hung_up,
            signal.SIGUSR1: lambda: self._spawn(self._drain()),
            signal.SIGUSR2: lambda: self._spawn(self._stay()),
        }
        for caught, deed in deeds.items():
            loop.add_signal_handler(caught, deed)
        try:
            yield
        finally:
            for caught in deeds:
                loop.remove_signal_handler(caught)


async def _watchdog(every_s: float) -> None:
    while True:
        notify("WATCHDOG=1")
        await asyncio.sleep(every_s)
