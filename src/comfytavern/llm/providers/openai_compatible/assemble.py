"""From pieces on the wire to reply events."""

from typing import Any, Final

import msgspec

from comfytavern.llm import errors
from comfytavern.llm.messages import ToolCall
from comfytavern.llm.provider import Endpoint
from comfytavern.llm.providers.openai_compatible.refusal import inside
from comfytavern.llm.providers.openai_compatible.wire import CallDelta, Choice, Chunk, Delta, UsageWire
from comfytavern.llm.reply import Finish, Reasoning, ReplyEvent, Text, Usage
from comfytavern.llm.transport import scrubbed

_DECODER: Final = msgspec.json.Decoder(Chunk)
_REASONS: Final = {"length": "length", "content_filter": "content_filter", "tool_calls": "tool_calls", "function_call": "tool_calls"}
_SHOWN_MAX: Final = 200


class Assembly:
    """Builds one reply. Text passes at once; a tool call is given out when it is whole."""

    def __init__(self, at: Endpoint, model: str) -> None:
        """Take whom and what was asked, for errors."""
        self._at = at
        self._model = model
        self._calls: dict[int, _Call] = {}
        self._reason: str | None = None
        self._usage: Usage | None = None
        self._answered = False

    def piece(self, data: bytes, name: str = "") -> list[ReplyEvent]:
        """Return the events in one piece of the stream (or a whole answer); an empty `Text` when there is nothing to show.

        Raises the `Failure` that an error in it stands for, and `llm.bad_reply` for nonsense.
        """
        if not data:
            return [Text("")]
        try:
            chunk = _DECODER.decode(data)
        except msgspec.DecodeError as error:
            shown = scrubbed(data[:_SHOWN_MAX].decode(errors="replace"), self._at)
            raise errors.bad_reply(self._at.name, f"a piece of it is not what was expected ({error})", shown) from error
        if chunk.error or name == "error":
            raise inside(chunk.error or msgspec.json.decode(data), self._at, self._model)
        if chunk.usage is not None:
            self._usage = usage_of(chunk.usage)
        events: list[ReplyEvent] = []
        for choice in chunk.choices or ():
            if not choice.index:
                self._answered = True
                self._choice(choice, events)
        return events or [Text("")]

    def end(self, *, done: bool) -> list[ReplyEvent]:
        """Return what is left at the stream's end: no `Finish` when it broke off, without a reason and without being `done`.

        Raises `llm.bad_reply` when it is done and there was no answer in it.
        """
        if self._reason is None and not done:
            return []
        if not self._answered:
            raise errors.bad_reply(self._at.name, "there is no answer in it")
        calls = [call.whole(index) for index, call in sorted(self._calls.items())]
        usage = [self._usage] if self._usage else []
        reason = "tool_calls" if calls and self._reason != "length" else self._reason or "stop"
        return [*calls, *usage, Finish(reason=reason)]

    def _choice(self, choice: Choice, events: list[ReplyEvent]) -> None:
        if choice.text:
            events.append(Text(choice.text))
        piece = choice.delta or choice.message
        if piece is not None:
            self._delta(piece, events)
        if choice.finish_reason == "error":
            raise errors.interrupted(self._at.name)
        if choice.finish_reason:
            self._reason = _REASONS.get(choice.finish_reason, "stop")

    def _delta(self, piece: Delta, events: list[ReplyEvent]) -> None:
        thought = piece.reasoning_content or piece.reasoning
        if thought:
            events.append(Reasoning(thought))
        if piece.content:
            events.extend([Text(piece.content)] if isinstance(piece.content, str) else _parts(piece.content))
        if piece.refusal:
            events.append(Text(piece.refusal))
        for position, call in enumerate(piece.tool_calls or ()):
            self._call(call, position)

    def _call(self, piece: CallDelta, position: int) -> None:
        index = position if piece.index is None else piece.index
        call = self._calls.setdefault(index, _Call())
        call.id = call.id or piece.id or ""
        if piece.function is not None:
            call.name += piece.function.name or "" if not call.name else ""
            given = piece.function.arguments
            call.arguments.append(msgspec.json.encode(given).decode() if isinstance(given, dict) else given or "")


class _Call:
    """A tool call under construction."""

    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.arguments: list[str] = []

    def whole(self, index: int) -> ToolCall:
        return ToolCall(id=self.id or f"call_{index}", name=self.name, arguments="".join(self.arguments) or "{}")


def usage_of(wire: UsageWire) -> Usage:
    """Return the tokens a server says it used."""
    cached = wire.prompt_tokens_details.cached_tokens if wire.prompt_tokens_details else 0
    thought = wire.completion_tokens_details.reasoning_tokens if wire.completion_tokens_details else 0
    return Usage(
        input_tokens=wire.prompt_tokens or 0,
        output_tokens=wire.completion_tokens or 0,
        cached_tokens=cached or 0,
        reasoning_tokens=thought or 0,
    )


def _parts(parts: list[dict[str, Any]]) -> list[ReplyEvent]:
    """Return the events of content that came as parts: text, and thinking that holds text parts itself."""
    events: list[ReplyEvent] = []
    for part in parts:
        if isinstance(part.get("text"), str):
            events.append(Text(part["text"]))
        elif isinstance(part.get("thinking"), list):
            words = "".join(str(inner.get("text", "")) for inner in part["thinking"] if isinstance(inner, dict))
            events.append(Reasoning(words))
    return events
