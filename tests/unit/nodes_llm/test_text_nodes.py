"""Nodes of the family llm that read and write text."""

from typing import Any

import pytest

from comfytavern.graph.types import connects
from comfytavern.kernel.errors import Failure
from comfytavern.nodes.kit import Final
from comfytavern.nodes.llm.chat import chat
from comfytavern.nodes.llm.completion import completion
from comfytavern.nodes.llm.embeddings import embeddings
from comfytavern.nodes.llm.merge_messages import merge_messages
from comfytavern.nodes.llm.message import message
from comfytavern.nodes.llm.model_router import model_router
from comfytavern.nodes.llm.token_count import token_count

PNG = b"\x89PNG\r\n\x1a\n"


def port(node: Any, side: str, id: str) -> Any:
    return next(each for each in getattr(node.__node__.kind, side) if each.id == id)


def defaults(node: Any) -> dict[str, Any]:
    return {each.id: each.default for each in node.__node__.kind.inputs}


def test_a_message_is_json() -> None:
    assert message("", "user", [], "", "") == {"role": "user", "content": ""}
    assert message("42", "tool", [], "", "c1") == {"role": "tool", "content": "42", "tool_call_id": "c1"}
    assert message("Look", "user", [PNG, "user://cat.jpg"], "Ann", "") == {
        "role": "user",
        "content": [
            {"type": "text", "text": "Look"},
            {"type": "image", "url": "data:image/png;base64,iVBORw0KGgo="},
            {"type": "image", "url": "user://cat.jpg"},
        ],
        "name": "Ann",
    }
    with pytest.raises(Failure):
        message("x", "robot", [], "", "")


def test_messages_and_answers_can_be_wired_into_conversations() -> None:
    for source in (port(message, "outputs", "message"), port(chat, "outputs", "message"), port(chat, "outputs", "messages")):
        assert connects(source, port(merge_messages, "inputs", "messages"))
        assert connects(source, port(chat, "inputs", "messages"))
    assert connects(port(model_router, "outputs", "model"), port(chat, "inputs", "model"))


def test_conversations_are_joined_in_order() -> None:
    said = [{"role": "user", "content": "a"}, [{"role": "user", "content": "b"}, {"role": "assistant", "content": "c"}], "d"]
    plain = merge_messages(said, join_neighbours=False)
    assert [(each["role"], each["content"]) for each in plain] == [("user", "a"), ("user", "b"), ("assistant", "c"), ("user", "d")]
    joined = merge_messages(said, join_neighbours=True)
    assert [(each["role"], each["content"]) for each in joined] == [("user", "a\n\nb"), ("assistant", "c"), ("user", "d")]


def test_what_belongs_to_tools_is_not_joined() -> None:
    said = [{"role": "tool", "tool_call_id": "1", "content": "a"}, {"role": "tool", "tool_call_id": "2", "content": "b"}]
    assert merge_messages([said], join_neighbours=True) == [
        {"role": "tool", "content": "a", "tool_call_id": "1"},
        {"role": "tool", "content": "b", "tool_call_id": "2"},
    ]


def test_pictures_survive_a_join() -> None:
    picture = {"role": "user", "content": [{"type": "image", "url": "https://example.com/a.png"}]}
    assert merge_messages([picture, "what is it?"], join_neighbours=True)[0]["content"][1] == {"type": "text", "text": "what is it?"}


async def test_a_text_is_continued(ctx: Any) -> None:
    chunks = [chunk async for chunk in completion(ctx, **(defaults(completion) | {"prompt": "Once", "suffix": " The end."}))]
    text = "".join(chunks[:-1])
    assert isinstance(chunks[-1], Final)
    assert chunks[-1].outputs["whole"] == f"Once{text} The end."
    assert ctx.used[0][0] == "demo/demo"
    with pytest.raises(Failure) as failure:
        _ = [chunk async for chunk in completion(ctx, **(defaults(completion) | {"prompt": ""}))]
    assert failure.value.code == "llm.no_prompt"


async def test_texts_become_vectors(ctx: Any) -> None:
    many = await embeddings(ctx, "demo/demo", ["a red cat", "a red dog", 0], 16)
    assert [len(vector) for vector in many["vectors"]] == [16, 16, 16]
    one = await embeddings(ctx, "demo/demo", "a red cat", 16)
    assert one["vectors"] == [many["vector"]]
    for nothing in ([], "", ["a", ""]):
        with pytest.raises(Failure) as failure:
            await embeddings(ctx, "demo/demo", nothing, None)
        assert failure.value.code == "llm.no_text"


async def test_tokens_are_counted_without_a_model(ctx: Any) -> None:
    assert await token_count(ctx, "demo/demo", "Hello, world!", []) == {"tokens": 4, "characters": 13}
    both = await token_count(ctx, "chn_1/gpt-4", "Hello, world!", [{"role": "user", "content": "Hi"}])
    assert both == {"tokens": 4 + 7, "characters": 15}
    assert await token_count(ctx, "demo/demo", "", []) == {"tokens": 0, "characters": 0}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("short", 1),
        ("a long text " * 20 + "Poem", 2),
        ("a long text " * 20 + "42 apples", 3),
        ("a long text " * 20, 0),
    ],
)
async def test_the_first_rule_that_holds_chooses(ctx: Any, text: str, rule: int) -> None:
    rules = [
        {"model": "demo/demo", "shorter_than": 20},
        {"model": "any/demo", "longer_than": 20, "contains": "POEM"},
        {"model": "demo/demo", "matches": r"\d+ apples"},
        {"model": "chn_gone/model"},
    ]
    assert (await model_router(ctx, text, rules, "demo/demo"))["rule"] == rule


@pytest.mark.parametrize(
    "rules", [[{"shorter_than": 3}], ["x"], [{"model": "demo/demo", "colour": 1}], [{"model": "demo/demo", "matches": "("}]]
)
async def test_a_rule_that_makes_no_sense_is_told(ctx: Any, rules: list[Any]) -> None:
    with pytest.raises(Failure) as failure:
        await model_router(ctx, "x", rules, "demo/demo")
    assert failure.value.code == "llm.rules"


async def test_a_pattern_that_never_ends_is_stopped(ctx: Any) -> None:
    with pytest.raises(Failure) as failure:
        await model_router(ctx, "a" * 5000 + "!", [{"model": "demo/demo", "matches": r"(?:a|aa|a?)+$"}], "demo/demo")
    assert failure.value.params["why"] == "it takes too long"
