"""Problems are values, failures are classes, bugs are tracebacks.

Failure            something the caller can act on; carries a code, a sentence and a hint
├── Invalid        the input is wrong
├── NotFound       there is no such thing (or it is not yours)
├── Conflict       it changed meanwhile, or it is in the wrong state
├── Unauthenticated / Denied   who are you / you may not
├── TooLarge       beyond a stated limit
├── Busy           come back later (a rate, a quota, a full queue)
└── Unavailable    something this needs does not work now
"""

from typing import Any

import msgspec


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is wrong, as a value. `code` is stable; a client words it from `code` and `params`."""

    code: str
    message: str
    level: str = "error"
    """`error` or `warning`."""
    place: dict[str, str] = {}
    """Where: any of `graph` (path of groups), `node`, `port`, `wire`, `value`, `field`."""
    params: dict[str, Any] = {}


class Failure(Exception):
    """The root of everything we raise on purpose."""

    def __init__(self, code: str, sentence: str, *, hint: str = "", **params: Any) -> None:
        """Take a stable `code` (`room.what`), an English `sentence`, what to do about it, and its parameters."""
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.hint = hint
        self.params: dict[str, Any] = params
        self.problems: list[Problem] = []

    def with_problems(self, problems: list[Problem]) -> "Failure":
        """Attach every problem that led here and return the failure itself."""
        self.problems = problems
        return self


class Invalid(Failure):
    """The input is wrong."""


class NotFound(Failure):
    """There is no such thing, or it is not the caller's."""


class Conflict(Failure):
    """It changed meanwhile, or is in a state that does not allow this."""


class Unauthenticated(Failure):
    """Nobody is logged in."""


class Denied(Failure):
    """The caller is known and may not do this."""


class TooLarge(Failure):
    """Beyond a stated limit."""


class Busy(Failure):
    """A rate, a quota or a queue is full; `retry_after_s` in `params` when known."""


class Unavailable(Failure):
    """Something this needs does not work now (disk, database, a provider)."""
