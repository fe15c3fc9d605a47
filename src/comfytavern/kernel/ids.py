"""Identifiers that sort by the time they were made."""

import os
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(prefix: str) -> str:
    """Return `prefix_` and 20 base-32 characters: 45 bits of milliseconds, then 55 random bits.

    Ids of one process made in different milliseconds sort in the order in which they were made.
    """
    bits = (time.time_ns() // 1_000_000) << 55 | int.from_bytes(os.urandom(7), "big") >> 1
    return f"{prefix}_" + "".join(_ALPHABET[bits >> shift & 31] for shift in range(95, -1, -5))


def made_at(id: str) -> float:
    """Return when an id was made, in seconds since 1970. Raises `ValueError` for what `new_id` has not made."""
    letters = id.rpartition("_")[2]
    return sum(_ALPHABET.index(letter) << shift for letter, shift in zip(letters, range(95, -1, -5), strict=True)) // 2**55 / 1000
