"""Everything in a value that a JSONPath finds."""

import importlib
from typing import Any

from comfytavern.nodes.sandbox.tasks.refusal import Refusal


def warm() -> None:
    """Load what the first job would have to wait for."""
    importlib.import_module("jsonpath")


def run(payload: dict[str, Any]) -> list[Any]:
    """Return the matches of `{path, value}` in document order."""
    import jsonpath  # noqa: PLC0415 -- only a worker pays for it

    try:
        return jsonpath.findall(payload["path"], payload["value"])
    except jsonpath.JSONPathError as error:
        said = str(error).partition("\n")[0]
        raise Refusal("text.json_path", f"This is not a JSONPath: {said}.", "A path looks like $.items[*].name") from error
    except (TypeError, RecursionError) as error:
        raise Refusal("text.json_path", f"The path does not fit this value: {error}") from error
