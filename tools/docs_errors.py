"""Write docs/reference/errors.md from the failures in the source; with --check, fail when it would change."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from comfytavern.graph.problems import CODES

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "comfytavern"
PAGE = ROOT / "docs" / "reference" / "errors.md"
ORDER = {
    "Cause": ("code", "sentence"),
    "_problem": ("field", "code", "sentence"),
    "_wrong": ("code", "sentence", "hint"),
    "_failed": ("code", "sentence", "hint"),
    "must": ("argv", "code", "sentence", "hint"),
}
"""What stands where in calls that differ from `Failure(code, sentence, hint)`."""
PREFLIGHT = ("code", "host", "sentence", "hint")
"""And in the `_problem` of deploy/preflight."""
CLASSES = {"Failure", "Invalid", "NotFound", "Conflict", "Unauthenticated", "Denied", "TooLarge", "Busy", "Unavailable"} | {
    *("Refusal", "Problem", "NodeError", "DeployFailed", "Refused", "Aborted", "Failed", "NotSent", *ORDER),
}
SPLIT = "Split it into several workflows that call each other."
COMPUTED = [
    ("build.types", "The web app has type errors: {…}", "Mend it and build again."),
    ("build.web", "The web app cannot be built: {…}", "Mend it and build again."),
    ("graph.too_deep", CODES["graph.too_deep"], SPLIT),
    ("graph.too_many_nodes", CODES["graph.too_many_nodes"], SPLIT),
    ("graph.too_nested", CODES["graph.too_nested"], SPLIT),
    ("engine.input_missing", "The input {id} is missing.", ""),
    ("engine.input_type", "{id}: {sentence}", ""),
    ("engine.input_unknown", "There is no input {name}.", ""),
    ("project.trashed", "This project is in the trash.", "Restore it first."),
    ("workflow.trashed", "This workflow is in the trash.", "Restore it first."),
    ("settings.value", "{name}: {what} (found {found} in {source}); {fix}", ""),
    ("settings.doubtful", "{name}: {what} (found {found} in {source}); {fix}", ""),
    ("sandbox.memory", "This used more memory than it may and was stopped.", ""),
    ("sandbox.output", "The result has {…} bytes; {bytes_max} are allowed.", ""),
]
"""Those whose code is not a literal in the call, except `store.*` and `graph.*`, which have tables of their own."""
ROOMS = {"file": "files", "project": "projects", "trash": "projects", "workflow": "projects", "bundle": "projects"}
"""Prefixes that stand in the section of another."""
INTRO = """# Errors

Every code that a failure or one of its problems can carry. This page is generated from the source (`make schemas`). Codes are stable:
programs decide by `code`, never by the sentence, and what stands in braces is filled in. Over HTTP a failure is
`application/problem+json` with `code`, `detail` (the sentence), `hint` (what to do), `params` and `problems` (every single finding);
in a run it is the `error` of a node. Where the last column is empty, the sentence says all there is to do."""
Row = tuple[str, str, str]


def main() -> int:
    """Return the exit code."""
    text = page()
    if "--check" in sys.argv:
        return int(not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text)
    PAGE.write_text(text, encoding="utf-8")
    return 0


def page() -> str:
    """Return the whole page."""
    rows = sorted(merged([*found(), *COMPUTED, *((code, sentence, "") for code, sentence in CODES.items())]))
    rooms: dict[str, list[Row]] = {}
    for row in rows:
        prefix = row[0].partition(".")[0]
        rooms.setdefault(ROOMS.get(prefix, prefix), []).append(row)
    parts = [INTRO, " · ".join(f"[{room}](#{room})" for room in sorted(rooms))]
    for room in sorted(rooms):
        lines = ["| `" + code + "` | " + cell(sentence) + " | " + cell(hint) + " |" for code, sentence, hint in rooms[room]]
        parts += [f"## {room}", "\n".join(["| Code | Sentence | What to do |", "|---|---|---|", *lines])]
    return "\n\n".join(parts) + "\n"


def merged(rows: list[Row]) -> set[Row]:
    """Return each code and sentence once, with the hint when any place gives one."""
    hints: dict[tuple[str, str], str] = {}
    for code, sentence, hint in rows:
        hints[code, sentence] = hints.get((code, sentence)) or hint
    return {(code, sentence, hint) for (code, sentence), hint in hints.items()}


def cell(text: str) -> str:
    """Return a text as a cell of a table."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def found() -> Iterator[Row]:
    """Yield what every call of a failure's class says, and what the store's table does."""
    for path in sorted(SOURCE.rglob("*.py")):
        if "testing" not in path.relative_to(SOURCE).parts:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            yield from failures(tree, assigned(tree))
            if path == SOURCE / "store" / "faults.py":
                yield from store(tree)


