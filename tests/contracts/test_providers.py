"""One contract for every provider: what a reply stream is, and what happens around it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any, NamedTuple

import pytest

from comfytavern.kernel.secret import Secret
from comfytavern.llm.messages import Message, ToolCall
from comfytavern.llm.provider import Endpoint, MediaProvider, Provider
from comfytavern.llm.providers.demo import Demo
from comfytavern.llm.providers.openai_compatible import OpenAICompatible
from comfytavern.llm.reply import Finish, Text, Usage, gather
from comfytavern.llm.request import (
    ChatRequest,
    CompletionRequest,
    EmbedRequest,
    ImageRequest,
    Sampling,
    SpeechRequest,
    Tool,
    TranscribeRequest,
)
from comfytavern.testing.openai_server import FakeOpenAI

SAY_HI = (Message(role="user", content="Hi there"),)
WEATHER = Tool(name="weather", parameters={"type": "object", "properties": {"place": {"type": "string"}}})
SCHEMA = {"type": "object", "properties": {"answer": {"type": "integer"}}, "required": ["answer"]}


class Subject(NamedTuple):
    """A provider, where it is asked, and the model for each ability."""

    provider: Any
    at: Endpoint
    models: dict[str, str]

    def model(self, ability: str) -> str:
        return self.models.get(ability, self.models["chat"])


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeOpenAI]:
    with FakeOpenAI(key="right") as server:
        yield server


@pytest.fixture(params=["demo", "openai-compatible"])
async def subject(request: pytest.FixtureRequest, fake: FakeOpenAI) -> AsyncIterator[Subject]:
    if request.param == "demo":
        provider: Provider = Demo(delay_s=0)
        subject = Subject(provider, Endpoint(channel_id="demo", name="Demo"), {"chat": "demo"})
    else:
        provider = OpenAICompatible()
        models = {"chat": "fake-chat", "reasoning": "fake-reasoning", "tools": "fake-tools", "completion": "fake-instruct"}
        models |= {"embedding": "fake-embedding", "image": "fake-image", "speech": "fake-speech-tts-1", "transcription": "fake-transcribe"}
        subject = Subject(
            provider, Endpoint(channel_id="chn_1", name="Fake", base_url=fake.base_url, key=Secret("right"), private=True), models
        )
    yield subject
    await provider.aclose()


async def test_a_reply_is_text_in_several_pieces_and_then_one_finish(subject: Subject) -> None:
    request = ChatRequest(model=subject.model("chat"), messages=SAY_HI)
    events = [event async for event in subject.provider.stream(request, subject.at)]
    texts = [event.text for event in events if isinstance(event, Text) and event.text]
    assert len(texts) > 2
    assert "Hi there" in "".join(texts)
    assert events[-1] == Finish(reason="stop")
    assert sum(isinstance(event, Finish) for event in events) == 1
    assert sum(isinstance(event, Usage) for event in events) <= 1


async def test_thinking_comes_before_the_answer(subject: Subject) -> None:
    request = ChatRequest(model=subject.model("reasoning"), messages=SAY_HI, effort="low")
    reply = await gather(subject.provider.stream(request, subject.at))
    assert reply.reasoning
    assert "Hi there" in reply.text


async def test_a_tool_call_arrives_whole(subject: Subject) -> None:
    request = ChatRequest(model=subject.model("tools"), messages=SAY_HI, tools=(WEATHER,))
    events = [event async for event in subject.provider.stream(request, subject.at)]
    calls = [event for event in events if isinstance(event, ToolCall)]
    assert [call.name for call in calls] == ["weather"]
    assert '"place":' in calls[0].arguments
    assert events[-1] == Finish(reason="tool_calls")


async def test_a_schema_is_followed(subject: Subject) -> None:
    request = ChatRequest(model=subject.model("chat"), messages=SAY_HI, schema=SCHEMA)
    assert (await gather(subject.provider.stream(request, subject.at))).text.replace(" ", "").startswith('{"answer":')


async def test_a_text_is_continued(subject: Subject) -> None:
    request = CompletionRequest(model=subject.model("completion"), prompt="Once upon a time")
    reply = await gather(subject.provider.stream(request, subject.at))
    assert "Once upon a time" in reply.text
    assert reply.finish.reason == "stop"


async def test_the_same_request_gives_the_same_reply(subject: Subject) -> None:
    request = ChatRequest(model=subject.model("chat"), messages=SAY_HI, sampling=Sampling(seed=1, temperature=0.0))
    assert await gather(subject.provider.stream(request, subject.at)) == await gather(subject.provider.stream(request, subject.at))


async def test_a_stream_can_be_left_at_any_time(subject: Subject) -> None:
    request = ChatRequest(model=subject.model("chat"), messages=SAY_HI)
    async with aclosing(subject.provider.stream(request, subject.at)) as events:
        async for _ in events:
            break


async def test_each_text_gets_its_vector_in_order(subject: Subject) -> None:
    texts = ("a red cat", "a red dog", "tax law")
    found = await subject.provider.embed(EmbedRequest(model=subject.model("embedding"), texts=texts, dimensions=64), subject.at)
    alone = await subject.provider.embed(EmbedRequest(model=subject.model("embedding"), texts=texts[2:], dimensions=64), subject.at)
    assert [len(vector) for vector in found.vectors] == [64, 64, 64]
    assert found.vectors[2] == pytest.approx(alone.vectors[0])
    assert found.usage.input_tokens > alone.usage.input_tokens > 0


async def test_no_text_gives_no_vector(subject: Subject) -> None:
    assert (await subject.provider.embed(EmbedRequest(model=subject.model("embedding"), texts=()), subject.at)).vectors == []


async def test_pictures_sounds_and_words(subject: Subject) -> None:
    assert isinstance(subject.provider, MediaProvider)
    request = ImageRequest(model=subject.model("image"), prompt="a cat", width=64, height=32, count=2)
    pictures = await subject.provider.image(request, subject.at)
    assert [(picture.media_type, picture.data[:4], picture.data[16:24]) for picture in pictures] == [
        ("image/png", b"\x89PNG", b"\0\0\0\x40\0\0\0\x20")
    ] * 2
    sound = await subject.provider.speech(SpeechRequest(model=subject.model("speech"), text="Hello", format="wav"), subject.at)
    assert (sound.media_type, sound.data[:4]) == ("audio/wav", b"RIFF")
    heard = await subject.provider.transcribe(TranscribeRequest(model=subject.model("transcription"), audio=sound.data), subject.at)
    assert str(len(sound.data)) in heard.text


async def test_models_have_names_and_abilities(subject: Subject) -> None:
    models = await subject.provider.models(subject.at)
    assert subject.model("chat") in [model.name for model in models]
    assert all(model.capabilities for model in models)
    by_name = {model.name: model for model in models}
    assert "embedding" in by_name[subject.model("embedding")].capabilities
