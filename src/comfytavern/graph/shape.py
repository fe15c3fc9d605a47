"""Every way in which JSON is not of a struct's shape, at once (msgspec itself stops at the first)."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

from comfytavern.graph.problems import problem
from comfytavern.graph.types import name_of
from comfytavern.kernel.errors import Problem

COMPLAINTS_MAX = 1000
"""So that a huge broken document does not become a huge answer."""


def complaints(value: Any, struct: type) -> list[Problem]:
    """Return what keeps `value` (decoded JSON) from being a `struct`; each place is a JSON path in `field`."""
    found: list[Problem] = []
    for complaint in _walk(value, _info(struct), "$"):
        found.append(complaint)
        if len(found) == COMPLAINTS_MAX:
            break
    return found


@cache
def _info(struct: type) -> inspect.Type:
    return inspect.type_info(struct)


def _walk(value: Any, wanted: inspect.Type, path: str) -> Iterator[Problem]:
    match wanted:
        case inspect.StructType(array_like=True):
            yield from _walk_tuple(value, wanted, path)
        case inspect.StructType():
            yield from _walk_object(value, wanted, path) if isinstance(value, dict) else _wrong(value, "an object", path)
        case inspect.ListType():
            yield from _walk_list(value, wanted.item_type, path) if isinstance(value, list) else _wrong(value, "an array", path)
        case inspect.DictType():
            yield from () if isinstance(value, dict) else _wrong(value, "an object", path)
        case inspect.EnumType():
            choices = [str(member.value) for member in wanted.cls]
            if value not in choices:
                yield problem("graph.bad_choice", {"field": path}, field=path, choices=", ".join(choices), got=_short(value))
        case inspect.UnionType():
            yield from _walk_union(value, wanted, path)
        case _:
            yield from () if _fits(value, wanted) else _wrong(value, _name(wanted), path)


def _walk_object(value: dict[str, Any], wanted: inspect.StructType, path: str) -> Iterator[Problem]:
    for field in wanted.fields:
        if field.name in value and field.name != "extra":
            yield from _walk(value[field.name], field.type, f"{path}.{field.name}")
        elif field.required:
            yield problem("graph.member_missing", {"field": f"{path}.{field.name}"}, field=f"{path}.{field.name}")


def _walk_list(value: list[Any], item: inspect.Type, path: str) -> Iterator[Problem]:
    for index, one in enumerate(value):
        yield from _walk(one, item, f"{path}[{index}]")


def _walk_tuple(value: Any, wanted: inspect.StructType, path: str) -> Iterator[Problem]:
    names = [field.name for field in wanted.fields]
    if not isinstance(value, list) or len(value) != len(names):
        yield from _wrong(value, f"[{', '.join(names)}]", path)
        return
    for index, field in enumerate(wanted.fields):
        yield from _walk(value[index], field.type, f"{path}[{index}]")


def _walk_union(value: Any, wanted: inspect.UnionType, path: str) -> Iterator[Problem]:
    struct = next((one for one in wanted.types if isinstance(one, inspect.StructType)), None)
    if struct is not None and isinstance(value, dict):
        yield from _walk(value, struct, path)
    elif not any(_fits(value, one) for one in wanted.types):
        yield from _wrong(value, " or ".join(_name(one) for one in wanted.types), path)


def _fits(value: Any, wanted: inspect.Type) -> bool:
    try:
        msgspec.convert(value, _PLAIN[type(wanted)])
    except msgspec.ValidationError:
        return False
    return True


def _wrong(value: Any, expected: str, path: str) -> Iterator[Problem]:
    got = f"an array of {len(value)}" if isinstance(value, list) else name_of(value)
    yield problem("graph.wrong_type", {"field": path}, field=path, expected=expected, got=got)


def _short(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 40 else text[:39] + "…"


def _name(wanted: inspect.Type) -> str:
    return _NAMES[type(wanted)]


_PLAIN: dict[type, Any] = {
    inspect.AnyType: Any,
    inspect.NoneType: None,
    inspect.BoolType: bool,
    inspect.IntType: int,
    inspect.FloatType: float,
    inspect.StrType: str,
    inspect.StructType: dict,
    inspect.DictType: dict,
    inspect.ListType: list,
}
_NAMES: dict[type, str] = {
    inspect.NoneType: "null",
    inspect.BoolType: "a boolean",
    inspect.IntType: "an integer",
    inspect.FloatType: "a number",
    inspect.StrType: "a string",
    inspect.StructType: "an object",
    inspect.DictType: "an object",
    inspect.ListType: "an array",
}
