"""The demo model: no key, no network, always there, and never pretending to be more."""

import asyncio
import re
from collections.abc import AsyncGenerator, Iterator

from comfytavern.llm.messages import ToolCall
from comfytavern.llm.provider import Endpoint
from comfytavern.llm.providers.demo.media import picture, tone, vector
from comfytavern.llm.providers.demo.reply import continuation, demo_reply
from comfytavern.llm.reply import Embeddings, Finish, Media, Reasoning, Reply, ReplyEvent, Text, Transcript, Usage
from comfytavern.llm.repo import CAPABILITIES, Model
from comfytavern.llm.request import ChatRequest, CompletionRequest, EmbedRequest, ImageRequest, SpeechRequest, TranscribeRequest
from comfytavern.llm.tokens import count_tokens

_PIECE = re.compile(r"\s*(?:[\u3000-\u9fff\uff00-\uffef]{1,3}|[^\s\u3000-\u9fff\uff00-\uffef]{1,24})|\s+")


class Demo:
    """Implements `Provider` and `MediaProvider` by fixed rules (reply.py, media.py)."""

    def __init__(self, *, delay_s: float = 0.02) -> None:
        """Wait `delay_s` before each piece of a reply, so that streaming is seen."""
        self._delay_s = delay_s

    async def stream(self, request: ChatRequest | CompletionRequest, _at: Endpoint, /) -> AsyncGenerator[ReplyEvent]:
        """Yield the reply word by word. Honours `max_tokens` (a piece is a token) and `stop`; nothing else of the sampling."""
        reply = demo_reply(request) if isinstance(request, ChatRequest) else Reply(text=continuation(request.prompt))
        limit = request.sampling.max_tokens
        reason = "tool_calls" if reply.tool_calls else "stop"
        for count, event in enumerate(_pieces(reply, request.sampling.stop)):
            if limit is not None and count >= limit:
                reason = "length"
                break
            await asyncio.sleep(self._delay_s)
            yield event
        yield Finish(reason=reason)

    async def embed(self, request: EmbedRequest, _at: Endpoint, /) -> Embeddings:
        """Return one hashed vector for each text."""
        tokens = await asyncio.to_thread(lambda: sum(count_tokens(text) for text in request.texts))
        return Embeddings(
            vectors=[vector(text, request.dimensions) for text in request.texts], usage=Usage(input_tokens=tokens, estimated=True)
        )

    async def models(self, _at: Endpoint, /) -> list[Model]:
        """Return the one model."""
        return [Model(name="demo", capabilities=CAPABILITIES)]

    async def image(self, request: ImageRequest, _at: Endpoint, /) -> list[Media]:
        """Return pictures of the word DEMO."""
        data = await asyncio.to_thread(picture, request.prompt, request.width, request.height)
        return [Media(data=data, media_type="image/png")] * max(1, request.count)

    async def speech(self, request: SpeechRequest, _at: Endpoint, /) -> Media:
        """Return a tone, always as WAV."""
        return Media(data=await asyncio.to_thread(tone, request.text), media_type="audio/wav")

    async def transcribe(self, request: TranscribeRequest, _at: Endpoint, /) -> Transcript:
        """Return a sentence about the recording; nobody listened to it."""
        size = len(request.audio)
        text = f"[demo model] A recording of {size} bytes ({request.media_type}). Nobody listened to it: this is a demonstration."
        return Transcript(text=text, language="en")

    async def aclose(self) -> None:
        """Have nothing to close."""


def _pieces(reply: Reply, stop: tuple[str, ...]) -> Iterator[Reasoning | Text | ToolCall]:
    yield from map(Reasoning, _PIECE.findall(reply.reasoning))
    text = reply.text
    for each in stop:
        text = text.partition(each)[0] if each else text
    yield from map(Text, _PIECE.findall(text))
    yield from reply.tool_calls
