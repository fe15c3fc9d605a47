"""Whether a secret is one."""

import math
from collections import Counter
from itertools import pairwise
from typing import Final

BYTES_MIN: Final = 32
BITS_MIN: Final = 96.0
"""By the frequency of its letters; 32 random hexadecimal digits have about 110."""
STEPS_MIN: Final = 6
HOW_TO_MAKE_ONE: Final = "make one with: openssl rand -base64 48"
EXAMPLES: Final = frozenset(
    {"change", "example", "placeholder", "replace", "yoursecret", "yourjwt", "insecure", "default", "password", "secretkey", "donotuse"}
)
"""Words of documents and templates, without case, spaces and dashes; at least six letters, so that random text does not have them."""


def long_enough(secret: str) -> None:
    """Raise `ValueError` when there is a secret and it is too short to be one."""
    if 0 < len(secret.encode()) < BYTES_MIN:
        raise ValueError(f"must have at least {BYTES_MIN} bytes, has {len(secret.encode())}")


def weakness(secret: str) -> str:
    """Return why this can be guessed, in words that do not repeat it; empty when it seems good."""
    bare = "".join(letter for letter in secret.lower() if letter.isalnum())
    if any(word in bare for word in EXAMPLES):
        return "looks like an example from a document"
    if secret in (secret + secret)[1:-1]:
        return "repeats itself"
    if len({ord(b) - ord(a) for a, b in pairwise(secret)}) < STEPS_MIN:
        return "follows the order of the alphabet"
    if _bits(secret) < BITS_MIN:
        return "is too uniform to be random"
    return ""


def _bits(text: str) -> float:
    """Return Shannon's entropy of the letters, times their number."""
    size = len(text)
    return -sum(count * math.log2(count / size) for count in Counter(text).values()) if text else 0.0
