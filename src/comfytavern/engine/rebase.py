"""A plan for a graph in which only typed-in values have changed: what is the same is shared, so that an edit costs microseconds."""

from copy import copy
from heapq import heapify, heappop, heappush
from typing import Any

from msgspec.structs import replace

from comfytavern.engine import keys
from comfytavern.engine.plan import Plan
from comfytavern.graph.checks.values import value_fits
from comfytavern.graph.document import Graph, Node
from comfytavern.graph.kinds import Control


def rebase(base: Plan, graph: Graph) -> Plan | None:
    """Return a plan for `graph` made from that of an earlier version, or None when more than values has changed.

    The new values are checked; nothing else can have become wrong.
    """
    changed = _changed(base, graph)
    if changed is None:
        return None
    plan = copy(base)
    plan.document, plan.known_hash = graph, None
    plan.vals0, plan.owner, plan.args = base.vals0[:], base.owner[:], base.args[:]
    plan.statics, plan.hot = base.statics[:], base.hot[:]
    for i, values in changed.items():
        args = list(plan.args[i])
        for position, value in values.items():
            args[position] = len(plan.vals0)
            plan.vals0.append(value)
            plan.owner.append(-1)
        plan.args[i] = tuple(args)
        plan.statics[i] = keys.static(plan, i)
        plan.hot[i] = plan.statics[i] if base.hot[i] is not None else None
    if plan.recipes is not None:
        plan.recipes = plan.recipes[0], _recipes(plan, changed)
    return plan


def _changed(base: Plan, graph: Graph) -> dict[int, dict[int, Any]] | None:
    old = base.document
    if old is None or len(old.nodes) != len(graph.nodes):
        return None
    if (old.wires, old.groups, old.interface) != (graph.wires, graph.groups, graph.interface):
        return None
    changed: dict[int, dict[int, Any]] = {}
    for before, after in zip(old.nodes, graph.nodes, strict=True):
        if before is not after and before != after:
            i = base.find(before.id)
            values = None if i is None else _values(base, i, before, after)
            if i is None or values is None:
                return None
            if values:
                changed[i] = values
    return changed


def _values(plan: Plan, i: int, before: Node, after: Node) -> dict[int, Any] | None:
    """Return the new values of unwired inputs by position; None when the difference is of another kind."""
    shown = {"look": after.look, "name": after.name, "description": after.description, "frame": after.frame}
    shape = plan.shapes[i]
    kind = shape.kind
    if replace(before, values=after.values, **shown) != after or before.values.keys() != after.values.keys():
        return None
    if kind.control is not Control.NONE or kind.dynamic_inputs or kind.dynamic_outputs or kind.modes:
        return {} if before.values == after.values else None
    positions = {port.id: position for position, port in enumerate(shape.inputs)}
    values: dict[int, Any] = {}
    for id, value in after.values.items():
        if value != before.values[id] or value.__class__ is not before.values[id].__class__:
            position = positions.get(id)
            if position is None or value is None or shape.inputs[position].many or plan.sources(i, position):
                return None
            if not value_fits(value, shape.inputs[position]):
                return None
            values[position] = value
    return values


def _recipes(plan: Plan, changed: dict[int, dict[int, Any]]) -> list[bytes | None]:
    """Return the recipes again: only those of what hangs on a change are made anew."""
    assert plan.recipes is not None  # noqa: S101 -- the caller looked
    known, table = plan.recipes[0], plan.recipes[1][:]
    heap, seen = list(changed), set(changed)
    heapify(heap)
    while heap:
        i = heappop(heap)
        table[i] = keys.recipe(plan, i, table, known)
        for target in (*plan.succ[i], *(edge[0] for edge in plan.streams.get(i, ())), *(edge[0] for edge in plan.lazies.get(i, ()))):
            if target not in seen:
                seen.add(target)
                heappush(heap, target)
    return table
