"""The gateway: routes, tries again, falls back, counts, and lets go at once."""

import asyncio
from contextlib import aclosing
from typing import Any

import msgspec
import pytest

from comfytavern.kernel.errors import Busy, Conflict, Failure, NotFound
from comfytavern.llm.messages import Message
from comfytavern.llm.reply import Finish, Text, Usage
from comfytavern.llm.repo import Model
from comfytavern.llm.request import ChatRequest, EmbedRequest, ImageRequest, SpeechRequest, TranscribeRequest

OWNER = "usr_1"


async def test_the_demo_model_is_always_there(bench: Any) -> None:
    reply = await bench.ask("demo/demo")
    assert reply.text.startswith("[demo model]")
    assert reply.usage.cost_usd == 0.0
    assert [offer.id for offer in await bench.gateway.models(OWNER)] == ["demo/demo"]


async def test_a_reply_streams_with_usage_and_then_finish_at_its_end(bench: Any, ask_for: Any) -> None:
    await bench.add()
    events = [event async for event in bench.gateway.chat(ask_for("chn_1/fake-chat"), owner=OWNER)]
    assert "".join(event.text for event in events[:-2]) == "Fake answer to: Hi"
    assert all(isinstance(event, Text) and event.text for event in events[:-2])
    assert isinstance(events[-2], Usage)
    assert not events[-2].estimated
    assert events[-1] == Finish(reason="stop", model="chn_1/fake-chat")


async def test_tokens_are_counted_here_when_the_provider_does_not_say(bench: Any) -> None:
    await bench.add()
    usage = (await bench.ask("chn_1/fake-no-usage", "one two three")).usage
    assert usage.estimated
    assert (usage.input_tokens, usage.output_tokens) == (9, 7)


async def test_a_call_has_its_price(bench: Any) -> None:
    await bench.add(models=(Model(name="fake-chat", input_usd_per_million=1.0, output_usd_per_million=10.0),))
    usage = (await bench.ask("chn_1/fake-chat", "one two three")).usage
    assert usage.cost_usd == pytest.approx((usage.input_tokens + 10 * usage.output_tokens) / 1e6)
    await bench.add("chn_2")
    assert (await bench.ask("chn_2/fake-chat")).usage.cost_usd is None


async def test_the_body_is_exactly_what_was_asked(bench: Any) -> None:
    await bench.add()
    await bench.ask("chn_1/fake-chat", "Hé", extra={"top_k": 5})
    assert bench.fake.requests[-1].body.decode() == (
        '{"model":"fake-chat","messages":[{"role":"user","content":"Hé"}],"stream":true,"stream_options":{"include_usage":true},"top_k":5}'
    )
    assert bench.fake.requests[-1].headers["authorization"].endswith("sk-right-0123456789")


async def test_a_server_that_does_not_stream_is_understood(bench: Any) -> None:
    await bench.add()
    assert (await bench.ask("chn_1/fake-plain")).text == "Fake answer to: Hi"


async def test_too_many_requests_are_waited_out(bench: Any) -> None:
    await bench.add()
    bench.fake.fail_next(429, retry_after="0.25")
    bench.fake.fail_next(503)
    assert (await bench.ask("chn_1/fake-chat")).text == "Fake answer to: Hi"
    assert bench.slept == [pytest.approx(0.255), pytest.approx(0.02)]
    assert len(bench.fake.requests) == 3


async def test_a_storm_of_refusals_ends_after_the_last_try(bench: Any) -> None:
    await bench.add()
    with pytest.raises(Busy) as failure:
        await bench.ask("chn_1/fake-error-429")
    assert failure.value.code == "llm.rate_limited"
    assert len(bench.fake.requests) == 3


async def test_a_provider_that_wants_us_to_wait_too_long_has_failed(bench: Any) -> None:
    await bench.add()
    bench.fake.fail_next(429, retry_after="3600")
    with pytest.raises(Busy) as failure:
        await bench.ask("chn_1/fake-chat")
    assert failure.value.params["retry_after_s"] == 3600
    assert bench.slept == []


async def test_another_channel_stands_in(bench: Any) -> None:
    await bench.add("chn_1", key="sk-wrong-000")
    await bench.add("chn_2", priority=1)
    reply = await bench.ask("chn_1/fake-chat")
    assert reply.finish.model == "chn_2/fake-chat"


async def test_a_channel_that_may_not_stand_in_does_not(bench: Any) -> None:
    await bench.add("chn_1", key="sk-wrong-000")
    await bench.add("chn_2", fallback=False)
    await bench.add("chn_3", enabled=False)
    await bench.add("chn_4", models=(Model(name="another"),))
    await bench.add("chn_5", owner="usr_2")
    with pytest.raises(Failure) as failure:
        await bench.ask("chn_1/fake-chat")
    assert failure.value.code == "llm.auth"
    assert len(bench.fake.requests) == 1


async def test_when_all_fail_the_first_failure_is_told(bench: Any) -> None:
    await bench.add("chn_1", key="sk-wrong-000")
    await bench.add("chn_2", base_url="http://127.0.0.1:1/v1")
    with pytest.raises(Failure) as failure:
        await bench.ask("chn_1/fake-chat")
    assert failure.value.code == "llm.auth"
    assert failure.value.params["also"] == [{"model": "chn_2/fake-chat", "code": "llm.unreachable"}]


