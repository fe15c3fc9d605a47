"""A WebSocket client that keeps to no manners: it reads when told to, and answers no ping."""

import base64
import os
import socket
import struct
from typing import Self

import httpx

from tests.server import COOKIE, Server

TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9


class Wire:
    """One socket to /ws, on the level of frames."""

    def __init__(self, server: Server, client: httpx.Client, *, buffer: int = 0) -> None:
        """Open it; `buffer` bounds what the system takes in for us while we do not read."""
        self._socket = socket.socket()
        if buffer:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self._socket.settimeout(60)
        self._socket.connect(("127.0.0.1", server.port))
        lines = [
            "GET /ws HTTP/1.1",
            f"Host: localhost:{server.port}",
            f"Origin: {server.url}",
            f"Cookie: {COOKIE}={client.cookies[COOKIE]}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        ]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self._file = self._socket.makefile("rb")
        assert b"101" in self._file.readline()
        while self._file.readline().strip():
            pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._socket.close()

    def send(self, payload: bytes, kind: int = TEXT) -> None:
        """Send one masked frame."""
        size = len(payload)
        length = (
            bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack(">H", size) if size < 65536 else b"\xff" + struct.pack(">Q", size)
        )
        self._socket.sendall(bytes([0x80 | kind]) + length + b"\0\0\0\0" + payload)

    def frame(self) -> tuple[int, bytes]:
        """Return the next frame; CLOSE with nothing when the line was cut."""
        try:
            head = self._file.read(2)
            if len(head) < 2:
                return CLOSE, b""
            size = head[1] & 0x7F
            if size > 125:
                width = 2 if size == 126 else 8
                size = int.from_bytes(self._file.read(width))
            return head[0] & 0x0F, self._file.read(size)
        except ConnectionError:
            return CLOSE, b""

    def close(self) -> tuple[int, str]:
        """Read to the end; return the code and the reason that the server gave: 1006 when it cut the line."""
        while (frame := self.frame())[0] != CLOSE:
            pass
        payload = frame[1]
        return (int.from_bytes(payload[:2]), payload[2:].decode()) if payload else (1006, "")


def unread_stream(server: Server, client: httpx.Client, run: str) -> socket.socket:
    """Ask for the events of a run as a stream, and read nothing of it."""
    asking = socket.socket()
    asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    asking.settimeout(60)
    asking.connect(("127.0.0.1", server.port))
    lines = [
        f"GET /api/runs/{run}/events HTTP/1.1",
        f"Host: localhost:{server.port}",
        f"Cookie: {COOKIE}={client.cookies[COOKIE]}",
        "Accept: text/event-stream",
    ]
    asking.sendall("\r\n".join([*lines, "", ""]).encode())
    return asking


def rest(stream: socket.socket) -> bytes:
    """Return what is left to read, up to where the server has cut the line."""
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    parts: list[bytes] = []
    try:
        while parts[-1:] != [b""]:
            parts.append(stream.recv(1 << 20))
    except ConnectionError:
        pass
    return b"".join(parts)
