"""The wire format that most servers speak: OpenAI, Ollama, vLLM, llama.cpp, LM Studio, OpenRouter, DeepSeek and many more."""

import base64
import binascii
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec

from comfytavern.llm import errors
from comfytavern.llm.address import refuse_private
from comfytavern.llm.provider import Endpoint
from comfytavern.llm.providers.openai_compatible.assemble import Assembly, usage_of
from comfytavern.llm.providers.openai_compatible.body import chat_body, completion_body, embeddings_body, image_body, speech_body
from comfytavern.llm.providers.openai_compatible.discover import models_of
from comfytavern.llm.providers.openai_compatible.refusal import refusal
from comfytavern.llm.providers.openai_compatible.wire import EmbeddingsWire, ImagesWire, ImageWire, TranscriptWire
from comfytavern.llm.reply import Embeddings, Media, ReplyEvent, Transcript, Usage
from comfytavern.llm.repo import Model
from comfytavern.llm.request import ChatRequest, CompletionRequest, EmbedRequest, ImageRequest, SpeechRequest, TranscribeRequest
from comfytavern.llm.sse import EventParser, LineTooLong, ServerEvent
from comfytavern.llm.transport import REPLY_MAX_BYTES, Transport, limited, read, scrubbed

if TYPE_CHECKING:
    import httpx

W = TypeVar("W")

_JSON: Final = {"content-type": "application/json", "accept": "application/json"}
_EVENTS: Final = {"content-type": "application/json", "accept": "text/event-stream"}
_ERROR_MAX_BYTES: Final = 1024 * 1024
_BATCH: Final = 256
"""Texts in one request for embeddings."""
_SOUNDS: Final = {
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "pcm": "audio/L16",
}
_SUFFIXES: Final = {"audio/mpeg": "mp3", "audio/mp4": "m4a", "audio/ogg": "ogg", "audio/flac": "flac", "audio/webm": "webm"}


class OpenAICompatible:
    """Implements `Provider` and `MediaProvider`."""

    def __init__(self, transport: Transport | None = None) -> None:
        """Take the transport to share, or make one."""
        self._transport = transport or Transport()

    async def stream(self, request: ChatRequest | CompletionRequest, at: Endpoint, /) -> AsyncGenerator[ReplyEvent]:
        """Yield the reply as it comes. A server that does not stream, or that answers with an error in any form, is understood too."""
        if isinstance(request, ChatRequest):
            path, body = "/chat/completions", chat_body(request, at.profile)
        else:
            path, body = "/completions", completion_body(request, at.profile)
        async with self._transport.send(at, "POST", path, headers=_authorised(at, _EVENTS), content=body) as response:
            await _check(response, at, request.model)
            assembly = Assembly(at, request.model)
            whole = "json" in response.headers.get("content-type", "")
            async with aclosing(_whole(response, at, assembly) if whole else _pieces(response, at, assembly)) as events:
                async for event in events:
                    yield event

    async def embed(self, request: EmbedRequest, at: Endpoint, /) -> Embeddings:
        """Return one vector for each text, asking for 256 at a time."""
        vectors: list[list[float]] = []
        tokens = 0
        for start in range(0, len(request.texts), _BATCH):
            texts = request.texts[start : start + _BATCH]
            found = await self._json(
                EmbeddingsWire, at, "/embeddings", embeddings_body(request.model, texts, request.dimensions), request.model
            )
            if len(found.data) != len(texts):
                raise errors.bad_reply(at.name, f"{len(found.data)} vectors came for {len(texts)} texts")
            vectors += [each.embedding for each in sorted(found.data, key=lambda each: each.index)]
            tokens += usage_of(found.usage).input_tokens if found.usage else 0
        return Embeddings(vectors=vectors, usage=Usage(input_tokens=tokens))

    async def models(self, at: Endpoint, /) -> list[Model]:
        """Return what GET /models lists, with what it tells of each."""
        async with self._transport.send(at, "GET", "/models", headers=_authorised(at, {"accept": "application/json"})) as response:
            await _check(response, at, "")
            return models_of(await read(response, at), at)

    async def image(self, request: ImageRequest, at: Endpoint, /) -> list[Media]:
        """Return pictures; those that are given as an address are fetched, without the key and by the rules of address.py."""
        found = await self._json(ImagesWire, at, "/images/generations", image_body(request), request.model)
        if not found.data:
            raise errors.bad_reply(at.name, "there is no picture in it")
        return [await self._picture(picture, at) for picture in found.data]

    async def speech(self, request: SpeechRequest, at: Endpoint, /) -> Media:
        """Return the spoken text in the format asked for."""
        headers = _authorised(at, _JSON | {"accept": "*/*"})
        async with self._transport.send(at, "POST", "/audio/speech", headers=headers, content=speech_body(request)) as response:
            await _check(response, at, request.model)
            kind = response.headers.get("content-type", "").partition(";")[0]
            data = await read(response, at)
        if not data or "json" in kind or "html" in kind:
            raise errors.bad_reply(at.name, "there is no sound in it", scrubbed(data[:200].decode(errors="replace"), at))
        return Media(data=data, media_type=kind if kind.startswith("audio/") else _SOUNDS.get(request.format, "audio/mpeg"))

    async def transcribe(self, request: TranscribeRequest, at: Endpoint, /) -> Transcript:
        """Return the words of the recording."""
        fields = {"model": request.model, "response_format": "json", "language": request.language, "prompt": request.prompt}
        name = f"audio.{_SUFFIXES.get(request.media_type, 'wav')}"
        sent: dict[str, Any] = {
            "data": {field: value for field, value in fields.items() if value},
            "files": {"file": (name, request.audio, request.media_type)},
        }
        headers = _authorised(at, {"accept": "application/json"})
        async with self._transport.send(at, "POST", "/audio/transcriptions", headers=headers, **sent) as response:
            await _check(response, at, request.model)
            found = _decode(TranscriptWire, await read(response, at), at)
        return Transcript(text=found.text, language=found.language or "")

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def _json(self, type: type[W], at: Endpoint, path: str, body: bytes, model: str) -> W:
        async with self._transport.send(at, "POST", path, headers=_authorised(at, _JSON), content=body) as response:
            await _check(response, at, model)
            return _decode(type, await read(response, at), at)

    async def _picture(self, picture: ImageWire, at: Endpoint) -> Media:
        if picture.b64_json is not None:
            return Media(data=_from_base64(picture.b64_json, at), media_type="image/png")
        url = picture.url or ""
        if url.startswith("data:"):
            return Media(data=_from_base64(url.partition(",")[2], at), media_type=url[5:].partition(";")[0])
        same_host = urlsplit(url).hostname == urlsplit(at.base_url).hostname
        elsewhere = Endpoint(channel_id=at.channel_id, name=at.name, base_url=url, private=at.private and same_host)
        await refuse_private(elsewhere)
        async with self._transport.send(elsewhere, "GET", "", headers={"accept": "image/*"}) as response:
            await _check(response, elsewhere, "")
            return Media(data=await read(response, at), media_type=response.headers.get("content-type", "image/png").partition(";")[0])


