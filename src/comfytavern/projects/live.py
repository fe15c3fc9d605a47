"""A run in memory: what the engine tells is numbered on, journaled, folded, and only then shown.

A run that goes on after a restart tells its story again from the start, as the engine knows it. `Live` makes it a continuation: event
numbers and times go on, texts that were cut off start over in a new epoch, and nodes that had not finished are idle again.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from comfytavern.engine.log import Answered, AnyRecord, Log, Started, Waiting
from comfytavern.engine.run import Run
from comfytavern.kernel.clock import Clock
from comfytavern.kernel.errors import Failure, NotFound
from comfytavern.kernel.events import ChunkSeen, NodesChanged, RunChanged, RunEvent, StreamReset, TextDelta, WaitOpened
from comfytavern.projects.batch import Batch, batch_of
from comfytavern.projects.channel import Channel
from comfytavern.projects.executor import Hold, Lost
from comfytavern.projects.fold import SETTLED, Fold
from comfytavern.projects.project import moment
from comfytavern.projects.repo import EventRepo, Journal
from comfytavern.projects.run import TERMINAL, Changes, StoredRun

if TYPE_CHECKING:
    from datetime import datetime

_log = logging.getLogger(__name__)
RETRY_S = 5.0
CATCH_UP_S = 10.0
_LASTING = SETTLED - {"idle"}
"""A node that is in one of these states before and after a restart has not changed."""


class Gate:
    """The journal of a run until the gate is shut: what a run does while it is taken out of memory is not part of its history."""

    def __init__(self, journal: Log) -> None:
        """Write to `journal`."""
        self._journal = journal
        self.shut = self.lost = False
        """`lost`: another server has the run."""
        self.on_lost: Callable[[], None] = lambda: None

    async def append(self, run_id: str, records: list[AnyRecord], /) -> None:
        """Add records (Log.append)."""
        if self.shut:
            return
        try:
            await self._journal.append(run_id, records)
        except Lost:
            self.lose()

    async def intent(self, run_id: str, path: str, key: str, /) -> None:
        """Add an intent (Log.intent); a shut gate lets no effect begin."""
        if self.shut:
            raise asyncio.CancelledError
        try:
            await self._journal.intent(run_id, path, key)
        except Lost:
            self.lose()
            raise asyncio.CancelledError from None

    def lose(self) -> None:
        """Shut, because the run is another server's now."""
        if not self.lost:
            self.shut = self.lost = True
            self.on_lost()

    async def read(self, run_id: str, /) -> list[AnyRecord]:
        """Return all records (Log.read)."""
        return await self._journal.read(run_id)


