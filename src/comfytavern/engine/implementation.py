"""What the engine needs to know to run a kind. Node authors never see this file: nodes/kit.py makes these."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

import msgspec

from comfytavern.graph.kinds import Kind


class Style(Enum):
    """How the function of a kind is called. Arguments are positional, one per declared input in port order; a kind
    with dynamic inputs gets one more, a dict of their values; with `wants_context` a Context comes first.
    """

    INLINE = "inline"
    """A plain function, measured under 50 µs: called on the loop."""
    THREAD = "thread"
    """A plain function that may block: called in a worker thread."""
    ASYNC = "async"
    """A coroutine function."""
    STREAM = "stream"
    """An async generator: yields chunks of its one stream output, and may yield `Final` last."""
    CHUNK = "chunk"
    """A plain function from one chunk (its first input) to a chunk, None (drop) or a list of chunks; fused into the producer."""
    WAIT = "wait"
    """A plain function that returns a `WaitRequest`; the answer becomes the node's output."""
    CONTROL = "control"
    """No function: the engine itself does it (input, output, group, map, loop, call, race, note)."""


class Dead:
    """The token of a branch that is not taken. A node answers `DEAD` on any output."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return the word."""
        return "DEAD"

    def __bool__(self) -> bool:
        """Be false, so that `value or other` reads naturally."""
        return False


DEAD = Dead()


class ErrorValue(dict[str, Any]):
    """An error as a value: on the `error` port, and on an input that accepts errors. A plain JSON object for everybody else."""


class Final:
    """Yielded last by a stream node: the values of its other outputs, by port id."""

    __slots__ = ("outputs",)

    def __init__(self, **outputs: Any) -> None:
        """Take one value per other output."""
        self.outputs = outputs


class WaitRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a wait node asks for (semantics, section 7)."""

    title: str
    schema: dict[str, Any]
    shown: Any = None
    audience: str = "owner"
    expires_s: float | None = None
    until_s: float | None = None
    """WaitUntil: answered by the clock after so many seconds, with null."""


@dataclass(frozen=True, slots=True)
class Implementation:
    """A kind and how to run it.

    What the function returns: one declared output -> the value itself (or DEAD); several -> a tuple in port order or a
    dict by port id (a missing id is DEAD; dynamic outputs must use the dict).
    """

    kind: Kind
    style: Style
    run: Callable[..., Any] | None = None
    want: Callable[..., Any] | None = None
    """Lazy inputs: `want(available: dict[str, value]) -> list of port ids` still needed (semantics, section 3)."""
    wants_context: bool = False
    code_version: str = "1"
    """Part of the cache key: changes whenever the function does."""
    pools: Callable[[dict[str, Any]], tuple[str, ...]] | tuple[str, ...] = ()
    """Names of the resource pools a node occupies while it runs, fixed or from its input values (`llm:openai`, `gpu:0`)."""
    services: tuple[type, ...] = field(default=())
    """What `ctx.use` may be asked for."""
    idempotent: bool = False
    """effect kinds: an idempotency key (`ctx.idempotency_key`) makes retries safe (E5)."""
    environment: Callable[[dict[str, Any]], str] | None = None
    """Further cache key text from input values, e.g. a model file's digest (K1)."""


class Implementations(Protocol):
    """Where the engine looks implementations up (nodes.registry)."""

    def get(self, kind_id: str, /) -> Kind | None:
        """Return the kind, or None when it is unknown here."""
        ...

    def implementation(self, kind_id: str, /) -> Implementation | None:
        """Return how to run the kind, or None when it is unknown here."""
        ...