async def _pieces(response: "httpx.Response", at: Endpoint, assembly: Assembly) -> AsyncGenerator[ReplyEvent]:
    """Yield the events of a body of server-sent events."""
    parser = EventParser()
    beginning = b""
    async with aclosing(limited(response, at)) as chunks:
        async for chunk in chunks:
            beginning = beginning or chunk
            for event in _parsed(parser, chunk, at):
                if event.data == b"[DONE]":
                    for last in assembly.end(done=True):
                        yield last
                    return
                for reply_event in assembly.piece(event.data, event.name):
                    yield reply_event
    for event in parser.end():
        for reply_event in assembly.piece(event.data, event.name) if event.data != b"[DONE]" else ():
            yield reply_event
    _recognise(beginning, at)
    for last in assembly.end(done=False):
        yield last


async def _whole(response: "httpx.Response", at: Endpoint, assembly: Assembly) -> AsyncGenerator[ReplyEvent]:
    """Yield the events of a body that is one JSON document: the server did not stream."""
    for event in assembly.piece(await read(response, at)):
        yield event
    for event in assembly.end(done=True):
        yield event


def _parsed(parser: EventParser, chunk: bytes, at: Endpoint) -> list[ServerEvent]:
    try:
        return parser.feed(chunk)
    except LineTooLong:
        raise errors.reply_too_large(at.name, REPLY_MAX_BYTES) from None


def _recognise(beginning: bytes, at: Endpoint) -> None:
    """Raise `llm.bad_reply` when the body was no event stream at all: nothing of it begins as a line of one does."""
    start = beginning.lstrip().removeprefix(b"\xef\xbb\xbf")
    if start and not start.startswith((b"data", b"event", b":", b"id", b"retry")):
        raise errors.bad_reply(at.name, "it is not a stream of events", scrubbed(start[:200].decode(errors="replace"), at))


async def _check(response: "httpx.Response", at: Endpoint, model: str) -> None:
    """Raise the failure that the response stands for, unless it is a success."""
    if response.status_code not in range(200, 300):
        raise refusal(response.status_code, await read(response, at, _ERROR_MAX_BYTES), response.headers, at, model)


def _authorised(at: Endpoint, headers: dict[str, str]) -> dict[str, str]:
    return headers | {"authorization": f"Bearer {at.key.reveal()}"} if at.key else headers


def _decode(type: type[W], body: bytes, at: Endpoint) -> W:
    try:
        return msgspec.json.decode(body, type=type)
    except msgspec.DecodeError as error:
        said = scrubbed(body[:200].decode(errors="replace"), at)
        raise errors.bad_reply(at.name, f"it is not what was expected ({error})", said) from error


def _from_base64(text: str, at: Endpoint) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise errors.bad_reply(at.name, "a picture in it is broken") from error
