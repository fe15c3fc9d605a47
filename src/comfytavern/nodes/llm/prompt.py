"""From the inputs of a node to what is asked of a model."""

from typing import Any

import msgspec

from comfytavern.llm.messages import ImagePart, Message, TextPart, parse_messages
from comfytavern.llm.request import Tool
from comfytavern.nodes.kit import Failure
from comfytavern.nodes.llm.pictures import picture_reference


def conversation(system: str, messages: Any, prompt: str, images: list[Any] | None) -> list[Message]:
    """Return system prompt, messages and prompt as one conversation; pictures go with the prompt.

    Raises `Invalid` (`llm.messages`) for what is no message, `Failure` (`llm.no_messages`) when there is nothing to say.
    """
    said = parse_messages(messages)
    if system:
        said.insert(0, Message(role="system", content=system))
    if images:
        pictures = [ImagePart(url=picture_reference(image)) for image in images]
        said.append(Message(role="user", content=(TextPart(text=prompt), *pictures) if prompt else tuple(pictures)))
    elif prompt:
        said.append(Message(role="user", content=prompt))
    if all(message.role == "system" for message in said):
        raise Failure(
            "llm.no_messages", "There is nothing to answer: prompt and messages are empty.", hint="Write a prompt, or wire one in."
        )
    return said


def parse_tools(value: Any) -> tuple[Tool, ...]:
    """Return the tools in a value from a wire. Raises `Failure` (`llm.tools`) for what is not a list of tools."""
    try:
        return msgspec.convert(value or [], tuple[Tool, ...])
    except msgspec.ValidationError as error:
        raise Failure(
            "llm.tools",
            f"The tools are not a list of tools: {error}.",
            hint='A tool looks like {"name": "weather", "description": "…", "parameters": {"type": "object", "properties": {}}}.',
        ) from error
