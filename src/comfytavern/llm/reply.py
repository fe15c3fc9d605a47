"""What comes back from a model, as values.

A reply stream is any number of `Text`, `Reasoning` and `ToolCall`, then exactly one `Usage`, then exactly one `Finish`;
or it raises a `Failure` and ends there.
"""

from collections.abc import AsyncIterator

import msgspec

from comfytavern.llm.messages import Message, ToolCall


class Text(msgspec.Struct, frozen=True):
    """More words of the answer."""

    text: str


class Reasoning(msgspec.Struct, frozen=True):
    """More words of the thinking before it."""

    text: str


class Usage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Tokens of one call."""

    input_tokens: int = 0
    output_tokens: int = 0
    """Reasoning included."""
    cached_tokens: int = 0
    """Of the input, read from the provider's cache."""
    reasoning_tokens: int = 0
    """Of the output."""
    cost_usd: float | None = None
    """None = the price of this model is not known here."""
    estimated: bool = False
    """The provider did not say; counted here."""


class Finish(msgspec.Struct, frozen=True, kw_only=True):
    """Why it ended, and who answered."""

    reason: str = "stop"
    """stop, length, tool_calls or content_filter."""
    model: str = ""
    """`channel/model` that answered: not the one asked for when another channel stood in."""


ReplyEvent = Text | Reasoning | ToolCall | Usage | Finish


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A whole reply."""

    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage = Usage()
    finish: Finish = Finish()

    @property
    def message(self) -> Message:
        """The reply as the next message of the conversation."""
        return Message(role="assistant", content=self.text, tool_calls=self.tool_calls)


class Embeddings(msgspec.Struct, frozen=True, kw_only=True):
    """Vectors in the order of the texts."""

    vectors: list[list[float]]
    usage: Usage = Usage()
    model: str = ""


class Media(msgspec.Struct, frozen=True, kw_only=True):
    """A picture or a sound."""

    data: bytes
    media_type: str


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """What was said in a recording."""

    text: str
    language: str = ""


class Fold:
    """Adds up the events of a stream to a whole reply."""

    def __init__(self) -> None:
        """Start with an empty reply."""
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._calls: list[ToolCall] = []
        self._usage = Usage()
        self._finish = Finish()

    def add(self, event: ReplyEvent) -> None:
        """Take the next event."""
        match event:
            case Text():
                self._text.append(event.text)
            case Reasoning():
                self._reasoning.append(event.text)
            case ToolCall():
                self._calls.append(event)
            case Usage():
                self._usage = event
            case Finish():
                self._finish = event

    @property
    def reply(self) -> Reply:
        """The reply so far."""
        return Reply(
            text="".join(self._text),
            reasoning="".join(self._reasoning),
            tool_calls=tuple(self._calls),
            usage=self._usage,
            finish=self._finish,
        )


async def gather(events: AsyncIterator[ReplyEvent]) -> Reply:
    """Read a stream to its end and return the whole reply."""
    fold = Fold()
    async for event in events:
        fold.add(event)
    return fold.reply
