"""Where runs perform: who may start now, what is in memory, and what is taken over from other servers.

A run leaves this process in two ways only: it is over, or its journal has all that is needed to go on. So kill -9 is no special case,
and neither is a server that hands its runs over to the next one.
"""

import asyncio
import contextlib
import logging
from collections import Counter, OrderedDict
from collections.abc import Callable, Coroutine, Iterable
from typing import Any
from weakref import WeakValueDictionary

from comfytavern.engine.log import AnyRecord, Ended
from comfytavern.engine.runner import Run, Runner
from comfytavern.engine.tokens import node_error
from comfytavern.kernel.clock import Clock
from comfytavern.kernel.errors import Busy, Conflict, Failure, NotFound
from comfytavern.kernel.events import NodesChanged, RunChanged, RunEvent
from comfytavern.projects.channels import Channels
from comfytavern.projects.executor import Executor, Hold, Lost, elsewhere
from comfytavern.projects.fold import SETTLED, Fold
from comfytavern.projects.limits import StageLimits
from comfytavern.projects.live import Live
from comfytavern.projects.plans import Plan, Plans
from comfytavern.projects.presence import Presence
from comfytavern.projects.project import moment
from comfytavern.projects.repo import Archive
from comfytavern.projects.run import TERMINAL, StoredRun, Unfinished, no_run
from comfytavern.projects.turns import Turns

__all__ = ["Stage", "StageLimits"]

_log = logging.getLogger(__name__)
DAY_S = 86_400.0
OPTIONS = ("targets", "run_from", "only", "mode", "reuse", "session", "again")


