"""An instance of a JSON Schema, made without thinking."""

import math
from collections.abc import Mapping
from typing import Any, Final

_DEPTH_MAX: Final = 8
_TOP_SCORE: Final = 10


def sample(schema: Mapping[str, Any], *, text: str, number: int, depth: int = 0) -> Any:
    """Return a value that fits the schema: `text` for strings, `number` for numbers (kept within their limits).

    Knows type, properties, items, enum, const, default, minimum, maximum, maxLength, minItems, anyOf and oneOf; anything
    else in a schema is passed over, and nesting ends at eight levels.
    """
    for known in ("const", "default"):
        if known in schema:
            return schema[known]
    if schema.get("enum"):
        return schema["enum"][number % len(schema["enum"])]
    for choice in ("anyOf", "oneOf", "allOf"):
        if schema.get(choice):
            return sample(schema[choice][0], text=text, number=number, depth=depth + 1)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    return _of(kind[0] if isinstance(kind, list) and kind else str(kind), schema, text, number, depth)


def _of(kind: str, schema: Mapping[str, Any], text: str, number: int, depth: int) -> Any:
    match kind:
        case "object" if depth < _DEPTH_MAX:
            members: Mapping[str, Mapping[str, Any]] = schema.get("properties", {})
            return {name: sample(member, text=text, number=number, depth=depth + 1) for name, member in members.items()}
        case "array" if depth < _DEPTH_MAX:
            count = max(1, min(int(schema.get("minItems", 2)), _TOP_SCORE))
            return [sample(schema.get("items", {}), text=text, number=number, depth=depth + 1) for _ in range(count)]
        case "object":
            return {}
        case "array":
            return []
        case "integer" | "number":
            return max(schema.get("minimum", -math.inf), min(schema.get("maximum", math.inf), number))
        case "boolean":
            return number >= _TOP_SCORE - 2
        case "null":
            return None
        case _:
            return text[: schema.get("maxLength", len(text))]
