"""The door of the engine: compile a graph, start a run.

runner = Runner(registry, cache=Cache())
plan = runner.compile(graph)
run = runner.start(plan, {"question": "Why?"}, owner=user_id)
async for batch in run.events(): ...
result = await run.result()
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from comfytavern.engine import keys, partial
from comfytavern.engine.cache import Cache
from comfytavern.engine.compile import Compiler
from comfytavern.engine.effects import Effects
from comfytavern.engine.implementation import Implementations
from comfytavern.engine.limits import Limits
from comfytavern.engine.log import AnyRecord, Log
from comfytavern.engine.options import Options
from comfytavern.engine.past import Past
from comfytavern.engine.plan import Plan
from comfytavern.engine.pools import Pools
from comfytavern.engine.rebase import rebase
from comfytavern.engine.run import Result, Run
from comfytavern.engine.threads import Threads
from comfytavern.engine.watchdog import Watchdog
from comfytavern.graph.document import Graph
from comfytavern.graph.types import convert
from comfytavern.graph.validate import validate
from comfytavern.kernel.clock import Clock, SystemClock
from comfytavern.kernel.errors import Failure, Invalid, Problem
from comfytavern.kernel.ids import new_id

__all__ = ["Cache", "Limits", "Log", "Options", "Plan", "Result", "Run", "Runner"]

_WORKERS = 32


class Runner:
    """Compiles and runs graphs. One per process; it shares pools, threads and the cache between all runs."""

    def __init__(
        self,
        implementations: Implementations,
        *,
        services: Mapping[type, object] | None = None,
        cache: Cache | None = None,
        pools: Mapping[str, int] | None = None,
        clock: Clock | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Take where kinds are looked up, what `ctx.use` gives out, and how large the pools are. No cache: nothing is reused."""
        self.implementations = implementations
        self.services: Mapping[type, object] = services or {}
        self.cache = cache
        self.clock: Clock = clock or SystemClock()
        self.limits = limits or Limits()
        self.pools = Pools(pools or {})
        self.threads = Threads(_WORKERS, self.limits.thread_grace_s)
        self.effects = Effects()
        self.watchdog = Watchdog(self.limits.inline_s)

    def compile(self, graph: Graph, resolve: Callable[[str, int | None], Graph] | None = None, *, base: Plan | None = None) -> Plan:
        """Return a plan that can be started any number of times.

        `base` is the plan of an earlier version of the same graph: when only values have changed since, this takes
        microseconds. Raises `Invalid` (`graph.invalid`) with every problem of the graph.
        """
        if base is not None and base.resolve is resolve and (edited := rebase(base, graph)) is not None:
            return edited
        problems = [problem for problem in validate(graph, self.implementations, resolve) if problem.level == "error"]
        if problems:
            raise Invalid("graph.invalid", problems[0].message, hint="Open the graph and look at its problems.").with_problems(problems)
        plan = Compiler(self.implementations, resolve).compile(graph, graph)
        plan.document = graph
        if not plan.inputs:
            keys.recipes(plan, {}, self.limits.value_key_bytes)
        return plan

    def start(  # noqa: PLR0913 -- all that a run can be asked for, by name, as in POST /api/runs
        self,
        plan: Plan,
        inputs: Mapping[str, Any] | None = None,
        *,
        run_id: str | None = None,
        owner: str = "",
        targets: Sequence[str] | None = None,
        run_from: str | None = None,
        only: str | None = None,
        mode: str = "finish",
        reuse: str = "never",
        session: str = "",
        again: bool = False,
        deadline_s: float | None = None,
        log: Log | None = None,
        resume: Sequence[AnyRecord] | None = None,
    ) -> Run:
        """Start a run on the running loop and return it at once.

        `targets`, `run_from` and `only` are paths (semantics, K5); `reuse` and `session` decide about `nondet` nodes (K3),
        `again` executes those anew. `resume` takes the records of a run that was interrupted; inputs and options then
        come from there. Raises `Invalid`: `engine.inputs` with every input that is missing or wrong, `engine.missing`
        when `only` needs what is not known.
        """
        past = Past(resume, plan.hash.hex()) if resume else None
        options = Options(
            targets=list(targets) if targets is not None else None,
            run_from=run_from,
            only=only,
            mode=mode,
            reuse=reuse,
            session=session,
            again=again,
            deadline_s=deadline_s,
        )
        if past is not None and past.started is not None:
            inputs, options = past.started.inputs, past.options()
        values = self.checked(plan, dict(inputs or {}))
        run = Run(self, plan, values, options, id=run_id or new_id("run"), owner=owner, log=log)
        run.past = past
        run.begin(partial.prepare(run))
        return run

    def close(self) -> None:
        """Start nothing more in threads. Runs are ended by whoever started them."""
        self.threads.close()

    def checked(self, plan: Plan, inputs: dict[str, Any]) -> dict[str, Any]:
        """Return the values of all interface inputs, converted and with defaults. Raises `Invalid` (`engine.inputs`)."""
        problems: list[Problem] = []
        values: dict[str, Any] = {}
        for port in plan.inputs:
            given = inputs.get(port.id, port.default)
            try:
                values[port.id] = convert(given, port.type) if given is not None else None
            except Failure as failure:
                problems.append(_problem("engine.input_type", f"{port.id}: {failure.sentence}", port.id))
            if given is None and port.required and port.id not in inputs:
                problems.append(_problem("engine.input_missing", f"The input {port.id} is missing.", port.id))
        known = {port.id for port in plan.inputs}
        problems += [_problem("engine.input_unknown", f"There is no input {name}.", name) for name in inputs if name not in known]
        if problems:
            raise Invalid("engine.inputs", problems[0].message, hint="Look at the inputs of the workflow.").with_problems(problems)
        return values


def _problem(code: str, message: str, port: str) -> Problem:
    return Problem(code=code, message=message, place={"port": port})
