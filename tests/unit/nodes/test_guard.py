"""The one way out: what it refuses, and how it stops."""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from comfytavern.kernel.errors import Failure
from comfytavern.nodes.http.addresses import is_public
from comfytavern.nodes.http.guard import Fetcher, Limits

Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(answer: Answer) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            await answer(head, writer)
            await writer.drain()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


def fixed(*parts: bytes) -> Answer:
    async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"".join(parts))

    return answer


async def fetch(fetcher: Fetcher, url: str, **more: Any) -> tuple[int, bytes]:
    async with fetcher.open(more.pop("method", "GET"), url, **more) as reply:
        return reply.status, b"".join([chunk async for chunk in reply.body])


async def code_of(fetcher: Fetcher, url: str, **more: Any) -> str:
    with pytest.raises(Failure) as caught:
        await fetch(fetcher, url, **more)
    return caught.value.code


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "198.18.0.1", "192.0.0.8", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::", "::127.0.0.1", "2001:db8::1",
        "fec0::1", "nonsense",
    ],
)  # fmt: skip
def test_no_address_but_a_public_one_is_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "64:ff9b::808:808"])
def test_public_addresses_are(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.1", "0x7f.0.0.1", "2130706433", "0.0.0.0", "[::ffff:127.0.0.1]"])
async def test_the_own_machine_is_refused_however_it_is_spelt(host: str) -> None:
    async with server(fixed(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")) as port:
        assert await code_of(Fetcher(), f"http://{host}:{port}/") in ("http.private_address", "http.name", "http.url")


async def test_one_private_address_among_several_is_enough_to_refuse() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["93.184.216.34", "127.0.0.1"]

    assert await code_of(Fetcher(resolve=resolve), "http://mixed.test/") == "http.private_address"


async def test_the_name_is_asked_once_and_the_checked_address_is_used() -> None:
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    heads: list[bytes] = []

    async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")

    async with server(answer) as port:
        fetcher = Fetcher(allow_private=True, resolve=rebinding)
        assert await fetch(fetcher, f"http://name.test:{port}/p?q=1") == (200, b"hi")
    assert asked == ["name.test"]
    assert b"GET /p?q=1 HTTP/1.1" in heads[0]
    assert f"host: name.test:{port}".encode() in heads[0].lower()


async def test_a_redirect_to_a_private_address_is_refused() -> None:
    async with server(fixed(b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest\r\ncontent-length: 0\r\n\r\n")) as port:
        fetcher = Fetcher()
        seen: list[str] = []

        async def first_public(host: str, at: int) -> list[str]:
            seen.append(host)
            fetcher._allow_private = len(seen) == 1
            return ["127.0.0.1"] if len(seen) == 1 else [host]

        fetcher._resolve = first_public
        assert await code_of(fetcher, f"http://public.test:{port}/") == "http.private_address"
    assert seen == ["public.test", "169.254.169.254"]


async def test_endless_redirects_end() -> None:
    count = 0

    async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        writer.write(b"HTTP/1.1 302 Found\r\nlocation: /again\r\ncontent-length: 0\r\n\r\n")

    async with server(answer) as port:
        assert await code_of(Fetcher(allow_private=True), f"http://127.0.0.1:{port}/") == "http.redirects"
    assert count == 6


async def test_secrets_do_not_follow_to_another_host() -> None:
    heads: list[bytes] = []

    async def landing(head: bytes, writer: asyncio.StreamWriter) -> None:
        heads.append(head.lower())
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    async with server(landing) as second:
        redirect = f"HTTP/1.1 307 T\r\nlocation: http://127.0.0.1:{second}/\r\ncontent-length: 0\r\n\r\n".encode()
        async with server(fixed(redirect)) as first:
            headers = {"Authorization": "Bearer x", "X-Other": "y"}
            await fetch(Fetcher(allow_private=True), f"http://127.0.0.1:{first}/", headers=headers)
    assert b"authorization" not in heads[0]
    assert b"x-other: y" in heads[0]


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("file:///etc/passwd", "http.scheme"), ("ftp://example.org/", "http.scheme"), ("gopher://x", "http.scheme"),
        ("example.org", "http.scheme"),
        ("http://", "http.url"), ("http://user:pw@example.org/", "http.url"), ("http://exa mple.org:x/", "http.url"), ("", "http.scheme"),
    ],
)  # fmt: skip
async def test_only_web_addresses_are_asked(url: str, code: str) -> None:
    assert await code_of(Fetcher(), url) == code


async def test_a_header_cannot_smuggle_another() -> None:
    assert await code_of(Fetcher(allow_private=True), "http://127.0.0.1:9/", headers={"x": "a\r\nhost: b"}) == "http.header"


async def test_a_large_body_stops_at_the_limit() -> None:
    async def endless(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    async with server(endless) as port:
        limits = Limits(body_bytes=1_000_000)
        assert await code_of(Fetcher(allow_private=True, limits=limits), f"http://127.0.0.1:{port}/") == "http.too_large"


async def test_a_packed_bomb_stops_at_the_limit() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    head = f"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {len(bomb)}\r\n\r\n".encode()
    async with server(fixed(head, bomb)) as port:
        limits = Limits(body_bytes=1_000_000)
        assert await code_of(Fetcher(allow_private=True, limits=limits), f"http://127.0.0.1:{port}/") == "http.too_large"


async def test_packed_text_is_unpacked() -> None:
    packed = gzip.compress("héllo".encode())
    head = f"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {len(packed)}\r\n\r\n".encode()
    async with server(fixed(head, packed)) as port:
        assert (await fetch(Fetcher(allow_private=True), f"http://127.0.0.1:{port}/"))[1].decode() == "héllo"


async def test_endless_headers_are_refused() -> None:
    async with server(fixed(b"HTTP/1.1 200 OK\r\nx: ", b"y" * 300_000)) as port:
        assert await code_of(Fetcher(allow_private=True), f"http://127.0.0.1:{port}/") == "http.headers_too_large"
    async with server(fixed(b"HTTP/1.1 200 OK\r\nx: ", b"y" * 5000, b"\r\ncontent-length: 0\r\n\r\n")) as port:
        fetcher = Fetcher(allow_private=True, limits=Limits(header_bytes=4000))
        assert await code_of(fetcher, f"http://127.0.0.1:{port}/") == "http.headers_too_large"


async def test_a_server_that_says_nothing_times_out() -> None:
    async def silent(head: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    async with server(silent) as port:
        loop = asyncio.get_running_loop()
        start = loop.time()
        assert await code_of(Fetcher(allow_private=True), f"http://127.0.0.1:{port}/", timeout_s=0.2) == "http.timeout"
        assert loop.time() - start < 1


async def test_a_server_that_drips_times_out_in_total() -> None:
    async def dripping(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with server(dripping) as port:
        assert await code_of(Fetcher(allow_private=True), f"http://127.0.0.1:{port}/", timeout_s=0.3) == "http.timeout"


async def test_nobody_there_and_no_such_name_are_said() -> None:
    assert await code_of(Fetcher(allow_private=True), "http://127.0.0.1:9/") == "http.connect"
    assert await code_of(Fetcher(), "http://does-not-exist.invalid/") == "http.name"


async def test_something_that_is_not_http_is_said() -> None:
    async with server(fixed(b"SSH-2.0-OpenSSH\r\n")) as port:
        assert await code_of(Fetcher(allow_private=True), f"http://127.0.0.1:{port}/") == "http.protocol"


async def test_a_call_can_be_cancelled_in_flight() -> None:
    begun, closed = asyncio.Event(), asyncio.Event()

    async def watching(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nx")
        begun.set()
        try:
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)
        except ConnectionError:
            closed.set()

    async with server(watching) as port:
        task = asyncio.create_task(fetch(Fetcher(allow_private=True), f"http://127.0.0.1:{port}/"))
        await asyncio.wait_for(begun.wait(), 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(closed.wait(), 10)
