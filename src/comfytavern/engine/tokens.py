"""What a wire carries once per frame, and the states of a node."""

from collections.abc import Sequence
from typing import Any

import msgspec

from comfytavern.engine.implementation import DEAD, Dead, ErrorValue
from comfytavern.kernel.errors import Busy, Failure, Unavailable

__all__ = ["DEAD", "Broken", "Dead", "NodeError", "is_live", "node_error"]

IDLE, QUEUED, RUNNING, WAITING, UNKNOWN, DONE, CACHED, SKIPPED, FAILED, CANCELLED = range(10)
"""States are small integers while a graph runs; `STATE_NAMES` is what the world sees. From `DONE` on they are terminal."""
STATE_NAMES = ("idle", "queued", "running", "waiting", "unknown", "done", "cached", "skipped", "failed", "cancelled")


class NodeError(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a node failed (semantics, E1). `path` is the root: dependents only refer to it."""

    path: str
    type: str
    message: str
    retryable: bool = False
    attempt: int = 1
    code: str = ""
    hint: str = ""
    params: dict[str, Any] = {}
    cause: str = ""

    def value(self) -> ErrorValue:
        """Return the form in which nodes and clients see it."""
        return ErrorValue(msgspec.to_builtins(self))


class Broken:
    """The ERROR token: something upstream failed and nobody handled it."""

    __slots__ = ("error",)

    def __init__(self, error: NodeError) -> None:
        """Carry the root cause."""
        self.error = error

    def __repr__(self) -> str:
        """Return the root."""
        return f"Broken({self.error.path})"


class Cause(Exception):
    """Raised by the engine's own parts to fail a node with a type of error that has a name (`LengthMismatch`, `LoopLimit` …)."""

    def __init__(self, type: str, message: str, *, roots: Sequence[NodeError] = (), **params: Any) -> None:
        """Take the name, a sentence, and the root causes when they lie in other nodes."""
        super().__init__(message)
        self.type = type
        self.root = roots[0] if roots else None
        self.roots = roots
        self.params = params


class UpstreamError(Exception):
    """Raised inside a stream reader when its producer failed (semantics, S5)."""

    def __init__(self, error: NodeError) -> None:
        """Carry the root cause."""
        super().__init__(error.message)
        self.error = error


def is_live(token: Any) -> bool:
    """Return whether a token is a value."""
    return token is not DEAD and token.__class__ is not Broken


def node_error(path: str, error: BaseException, attempt: int = 1) -> NodeError:
    """Return what the world is told about an exception raised by the node at `path`."""
    cause = str(error.__cause__ or "")
    if isinstance(error, Failure):
        retryable = isinstance(error, Busy | Unavailable)
        params = error.params
        return NodeError(
            path=path,
            type=type(error).__name__,
            message=error.sentence,
            retryable=retryable,
            attempt=attempt,
            code=error.code,
            hint=error.hint,
            params=params,
            cause=cause,
        )
    if isinstance(error, Cause):
        return NodeError(path=path, type=error.type, message=str(error), attempt=attempt, code=f"engine.{error.type}", params=error.params)
    retryable = isinstance(error, OSError | TimeoutError)
    message = str(error) or type(error).__name__
    return NodeError(path=path, type=type(error).__name__, message=message, retryable=retryable, attempt=attempt, cause=cause)
