"""A failing model call is a sentence a person can act on: never a traceback, never a hang, never a secret."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from comfytavern.kernel.errors import Failure
from comfytavern.kernel.secret import Secret
from comfytavern.llm.endpoint import seal_headers
from comfytavern.llm.gateway import Gateway
from comfytavern.llm.reply import Text, gather
from comfytavern.llm.retry import Patience
from comfytavern.llm.vault import Vault

OWNER = "usr_1"
VAULT = Vault(Secret("application secret"))
WRONG = "sk-wrong-key-0123456789"


async def failing(bench: Any, model: str, prompt: str = "Hi there you", *, hasty: bool = False) -> Failure:
    with pytest.raises(Failure) as failure:
        await bench.ask(model, prompt, hasty=hasty)
    told = failure.value
    assert told.code.startswith("llm.")
    assert told.sentence.endswith(".")
    assert told.hint
    assert "Traceback" not in told.sentence
    for secret in (WRONG, "sk-right-0123456789"):
        assert secret not in f"{told.sentence}{told.hint}{told.params}{told.__cause__!r}"
    return told


@pytest.mark.parametrize(
    ("model", "code"),
    [
        ("fake-error-400", "llm.refused"),
        ("fake-error-401", "llm.auth"),
        ("fake-error-402", "llm.budget"),
        ("fake-error-403", "llm.auth"),
        ("fake-error-404", "llm.model_not_found"),
        ("no-such-model", "llm.model_not_found"),
        ("fake-error-413", "llm.context_length"),
        ("fake-error-429", "llm.rate_limited"),
        ("fake-quota", "llm.budget"),
        ("fake-error-500", "llm.server_error"),
        ("fake-error-503", "llm.server_error"),
        ("fake-context", "llm.context_length"),
        ("fake-html", "llm.bad_reply"),
        ("fake-garbage", "llm.bad_reply"),
        ("fake-hang", "llm.timeout"),
        ("fake-hang-middle", "llm.timeout"),
        ("fake-cut", "llm.interrupted"),
        ("fake-error-middle", "llm.interrupted"),
    ],
)
async def test_each_accident_has_its_code(bench: Any, model: str, code: str) -> None:
    await bench.add()
    assert (await failing(bench, f"chn_1/{model}", hasty="hang" in model)).code == code


async def test_a_wrong_key_is_not_repeated(bench: Any) -> None:
    await bench.add(key=WRONG)
    told = await failing(bench, "chn_1/fake-chat")
    assert told.code == "llm.auth"
    assert told.params["said"] == "Incorrect API key provided: ••••."


async def test_a_missing_key_is_called_missing(bench: Any) -> None:
    await bench.add(key=None)
    assert "has none" in (await failing(bench, "chn_1/fake-chat")).sentence


async def test_a_secret_in_a_header_is_not_repeated(bench: Any) -> None:
    headers = seal_headers("chn_1", {"Authorization": Secret(f"Bearer {WRONG}")}, VAULT)
    await bench.add(key=None, headers=headers)
    assert (await failing(bench, "chn_1/fake-chat")).code == "llm.auth"
    assert WRONG in bench.fake.requests[-1].headers["authorization"]


@pytest.mark.parametrize("key", ["two\nlines-of-key", "ключ-кириллицей", "tab\tkey-0000"])
async def test_a_key_that_cannot_be_sent_is_refused_before_it_is_sent(bench: Any, key: str) -> None:
    await bench.add(key=key)
    told = await failing(bench, "chn_1/fake-chat")
    assert told.code == "llm.unusable_key"
    assert key not in f"{told.sentence}{told.params}"
    assert not bench.fake.requests


@pytest.mark.parametrize(
    ("base_url", "why"),
    [
        ("http://127.0.0.1:1/v1", "nothing listens there"),
        ("http://no-such-host.invalid/v1", "no computer is known by that name"),
        ("http://exa mple/v1", "no computer is known by that name"),
        ("gopher://example.com/v1", "the address is not valid"),
    ],
)
async def test_a_dead_host_is_named_with_the_reason(bench: Any, base_url: str, why: str) -> None:
    await bench.add(base_url=base_url)
    told = await failing(bench, "chn_1/fake-chat")
    assert (told.code, told.params["why"]) == ("llm.unreachable", why)


async def test_https_to_a_plain_server_is_explained(bench: Any) -> None:
    await bench.add(base_url=bench.fake.base_url.replace("http://", "https://"))
    assert "TLS" in (await failing(bench, "chn_1/fake-chat")).sentence


async def test_a_host_that_takes_no_connection_is_given_up(bench: Any) -> None:
    full = socket.create_server(("127.0.0.1", 0), backlog=0)
    waiting = [socket.socket() for _ in range(4)]
    for each in waiting:
        each.setblocking(False)
        each.connect_ex(full.getsockname())
    await bench.add(base_url=f"http://127.0.0.1:{full.getsockname()[1]}/v1")
    assert (await failing(bench, "chn_1/fake-chat")).code in {"llm.unreachable", "llm.timeout"}
    for each in (full, *waiting):
        each.close()


async def test_what_was_seen_of_a_broken_reply_was_passed_on_first(bench: Any, ask_for: Any) -> None:
    await bench.add()
    await bench.add("chn_2")
    seen: list[str] = []

    async def read() -> None:
        async for event in bench.gateway.chat(ask_for("chn_1/fake-cut", "one two three four"), owner=OWNER):
            assert isinstance(event, Text)
            seen.append(event.text)

    with pytest.raises(Failure) as failure:
        await read()
    assert "".join(seen) == "Fake answer to: "
    assert failure.value.code == "llm.interrupted"
    assert len(bench.fake.requests) == 1


async def test_a_hanging_server_is_given_up(bench: Any) -> None:
    await bench.add()
    async with asyncio.timeout(5):
        told = await failing(bench, "chn_1/fake-hang", hasty=True)
    assert told.params == {"channel": "Channel chn_1", "seconds": 1.0, "started": False}
    assert len(bench.fake.requests) == 1


async def test_four_megabytes_are_taken(bench: Any) -> None:
    await bench.add()
    reply = await bench.ask("chn_1/fake-huge")
    assert len(reply.text) == 4 * 1024 * 1024


async def test_a_key_sealed_under_another_secret_is_told(bench: Any) -> None:
    sealed = Vault(Secret("another secret")).seal(Secret("sk-right-0123456789"), "chn_1/key")
    channel = await bench.add()
    await bench.channels.put(channel.__class__(**{name: getattr(channel, name) for name in channel.__struct_fields__} | {"key": sealed}))
    assert (await failing(bench, "chn_1/fake-chat")).code == "llm.key_unreadable"


async def test_an_unknown_wire_format_is_told(bench: Any) -> None:
    await bench.add(provider="carrier-pigeon")
    assert (await failing(bench, "chn_1/fake-chat")).code == "llm.unsupported"


Raw = Callable[[bytes], Any]


@pytest.fixture
async def raw(bench: Any) -> AsyncIterator[Raw]:
    """Give a function that makes a channel whose server answers every request with these very bytes."""
    servers: list[asyncio.Server] = []

    async def make(answer: bytes) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        servers.append(server)
        await bench.add(base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")

    yield make
    for server in servers:
        server.close()


def http(body: bytes, *, status: str = "200 OK", kind: str = "text/event-stream", more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\n{more}connection: close\r\n\r\n".encode() + body


HALF = b'data: {"choices":[{"delta":{"content":"Hal'
WHOLE = b'data: {"choices":[{"delta":{"content":"Half"}}]}\n\n'


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"", "llm.unreachable"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "llm.unreachable"),
        (http(b""), "llm.interrupted"),
        (http(b"\x00\xff\xfe not a stream"), "llm.bad_reply"),
        (http(HALF), "llm.bad_reply"),
        (http(WHOLE), "llm.interrupted"),
        (http(b"data: [1,2,3]\n\n"), "llm.bad_reply"),
        (http(b"data: [DONE]\n\n"), "llm.bad_reply"),
        (http(b'data: {"choices":[{"delta":{"content":7}}]}\n\n'), "llm.bad_reply"),
        (http(b'event: error\ndata: {"type":"overloaded_error","message":"Overloaded"}\n\n'), "llm.interrupted"),
        (http(b'data: {"error":{"code":429,"message":"slow down"}}\n\n'), "llm.rate_limited"),
        (http(b'data: {"error":"context length exceeded"}\n\n'), "llm.context_length"),
        (http(b'{"error":{"message":"no credit","code":"insufficient_quota"}}', kind="application/json"), "llm.budget"),
        (http(b"{}", kind="application/json"), "llm.bad_reply"),
        (http(b"not json", kind="application/json"), "llm.bad_reply"),
        (http(b"x" * 100, more="content-encoding: gzip\r\n"), "llm.bad_reply"),
        (http(b"", status="302 Found", more="location: http://elsewhere.example/\r\n"), "llm.bad_reply"),
        (http(b"<html><title>404 Not Found</title>", status="404 Not Found", kind="text/html"), "llm.bad_reply"),
        (http(b'[{"error":{"code":400,"message":"API key not valid"}}]', status="400 Bad Request", kind="application/json"), "llm.auth"),
        (http(b'{"detail":[{"msg":"field required"}]}', status="422 X", kind="application/json"), "llm.refused"),
        (http(b"upstream timed out", status="504 X", kind="text/plain"), "llm.server_error"),
    ],
)
async def test_whatever_a_server_answers_there_is_a_sentence(bench: Any, raw: Raw, answer: bytes, code: str) -> None:
    await raw(answer)
    assert (await failing(bench, "chn_1/fake-chat")).code == code


async def test_a_stream_without_its_last_line_is_still_whole(bench: Any, raw: Raw) -> None:
    await raw(http(WHOLE + b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}'))
    assert (await bench.ask("chn_1/x")).text == "Half"


async def test_half_a_character_is_told_before_it_is_sent(bench: Any) -> None:
    await bench.add()
    assert (await failing(bench, "chn_1/fake-chat", "cut \ud83d")).code == "llm.messages"
    assert not bench.fake.requests


async def test_signs_of_life_are_patience_not_eternity(bench: Any, ask_for: Any) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(http(WHOLE))
        for _ in range(1000):
            writer.write(b": still here\n\n")
            await writer.drain()
            await asyncio.sleep(0.02)

    gateway = Gateway(bench.channels, VAULT, bench.providers, patience=Patience(alive_s=1.0))
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        await bench.add(base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
        with pytest.raises(Failure) as failure:
            await gather(gateway.chat(ask_for("chn_1/x"), owner=OWNER))
    assert failure.value.code == "llm.timeout"
    assert failure.value.params == {"channel": "Channel chn_1", "seconds": 1.0, "started": True}
