"""Where the server listens: a socket that systemd holds, a unix socket, or a TCP port.

A unix socket is bound under a name of its own and renamed to its path: whoever connects there meets the old process or the new
one, never nobody, and a file that a killed process has left is in nobody's way. One that systemd holds outlives the process: who
connects while it starts again waits in the queue.
"""

import contextlib
import os
import select
import socket
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from comfytavern.kernel.errors import Unavailable

BACKLOG: Final = 2048
FIRST_PASSED: Final = 3
"""The number of the first socket systemd passes (sd_listen_fds(3))."""
UNSENT_MS_MAX: Final = 60_000
"""The system drops a connection whose peer has not taken what was sent for so long: half-open, or not reading."""
MODE: Final = 0o660
"""Owner and group: a process that may connect is trusted to say whom it speaks for."""


@dataclass(frozen=True, slots=True)
class Listener:
    """One listening socket."""

    socket: socket.socket
    path: Path | None = None
    """Where it is, if it is a unix socket that we have made."""
    inode: int = 0

    def withdraw(self) -> None:
        """Take the address away, so that nobody new comes here; a successor that has taken the path keeps it."""
        if self.path is not None:
            with contextlib.suppress(FileNotFoundError):
                if self.path.stat().st_ino == self.inode:
                    self.path.unlink()

    def has_guests(self) -> bool:
        """Tell whether somebody has connected who was not let in yet."""
        return bool(select.select([self.socket], [], [], 0)[0])


def passed(environ: MutableMapping[str, str]) -> list[Listener]:
    """Return the sockets systemd has passed to this very process, and remove the words about them from `environ`."""
    count, pid = (environ.pop(name, "") for name in ("LISTEN_FDS", "LISTEN_PID"))
    environ.pop("LISTEN_FDNAMES", None)
    if not count.isdigit() or pid != str(os.getpid()):
        return []
    found = [socket.socket(fileno=FIRST_PASSED + at) for at in range(int(count))]
    for each in found:
        each.set_inheritable(False)
        each.setblocking(False)
    return [Listener(each) for each in found]


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises `Unavailable` (`boot.port`) when the address is taken or not ours."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        hint = "Stop the program that uses it, or choose another port: comfytavern serve --port 3234"
        raise Unavailable("boot.port", f"Cannot listen on {host} port {port}: {error.strerror}.", hint=hint) from error
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNSENT_MS_MAX)
    return listener


def listen_unix(path: Path, *, mode: int = MODE) -> Listener:
    """Return a socket that listens at `path`, in the place of whatever socket was there. Raises `Unavailable` (`boot.socket`)."""
    path = path.absolute()
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.exists() and not path.is_socket():
            raise FileExistsError(None, "there is something else")
        beside.unlink(missing_ok=True)
        listener.bind(str(beside))
        beside.chmod(mode)
        listener.listen(BACKLOG)
        inode = beside.stat().st_ino
        beside.rename(path)
    except OSError as error:
        listener.close()
        beside.unlink(missing_ok=True)
        hint = "The folder must exist and be ours, the path at most 100 characters long and free of other files."
        raise Unavailable("boot.socket", f"Cannot listen at {path}: {error.strerror or error}.", hint=hint) from error
    listener.setblocking(False)
    return Listener(listener, path, inode)
