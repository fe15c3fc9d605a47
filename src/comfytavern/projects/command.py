"""What one server asks of the one that executes a run."""

from typing import Any

import msgspec

from comfytavern.kernel.errors import Busy, Conflict, Denied, Failure, Invalid, NotFound, TooLarge, Unavailable

_CLASSES = {kind.__name__: kind for kind in (Busy, Conflict, Denied, Invalid, NotFound, TooLarge, Unavailable)}


class Cancel(msgspec.Struct, frozen=True, tag="cancel"):
    """Stop the run, or one node."""

    path: str | None = None


class Answer(msgspec.Struct, frozen=True, tag="answer"):
    """Answer a question."""

    token: str
    value: Any


class Resolve(msgspec.Struct, frozen=True, tag="resolve"):
    """Decide about an effect that may have happened."""

    path: str
    action: str
    value: Any = None


Command = Cancel | Answer | Resolve


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A command that waits for the executor. `again`: another executor had begun with it."""

    id: str
    run_id: str
    command: Command
    again: bool = False


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """How far a command is."""

    begun: bool
    outcome: bytes | None


class _Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    kind: str = ""
    code: str = ""
    sentence: str = ""
    hint: str = ""
    params: dict[str, Any] = {}


def succeeded() -> bytes:
    """Return the outcome of a command that was carried out."""
    return msgspec.json.encode(_Outcome())


def failed(failure: Failure) -> bytes:
    """Return the outcome of a command that was refused."""
    made = _Outcome(type(failure).__name__, failure.code, failure.sentence, failure.hint, failure.params)
    return msgspec.json.encode(made, enc_hook=repr)


def settle(outcome: bytes) -> None:
    """Return when the command was carried out. Raises the failure with which it was refused."""
    found = msgspec.json.decode(outcome, type=_Outcome)
    if found.code:
        raise _CLASSES.get(found.kind, Failure)(found.code, found.sentence, hint=found.hint, **found.params)
