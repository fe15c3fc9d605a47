"""Request bodies. Nothing is sent that was not asked for, and the members stand in the order written here."""

from typing import Any

import msgspec

from comfytavern.kernel.errors import Invalid
from comfytavern.llm.messages import Message, TextPart
from comfytavern.llm.profiles import Profile
from comfytavern.llm.request import ChatRequest, CompletionRequest, ImageRequest, Sampling, SpeechRequest

_CHOICES = frozenset({"auto", "none", "required"})


def chat_body(request: ChatRequest, profile: Profile) -> bytes:
    """Return the body of POST /chat/completions."""
    body: dict[str, Any] = {"model": request.model, "messages": [_message(message) for message in request.messages]}
    if request.tools:
        body["tools"] = [{"type": "function", "function": msgspec.to_builtins(tool)} for tool in request.tools]
    if request.tool_choice:
        named = {"type": "function", "function": {"name": request.tool_choice}}
        body["tool_choice"] = request.tool_choice if request.tool_choice in _CHOICES else named
    if request.schema is not None:
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": request.schema}}
    if request.effort:
        body["reasoning_effort"] = request.effort
    return _encode(body | _sampling(request.sampling, profile.max_tokens_field) | _streamed(profile) | request.extra)


def completion_body(request: CompletionRequest, profile: Profile) -> bytes:
    """Return the body of POST /completions."""
    body: dict[str, Any] = {"model": request.model, "prompt": request.prompt}
    if request.suffix:
        body["suffix"] = request.suffix
    return _encode(body | _sampling(request.sampling, "max_tokens") | _streamed(profile) | request.extra)


def embeddings_body(model: str, texts: tuple[str, ...], dimensions: int | None) -> bytes:
    """Return the body of POST /embeddings."""
    size = {} if dimensions is None else {"dimensions": dimensions}
    return _encode({"model": model, "input": texts, "encoding_format": "float"} | size)


def image_body(request: ImageRequest) -> bytes:
    """Return the body of POST /images/generations. OpenAI's gpt-image models answer in base64 and refuse to be told so."""
    body: dict[str, Any] = {
        "model": request.model,
        "prompt": request.prompt,
        "n": request.count,
        "size": f"{request.width}x{request.height}",
    }
    if not request.model.startswith("gpt-image"):
        body["response_format"] = "b64_json"
    return _encode(body | request.extra)


def speech_body(request: SpeechRequest) -> bytes:
    """Return the body of POST /audio/speech."""
    speed = {} if request.speed is None else {"speed": request.speed}
    return _encode({"model": request.model, "input": request.text, "voice": request.voice, "response_format": request.format} | speed)


def _message(message: Message) -> dict[str, Any]:
    body: dict[str, Any] = {"role": message.role, "content": _content(message)}
    if message.name:
        body["name"] = message.name
    if message.tool_calls:
        body["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}} for call in message.tool_calls
        ]
    if message.role == "tool":
        body["tool_call_id"] = message.tool_call_id
    return body


def _content(message: Message) -> str | list[dict[str, Any]] | None:
    if not message.content and message.tool_calls:
        return None
    if isinstance(message.content, str):
        return message.content
    return [
        {"type": "text", "text": part.text} if isinstance(part, TextPart) else {"type": "image_url", "image_url": {"url": part.url}}
        for part in message.content
    ]


def _sampling(sampling: Sampling, max_tokens_field: str) -> dict[str, Any]:
    members: dict[str, Any] = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        max_tokens_field: sampling.max_tokens,
        "stop": sampling.stop or None,
        "seed": sampling.seed,
    }
    return {name: value for name, value in members.items() if value is not None}


def _streamed(profile: Profile) -> dict[str, Any]:
    return {"stream": True} | ({"stream_options": {"include_usage": True}} if profile.stream_usage else {})


def _encode(body: dict[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(body)
    except UnicodeEncodeError:
        sentence = "The request has half of a character in it (a lone surrogate), which cannot be sent."
        raise Invalid("llm.messages", sentence, hint="Look for a text that was cut in the middle of an emoji.") from None
