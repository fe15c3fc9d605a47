"""The process that serves: one listening socket, one event loop, a clean stop."""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Generator
from typing import Any, Final

import uvicorn
import uvloop

from comfytavern.boot.app import System, prepare, running
from comfytavern.boot.logs import configure
from comfytavern.kernel.errors import Unavailable
from comfytavern.settings.settings import Settings

MESSAGE_BYTES_MAX: Final = 1024 * 1024
PING_S: Final = 20.0
STOP_S: Final = 1
UNSENT_MS_MAX: Final = 60_000
"""The system drops a connection whose peer has not taken what was sent for so long: half-open, or not reading."""

Announce = Callable[[System], Any]


def serve(settings: Settings, *, announce: Announce) -> None:
    """Serve until SIGINT or SIGTERM; calls `announce` when the first request may come. Raises `Failure` when it cannot start."""
    configure(settings)
    prepare(settings)
    with listen(settings.host, settings.port) as listener, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, listener, announce))


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises `Unavailable` (`boot.port`) when the address is taken or not ours."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.create_server(address[:2], family=family, backlog=2048)
    except OSError as error:
        hint = "Stop the program that uses it, or choose another port: comfytavern serve --port 3234"
        raise Unavailable("boot.port", f"Cannot listen on {host} port {port}: {error.strerror}.", hint=hint) from error
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNSENT_MS_MAX)
    return listener


async def _serve(settings: Settings, listener: socket.socket, announce: Announce) -> None:
    async with running(settings) as system:
        config = uvicorn.Config(
            system.app,
            http="httptools",
            ws="websockets-sansio",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            ws_max_size=MESSAGE_BYTES_MAX,
            ws_ping_interval=PING_S,
            ws_ping_timeout=PING_S,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=STOP_S,
        )
        await _Server(config, system, announce).serve(sockets=[listener])


class _Server(uvicorn.Server):
    """uvicorn, told about our own start and stop."""

    def __init__(self, config: uvicorn.Config, system: System, announce: Announce) -> None:
        super().__init__(config)
        self._system = system
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce(self._system)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let event streams and sockets say goodbye, then stop."""
        self._system.services.stopping.set()
        await asyncio.sleep(0.05)
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # What a stop cuts off is no error.
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Stop on a signal and return. uvicorn would raise the signal again, before the rooms have stopped."""
        loop = asyncio.get_running_loop()
        for caught in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(caught, self.handle_exit, caught, None)
        try:
            yield
        finally:
            for caught in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(caught)
