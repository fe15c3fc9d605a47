"""Pictures, sounds and vectors of the demo model: made here from the standard library, and plainly a demonstration."""

import array
import hashlib
import io
import math
import re
import struct
import wave
import zlib
from typing import Final

_LETTERS: Final = {
    "D": ("11110", "10001", "10001", "10001", "10001", "10001", "11110"),
    "E": ("11111", "10000", "10000", "11110", "10000", "10000", "11111"),
    "M": ("10001", "11011", "10101", "10101", "10001", "10001", "10001"),
    "O": ("01110", "10001", "10001", "10001", "10001", "10001", "01110"),
}
_WORD: Final = [" ".join(_LETTERS[letter][row] for letter in "DEMO").replace(" ", "0") for row in range(7)]
_SIDE_MIN: Final = 32
_SIDE_MAX: Final = 2048
_RATE_HZ: Final = 16_000
_DIMENSIONS: Final = 128
_SECONDS_MAX: Final = 5.0


def picture(prompt: str, width: int, height: int) -> bytes:
    """Return a PNG with the word DEMO on a colour that depends on the prompt; a side is 32 to 2048 pixels."""
    width, height = (max(_SIDE_MIN, min(side, _SIDE_MAX)) for side in (width, height))
    ground = bytes(64 + byte // 2 for byte in hashlib.blake2b(prompt.encode(), digest_size=3).digest())
    dot = max(1, min(width // (len(_WORD[0]) + 4), height // (len(_WORD) + 4)))
    left, top = (width - dot * len(_WORD[0])) // 2, (height - dot * len(_WORD)) // 2
    empty = b"\0" + ground * width
    rows = [empty] * height
    for index, bits in enumerate(_WORD):
        lit = b"".join((b"\xff\xff\xff" if bit == "1" else ground) * dot for bit in bits)
        line = b"\0" + ground * left + lit + ground * (width - left - dot * len(bits))
        rows[top + index * dot : top + (index + 1) * dot] = [line] * dot
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pieces = _piece(b"IHDR", header) + _piece(b"tEXt", b"Comment\0demo model") + _piece(b"IDAT", zlib.compress(b"".join(rows), 1))
    return b"\x89PNG\r\n\x1a\n" + pieces + _piece(b"IEND", b"")


def tone(text: str) -> bytes:
    """Return a WAV (16 kHz, mono): a soft tone, longer for a longer text, at most 5 seconds."""
    seconds = min(_SECONDS_MAX, 0.3 + len(text) * 0.05)
    count = int(seconds * _RATE_HZ)
    step = 2 * math.pi * 440 / _RATE_HZ
    fade = _RATE_HZ // 20
    samples = array.array("h", (int(8000 * min(1.0, i / fade, (count - i) / fade) * math.sin(step * i)) for i in range(count)))
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE_HZ)
        file.writeframes(samples.tobytes())
    return out.getvalue()


def vector(text: str, dimensions: int | None) -> list[float]:
    """Return a unit vector: every word and every three letters in a row count for one axis, chosen by a hash.

    Texts with words in common are near each other; there is no more meaning in it than that.
    """
    size = max(1, min(dimensions or _DIMENSIONS, 4096))
    axes = [0.0] * size
    words: list[str] = re.findall(r"\w+", text.lower()) or [text]
    for word in words:
        for part in (word, *(word[i : i + 3] for i in range(len(word) - 2))):
            digest = int.from_bytes(hashlib.blake2b(part.encode(errors="replace"), digest_size=8).digest())
            axes[(digest >> 1) % size] += 1.0 if digest & 1 else -1.0
    length = math.sqrt(sum(axis * axis for axis in axes))
    return [axis / length for axis in axes] if length else [1.0, *axes[1:]]


def _piece(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
