"""Who really asks, when a proxy asks for them: X-Forwarded-For and X-Forwarded-Proto, believed of proxies we trust only.

Whoever can connect to our unix socket is one of them: the file's mode says who may.
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

SPOKEN_FOR: Final = frozenset({b"x-forwarded-for", b"forwarded", b"x-real-ip"})
SCHEMES: Final = frozenset({"http", "https"})
LOCAL: Final = "local"
"""In the request's state: True when it comes from this machine and nobody is spoken for."""


class Forwarded:
    """ASGI middleware: puts the client and the scheme that the proxy has seen into the request."""

    def __init__(self, app: ASGIApp, trusted: Iterable[str]) -> None:
        """Believe proxies at the addresses and networks in `trusted`."""
        self._app = app
        networks = [ip_network(each, strict=False) for each in trusted]

        @lru_cache(maxsize=1024)
        def trusts(address: str) -> bool:
            found = _address(address)
            return found is not None and any(found in network for network in networks)

        self._trusts = trusts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "lifespan":
            self._look(scope)
        await self._app(scope, receive, send)

    def _look(self, scope: Scope) -> None:
        chain: list[str] = []
        scheme, spoken_for = "", False
        for name, value in scope["headers"]:
            if name in SPOKEN_FOR:
                spoken_for = True
                if name == b"x-forwarded-for":
                    chain += value.decode("latin-1").split(",")
            elif name == b"x-forwarded-proto":
                scheme = value.decode("latin-1").strip().lower()
        peer = scope.get("client")
        scope.setdefault("state", {})[LOCAL] = not spoken_for and (peer is None or _loopback(peer[0]))
        if peer is not None and not self._trusts(peer[0]):
            return
        if scheme in SCHEMES:
            scope["scheme"] = scheme.replace("http", "ws") if scope["type"] == "websocket" else scheme
        if chain:
            scope["client"] = (self._farthest(chain), 0)

    def _farthest(self, chain: list[str]) -> str:
        """Return the first address, seen from us, that is no proxy of ours: what lies beyond it may be invented."""
        for each in reversed(chain):
            if not self._trusts(each.strip()):
                return each.strip()[:64]
        return chain[0].strip()[:64]


@lru_cache(maxsize=1024)
def _loopback(address: str) -> bool:
    found = _address(address)
    return found is not None and found.is_loopback


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
