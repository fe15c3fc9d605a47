"""The door of runs: start, watch, answer, look back. However a run is started, by HTTP, WebSocket or CLI, it comes through here."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import msgspec

from comfytavern.engine.log import Finished
from comfytavern.engine.runner import Plan, Runner
from comfytavern.graph import codec
from comfytavern.graph.document import Graph
from comfytavern.kernel.clock import Clock, SystemClock
from comfytavern.kernel.errors import Failure, Invalid, NotFound
from comfytavern.kernel.events import RunEvent
from comfytavern.kernel.ids import new_id
from comfytavern.kernel.paging import LIMIT_DEFAULT, Page
from comfytavern.projects.command import Answer, Cancel, Resolve
from comfytavern.projects.deeds import Deeds
from comfytavern.projects.detail import detail
from comfytavern.projects.drafts import canonical
from comfytavern.projects.errands import Errands
from comfytavern.projects.executor import Executor, Lost, this_process
from comfytavern.projects.feed import Feed
from comfytavern.projects.limits import StageLimits
from comfytavern.projects.plans import Plans
from comfytavern.projects.project import moment
from comfytavern.projects.repo import Archive
from comfytavern.projects.run import (
    TERMINAL,
    NodeDetail,
    Papers,
    Place,
    QueueView,
    RunRequest,
    RunSummary,
    RunView,
    StoredRun,
    Which,
    no_run,
    order_of,
    still_active,
)
from comfytavern.projects.service import Projects
from comfytavern.projects.stage import Stage

_log = logging.getLogger(__name__)
HAND_OVER_LOOK_S = 0.02


class Runs:
    """Everybody's runs. Every method takes the id of the user on whose behalf it acts."""

    def __init__(
        self,
        projects: Projects,
        runner: Runner,
        archive: Archive,
        *,
        clock: Clock | None = None,
        limits: StageLimits | None = None,
        modern: Callable[[Graph], Graph] | None = None,
        executor: Executor | None = None,
    ) -> None:
        """Run graphs by `runner`, and keep what happens in `archive`; `modern` brings a saved graph to the present kinds.

        `executor` is this process among all that share the archive.
        """
        self._projects, self._runner, self._clock = projects, runner, clock or SystemClock()
        self._runs, self._history, self._events = archive.runs, archive.history, archive.events
        self._journal = archive.journal
        self._plans = Plans(projects, runner, archive.runs, modern)
        executor, limits = executor or this_process(), limits or StageLimits()
        self._stage = Stage(runner, self._plans, archive, clock=self._clock, limits=limits, executor=executor)
        self._stage.changed = self._changed
        self._channels, self._presence = self._stage.channels, self._stage.presence
        self._deeds = Deeds(archive.runs, archive.journal, self._stage)
        self._errands = Errands(archive.commands, self._deeds.do)
        self._beside = False
        self._feed: Feed[RunSummary] = Feed()
        self._telling: set[asyncio.Task[None]] = set()

    @property
    def executor(self) -> Executor:
        """This process among the servers that share the runs."""
        return self._presence.executor

    @property
    def open_count(self) -> int:
        """How many runs this process executes that are not over."""
        return sum(live.state not in TERMINAL for live in self._stage.live.values())

    @property
    def queue_length(self) -> int:
        """How many runs wait for their turn, as this process has last seen it; any server may take them."""
        return len(self._stage.turns)

    async def open(self) -> None:
        """Take part: go on with every run that is not over and that no living server executes, now and from now on."""
        await self._begin()
        await self._stage.open()

    async def close(self) -> None:
        """Stop; runs that are not over go on with another server, or with the next `open`."""
        await self._stage.close()
        self._feed.close()

    async def drain(self) -> None:
        """Begin nothing more that another server can do: no run from the queue, no take-over. What runs goes on."""
        self._presence.draining = True
        await self._seen()

    async def undrain(self) -> None:
        """Take part again."""
        self._presence.draining = False
        await self._seen()

    async def hand_over(self, deadline_s: float) -> int:
        """Wait until the runs of this process have ended, for so long; then let others go on with the rest, and return how many.

        Runs that only wait for people are handed over at once. A node that had not finished starts anew there; an effect that had
        begun is `unknown` there (semantics, O3).
        """
        await self.drain()
        stage, loop = self._stage, asyncio.get_running_loop()
        end = loop.time() + deadline_s
        handed = await stage.put_down(live for live in list(stage.live.values()) if live.state == "waiting")
        while self.open_count and loop.time() < end:  # noqa: ASYNC110 -- they end in many places
            await asyncio.sleep(HAND_OVER_LOOK_S)
        return handed + await stage.put_down(list(stage.live.values()))

    async def _begin(self) -> None:
        """Do what is done beside runs: be seen, follow what other servers do, and serve them."""
        await self._presence.begin()
        if not self._beside:
            self._beside = True
            stage = self._stage
            stage.spawn(self._channels.follow())
            stage.spawn(self._channels.listen(lambda: self._feed.listened, lambda one: self._changed(one.owner, one.summary.id)))
            stage.spawn(self._errands.serve(self._presence.executor.id, lambda: bool(stage.live), self._deeds.done_before))

    async def _seen(self) -> None:
        try:
            await self._presence.beat()
        except Failure as failure:
            _log.warning("other servers are not told: %s", failure.sentence)

    async def start(self, owner: str, request: RunRequest | dict[str, Any], *, source: str = "http") -> RunSummary:
        """Start a run, or let it wait for its turn. One that names a session is an editor's: its source is `canvas`.

        Raises `Invalid` (`graph.invalid`, `engine.inputs`, `engine.missing`) with every problem; then there is no run.
        """
        asked = _request(request)
        await self._begin()
        graph, summary, project_id = await self._subject(owner, asked, "canvas" if asked.session else source)
        decoded, body = await asyncio.to_thread(canonical, graph)
        library = await self._projects.library(owner, decoded)
        plan = await self._plans.compile(decoded, library)
        self._runner.checked(plan, asked.inputs)
        order = msgspec.structs.replace(order_of(asked), library=library.newest)
        me = self._presence.executor.id
        stored = StoredRun(owner=owner, summary=summary, project_id=project_id, order=order, executor=me)
        at_once = self._stage.reserve(owner, summary.id)
        try:
            await self._runs.add(stored, msgspec.Raw(body))
            return await self._admit(stored, plan, at_once=at_once)
        finally:
            self._stage.give_back(summary.id)

    async def get(self, owner: str, id: str) -> RunView:
        """Return a run as it is now. Raises `NotFound` (`run.unknown`), as all that take an id do."""
        stored = await self._find(owner, id)
        papers = await self._papers(id)
        live = self._stage.live.get(id)
        if live is not None:
            shown: dict[str, Any] = await live.snapshot()
        elif papers.shown is not None:
            shown = msgspec.json.decode(papers.shown)
        else:
            shown = (await self._channels.fold(id)).snapshot() | {"state": stored.summary.state}
        summary: dict[str, Any] = msgspec.structs.asdict(stored.summary) | {"position": self._stage.turns.positions().get(id)}
        asked: dict[str, Any] = {"inputs": stored.order.inputs, "graph": papers.graph}
        return RunView(**summary | asked | shown)

    async def history(
        self,
        owner: str,
        *,
        workflow_id: str | None = None,
        project_id: str | None = None,
        state: str | None = None,
        cursor: str | None = None,
        limit: int = LIMIT_DEFAULT,
    ) -> Page[RunSummary]:
        """Return runs, the latest first."""
        which = Which(workflow_id=workflow_id, project_id=project_id, state=state)
        return await self._history.page(owner, which, cursor=cursor, limit=limit)

    async def watch(self, owner: str, id: str, after: int = 0) -> AsyncIterator[list[RunEvent]]:
        """Return the events after number `after` without a gap, then those to come; it ends after the last event of the run.

        Any number of clients may watch, and one that reads slowly holds up nobody. Raises `NotFound` before the first event,
        and `Conflict` (`run.rewound`) when there is no event `after` (any more): then read the run again.
        """
        await self._find(owner, id)
        await self._begin()
        channel = await self._channels.of(id)
        await self._channels.check(id, after)
        return channel.watch(after)

    async def events(self, owner: str, id: str, after: int = 0) -> tuple[list[RunEvent], bool]:
        """Return the events after number `after` (some megabytes at most), and whether no more can come."""
        stored = await self._find(owner, id)
        await self._channels.check(id, after)
        events = [event for batch in await self._events.read(id, after) for event in batch.after(after)]
        last = events[-1].seq if events else after
        return events, stored.summary.state in TERMINAL and last >= await self._events.last(id)

    async def wait(self, owner: str, id: str) -> RunView:
        """Return a run when it is over."""
        async for _ in await self.watch(owner, id):
            pass
        return await self.get(owner, id)

    async def cancel(self, owner: str, id: str, path: str | None = None) -> None:
        """Stop a run, or one node of it with what depends on it. A run that is over stays as it is."""
        await self._find(owner, id)
        await self._errands.run(id, Cancel(path))

    async def answer(self, owner: str, id: str, token: str, value: Any) -> None:
        """Answer a question of a run, and return when the answer is on the disk.

        Raises `Conflict` (`run.answered`) for a second answer, `NotFound` (`run.token`), `Invalid` (`run.answer`).
        """
        await self._find(owner, id)
        await self._errands.run(id, Answer(token, value))

    async def resolve_unknown(self, owner: str, id: str, path: str, action: str, value: Any = None) -> None:
        """Say what to do about an effect that may have happened before a crash: `retry`, `fail`, or `result` with its value."""
        await self._find(owner, id)
        await self._errands.run(id, Resolve(path, action, value))

    async def node(self, owner: str, id: str, path: str) -> NodeDetail:
        """Return one node of a run with its values in full. Raises `NotFound` (`run.node`)."""
        view = await self.get(owner, id)
        shown = view.nodes.get(path)
        live = self._stage.live.get(id)
        run = live.run if live is not None else self._stage.over.get(id)
        if shown is None:
            raise NotFound("run.node", "There is no such node in this run.", path=path)
        values: dict[str, Any] | None = None
        if run is not None:
            with contextlib.suppress(NotFound):  # Of a long loop the engine remembers the latest frames only.
                values = run.node(path)
        if values is None:
            values = await self._journaled(id, path)
        return NodeDetail(path=path, state=shown["state"], **values)

    async def delete(self, owner: str, id: str) -> None:
        """Remove a run from the history. Raises `Conflict` (`run.active`) while it is not over."""
        stored = await self._find(owner, id)
        if stored.summary.state not in TERMINAL:
            raise still_active(id)
        self._stage.over.pop(id, None)
        await self._history.remove(owner, id)

    async def expire(self, days: float) -> int:
        """Remove everybody's runs that ended more than `days` ago, and return how many."""
        return await self._history.expire(moment(self._clock.now()) - timedelta(days=days))

    async def queue(self, owner: str) -> QueueView:
        """Return what of one person runs now, and what waits for its turn; on all servers."""
        positions = self._stage.turns.positions()
        running = [run.id for run in await self._runs.unfinished() if run.owner == owner and run.executor and run.id not in positions]
        return QueueView(
            running=[await self._place(id) for id in running],
            queued=[await self._place(id, positions[id]) for id in self._stage.turns.of(owner)],
        )

    async def changes(self, owner: str) -> AsyncIterator[RunSummary]:
        """Yield a run of this person whenever its state or its place in the queue has changed; ends with `close`."""
        async for summary in self._feed.listen(owner):
            yield summary

    async def _subject(self, owner: str, asked: RunRequest, source: str) -> tuple[bytes | dict[str, Any], RunSummary, str | None]:
        if (asked.workflow_id is None) == (asked.graph is None):
            raise Invalid("run.subject", "Give either a workflow or a graph.", hint="Name workflow_id or graph, not both.")
        base: dict[str, Any] = {"id": new_id("run"), "state": "queued", "created_at": moment(self._clock.now()), "source": source}
        if asked.graph is not None:
            return asked.graph, RunSummary(workflow_id=None, workflow_name=None, version=None, **base), None
        workflow = await self._projects.workflow(owner, asked.workflow_id or "")
        number = asked.version or workflow.version
        graph = workflow.graph if number == workflow.version else (await self._projects.version(owner, workflow.id, number)).graph
        summary = RunSummary(workflow_id=workflow.id, workflow_name=workflow.name, version=number, **base)
        return bytes(graph), summary, workflow.project_id

    async def _admit(self, stored: StoredRun, plan: Plan, *, at_once: bool) -> RunSummary:
        owner, id = stored.owner, stored.summary.id
        try:
            if at_once:
                live = await self._stage.begin_new(stored, plan)
                return msgspec.structs.replace(stored.summary, state="running", started_at=live.started_at)
            position = await self._stage.queue(owner, self._stage.hold(id))
        except Lost:  # This process stood still for so long that another one has taken the run.
            return stored.summary
        except Failure:
            await self._history.remove(owner, id)
            raise
        self._changed(owner, id)
        return msgspec.structs.replace(stored.summary, position=position)

    async def _find(self, owner: str, id: str) -> StoredRun:
        found = await self._history.find(owner, id)
        if found is None:
            raise no_run(id)
        return found

    async def _journaled(self, id: str, path: str) -> dict[str, Any]:
        records = [record for record in await self._journal.read(id) if isinstance(record, Finished)]
        stored = await self._runs.find(id)
        graph = codec.decode(bytes((await self._papers(id)).graph))
        return detail(graph, stored.order.inputs if stored else {}, {record.path: record.outputs or {} for record in records}, path)

    async def _papers(self, id: str) -> Papers:
        papers = await self._runs.papers(id)
        if papers is None:
            raise no_run(id)
        return papers

    async def _place(self, id: str, position: int | None = None) -> Place:
        stored = await self._runs.find(id)
        summary = stored.summary if stored else None
        return Place(
            id=id,
            workflow_id=summary.workflow_id if summary else None,
            workflow_name=summary.workflow_name if summary else None,
            position=position,
        )

    def _changed(self, owner: str, id: str) -> None:
        """Tell the owner's clients about a run, if there are any."""
        if self._feed.has(owner):
            task = asyncio.create_task(self._tell(owner, id))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def _tell(self, owner: str, id: str) -> None:
        stored = await self._history.find(owner, id)
        if stored is not None:
            self._channels.tells(id, stored.summary.state)
            place = self._stage.turns.positions().get(id)
            self._feed.tell(owner, msgspec.structs.replace(stored.summary, position=place))


def _request(request: RunRequest | dict[str, Any]) -> RunRequest:
    if isinstance(request, RunRequest):
        return request
    try:
        return msgspec.convert(request, RunRequest)
    except msgspec.ValidationError as error:
        raise Invalid("run.request", f"This is no request for a run: {error}", hint="See docs/reference/runs.md.") from error
