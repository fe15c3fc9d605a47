"""GET over a unix socket: a tenth of the start-up time of http.client, and all that a probe needs."""

from __future__ import annotations

import json
import socket
from typing import Any


class Reply:
    """What came back."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """Take the parts; header names are in lower case."""
        self.status = status
        self.headers = headers
        self.body = body

    def json(self) -> Any:
        """Return the body as a value; ValueError when it is not JSON."""
        return json.loads(self.body)


def get(path: str, target: str, *, timeout_s: float = 5.0) -> Reply:
    """Ask the server behind the socket at `path` for `target`; OSError when it does not answer in time or not in HTTP."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout_s)
        connection.connect(path)
        request = f"GET {target} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: ctd\r\nAccept: */*\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        return _reply(_all(connection))
    finally:
        connection.close()


def _all(connection: socket.socket) -> bytes:
    pieces = []
    while True:
        piece = connection.recv(65536)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)


def _reply(raw: bytes) -> Reply:
    head, blank, body = raw.partition(b"\r\n\r\n")
    rows = head.decode("latin-1").split("\r\n")
    parts = rows[0].split(" ", 2)
    if not blank or len(parts) < 2 or not parts[1].isdigit():
        raise OSError("the answer is not HTTP")
    headers = {name.strip().lower(): value.strip() for name, _, value in (row.partition(":") for row in rows[1:])}
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = _joined(body)
    elif int(headers.get("content-length", len(body))) > len(body):
        raise OSError("the answer ended early")
    return Reply(int(parts[1]), headers, body)


def _joined(chunks: bytes) -> bytes:
    body = b""
    while True:
        size, _, rest = chunks.partition(b"\r\n")
        length = int(size.split(b";")[0] or b"0", 16)
        if length == 0:
            return body
        body += rest[:length]
        chunks = rest[length + 2 :]