class Live:
    """One run in memory."""

    def __init__(self, owner: str, hold: Hold, fold: Fold, channel: Channel, *, events: EventRepo, journal: Journal, clock: Clock) -> None:
        """Continue `fold`, which stands where the journaled events of the run end that is held by `hold`."""
        self.id, self.hold = hold.run_id, hold
        self.owner = owner
        self.fold = fold
        self.channel = channel
        self.started_at: datetime | None = None
        self._deadline_at: float | None = None
        self.due_at: float | None = None
        """While it waits: when the clock answers one of its waits."""
        self.run: Run | None = None
        self.gate = Gate(journal.held(hold))
        self._events = events
        self._clock = clock
        self._epochs = {name: text.epoch for name, text in fold.texts.items()}
        self._base_ms = 0.0
        self._again = False
        self._showing = asyncio.Lock()
        self._unsaved: list[tuple[Batch, Changes | None]] = []

    @property
    def state(self) -> str:
        """State of the run."""
        return self.fold.state

    @property
    def stored(self) -> int:
        """Number of the last event that is stored."""
        return self._unsaved[0][0].first - 1 if self._unsaved else self.fold.seq

    def continues(self, stored: StoredRun) -> None:
        """Take the times of a run as it is kept."""
        self.started_at = stored.summary.started_at
        if stored.order.deadline_s is not None:
            started = self.started_at.timestamp() if self.started_at else self._clock.now()
            self._deadline_at = started + stored.order.deadline_s

    def in_time(self, records: list[AnyRecord]) -> list[AnyRecord]:
        """Return the journal with the deadline that is left: it counts all time, also that when no server was there."""
        if self._deadline_at is None:
            return records
        left_s = max(self._deadline_at - self._clock.now(), 0.001)
        return [replace(one, options=one.options | {"deadline_s": left_s}) if isinstance(one, Started) else one for one in records]

    def begin(self, run: Run) -> None:
        """Attach the engine's run."""
        now = moment(self._clock.now())
        self._again = self.started_at is not None
        self.run, self.started_at = run, self.started_at or now
        self._base_ms = max((now - self.started_at).total_seconds() * 1000, self.fold.t)

    async def cut_off(self) -> None:
        """Show what it means that the run was not in memory for a while, if it was not."""
        if self._again:
            await self.show(self._cut_off(), t=self._base_ms)

    async def follow(self, state_changed: Callable[[], None]) -> None:
        """Show what the engine tells, until the run is over or has left memory."""
        assert self.run is not None  # noqa: S101 -- `begin` came first
        async for told in self.run.events():
            await self.show([self._continued(event) for event in map(self._news, told) if event is not None])
            if any(isinstance(event, RunChanged) for event in told):
                state_changed()

    async def caught_up(self, there: Callable[[Run], bool]) -> None:
        """Return when the engine, which has just begun to go on with this run, is where clients have seen it: when `there` holds.

        Also when the run rests without that, or after some seconds: then it is not going to hold.
        """
        assert self.run is not None  # noqa: S101 -- `begin` came first
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CATCH_UP_S):
                while not there(self.run) and self.run.state == "running":  # noqa: ASYNC110 -- the engine tells of it in its own time
                    await asyncio.sleep(0.002)

    async def show(self, events: Sequence[RunEvent], *, t: float | None = None) -> None:
        """Number `events` on, journal them, fold them, and publish them. Raises `NotFound` when the run was deleted meanwhile, `Lost`."""
        if not events:
            return
        async with self._showing:
            seq = self.fold.seq
            numbered = [replace(one, seq=seq + at, t=one.t if t is None else round(t, 3)) for at, one in enumerate(events, start=1)]
            for event in numbered:
                self.fold.add(event)
            changes = await self._changes(numbered)
            self._unsaved.append((batch := batch_of(numbered), changes))
            try:
                await self.save()
            except (NotFound, Lost):
                raise
            except Failure as failure:  # A full disk: people still see what happens, and it is written when there is room.
                _log.warning("events of run %s are not saved yet: %s", self.id, failure.sentence)
            self.channel.publish(batch, ended=self.state in TERMINAL)

    async def snapshot(self) -> dict[str, Any]:
        """Return what is shown of the run, which is never more than what is journaled of it."""
        async with self._showing:
            return self.fold.snapshot()

    async def save(self) -> None:
        """Journal what could not be journaled before. Raises `Failure` when it still cannot."""
        while self._unsaved:
            await self._events.append(self.id, *self._unsaved[0], self.hold)
            self._unsaved.pop(0)

    async def saved(self) -> None:
        """Return when everything is journaled, however long that takes."""
        while self._unsaved:
            try:
                await self.save()
            except (NotFound, Lost):
                return
            except Failure:
                await asyncio.sleep(RETRY_S)

    async def _changes(self, events: Sequence[RunEvent]) -> Changes | None:
        if not any(isinstance(event, RunChanged) for event in events):
            return None
        fold, over = self.fold, self.state in TERMINAL
        self.due_at = due_at(await self.gate.read(self.id), self._deadline_at) if fold.state == "waiting" else None
        return Changes(
            state=fold.state,
            started_at=self.started_at,
            ended_at=moment(self._clock.now()) if over else None,
            tokens=fold.tokens,
            cost_usd=fold.cost_usd,
            error=fold.errors[0] if over and fold.errors else None,
            shown=msgspec.Raw(_json(fold.snapshot())) if over else None,
            due_at=self.due_at,
        )

    def _cut_off(self) -> list[RunEvent]:
        """Return what a restart did: unfinished nodes are idle again, their texts start over in a new epoch, their waits ask again."""
        stopped = {path for path, node in self.fold.nodes.items() if node["state"] not in SETTLED}
        events: list[RunEvent] = []
        if stopped:
            events.append(NodesChanged(nodes=[(path, "idle", None, None) for path in sorted(stopped)]))
        for name, epoch in self._epochs.items():
            path, _, port = name.rpartition(":")
            if path in stopped:
                self._epochs[name] = epoch + 1
                events.append(StreamReset(path=path, port=port, epoch=epoch + 1))
        return events

    def _continued(self, event: RunEvent) -> RunEvent:
        """Return an event of the engine with its time and its epoch as they are for clients."""
        if isinstance(event, TextDelta | ChunkSeen | StreamReset) and (base := self._epochs.get(f"{event.path}:{event.port}")):
            event = replace(event, epoch=event.epoch + base)
        return replace(event, t=round(event.t + self._base_ms, 3)) if self._base_ms else event

    def _news(self, event: RunEvent) -> RunEvent | None:
        """Return what of an event clients do not know yet: after a restart, the engine tells again what was finished before."""
        if not self._again:
            return event
        match event:
            case NodesChanged(nodes=nodes):
                told = [node for node in nodes if node[1] not in _LASTING or self.fold.nodes.get(node[0], {}).get("state") != node[1]]
                return replace(event, nodes=told) if told else None
            case TextDelta():
                return None if self._is_known(event) else event
            case WaitOpened():
                return None if event.token in self.fold.waits else event
            case _:
                return event

    def _is_known(self, event: TextDelta) -> bool:
        name = f"{event.path}:{event.port}"
        text = self.fold.texts.get(name)
        known = text is not None and text.epoch == event.epoch + self._epochs.get(name, 0)
        return bool(known and text is not None and text.read()[event.offset :].startswith(event.text) and event.text)


def _json(snapshot: dict[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(snapshot, enc_hook=repr)
    except (OverflowError, RecursionError, UnicodeError, ValueError, TypeError):
        return msgspec.json.encode({name: snapshot[name] for name in ("state", "seq")})


def due_at(records: Iterable[AnyRecord], deadline_at: float | None) -> float | None:
    """Return when the clock answers the first of the waits that are open by a journal, or ends the run; None: never."""
    waits: dict[str, Waiting] = {}
    for record in records:
        if isinstance(record, Waiting):
            waits[record.token] = record
        elif isinstance(record, Answered):
            waits.pop(record.token, None)
    times = (time for wait in waits.values() for time in (wait.until, wait.expires_at))
    return min((time for time in (*times, deadline_at) if time is not None), default=None)
