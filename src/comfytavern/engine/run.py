"""One run: its frames, its clock, its waits, and the way it ends."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from comfytavern.engine import args as arguments
from comfytavern.engine import demand, fate, fold, unknown, waits
from comfytavern.engine.frame import Frame
from comfytavern.engine.log import Answered, Ended, Log, Started
from comfytavern.engine.options import Options
from comfytavern.engine.plan import Plan
from comfytavern.engine.streams import Channel, Parks
from comfytavern.engine.tape import Batch, Tape
from comfytavern.engine.tokens import DONE, NodeError, is_live, node_error
from comfytavern.graph.kinds import Control
from comfytavern.kernel.errors import NotFound
from comfytavern.kernel.events import RunChanged

if TYPE_CHECKING:
    from comfytavern.engine.past import Past
    from comfytavern.engine.runner import Runner

T = TypeVar("T")
TERMINAL = ("ok", "failed", "cancelled")


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended. `outputs` has no dead ones; `usage` is by model."""

    state: str
    outputs: dict[str, Any]
    errors: list[NodeError]
    usage: dict[str, dict[str, float]]


class Run:
    """See the module. Made by `Runner.start`; everything here belongs to the loop it was started on."""

    def __init__(
        self, runner: "Runner", plan: Plan, inputs: dict[str, Any], options: Options, *, id: str, owner: str, log: Log | None
    ) -> None:
        """Prepare a run; `begin` starts it."""
        self.id, self.owner, self.options, self.log, self.plan, self.inputs = id, owner, options, log, plan, inputs
        self.state, self.ended = "running", False
        self.withdrawn = self._cancelled = False
        """Somebody cancelled a single node."""
        self.loop = asyncio.get_running_loop()
        self.limits, self.clock, self.services = runner.limits, runner.clock, runner.services
        self.pools, self.threads, self.watchdog, self.effects = runner.pools, runner.threads, runner.watchdog, runner.effects
        self.asked_for: set[int] = set()
        """Nodes of the root frame that are to be executed whatever is known."""
        self.compile, self.checked = runner.compile, runner.checked
        self.space = runner.cache.space(owner) if runner.cache is not None else None
        self.past: Past | None = None
        self.parks = Parks(self._grown)
        self.tape = Tape(self, self.limits)
        self.waits: dict[str, waits.Wait] = {}
        self.closed_waits: dict[str, str] = {}
        self.unknowns: dict[str, unknown.Doubt] = {}
        self.busy = 0
        """Things that go on by themselves: tasks, frames with more to do."""
        self.errors: list[NodeError] = []
        self.frames: dict[Frame, None] = {}
        """Those a snapshot shows: the root, what is live, and the latest that are over."""
        self._frames_over, self._started = 0, perf_counter()
        self._timer: asyncio.TimerHandle | None = None
        self._result: asyncio.Future[Result] = self.loop.create_future()
        self._tasks: set[asyncio.Task[Any]] = set()
        self.root = Frame(self, plan, "", inputs, self._root_over)
        self.frames[self.root] = None

    # -- the door ---------------------------------------------------------------------------------------------------

    def events(self, after: int = 0) -> AsyncIterator[Batch]:
        """Yield batches of events after seq `after`, as they come; ends after the terminal event."""
        return self.tape.events(after)

    def snapshot(self) -> dict[str, Any]:
        """Return the fold of all events so far: `{id, state, seq, nodes, texts, waits, outputs, errors, usage}`."""
        return fold.snapshot(self)

    async def result(self) -> Result:
        """Return how the run ended, when it has; for a run that was unloaded, that it is waiting."""
        return await asyncio.shield(self._result)

    def cancel(self, path: str | None = None) -> None:
        """Cancel the run, or one node with what depends on it. Raises `NotFound` for a node that is not there."""
        if self.ended:
            return
        if path is None:
            self._cancelled = True
            self.root.hold()
            return
        frame, i = self._at(path)
        if frame.state[i] < DONE:
            demand.cancel(frame, i)
            self.guard(frame.pump)

    def answer(self, token: str, value: Any) -> Coroutine[Any, Any, None] | asyncio.Future[None]:
        """Answer a wait; awaiting what this returns waits until the answer is durable.

        Raises `Conflict` (`run.answered`) for a second answer or one that is too late, `NotFound` for a token that was
        never given out, `Invalid` (`run.answer`) for a value that does not fit the schema.
        """
        wait = self.waits.get(token)
        if wait is None:
            if token in self.closed_waits:
                raise waits.refuse(token, self.closed_waits[token])
            raise NotFound("run.token", "This run does not wait for that.", hint="Look at the run again.", token=token)
        value = waits.check(wait.record, value)
        self.guard(lambda: waits.close(wait, Answered(path=wait.record.path, token=token, value=value)))
        return asyncio.ensure_future(self.tape.drained())

    def resolve_unknown(self, path: str, action: str, value: Any = None) -> None:
        """Decide about an effect that may have happened: `retry`, `fail` or `result` with its value.

        For one that did happen earlier in the session (extra `done_before`), `result` without a value takes that result.
        """
        if path not in self.unknowns:
            raise NotFound("run.unknown", "That node is not in doubt.", path=path)
        doubt = self.unknowns[path]
        unknown.resolve(doubt, action, value)
        self.resumed()
        self.guard(doubt.frame.pump)

    def node(self, path: str) -> dict[str, Any]:
        """Return the full `{inputs, outputs}` of one node as far as they are known. Raises `NotFound`."""
        frame, i = self._at(path)
        plan = frame.plan
        inputs = {port.id: _shown(frame, plan.args[i][at]) for at, port in enumerate(plan.shapes[i].inputs)}
        return {
            "inputs": {id: value for id, value in inputs.items() if value is not arguments.ABSENT},
            "outputs": fold.outputs(frame, i) if frame.state[i] >= DONE else {},
        }

    async def unload(self) -> None:
        """Leave memory: allowed while the run is `waiting`; its journal has everything. `result` then says `waiting`."""
        await self.tape.drained()
        if self.state == "waiting" and not self.ended:
            self.ended = True
            for wait in self.waits.values():
                if wait.timer is not None:
                    wait.timer.cancel()
            self.tape.leave()
            self._result.set_result(Result(state="waiting", outputs=self.outputs(), errors=self.errors, usage=self.usage()))

    # -- facts ------------------------------------------------------------------------------------------------------

    def elapsed_ms(self) -> float:
        """Return milliseconds since the start."""
        return round((perf_counter() - self._started) * 1000, 3)

    def outputs(self) -> dict[str, Any]:
        """Return the interface outputs that are there already."""
        return {name: token for name, token in self.root.results.items() if is_live(token)}

    def usage(self) -> dict[str, dict[str, float]]:
        """Return tokens and cost by model."""
        names = ("input_tokens", "output_tokens", "cost_usd")
        return {model: dict(zip(names, total, strict=True)) for model, total in self.tape.usages.items()}

    def _at(self, path: str) -> tuple[Frame, int]:
        for frame in self.frames:
            if path.startswith(frame.prefix) and (i := frame.plan.find(path[len(frame.prefix) :])) is not None:
                return frame, i
        raise NotFound("run.node", "There is no such node in this run.", path=path)

    # -- for frames -------------------------------------------------------------------------------------------------

    def begin(self, targets: tuple[int, ...] | None) -> None:
        """Start."""
        self.tape.event(RunChanged(state="running"))
        if self.log is not None and (self.past is None or self.past.started is None):
            self.tape.record(Started(plan=self.plan.hash.hex(), inputs=self.inputs, options=msgspec.to_builtins(self.options)))
        if self.past is not None:
            self.closed_waits = {token: answer.outcome for token, answer in self.past.answers.items()}
        if self.options.deadline_s is not None:
            self._timer = self.loop.call_later(self.options.deadline_s, self._deadline)
        self.busy += 1
        self.loop.call_soon(self._begin, targets)

    def _begin(self, targets: tuple[int, ...] | None) -> None:
        self.busy -= 1
        if self.root.held:
            self.guard(self.root.pump)
        else:
            self.guard(lambda: self.root.begin(targets))

    def open_frame(self, plan: Plan, prefix: str, values: dict[str, Any], done: Callable[[], None], depth: int) -> Frame:
        """Make a frame inside a node."""
        frame = Frame(self, plan, prefix, values, done, depth)
        self.frames[frame] = None
        return frame

    def frame_over(self, frame: Frame) -> None:
        """Keep only the latest frames that are over."""
        self._frames_over += 1
        if self._frames_over > self.limits.frames_kept:
            self._frames_over -= 1
            old = next((one for one in self.frames if one.is_over and one is not frame and not one.dirty), None)
            if old is not None:
                del self.frames[old]

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start a task that belongs to this run."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def entered(self, frame: Frame, i: int) -> None:
        """A node wants a task; those that only wait for frames of their own do not count."""
        if frame.plan.shapes[i].control is Control.NONE:
            self.busy += 1
            self.parks.live += 1

    def left(self, frame: Frame, i: int) -> None:
        """It is over."""
        if frame.plan.shapes[i].control is Control.NONE:
            self.busy -= 1
            self.parks.live -= 1
            if self.parks.full:
                self.parks.check()

    def rest(self) -> None:
        """Look whether the run only waits for people now."""
        if not self.busy and (self.waits or self.unknowns) and self.state == "running":
            self.state = "waiting"
            self.tape.event(RunChanged(state="waiting"))

    def forget(self, frame: Frame, i: int) -> None:
        """Nobody is asked about node `i` any more."""
        for token in [token for token, wait in self.waits.items() if wait.frame is frame and wait.i == i]:
            waits.withdraw(self.waits.pop(token))
        self.unknowns = {path: doubt for path, doubt in self.unknowns.items() if doubt.frame is not frame or doubt.i != i}

    def resumed(self) -> None:
        """Something goes on after a wait."""
        if self.state == "waiting":
            self.state = "running"
            self.tape.event(RunChanged(state="running"))

    async def breathe(self) -> None:
        """Let others run, and events catch up."""
        await asyncio.sleep(0)
        while self.tape.behind and not self.root.held:
            self.tape.hurry()
            await asyncio.sleep(self.tape.pause_s)

    def failed(self, frame: Frame, i: int) -> None:
        """Node `i` failed, or a node that might have handled a failure did not."""
        if self.options.mode == "fail_fast" and not frame.held and fate.harmful(frame, (i,)):
            frame.hold()

    def slow(self, frame: Frame, i: int) -> None:
        """An inline node held the loop by the wall clock: look at its kind more closely."""
        if self.watchdog.suspect(frame.plan.shapes[i].kind.id):
            for one in self.frames:
                one.heed(self.watchdog.heeded)

    def measured(self, frame: Frame, i: int, values: list[Any]) -> Any:
        """Call the function of a suspect and return its result; if it is slow indeed, its kind runs in threads from now on."""
        kind = frame.plan.shapes[i].kind.id

        def tell(seconds: float) -> None:
            message = f"{kind} held the loop for {seconds * 1000:.0f} ms and runs in a thread from now on."
            self.tape.log(frame.prefix + frame.plan.paths[i], "warning", message)

        function: Any = frame.plan.fns[i]
        return self.watchdog.measure(kind, function, values, tell)

    def _grown(self, channel: Channel) -> None:
        self.tape.log("", "info", f"The queue of a stream has grown, because nothing could move: {channel.label}")

    def guard(self, work: Callable[..., T], *args: Any) -> T | None:
        """Call `work`; what it raises is our own mistake, and ends the run instead of being lost."""
        try:
            return work(*args)
        except Exception as bug:  # noqa: BLE001 -- see above
            self.crash(bug)
            return None

    def crash(self, error: BaseException) -> None:
        """End the run because of something that is no node's failure."""
        self.errors.append(node_error("", error))
        self.log = None
        self.loop.call_exception_handler({"message": f"run {self.id} crashed", "exception": error})
        self.root.hold()
        if self.root.is_over:
            self._root_over()

    # -- the end ----------------------------------------------------------------------------------------------------

    def _deadline(self) -> None:
        message = f"The run took longer than {self.options.deadline_s:g} s."
        self.errors.append(NodeError(path="", type="Deadline", message=message, code="engine.Deadline"))
        self.root.hold()

    def _root_over(self) -> None:
        if not self.ended:
            self.ended = True
            self.spawn(self._finish())

    async def _finish(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self.tape.drained()
        self.errors += self.root.errors
        self.tape.record(Ended(state=self._outcome()))
        await self.tape.drained()
        state, outputs = self._outcome(), self.outputs()
        last = RunChanged(state=state, outputs=outputs, errors=[error.value() for error in self.errors] or None)
        await self.tape.end(last)
        self.state = state
        self.tape.close()
        if not self._result.done():
            self._result.set_result(Result(state=state, outputs=outputs, errors=self.errors, usage=self.usage()))

    def _outcome(self) -> str:
        return "failed" if self.errors else "cancelled" if self._cancelled or self.withdrawn else "ok"


def _shown(frame: Frame, arg: Any) -> Any:
    slots = arg if isinstance(arg, tuple) else (arg,)
    owner = frame.plan.owner
    known = [frame.vals[slot] for slot in slots if owner[slot] < 0 or frame.state[owner[slot]] >= DONE]
    live = [token for token in known if is_live(token)]
    if isinstance(arg, tuple):
        return live
    return live[0] if live else arguments.ABSENT
