"""Parts of a graph: run to, run from, run only, run again (semantics, K3 and K5)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from comfytavern.engine import demand, keys, starting
from comfytavern.engine.plan import ODD, Plan
from comfytavern.graph.kinds import Control, Effect
from comfytavern.kernel.errors import Invalid, NotFound, Problem

if TYPE_CHECKING:
    from comfytavern.engine.frame import Frame
    from comfytavern.engine.run import Run


def prepare(run: "Run") -> tuple[int, ...] | None:
    """Tell the root frame what may be reused and return its targets (None: the plan's own)."""
    plan, options, memo = run.plan, run.options, run.root.memo
    forced: set[int] = set()
    if options.run_from is not None:
        forced |= demand.descendants(plan, found(plan, [options.run_from]))
    if options.only is not None:
        forced |= set(found(plan, [options.only]))
    run.asked_for = forced | set(found(plan, options.targets or ()))
    if options.again:
        forced |= {i for i, shape in enumerate(plan.shapes) if shape.effect is Effect.NONDET}
    if memo is not None:
        memo.warm = bool(memo.entries)
        memo.recipes = keys.recipes(plan, run.inputs, run.limits.value_key_bytes)
        if forced:
            memo.forced = bytearray(plan.n)
            for i in forced:
                memo.forced[i] = 1
    if options.only is not None:
        return only(run, options.only)
    return None if options.targets is None else tuple(found(plan, options.targets))


def found(plan: Plan, paths: Iterable[str]) -> list[int]:
    """Return the nodes at `paths`; a group stands for everything in it. Raises `NotFound` (`engine.target`)."""
    nodes: list[int] = []
    for path in paths:
        i = plan.find(path)
        inside = [i] if i is not None else [j for j, one in enumerate(plan.paths) if one.startswith(path + "/")]
        if not inside:
            raise NotFound("engine.target", f"There is no node {path} that could run.", path=path)
        nodes += inside
    return nodes


def only(run: "Run", path: str) -> tuple[int, ...]:
    """Finish the ancestors of the node at `path` with what is known, and return it as the target.

    Raises `Invalid` (`engine.missing`) that lists what has no result yet.
    """
    plan, frame = run.plan, run.root
    targets = tuple(found(plan, [path]))
    need = demand.demanded(plan, targets)
    missing = [plan.paths[i] for i in range(plan.n) if need[i] and i not in targets and not _known(frame, i)]
    if missing:
        problems = [Problem(code="engine.missing", message=f"{path} has no result yet.", place={"node": path}) for path in missing]
        sentence = "Some nodes before this one have no result yet."
        raise Invalid("engine.missing", sentence, hint="Run to here first.", nodes=missing).with_problems(problems)
    return targets


def _known(frame: "Frame", i: int) -> bool:
    """Put the known result of node `i` into `frame` as if it had run, and return whether there is one.

    The frame starts over afterwards with `demand.begin`; what was found is found again there, by `ready`.
    """
    shape = frame.plan.shapes[i]
    if shape.control is Control.INPUT:
        frame.finish(i, tuple(frame.args.get(port.id, port.default) for port in shape.outputs))
        return True
    finish = demand.known_result(frame, i)
    if finish is not None:
        finish(i)
        return True
    if frame.mode[i] == ODD and (token := starting.verdict(frame, i)) is not None:
        frame.skip(i, token, "branch")
        return True
    if frame.memo is not None and frame.memo.recall(i):
        return True
    earlier = frame.run.effects.done(frame, i)
    if earlier is not None:
        frame.finish(i, earlier)
    return earlier is not None
