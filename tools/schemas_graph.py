"""Write schemas/graph.json from the document structs and their docstrings; with --check, fail when it would change."""

import ast
import inspect
import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from comfytavern.graph import document, kinds
from comfytavern.graph.document import FORMAT, NODES_MAX, VERSION, Graph

TARGET = Path(__file__).resolve().parent.parent / "schemas" / "graph.json"


def schema() -> dict[str, Any]:
    """Return JSON Schema 2020-12 of a workflow document. Unknown members are allowed everywhere: they are kept."""
    schemas, definitions = msgspec.json.schema_components([Graph], ref_template="#/$defs/{name}")
    described = _descriptions()
    for name, one in definitions.items():
        one.get("properties", {}).pop("extra", None)
        if not one.get("required", True):
            del one["required"]
        for member, text in described.get(name, {}).items():
            if member in one.get("properties", {}):
                one["properties"][member]["description"] = text
    members = definitions["Graph"]["properties"]
    members["format"] = {"const": FORMAT, "default": FORMAT}
    members["version"] |= {"minimum": 1, "maximum": VERSION}
    for body in ("Graph", "Group"):
        definitions[body]["properties"]["nodes"]["maxItems"] = NODES_MAX
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "ComfyTavern workflow", **schemas[0], "$defs": definitions}


def _descriptions() -> dict[str, dict[str, str]]:
    """Return the text below each member of the structs, by class and member; a class has those of its base too."""
    found: dict[str, dict[str, str]] = {}
    for module in (kinds, document):
        for one in ast.parse(inspect.getsource(module)).body:
            if isinstance(one, ast.ClassDef):
                inherited = [found.get(base.id, {}) for base in one.bases if isinstance(base, ast.Name)]
                found[one.name] = {name: text for base in inherited for name, text in base.items()} | _below_members(one)
    return found


def _below_members(struct: ast.ClassDef) -> dict[str, str]:
    texts: dict[str, str] = {}
    for member, below in zip(struct.body, struct.body[1:], strict=False):
        if isinstance(member, ast.AnnAssign) and isinstance(member.target, ast.Name) and isinstance(below, ast.Expr):
            text = ast.literal_eval(below.value)
            texts[member.target.id] = " ".join(str(text).split())
    return texts


def main() -> int:
    """Return the exit code."""
    text = json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"
    if "--check" in sys.argv:
        return 0 if TARGET.is_file() and TARGET.read_text(encoding="utf-8") == text else 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
