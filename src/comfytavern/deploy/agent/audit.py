"""What was done here, by whom, in a chain: each line carries the hash of the one before, so that no line changes or goes unseen.

A line is added after the thing it tells of. The last lines could be cut off without breaking the chain; therefore each line of the
ledger carries the audit's head as it was, and `audit_verify` looks for every one of them.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from . import disk
from .context import Context, group_of, now

try:
    from _sha256 import sha256  # type: ignore[import-not-found] -- the interpreter's own: OpenSSL takes 4 ms to load
except ImportError:
    from hashlib import sha256

if TYPE_CHECKING:
    from .paths import Paths

START = "0" * 64


def add(paths: Paths, what: str, **details: Any) -> str:
    """Add a line and return its hash, the new head of the chain."""
    file = _file(paths)
    with disk.held(os.path.join(paths.state, "audit.mutex")):
        last = disk.tail(file)
        entry = {"n": last["n"] + 1 if last else 1, "at": now(), "what": what, **details, "prev": last["hash"] if last else START}
        entry["hash"] = _hash(entry)
        disk.append_line(file, entry)
        owner = group_of(paths.state)
        if last is None and owner:
            os.chown(file, *owner)
        return entry["hash"]


def head(paths: Paths) -> str:
    """Return the hash of the last line."""
    last = disk.tail(_file(paths))
    return last["hash"] if last else START


def audit(context: Context, limit: int = 100) -> dict[str, Any]:
    """Return the last lines, oldest first."""
    return {"items": disk.lines(_file(context.paths), last=limit)}


def audit_verify(context: Context) -> dict[str, Any]:
    """Follow the whole chain: {ok, lines, head, broken: number of the first line that does not fit, or null, problem}."""
    known = {START}
    previous, count = START, 0
    for row in (disk.read(_file(context.paths)) or b"").split(b"\n"):
        if not row:
            continue
        count += 1
        problem, previous = _problem(row, count, previous)
        if problem:
            return {"ok": False, "lines": count, "head": previous, "broken": count, "problem": problem}
        known.add(previous)
    for entry in disk.lines(os.path.join(context.paths.state, "ledger.jsonl")):
        if entry.get("audit") not in known:
            problem = f"The ledger knows a line of the audit ({entry.get('audit')}) that is gone."
            return {"ok": False, "lines": count, "head": previous, "broken": count + 1, "problem": problem}
    return {"ok": True, "lines": count, "head": previous, "broken": None, "problem": None}


def _problem(row: bytes, number: int, previous: str) -> tuple[str, str]:
    try:
        entry = json.loads(row)
        claimed = entry.pop("hash")
        if entry["n"] != number:
            return f"Line {int(number)} says it is line {entry['n']}.", previous
        if entry["prev"] != previous:
            return f"Line {int(number)} does not continue the line before it.", previous
    except (ValueError, KeyError, AttributeError):
        return f"Line {int(number)} is not a line of the audit.", previous
    if claimed != _hash(entry):
        return f"Line {int(number)} was changed.", previous
    return "", claimed


def _hash(entry: dict[str, Any]) -> str:
    content = {key: value for key, value in entry.items() if key != "hash"}
    return sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _file(paths: Paths) -> str:
    return os.path.join(paths.state, "audit.jsonl")