async def test_a_request_that_nobody_would_take_is_not_passed_on(bench: Any) -> None:
    await bench.add("chn_1")
    await bench.add("chn_2")
    for model, code in (("fake-context", "llm.context_length"), ("fake-error-400", "llm.refused")):
        bench.fake.requests.clear()
        with pytest.raises(Failure) as failure:
            await bench.ask(f"chn_1/{model}")
        assert failure.value.code == code
        assert len(bench.fake.requests) == 1


async def test_any_channel_is_asked_by_priority(bench: Any) -> None:
    await bench.add("chn_1")
    await bench.add("chn_2", priority=5, fallback=False)
    assert (await bench.ask("any/fake-chat")).finish.model == "chn_2/fake-chat"


async def test_unknown_and_disabled_channels_are_told_apart(bench: Any) -> None:
    await bench.add("chn_1", enabled=False)
    await bench.add("chn_2", owner="usr_2")
    for model in ("chn_9/x", "chn_2/fake-chat", "any/nothing", "x", "", "demo/"):
        with pytest.raises(NotFound) as unknown:
            await bench.ask(model)
        assert unknown.value.code == "llm.channel_not_found"
    with pytest.raises(Conflict):
        await bench.ask("chn_1/fake-chat")


async def test_cancelling_closes_the_call_at_once(bench: Any, ask_for: Any) -> None:
    await bench.add()
    started = asyncio.Event()

    async def read() -> None:
        async with aclosing(bench.gateway.chat(ask_for("chn_1/fake-endless"), owner=OWNER)) as events:
            async for _ in events:
                started.set()

    task = asyncio.create_task(read())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await bench.fake.sees(lambda: bench.fake.closed_early == 1, within_s=5.0)


async def test_leaving_the_stream_closes_the_call_at_once(bench: Any, ask_for: Any) -> None:
    await bench.add()
    async with aclosing(bench.gateway.chat(ask_for("chn_1/fake-endless"), owner=OWNER)) as events:
        async for _ in events:
            break
    assert await bench.fake.sees(lambda: bench.fake.closed_early == 1, within_s=5.0)


async def test_many_calls_share_the_gateway(bench: Any) -> None:
    await bench.add()
    replies = await asyncio.gather(*(bench.ask("chn_1/fake-chat", f"number {index}") for index in range(40)))
    assert [reply.text for reply in replies] == [f"Fake answer to: number {index}" for index in range(40)]


async def test_vectors_pictures_and_sounds_take_the_same_way(bench: Any) -> None:
    await bench.add("chn_1", key="sk-wrong-000")
    await bench.add("chn_2")
    gateway = bench.gateway
    found = await gateway.embed(EmbedRequest(model="chn_1/fake-embedding", texts=("a", "b")), owner=OWNER)
    assert (found.model, len(found.vectors)) == ("chn_2/fake-embedding", 2)
    bench.fake.fail_next(500)
    assert await gateway.image(ImageRequest(model="chn_2/fake-image", prompt="x", width=64, height=64), owner=OWNER)
    sound = await gateway.speech(SpeechRequest(model="chn_2/fake-speech-tts-1", text="x", format="wav"), owner=OWNER)
    heard = await gateway.transcribe(TranscribeRequest(model="chn_2/fake-transcribe", audio=sound.data), owner=OWNER)
    assert heard.text.startswith("Fake transcript")


async def test_all_models_are_listed_with_what_is_known_of_them(bench: Any) -> None:
    await bench.add("chn_1", models=(Model(name="gpt-4o-mini"), Model(name="my-embedder", capabilities=("embedding",))))
    offers = await bench.gateway.models(OWNER)
    assert [offer.id for offer in offers] == ["demo/demo", "chn_1/gpt-4o-mini", "chn_1/my-embedder"]
    assert "vision" in offers[1].capabilities
    assert offers[2].capabilities == ("embedding",)


async def test_a_long_count_of_tokens_does_not_fail(bench: Any) -> None:
    assert await bench.gateway.count_tokens("") == 0
    assert await bench.gateway.count_tokens("Hello, world!") == 4
    assert await bench.gateway.count_tokens("word " * 300_000) == pytest.approx(300_000, rel=0.01)
    assert await bench.gateway.count_tokens("\ud800 half a pair") > 0


async def test_every_message_form_is_sent_as_openai_has_it(bench: Any) -> None:
    await bench.add()
    said = [
        {"role": "system", "content": "S"},
        {
            "role": "user",
            "name": "Ann",
            "content": [{"type": "text", "text": "Look"}, {"type": "image", "url": "data:image/png;base64,AA=="}],
        },
        {"role": "assistant", "tool_calls": [{"type": "tool_call", "id": "c1", "name": "f", "arguments": "{}"}]},
        {"role": "tool", "tool_call_id": "c1", "content": "42"},
    ]
    request = ChatRequest(model="chn_1/fake-chat", messages=tuple(msgspec.convert(said, list[Message])))
    _ = [event async for event in bench.gateway.chat(request, owner=OWNER)]
    assert bench.fake.requests[-1].json["messages"] == [
        {"role": "system", "content": "S"},
        {
            "role": "user",
            "content": [{"type": "text", "text": "Look"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}],
            "name": "Ann",
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        },
        {"role": "tool", "content": "42", "tool_call_id": "c1"},
    ]
