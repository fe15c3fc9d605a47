"""Old values become new ones by named steps; each has a golden pair in tests/golden/graph/migrations."""

import json
from pathlib import Path
from typing import Any

import pytest

from comfytavern.graph.codec import decode, to_json
from comfytavern.graph.migrate import KindStep, migrate
from comfytavern.graph.validate import validate
from tests.unit.graph.catalogue import KINDS, graph, kind, node, port

GOLDEN = Path(__file__).parents[2] / "golden/graph/migrations"


def temperature_in_percent(values: dict[str, Any]) -> dict[str, Any]:
    """From a fraction to percent."""
    return {**values, "temperature": round(values["temperature"] * 100)} if "temperature" in values else values


KINDS_NOW = {**KINDS, "llm.chat": kind("llm.chat", [port("prompt"), port("temperature", "integer")], [port("text")], version=3)}
STEPS = {
    "llm.chat": {
        1: KindStep("question becomes prompt, answer becomes text", inputs={"question": "prompt"}, outputs={"answer": "text"}),
        2: KindStep("temperature in percent", values=temperature_in_percent),
    }
}


@pytest.mark.parametrize("name", sorted(path.name.removesuffix(".before.json") for path in GOLDEN.glob("*.before.json")))
def test_goldens(name: str) -> None:
    before = json.loads((GOLDEN / f"{name}.before.json").read_text())
    after = json.loads((GOLDEN / f"{name}.after.json").read_text())
    migrated = migrate(decode(before), KINDS_NOW, STEPS)
    assert to_json(migrated.graph) == after
    assert migrated.problems == []
    assert not [one for one in validate(migrated.graph, KINDS_NOW) if one.code.startswith("graph.kind_")]


def test_the_steps_taken_are_named() -> None:
    document = graph(
        [node("a", "llm.chat", {"question": ""}), node("b", "llm.chat", kind_version=2)],
        groups=[{"id": "g", "nodes": [node("a", "llm.chat")]}],
    )
    assert migrate(document, KINDS_NOW, STEPS).applied == {
        "g/a": ["question becomes prompt, answer becomes text", "temperature in percent"],
        "a": ["question becomes prompt, answer becomes text", "temperature in percent"],
        "b": ["temperature in percent"],
    }


def test_nothing_old_is_the_very_same_graph() -> None:
    document = graph([node("a", "llm.chat", kind_version=3), node("b", "who.knows", kind_version=9)])
    assert migrate(document, KINDS_NOW, STEPS).graph is document


def test_what_is_newer_than_known_is_kept_and_named() -> None:
    document = graph([node("a", "llm.chat", {"tone": "dry"}, kind_version=4)])
    assert migrate(document, KINDS_NOW, STEPS).graph is document
    assert "graph.kind_newer" in [one.code for one in validate(document, KINDS_NOW)]


def test_a_step_that_breaks_leaves_the_node_as_it_was() -> None:
    document = graph([node("a", "llm.chat", {"question": "?", "temperature": "hot"})])
    broken = {"llm.chat": {**STEPS["llm.chat"], 2: KindStep("breaks", values=lambda values: {"t": 1 / 0})}}
    migrated = migrate(document, KINDS_NOW, broken)
    assert migrated.graph is document
    [failed] = migrated.problems
    assert (failed.code, failed.place, failed.params["step"]) == ("graph.migration_failed", {"node": "a"}, "breaks")


def test_a_bare_function_is_a_step_of_its_own_name() -> None:
    document = graph([node("a", "llm.chat", {"temperature": 0.5}, kind_version=2)])
    migrated = migrate(document, KINDS_NOW, {"llm.chat": {2: temperature_in_percent}})
    assert migrated.applied == {"a": ["temperature_in_percent"]}
    assert migrated.graph.nodes[0].values == {"temperature": 50}


def test_a_gap_in_the_steps_ends_the_way() -> None:
    document = graph([node("a", "llm.chat")])
    assert migrate(document, KINDS_NOW, {"llm.chat": {2: STEPS["llm.chat"][2]}}).graph is document
