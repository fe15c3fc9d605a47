"""What of an event may leave: no request, no person, no value of a variable, nobody's long words; secrets are taken out of the rest."""

import re
from typing import Any, Final

from comfytavern.boot.redact import Redact

DROPPED: Final = frozenset({"request", "user", "breadcrumbs", "extra", "modules", "server_name", "spans", "_meta"})
CUT: Final = "[cut]"
LETTERS_MAX: Final = 500
_QUOTED: Final = re.compile(r"'(?:[^'\\\n]|\\.){24,}'|\"(?:[^\"\\\n]|\\.){24,}\"|“[^”\n]{24,}”", re.DOTALL)
"""What a message quotes at length may be what somebody has written."""
_QUERY: Final = re.compile(r"(https?://[^\s?#\"']+)[?#][^\s\"']*")


def scrubbed(event: dict[str, Any], redact: Redact) -> dict[str, Any]:
    """Return an event of Sentry with what may leave."""
    kept = {name: value for name, value in event.items() if name not in DROPPED}
    for exception in _exceptions(kept):
        if isinstance(exception.get("value"), str):
            exception["value"] = short(exception["value"])
        for frame in (exception.get("stacktrace") or {}).get("frames") or ():
            if isinstance(frame, dict):
                frame.pop("vars", None)
    for holder, name in ((kept, "message"), (kept.get("logentry"), "message"), (kept.get("logentry"), "formatted")):
        if isinstance(holder, dict) and isinstance(holder.get(name), str):
            holder[name] = short(holder[name])
    if isinstance(kept.get("logentry"), dict):
        kept["logentry"].pop("params", None)
    return _walk(kept, redact)


def short(text: str) -> str:
    """Return a message without what it quotes at length, and not longer than LETTERS_MAX."""
    text = _QUOTED.sub(CUT, text)
    return text if len(text) <= LETTERS_MAX else text[:LETTERS_MAX] + CUT


def _exceptions(event: dict[str, Any]) -> list[dict[str, Any]]:
    found = event.get("exception")
    values = found.get("values") if isinstance(found, dict) else found
    return [one for one in values or () if isinstance(one, dict)] if isinstance(values, list) else []


def _walk(value: Any, redact: Redact) -> Any:
    if isinstance(value, str):
        return redact(_QUERY.sub(r"\1", value))
    if isinstance(value, dict):
        return {name: _walk(inner, redact) for name, inner in value.items()}
    return [_walk(inner, redact) for inner in value] if isinstance(value, list | tuple) else value
