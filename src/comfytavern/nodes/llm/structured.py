"""Structured answers: JSON that was asked for by a schema."""

import re
from typing import Any

import msgspec

from comfytavern.nodes.kit import Failure

_FENCE = re.compile(r"\A\s*```[a-zA-Z]*\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL)
_SHOWN_MAX = 300


def check_schema(schema: dict[str, Any]) -> None:
    """Raise `Failure` (`llm.schema`) unless it is a JSON Schema: better before the model is asked than after."""
    from jsonschema import SchemaError  # noqa: PLC0415 -- 80 ms that only structured answers need
    from jsonschema.validators import validator_for  # noqa: PLC0415 -- as above

    try:
        validator_for(schema).check_schema(schema)
    except SchemaError as error:
        raise Failure(
            "llm.schema", f"The schema is not a JSON Schema: {error.message}.", hint="Correct the schema of this node."
        ) from error


def parse_structured(text: str, schema: dict[str, Any]) -> Any:
    """Return the JSON value of a reply, taken out of a code fence if it stands in one.

    Raises `Failure` (`llm.not_structured`) when it is no JSON or does not fit the schema.
    """
    from jsonschema import ValidationError, validate  # noqa: PLC0415 -- as above

    fenced = _FENCE.match(text)
    try:
        value = msgspec.json.decode(fenced.group(1) if fenced else text)
        validate(value, schema)
    except msgspec.DecodeError as error:
        raise _failure("it is not JSON", text) from error
    except ValidationError as error:
        raise _failure(f"{error.json_path}: {error.message}", text) from error
    return value


def _failure(why: str, text: str) -> Failure:
    hint = "Run again, raise the longest reply, or choose a model that can answer as JSON."
    return Failure("llm.not_structured", f"The reply does not follow the schema: {why}.", hint=hint, why=why, reply=text[:_SHOWN_MAX])
