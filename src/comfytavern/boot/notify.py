"""What systemd is told of our state (sd_notify(3)); nothing when nobody listens."""

import contextlib
import os
import socket


def notify(*words: str) -> None:
    """Tell the service manager, e.g. `READY=1`. Never fails: the service is not worse for an unheard word."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
        line.connect("\0" + address[1:] if address.startswith("@") else address)
        line.send("\n".join(words).encode())


def watchdog_s() -> float | None:
    """Return how often the service manager wants a sign of life from this process; None when it does not."""
    asked, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", str(os.getpid()))
    return int(asked) / 2e6 if asked.isdigit() and int(asked) and pid == str(os.getpid()) else None
