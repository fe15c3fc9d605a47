"""What a run tells: journal first, then events, batched about 60 times a second (semantics, O3 and O4).

Nodes only leave their number behind while they run; objects are made here, when a batch is due. Without a journal and
without a watcher nothing is made at all until somebody asks.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import msgspec

from comfytavern.engine import fold
from comfytavern.engine.limits import Limits
from comfytavern.engine.log import AnyRecord
from comfytavern.engine.streams import Outlet
from comfytavern.kernel.events import ChunkSeen, Event, NodeLog, NodesChanged, Progress, RunChanged, RunEvent, StreamReset, TextDelta, Usage

if TYPE_CHECKING:
    from comfytavern.engine.frame import Frame
    from comfytavern.engine.run import Run

_encode = msgspec.json.Encoder().encode


class Batch(list[RunEvent]):
    """Events of one flush, in order. `json` is made once, however many clients watch."""

    _json: bytes | None = None

    @property
    def json(self) -> bytes:
        """The events as a JSON array."""
        if self._json is None:
            self._json = _encode(list(self))
        return self._json


class Tape:
    """The events of one run."""

    def __init__(self, run: "Run", limits: Limits) -> None:
        self._run = run
        self._limits = limits
        self.seq = 0
        self.kept: list[Batch] = []
        self.folded = 0
        """Events up to this seq are no longer kept; a client that asks for them gets a catch-up."""
        self.usages: dict[str, list[float]] = {}
        self.over = False
        self._weight = 0
        self._frames: dict[Frame, None] = {}
        self._latest: Frame | None = None
        self._outlets: list[Outlet] = []
        self._events: list[RunEvent] = []
        self._progress: dict[str, Progress] = {}
        self._chunks: dict[tuple[str, str], ChunkSeen] = {}
        self._records: list[AnyRecord] = []
        self._lines = 0
        self._timer: asyncio.TimerHandle | asyncio.Handle | None = None
        self._writing: asyncio.Task[None] | None = None
        self._watchers: set[asyncio.Event] = set()

    # -- what happens -----------------------------------------------------------------------------------------------

    def touch(self, frame: "Frame") -> None:
        """Nodes of `frame` have changed. The last one touched is told last: a container ends after what is in it."""
        if frame is not self._latest:
            self._latest = frame
            self._frames.pop(frame, None)
            self._frames[frame] = None
            self._arm()

    @property
    def behind(self) -> bool:
        """Whether more has happened than a few batches can tell: then nodes wait for the telling."""
        listening = self._timer is not None or self._writing is not None
        return listening and sum(len(frame.dirty) for frame in self._frames) > 2 * self._limits.flush_nodes

    def hurry(self) -> None:
        """Tell a batch now."""
        if self._writing is None:
            if self._timer is not None:
                self._timer.cancel()
            self._due()

    @property
    def pause_s(self) -> float:
        """How long to wait before looking again."""
        return 0.001 if self._writing is not None else 0.0

    def stream(self, outlet: Outlet) -> None:
        """An outlet has chunks that nobody was shown."""
        self._outlets.append(outlet)
        self._arm()

    def event(self, event: RunEvent) -> None:
        """Something happened that is not about states and streams."""
        self._events.append(event)
        self._arm()

    def record(self, record: AnyRecord) -> None:
        """Add a line to the journal."""
        self._records.append(record)
        self._arm()

    def progress(self, path: str, value: float | None, text: str) -> None:
        """Latest wins. From any thread."""
        self._progress[path] = Progress(path=path, value=value, text=text)
        self._arm_from_anywhere()

    def log(self, path: str, level: str, message: str) -> None:
        """Add a line; a run that writes too many is cut short once. From any thread."""
        self._lines += 1
        if self._lines == self._limits.log_lines:
            message = "More lines of this run are not kept."
        if self._lines <= self._limits.log_lines:
            self._events.append(NodeLog(path=path, level=level, message=message))
            self._arm_from_anywhere()

    def usage(self, path: str, model: str, input_tokens: int, output_tokens: int, cost_usd: float | None) -> None:
        """Add up. From any thread."""
        self._events.append(Usage(path=path, model=model, input_tokens=input_tokens, output_tokens=output_tokens, cost_usd=cost_usd))
        total = self.usages.setdefault(model, [0, 0, 0.0])
        total[0] += input_tokens
        total[1] += output_tokens
        total[2] += cost_usd or 0.0
        self._arm_from_anywhere()

    def chunk(self, path: str, port: str, value: Any) -> None:
        """Show a value before it is final; latest wins. From any thread."""
        old = self._chunks.get((path, port))
        short = fold.preview(value, self._limits)[0]
        self._chunks[path, port] = ChunkSeen(path=path, port=port, index=old.index + 1 if old else 0, value=short)
        self._arm_from_anywhere()

    # -- batches ----------------------------------------------------------------------------------------------------

    def _arm_from_anywhere(self) -> None:
        if self._timer is None and not self.over:
            self._run.loop.call_soon_threadsafe(self._arm)

    def _arm(self) -> None:
        if self._timer is None and (self._watchers or self._run.log is not None) and not self.over:
            self._timer = self._run.loop.call_later(self._limits.flush_s, self._due)

    def _due(self) -> None:
        self._timer = None
        if self._run.log is None:
            self._publish(self._collect()[1])
            if self._frames or self._outlets:
                self._timer = self._run.loop.call_soon(self._due)
        elif self._writing is None:
            self._writing = self._run.loop.create_task(self._write())

    async def _write(self) -> None:
        """Journal, then show; one at a time."""
        try:
            while True:
                records, events = self._collect()
                if records and self._run.log is not None:
                    await self._run.log.append(self._run.id, records)
                self._publish(events)
                if not (self._frames or self._records):
                    break
                await asyncio.sleep(0)
        except Exception as error:  # noqa: BLE001 -- a disk that is full, a database that is gone: the run fails, the process does not
            self._run.crash(error)
        finally:
            self._writing = None
            if self._frames or self._outlets or self._events or self._records or self._progress or self._chunks:
                self._arm()

    async def drained(self) -> None:
        """Return when everything so far is journaled."""
        while self._writing is not None or (self._run.log is not None and (self._records or self._frames)):
            if self._writing is None:
                self._writing = self._run.loop.create_task(self._write())
            await asyncio.shield(self._writing)

    def _collect(self) -> tuple[list[AnyRecord], list[RunEvent]]:
        """Turn what has happened into records and events, at most a batch of nodes."""
        nodes: list[Any] = []
        self._latest = None
        records, self._records = self._records, []
        left = self._limits.flush_nodes
        while self._frames and left > 0:
            frame = next(iter(self._frames))
            dirty = frame.dirty[:left]
            del frame.dirty[:left]
            left -= len(dirty)
            if not frame.dirty:
                del self._frames[frame]
            nodes += fold.tell(frame, dict.fromkeys(dirty), records if self._run.log is not None else None)
        events: list[RunEvent] = [NodesChanged(nodes=nodes)] if nodes else []
        outlets, self._outlets = self._outlets, []
        for outlet in outlets:
            events += fold.deltas(outlet, self._limits)
        more, self._events = self._events, []
        events += [*self._progress.values(), *self._chunks.values()]
        events = [*events, *more] if self.seq else [*more, *events]
        self._progress.clear()
        self._chunks.clear()
        return records, events

    def _publish(self, events: list[RunEvent]) -> None:
        if not events or self.over:
            return
        t = self._run.elapsed_ms()
        for event in events:
            self.seq += 1
            event.seq, event.t = self.seq, t
        self.kept.append(Batch(events))
        self._weight += sum(len(event.nodes) if isinstance(event, NodesChanged) else 1 for event in events)
        while self._weight > self._limits.kept_events and len(self.kept) > 1:
            gone = self.kept.pop(0)
            self.folded = gone[-1].seq
            self._weight -= sum(len(event.nodes) if isinstance(event, NodesChanged) else 1 for event in gone)
        for watcher in self._watchers:
            watcher.set()

    async def end(self, last: RunChanged) -> None:
        """Show everything that is left and keep the terminal event for `close`; nothing comes after it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._watchers:
            await self._flush()
        self._last = last

    _last: RunChanged | None = None

    async def _flush(self) -> None:
        while True:
            self._publish(self._collect()[1])
            if not (self._frames or self._outlets or self._events):
                return
            await asyncio.sleep(0)

    def close(self) -> None:
        """Send the terminal event, now if somebody watches, else when somebody asks."""
        if self._last is not None and self._watchers:
            self._publish([self._last])
            self.over = True

    def leave(self) -> None:
        """End without a terminal event: the run leaves memory."""
        self.over = True
        for watcher in self._watchers:
            watcher.set()

    # -- watchers ---------------------------------------------------------------------------------------------------

    async def events(self, after: int) -> AsyncIterator[Batch]:
        """Yield batches of the events after seq `after`; ends after the terminal event."""
        wake = asyncio.Event()
        self._watchers.add(wake)
        try:
            if self._last is not None and not self.over:  # Not before: until then a flush would take lines from the journal.
                await self._flush()
                self.close()
            self._arm()
            while True:
                wake.clear()
                batch = self._since(after)
                if batch:
                    after = batch[-1].seq
                    yield batch
                elif self.over:
                    return
                else:
                    await wake.wait()
        finally:
            self._watchers.discard(wake)

    def _since(self, after: int) -> Batch:
        if after < self.folded:
            return Batch(fold.catch_up(self._run, self.folded))
        last = self.kept[-1][-1].seq if self.kept else 0
        if last <= after:
            return Batch()
        found = [batch for batch in self.kept if batch[-1].seq > after]
        if len(found) == 1 and found[0][0].seq == after + 1:
            return found[0]
        return Batch(event for batch in found for event in batch if event.seq > after)


__all__ = ["Batch", "Event", "StreamReset", "Tape", "TextDelta"]
