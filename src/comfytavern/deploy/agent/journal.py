"""The write-ahead journal: a line before each change and one after it, both on the platter before we go on."""

from __future__ import annotations

import os
import time
from typing import Any

from . import disk
from .context import Context, now


def begin(context: Context, args: dict[str, Any]) -> float:
    """Say what is about to be done; return when that was."""
    _add(context, {"phase": "begin", "args": args})
    return time.monotonic()


def end(context: Context, began: float, answer: dict[str, Any]) -> None:
    """Say how it went."""
    outcome = {"ok": True} if answer["ok"] else {"ok": False, "code": answer["code"], "sentence": answer["sentence"]}
    _add(context, {"phase": "end", "ms": round((time.monotonic() - began) * 1000, 1), **outcome})


def _add(context: Context, entry: dict[str, Any]) -> None:
    line = {"at": now(), "verb": context.verb, "step": context.step, "fence": context.fence, **entry}
    disk.append_line(os.path.join(context.paths.state, "journal.jsonl"), line, 0o600)
