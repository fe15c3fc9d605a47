"""A person's Python, run by Monty: no files, no network, no imports beyond a few of the standard library."""

import math
from datetime import date, time, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from comfytavern.nodes.sandbox.tasks.refusal import Refusal

if TYPE_CHECKING:
    from pydantic_monty import Monty, MontyError, MontySession

PRINTED_MAX = 64 * 1024


def warm() -> None:
    """Load what the first job would have to wait for."""
    _pool()


def run(payload: dict[str, Any]) -> dict[str, Any]:
    """Run `{code, inputs, outputs, time_s, memory_bytes}`.

    Returns `result` (the value of the last line, if it is an expression), `printed`, and `outputs`: the variables of
    those names that the code has set. Raises `Refusal` with the line of the mistake.
    """
    import pydantic_monty  # noqa: PLC0415 -- only a worker pays for it

    streams = pydantic_monty.CollectStreams()
    limits: pydantic_monty.ResourceLimits = {"max_feed_duration_secs": payload["time_s"], "max_memory": payload["memory_bytes"]}
    policy: pydantic_monty.OSPolicy = {"sleep": "zero"}
    try:
        with _pool().checkout(script_name="code", limits=limits, os_policy=policy) as session:
            result = session.feed_run(payload["code"], inputs=payload["inputs"], print_callback=streams)
            found = {name: value for name in payload["outputs"] for value in _variable(session, name)}
    except pydantic_monty.MontyCrashedError as error:
        raise Refusal("sandbox.memory", "The code used more memory or time than it may.") from error
    except pydantic_monty.MontyError as error:
        raise _refusal(error) from error
    printed = "".join(text for _, text in streams.output)
    return {
        "result": _plain(result, "the last line"),
        "outputs": {name: _plain(value, name) for name, value in found.items()},
        "printed": printed if len(printed) <= PRINTED_MAX else printed[:PRINTED_MAX] + "…",
    }


@cache
def _pool() -> "Monty":
    import pydantic_monty  # noqa: PLC0415 -- as above

    return pydantic_monty.Monty(max_processes=1, max_checkouts_per_worker=100).__enter__()


def _variable(session: "MontySession", name: str) -> list[Any]:
    """Return a list of the variable's value, or an empty one when the code did not set it."""
    import pydantic_monty  # noqa: PLC0415 -- as above

    if not name.isidentifier():
        raise Refusal("code.name", f"An output cannot be called {name!r}: use letters, digits and _.", name=name)
    try:
        return [session.feed_run(name)]
    except pydantic_monty.MontyError as error:
        if isinstance(error.exception(), NameError):
            return []
        raise


def _refusal(error: "MontyError") -> Refusal:
    import pydantic_monty  # noqa: PLC0415 -- as above

    cause = error.exception()
    if isinstance(cause, TimeoutError):
        return Refusal("sandbox.time", "The code ran too long and was stopped.", "Look for a loop that never ends, or allow more time.")
    if isinstance(cause, MemoryError):
        return Refusal("sandbox.memory", "The code used more memory than it may and was stopped.")
    frames = error.traceback() if isinstance(error, pydantic_monty.MontyRuntimeError | pydantic_monty.MontySyntaxError) else []
    line = frames[-1].line if frames else 0
    where = f" (line {line})" if line else ""
    if isinstance(error, pydantic_monty.MontySyntaxError):
        return Refusal("code.syntax", f"This is not Python: {error}{where}.", line=line)
    said = str(cause).replace("The monty syntax parser does not yet support", "This Python has no")
    return Refusal("code.failed", f"{type(cause).__name__}: {said}{where}", line=line, exception=type(cause).__name__)


def _plain(value: Any, name: str) -> Any:
    """Return the value as JSON can carry it; tuples, sets and dates are turned into lists and texts."""
    match value:
        case None | bool() | int() | str():
            return value
        case float() if math.isfinite(value):
            return value
        case list() | tuple() | set() | frozenset():
            return [_plain(item, name) for item in value]
        case dict():
            return {key if isinstance(key, str) else str(key): _plain(item, name) for key, item in value.items()}
        case date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case _:
            raise Refusal(
                "code.value",
                f"{name} is a {type(value).__name__} that cannot travel on a wire.",
                "Use numbers, texts, lists and dictionaries.",
                name=name,
            )
