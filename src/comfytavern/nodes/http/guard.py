"""The one way out to the network for nodes: every name resolved and checked by us, every size and time capped.

A name is resolved once, all its addresses are checked, and the connection goes to a checked address (so a second answer
of the name server changes nothing), while Host and TLS keep the name. Redirects are followed by hand, each one checked.
"""

import asyncio
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from comfytavern.kernel.errors import Failure, Invalid, TooLarge, Unavailable
from comfytavern.nodes.http.addresses import Resolve, checked, resolve

if TYPE_CHECKING:
    import httpx

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PRIVATE_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})
_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a reply may cost."""

    redirects: int = 5
    header_bytes: int = 64 * 1024
    body_bytes: int = 16 * 1024 * 1024
    connect_s: float = 10.0
    total_s: float = 60.0


@dataclass(slots=True, kw_only=True)
class Reply:
    """What came back. `body` may be read once; it raises `TooLarge` (`http.too_large`) beyond the limit."""

    status: int
    url: str
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: AsyncIterator[bytes]

    @property
    def charset(self) -> str:
        """The charset that the reply declares, or UTF-8."""
        _, _, given = self.headers.get("content-type", "").lower().partition("charset=")
        return given.split(";")[0].strip(" \"'") or "utf-8"

    @property
    def media_type(self) -> str:
        """The media type without parameters, in small letters; empty when there is none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Fetcher:
    """Asks other servers on behalf of nodes. One per process, made at boot; nodes ask `ctx.use(Fetcher)`."""

    def __init__(self, *, allow_private: bool = False, limits: Limits | None = None, resolve: Resolve = resolve) -> None:
        """Refuse everything that is not on the public internet, unless the owner allows private addresses."""
        self._allow_private = allow_private
        self.limits = limits or Limits()
        self._resolve = resolve

    @asynccontextmanager
    async def open(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout_s: float | None = None,
    ) -> AsyncGenerator[Reply]:
        """Send a request and give the reply with its body still to be read, all within `timeout_s`.

        Raises `Invalid` (`http.url`, `http.scheme`, `http.header`), `Denied` (`http.private_address`), `Unavailable`
        (`http.name`, `http.connect`, `http.protocol`), `Failure` (`http.timeout`, `http.redirects`, `http.encoding`) or
        `TooLarge` (`http.too_large`, `http.headers_too_large`). Leaving the block closes the connection.
        """
        import httpx  # noqa: PLC0415 -- 80 ms that a start need not pay

        seconds = min(timeout_s or self.limits.total_s, self.limits.total_s)
        limits = httpx.Timeout(seconds, connect=min(seconds, self.limits.connect_s))
        try:
            async with asyncio.timeout(seconds), httpx.AsyncHTTPTransport(retries=0, trust_env=False) as transport:
                request = httpx.Request(
                    method, _address(url), headers=_clean(headers), content=body, extensions={"timeout": limits.as_dict()}
                )
                response = await self._follow(transport, request)
                try:
                    yield Reply(
                        status=response.status_code,
                        url=str(response.request.url),
                        headers=dict(response.headers),
                        body=_capped(response, self.limits.body_bytes),
                    )
                finally:
                    await response.aclose()
        except (TimeoutError, httpx.TimeoutException) as error:
            raise Failure(
                "http.timeout", f"The server did not answer within {seconds:g} s.", hint="Try again, or allow more time."
            ) from error
        except httpx.ConnectError as error:
            raise Unavailable("http.connect", f"No connection: {error}.", hint="Check the address, or try again later.") from error
        except httpx.TransportError as error:
            raise _protocol_failure(error) from error

    async def _follow(self, transport: "httpx.AsyncHTTPTransport", request: "httpx.Request") -> "httpx.Response":
        """Return the first reply that is not a redirect."""
        for _ in range(self.limits.redirects + 1):
            response = await self._send(transport, request)
            size = sum(len(name) + len(value) for name, value in response.headers.raw)
            if size > self.limits.header_bytes:
                await response.aclose()
                raise TooLarge("http.headers_too_large", f"The headers of the reply have {size:,} bytes.", size_bytes=size)
            location = response.headers.get("location")
            if response.status_code not in _REDIRECTS or not location:
                return response
            await response.aclose()
            request = _redirected(request, response.status_code, location)
        raise Failure("http.redirects", f"The server redirected more than {self.limits.redirects} times.", redirects=self.limits.redirects)

    async def _send(self, transport: "httpx.AsyncHTTPTransport", request: "httpx.Request") -> "httpx.Response":
        """Send to the first checked address that can be reached."""
        import httpx  # noqa: PLC0415 -- as above

        url = request.url
        port = url.port or (443 if url.scheme == "https" else 80)
        host = url.raw_host.decode("ascii")
        addresses = await self._resolve(host, port)
        if not self._allow_private:
            checked(host, addresses)
        refused: httpx.ConnectError | None = None
        for address in addresses:
            pinned = httpx.Request(
                request.method,
                url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": host},
            )
            try:
                response = await transport.handle_async_request(pinned)
            except httpx.ConnectError as error:
                refused = error
            else:
                response.request = request
                return response
        raise refused or httpx.ConnectError(f"{host} has no address")


