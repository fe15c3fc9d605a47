"""The demo model: the same every time, plainly a demonstration, and good enough to show every node."""

import json
import struct
import wave
import zlib
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import validate

from comfytavern.llm.messages import Message, parse_messages, to_wire
from comfytavern.llm.providers.demo.media import picture, tone, vector
from comfytavern.llm.providers.demo.reply import demo_reply
from comfytavern.llm.providers.demo.sample import sample
from comfytavern.llm.request import ChatRequest, Tool


def say(text: str, system: str = "", **members: Any) -> str:
    messages = [Message(role="system", content=system)] if system else []
    return demo_reply(ChatRequest(model="demo", messages=(*messages, Message(role="user", content=text)), **members)).text


@given(st.text(max_size=300))
def test_every_answer_says_that_it_is_a_demonstration(text: str) -> None:
    assert "[demo model]" in say(text) or "[演示模型]" in say(text)
    assert say(text) == say(text)


def test_it_answers_in_the_language_of_the_prompt() -> None:
    assert say("Tell me a story").startswith("[demo model] You wrote: “Tell me a story”")
    assert say("讲个故事").startswith("[演示模型] 你写道：“讲个故事”")


def test_it_tells_the_system_prompt_and_the_turns() -> None:
    assert "1 message(s), with a system prompt of 9 characters" in say("Hi", "Be brief.")


@pytest.mark.parametrize(("judge", "improve", "topic"), [
    ("Score this draft from 1 to 10: ", "Improve this draft: ", "a lighthouse at dusk"),
    ("请给这份草稿评分：", "请改进这份草稿：", "黄昏的灯塔"),
])  # fmt: skip
def test_a_loop_of_improving_and_judging_ends(judge: str, improve: str, topic: str) -> None:
    draft, scores = topic, []
    for _ in range(6):
        draft = say(improve + draft)
        scores.append(json.loads(say(judge + draft))["score"])
    assert scores == sorted(scores)
    assert scores[0] < 8
    assert scores[-1] >= 8
    assert topic in draft


def test_a_judge_may_be_told_by_its_system_prompt() -> None:
    assert json.loads(say("a draft", "You are a strict judge."))["score"] == 4


def test_a_tool_answer_is_told() -> None:
    asked = ChatRequest(
        model="demo",
        messages=(Message(role="user", content="Hi"), Message(role="tool", content="42", tool_call_id="c")),
        tools=(Tool(name="x"),),
    )
    assert demo_reply(asked).text == "[demo model] The tool answered: 42"


def test_the_tool_named_in_the_prompt_is_called() -> None:
    tools = (Tool(name="clock"), Tool(name="weather"))
    ask = ChatRequest(model="demo", messages=(Message(role="user", content="weather please"),), tools=tools)
    assert demo_reply(ask).tool_calls[0].name == "weather"


SCHEMAS = st.recursive(
    st.sampled_from([
        {"type": "string"}, {"type": "string", "maxLength": 3}, {"type": "integer"}, {"type": "number", "minimum": 50},
        {"type": "integer", "maximum": 2},
        {"type": "boolean"}, {"type": "null"}, {"enum": ["a", "b"]}, {"const": 7}, {"type": ["integer", "null"]},
    ]),
    lambda inner: st.one_of(
        inner.map(lambda item: {"type": "array", "items": item, "minItems": 1}),
        st.dictionaries(st.sampled_from("abc"), inner).map(lambda each: {"type": "object", "properties": each, "required": list(each)}),
        inner.map(lambda one: {"anyOf": [one]}),
    ),
    max_leaves=6,
)  # fmt: skip


@given(SCHEMAS)
def test_a_sample_fits_its_schema(schema: dict[str, Any]) -> None:
    validate(sample(schema, text="some text", number=5), schema)


def test_a_schema_without_end_ends() -> None:
    endless: dict[str, Any] = {"type": "object", "properties": {}}
    endless["properties"]["again"] = endless
    assert sample(endless, text="x", number=1)


@given(st.integers(-5, 300), st.integers(-5, 300))
def test_a_picture_is_a_whole_png(width: int, height: int) -> None:
    data = picture("x", width, height)
    assert struct.unpack(">II", data[16:24]) == (max(32, width), max(32, height))
    start = data.index(b"IDAT")
    size = struct.unpack(">I", data[start - 4 : start])[0]
    rows = zlib.decompress(data[start + 4 : start + 4 + size])
    assert len(rows) == max(32, height) * (1 + 3 * max(32, width))


def test_a_tone_is_longer_for_a_longer_text_and_has_an_end() -> None:
    def seconds(text: str) -> float:
        with wave.open(BytesIO(tone(text))) as sound:
            return sound.getnframes() / sound.getframerate()

    assert [seconds("x" * size) for size in (1, 20, 10_000)] == [pytest.approx(0.35), pytest.approx(1.3), pytest.approx(5.0)]


@given(st.text(max_size=40), st.integers(1, 300))
def test_a_vector_has_length_one(text: str, size: int) -> None:
    found = vector(text, size)
    assert len(found) == size
    assert sum(axis * axis for axis in found) == pytest.approx(1.0)


def test_texts_with_words_in_common_are_nearer() -> None:
    cat, dog, law = (vector(text, None) for text in ("a small red cat", "a small red dog", "income tax law"))
    near, far = (sum(a * b for a, b in zip(cat, other, strict=True)) for other in (dog, law))
    assert near > far


MESSAGES = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant", "tool"]), "content": st.text(max_size=20)},
    optional={"name": st.text(min_size=1, max_size=5), "tool_call_id": st.text(min_size=1, max_size=5)},
)


@given(st.lists(MESSAGES, max_size=4))
def test_messages_survive_the_way_through_a_wire(messages: list[dict[str, Any]]) -> None:
    assert [to_wire(message) for message in parse_messages(messages)] == messages
