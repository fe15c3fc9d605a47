"""Server-sent events, as far as model servers use them (WHATWG HTML, section 9.2).

Left out: `id` and `retry`, and a lone carriage return as the end of a line.
"""

from typing import Final, NamedTuple

_LINE_MAX_BYTES: Final = 32 * 1024 * 1024


class ServerEvent(NamedTuple):
    """One event. A comment, which servers send to keep a connection open, is an event without a name and without data."""

    data: bytes
    name: str = ""


class LineTooLong(Exception):
    """A line goes beyond 32 MiB without an end."""


class EventParser:
    """Turns bytes, cut anywhere, into events."""

    def __init__(self) -> None:
        """Start at the beginning of a stream."""
        self._rest: list[bytes] = []
        self._rest_bytes = 0
        self._data: list[bytes] = []
        self._name = ""
        self._first = True

    def feed(self, chunk: bytes) -> list[ServerEvent]:
        """Return the events that end in this chunk. Raises `LineTooLong`."""
        block, newline, rest = chunk.rpartition(b"\n")
        if not newline:
            self._rest.append(chunk)
            self._rest_bytes += len(chunk)
            if self._rest_bytes > _LINE_MAX_BYTES:
                raise LineTooLong
            return []
        block = b"".join((*self._rest, block))
        self._rest, self._rest_bytes = [rest], len(rest)
        if self._first:
            block, self._first = block.removeprefix(b"\xef\xbb\xbf"), False
        found: list[ServerEvent] = []
        for line in block.split(b"\n"):
            self._line(line.removesuffix(b"\r"), found)
        return found

    def end(self) -> list[ServerEvent]:
        """Return what the stream's end leaves over. The standard drops it; servers that forget the last blank line exist."""
        return self.feed(b"\n\n")

    def _line(self, line: bytes, found: list[ServerEvent]) -> None:
        if not line:
            if self._data:
                found.append(ServerEvent(b"\n".join(self._data), self._name))
            self._data, self._name = [], ""
        elif line.startswith(b"data:"):
            self._data.append(line[6:] if line[5:6] == b" " else line[5:])
        elif line.startswith(b"event:"):
            self._name = line[6:].strip().decode(errors="replace")
        elif line.startswith(b":"):
            found.append(ServerEvent(b""))
