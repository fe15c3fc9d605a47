"""Reads log lines as a person would who looks for trouble. Pure but for the check itself."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from comfytavern.deploy.checks.finding import Fault, Left
from comfytavern.deploy.checks.machines import read
from comfytavern.deploy.checks.visit import Visit

BAD_LEVELS: Final = {"error", "critical", "exception"}
SHOWN: Final = 3


async def log(visit: Visit) -> str:
    """No errors and no tracebacks in what the hosts wrote since the release started."""
    lines, machines = list(visit.subject.log_lines or ()), await visit.machines()
    if visit.subject.log_lines is None and machines is None:
        raise Left("No log was given.", "Give --log FILE, or --file deploy.toml to read it from the hosts.")
    found = trouble(lines)
    for name, machine in read(machines or {}).items():
        found += Counter({f"{name}: {text}": times for text, times in trouble(machine.lines).items()})
        lines += machine.lines
    if found:
        listed = "; ".join(f"{text} ({times} times)" if times > 1 else text for text, times in found.most_common(SHOWN))
        raise Fault(f"{sum(found.values())} errors in the log: {listed}.", "See `comfytavern deploy logs`.")
    return f"{len(lines)} lines of log without an error."


def trouble(lines: Iterable[str]) -> Counter[str]:
    """Count the errors and tracebacks in `lines` (JSON or plain text) by what they say, shortened to 120 characters."""
    found: Counter[str] = Counter()
    for line in lines:
        document = _document(line)
        if document is None:
            if line.startswith("Traceback (most recent call last)") or " ERROR " in line or " CRITICAL " in line:
                found[line.strip()[:120]] += 1
        elif str(document.get("level", "")).lower() in BAD_LEVELS:
            found[str(document.get("event") or document.get("message") or "an error")[:120]] += 1
    return found


def _document(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        document = json.loads(line)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None  # pyright: ignore[reportUnknownVariableType] -- JSON of another program
