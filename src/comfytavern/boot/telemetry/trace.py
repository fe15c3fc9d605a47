"""Traces as values: where a span belongs, what `traceparent` says, what is drawn. Knows no vendor and no library.

Sources: W3C Trace Context (traceparent, version 00), and OpenTelemetry's TraceIdRatioBased and ParentBased samplers.
"""

import random
import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from enum import IntEnum
from hashlib import blake2b
from typing import Final, NamedTuple, TypeAlias

_HEADER: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SAMPLED: Final = 1
_WORD: Final = (1 << 64) - 1
_random: Final = random.SystemRandom()
_chance: Final = random.Random(_random.getrandbits(256))  # Ids of spans are no secrets; the system's own source would take a call each.

Value: TypeAlias = str | int | float | bool


class Place(NamedTuple):
    """A span, as others refer to it."""

    trace_id: int
    span_id: int
    sampled: bool

    @property
    def traceparent(self) -> str:
        """The header that says so."""
        return f"00-{self.trace_id:032x}-{self.span_id:016x}-{'01' if self.sampled else '00'}"


class Kind(IntEnum):
    """OpenTelemetry's kinds of spans."""

    INTERNAL = 0
    SERVER = 1
    CLIENT = 2


class Span(NamedTuple):
    """Something that is over. Times are nanoseconds since 1970."""

    name: str
    place: Place
    parent: int
    """The id of the span above; 0: none."""
    remote: bool
    """Whether that one is another program's."""
    kind: Kind
    began: int
    ended: int
    about: Mapping[str, Value]
    error: str = ""
    """What went wrong, as a code."""
    link: Place | None = None
    """A span of another trace that this one has to do with."""


Put = Callable[[Span], None]
CURRENT: Final[ContextVar[Place | None]] = ContextVar("place", default=None)
"""The request at hand."""


def new_span_id() -> int:
    """Return an id that is not 0."""
    return _chance.getrandbits(64) or 1


def span_id_of(place: Place, name: str) -> int:
    """Return the id of what is called `name` below `place`: the same whoever asks, so that nobody has to hand it on."""
    return int.from_bytes(blake2b(b"%d:%s" % (place.span_id, name.encode()), digest_size=8).digest()) or 1


def parsed(header: str) -> Place | None:
    """Return what a `traceparent` says; None for one that says nothing."""
    found = _HEADER.fullmatch(header)
    if found is None or found[1] == "ff" or (found[1] == "00" and found[5]):
        return None
    place = Place(int(found[2], 16), int(found[3], 16), bool(int(found[4], 16) & _SAMPLED))
    return place if place.trace_id and place.span_id else None


class Sampling:
    """Decides what is drawn, once for each trace."""

    def __init__(self, sampler: str, ratio: float) -> None:
        """Take the names and the number of OpenTelemetry."""
        self._as_parent = sampler.startswith("parentbased_")
        match sampler.removeprefix("parentbased_"):
            case "always_on":
                self._below = _WORD + 1
            case "always_off":
                self._below = 0
            case _:
                self._below = round(ratio * (_WORD + 1))

    def beside(self, other: Place) -> Place:
        """Return a new place of a trace of its own, which is drawn when `other` is."""
        return Place(_chance.getrandbits(128) or 1, new_span_id(), other.sampled)

    def below(self, parent: Place | None) -> Place:
        """Return a new place below `parent`; None: of a trace of its own."""
        trace_id = parent.trace_id if parent else _chance.getrandbits(128) or 1
        if parent is not None and self._as_parent:
            return Place(trace_id, new_span_id(), parent.sampled)
        return Place(trace_id, new_span_id(), trace_id & _WORD < self._below)
