"""schemas/graph.json says what the codec accepts."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from comfytavern.graph.codec import decode, to_json
from tests.unit.graph.test_codec import UNKNOWN
from tests.unit.graph.test_validate import ROUND, SHOUT

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = json.loads((ROOT / "schemas/graph.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
EXAMPLES = sorted((ROOT / "examples").rglob("*.json"))


def graph_in(example: Any) -> Any:
    """Return the graph of an example file: the whole, or its member `graph`."""
    return example.get("graph", example)


def test_the_schema_itself_is_sound() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_fit_the_schema_and_the_codec(path: Path) -> None:
    document = graph_in(json.loads(path.read_text(encoding="utf-8")))
    VALIDATOR.validate(document)
    VALIDATOR.validate(to_json(decode(document)))


@pytest.mark.parametrize("document", [{}, json.loads(UNKNOWN), {"groups": [SHOUT, ROUND]}])
def test_what_the_codec_accepts_fits(document: Any) -> None:
    decode(document)
    VALIDATOR.validate(document)


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"version": 2},
        {"format": "other"},
        {"nodes": [{"id": "a"}]},
        {"nodes": [{"id": 1, "kind": "k"}]},
        {"wires": [{"id": "w", "source": ["a"], "target": ["a", "b"]}]},
        {"interface": {"inputs": [{"id": "a", "type": "odd"}]}},
        {"groups": [{"name": "no id"}]},
    ],
)
def test_what_the_codec_refuses_does_not_fit(document: Any) -> None:
    assert list(VALIDATOR.iter_errors(document))


def test_every_member_that_needs_words_has_them() -> None:
    assert SCHEMA["$defs"]["Node"]["properties"]["mode"]["description"] == "normal, bypass or mute."
    assert SCHEMA["$defs"]["Port"]["properties"]["many"]["description"]
