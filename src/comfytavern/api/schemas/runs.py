"""Runs: start, watch, answer, look back."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from comfytavern.api.schemas.common import Body, EventJson, GraphJson, Json, Reply, Time
from comfytavern.api.schemas.projects import Number

State = Literal["queued", "running", "waiting", "ok", "failed", "cancelled"]
Source = Literal["canvas", "http", "cli", "ws"]


class RunRequest(Body):
    """What to run: a saved workflow or a graph, exactly one of them."""

    workflow_id: str | None = None
    graph: GraphJson | None = None
    version: Number | None = None
    inputs: Json = Field(default_factory=dict)
    """Values of the graph's inputs by name."""
    targets: list[str] | None = None
    """Run only what these nodes need."""
    run_from: str | None = None
    """This node and what follows it ignore the cache."""
    only: str | None = None
    """Run this node alone; what it needs must be cached or pinned."""
    mode: Literal["finish", "fail_fast"] | None = None
    reuse: Literal["never", "session"] | None = None
    session: Annotated[str, Field(max_length=200)] = ""
    """Names the editor tab whose results may be reused."""
    again: bool = False
    """Ignore results of unpredictable nodes."""
    deadline_s: Annotated[float, Field(gt=0, le=30 * 86400)] | None = None
    source: Source | None = None
    """Where the run is started, for the history; without it, the way the request has come (`canvas` when it names a session)."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.workflow_id is None) == (self.graph is None):
            raise ValueError("Give either workflow_id or graph.")
        return self

    def subject(self) -> Json:
        """Return what was asked for, without where it came from."""
        return self.model_dump(exclude_none=True, exclude={"source"})


class RunStarted(Reply):
    """A run that was accepted."""

    id: str
    state: State
    position: int | None
    """Place in the queue from 1, while queued."""


class RunSummary(Reply):
    """A run in the history."""

    id: str
    workflow_id: str | None
    workflow_name: str | None
    version: int | None
    state: State
    created_at: Time
    started_at: Time | None
    ended_at: Time | None
    duration_ms: float | None
    tokens: int | None
    cost_usd: float | None
    error: Json | None
    """The first root cause."""
    source: Source
    position: int | None
    """Place in the queue from 1, while queued."""


class Run(RunSummary):
    """Everything known about a run: its snapshot, to which events after `seq` are applied."""

    inputs: Json
    outputs: Json | None
    errors: list[Json] | None
    seq: int
    nodes: dict[str, Json]
    """By path: `{state, ms, outputs, error, reason, cached, cut, …}`."""
    texts: dict[str, Json]
    """Streamed text so far, by `path:port`: `{epoch, text}`."""
    chunks: dict[str, Json]
    """The newest chunk of streams that are not text, by `path:port`."""
    waits: list[Json]
    """Open questions, each `{path, token, title, schema, shown, audience, expires_at}`."""
    logs: list[Json]
    """Lines written by nodes, the oldest first."""
    graph: GraphJson
    usage: Json
    """What models were asked: tokens and cost, in sum and by model."""


class RunPage(Reply):
    """Runs, the latest first."""

    items: list[RunSummary]
    next: str | None


class RunEvents(Reply):
    """Events after the sequence number that was asked for; `ended` when no more can come."""

    events: list[EventJson]
    ended: bool


class NodeDetail(Reply):
    """One node of a run: its values in full."""

    path: str
    state: str
    inputs: Json
    outputs: Json


class CancelRequest(Body):
    """Stops the run, or one node of it."""

    path: str | None = None


class AnswerRequest(Body):
    """An answer to a question a run has asked."""

    token: str
    value: Any = None


class UnknownRequest(Body):
    """What to do about an effect whose outcome a crash has hidden."""

    path: str
    action: Literal["retry", "fail", "result"]
    value: Any = None


class QueuedRun(Reply):
    """A run that waits for its turn."""

    id: str
    workflow_id: str | None = None
    workflow_name: str | None = None
    position: int


class RunningRun(Reply):
    """A run that runs now."""

    id: str
    workflow_id: str | None = None
    workflow_name: str | None = None


class Queue(Reply):
    """One's own runs that run or wait."""

    running: list[RunningRun]
    queued: list[QueuedRun]
