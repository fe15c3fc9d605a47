"""A run that goes on: what its journal says has been done (semantics, O3)."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import msgspec

from comfytavern.engine.log import Answered, AnyRecord, Finished, Intent, Started, Waiting
from comfytavern.engine.options import Options
from comfytavern.engine.tokens import CACHED, DEAD, DONE, FAILED, SKIPPED, Broken
from comfytavern.graph.kinds import Control
from comfytavern.kernel.errors import Conflict

if TYPE_CHECKING:
    from comfytavern.engine.frame import Frame


class Past:
    """The records of a run, by what is asked for."""

    def __init__(self, records: Iterable[AnyRecord], plan_hash: str) -> None:
        """Read the records. Raises `Conflict` (`engine.other_plan`) when they belong to another plan."""
        self.started: Started | None = None
        self.finished: dict[str, Finished] = {}
        self.waits: dict[str, Waiting] = {}
        self.answers: dict[str, Answered] = {}
        self._intents: set[str] = set()
        for record in records:
            match record:
                case Started():
                    self.started = record
                case Finished():
                    self.finished[record.path] = record
                case Waiting():
                    self.waits[record.path] = record
                case Answered():
                    self.answers[record.token] = record
                case Intent():
                    self._intents.add(record.path)
                case _:
                    pass
        if self.started is not None and self.started.plan != plan_hash:
            raise Conflict("engine.other_plan", "The graph has changed since this run started.", hint="Start a new run.")

    def options(self) -> Options:
        """Return the options the run was started with."""
        return msgspec.convert(self.started.options, Options) if self.started is not None else Options()

    def doubtful(self, path: str) -> bool:
        """Return whether an effect may or may not have happened: an intent without a result."""
        return path in self._intents and path not in self.finished

    def settled(self, path: str) -> None:
        """Somebody decided what to do about a doubtful effect."""
        self._intents.discard(path)

    def restore(self, frame: "Frame", i: int, record: Finished) -> Callable[[int], None] | None:
        """Return how to finish node `i` as journaled, or None when it has to run again.

        Again run what was cancelled or skipped (it is skipped again, for the same reason), streams that were cut, values
        that could not be written, and outputs of the graph, which hand over values here.
        """
        if record.outputs is None or record.flags.get("cut") or frame.plan.shapes[i].control is Control.OUTPUT:
            return None
        if record.state in ("done", "cached") or (record.state == "failed" and record.handled) or record.flags.get("reason") == "error":
            return lambda i: _done(frame, i, record)
        if record.state == "failed" and record.error is not None:
            return lambda i: _failed(frame, i, record)
        return None

    def show_rest(self, frame: "Frame", seen: bytearray) -> None:
        """Show the nodes that are over and that nobody needs any more: they are behind results that are known."""
        for i, path in enumerate(frame.plan.paths):
            record = None if seen[i] else self.finished.get(frame.prefix + path)
            if record is not None and record.outputs is not None and record.state in _STATES:
                _note(frame, i, record)
                values, first = record.outputs, frame.plan.out0[i]
                for at, port in enumerate(frame.plan.shapes[i].outputs):
                    frame.vals[first + at] = values.get(port.id, DEAD)
                frame.mark(i, _STATES[record.state])


_STATES = {"done": DONE, "cached": CACHED, "failed": FAILED, "skipped": SKIPPED}


def _done(frame: "Frame", i: int, record: Finished) -> None:
    _note(frame, i, record)
    values = record.outputs or {}
    frame.finish(i, tuple(values.get(port.id, DEAD) for port in frame.plan.shapes[i].outputs), _STATES[record.state])


def _failed(frame: "Frame", i: int, record: Finished) -> None:
    _note(frame, i, record)
    assert record.error is not None  # noqa: S101 -- the caller looked
    if record.flags.get("reason") != "upstream_error":
        frame.failures.append((i, [record.error]))
    frame.finish(i, (Broken(record.error),) * len(frame.plan.shapes[i].outputs), FAILED)
    frame.run.failed(frame, i)


def _note(frame: "Frame", i: int, record: Finished) -> None:
    frame.restored.add(i)
    extra = dict(record.flags)
    if record.handled:
        extra["handled"] = True
    if record.error is not None:
        extra["error"] = record.error.value()
    if extra:
        frame.extras[i] = extra
    if record.ms is not None:
        frame.ms[i] = record.ms
