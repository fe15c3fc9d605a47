"""Data types, tags, and the one rule that says which wire may be drawn and what happens to a value on it."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, Protocol, cast

import msgspec

from comfytavern.kernel.errors import Invalid


class Type(StrEnum):
    """The type of what travels on a wire."""

    STRING = "string"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    OBJECT = "object"
    ARRAY = "array"
    BINARY = "binary"
    IMAGE = "image"
    AUDIO = "audio"
    MESSAGE = "message"
    MESSAGES = "messages"
    ANY = "any"


MAPPED = "mapped"
"""Tag of the inputs a Map takes apart: they accept a list, or a stream chunk by chunk."""

_WIDENS = {
    (Type.INTEGER, Type.FLOAT),
    (Type.INTEGER, Type.STRING),
    (Type.FLOAT, Type.STRING),
    (Type.BOOLEAN, Type.STRING),
}
_LISTS = (Type.ARRAY, Type.MESSAGES)


class Socket(Protocol):
    """What the rule looks at. `kinds.Port` is one."""

    @property
    def type(self) -> Type:
        """The type of one value, or of one chunk of a stream."""
        ...

    @property
    def tags(self) -> Sequence[str]:
        """Semantic tags."""
        ...

    @property
    def stream(self) -> bool:
        """Whether chunks travel."""
        ...

    @property
    def convertible(self) -> bool:
        """Whether it still takes any type."""
        ...


def connects(source: Socket, target: Socket, *, each: bool = False) -> bool:
    """Return whether a wire may go from the output `source` to the input `target`."""
    return refusal(source, target, each=each) is None


def refusal(source: Socket, target: Socket, *, each: bool = False) -> str | None:
    """Return why a wire may not be drawn, as a problem code, or None when it may.

    In order: any or convertible accepts all; a shared tag; the same type; integer to float; number or boolean to string.
    A list into a single value is `graph.list_into_one`: the fix is to map over it (`each`).
    """
    if MAPPED in target.tags and source.stream:
        return None
    arrives = arriving_type(source, target)
    if each:
        return _refusal_each(source, arrives, target)
    if Type.ANY in (arrives, target.type) or source.convertible or target.convertible:
        return None
    if arrives is source.type and not set(source.tags).isdisjoint(target.tags):
        return None
    if arrives is target.type or (arrives, target.type) in _WIDENS:
        return None
    return "graph.list_into_one" if arrives in _LISTS and target.type not in _LISTS else "graph.wire_type"


def arriving_type(source: Socket, target: Socket) -> Type:
    """Return the type that arrives at `target`: a stream read by a value input is gathered (semantics, S2)."""
    if not source.stream or target.stream or source.type in (Type.STRING, Type.BINARY, Type.ANY):
        return source.type
    return Type.MESSAGES if source.type is Type.MESSAGE else Type.ARRAY


def _refusal_each(source: Socket, arrives: Type, target: Socket) -> str | None:
    if source.stream and not target.stream:
        return refusal(_Element(source.type, source.tags), target)
    if arrives is Type.MESSAGES:
        return refusal(_Element(Type.MESSAGE, ()), target)
    return None if arrives in (Type.ARRAY, Type.ANY) or source.convertible else "graph.each_of_one"


class _Element(msgspec.Struct, frozen=True):
    """One item of what a list or a stream holds."""

    type: Type
    tags: Sequence[str]
    stream: bool = False
    convertible: bool = False


def check(value: Any, type: Type) -> bool:
    """Return whether `value` is of `type` as it stands. A boolean is not a number; an integer is also a float."""
    return _CHECK[type](value)


def _is_float(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_file(value: Any) -> bool:
    """Bytes, a file URI, or a reference."""
    return isinstance(value, str | bytes | dict)


def _is_message(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(cast("dict[Any, Any]", value).get("role"), str)


_CHECK: dict[Type, Callable[[Any], bool]] = {
    Type.ANY: lambda value: True,  # noqa: ARG005 -- everything is of type any
    Type.STRING: lambda value: isinstance(value, str),
    Type.INTEGER: lambda value: isinstance(value, int) and not isinstance(value, bool),
    Type.FLOAT: _is_float,
    Type.BOOLEAN: lambda value: isinstance(value, bool),
    Type.OBJECT: lambda value: isinstance(value, dict),
    Type.ARRAY: lambda value: isinstance(value, list),
    Type.BINARY: _is_file,
    Type.IMAGE: _is_file,
    Type.AUDIO: _is_file,
    Type.MESSAGE: _is_message,
    Type.MESSAGES: lambda value: isinstance(value, list) and all(map(_is_message, cast("list[Any]", value))),
}


def convert(value: Any, to: Type) -> Any:
    """Return `value` as type `to`; the very same value when it is one already.

    Whatever `connects` allows between two plain types succeeds. Beyond that (from `any`, or through a shared tag) text
    is parsed and structures are written as JSON. Raises `Invalid` (`graph.convert`) when there is no faithful way.
    """
    if check(value, to) and not (to is Type.FLOAT and isinstance(value, int)):
        return value
    try:
        return _CONVERT[to](value)
    except (ValueError, TypeError, OverflowError, RecursionError, KeyError):
        raise Invalid(
            "graph.convert",
            f"This needs {to}, but got {name_of(value)}.",
            hint="Put a node that converts it in between.",
            to=str(to),
            got=name_of(value),
        ) from None


def name_of(value: Any) -> str:
    """Return the JSON name of a value's type, for messages."""
    for name, types in _NAMES:
        if isinstance(value, types):
            return name
    return type(value).__name__


