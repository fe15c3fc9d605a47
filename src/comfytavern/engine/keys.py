"""Cache keys (semantics, K1): what is fixed about a node, and the contents of the values that reach it.

Two kinds of key lead to one result. The *content key* is made when a node is about to run, from the values that arrived:
an unchanged value stops the wave of re-execution, whatever made it. The *recipe* is made from the graph alone and lets a
run skip everything behind a known result without looking at it. Digests are xxh3-128: keys are no security boundary,
since every user has a cache of their own.
"""

import struct
from typing import Any

from xxhash import xxh3_128_digest

from comfytavern.engine.digest import digest, encode, safe
from comfytavern.engine.implementation import DEAD, Style
from comfytavern.engine.plan import Plan, Shape
from comfytavern.graph.kinds import Control, Effect

Key = tuple[Any, ...]
_SHORT = 64
_COUNT_MAX = 4096
"""Values with more parts than this have no key of their content: encoding them would hold the loop."""
_CONSTANT = {True: b"true", False: b"false", None: b"null", DEAD: b"dead"}


def value_key(value: Any, size_max: int) -> Any:
    """Return something hashable that stands for the content of `value`, or None when that is too much work or impossible."""
    kind = value.__class__
    if kind is int or (kind is str and len(value) <= _SHORT):
        return value
    if kind is str:
        return xxh3_128_digest(b"s" + value.encode("utf-8", "surrogatepass"))
    if kind is float:
        return b"f" + struct.pack("<d", value)
    if kind is bytes:
        return xxh3_128_digest(b"b" + value)
    if kind is bool or value is None or value is DEAD:
        return _CONSTANT[value]
    if _parts(value, _COUNT_MAX) <= 0:
        return None
    try:
        encoded = encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return None
    return xxh3_128_digest(b"j" + encoded) if len(encoded) <= size_max else None


def _parts(value: Any, left: int) -> int:
    """Return how many parts of a budget of `left` remain after counting those of `value`."""
    pending = [value]
    while pending and left > 0:
        one = pending.pop()
        left -= 1
        if isinstance(one, dict):
            left -= len(one)
            pending += one.values()
        elif isinstance(one, list | tuple):
            pending += one
    return left


def seal(plan: Plan) -> None:
    """Fill in `statics`, `hot`, `no_recipes` and `wired` of a plan."""
    for i in range(plan.n):
        plan.wired.append(_wired(plan, i))
        plan.statics.append(static(plan, i))
    plan.hot = [fixed if _is_plain(shape) else None for fixed, shape in zip(plan.statics, plan.shapes, strict=True)]
    plan.no_recipes = [None] * plan.n


def _is_plain(shape: Shape) -> bool:
    special = shape.stream_ins or shape.lazy or shape.implementation.environment is not None
    return shape.effect is Effect.PURE and not special


def static(plan: Plan, i: int) -> bytes | None:
    """Return the key of all that is fixed about node `i`, or None when it is never reused."""
    shape = plan.shapes[i]
    kind = shape.kind
    if kind.effect is Effect.EFFECT or kind.control is not Control.NONE or shape.style is Style.WAIT or shape.muted:
        return None
    args, owner, vals0 = plan.args[i], plan.owner, plan.vals0
    fixed: list[Any] = [kind.id, kind.version, shape.implementation.code_version, len(shape.outputs)]
    for port, arg in zip(shape.inputs, args, strict=True):
        if port.cosmetic:
            continue
        if arg.__class__ is tuple:
            fixed.append((port.id, [safe(vals0[slot]) if owner[slot] < 0 else 1 for slot in arg]))
        else:
            fixed.append((port.id, 1) if owner[arg] >= 0 else (port.id, safe(vals0[arg]), 0))
    if i in plan.fallback:
        fixed.append([(at, safe(value)) for at, value in plan.fallback[i].items() if not shape.inputs[at].cosmetic])
    if kind.dynamic_outputs:
        fixed.append([port.id for port in shape.outputs])
    return digest(fixed)


def _wired(plan: Plan, i: int) -> tuple[int, ...]:
    args = plan.args[i]
    owner, inputs = plan.owner, plan.shapes[i].inputs
    slots: list[int] = []
    for port, arg in zip(inputs, args, strict=True):
        if not port.cosmetic:
            slots += [slot for slot in (arg if isinstance(arg, tuple) else (arg,)) if owner[slot] >= 0]
    wired = tuple(slots)
    return args if wired == args else wired


def recipes(plan: Plan, inputs: dict[str, Any], size_max: int) -> list[bytes | None]:
    """Return by node the key made from the graph and the run's inputs alone; None behind anything that is not `pure`.

    The last answer is kept in the plan: a run with the same inputs gets it for nothing.
    """
    known = {id: value_key(value, size_max) for id, value in inputs.items()}
    if plan.recipes is not None and plan.recipes[0] == known:
        return plan.recipes[1]
    table: list[bytes | None] = [None] * plan.n
    for i in range(plan.n):
        table[i] = recipe(plan, i, table, known)
    plan.recipes = known, table
    return table


def recipe(plan: Plan, i: int, table: list[bytes | None], inputs: dict[str, Any]) -> bytes | None:
    """Return the recipe of node `i`, given those of the nodes before it."""
    shape = plan.shapes[i]
    fixed = plan.statics[i]
    if i in plan.pins:
        fixed = digest([(at, safe(value)) for at, value in plan.pins[i].items()])
        return fixed if len(plan.pins[i]) >= shape.width else None
    if shape.control is Control.INPUT:
        parts = [inputs.get(port.id, b"") for port in shape.outputs]
        return None if None in parts else digest(parts)
    if fixed is None or shape.effect is not Effect.PURE or shape.implementation.environment is not None:
        return None
    parts = [fixed]
    for slot in plan.wired[i]:
        source = plan.owner[slot]
        above = table[source]
        if above is None:
            return None
        parts.append(above)
        if len(plan.shapes[source].outputs) > 1:
            parts.append(b"%d" % (slot - plan.out0[source]))
    return xxh3_128_digest(b"\0".join(parts)) if len(parts) > 1 else fixed


__all__ = ["Key", "digest", "recipe", "recipes", "seal", "static", "value_key"]
