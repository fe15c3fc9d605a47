"""The fake OpenAI server, held to what the official client expects of the real one."""

from collections.abc import AsyncIterator, Iterator

import openai
import pytest
from openai import AsyncOpenAI

from comfytavern.testing.openai_server import FakeOpenAI

SAY_HI = [{"role": "user", "content": "Hi there"}]
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"place": {"type": "string"}}}}}


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeOpenAI]:
    with FakeOpenAI(key="right") as server:
        yield server


@pytest.fixture
async def client(fake: FakeOpenAI) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=fake.base_url, api_key="right", max_retries=0, timeout=10) as made:
        yield made


async def test_it_lists_models(client: AsyncOpenAI) -> None:
    assert "fake-chat" in [model.id async for model in client.models.list()]


async def test_it_chats(client: AsyncOpenAI) -> None:
    reply = await client.chat.completions.create(model="fake-chat", messages=SAY_HI)
    assert reply.choices[0].message.content == "Fake answer to: Hi there"
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens


async def test_it_streams_and_ends_with_the_usage(client: AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(model="fake-chat", messages=SAY_HI, stream=True, stream_options={"include_usage": True})
    chunks = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "Fake answer to: Hi there"
    assert chunks[-1].usage
    assert chunks[-1].choices == []
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"


async def test_it_calls_a_tool_in_pieces(client: AsyncOpenAI) -> None:
    async with client.chat.completions.stream(model="fake-tools", messages=SAY_HI, tools=[TOOL]) as stream:
        final = await stream.get_final_completion()
    call = final.choices[0].message.tool_calls[0]
    assert (call.function.name, call.function.arguments) == ("weather", '{"place": "Oslo"}')
    assert final.choices[0].finish_reason == "tool_calls"


async def test_it_continues_a_text(client: AsyncOpenAI) -> None:
    stream = await client.completions.create(model="fake-instruct", prompt="Once", stream=True)
    assert "".join([chunk.choices[0].text async for chunk in stream]) == " … fake continuation of: Once"


@pytest.mark.parametrize("form", [{"encoding_format": "float"}, {}])
async def test_it_embeds_in_both_forms(client: AsyncOpenAI, form: dict[str, str]) -> None:
    reply = await client.embeddings.create(model="fake-embedding", input=["a", "b"], dimensions=8, **form)
    assert sorted(each.index for each in reply.data) == [0, 1]
    assert [len(each.embedding) for each in reply.data] == [8, 8]


async def test_it_paints_speaks_and_listens(client: AsyncOpenAI) -> None:
    picture = await client.images.generate(model="fake-image", prompt="a cat", size="256x256", response_format="b64_json")
    assert picture.data[0].b64_json
    sound = await client.audio.speech.create(model="fake-speech-tts-1", input="Hello", voice="alloy")
    assert sound.content.startswith(b"RIFF")
    heard = await client.audio.transcriptions.create(model="fake-transcribe", file=("a.wav", sound.content, "audio/wav"))
    assert heard.text == f"Fake transcript of {len(sound.content)} bytes."


@pytest.mark.parametrize(
    ("model", "error"),
    [
        ("fake-error-400", openai.BadRequestError),
        ("fake-error-401", openai.AuthenticationError),
        ("fake-error-403", openai.PermissionDeniedError),
        ("no-such-model", openai.NotFoundError),
        ("fake-error-429", openai.RateLimitError),
        ("fake-error-500", openai.InternalServerError),
        ("fake-context", openai.BadRequestError),
    ],
)
async def test_its_errors_are_those_of_the_client(client: AsyncOpenAI, model: str, error: type[openai.APIStatusError]) -> None:
    with pytest.raises(error) as raised:
        await client.chat.completions.create(model=model, messages=SAY_HI)
    assert raised.value.body["message"]


async def test_a_wrong_key_is_refused(fake: FakeOpenAI) -> None:
    async with AsyncOpenAI(base_url=fake.base_url, api_key="wrong", max_retries=0) as client:
        with pytest.raises(openai.AuthenticationError):
            await client.models.list()


async def test_an_error_in_the_middle_reaches_the_client(client: AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(model="fake-error-middle", messages=SAY_HI, stream=True)
    with pytest.raises(openai.APIError, match="The model crashed"):
        _ = [chunk async for chunk in stream]


async def test_failures_can_be_put_first_and_are_retried_by_the_client(fake: FakeOpenAI) -> None:
    fake.fail_next(429, retry_after="0")
    async with AsyncOpenAI(base_url=fake.base_url, api_key="right", max_retries=1) as client:
        before = len(fake.requests)
        await client.chat.completions.create(model="fake-chat", messages=SAY_HI)
    assert len(fake.requests) == before + 2


async def test_closing_a_stream_is_noticed(fake: FakeOpenAI, client: AsyncOpenAI) -> None:
    before = fake.closed_early
    stream = await client.chat.completions.create(model="fake-endless", messages=SAY_HI, stream=True)
    async for _ in stream:
        break
    await stream.close()
    assert await fake.sees(lambda: fake.closed_early == before + 1)
