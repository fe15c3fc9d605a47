"""What a run tells the world, as values. `docs/reference/events.md` and schemas/events.json are made from this file.

Every event has `run`, `seq` (dense per run, from 1), `t` (milliseconds since the run started) and `kind`; a client's
state is the fold of all events from any snapshot and its tail. Producers may put several node changes into one event.
"""

from typing import Any

import msgspec


class Event(msgspec.Struct, kw_only=True, omit_defaults=True, tag_field="kind"):
    """What all events share."""

    seq: int = 0
    t: float = 0.0


class RunChanged(Event, tag="run"):
    """The run itself changed state. `ok`, `failed` and `cancelled` are terminal: no event comes after them."""

    state: str
    """queued, running, waiting, ok, failed or cancelled."""
    position: int | None = None
    """Place in the queue from 1, while queued."""
    outputs: dict[str, Any] | None = None
    """Values of the graph's outputs by name, with the terminal state. A dead output is absent, never null."""
    errors: list[dict[str, Any]] | None = None
    """Root causes, each `{path, type, message, retryable, attempt, code, hint, params}`."""


class NodesChanged(Event, tag="nodes"):
    """Nodes changed state: the last state of each since the previous event of this kind."""

    nodes: list[tuple[str, str, float | None, dict[str, Any] | None]]
    """`[path, state, running ms or null, extra or null]`; `extra` may hold `outputs` (previews by port), `error`, `handled`,
    `reason` (branch, upstream_error, mute, error), `cached`, `cut`, `limited`, `attempt`, and `size_bytes` (by port, for a
    preview that is short)."""


class TextDelta(Event, tag="delta"):
    """Text was appended to a stream output. `offset` counts characters already sent of this `epoch`."""

    path: str
    port: str
    offset: int
    text: str
    epoch: int = 0


class ChunkSeen(Event, tag="chunk"):
    """The newest chunk of a stream that is not text (latest wins, older ones may be left out)."""

    path: str
    port: str
    index: int
    value: Any
    epoch: int = 0


class StreamReset(Event, tag="reset"):
    """A stream starts over: clients drop what they have of it."""

    path: str
    port: str
    epoch: int


class Progress(Event, tag="progress"):
    """How far a node is: `value` from 0 to 1, or null when unknown."""

    path: str
    value: float | None = None
    text: str = ""


class NodeLog(Event, tag="log"):
    """A line written by a node or by the engine about it."""

    path: str
    level: str
    message: str


class Usage(Event, tag="usage"):
    """Tokens and cost that a node used, added up by clients."""

    path: str
    model: str
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None


class WaitOpened(Event, tag="wait"):
    """A node waits for a person or an event. Answer with the token."""

    path: str
    token: str
    title: str
    schema: dict[str, Any]
    """JSON Schema of the answer."""
    shown: Any = None
    """What the person should look at."""
    audience: str = "owner"
    expires_at: float | None = None


class WaitClosed(Event, tag="answered"):
    """A wait was answered, or it expired."""

    path: str
    token: str
    outcome: str
    """answered or expired."""


RunEvent = RunChanged | NodesChanged | TextDelta | ChunkSeen | StreamReset | Progress | NodeLog | Usage | WaitOpened | WaitClosed
