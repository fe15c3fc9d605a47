"""What all events of a run so far add up to: the state that a client shows.

The same rules hold in every client: a node's last change wins, a text is what was appended to it in its newest epoch, a wait is open
until it is answered.
"""

from typing import Any, assert_never

import msgspec

from comfytavern.kernel.events import (
    ChunkSeen,
    NodeLog,
    NodesChanged,
    Progress,
    RunChanged,
    RunEvent,
    StreamReset,
    TextDelta,
    Usage,
    WaitClosed,
    WaitOpened,
)
from comfytavern.projects.run import TERMINAL

LOGS_MAX = 1000
SETTLED = frozenset({"idle", "waiting", "unknown", "done", "cached", "skipped", "failed", "cancelled"})
"""States of a node that a restart of the server leaves as they are."""


class Text:
    """The text of one stream output."""

    __slots__ = ("_parts", "epoch", "length")

    def __init__(self, epoch: int) -> None:
        """Start empty."""
        self.epoch = epoch
        self.length = 0
        self._parts: list[str] = []

    def write(self, offset: int, text: str) -> None:
        """Put `text` at `offset`: at the end, or over what was there from `offset` on."""
        if offset < self.length:
            self._parts = [self.read()[:offset]]
        self._parts.append(text)
        self.length = min(offset, self.length) + len(text)

    def read(self) -> str:
        """Return the whole text."""
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""


class Fold:
    """The state of a run as its events tell it."""

    def __init__(self) -> None:
        """Start before the first event."""
        self.state = "queued"
        self.seq = 0
        self.t = 0.0
        self.outputs: dict[str, Any] | None = None
        self.errors: list[dict[str, Any]] | None = None
        self.nodes: dict[str, dict[str, Any]] = {}
        self.texts: dict[str, Text] = {}
        self.chunks: dict[str, dict[str, Any]] = {}
        self.waits: dict[str, dict[str, Any]] = {}
        self.logs: list[dict[str, Any]] = []
        self.usage: dict[str, dict[str, float]] = {}

    @property
    def tokens(self) -> int:
        """All tokens read and written."""
        return int(sum(used["input_tokens"] + used["output_tokens"] for used in self.usage.values()))

    @property
    def cost_usd(self) -> float | None:
        """What is known of the cost; None when nothing is."""
        known = [used["cost_usd"] for used in self.usage.values() if "cost_usd" in used]
        return sum(known) if known else None

    def add(self, event: RunEvent) -> None:  # noqa: C901 -- one case for each kind of event
        """Take the next event into account."""
        self.seq, self.t = event.seq, event.t
        match event:
            case RunChanged():
                self.state = event.state
                self.outputs = event.outputs if event.outputs is not None else self.outputs
                self.errors = event.errors if event.errors is not None else self.errors
                if event.state in TERMINAL:
                    self.waits.clear()
            case NodesChanged():
                for path, state, ms, extra in event.nodes:
                    self.nodes[path] = {"state": state, "ms": ms, **(extra or {})}
            case TextDelta():
                self._text(event)
            case ChunkSeen():
                self.chunks[f"{event.path}:{event.port}"] = {"epoch": event.epoch, "index": event.index, "value": event.value}
            case StreamReset():
                self.texts[f"{event.path}:{event.port}"] = Text(event.epoch)
                self.chunks.pop(f"{event.path}:{event.port}", None)
            case Progress():
                self.nodes.setdefault(event.path, {"state": "running", "ms": None})["progress"] = [event.value, event.text]
            case NodeLog():
                self.logs = [*self.logs[1 - LOGS_MAX :], {"t": event.t, "path": event.path, "level": event.level, "message": event.message}]
            case Usage():
                self._used(event)
            case WaitOpened():
                data = msgspec.to_builtins(event)
                self.waits[event.token] = {name: data.get(name) for name in ("path", "token", "title", "schema", "shown", "expires_at")} | {
                    "audience": event.audience
                }
            case WaitClosed():
                self.waits.pop(event.token, None)
            case _:
                assert_never(event)

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data: the members of `RunView` that events decide."""
        return {
            "state": self.state,
            "seq": self.seq,
            "outputs": self.outputs,
            "errors": self.errors,
            "nodes": self.nodes,
            "texts": {name: {"epoch": text.epoch, "text": text.read()} for name, text in self.texts.items()},
            "chunks": self.chunks,
            "waits": list(self.waits.values()),
            "logs": self.logs,
            "usage": self.usage,
            "tokens": self.tokens,
            "cost_usd": self.cost_usd,
        }

    def _text(self, event: TextDelta) -> None:
        name = f"{event.path}:{event.port}"
        text = self.texts.get(name)
        if text is None or event.epoch > text.epoch:
            text = self.texts[name] = Text(event.epoch)
        if event.epoch == text.epoch:
            text.write(event.offset, event.text)

    def _used(self, event: Usage) -> None:
        used = self.usage.setdefault(event.model, {"input_tokens": 0, "output_tokens": 0})
        used["input_tokens"] += event.input_tokens
        used["output_tokens"] += event.output_tokens
        if event.cost_usd is not None:
            used["cost_usd"] = used.get("cost_usd", 0.0) + event.cost_usd
