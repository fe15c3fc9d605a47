"""docs/reference/graph.md is complete and its example is real."""

import json
import re
from pathlib import Path

from comfytavern.graph import document
from comfytavern.graph.codec import decode, to_json
from comfytavern.graph.problems import CODES, WARNINGS
from comfytavern.graph.types import Type
from comfytavern.graph.validate import validate
from tests.unit.graph.catalogue import KINDS

TEXT = (Path(__file__).resolve().parents[3] / "docs/reference/graph.md").read_text(encoding="utf-8")


def test_every_problem_is_documented_with_its_sentence() -> None:
    for code, sentence in CODES.items():
        assert f"| `{code}`{' (warning)' if code in WARNINGS else ''} | {sentence} |" in TEXT


def test_no_problem_is_documented_that_does_not_exist() -> None:
    assert set(re.findall(r"`(graph\.[a-z_]+)`", TEXT)) - {"graph.input", "graph.output"} == set(CODES)


def test_every_type_and_every_member_is_documented() -> None:
    assert all(f"`{one}`" in TEXT for one in Type)
    for struct in (document.Graph, document.Node, document.Wire, document.Frame):
        assert all(f"`{member}`" in TEXT for member in struct.__struct_fields__ if member != "extra")


def test_the_limits_are_those_of_the_code() -> None:
    nodes, expanded = f"{document.NODES_MAX:,} nodes", f"{document.EXPANDED_MAX:,} nodes"
    assert nodes in TEXT
    assert expanded in TEXT
    assert f"frames {document.DEPTH_MAX} deep" in TEXT
    assert f"objects {document.NESTING_MAX} deep" in TEXT
    assert f"{document.BYTES_MAX // 1024**2} MiB" in TEXT


def test_the_example_runs_as_it_stands() -> None:
    example = json.loads(TEXT.split("```json\n")[1].split("```")[0])
    graph = decode(example)
    assert to_json(graph) == example
    assert [one.code for one in validate(graph, KINDS)] == ["graph.kind_older"]


def test_every_code_is_used_and_every_used_code_exists() -> None:
    room = Path(document.__file__).parent
    used = set[str]()
    for path in room.rglob("*.py"):
        if path.name != "problems.py":
            used |= set(re.findall(r'"(graph\.[a-z_]+)"', path.read_text(encoding="utf-8")))
    assert set(CODES) - used == {"graph.invalid"}, "graph.invalid is raised by whoever refuses to run a graph"
    assert used - {"graph.input", "graph.output"} <= set(CODES)
