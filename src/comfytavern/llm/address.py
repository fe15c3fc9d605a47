"""Which addresses a channel may have.

Models run at home: Ollama is on localhost, a GPU machine is in the same network. So an owner's channel may be at any
private address; a member's may not, or the server would be a door into its own network. Link-local addresses, where
clouds keep their credentials, are refused to everybody.
"""

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from comfytavern.kernel.errors import Failure, Invalid
from comfytavern.llm import errors
from comfytavern.llm.provider import Endpoint

Address = IPv4Address | IPv6Address


def clean_base_url(text: str) -> str:
    """Return the address in its one form: no blanks around it, no slash at its end.

    Raises `Invalid` (`llm.base_url`) unless it is http(s) with a host, and without user, password, query and fragment.
    """
    url = text.strip()
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _bad("it is not an address") from error
    if parts.scheme.lower() not in {"http", "https"}:
        raise _bad("it does not begin with http:// or https://")
    if not parts.hostname or port == 0 or any(letter.isspace() or ord(letter) < 0x21 for letter in url):
        raise _bad("it is not an address")
    if parts.username is not None or parts.password is not None:
        raise _bad("it holds a user or a password; put the key into its own field")
    if parts.query or parts.fragment:
        raise _bad("it holds a ? or a #")
    return url.rstrip("/")


async def refuse_private(at: Endpoint) -> None:
    """Raise `Denied` (`llm.private_address`) when the endpoint is where its channel may not be. A name nobody knows passes."""
    parts = urlsplit(at.base_url)
    if not parts.hostname:
        return
    literal = _literal(parts.hostname)
    if at.private and literal is None:
        return
    for address in [literal] if literal else await _resolve(parts.hostname):
        if address.is_link_local or not (at.private or address.is_global):
            raise errors.private_address(at.name, parts.hostname)


def _literal(host: str) -> Address | None:
    try:
        return _plain(ip_address(host))
    except ValueError:
        return None


async def _resolve(host: str) -> list[Address]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [_plain(ip_address(str(entry[4][0]).partition("%")[0])) for entry in found]


def _plain(address: Address) -> Address:
    """Look through IPv4 addresses in IPv6 clothes (::ffff:10.0.0.1)."""
    return getattr(address, "ipv4_mapped", None) or address


def _bad(why: str) -> Failure:
    hint = "It looks like https://api.example.com/v1 or http://localhost:11434/v1."
    return Invalid("llm.base_url", f"The address cannot be used: {why}.", hint=hint, why=why)