_NAMES: list[tuple[str, Any]] = [  # in this order: a boolean is also an integer
    ("null", type(None)),
    ("boolean", bool),
    ("integer", int),
    ("float", float),
    ("string", str),
    ("array", (list, tuple)),
    ("object", dict),
    ("binary", (bytes, bytearray, memoryview)),
]


def _to_string(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case int() | float():
            return str(value)
        case bytes():
            return value.decode()
        case dict() | list() | tuple():
            return msgspec.json.encode(value).decode()
        case _:
            raise TypeError


def _to_integer(value: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        return int(value.strip())
    raise TypeError


def _to_float(value: Any) -> float:
    if isinstance(value, int | str) and not isinstance(value, bool):
        return float(value)
    raise TypeError


def _to_boolean(value: Any) -> bool:
    return {"true": True, "false": False}[value.strip().lower() if isinstance(value, str) else ""]


def _to_object(value: Any) -> dict[str, Any]:
    return msgspec.json.decode(_text(value), type=dict[str, Any])


def _to_array(value: Any) -> list[Any]:
    return list(cast("tuple[Any, ...]", value)) if isinstance(value, tuple) else msgspec.json.decode(_text(value), type=list[Any])


def _to_bytes(value: Any) -> bytes:
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    raise TypeError


def _to_message(value: Any) -> dict[str, Any]:
    return {"role": "user", "content": _text(value)}


def _to_messages(value: Any) -> list[dict[str, Any]]:
    items: list[Any] = list(cast("list[Any]", value)) if isinstance(value, list | tuple) else [value]
    return [item if _is_message(item) else _to_message(item) for item in items]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise TypeError


def _same(value: Any) -> Any:
    return value


_CONVERT: dict[Type, Callable[[Any], Any]] = {
    Type.ANY: _same,
    Type.STRING: _to_string,
    Type.INTEGER: _to_integer,
    Type.FLOAT: _to_float,
    Type.BOOLEAN: _to_boolean,
    Type.OBJECT: _to_object,
    Type.ARRAY: _to_array,
    Type.BINARY: _to_bytes,
    Type.IMAGE: _to_bytes,
    Type.AUDIO: _to_bytes,
    Type.MESSAGE: _to_message,
    Type.MESSAGES: _to_messages,
}