def _address(url: str) -> "httpx.URL":
    """Return the parsed address. Raises `Invalid` for anything but http and https with a host and without a password."""
    import httpx  # noqa: PLC0415 -- as above

    try:
        parsed = httpx.URL(url.strip())
    except (httpx.InvalidURL, TypeError) as error:
        raise Invalid("http.url", f"This is not a web address: {error}.", hint="An address looks like https://example.org/page.") from error
    if parsed.scheme not in ("http", "https"):
        raise Invalid("http.scheme", f"Only http and https are allowed, not {parsed.scheme or 'an address without either'}.")
    if not parsed.host:
        raise Invalid("http.url", "This web address has no host.", hint="An address looks like https://example.org/page.")
    if parsed.userinfo:
        raise Invalid("http.url", "A web address may not hold a name or password.", hint="Use the Authorization header.")
    return parsed.copy_with(fragment=None)


def _clean(headers: Mapping[str, str] | None) -> dict[str, str]:
    """Return the headers that a node may set, and ours. Raises `Invalid` (`http.header`) for control characters."""
    kept = {"user-agent": "ComfyTavern", "accept": "*/*"}
    for name, value in (headers or {}).items():
        if not name.strip() or any(ord(char) < 32 or ord(char) == 127 for char in name + value) or not (name + value).isascii():
            raise Invalid("http.header", f"The header {name!r} cannot be sent.", hint="Headers are plain ASCII in one line.", name=name)
        if name.lower() not in _OURS:
            kept[name.lower()] = value
    return kept | {"accept-encoding": "gzip, deflate", "connection": "close"}


def _redirected(request: "httpx.Request", status: int, location: str) -> "httpx.Request":
    """Return the request that a redirect asks for; secrets stay behind when the host changes."""
    import httpx  # noqa: PLC0415 -- as above

    try:
        url = _address(str(request.url.join(location)))
    except httpx.InvalidURL as error:
        raise Invalid("http.url", f"The server redirected to {location!r}, which is no web address.") from error
    become_get = status == 303 or (status in (301, 302) and request.method == "POST")
    method = "GET" if become_get and request.method != "HEAD" else request.method
    same = (url.scheme, url.host, url.port) == (request.url.scheme, request.url.host, request.url.port)
    drop = {"host", "content-length"} | (set() if same else _PRIVATE_HEADERS) | ({"content-type"} if become_get else set())
    headers = {name: value for name, value in request.headers.items() if name not in drop}
    content = None if become_get else request.content
    return httpx.Request(method, url, headers=headers, content=content, extensions=request.extensions)


async def _capped(response: "httpx.Response", bytes_max: int) -> AsyncIterator[bytes]:
    """Yield the body, decompressed, and stop with `TooLarge` as soon as more than `bytes_max` have come out."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", "deflate"):
        raise Failure("http.encoding", f"The server packed its reply as {encoding!r}, which was not asked for.", encoding=encoding)
    unpack = None if encoding == "identity" else zlib.decompressobj(zlib.MAX_WBITS | 32)
    size = 0
    async for raw in response.aiter_raw(64 * 1024):
        for piece in _unpacked(unpack, raw, encoding):
            size += len(piece)
            if size > bytes_max:
                raise TooLarge("http.too_large", f"The reply has more than {bytes_max:,} bytes.", limit_bytes=bytes_max)
            yield piece


def _unpacked(unpack: Any, raw: bytes, encoding: str) -> Iterator[bytes]:
    """Yield what comes out of `raw`, at most 1 MiB at a time, so that a bomb is noticed early."""
    if unpack is None:
        yield raw
        return
    try:
        while raw:
            yield unpack.decompress(raw, 1 << 20)
            raw = unpack.unconsumed_tail
    except zlib.error as error:
        raise Failure("http.encoding", f"The reply is not valid {encoding}.", encoding=encoding) from error


def _protocol_failure(error: Exception) -> Failure:
    if "too long" in str(error).lower() or "buffer" in str(error).lower():
        return TooLarge("http.headers_too_large", "The headers of the reply are too long.")
    return Unavailable("http.protocol", f"The server broke off or did not speak HTTP: {error or type(error).__name__}.")
