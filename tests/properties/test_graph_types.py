"""The connection rule and conversion agree: what may be wired arrives."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comfytavern.graph.types import Type, check, connects, convert
from comfytavern.kernel.errors import Invalid
from tests.properties.test_graph_document import JSON, TEXT
from tests.unit.graph.catalogue import port

pytestmark = pytest.mark.slow

MESSAGES = st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]), "content": st.text(max_size=5)})
VALUES: dict[Type, st.SearchStrategy[Any]] = {
    Type.STRING: TEXT,
    Type.INTEGER: st.integers(-(2**1000), 2**1000),
    Type.FLOAT: st.floats(),
    Type.BOOLEAN: st.booleans(),
    Type.OBJECT: st.dictionaries(TEXT, JSON, max_size=3),
    Type.ARRAY: st.lists(JSON, max_size=3),
    Type.BINARY: st.binary(max_size=5) | TEXT,
    Type.IMAGE: st.binary(max_size=5) | TEXT,
    Type.AUDIO: st.binary(max_size=5) | TEXT,
    Type.MESSAGE: MESSAGES,
    Type.MESSAGES: st.lists(MESSAGES, max_size=3),
    Type.ANY: JSON,
}
TYPES = st.sampled_from(list(Type))


@given(st.data(), TYPES.filter(lambda one: one is not Type.ANY), TYPES)
def test_whatever_may_be_wired_arrives_as_what_is_wanted(data: st.DataObject, source: Type, target: Type) -> None:
    if not connects(port("o", source), port("i", target)):
        return
    value = data.draw(VALUES[source])
    arrived = convert(value, target)
    assert check(arrived, target)
    if source is target and source is not Type.FLOAT:
        assert arrived is value


@given(JSON | st.binary(max_size=4) | st.tuples(JSON), TYPES)
def test_a_conversion_fits_or_is_refused_with_a_code(value: Any, to: Type) -> None:
    try:
        assert check(convert(value, to), to)
    except Invalid as refused:
        assert refused.code == "graph.convert"


@given(TYPES, TYPES, st.booleans(), st.booleans(), st.lists(st.sampled_from("xy")), st.lists(st.sampled_from("xy")))
def test_a_shared_tag_always_connects(source: Type, target: Type, streams: bool, each: bool, tags: list[str], more: list[str]) -> None:
    one, other = port("o", source, tags=["z", *tags]), port("i", target, tags=["z", *more])
    assert connects(one, other)
    assert connects(port("o", source, stream=streams), port("i", "any"), each=False)
    assert connects(port("o", "array"), port("i", target), each=True)
