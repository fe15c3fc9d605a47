"""One HTTP/1.1 connection that forgives nothing: what goes wrong is named, and never tried again.

A library would retry, pool, or turn a cut answer into a short one; here each of these is a failure with a name of its own:
`refused`, `reset`, `closed` (no answer came), `truncated` (half an answer came), `timeout`, `status 502`, `garbled`.
"""

import asyncio
import errno
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final

TIMEOUT_S: Final = 40.0
ENDLESS: Final = 2**20


class Fault(Exception):
    """A request failed; `kind` says how."""

    def __init__(self, kind: str, told: str = "") -> None:
        """Name the kind."""
        super().__init__(f"{kind} {told}".strip())
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """Where requests go: an address, and the name that the site has."""

    address: str
    port: int
    site: str

    @property
    def origin(self) -> str:
        """What a browser on the site would send."""
        return f"http://{self.site}"


class Line:
    """A connection to one place; opened by the first request, closed when the other side says that it will."""

    def __init__(self, place: Place, headers: dict[str, str]) -> None:
        """Prepare; `headers` go with every request."""
        self._place = place
        self.headers = {"Host": place.site, "Origin": place.origin, **headers}
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, method: str, path: str, body: bytes = b"", *, fresh: bool = False) -> Reply:
        """Return the whole answer. Raises `Fault`."""
        status, received = await self.begin(method, path, body, fresh=fresh)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                content = b"".join([part async for part in self.parts(received)])
        except TimeoutError:
            self.close()
            raise Fault("timeout", path) from None
        if fresh or received.get("connection", "").lower() == "close":
            self.close()
        return Reply(status, received, content)

    async def begin(
        self, method: str, path: str, body: bytes = b"", *, fresh: bool = False, headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, str]]:
        """Send a request; return the status and the headers of the answer, whose body is still to come. Raises `Fault`."""
        given = {**self.headers, **(headers or {}), "Content-Length": str(len(body)), "Connection": "close" if fresh else "keep-alive"}
        head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        try:
            async with asyncio.timeout(TIMEOUT_S):
                reader, writer = await self._open()
                writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
                await writer.drain()
                return await self._head(reader)
        except TimeoutError:
            self.close()
            raise Fault("timeout", path) from None
        except OSError as error:
            self.close()
            raise Fault("reset" if isinstance(error, ConnectionError) else _named(error), path) from error
        except Fault:
            self.close()
            raise

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._reader is None or self._writer is None:
            try:
                self._reader, self._writer = await asyncio.open_connection(self._place.address, self._place.port, limit=ENDLESS)
            except OSError as error:
                raise Fault("refused", str(error)) from error
        return self._reader, self._writer

    @staticmethod
    async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
        try:
            text = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.IncompleteReadError as cut:
            raise Fault("truncated" if cut.partial else "closed") from None
        first, *lines = text.split("\r\n")
        words = first.split(" ", 2)
        if not first.startswith("HTTP/1.1 ") or not words[1].isdigit():
            raise Fault("garbled", first[:80])
        named = (line.partition(":") for line in lines if line)
        return int(words[1]), {name.lower(): value.strip() for name, _, value in named}

    async def parts(self, headers: dict[str, str]) -> AsyncIterator[bytes]:
        """Yield the body as it comes. Raises `Fault` when it ends too early."""
        reader = self._reader
        assert reader is not None
        try:
            if headers.get("transfer-encoding") == "chunked":
                while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
                    yield (await reader.readexactly(size + 2))[:-2]
                await reader.readexactly(2)
            elif size := int(headers.get("content-length", "0")):
                yield await reader.readexactly(size)
        except asyncio.IncompleteReadError:
            self.close()
            raise Fault("truncated") from None
        except ConnectionError:
            self.close()
            raise Fault("reset") from None
        except ValueError as error:
            self.close()
            raise Fault("garbled", str(error)) from None

    def close(self) -> None:
        """Let go; the next request opens anew."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


def _named(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, "error").lower()
