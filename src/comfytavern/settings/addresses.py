"""Addresses as they stand in settings. Each function returns the address, or raises `ValueError` with what is wrong with it."""

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit


def bare_host(host: str) -> str:
    """A host without scheme, port or path."""
    try:
        ip_address(host)
    except ValueError:
        letters = host.replace("-", "").replace(".", "").replace("_", "")
        if not letters.isalnum() or not letters.isascii() or letters.isdigit():
            raise ValueError("is not an address or host name alone") from None
    return host


def origin(address: str) -> str:
    """Scheme, host and perhaps a port: `https://tavern.example.org`."""
    parts = _parts(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("is not an address with http:// or https:// and a host")
    if parts.username or parts.password:
        raise ValueError("has a name or password in it")
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError("has more than scheme, host and port")
    return address


def allowed_origin(address: str) -> str:
    """As `origin`; a wildcard is refused, because cookies are sent along."""
    if "*" in address:
        raise ValueError("a wildcard would let every page use the API as whoever is logged in")
    return origin(address)


def database(address: str) -> str:
    """A SQLite file or a PostgreSQL database."""
    scheme, colon, rest = address.partition(":")
    kind = scheme.partition("+")[0]
    if not colon or kind not in {"sqlite", "postgresql", "postgres"}:
        raise ValueError("is not a SQLite or PostgreSQL address; use sqlite:///path/to/file.db or postgresql://user:password@host/name")
    if kind == "sqlite":
        if not rest.startswith("///") or rest.strip("/") in {"", ":memory:"}:
            raise ValueError("does not name a file; use sqlite:///path/to/file.db, with four slashes for a whole path")
    elif not _parts(address).path.strip("/"):
        raise ValueError("does not name a database; use postgresql://user:password@host/name")
    return address


def masked(address: str) -> str:
    """Return an address without the password in it."""
    parts = urlsplit(address)
    if not parts.password:
        return address
    return address.replace(f":{parts.password}@", ":••••@", 1)


def _parts(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise ValueError("has a port or host that cannot be") from None
    return parts
