"""Which addresses of the network a node may talk to."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable

from comfytavern.kernel.errors import Denied, Unavailable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]
"""From host and port to the addresses of the host, in the order in which to try them."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NOT_GLOBAL = [
    ipaddress.ip_network(network)
    for network in ("64:ff9b:1::/48", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "fec0::/10", "3fff::/20")
]


async def resolve(host: str, port: int) -> list[str]:
    """Return the addresses that the system knows for `host`. Raises `Unavailable` (`http.name`) when it knows none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unavailable("http.name", f"There is no server called {host}.", hint="Check the address.", host=host) from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(text: str) -> bool:
    """Return whether an address belongs to the public internet.

    Not private, loopback, link-local (the cloud's metadata server lives there), multicast, reserved or unspecified; an
    IPv4 address inside an IPv6 one (mapped, 6to4, Teredo, NAT64) is looked at as well.
    """
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if address.version == 6 and address in _NAT64:
        return _is_global(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return all(_is_global(one) for one in (address, *_inside(address)))


def checked(host: str, addresses: list[str]) -> list[str]:
    """Return the addresses, all of them public. Raises `Denied` (`http.private_address`) when one is not."""
    for address in addresses:
        if not is_public(address):
            raise Denied(
                "http.private_address",
                f"{host} is {address}, which is not on the public internet.",
                hint="The owner of this server can allow private addresses in its settings.",
                host=host,
                address=address,
            )
    return addresses


def _is_global(address: Address) -> bool:
    if address.is_multicast or address.is_reserved or address.is_unspecified or not address.is_global:
        return False
    return not any(address.version == network.version and address in network for network in _NOT_GLOBAL)


def _inside(address: Address) -> list[Address]:
    """Return the IPv4 addresses that an IPv6 address stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if not int(address) >> 32:  # the old "IPv4-compatible" form, ::a.b.c.d
        found.append(ipaddress.IPv4Address(int(address)))
    return [one for one in found if one is not None]
