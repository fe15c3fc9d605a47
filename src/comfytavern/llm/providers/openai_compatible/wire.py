"""What servers answer, as far as it is read. Tolerant where real servers differ: unknown members are passed over."""

from typing import Any

import msgspec


class FunctionDelta(msgspec.Struct):
    """A piece of a function call."""

    name: str | None = None
    arguments: str | dict[str, Any] | None = None
    """Text; Ollama's older versions send an object."""


class CallDelta(msgspec.Struct):
    """A piece of a tool call."""

    index: int | None = None
    id: str | None = None
    function: FunctionDelta | None = None


class Delta(msgspec.Struct):
    """A piece of a message, or a whole one."""

    content: str | list[dict[str, Any]] | None = None
    """Text; Mistral's reasoning models send parts."""
    reasoning_content: str | None = None
    """DeepSeek, vLLM, llama.cpp, Qwen."""
    reasoning: str | None = None
    """OpenRouter, Groq, Ollama."""
    refusal: str | None = None
    tool_calls: list[CallDelta] | None = None


class Choice(msgspec.Struct):
    """One of the answers; only the first is asked for."""

    index: int | None = 0
    delta: Delta | None = None
    message: Delta | None = None
    """In place of `delta`, when the server did not stream."""
    text: str | None = None
    """/completions"""
    finish_reason: str | None = None


class CachedDetails(msgspec.Struct):
    """What of the input was cached."""

    cached_tokens: int | None = 0


class ReasoningDetails(msgspec.Struct):
    """What of the output was thinking."""

    reasoning_tokens: int | None = 0


class UsageWire(msgspec.Struct):
    """Tokens."""

    prompt_tokens: int | None = 0
    completion_tokens: int | None = 0
    total_tokens: int | None = 0
    prompt_tokens_details: CachedDetails | None = None
    completion_tokens_details: ReasoningDetails | None = None


class Chunk(msgspec.Struct):
    """A piece of the stream, or a whole answer."""

    choices: list[Choice] | None = None
    usage: UsageWire | None = None
    error: Any = None


class EmbeddingWire(msgspec.Struct):
    """One vector."""

    embedding: list[float]
    index: int = 0


class EmbeddingsWire(msgspec.Struct):
    """POST /embeddings."""

    data: list[EmbeddingWire]
    usage: UsageWire | None = None


class ImageWire(msgspec.Struct):
    """One picture."""

    b64_json: str | None = None
    url: str | None = None


class ImagesWire(msgspec.Struct):
    """POST /images/generations."""

    data: list[ImageWire]


class TranscriptWire(msgspec.Struct):
    """POST /audio/transcriptions."""

    text: str
    language: str | None = None


class PricingWire(msgspec.Struct):
    """OpenRouter: US dollars per token, as text."""

    prompt: str | float | None = None
    completion: str | float | None = None


class ArchitectureWire(msgspec.Struct):
    """OpenRouter: what goes in."""

    input_modalities: list[str] | None = None


class ModelWire(msgspec.Struct):
    """One model."""

    id: str
    context_length: int | None = None
    """OpenRouter."""
    max_model_len: int | None = None
    """vLLM."""
    pricing: PricingWire | None = None
    architecture: ArchitectureWire | None = None
    supported_parameters: list[str] | None = None


class ModelsWire(msgspec.Struct):
    """GET /models."""

    data: list[ModelWire]
