"""The journal of a run (semantics, O3): what has been done is written before it is shown, and a run resumes from it.

The engine asks for a `Log`; store/engine.py is the one in the database, `MemoryLog` the one in tests. Every adapter passes
tests/contracts/test_log.py.
"""

from typing import Any, Protocol

import msgspec

from comfytavern.engine.tokens import NodeError


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """One line of the journal. `path` is a node, or empty for the run itself."""

    path: str = ""


class Started(Record, frozen=True, kw_only=True, omit_defaults=True, tag="started"):
    """First of all: which plan, with which inputs and options."""

    plan: str
    inputs: dict[str, Any] = {}
    options: dict[str, Any] = {}


class Finished(Record, frozen=True, kw_only=True, omit_defaults=True, tag="finished", gc=False):
    """A node is terminal."""

    state: str
    key: str = ""
    outputs: dict[str, Any] | None = None
    """Values by port; a port that is not there is DEAD. None: the values could not be written, so the node runs again."""
    error: NodeError | None = None
    handled: bool = False
    ms: float | None = None
    flags: dict[str, Any] = {}


class Intent(Record, frozen=True, kw_only=True, omit_defaults=True, tag="intent"):
    """An effect is about to happen. Without a `Finished` after it nobody knows whether it did."""

    key: str


class Waiting(Record, frozen=True, kw_only=True, omit_defaults=True, tag="waiting"):
    """A wait was opened."""

    token: str
    title: str = ""
    schema: dict[str, Any] = {}
    shown: Any = None
    audience: str = "owner"
    expires_at: float | None = None
    until: float | None = None


class Answered(Record, frozen=True, kw_only=True, omit_defaults=True, tag="answered"):
    """A wait was answered, by a person or by the clock (`outcome` expired)."""

    token: str
    value: Any = None
    outcome: str = "answered"


class Ended(Record, frozen=True, kw_only=True, omit_defaults=True, tag="ended"):
    """Last of all: the terminal state."""

    state: str


AnyRecord = Started | Finished | Intent | Waiting | Answered | Ended


class Log(Protocol):
    """Where runs are journaled."""

    async def append(self, run_id: str, records: list[AnyRecord], /) -> None:
        """Add records in order. Called with a batch every 50 ms at most; what it raises fails the run."""
        ...

    async def intent(self, run_id: str, path: str, key: str, /) -> None:
        """Add an `Intent` and return when it is durable."""
        ...

    async def read(self, run_id: str, /) -> list[AnyRecord]:
        """Return all records of a run in the order in which they were added; empty when there are none."""
        ...


class MemoryLog:
    """A journal that lives as long as the process."""

    def __init__(self) -> None:
        self.runs: dict[str, list[AnyRecord]] = {}

    async def append(self, run_id: str, records: list[AnyRecord], /) -> None:
        """Add records in order."""
        self.runs.setdefault(run_id, []).extend(records)

    async def intent(self, run_id: str, path: str, key: str, /) -> None:
        """Add an intent."""
        self.runs.setdefault(run_id, []).append(Intent(path=path, key=key))

    async def read(self, run_id: str, /) -> list[AnyRecord]:
        """Return a copy of the records."""
        return list(self.runs.get(run_id, ()))


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(AnyRecord)


def encode(record: AnyRecord) -> bytes:
    """Return a record as bytes (MessagePack). A value that cannot be written makes its node run again on resume."""
    try:
        return _encoder.encode(record)
    except (TypeError, ValueError, OverflowError, RecursionError):
        if isinstance(record, Finished):
            return _encoder.encode(msgspec.structs.replace(record, outputs=None))
        raise


def decode(raw: bytes) -> AnyRecord:
    """Return the record that `encode` wrote. Raises `msgspec.DecodeError` for anything else."""
    return _decoder.decode(raw)
