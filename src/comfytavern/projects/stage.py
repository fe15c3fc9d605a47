"""Where runs perform: who may start now, what is in memory, and what comes back after a restart.

A run leaves this process in two ways only: it is over, or its journal has all that is needed to go on. So kill -9 is no special case.
"""

import asyncio
import contextlib
import logging
from collections import Counter, OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any
from weakref import WeakValueDictionary

import msgspec

from comfytavern.engine.log import Ended
from comfytavern.engine.runner import Plan, Run, Runner
from comfytavern.engine.tokens import node_error
from comfytavern.graph import codec
from comfytavern.graph.document import Graph
from comfytavern.kernel.clock import Clock
from comfytavern.kernel.errors import Busy, Conflict, Failure, NotFound
from comfytavern.kernel.events import NodesChanged, RunChanged, RunEvent
from comfytavern.projects.channel import Channel
from comfytavern.projects.fold import SETTLED, Fold
from comfytavern.projects.live import Live
from comfytavern.projects.project import moment
from comfytavern.projects.references import Library
from comfytavern.projects.repo import Archive
from comfytavern.projects.run import TERMINAL, StoredRun, no_run
from comfytavern.projects.service import Projects
from comfytavern.projects.turns import Turns

_log = logging.getLogger(__name__)
Modern = Callable[[Graph], Graph]
"""Brings a graph that was saved some time ago to the present versions of its kinds."""
DAY_S = 86_400.0


class StageLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How many runs perform at once, and how long those that wait for people stay in memory."""

    running_per_user: int = 4
    running: int = 32
    queued: int = 1000
    """How many runs may wait for their turn."""
    unload_after_s: float = 60.0
    look_every_s: float = 15.0
    """How exact clocks of runs are that have left memory."""
    history_days: float | None = None
    """How long runs that are over are kept; None: for ever."""
    kept: int = 8
    """Runs that are over but still in memory, so that their values can be looked at."""


class Stage:
    """All runs of this process."""

    def __init__(
        self, projects: Projects, runner: Runner, archive: Archive, *, clock: Clock, limits: StageLimits, modern: Modern | None = None
    ) -> None:
        """Start nothing yet."""
        self._modern: Modern = modern or (lambda graph: graph)
        self._projects, self._runner, self._clock, self._limits = projects, runner, clock, limits
        self._runs, self._history, self._events, self._journal = archive.runs, archive.history, archive.events, archive.journal
        self.changed: Callable[[str, str], None] = lambda _owner, _id: None
        """Called with owner and id when a run has changed its state or its place."""
        self.turns = Turns()
        self.live: dict[str, Live] = {}
        self.over: OrderedDict[str, Run] = OrderedDict()
        self._asleep: dict[str, float | None] = {}
        self._starting: dict[str, str] = {}
        self._performing: dict[str, asyncio.Task[None]] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._channels: WeakValueDictionary[str, Channel] = WeakValueDictionary()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._open = False
        self._expired_at = 0.0

    async def open(self) -> None:
        """Bring back every run that was not over when the last process ended."""
        self._open = True
        for found in await self._runs.unfinished():
            if found.state == "waiting":
                self._asleep[found.id] = found.due_at
            else:
                self.turns.add(found.owner, found.id)
        self._dispatch()
        self._spawn(self._look_at_the_clock())

    async def close(self) -> None:
        """Take all runs out of memory as they are; the next process goes on with them."""
        self._open = False
        lives, performing = list(self.live.values()), list(self._performing.values())
        for live in lives:
            if live.run is not None:
                with contextlib.suppress(Exception, asyncio.TimeoutError):
                    await asyncio.wait_for(live.run.tape.drained(), 1.0)
            live.gate.shut = True
        for task in [*self._tasks, *performing]:
            task.cancel()
        await asyncio.gather(*self._tasks, *performing, return_exceptions=True)
        await asyncio.gather(*(_put_down(live) for live in lives))

    def free(self, owner: str) -> bool:
        """Tell whether a run of this person could start at once."""
        running, share = self._running(), self._limits.running_per_user
        before = self.turns.next(running, per_owner=share) is not None or self.turns.of(owner)
        return not before and running[owner] < share and running.total() < self._limits.running

    async def queue(self, owner: str, id: str) -> int:
        """Let a new run wait for its turn, and return its place. Raises `Busy` (`run.queue_full`)."""
        if len(self.turns) >= self._limits.queued:
            raise Busy("run.queue_full", "Too many runs wait for their turn.", hint="Try again later.", retry_after_s=10)
        self.turns.add(owner, id)
        position = self.turns.positions()[id]
        await self._attach(id, owner, Fold()).show([RunChanged(state="queued", position=position)])
        self._dispatch()
        return position

    async def withdraw(self, owner: str, id: str) -> bool:
        """Cancel a run that waits for its turn; False when it does not."""
        if not self.turns.remove(owner, id):
            return False
        live = self._attach(id, owner, await self.fold(id))
        await self._end(live, RunChanged(state="cancelled", outputs={}))
        self._places_changed(owner, id)
        return True

    async def begin(self, owner: str, id: str, plan: Plan | None = None) -> Live:
        """Bring a run into memory; its place counts as taken from this moment on."""
        self._starting[id] = owner
        try:
            return await self.load(id, plan)
        finally:
            self._starting.pop(id, None)

    async def load(self, id: str, plan: Plan | None = None) -> Live:
        """Return a run in memory, bringing it there when it is not. Raises `Conflict` (`run.over`)."""
        lock = self._locks.setdefault(id, asyncio.Lock())
        async with lock:
            if (live := self.live.get(id)) is not None:
                if live.run is None or not live.run.ended or live.state in TERMINAL:
                    return live
                await self._performing[id]  # It is just leaving memory.
            stored = await self._runs.find(id)
            if stored is None:
                raise no_run(id)
            if stored.summary.state in TERMINAL:
                raise Conflict("run.over", "This run is over.", id=id)
            live = await self._load(stored, plan)
            self._asleep.pop(id, None)
            return live

    async def compile(self, graph: Graph, library: Library) -> Plan:
        """Return the plan of a graph, and of those it uses, as the present kinds understand them. Raises `Invalid` (`graph.invalid`).

        In a thread: 20,000 nodes take a while, and other people's tokens should not wait for them.
        """
        return await asyncio.to_thread(self._compiled, graph, library)

    def _compiled(self, graph: Graph, library: Library) -> Plan:
        return self._runner.compile(self._modern(graph), lambda used, version: self._modern(library.resolve(used, version)))

    def _expected(self, id: str) -> bool:
        """Tell whether a run that has no channel now will get one: it waits for its turn, or for an answer."""
        return id in self._starting or id in self._asleep or id in self.turns.positions() or not self._open

    async def fold(self, id: str) -> Fold:
        """Return what the journaled events of a run add up to."""
        fold = Fold()
        while batches := await self._events.read(id, fold.seq):
            for batch in batches:
                for event in batch.events:
                    fold.add(event)
        return fold

    async def channel(self, id: str) -> Channel:
        """Return the channel of a run: all who watch it, and who makes its events, share one."""
        while (found := self._channels.get(id)) is None:
            stored = await self._runs.find(id)
            ended = stored is None or stored.summary.state in TERMINAL
            last = await self._events.last(id)
            if id not in self._channels and (ended or self._expected(id)):
                return self._new_channel(id, last, ended=ended)
        return found

    async def _load(self, stored: StoredRun, plan: Plan | None) -> Live:
        id, owner, order = stored.summary.id, stored.owner, stored.order
        records = await self._journal.read(id)
        live = self._attach(id, owner, await self.fold(id))
        live.continues(stored)
        if any(isinstance(record, Ended) and record.state == "cancelled" for record in records):
            return await self._end(live, RunChanged(state="cancelled", outputs={}))
        try:
            options = {name: getattr(order, name) for name in ("targets", "run_from", "only", "mode", "reuse", "session", "again")}
            run = self._runner.start(
                plan or await self._compile(stored),
                order.inputs,
                run_id=id,
                owner=owner,
                log=live.gate,
                resume=live.in_time(records) or None,
                deadline_s=order.deadline_s,
                **options,
            )
        except Failure as failure:
            if plan is not None:
                raise  # Whoever starts it is told, and nothing is left of it.
            return await self._end(live, RunChanged(state="failed", errors=[node_error("", failure).value()]))
        self.live[id] = live
        await live.begin(run)
        self._performing[id] = asyncio.create_task(self._perform(live), name=f"run {id}")
        return live

    async def _end(self, live: Live, last: RunChanged) -> Live:
        """End a run that the engine does not hold."""
        await live.show(_last_events(live.fold, last))
        self.changed(live.owner, live.id)
        return live

    async def _compile(self, stored: StoredRun) -> Plan:
        papers = await self._runs.papers(stored.summary.id)
        if papers is None:
            raise no_run(stored.summary.id)
        graph = codec.decode(bytes(papers.graph))
        return await self.compile(graph, await self._projects.library(stored.owner, graph, stored.order.library))

    async def _perform(self, live: Live) -> None:
        assert live.run is not None  # noqa: S101 -- `_load` gave it one
        try:
            await live.follow(lambda: self._state_changed(live))
            await live.saved()
        except NotFound:  # Somebody deleted it.
            live.gate.shut = True
            live.run.cancel()
        except Exception:  # noqa: BLE001 -- our own mistake: one run stops, the others go on
            _log.exception("run %s is left where it is", live.id)
            self._asleep[live.id] = None  # Whoever asks for it brings it back.
            live.gate.shut = True
            live.run.cancel()
        finally:
            if self._open:
                self.live.pop(live.id, None)
                self._performing.pop(live.id, None)
                if live.state in TERMINAL:
                    self.over[live.id] = live.run
                    while len(self.over) > self._limits.kept:
                        self.over.popitem(last=False)
                elif live.state == "waiting":
                    self._asleep[live.id] = live.due_at
                self._dispatch()

    def _state_changed(self, live: Live) -> None:
        self.changed(live.owner, live.id)
        if live.state == "waiting":
            self._spawn(self._unload(live))
        self._dispatch()

    async def _unload(self, live: Live) -> None:
        """Take a run out of memory that has been waiting for a while."""
        seq = live.fold.seq
        await asyncio.sleep(self._limits.unload_after_s)
        if live.run is not None and live.state == "waiting" and live.fold.seq == seq and self.live.get(live.id) is live:
            await live.run.unload()

    def _running(self) -> Counter[str]:
        """Count by owner what occupies a place: runs that only wait for people do not."""
        busy = {id: live.owner for id, live in self.live.items() if live.state not in TERMINAL and live.state != "waiting"}
        return Counter((busy | self._starting).values())

    def _dispatch(self) -> None:
        """Start as many runs as there are places."""
        while self._open:
            running = self._running()
            if running.total() >= self._limits.running:
                return
            owner = self.turns.next(running, per_owner=self._limits.running_per_user)
            if owner is None:
                return
            id = self.turns.take(owner)
            self._starting[id] = owner
            self._spawn(self._start(owner, id))

    async def _start(self, owner: str, id: str) -> None:
        try:
            await self.begin(owner, id)
        except Failure as failure:
            _log.warning("run %s cannot start: %s", id, failure.sentence)
        self._places_changed(owner, id)
        self._dispatch()

    def _places_changed(self, owner: str, id: str) -> None:
        self.changed(owner, id)
        for other, one in self.turns.all():
            self.changed(other, one)

    async def _look_at_the_clock(self) -> None:
        while True:
            await asyncio.sleep(self._limits.look_every_s)
            now = self._clock.now()
            await self._expire(now)
            for id in [id for id, due_at in self._asleep.items() if due_at is not None and due_at <= now]:
                try:
                    await self.load(id)
                except Failure as failure:
                    _log.warning("run %s cannot go on: %s", id, failure.sentence)

    async def _expire(self, now: float) -> None:
        """Once a day, let go of what is older than people want to keep."""
        if self._limits.history_days is not None and now - self._expired_at >= DAY_S:
            self._expired_at = now
            try:
                await self._history.expire(moment(now - self._limits.history_days * DAY_S))
            except Failure as failure:
                _log.warning("old runs cannot be removed: %s", failure.sentence)

    def _attach(self, id: str, owner: str, fold: Fold) -> Live:
        channel = self._channels.get(id) or self._new_channel(id, fold.seq, ended=False)
        return Live(id, owner, fold, channel, events=self._events, journal=self._journal, clock=self._clock)

    def _new_channel(self, id: str, last: int, *, ended: bool) -> Channel:
        self._channels[id] = channel = Channel(last, ended=ended, stored=lambda after: self._events.read(id, after))
        return channel

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _put_down(live: Live) -> None:
    """Stop what a run does in this process, and write what could not be written before, if that is possible now."""
    if live.run is not None:
        live.run.cancel()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(live.run.result(), 2.5)
    with contextlib.suppress(Failure):
        await live.save()


def _last_events(fold: Fold, last: RunChanged) -> list[RunEvent]:
    """Return the events that end a run, with the nodes that had not finished."""
    open_nodes = [path for path, node in fold.nodes.items() if node["state"] not in SETTLED or node["state"] in ("waiting", "unknown")]
    changed: list[RunEvent] = [NodesChanged(nodes=[(path, "cancelled", None, None) for path in open_nodes])] if open_nodes else []
    return [*changed, last]
