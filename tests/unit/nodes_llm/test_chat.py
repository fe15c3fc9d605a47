"""llm.chat on the demo model."""

import json
from typing import Any

import pytest

from comfytavern.kernel.errors import Failure, Invalid
from comfytavern.nodes.kit import DEAD, Final
from comfytavern.nodes.llm.chat import chat

DEFAULTS: dict[str, Any] = {port.id: port.default for port in chat.__node__.kind.inputs}
SCHEMA = {"type": "object", "properties": {"title": {"type": "string"}, "score": {"type": "integer", "maximum": 3}}, "required": ["title"]}
TOOL = {"name": "weather", "description": "", "parameters": {"type": "object", "properties": {"place": {"type": "string"}}}}


async def run(ctx: Any, **values: Any) -> tuple[str, dict[str, Any]]:
    chunks = [chunk async for chunk in chat(ctx, **(DEFAULTS | values))]
    assert isinstance(chunks[-1], Final)
    return "".join(chunks[:-1]), chunks[-1].outputs


async def test_the_answer_streams_and_the_rest_comes_last(ctx: Any) -> None:
    text, rest = await run(ctx, prompt="Why is the sky blue?", system="Be brief.")
    assert text.startswith("[demo model] You wrote: “Why is the sky blue?”")
    assert rest["message"] == {"role": "assistant", "content": text}
    assert [each["role"] for each in rest["messages"]] == ["system", "user", "assistant"]
    assert rest["data"] is DEAD
    assert rest["tool_calls"] == []
    assert rest["usage"]["model"] == "demo/demo"
    assert ctx.used == [("demo/demo", rest["usage"]["input_tokens"], rest["usage"]["output_tokens"])]
    assert rest["usage"]["output_tokens"] > 20


async def test_messages_come_before_the_prompt(ctx: Any) -> None:
    history = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    _, rest = await run(ctx, messages=history, prompt="And now?")
    assert [each["content"] for each in rest["messages"]][:3] == ["Hi", "Hello", "And now?"]


async def test_messages_alone_are_enough(ctx: Any) -> None:
    text, _ = await run(ctx, messages={"role": "user", "content": "只有消息"})
    assert text.startswith("[演示模型]")


async def test_a_schema_gives_data_that_fits_it(ctx: Any) -> None:
    text, rest = await run(ctx, prompt="A title please", schema=SCHEMA)
    assert rest["data"] == json.loads(text)
    assert rest["data"]["score"] <= 3
    assert rest["data"]["title"]


async def test_tools_are_called(ctx: Any) -> None:
    text, rest = await run(ctx, prompt="weather in Oslo", tools=[TOOL])
    assert text == ""
    assert rest["tool_calls"][0]["name"] == "weather"
    assert json.loads(rest["tool_calls"][0]["arguments"]) == {"place": "weather in Oslo"}
    assert rest["message"]["tool_calls"][0]["name"] == "weather"


async def test_thinking_is_shown_while_it_happens(ctx: Any) -> None:
    _, rest = await run(ctx, prompt="Think", effort="low")
    assert rest["reasoning"].startswith("[demo model]")
    assert ctx.previews[-1] == ("reasoning", rest["reasoning"])


async def test_a_longest_reply_cuts_and_says_so(ctx: Any) -> None:
    text, _ = await run(ctx, prompt="Tell me everything", max_tokens=5)
    assert len(text) < 60
    assert "cut off" in ctx.logs[0]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({}, "llm.no_messages"),
        ({"system": "only a system prompt"}, "llm.no_messages"),
        ({"prompt": "x", "messages": [{"role": "robot", "content": "x"}]}, "llm.messages"),
        ({"prompt": "x", "messages": [7]}, "llm.messages"),
        ({"prompt": "x", "tools": [{"description": "no name"}]}, "llm.tools"),
        ({"prompt": "x", "images": [7]}, "llm.not_image"),
        ({"prompt": "x", "model": "chn_gone/model"}, "llm.channel_not_found"),
        ({"prompt": "x", "model": "nonsense"}, "llm.channel_not_found"),
        ({"prompt": "x", "schema": {"type": 7}}, "llm.schema"),
        ({"prompt": "x", "schema": SCHEMA, "max_tokens": 2}, "llm.not_structured"),
    ],
)
async def test_what_cannot_be_asked_fails_with_a_code_and_a_hint(ctx: Any, values: dict[str, Any], code: str) -> None:
    with pytest.raises((Failure, Invalid)) as failure:
        await run(ctx, **values)
    assert failure.value.code == code
    assert failure.value.hint
