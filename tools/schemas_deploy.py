"""Write schemas/deploy.json and docs/reference/deploy-toml.md from deploy/spec.py; with --check, fail when they would change."""

import ast
import inspect
import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from comfytavern.deploy import spec

ROOT = Path(__file__).resolve().parent.parent
SECTIONS: list[tuple[str, type[msgspec.Struct]]] = [
    ("(top)", spec.Layout),
    ("[ssh]", spec.Ssh),
    ("[hosts.NAME]", spec.Machine),
    ("[tls]", spec.Tls),
    ("[strategy]", spec.Strategy),
    ("[container]", spec.Container),
    ("[database]", spec.Database),
    ("[deadlines]", spec.Deadlines),
    ("[notify]", spec.Notify),
]
INTRO = """# deploy.toml

What `comfytavern deploy` is told: which hosts, how, and with what. Unknown keys and bad values are refused, all at once, each with its
line. [schemas/deploy.json](../../schemas/deploy.json) is for your editor (`#:schema` in Even Better TOML), and
[examples/deploy/deploy.toml](../../examples/deploy/deploy.toml) is a whole file. This page is made from
`src/comfytavern/deploy/spec.py` by `make schemas`.

- Passwords and keys never stand in the file. `[secrets]` and `[database]` say where a value comes from: `file:PATH` (relative to
  deploy.toml), `cmd:COMMAND ARGUMENTS` (run without a shell, 30 s at most), or `env:NAME`.
- `[target.NAME]` is another environment, chosen by `--target NAME`. It can hold every key of this page; tables are filled up from the
  ones above, and its hosts, when it has any, replace the others.
- `[env]` holds settings of the app that are no secrets ([settings](settings.md)). `COMFYTAVERN_ENV=production` and `API_BASE_URL` (from
  `domain`) are set by themselves.
"""


def schema() -> dict[str, Any]:
    """Return JSON Schema 2020-12 of a deploy.toml."""
    schemas, definitions = msgspec.json.schema_components([spec.Spec], ref_template="#/$defs/{name}")
    for kind in (*(kind for _, kind in SECTIONS), spec.Spec):
        for member, text in _members(kind).items():
            definitions[kind.__name__]["properties"][member]["description"] = text
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ComfyTavern deploy.toml",
        **schemas[0],
        "$defs": definitions,
    }


def page() -> str:
    """Return the reference page."""
    parts = [INTRO]
    for title, kind in SECTIONS:
        parts.append(f"\n## {title}\n\n{_plain(kind.__doc__)}\n\n| Key | Default | What it is |\n|---|---|---|\n")
        texts = _members(kind)
        fields = msgspec.structs.fields(kind)
        parts += [f"| `{field.name}` | {_default(field)} | {texts[field.name].replace('|', chr(92) + '|')} |\n" for field in fields]
    return "".join(parts)


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    if field.default_factory is not msgspec.NODEFAULT:
        return ""
    match field.default:
        case None | "" | msgspec.Struct():
            return ""
        case tuple() as several:
            return f"`{json.dumps(list(several))}`"
        case value:
            return f"`{json.dumps(value)}`"


def _plain(text: str | None) -> str:
    return " ".join(inspect.cleandoc(text or "").split())


def _members(kind: type) -> dict[str, str]:
    """Return the text below each member, those of the bases too."""
    texts: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if each.__module__ == spec.__name__:
            found = next(
                one for one in ast.parse(inspect.getsource(spec)).body if isinstance(one, ast.ClassDef) and one.name == each.__name__
            )
            for member, below in pairwise(found.body):
                if isinstance(member, ast.AnnAssign) and isinstance(member.target, ast.Name) and isinstance(below, ast.Expr):
                    texts[member.target.id] = _plain(str(ast.literal_eval(below.value)))
    return texts


def main() -> int:
    """Return the exit code."""
    made = {
        ROOT / "schemas" / "deploy.json": json.dumps(schema(), indent=1, ensure_ascii=False) + "\n",
        ROOT / "docs" / "reference" / "deploy-toml.md": page(),
    }
    if "--check" in sys.argv:
        return int(any(not path.is_file() or path.read_text(encoding="utf-8") != text for path, text in made.items()))
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