def store(tree: ast.Module) -> Iterator[Row]:
    """Yield the failures that `store.faults` words."""
    table = next(node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_WORDS")
    for what, (sentence, hint) in ast.literal_eval(table).items():
        yield f"store.{what}", sentence, hint


def failures(scope: ast.AST, names: dict[str, list[ast.expr]]) -> Iterator[Row]:
    """Yield every call in a scope; `names` are its variables, those of inner functions come before them."""
    for node in ast.iter_child_nodes(scope):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from failures(node, names | assigned(node))
            continue
        names = names | renamed(node)
        if isinstance(node, ast.Call) and called(node) in CLASSES and (row := told(node, names)):
            yield row
        yield from failures(node, names)


def renamed(node: ast.AST) -> dict[str, list[ast.expr]]:
    """Return the variables that a statement sets: what follows beside it means this value. One made of itself stays what it can be."""
    if isinstance(node, ast.For):
        return {part.id: [] for part in ast.walk(node.target) if isinstance(part, ast.Name)}
    if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
        return {}
    name = node.targets[0].id
    itself = any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(node.value))
    return {} if itself else {name: [node.value]}


def called(call: ast.Call) -> str:
    """Return the last word of what is called."""
    return ast.unparse(call.func).rpartition(".")[2]


def told(call: ast.Call, names: dict[str, list[ast.expr]]) -> Row | None:
    """Return code, sentence and hint of one call; None when its code is computed."""
    order = ORDER.get(called(call), ("code", "sentence", "hint"))
    order = PREFLIGHT if called(call) == "_problem" and len(call.args) == len(PREFLIGHT) else order
    given = dict(zip(order, call.args, strict=False))
    given |= {word.arg: word.value for word in call.keywords if word.arg}
    value, sentence = given.get("code"), given.get("sentence", given.get("message"))
    if not (isinstance(value, ast.Constant) and isinstance(value.value, str)) or sentence is None:
        return None
    code = f"engine.{value.value}" if called(call) == "Cause" else value.value
    return code, words(sentence, names) or CODES.get(code) or blank(sentence), words(given.get("hint"), names)


def assigned(scope: ast.AST) -> dict[str, list[ast.expr]]:
    """Return what each variable of a module or function can be."""
    names: dict[str, list[ast.expr]] = {}
    for node in scope.body if isinstance(scope, ast.Module) else ast.walk(scope):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            names.setdefault(node.targets[0].id, []).append(node.value)
    return names


def words(value: ast.expr | None, names: dict[str, list[ast.expr]]) -> str:
    """Return a text as far as the source says it; what is filled in stands in braces."""
    match value:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(blank(part.value) if isinstance(part, ast.FormattedValue) else words(part, names) for part in parts)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return f"{words(left, names) or blank(left)}{words(right, names) or blank(right)}"
        case ast.IfExp(body=one, orelse=other):
            return either([one, other], names)
        case ast.BoolOp(values=values):
            return either(values, names)
        case ast.Name(id=name) if name in names:
            return either(names[name], {known: each for known, each in names.items() if known != name})
        case ast.Call() if called(value) == "sentence" and isinstance(value.args[0], ast.Constant):
            return CODES[str(value.args[0].value)]
        case _:
            return ""


def either(values: list[ast.expr], names: dict[str, list[ast.expr]]) -> str:
    """Return all that a text can be."""
    return " / ".join(dict.fromkeys(text for value in values if (text := words(value, names))))


def blank(value: ast.expr) -> str:
    """Return what stands for a value that is filled in."""
    return f"{{{value.id if isinstance(value, ast.Name) else value.attr if isinstance(value, ast.Attribute) else '…'}}}"


if __name__ == "__main__":
    sys.exit(main())