class Stage:
    """All runs of this process."""

    def __init__(self, runner: Runner, plans: Plans, archive: Archive, *, clock: Clock, limits: StageLimits, executor: Executor) -> None:
        """Start nothing yet."""
        self._runner, self._plans, self._clock, self._limits = runner, plans, clock, limits
        self._runs, self._history, self._events, self._journal = archive.runs, archive.history, archive.events, archive.journal
        self._leases = archive.leases
        self.presence = Presence(archive.leases, executor, lease_s=limits.lease_s, beat_s=limits.beat_s)
        self.channels = Channels(archive, lambda run_id: run_id in self.live)
        self.changed: Callable[[str, str], None] = lambda _owner, _id: None
        """Called with owner and id when a run has changed its state or its place."""
        self.turns = Turns()
        """Runs that wait for a place, as the database had them at the last look: any server may take them."""
        self.live: dict[str, Live] = {}
        self.over: OrderedDict[str, Run] = OrderedDict()
        self._starting: dict[str, str] = {}
        self._performing: dict[str, asyncio.Task[None]] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._open = self._closing = False
        self._expired_at = 0.0

    async def open(self) -> None:
        """Take part: bring back what nobody executes, now and from now on."""
        self._open = True
        await self.presence.begin()
        await self._look()
        self.spawn(self._look_on())

    async def close(self) -> None:
        """Take all runs out of memory as they are; other servers, or the next process, go on with them."""
        self._open, self._closing = False, True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.put_down(list(self.live.values()))
        await self.presence.end()

    async def put_down(self, lives: Iterable[Live]) -> int:
        """Take runs out of memory as they are, let others have them, and return how many."""
        lives = list(lives)
        open_runs = sum(live.state not in TERMINAL for live in lives)
        performing = [self._performing[live.id] for live in lives if live.id in self._performing]
        await asyncio.gather(*(_settle(live) for live in lives))
        for task in performing:
            task.cancel()
        await asyncio.gather(*performing, return_exceptions=True)
        await asyncio.gather(*(self._put_down(live) for live in lives))
        return open_runs

    async def _put_down(self, live: Live) -> None:
        if live.run is not None:
            live.run.cancel()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(live.run.result(), 2.5)
        with contextlib.suppress(Failure):
            await live.save()
        self.live.pop(live.id, None)
        self._performing.pop(live.id, None)
        if not live.gate.lost:
            await self.presence.release(live.hold)

    # who may start

    def reserve(self, owner: str, id: str) -> bool:
        """Take a place for a new run, if there is one; `begin` or `give_back` comes next."""
        running, share = self._running(), self._limits.running_per_user
        before = self.turns.next(running, per_owner=share) is not None or self.turns.of(owner)
        free = not before and running[owner] < share and running.total() < self._limits.running
        if free and not self._yields:
            self._starting[id] = owner
            return True
        if len(self.turns) >= self._limits.queued:
            raise Busy("run.queue_full", "Too many runs wait for their turn.", hint="Try again later.", retry_after_s=10)
        return False

    def give_back(self, id: str) -> None:
        """Let others have the place of a run that does not begin."""
        self._starting.pop(id, None)

    def hold(self, id: str) -> Hold:
        """Return the hold of a run that was just added with us as its executor."""
        return Hold(run_id=id, executor=self.presence.executor.id, lease=1)

    async def queue(self, owner: str, hold: Hold) -> int:
        """Let a new run wait for its turn, here or on another server, and return its place."""
        id = hold.run_id
        self.turns.add(owner, id)
        position = self.turns.positions()[id]
        self.turns.remove(owner, id)  # Nobody is to start it before it is queued.
        await self._attach(owner, hold, Fold()).show([RunChanged(state="queued", position=position)])
        await self.presence.release(hold)
        self.turns.add(owner, id)
        self._dispatch()
        return position

    def has(self, id: str) -> bool:
        """Tell whether a run is in memory, or about to be."""
        return id in self.live or id in self._starting

    async def withdraw(self, stored: StoredRun) -> bool:
        """Cancel a run that waits for its turn; False when it does not. Raises `Elsewhere` when another server has just begun it."""
        owner, id = stored.owner, stored.summary.id
        if self.has(id) or not (self.turns.remove(owner, id) or stored.summary.state == "queued"):
            return False
        hold = await self.presence.take(id)
        if hold is None:
            raise elsewhere(id)
        await self._end(self._attach(owner, hold, await self.channels.fold(id)), RunChanged(state="cancelled", outputs={}))
        self._places_changed(owner, id)
        return True

    async def begin(self, owner: str, id: str) -> Live:
        """Bring a run into memory; its place counts as taken from this moment on."""
        self._starting[id] = owner
        try:
            return await self.load(id)
        finally:
            self._starting.pop(id, None)

    async def begin_new(self, stored: StoredRun, plan: Plan) -> Live:
        """Bring a run into memory that was just added with us as its executor: there is nothing to read about it."""
        id = stored.summary.id
        lock = self._locks.setdefault(id, asyncio.Lock())
        async with lock:
            if (live := self.live.get(id)) is not None:  # Somebody asked for it meanwhile.
                return live
            return await self._go(stored, plan, self._attach(stored.owner, self.hold(id), Fold()), [])

    async def load(self, id: str) -> Live:
        """Return a run in memory, bringing it there when it is not. Raises `Conflict` (`run.over`), `Elsewhere`."""
        lock = self._locks.setdefault(id, asyncio.Lock())
        async with lock:
            if (live := self.live.get(id)) is not None:
                if live.run is None or not (live.run.ended or live.gate.shut) or live.state in TERMINAL:
                    return live
                await asyncio.gather(self._performing[id], return_exceptions=True)  # It is just leaving memory.
            hold = None if self._yields or self._closing else await self.presence.take(id)
            stored = await self._runs.find(id)
            if stored is None:
                raise no_run(id)
            if stored.summary.state in TERMINAL:
                raise Conflict("run.over", "This run is over.", id=id)
            if hold is None:
                raise elsewhere(id)
            return await self._load(stored, hold)

    async def _load(self, stored: StoredRun, hold: Hold) -> Live:
        id = stored.summary.id
        records = await self._journal.read(id)
        live = self._attach(stored.owner, hold, await self.channels.fold(id))
        return await self._go(stored, None, live, records)

    async def _go(self, stored: StoredRun, plan: Plan | None, live: Live, records: list[AnyRecord]) -> Live:
        id, order = stored.summary.id, stored.order
        live.continues(stored)
        if any(isinstance(record, Ended) and record.state == "cancelled" for record in records):
            return await self._end(live, RunChanged(state="cancelled", outputs={}))
        try:
            options = {name: getattr(order, name) for name in OPTIONS}
            run = self._runner.start(
                plan or await self._plans.of(stored),
                order.inputs,
                run_id=id,
                owner=stored.owner,
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
        live.begin(run)
        live.gate.on_lost = run.cancel
        self._performing[id] = asyncio.create_task(self._perform(live, run), name=f"run {id}")
        return live

    async def _end(self, live: Live, last: RunChanged) -> Live:
        """End a run that the engine does not hold."""
        await live.show(_last_events(live.fold, last))
        self.changed(live.owner, live.id)
        return live

    async def _perform(self, live: Live, run: Run) -> None:
        try:
            await live.cut_off()
            await live.follow(lambda: self._state_changed(live))
            await live.saved()
        except Lost:
            live.gate.lose()
        except NotFound:  # Somebody deleted it.
            live.gate.shut = True
            run.cancel()
        except Exception:  # noqa: BLE001 -- our own mistake: one run stops, the others go on
            _log.exception("run %s is left where it is", live.id)  # It stays ours: whoever asks for it brings it back.
            live.gate.shut = True
            run.cancel()
        else:
            if live.state not in TERMINAL and not live.gate.shut:
                await self.presence.release(live.hold)  # It waits for people: any server goes on with it.
        finally:
            self._left(live, run)

    def _left(self, live: Live, run: Run) -> None:
        if self.live.get(live.id) is live:
            del self.live[live.id]
            self._performing.pop(live.id, None)
        if live.gate.lost:
            _log.info("run %s goes on on another server", live.id)
            self.channels.lost(live)
        elif live.state in TERMINAL:
            self.over[live.id] = run
            while len(self.over) > self._limits.kept:
                self.over.popitem(last=False)
        self._dispatch()

    def _state_changed(self, live: Live) -> None:
        self.changed(live.owner, live.id)
        if live.state == "waiting":
            self.spawn(self._unload(live))
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

    @property
    def _yields(self) -> bool:
        """Whether another server is there to execute what is not executed here yet."""
        return self.presence.draining and self.presence.replaced

    def _dispatch(self) -> None:
        """Start as many runs as there are places."""
        while self._open and not self.presence.draining:
            running = self._running()
            if running.total() >= self._limits.running:
                return
            owner = self.turns.next(running, per_owner=self._limits.running_per_user)
            if owner is None:
                return
            id = self.turns.take(owner)
            self._starting[id] = owner
            self.spawn(self._start(owner, id))

    async def _start(self, owner: str, id: str) -> None:
        try:
            await self.begin(owner, id)
        except (Conflict, NotFound):  # Another server was quicker, or it is over.
            pass
        except Failure as failure:
            _log.warning("run %s cannot start: %s", id, failure.sentence)
        self._places_changed(owner, id)
        self._dispatch()

    def _places_changed(self, owner: str, id: str) -> None:
        self.changed(owner, id)
        for other, one in self.turns.all():
            self.changed(other, one)

    # what other servers leave

    async def _look_on(self) -> None:
        while True:
            await asyncio.sleep(self._limits.look_every_s)
            try:
                await self._look()
            except Failure as failure:
                _log.warning("runs that nobody executes cannot be looked for: %s", failure.sentence)

    async def _look(self) -> None:
        """Look what nobody executes: what has only waited goes on at once, the rest waits for its turn."""
        now = self._clock.now()
        await self._expire(now)
        before = set(self.turns.all())
        free = await self._leases.free(self._limits.lease_s, now)
        waiting = {(run.owner, run.id) for run in free if run.state != "waiting"}
        gone = before - waiting
        for owner, id in gone:
            self.turns.remove(owner, id)
        known = set(self.turns.all()) | before
        for run in free:
            if run.state != "waiting" and (run.owner, run.id) not in known and run.id not in self.live and run.id not in self._starting:
                self.turns.add(run.owner, run.id)
        if gone:
            for owner, id in self.turns.all():
                self.changed(owner, id)
        if not self.presence.draining:
            await self._wake(run for run in free if run.state == "waiting")
        self._dispatch()

    async def _wake(self, due: Iterable[Unfinished]) -> None:
        for run in due:
            try:
                await self.load(run.id)
            except (Conflict, NotFound):
                continue
            except Failure as failure:
                _log.warning("run %s cannot go on: %s", run.id, failure.sentence)

    async def _expire(self, now: float) -> None:
        """Once a day, let go of what is older than people want to keep."""
        if self._limits.history_days is not None and now - self._expired_at >= DAY_S:
            self._expired_at = now
            try:
                await self._history.expire(moment(now - self._limits.history_days * DAY_S))
            except Failure as failure:
                _log.warning("old runs cannot be removed: %s", failure.sentence)

    def _attach(self, owner: str, hold: Hold, fold: Fold) -> Live:
        channel = self.channels.attach(hold.run_id, fold.seq)
        return Live(owner, hold, fold, channel, events=self._events, journal=self._journal, clock=self._clock)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside, as long as this is not closed."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _settle(live: Live) -> None:
    """Let the journal have what the engine has finished, and shut it."""
    if live.run is not None:
        with contextlib.suppress(Exception, asyncio.TimeoutError):
            await asyncio.wait_for(live.run.tape.drained(), 1.0)
    live.gate.shut = True


def _last_events(fold: Fold, last: RunChanged) -> list[RunEvent]:
    """Return the events that end a run, with the nodes that had not finished."""
    open_nodes = [path for path, node in fold.nodes.items() if node["state"] not in SETTLED or node["state"] in ("waiting", "unknown")]
    changed: list[RunEvent] = [NodesChanged(nodes=[(path, "cancelled", None, None) for path in open_nodes])] if open_nodes else []
    return [*changed, last]
