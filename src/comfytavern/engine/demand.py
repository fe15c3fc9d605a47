"""What has to run: demand starts at the targets and goes backwards through non-lazy wires (semantics, section 3)."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from comfytavern.engine import args as arguments
from comfytavern.engine import fuse
from comfytavern.engine.plan import HALF, NEVER, ODD, Plan
from comfytavern.engine.tokens import CACHED, CANCELLED, DEAD, DONE, IDLE
from comfytavern.graph.kinds import Control, Effect

if TYPE_CHECKING:
    from comfytavern.engine.frame import Frame

Known = Callable[[int], None]


def default_targets(plan: Plan) -> tuple[int, ...]:
    """Return the outputs of the graph, every `effect` node, and every node whose outputs are not wired."""
    return tuple(
        i
        for i, shape in enumerate(plan.shapes)
        if shape.effect is Effect.EFFECT or shape.control is Control.OUTPUT or not (plan.succ[i] or i in plan.streams or i in plan.lazies)
    )


def demanded(plan: Plan, targets: Iterable[int]) -> bytearray:
    """Return by node whether it is demanded."""
    need = bytearray(plan.n)
    stack = list(targets)
    while stack:
        i = stack.pop()
        if not need[i]:
            need[i] = 1
            stack += plan.preds(i)
    return need


def default_demand(plan: Plan) -> None:
    """Set `targets`, `roots` and `ind0` of a plan for the default targets."""
    plan.targets = default_targets(plan)
    need = demanded(plan, plan.targets)
    for i in range(plan.n):
        if not need[i]:
            plan.ind0[i] = NEVER
    plan.roots = [i for i in range(plan.n - 1, -1, -1) if not plan.ind0[i]]
    plan.default_demand = not plan.pins


def begin(frame: "Frame", targets: Iterable[int]) -> None:
    """Set up a frame for its targets: walk backwards and stop at results that are known already (K5)."""
    plan = frame.plan
    frame.targets = tuple(targets)
    ind = frame.ind = [NEVER] * plan.n
    seen = bytearray(plan.n)
    stack = list(frame.targets)
    known: list[tuple[int, Known]] = []
    fresh: list[int] = []
    while stack:
        i = stack.pop()
        if seen[i]:
            continue
        seen[i] = 1
        ind[i] = 0
        found = known_result(frame, i)
        if found is not None:
            known.append((i, found))
            continue
        before = plan.preds(i)
        ind[i] = _count(plan, i, len(before))
        stack += before
        fresh.append(i)
    frame.ready = [i for i in fresh if not ind[i]]
    for i, found in known:
        found(i)
    if frame.run.past is not None:
        frame.run.past.show_rest(frame, seen)


def _count(plan: Plan, i: int, wires: int) -> int:
    return min(wires, 1) if plan.shapes[i].control is Control.RACE else wires


def known_result(frame: "Frame", i: int) -> "Known | None":
    """Return how to finish node `i` without running it: journaled, pinned or cached; None when it has to run."""
    past = frame.run.past
    if past is not None and (record := past.finished.get(frame.prefix + frame.plan.paths[i])) is not None:
        restore = past.restore(frame, i, record)
        if restore is not None:
            return restore
    pins = frame.plan.pins.get(i)
    if pins is not None and len(pins) >= frame.plan.shapes[i].width:
        width = len(frame.plan.shapes[i].outputs)
        outputs = tuple(pins.get(at, DEAD) for at in range(width))
        return lambda i: frame.finish(i, outputs, CACHED)
    memo = frame.memo
    if memo is None or (memo.forced is not None and memo.forced[i]):
        return None
    recipe = memo.recipes[i]
    cached = memo.space.get(recipe) if recipe is not None else None
    return None if cached is None else lambda i: memo.reuse(i, cached, None)


def want(frame: "Frame", i: int) -> None:
    """Demand node `i`, and what it needs, in a frame that runs already."""
    plan = frame.plan
    stack = [i]
    while stack:
        j = stack.pop()
        if frame.ind[j] < HALF or frame.state[j] != IDLE:
            continue
        found = known_result(frame, j)
        frame.ind[j] = 0
        if found is not None:
            found(j)
            continue
        before = plan.preds(j)
        stack += before
        frame.ind[j] = _count(plan, j, sum(not _arrived(frame, j, source) for source in before))
        if not frame.ind[j]:
            frame.ready.append(j)
        if any(frame.state[source] >= DONE for source in before):
            frame.mode[j] = max(frame.mode[j], ODD)


def _arrived(frame: "Frame", j: int, source: int) -> bool:
    if frame.state[source] >= DONE:
        return True
    started = frame.state[source] > IDLE
    edge = next((edge for edge in frame.plan.streams.get(source, ()) if edge[0] == j), None)
    if edge is None or not started:
        return False
    fuse.join_late(frame, source, edge)
    return True


def satisfied(frame: "Frame", i: int) -> bool:
    """Ask a node with lazy inputs what it wants; True when it wants nothing more (semantics, section 3)."""
    shape = frame.plan.shapes[i]
    asked = frame.wanted.setdefault(i, set())
    ids = {shape.inputs[at].id: at for at in shape.lazy}
    while True:
        try:
            named = _wishes(frame, i, asked)
        except Exception as error:  # noqa: BLE001 -- `want` is a node's own function
            frame.fail(i, error)
            return False
        more = {ids[id] for id in named if id in ids} - asked
        if not more:
            return True
        asked |= more
        sources = [frame.plan.owner[slot] for at in sorted(more) for slot in frame.plan.sources(i, at)]
        waiting = [source for source in sources if frame.state[source] < DONE]
        frame.ind[i] = len(waiting)
        frame.mode[i] = ODD
        for source in waiting:
            want(frame, source)
        if waiting:
            return False


def _wishes(frame: "Frame", i: int, asked: set[int]) -> Iterable[str]:
    shape = frame.plan.shapes[i]
    function = shape.implementation.want
    if function is None:
        return [shape.inputs[at].id for at in shape.lazy]
    available = {
        port.id: arguments.value(frame, i, at)
        for at, port in enumerate(shape.inputs)
        if at not in shape.stream_ins and (at not in shape.lazy or at in asked or not frame.plan.sources(i, at))
    }
    return function(available) or ()


def descendants(plan: Plan, start: Iterable[int]) -> set[int]:
    """Return `start` and everything behind it, lazy wires included."""
    found: set[int] = set()
    stack = list(start)
    while stack:
        i = stack.pop()
        if i not in found:
            found.add(i)
            stack += _consumers(plan, i)
    return found


def _consumers(plan: Plan, i: int) -> list[int]:
    streams = (target for target, _, _ in plan.streams.get(i, ()))
    return [*plan.succ[i], *streams, *(target for target, _ in plan.lazies.get(i, ()))]


def withdraw(frame: "Frame", i: int) -> None:
    """Node `i` was cancelled: what depends on it is cancelled too, and what only that needed (O2).

    A race has one runner less, and what is finished shields what is behind it.
    """
    if frame.held:
        return
    if i in frame.revoked:
        frame.run.withdrawn = True
    stack, lost = _consumers(frame.plan, i), set[int]()
    while stack:
        j = stack.pop()
        if j in lost or frame.state[j] >= DONE or frame.ind[j] >= HALF:
            continue
        if frame.plan.shapes[j].control is Control.RACE:
            frame.ready.append(j)
        else:
            lost.add(j)
            stack += _consumers(frame.plan, j)
    _stop(frame, sorted(lost))
    reduce(frame)


def reduce(frame: "Frame") -> None:
    """Cancel what is no longer needed by anything that can still end well."""
    need = bytearray(frame.plan.n)
    stack = [i for i in frame.targets if frame.state[i] < DONE]
    while stack:
        i = stack.pop()
        if not need[i]:
            need[i] = 1
            stack += [source for source in _needs(frame, i) if frame.state[source] < DONE]
    _stop(frame, [i for i in range(frame.plan.n) if not need[i] and i not in frame.targets])


def _needs(frame: "Frame", i: int) -> list[int]:
    plan = frame.plan
    return plan.preds(i) + [plan.owner[slot] for at in frame.wanted.get(i, ()) for slot in plan.sources(i, at)]


def _stop(frame: "Frame", nodes: Iterable[int]) -> None:
    for i in nodes:
        if frame.state[i] >= DONE or frame.ind[i] >= HALF:
            continue
        if i in frame.tasks:
            frame.cancel_task(i)
        elif i in frame.stages:
            frame.stages[i].cut()
        elif i in frame.pending:
            frame.pending.remove(i)
            frame.run.left(frame, i)
            frame.rested(i)
        elif frame.state[i] == IDLE:
            frame.mark(i, CANCELLED)
            frame.leave(i)
        else:
            frame.rested(i)


def cancel(frame: "Frame", i: int) -> None:
    """Cancel node `i` alone, with what depends on it and what only it needs."""
    frame.revoked.add(i)
    if i in frame.tasks:
        frame.cancel_task(i)
        return
    _stop(frame, [i])
    withdraw(frame, i)
