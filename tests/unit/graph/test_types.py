"""The connection rule and what happens to a value on a wire. The table in tests/golden/graph/connects.json is also the web's."""

import json
from pathlib import Path
from typing import Any

import pytest

from comfytavern.graph.types import MAPPED, Type, check, connects, convert, refusal
from comfytavern.kernel.errors import Invalid
from tests.unit.graph.catalogue import port

CASES = json.loads((Path(__file__).parents[2] / "golden/graph/connects.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["why"] for case in CASES])
def test_the_connection_rule(case: dict[str, Any]) -> None:
    source, target = port("o", **case["source"]), port("i", **case["target"])
    assert refusal(source, target, each=case.get("each", False)) == case["refusal"]


def test_every_pair_of_plain_types_is_decided() -> None:
    widening = {("integer", "float"), ("integer", "string"), ("float", "string"), ("boolean", "string")}
    for source in Type:
        for target in Type:
            expected = source is target or "any" in (source, target) or (source, target) in widening
            assert connects(port("o", source), port("i", target)) is expected


def test_a_mapped_input_takes_a_list_or_any_stream() -> None:
    mapped = port("i", "array", tags=[MAPPED])
    assert connects(port("o", "array"), mapped)
    assert connects(port("o", "string", stream=True), mapped)
    assert not connects(port("o", "string"), mapped)


@pytest.mark.parametrize(
    ("value", "to", "expected"),
    [
        (3, "float", 3.0),
        (0, "string", "0"),
        (2.0, "string", "2"),
        (0.1, "string", "0.1"),
        (1e300, "string", "1e+300"),
        (False, "string", "false"),
        ("", "string", ""),
        (3.0, "integer", 3),
        (" 8 ", "integer", 8),
        ("0.5", "float", 0.5),
        ("True", "boolean", True),
        ({"a": [1]}, "string", '{"a":[1]}'),
        ('{"a":1}', "object", {"a": 1}),
        ("[1, 2]", "array", [1, 2]),
        ((1, 2), "array", [1, 2]),
        (b"\xe5\xa4\xa7", "string", "大"),
        (bytearray(b"x"), "binary", b"x"),
        ("hi", "message", {"role": "user", "content": "hi"}),
        ({"role": "user", "content": "hi"}, "messages", [{"role": "user", "content": "hi"}]),
        (["hi"], "messages", [{"role": "user", "content": "hi"}]),
        (None, "any", None),
    ],
)
def test_conversions(value: object, to: str, expected: object) -> None:
    result = convert(value, Type(to))
    assert result == expected
    assert type(result) is type(expected)
    assert check(result, Type(to))


@pytest.mark.parametrize(
    ("value", "to"),
    [
        (None, "string"),
        (1.5, "integer"),
        (True, "integer"),
        ("x", "integer"),
        (True, "float"),
        (10**400, "float"),
        (1, "boolean"),
        ("yes", "boolean"),
        ([], "object"),
        ("[1", "array"),
        ("{}", "array"),
        (b"\xff", "string"),
        (object(), "string"),
        (5, "messages"),
        ([5], "messages"),
        (1, "image"),
    ],
)
def test_what_cannot_be_converted_is_said_so(value: object, to: str) -> None:
    with pytest.raises(Invalid) as refused:
        convert(value, Type(to))
    assert refused.value.code == "graph.convert"
    assert refused.value.params["to"] == to


def test_a_value_of_the_right_type_is_the_very_same() -> None:
    value: dict[str, object] = {"b": 0, "a": ""}
    assert convert(value, Type.OBJECT) is value
