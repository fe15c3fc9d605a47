"""Values of inputs as they are typed: `name=value`, or `name=@file` for what a file holds."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec

from comfytavern.kernel.errors import Invalid, Problem

HINT: Final = "For example: -i question=Why? or -i question=@question.txt"


def document(graph: Path) -> dict[str, Any]:
    """Return the graph in a file (- is standard input), which may be an exported workflow. Raises `Invalid` (`cli.graph`)."""
    try:
        found = msgspec.json.decode(sys.stdin.buffer.read() if str(graph) == "-" else graph.read_bytes())
    except OSError as error:
        raise Invalid("cli.graph", f"{graph} cannot be read: {error.strerror}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid("cli.graph", f"{graph} is not valid JSON: {error}.") from error
    exported = isinstance(found, dict) and isinstance(found.get("graph"), dict)
    graph_found: Any = found["graph"] if exported else found
    if not isinstance(graph_found, dict):
        raise Invalid("cli.graph", f"{graph} holds no graph: a JSON object is needed.")
    return graph_found


def values(graph: dict[str, Any], typed: Iterable[str]) -> dict[str, Any]:
    """Return the inputs by the types of the graph's interface. Raises `Invalid` (`cli.input`) with every problem."""
    types, problems = _types(graph), list[Problem]()
    found: dict[str, Any] = {}
    for text in typed:
        name, equals, value = text.partition("=")
        try:
            found[name] = value_of(name, _content(name, value), types.get(name, "any"))
        except Invalid as failure:
            problems.append(Problem(code=failure.code, message=failure.sentence, place={"field": name}))
        if not equals or not name:
            problems.append(Problem(code="cli.input", message=f"{text!r} is not NAME=VALUE."))
    if problems:
        raise Invalid("cli.input", "Some inputs cannot be used.", hint=HINT).with_problems(problems)
    return found


def value_of(name: str, text: str, type: str) -> Any:
    """Return what `text` means for an input of a type: as it stands for text, else JSON; anything goes where the type is any."""
    if type == "string":
        return text
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        if type in {"integer", "float", "boolean", "object", "array"}:
            raise Invalid("cli.input", f"{name} needs a value of type {type} in JSON, not {text[:40]!r}.") from None
        return text


def _content(name: str, value: str) -> str:
    if not value.startswith("@"):
        return value
    try:
        return Path(value[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = (error.strerror or str(error)) if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Invalid("cli.input", f"{name}: {value[1:]} cannot be read: {why}.") from error


def _types(graph: dict[str, Any]) -> dict[str, str]:
    """Return the types of the interface as far as they can be read; what is malformed is the graph room's to tell."""
    interface: Any = graph.get("interface")
    ports: Any = interface.get("inputs") if isinstance(interface, dict) else None
    rows: list[Any] = ports if isinstance(ports, list) else []
    return {str(row["id"]): str(row.get("type", "any")) for row in rows if isinstance(row, dict) and "id" in row}
