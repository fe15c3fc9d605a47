"""Many calls over one channel: starting Python and a channel costs ten times what a switch does.

Each line on stdin is a call {verb, args, fence, step}; each gets its progress and its answer as always. Calls that take their time, or
read stdin, have a channel of their own.
"""

from __future__ import annotations

import gc
import importlib
import json
from typing import Any

from . import main
from .context import Context
from .failures import Failed
from .verbs import VERBS

SOON = ("lock", "facts", "switch", "ledger", "bake", "http")
"""What most sessions need: it is read while the caller still talks to other hosts."""


def session(context: Context) -> dict[str, Any]:
    """Answer calls until stdin ends; return how many there were."""
    for name in SOON:
        importlib.import_module("." + name, __package__)
    gc.freeze()  # Steps are forks of ours: what nobody touches is not copied.
    calls = 0
    for row in iter(context.stdin.readline, b""):
        calls += 1
        main.emit(_answer(context, row))
    return {"calls": calls}


def _answer(context: Context, row: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(row)
        if asked.get("verb") not in VERBS or asked["verb"] == context.verb:
            return main.refusal(Failed("deploy.bad_call", f"There is no such call: {asked.get('verb')}."))
        call = Context(context.paths, asked["verb"], fence=asked.get("fence"), step=asked.get("step"))
        return main.perform(call, asked.get("args") or {})
    except Failed as failure:
        return main.refusal(failure)
    except ValueError as error:
        return main.refusal(Failed("deploy.bad_call", f"The call cannot be read: {error}"))
