"""Checks a parsed TOML file against its values: every problem at once, with its line and, for a wrong key, the likely one."""

import difflib
import re
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from comfytavern.kernel.errors import Problem

Key = tuple[str, ...]


def problems(tree: dict[str, Any], kind: type[msgspec.Struct], text: str, at: Key = ()) -> list[Problem]:
    """Return everything in `tree` that `kind` does not allow; `text` is where it came from, for the lines."""
    found: list[Problem] = []
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    hints = get_type_hints(kind, include_extras=True)
    for key in tree:
        if key not in fields:
            likely = difflib.get_close_matches(key, fields, 1)
            more = f"; did you mean {likely[0]}?" if likely else f" (known: {', '.join(sorted(fields))})"
            found.append(problem((*at, key), text, f"there is no such key{more}"))
    for key, field in fields.items():
        if key in tree:
            found += _value(tree[key], hints[field.name], text, (*at, key))
        elif field.required:
            found.append(problem((*at, key), text, "is missing"))
    return found


def _value(value: Any, kind: Any, text: str, at: Key) -> list[Problem]:
    struct = _struct(kind)
    if struct and isinstance(value, dict):
        return problems(value, struct, text, at)
    if get_origin(kind) is dict and isinstance(value, dict):
        keys, values = get_args(kind)
        found = [each for key in value for each in _leaf(key, keys, text, (*at, key))]
        return found + [each for key, one in value.items() for each in _value(one, values, text, (*at, key))]
    return _leaf(value, kind, text, at)


def _struct(kind: Any) -> type[msgspec.Struct] | None:
    """Return the struct that `kind` is, or is unless it is None."""
    options = [each for each in get_args(kind) if each is not type(None)] or [kind]
    only = options[0] if len(options) == 1 else kind
    return only if isinstance(only, type) and issubclass(only, msgspec.Struct) else None


def _leaf(value: Any, kind: Any, text: str, at: Key) -> list[Problem]:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        said = str(error)
        return [problem(at, text, said[:1].lower() + said[1:])]
    return []


def problem(at: Key, text: str, said: str) -> Problem:
    """Return a problem with the key `at`, worded with its line when the key stands in `text`."""
    line = line_of(at, text)
    where = f"line {line}: " if line else ""
    return Problem(code="deploy.spec", message=f"{where}{'.'.join(at)}: {said}", place={"field": ".".join(at)}, params={"line": line})


def line_of(at: Key, text: str) -> int | None:
    """Return the line (from 1) where a key is set, or the nearest table around it begins; None when neither stands in the text."""
    lines = _lines(text)
    while at:
        if at in lines:
            return lines[at]
        at = at[:-1]
    return None


def _lines(text: str) -> dict[Key, int]:
    """Return the line of every table and every plain `key = value`; good enough to point a person to the place."""
    found: dict[Key, int] = {}
    table: Key = ()
    for number, row in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]", row):
            table = _key(header[1])
            found.setdefault(table, number)
        elif assigned := re.match(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""", row):
            found.setdefault(table + _key(assigned[1]), number)
    return found


def _key(dotted: str) -> Key:
    return tuple(part.strip("\"'") for part in re.findall(r"""[\w-]+|"[^"]*"|'[^']*'""", dotted))
