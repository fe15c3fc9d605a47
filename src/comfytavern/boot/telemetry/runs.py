"""Runs and their nodes as spans, made where their events pass on the way to the journal; nothing is done while they run."""

import re
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import msgspec

from comfytavern.boot.kinds import OTHER
from comfytavern.boot.passing import Passing
from comfytavern.boot.tally import SETTLED
from comfytavern.boot.telemetry.trace import CURRENT, Kind, Place, Put, Sampling, Span, Value, parsed, span_id_of
from comfytavern.kernel.events import NodesChanged, RunChanged
from comfytavern.projects.batch import Batch
from comfytavern.projects.executor import Hold
from comfytavern.projects.repo import EventRepo
from comfytavern.projects.run import ACTIVE, TERMINAL, Changes, StoredRun
from comfytavern.store.database import Database
from comfytavern.store.runs import SqlRuns

RUNS_MAX: Final = 10_000
"""So many are remembered; a run beyond it begins a trace of its own when it goes on."""
NODES_MAX: Final = 1_000
"""So many nodes of one run are drawn."""
FAILED: Final = "failed"
HEX: Final = re.compile("[0-9a-f]{16}")


class RunTrace(msgspec.Struct):
    """Where a run is drawn."""

    place: Place
    above: int = 0
    """The request that has ordered it; 0: none."""
    zero: int = 0
    """When it began, in nanoseconds; 0: nothing was heard of it."""
    nodes: int = 0
    earliest: dict[str, tuple[int, int]] = {}
    """When calls of models began and ended, by the path of the node."""


class RunTraces:
    """The traces of all runs of this process that are not over."""

    def __init__(self, sampling: Sampling) -> None:
        """Start empty."""
        self._sampling = sampling
        self._known: OrderedDict[str, RunTrace] = OrderedDict()

    def ordered(self, run_id: str) -> str:
        """Note that the request at hand has ordered a run, and return where it is drawn, for whoever goes on with it (`continued`)."""
        trace = self._keep(run_id, CURRENT.get())
        return f"{trace.place.traceparent} {trace.above:016x}"

    def continued(self, run_id: str, where: str) -> None:
        """Draw a run on where another process has begun to, as `ordered` has said there. What makes no sense is left alone."""
        header, _, above = where.partition(" ")
        place = parsed(header)
        if run_id not in self._known and place is not None and HEX.fullmatch(above):
            self._put(run_id, RunTrace(place, int(above, 16)), last=False)  # It may be one of another server that is only looked at.

    def of(self, run_id: str) -> RunTrace:
        """Return the trace of a run; one that nobody has ordered here has a trace of its own."""
        return self._known.get(run_id) or self._keep(run_id, None)

    def over(self, run_id: str) -> None:
        """Forget a run."""
        self._known.pop(run_id, None)

    def _keep(self, run_id: str, order: Place | None) -> RunTrace:
        place = self._sampling.below(order)
        if order is not None:  # What was decided for the request is good for its runs.
            place = place._replace(sampled=order.sampled)
        return self._put(run_id, RunTrace(place, order.span_id if order else 0))

    def _put(self, run_id: str, trace: RunTrace, *, last: bool = True) -> RunTrace:
        """Remember a trace; `last`: the first ones are forgotten before it."""
        self._known[run_id] = trace
        self._known.move_to_end(run_id, last=last)
        while len(self._known) > RUNS_MAX:
            self._known.popitem(last=False)
        return trace


class NotedRuns(SqlRuns):
    """Runs that are to be run, noted when they are ordered; where they are drawn is kept with them, for a server that takes them over."""

    def __init__(self, database: Database, traces: RunTraces) -> None:
        """Keep them in `database`, note them in `traces`."""
        super().__init__(database)
        self._traces = traces

    async def add(self, run: StoredRun, graph: msgspec.Raw) -> None:
        """Note and keep a run (RunRepo.add)."""
        order = msgspec.structs.replace(run.order, trace=self._traces.ordered(run.summary.id))
        await super().add(msgspec.structs.replace(run, order=order), graph)

    async def find(self, id: str) -> StoredRun | None:
        """Return a run (RunRepo.find); one that is not over may go on here."""
        stored = await super().find(id)
        if stored is not None and stored.summary.state in ACTIVE:
            self._traces.continued(id, stored.order.trace)
        return stored


class Drawn(Passing):
    """Another `EventRepo`, drawn."""

    def __init__(self, inner: EventRepo, traces: RunTraces, put: Put, kind: Callable[[str, str], str]) -> None:
        """Keep by `inner`; `kind` says of which kind a node of a run is."""
        super().__init__(inner)
        self._traces, self._put, self._kind = traces, put, kind

    async def append(self, run_id: str, batch: Batch, changes: Changes | None, hold: Hold | None = None) -> None:
        """Keep a batch, and draw what is over (EventRepo.append)."""
        now = time.time_ns()  # Before the disk has its turn.
        await self._inner.append(run_id, batch, changes, hold)
        trace = self._traces.of(run_id)
        for event in batch.events:
            if isinstance(event, NodesChanged):
                if trace.place.sampled:
                    self._draw_nodes(run_id, trace, event)
            elif isinstance(event, RunChanged):
                trace.zero = trace.zero or now - int(event.t * 1e6)
                if event.state in TERMINAL:
                    self._draw_run(run_id, trace, event)

    def _draw_run(self, run_id: str, trace: RunTrace, event: RunChanged) -> None:
        self._traces.over(run_id)
        if not trace.place.sampled:
            return
        about = {"comfytavern.run.id": run_id, "comfytavern.run.state": event.state}
        error = str((event.errors or [{}])[0].get("code") or FAILED) if event.state == FAILED else ""
        ended = trace.zero + int(event.t * 1e6)
        self._put(
            Span("run", trace.place, trace.above, remote=False, kind=Kind.INTERNAL, began=trace.zero, ended=ended, about=about, error=error)
        )

    def _draw_nodes(self, run_id: str, trace: RunTrace, event: NodesChanged) -> None:
        now = trace.zero + int(event.t * 1e6) if trace.zero else time.time_ns()
        for path, state, ms, extra in event.nodes:
            if state not in SETTLED or ms is None or trace.nodes >= NODES_MAX:
                continue
            trace.nodes += 1
            kind = self._kind(run_id, path)
            about: dict[str, Value] = {"comfytavern.node.path": path, "comfytavern.node.kind": kind, "comfytavern.node.state": state}
            called = trace.earliest.pop(path, None)
            ended = max(now, called[1]) if called else now
            began = min(ended - int(ms * 1e6), called[0]) if called else ended - int(ms * 1e6)
            trace.zero = min(trace.zero or began, began)
            error = str(((extra or {}).get("error") or {}).get("code") or FAILED) if state == FAILED else ""
            place = Place(trace.place.trace_id, span_id_of(trace.place, path), sampled=True)
            self._put(
                Span(
                    kind,
                    place,
                    self._above(run_id, trace, path),
                    remote=False,
                    kind=Kind.INTERNAL,
                    began=began,
                    ended=ended,
                    about=about,
                    error=error,
                )
            )

    def _above(self, run_id: str, trace: RunTrace, path: str) -> int:
        """Return the span of the node that `path` runs inside of, else that of the run. Groups are no nodes: they are looked through."""
        above = path
        while "/" in above:
            above = above.rpartition("/")[0]
            owner = above.rpartition("[")[0] if above.endswith("]") else above
            if self._kind(run_id, owner) != OTHER:
                return span_id_of(trace.place, owner)
        return trace.place.span_id
