"""The port of whoever watches calls of models: to count them, to draw them. Nothing of what is said to a model goes through it."""

from collections.abc import Mapping
from types import TracebackType
from typing import Final, Protocol, Self

import msgspec

from comfytavern.kernel.errors import Failure
from comfytavern.llm.reply import Finish, ReplyEvent, Usage

OK: Final = "ok"
CANCELLED: Final = "cancelled"
UNEXPECTED: Final = "unexpected"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt of a call."""

    operation: str
    """chat, complete, embed, image, speech or transcribe."""
    model: str
    """Its name, without the channel."""
    provider: str
    """The wire format."""
    host: str = ""
    run_id: str = ""
    path: str = ""
    """The node that asks; empty outside of runs, as `run_id`."""


class Call(Protocol):
    """An attempt that is under way."""

    @property
    def headers(self) -> Mapping[str, str]:
        """What is sent to the provider besides."""
        ...

    def first(self) -> None:
        """Learn that the first word has come."""
        ...

    def over(self, result: str, usage: Usage | None, /) -> None:
        """Learn how it ended: `ok`, `cancelled`, `unexpected`, or the code of the failure."""
        ...


class Watch(Protocol):
    """Is told of every attempt."""

    def begin(self, asked: Asked, /) -> Call:
        """Learn that a model is about to be asked."""
        ...


class Watched:
    """One attempt, told to `call` (None: nobody watches)."""

    def __init__(self, call: Call | None) -> None:
        """Begin."""
        self._call = call
        self._usage: Usage | None = None
        self._seen = self._whole = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._call is None:
            return
        if isinstance(error, Failure):
            result = error.code
        elif isinstance(error, Exception):
            result = UNEXPECTED
        else:
            result = OK if error is None or self._whole else CANCELLED
        self._call.over(result, self._usage)

    def saw(self, event: ReplyEvent) -> None:
        """Take note of an event of the reply."""
        if self._call is None:
            return
        if not self._seen:
            self._seen = True
            self._call.first()
        if isinstance(event, Usage):
            self._usage = event
        elif isinstance(event, Finish):
            self._whole = True  # Whoever reads may close the stream now.

    def used(self, usage: Usage) -> None:
        """Take note of what a call used that answers at once."""
        self._usage = usage
