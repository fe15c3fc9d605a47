"""Sixteen bytes for any JSON-like value."""

from collections.abc import Callable
from typing import Any

import msgspec
from xxhash import xxh3_128_digest

encode: Callable[[Any], bytes] = msgspec.msgpack.Encoder(order="deterministic").encode


def digest(value: Any) -> bytes:
    """Return 16 bytes (xxh3-128 of canonical MessagePack); equal bytes mean an equal value of an equal type."""
    return xxh3_128_digest(encode(value))


def safe(value: Any) -> Any:
    """Return a value itself when it can be encoded, else its textual form."""
    try:
        encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return repr(value)
    return value
