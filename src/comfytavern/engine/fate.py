"""What becomes of a failure: caught on every way it takes, or harmful to something that was asked for (semantics, sections 2 and 6)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from comfytavern.engine import arrive
from comfytavern.engine.plan import HALF
from comfytavern.engine.tokens import CACHED, CANCELLED, DONE
from comfytavern.graph.kinds import Control, Effect

if TYPE_CHECKING:
    from comfytavern.engine.frame import Frame


def harmful(frame: "Frame", failed: Iterable[int]) -> set[int]:
    """Return those of the nodes `failed` whose failure reaches something that was asked for, as far as is known by now.

    A failure goes on through every node that is skipped because of it, and ends where a node takes errors (Catch, and Race
    when another runner wins) and where nothing is wanted any more. A stream that broke is a failure even if its reader made
    something of what had come (S5): nobody else would tell that it is not whole.
    """
    targets, onward, stack = frozenset(frame.targets), dict[int, list[int]](), list(failed)
    bad = set[int]()
    while stack:
        j = stack.pop()
        if j in onward:
            continue
        followers = _followers(frame, j)
        if (j in targets and _asked_for(frame, j, followers)) or _broke_off(frame, j):
            bad.add(j)
        onward[j] = [follower for follower in followers if _carries(frame, j, follower)]
        stack += onward[j]
    for j in sorted(onward, reverse=True):  # Wires lead to higher numbers.
        if not bad.isdisjoint(onward[j]):
            bad.add(j)
    return bad.intersection(failed)


def _asked_for(frame: "Frame", j: int, followers: list[int]) -> bool:
    """Return whether a target was asked for; one that is a target for its effect alone leaves the judgement to what stands behind it."""
    plan = frame.plan
    return not (followers and plan.shapes[j].effect is Effect.EFFECT and frame.targets == plan.targets)


def _broke_off(frame: "Frame", j: int) -> bool:
    return any(frame.state[reader] == DONE for reader, _, _ in frame.plan.streams.get(j, ()))


def _followers(frame: "Frame", j: int) -> list[int]:
    plan = frame.plan
    lazy = [target for target, output in plan.lazies.get(j, ()) if arrive.asked(frame, target, plan.out0[j] + output)]
    every = [*plan.succ[j], *(edge[0] for edge in plan.streams.get(j, ())), *lazy]
    return [follower for follower in every if frame.ind[follower] < HALF]


def _carries(frame: "Frame", j: int, follower: int) -> bool:
    """Return whether what failed in or before `j` is, or will be, why `follower` does not run."""
    state = frame.state[follower]
    if frame.plan.shapes[follower].control is Control.OUTPUT:
        return True
    if state == CANCELLED and not frame.held:
        return False
    if DONE <= state < CANCELLED:
        return state not in (DONE, CACHED) and frame.extras.get(follower, {}).get("reason") == "upstream_error"
    return not _takes_errors(frame, j, follower)


def _takes_errors(frame: "Frame", j: int, follower: int) -> bool:
    """Return whether all wires from `j` to `follower` end in inputs that accept errors."""
    plan = frame.plan
    if any(plan.owner[slot] == j for slot in plan.after.get(follower, ())):
        return False
    ports = enumerate(plan.shapes[follower].inputs)
    return all(port.accepts_error for at, port in ports if any(plan.owner[slot] == j for slot in plan.sources(follower, at)))
