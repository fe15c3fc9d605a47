"""Runs, as values: what was asked for, how far it is, what is shown of it."""

from datetime import datetime
from typing import Any

import msgspec

from comfytavern.kernel.errors import Conflict, NotFound

TERMINAL = frozenset({"ok", "failed", "cancelled"})
ACTIVE = ("queued", "running", "waiting")


class RunRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a client asks for: a saved workflow or a graph. The meaning of the rest: semantics, K5, K3 and E4."""

    workflow_id: str | None = None
    graph: dict[str, Any] | None = None
    version: int | None = None
    inputs: dict[str, Any] = {}
    targets: list[str] | None = None
    run_from: str | None = None
    only: str | None = None
    mode: str | None = None
    """finish or fail_fast; None: finish for an editor (which names its `session`), fail_fast for programs."""
    reuse: str | None = None
    """never or session; None: session for an editor, never for programs."""
    session: str = ""
    again: bool = False
    deadline_s: float | None = None


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A request as it is kept: nothing is left to defaults, and `library` says which version of each used workflow was the newest."""

    inputs: dict[str, Any] = {}
    targets: list[str] | None = None
    run_from: str | None = None
    only: str | None = None
    mode: str = "finish"
    reuse: str = "never"
    session: str = ""
    again: bool = False
    deadline_s: float | None = None
    library: dict[str, int] = {}
    trace: str = ""
    """Where whoever draws traces draws this run, in their own words; empty: nowhere."""


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A run in the history. `tokens` counts those read and written; `error` is the first root cause."""

    id: str
    workflow_id: str | None
    workflow_name: str | None
    version: int | None
    state: str
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_ms: float | None = None
    tokens: int | None = None
    cost_usd: float | None = None
    error: dict[str, Any] | None = None
    source: str
    position: int | None = None
    """Place in the queue from 1, while queued."""


class RunView(RunSummary, frozen=True, kw_only=True):
    """Everything there is to see of a run; events after `seq` continue it."""

    inputs: dict[str, Any]
    graph: msgspec.Raw
    seq: int = 0
    outputs: dict[str, Any] | None = None
    errors: list[dict[str, Any]] | None = None
    nodes: dict[str, Any] = {}
    texts: dict[str, Any] = {}
    chunks: dict[str, Any] = {}
    waits: list[dict[str, Any]] = []
    logs: list[dict[str, Any]] = []
    usage: dict[str, Any] = {}


class StoredRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run as it is kept."""

    owner: str
    summary: RunSummary
    project_id: str | None
    order: Order
    due_at: float | None = None
    """While it waits: when the clock answers one of its waits, in seconds since 1970."""
    executor: str | None = None
    """Which server executes it; None: whoever has a place for it."""


class Papers(msgspec.Struct, frozen=True, kw_only=True):
    """The large parts of a run that is kept."""

    graph: msgspec.Raw
    shown: msgspec.Raw | None = None
    """The fold of all its events (fold.py), once it has ended."""


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What to change of a run that is kept; None leaves a member as it is."""

    state: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    tokens: int | None = None
    cost_usd: float | None = None
    error: dict[str, Any] | None = None
    shown: msgspec.Raw | None = None
    due_at: float | None = None


class Unfinished(msgspec.Struct, frozen=True, kw_only=True):
    """A run that is not over."""

    id: str
    owner: str
    state: str
    due_at: float | None = None
    executor: str | None = None


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A run that has changed its state; `at` is when, by the clock of the database."""

    owner: str
    at: float
    summary: RunSummary


class Tip(msgspec.Struct, frozen=True, kw_only=True):
    """How far a run is: its state, and the number of its last event that is kept."""

    state: str
    last: int


class Which(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs of the history: all that is given must hold."""

    workflow_id: str | None = None
    project_id: str | None = None
    state: str | None = None


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A run that runs or waits for its turn."""

    id: str
    workflow_id: str | None = None
    workflow_name: str | None = None
    position: int | None = None


class QueueView(msgspec.Struct, frozen=True, kw_only=True):
    """What of one person runs now, and what waits for its turn."""

    running: list[Place]
    queued: list[Place]


class NodeDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One node of a run, its values in full."""

    path: str
    state: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]


def order_of(request: RunRequest) -> Order:
    """Return `request` with its defaults filled in."""
    editor = bool(request.session)
    names = ("inputs", "targets", "run_from", "only", "session", "again", "deadline_s")
    return Order(
        **{name: getattr(request, name) for name in names},
        mode=request.mode or ("finish" if editor else "fail_fast"),
        reuse=request.reuse or ("session" if editor else "never"),
    )


def duration_ms(started_at: datetime | None, ended_at: datetime | None) -> float | None:
    """Return how long a run took, None while it is not over."""
    return round((ended_at - started_at).total_seconds() * 1000, 3) if started_at and ended_at else None


def no_run(id: str) -> NotFound:
    """Say that there is no such run, or that it is somebody else's."""
    return NotFound("run.unknown", "There is no such run.", id=id)


def still_active(id: str) -> Conflict:
    """Say that it must be over first."""
    return Conflict("run.active", "This run is not over.", hint="Cancel it first.", id=id)


def rewound(id: str, last: int) -> Conflict:
    """Say that events which somebody has seen are not there any more: a power cut, or a full disk, took them."""
    sentence = "This run has gone back to an earlier event than you have seen."
    return Conflict("run.rewound", sentence, hint="Read the run again, and go on from its seq.", id=id, last=last)
