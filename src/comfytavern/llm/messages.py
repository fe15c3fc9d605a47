"""What is said in a conversation, as values; on wires they are the same JSON that these structs encode to."""

from typing import Any, Literal

import msgspec

from comfytavern.kernel.errors import Invalid

Role = Literal["system", "user", "assistant", "tool"]


class TextPart(msgspec.Struct, frozen=True, tag_field="type", tag="text"):
    """Words inside a message that has more than words."""

    text: str


class ImagePart(msgspec.Struct, frozen=True, tag_field="type", tag="image"):
    """A picture, as a `data:` or `https:` URL."""

    url: str


class ToolCall(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="tool_call"):
    """A wish of the model that a tool be called. Arrives whole, never in pieces."""

    id: str
    name: str
    arguments: str
    """JSON text, exactly as the model wrote it (it may be malformed)."""


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One turn. `content` is text, or parts when there are pictures."""

    role: Role
    content: str | tuple[TextPart | ImagePart, ...] = ""
    name: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    """role `tool`: which call this answers."""

    @property
    def text(self) -> str:
        """The words of the message, pictures left out."""
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content if isinstance(part, TextPart))


def parse_messages(value: Any) -> list[Message]:
    """Return the messages in a value from a wire: a list, one message, a plain string (said by the user) or None.

    Raises `Invalid` (`llm.messages`) with the place for anything else.
    """
    if value is None or value == "":
        return []
    items = value if isinstance(value, list | tuple) else [value]
    return [_parse(item, index) for index, item in enumerate(items)]


def to_wire(message: Message) -> dict[str, Any]:
    """Return the message as plain JSON; `parse_messages` reads it back. The role comes first and `content` is always there."""
    built: dict[str, Any] = msgspec.to_builtins(message)
    wire = {name: list(value) if isinstance(value, tuple) else value for name, value in built.items()}
    return {"role": message.role, "content": wire.pop("content", ""), **wire}


def _parse(item: Any, index: int) -> Message:
    if isinstance(item, Message):
        return item
    if isinstance(item, str):
        return Message(role="user", content=item)
    try:
        return msgspec.convert(item, Message)
    except msgspec.ValidationError as error:
        raise Invalid(
            "llm.messages",
            f"Message {index + 1} is not a message: {error}.",
            hint='A message looks like {"role": "user", "content": "…"}; roles are system, user, assistant and tool.',
            index=index,
            why=str(error),
        ) from error
