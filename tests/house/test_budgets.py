"""The tail is what separates admired code from feared code: the largest file, the longest function."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for path in (ROOT / "src").rglob("*.py") if "migrations/versions" not in path.as_posix())
VUE = sorted((ROOT / "web" / "src").rglob("*.vue"))

FILE_LINES = 400
FUNCTION_LINES = 40
VUE_LINES = 250


def functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, without the docstring: a promise is not complexity."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def test_there_is_something_to_measure() -> None:
    assert len(SOURCES) > 50
    assert len(VUE) > 20


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT / "src").as_posix())
def test_a_python_file_stays_within_its_wall(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= FILE_LINES
    long = {f.name: body_lines(f) for f in functions(ast.parse(text)) if body_lines(f) > FUNCTION_LINES}
    assert not long


def test_vue_files_stay_within_their_wall() -> None:
    long = {path.relative_to(ROOT).as_posix(): n for path in VUE if (n := len(path.read_text().splitlines())) > VUE_LINES}
    assert not long


def test_the_import_floors_have_no_exceptions() -> None:
    config = (ROOT / ".importlinter").read_text()
    assert "ignore_imports" not in config
    assert "exhaustive = True" in config


def test_every_suppression_has_its_reason_beside_it() -> None:
    bare = []
    for path in [*SOURCES, *(ROOT / "tools").glob("*.py")]:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for mark in ("# noqa", "# type: ignore", "# pyright:"):
                at = line.find(mark)
                if at >= 0 and "--" not in line[at:]:
                    bare.append(f"{path.relative_to(ROOT)}:{number}: {line[at:]}")
    assert not bare, "write `# noqa: CODE -- why`:\n" + "\n".join(bare)
