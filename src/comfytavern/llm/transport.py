"""HTTP for providers: one pool of connections, and every way it fails as a `Failure`.

Redirects are not followed (they would carry the key elsewhere), no cookie is kept, and replies have a greatest size.
"""

import socket
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from comfytavern import __version__
from comfytavern.kernel.secret import MASK
from comfytavern.llm import errors
from comfytavern.llm.provider import Endpoint

if TYPE_CHECKING:
    import httpx

REPLY_MAX_BYTES: Final = 64 * 1024 * 1024
"""Of a whole reply: room for pictures, not for a server that never stops."""
_SHORTEST_SECRET: Final = 4


class Transport:
    """Sends requests to endpoints."""

    def __init__(self, *, connect_s: float = 10.0) -> None:
        """Give up a connection attempt after `connect_s`; all other waiting is limited by the gateway."""
        self._connect_s = connect_s
        self._made: httpx.AsyncClient | None = None

    @asynccontextmanager
    async def send(
        self, at: Endpoint, method: str, path: str, *, headers: Mapping[str, str], content: bytes | None = None, **multipart: Any
    ) -> "AsyncGenerator[httpx.Response]":
        """Send a request to `at.base_url + path` and give the response, its body unread. Leaving the block closes the call.

        `headers` and the endpoint's own are sent, the latter win. Raises `Unavailable` (`llm.unreachable`) when no
        response comes, `llm.interrupted` when it breaks off inside the block.
        """
        import httpx  # noqa: PLC0415 -- with what it imports a third of a second, which a start need not pay

        sent = _headers(at, headers)
        answered = False
        try:
            async with self._client.stream(method, at.base_url + path, headers=sent, content=content, **multipart) as response:
                answered = True
                yield response
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError):
            raise errors.unreachable(at.name, host_of(at), "the address is not valid") from None
        except httpx.TransportError as error:
            if answered:
                raise errors.interrupted(at.name) from error
            raise errors.unreachable(at.name, host_of(at), _why(error, self._connect_s)) from error
        except httpx.DecodingError as error:
            raise errors.bad_reply(at.name, "its compression is broken") from error

    async def aclose(self) -> None:
        """Close all connections."""
        if self._made is not None:
            await self._made.aclose()
            self._made = None

    @property
    def _client(self) -> "httpx.AsyncClient":
        import httpx  # noqa: PLC0415 -- with what it imports a third of a second, which a start need not pay

        if self._made is None:
            self._made = httpx.AsyncClient(
                headers={"User-Agent": f"ComfyTavern/{__version__}"},
                timeout=httpx.Timeout(None, connect=self._connect_s),
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=32, keepalive_expiry=15.0),
                mounts={"all://localhost": None, "all://127.0.0.1": None, "all://[::1]": None},
            )
        return self._made


async def limited(response: "httpx.Response", at: Endpoint, size_max_bytes: int = REPLY_MAX_BYTES) -> AsyncGenerator[bytes]:
    """Yield the body in pieces. Raises `TooLarge` (`llm.reply_too_large`) beyond the limit."""
    size = 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > size_max_bytes:
            raise errors.reply_too_large(at.name, size_max_bytes)
        yield chunk


async def read(response: "httpx.Response", at: Endpoint, size_max_bytes: int = REPLY_MAX_BYTES) -> bytes:
    """Return the whole body. Raises as `limited`."""
    return b"".join([chunk async for chunk in limited(response, at, size_max_bytes)])


def scrubbed(text: str, at: Endpoint) -> str:
    """Return a provider's words with our own secrets taken out: some servers repeat the key they refuse.

    Of a header like `Bearer …` each word counts, for a server may repeat only the second.
    """
    for secret in (at.key, *at.headers.values()):
        for word in secret.reveal().split() if secret else ():
            if len(word) >= _SHORTEST_SECRET and word.lower() not in {"bearer", "basic", "token"}:
                text = text.replace(word, MASK)
    return text


def host_of(at: Endpoint) -> str:
    """Return the host (and port) of the endpoint, for sentences."""
    return urlsplit(at.base_url).netloc.rpartition("@")[2] or at.base_url


def _headers(at: Endpoint, headers: Mapping[str, str]) -> dict[str, str]:
    merged = {name.lower(): value for name, value in headers.items()}
    merged |= {name.lower(): value.reveal() for name, value in at.headers.items()}
    for name, value in merged.items():
        if not (name.isascii() and name.isprintable() and value.isascii() and value.isprintable()):
            raise errors.unusable_key(at.name)
    return merged


def _why(error: BaseException, connect_s: float) -> str:
    """Say why there was no connection; the reason hides somewhere below httpx's own error."""
    import httpx  # noqa: PLC0415 -- with what it imports a third of a second, which a start need not pay

    if isinstance(error, httpx.ConnectTimeout):
        return f"no connection within {connect_s:g} seconds"
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            return "no computer is known by that name"
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "its certificate is not trusted"
        if isinstance(cause, ssl.SSLError):
            return "it does not speak TLS (https) there"
        if isinstance(cause, ConnectionRefusedError):
            return "nothing listens there"
    return "the connection broke before an answer came" if not isinstance(error, httpx.ConnectError) else "the connection failed"


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    pending = [error]
    while pending:
        cause = pending.pop(0)
        if cause is None or cause in found:
            continue
        found.append(cause)
        pending += [cause.__cause__, cause.__context__]
        pending += list(cause.exceptions) if isinstance(cause, BaseExceptionGroup) else []
    return found
