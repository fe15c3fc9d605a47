"""One activation of a plan: the run itself, an item of a Map, an iteration of a Loop. Flat lists over the plan's arrays.

Plain inline nodes run in `drain`, the hot path; everything else goes through `start`. Only nodes that wait for something
become tasks, and a task that has finished one node goes on with the next.
"""

from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from comfytavern.engine import arrive, demand, fate, fuse, starting, work
from comfytavern.engine.memo import Memo
from comfytavern.engine.plan import GENERAL, HALF, TASK, Plan
from comfytavern.engine.tokens import (
    CANCELLED,
    DEAD,
    DONE,
    FAILED,
    IDLE,
    RUNNING,
    SKIPPED,
    UNKNOWN,
    WAITING,
    Broken,
    Cause,
    NodeError,
    UpstreamError,
    node_error,
)
from comfytavern.graph.kinds import Control

if TYPE_CHECKING:
    import asyncio

    from comfytavern.engine.run import Run
    from comfytavern.engine.streams import Channel, Outlet

FAST = 3
"""Modes up to this are plain inline functions."""


class Frame:
    """See the module. `done` is called once, when nothing of it can run any more."""

    def __init__(self, run: "Run", plan: Plan, prefix: str, args: dict[str, Any], done: Callable[[], None], depth: int = 0) -> None:
        """Prepare a frame of `plan` whose nodes have paths that start with `prefix`."""
        self.run, self.plan, self.prefix, self.args, self.done, self.depth = run, plan, prefix, args, done, depth
        self.vals: list[Any] = plan.vals0[:]
        self.ind: list[int] = plan.ind0[:]
        self.state = bytearray(plan.n)
        self.mode = bytearray(plan.logged_mode if run.log is not None or run.options.session else plan.mode)
        self.ready: list[int] = plan.roots[:]
        self.targets: tuple[int, ...] = plan.targets
        self.dirty: list[int] = []
        """Nodes whose state has changed since the last flush; one may appear twice."""
        self.memo: Memo | None = Memo(self) if run.space is not None else None
        self._draining = self._scheduled = self._over = False
        if heeded := run.watchdog.heeded:
            self.heed(heeded)
        self._notes()

    def _notes(self) -> None:
        """What only few nodes have."""
        self.extras: dict[int, dict[str, Any]] = {}
        """What clients are told about a node beside its state."""
        self.roots: dict[int, NodeError] = {}
        """Why nodes failed, for the journal."""
        self.restored: set[int] = set()
        """Nodes whose result came from the journal."""
        self.ms: dict[int, float] = {}
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self.outlets: dict[int, Outlet] = {}
        """By slot: the stream outputs of nodes that have started."""
        self.channels: dict[tuple[int, int], Channel] = {}
        """By reader and input position."""
        self.children: dict[int, list[Frame]] = {}
        self.pending: list[int] = []
        """Nodes that want a task."""
        self.live = 0
        """Nodes that are neither idle nor terminal."""
        self.results: dict[str, Any] = {}
        """Tokens of the interface outputs."""
        self.failures: list[tuple[int, list[NodeError]]] = []
        """Nodes that failed, with the root causes."""
        self.errors: list[NodeError] = []
        """Root causes that nobody handled, once it is over."""
        self.cutting: set[int] = set()
        """Producers that are cancelled because their last reader left."""
        self.stages: dict[int, fuse.Stage] = {}
        """Per-chunk nodes that run inside their producer."""
        self.joined: set[int] = set()
        """Nodes that wait for an equal one in flight."""
        self.wanted: dict[int, set[int]] = {}
        """Lazy inputs that were asked for."""
        self.revoked: set[int] = set()
        """Nodes that a person cancelled alone."""
        self.held = False
        """Someone else stopped it: nothing new starts."""

    def begin(self, targets: tuple[int, ...] | None = None) -> None:
        """Demand the targets (the plan's own if None) and run what can run."""
        if targets is not None or not self.plan.default_demand or self.run.past is not None or (self.memo is not None and self.memo.warm):
            demand.begin(self, self.plan.targets if targets is None else targets)
        self.run.guard(self.pump)

    def more(self) -> None:
        """Demand the plan's own targets too, in a frame that was over."""
        self._over = False
        self.targets = self.plan.targets
        for i in self.targets:
            demand.want(self, i)
        self.run.guard(self.pump)

    # -- running ----------------------------------------------------------------------------------------------------

    def drain(self) -> bool:  # noqa: C901 -- one loop, because a call per node would cost as much as the node
        """Run what can run inline until nothing is ready or the slice is over; return whether more is ready."""
        plan, vals, ind, state, mode, ready = self.plan, self.vals, self.ind, self.state, self.mode, self.ready
        args, fns, out0, succ, mark = plan.args, plan.fns, plan.out0, plan.succ, self.dirty.append
        recall, keep = (self.memo.recall, self.memo.keep) if self.memo is not None else (None, None)
        limits, clock, push, pop = self.run.limits, perf_counter, ready.append, ready.pop
        now = clock()
        end, slow_s = now + limits.slice_s, limits.inline_s
        while ready and now < end:
            i = pop()
            m = mode[i]
            if m > FAST:
                self.start(i)
            elif recall is None or not recall(i):
                a: Any = args[i]
                try:
                    if m == 1:
                        value = fns[i](vals[a[0]])
                    elif m == 2:
                        value = fns[i](vals[a[0]], vals[a[1]])
                    else:
                        value = fns[i](*[vals[slot] for slot in a])
                except Exception as error:  # noqa: BLE001 -- whatever a node raises is its failure
                    self.fail(i, error)
                else:
                    if value is DEAD:
                        self.finish(i, (DEAD,))
                    else:
                        vals[out0[i]], state[i] = value, DONE
                        mark(i)
                        if keep is not None:
                            keep(i, value)
                        for target in succ[i]:
                            left = ind[target] = ind[target] - 1
                            if not left:
                                push(target)
            then, now = now, clock()
            if now - then > slow_s:
                self.run.slow(self, i)
        return bool(ready)

    def pump(self, *, take: bool = False) -> int | None:
        """Drain, then give tasks to what wants one; return one such node instead when the caller's task can `take` it."""
        if self._draining or self._over:
            return None
        self._draining = True
        if self.held:
            self.ready.clear()
        try:
            more = self.drain()
        finally:
            self._draining = False
        taken: int | None = None
        if self.pending:
            if take:
                taken = self.pending.pop()
            create = self.run.loop.create_task
            for i in self.pending:
                self.tasks[i] = create(work.work(self, i))
            self.pending.clear()
        if self.memo is not None:
            self.memo.account()
        if self.dirty:
            self.run.tape.touch(self)
        if more:
            self._schedule()
        elif not self.live:
            self._complete()
        else:
            self.run.rest()
        return taken

    def start(self, i: int) -> None:
        """Start a decided node that is not a plain inline one."""
        if self.state[i] == IDLE and not self.held:
            if self.mode[i] == TASK and self.memo is None:
                self.launch(i)
            else:
                starting.start(self, i)

    def proceed(self) -> int | None:
        """Go on after a node that had a task; return a node for the same task to run, if there is one."""
        ready = self.ready
        if not ready and not self.pending and self.live and not self._draining:
            self.run.tape.touch(self)
            self.run.rest()
            return None
        if len(ready) == 1 and self.memo is None and not self._draining:
            i = ready[0]
            if self.mode[i] == TASK and self.state[i] == IDLE and not self.held:
                ready.clear()
                self.launch(i)
                self.run.tape.touch(self)
                return self.pending.pop()
        return self.pump(take=True)

    def launch(self, i: int) -> None:
        """Let a node that needs a task, and nothing else, have one."""
        run = self.run
        self.live += 1
        run.busy += 1
        run.parks.live += 1
        self.state[i] = RUNNING
        self.dirty.append(i)
        self.pending.append(i)

    def _schedule(self, pause_s: float = 0.0) -> None:
        if not self._scheduled:
            self._scheduled = True
            self.run.busy += 1
            if pause_s:
                self.run.loop.call_later(pause_s, self._resume)
            else:
                self.run.loop.call_soon(self._resume)

    def _resume(self) -> None:
        self._scheduled = False
        self.run.busy -= 1
        if self.run.tape.behind and not self.held:
            self.run.tape.hurry()
            self._schedule(self.run.tape.pause_s)
        else:
            self.run.guard(self.pump)

    def _complete(self) -> None:
        self._over = True
        if self.held:
            self._cancel_rest()
        if self.dirty:
            self.run.tape.touch(self)
        if self.failures:
            harmful = fate.harmful(self, [i for i, _ in self.failures])
            self.errors = [root for i, roots in self.failures if i in harmful for root in roots]
        self.done()

    # -- ends of nodes ----------------------------------------------------------------------------------------------

    @property
    def is_over(self) -> bool:
        """Whether nothing of it can run any more."""
        return self._over

    def mark(self, i: int, state: int) -> None:
        """Set the state of a node and let the world know."""
        self.state[i] = state
        self.dirty.append(i)

    def give(self, i: int, value: Any) -> None:
        """Finish a plain node with its one value, as `drain` does."""
        self.vals[self.plan.out0[i]] = value
        self.state[i] = DONE
        self.dirty.append(i)
        ind, push = self.ind, self.ready.append
        for target in self.plan.succ[i]:
            left = ind[target] = ind[target] - 1
            if not left:
                push(target)

    def finish(self, i: int, outputs: tuple[Any, ...], state: int = DONE) -> None:
        """Put the tokens of all outputs on their wires."""
        plan, first = self.plan, self.plan.out0[i]
        if i in plan.pins:
            outputs = tuple(plan.pins[i].get(at, value) for at, value in enumerate(outputs))
        self.vals[first : first + len(outputs)] = outputs
        self.mark(i, state)
        if state == DONE and self.run.options.session:
            self.run.effects.note(self, i, outputs)
        arrive.values(self, i, outputs)
        if i in plan.streams and plan.out0[i] + plan.streams[i][0][2] not in self.outlets:
            arrive.streams(self, i, outputs)

    def skip(self, i: int, token: Any, reason: str) -> None:
        """End a node that does not run."""
        self.extras[i] = {"reason": reason}
        self.leave(i)
        self.finish(i, (token,) * len(self.plan.shapes[i].outputs), SKIPPED)
        if token.__class__ is Broken and (i in self.wanted or self.plan.shapes[i].control is Control.RACE):
            self.run.failed(self, i)

    def fail(self, i: int, error: BaseException, attempt: int = 1) -> None:
        """End a node that failed, by its policy (E1)."""
        shape = self.plan.shapes[i]
        root = error.error if isinstance(error, UpstreamError) else error.root if isinstance(error, Cause) else None
        known = root or node_error(self.prefix + self.plan.paths[i], error, attempt)
        width, policy = len(shape.outputs), shape.policy
        extra: dict[str, Any] = {"error": known.value()}
        if isinstance(error, UpstreamError):
            extra["reason"] = "upstream_error"
        self.extras[i] = {**self.extras.get(i, {}), **extra}
        extra = self.extras[i]
        self.roots[i] = known
        if policy.on_error == "port":
            extra["handled"] = True
            self.finish(i, (*(DEAD,) * (width - 1), known.value()), FAILED)
        elif policy.on_error == "default":
            extra["handled"] = True
            self.finish(i, tuple(policy.defaults.get(port.id, DEAD) for port in shape.outputs), DONE)
        elif policy.on_error == "skip":
            extra["reason"] = "error"
            self.finish(i, (DEAD,) * width, SKIPPED)
        else:
            if not isinstance(error, UpstreamError):
                self.failures.append((i, list(getattr(error, "roots", ()) or [known])))
            self.finish(i, (Broken(known),) * width, FAILED)
            self.run.failed(self, i)

    def leave(self, i: int) -> None:
        """Detach a node from the streams it reads."""
        for position in self.plan.shapes[i].stream_ins:
            channel = self.channels.get((i, position))
            if channel is not None:
                channel.leave()

    # -- stopping ---------------------------------------------------------------------------------------------------

    def hold(self) -> None:
        """Stop: nothing new starts, tasks are cancelled, what has not finished will be `cancelled`."""
        if self.held or self._over:
            return
        self.held = True
        self.ready.clear()
        for i in self.pending:
            self.run.left(self, i)
            self.rested(i)
        self.pending.clear()
        for i in [i for i, state in enumerate(self.state) if state in (WAITING, UNKNOWN) or i in self.joined]:
            self.rested(i)
        for frames in self.children.values():
            for frame in frames:
                frame.hold()
        for i in list(self.tasks):
            self.cancel_task(i)
        if not self._draining:
            self.run.loop.call_soon(self._resume_held)

    def cancel_task(self, i: int) -> None:
        """Cancel a node that has a task."""
        work.cancel(self, i)

    def rested(self, i: int) -> None:
        """Cancel a live node that has no task."""
        self.live -= 1
        if i in self.joined:
            self.joined.discard(i)
            self.run.busy -= 1
        self.run.forget(self, i)
        self.mark(i, CANCELLED)

    def withdraw(self, i: int) -> None:
        """Node `i` was cancelled alone: so is what depends on it."""
        demand.withdraw(self, i)

    def _resume_held(self) -> None:
        self.run.guard(self.pump)

    def _cancel_rest(self) -> None:
        for i, state in enumerate(self.state):
            if state < DONE and self.ind[i] < HALF:
                self.mark(i, CANCELLED)

    def heed(self, kinds: set[str]) -> None:
        """Take these kinds off the hot path."""
        for i, shape in enumerate(self.plan.shapes):
            if shape.kind.id in kinds and self.mode[i] < GENERAL:
                self.mode[i] = GENERAL


__all__ = ["Frame"]
