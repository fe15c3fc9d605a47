"""What may be asked of a model, as values. `model` is `channel/model` at the gateway's door and a bare name behind it."""

from typing import Any

import msgspec

from comfytavern.llm.messages import Message


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """A tool the model may call."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = {}
    """JSON Schema of its arguments."""


class Sampling(msgspec.Struct, frozen=True, kw_only=True):
    """How the next token is chosen. None = the provider's own default, and nothing is sent."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None


class ChatRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The next turn of a conversation."""

    model: str
    messages: tuple[Message, ...]
    sampling: Sampling = Sampling()
    tools: tuple[Tool, ...] = ()
    tool_choice: str = ""
    """auto, none, required or the name of a tool; empty = not sent."""
    schema: dict[str, Any] | None = None
    """JSON Schema that the reply must follow (structured output)."""
    effort: str = ""
    """How long a reasoning model thinks: low, medium or high; empty = not sent."""
    extra: dict[str, Any] = {}
    """Members added to the request body as they are; they win over ours."""


class CompletionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The continuation of a text."""

    model: str
    prompt: str
    suffix: str = ""
    sampling: Sampling = Sampling()
    extra: dict[str, Any] = {}


class EmbedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One vector for each text."""

    model: str
    texts: tuple[str, ...]
    dimensions: int | None = None


class ImageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Pictures from words."""

    model: str
    prompt: str
    width: int = 1024
    height: int = 1024
    count: int = 1
    extra: dict[str, Any] = {}


class SpeechRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A voice that reads a text."""

    model: str
    text: str
    voice: str = "alloy"
    format: str = "mp3"
    """mp3, wav, opus, aac, flac or pcm."""
    speed: float | None = None


class TranscribeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The words of a recording."""

    model: str
    audio: bytes
    media_type: str = "audio/wav"
    language: str = ""
    """ISO 639-1, when known."""
    prompt: str = ""
