"""What changed between two graphs, by id. Values are compared as JSON: 1, 1.0 and true differ."""

from collections.abc import Sequence
from typing import Any

import msgspec

from comfytavern.graph.document import Body, Graph, Group, Wire

Json = dict[str, Any]


def diff(old: Graph, new: Graph) -> Json:
    """Return the differences as JSON.

    `nodes`, `wires`, `frames` and `groups` are each `{"added": [id], "removed": [id], "changed": [{"id", "fields"}]}` in document
    order; a changed value is the field `values.PORT`. A changed group also has the differences of its body. `interface` has the same
    for `inputs` and `outputs`. `wires.reordered` lists the inputs `[node, port]` whose wires come in another order.
    """
    return {**_body(old, new), "groups": _groups(old.groups, new.groups)}


def _body(old: Body, new: Body) -> Json:
    wires = {**_rows(old.wires, new.wires), "reordered": _reordered(old.wires, new.wires)}
    interface = {side: _rows(getattr(old.interface, side), getattr(new.interface, side)) for side in ("inputs", "outputs")}
    return {"nodes": _rows(old.nodes, new.nodes), "wires": wires, "frames": _rows(old.frames, new.frames), "interface": interface}


def _groups(old: list[Group], new: list[Group]) -> Json:
    before = {group.id: group for group in old}
    changed: list[Json] = []
    for group in new:
        if group.id in before and _text(before[group.id]) != _text(group):
            fields = [field for field in _fields(before[group.id], group) if field not in Body.__struct_fields__]
            changed.append({"id": group.id, "fields": fields, **_body(before[group.id], group)})
    return {**_ids(before, {group.id: group for group in new}), "changed": changed}


def _rows(old: Sequence[Any], new: Sequence[Any]) -> Json:
    before, after = {row.id: row for row in old}, {row.id: row for row in new}
    pairs = [(before[id], row) for id, row in after.items() if id in before and before[id] is not row]
    changed = [{"id": row.id, "fields": fields} for was, row in pairs if (fields := _fields(was, row))]
    return {**_ids(before, after), "changed": changed}


def _ids(before: Json, after: Json) -> Json:
    return {"added": [id for id in after if id not in before], "removed": [id for id in before if id not in after]}


def _fields(was: msgspec.Struct, now: msgspec.Struct) -> list[str]:
    fields: list[str] = []
    for field in was.__struct_fields__:
        one, other = getattr(was, field), getattr(now, field)
        if field in ("values", "pins"):
            fields += [f"{field}.{name}" for name in {**one, **other} if _member(one, name) != _member(other, name)]
        elif one is not other and _text(one) != _text(other):
            fields.append(field)
    return fields


def _member(values: Json, name: str) -> bytes | None:
    return _text(values[name]) if name in values else None


def _text(value: Any) -> bytes:
    return msgspec.json.encode(value, order="deterministic")


def _reordered(old: list[Wire], new: list[Wire]) -> list[list[str]]:
    """Return the inputs whose wires, as far as both graphs have them, come in another order."""
    before, after = _by_input(old, {wire.id for wire in new}), _by_input(new, {wire.id for wire in old})
    return [list(target) for target, ids in after.items() if target in before and before[target] != ids and set(before[target]) == set(ids)]


def _by_input(wires: list[Wire], common: set[str]) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for wire in wires:
        if wire.id in common:
            found.setdefault((wire.target.node, wire.target.port), []).append(wire.id)
    return found
