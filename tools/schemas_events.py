"""Write schemas/events.json and docs/reference/events.md from kernel/events.py; with --check, fail when they would change."""

import ast
import inspect
import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import msgspec

from comfytavern.kernel import events

ROOT = Path(__file__).resolve().parent.parent
KINDS: tuple[type[events.Event], ...] = get_args(events.RunEvent)
INTRO = """# Run events

What a run tells the world while it goes on. This page and [schemas/events.json](../../schemas/events.json) are made from
`src/comfytavern/kernel/events.py` by `make schemas`.

A client gets events over the WebSocket (`events` messages), as server-sent events or as JSON (`GET /api/runs/{id}/events?after=seq`).

- Every event has `kind`, `seq` (from 1, without gaps per run) and `t` (milliseconds since the run started). Members that are left
  out have their default.
- The state of a run is the fold of its events from any snapshot (`GET /api/runs/{id}`, with its `seq`) and the tail after it. A
  snapshot may already show what a later event tells again: states replace states, and a text delta is written at its `offset`.
- About 60 batches come per second at most, however much happens. Node states are the latest of each node; text is never lost,
  but joined; previews are the latest only.
- Exactly one terminal event comes: `run` with the state `ok`, `failed` or `cancelled`. Nothing comes after it.
- A client that asks for events which are no longer kept (more than 50,000 node changes later) gets one catch-up first: events
  from nothing to the present that all carry the same `seq`, up to which they stand.
- Node states: `idle`, `queued`, `running`, `waiting` (for a person or the clock), `unknown` (an effect that may or may not have
  happened before a crash), and the terminal `done`, `cached`, `skipped`, `failed`, `cancelled`. A node without an event is idle.
"""


def schema() -> dict[str, Any]:
    """Return JSON Schema 2020-12 of one event."""
    schemas, definitions = msgspec.json.schema_components([events.RunEvent], ref_template="#/$defs/{name}")
    for kind in KINDS:
        definitions[kind.__name__]["description"] = _summary(kind)
        for member, text in _members(kind).items():
            definitions[kind.__name__]["properties"][member]["description"] = text
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "ComfyTavern run event", **schemas[0], "$defs": definitions}


def page() -> str:
    """Return the reference page."""
    parts = [INTRO]
    for kind in KINDS:
        parts.append(f"\n## `{kind.__struct_config__.tag}`\n\n{_summary(kind)}\n\n| member | type | what it is |\n| --- | --- | --- |\n")
        texts = _members(kind)
        for field in msgspec.structs.fields(kind):
            if field.name not in ("seq", "t"):
                shown = ast.unparse(_annotation(kind, field.name)).replace("|", "\\|")
                parts.append(f"| `{field.name}` | `{shown}` | {texts.get(field.name, '').replace('|', chr(92) + '|')} |\n")
    return "".join(parts)


def _summary(kind: type) -> str:
    return " ".join(inspect.cleandoc(kind.__doc__ or "").split())


def _struct(kind: type) -> ast.ClassDef:
    return next(one for one in ast.parse(inspect.getsource(events)).body if isinstance(one, ast.ClassDef) and one.name == kind.__name__)


def _annotation(kind: type, member: str) -> ast.expr:
    body = _struct(kind).body
    return next(one.annotation for one in body if isinstance(one, ast.AnnAssign) and getattr(one.target, "id", "") == member)


def _members(kind: type) -> dict[str, str]:
    """Return the text below each member."""
    texts: dict[str, str] = {}
    body = _struct(kind).body
    for member, below in pairwise(body):
        if isinstance(member, ast.AnnAssign) and isinstance(member.target, ast.Name) and isinstance(below, ast.Expr):
            texts[member.target.id] = " ".join(str(ast.literal_eval(below.value)).split())
    return texts


def main() -> int:
    """Return the exit code."""
    made = {
        ROOT / "schemas" / "events.json": json.dumps(schema(), indent=1, ensure_ascii=False) + "\n",
        ROOT / "docs" / "reference" / "events.md": page(),
    }
    if "--check" in sys.argv:
        return int(any(not path.is_file() or path.read_text(encoding="utf-8") != text for path, text in made.items()))
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
