"""Who is believed about whom they ask for."""

from typing import Any

import pytest

from comfytavern.api.forwarded import Forwarded

PROXY, INSIDE, STRANGER, CLIENT = "10.0.0.5", "127.0.0.1", "203.0.113.9", "198.51.100.7"


async def seen(peer: tuple[str, int] | None, kind: str = "http", **headers: str) -> dict[str, Any]:
    found: dict[str, Any] = {}

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        found.update(scope)

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": kind, "client": peer, "scheme": "ws" if kind == "websocket" else "http", "headers": named}
    await Forwarded(app, ["10.0.0.0/8", "127.0.0.1"])(scope, None, None)  # type: ignore[arg-type]  -- nothing is read or sent
    return found


async def test_a_proxy_is_believed_and_a_stranger_is_not() -> None:
    told = {"x_forwarded_for": CLIENT, "x_forwarded_proto": "https"}
    for peer in (None, (PROXY, 1), (INSIDE, 1)):
        scope = await seen(peer, **told)
        assert (scope["client"], scope["scheme"]) == ((CLIENT, 0), "https")
    scope = await seen((STRANGER, 1), **told)
    assert (scope["client"], scope["scheme"]) == ((STRANGER, 1), "http")


async def test_of_a_chain_the_first_address_that_is_no_proxy_of_ours_counts() -> None:
    assert (await seen((PROXY, 1), x_forwarded_for=f"1.1.1.1, {CLIENT}, 10.9.9.9"))["client"] == (CLIENT, 0)
    assert (await seen((PROXY, 1), x_forwarded_for="10.1.1.1, 10.2.2.2"))["client"] == ("10.1.1.1", 0)


async def test_a_socket_behind_https_is_a_secure_one() -> None:
    assert (await seen(None, "websocket", x_forwarded_proto="https"))["scheme"] == "wss"
    assert (await seen(None, x_forwarded_proto="gopher"))["scheme"] == "http"


@pytest.mark.parametrize(
    ("peer", "headers", "local"),
    [
        (None, {}, True),
        ((INSIDE, 1), {}, True),
        (("::1", 1), {}, True),
        ((PROXY, 1), {}, False),
        ((STRANGER, 1), {}, False),
        (None, {"x_forwarded_for": "127.0.0.1"}, False),
        (None, {"x_real_ip": "127.0.0.1"}, False),
        ((INSIDE, 1), {"forwarded": "for=127.0.0.1"}, False),
    ],
)
async def test_local_is_who_asks_from_this_machine_for_nobody_else(peer: Any, headers: dict[str, str], local: bool) -> None:
    assert (await seen(peer, **headers))["state"]["local"] is local
