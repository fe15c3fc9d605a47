"""How many tokens a text is. Exact for OpenAI's models, a close estimate for all others; works offline."""

from collections.abc import Iterable
from typing import Final

from comfytavern.llm.messages import ImagePart, Message

_OLD_MODELS: Final = ("gpt-3.5", "gpt-4-", "text-embedding-", "text-davinci")
_PER_MESSAGE: Final = 3
"""Role and separators; the reply is primed with as many (OpenAI cookbook, "How to count tokens")."""
_PER_IMAGE: Final = 85
"""A picture at low detail."""
_SLICE: Final = 500_000
"""Characters; the tokenizer refuses a million. A cut costs at most one token."""


def warm() -> None:
    """Load what counting needs, so that no call has to wait for it (see `count_tokens`). Blocks: for a thread."""
    count_tokens("warm")


def count_tokens(text: str, model: str = "") -> int:
    """Return the number of tokens of `text` for a model name (with or without its channel).

    The first call loads a vocabulary (seconds on a busy machine), then a megabyte takes about 50 ms: long texts belong in a thread.
    """
    from bpe_openai import get_encoding  # noqa: PLC0415 -- seconds that no command line and no start of a server waits for

    encoding = get_encoding(_encoding(model))
    return sum(len(encoding.encode_ordinary(text[start : start + _SLICE])) for start in range(0, len(text), _SLICE))


def count_messages(messages: Iterable[Message], model: str = "") -> int:
    """Return the number of tokens of a prompt made of `messages`."""
    total = _PER_MESSAGE
    for message in messages:
        words = "\n".join((message.name, message.text, *(call.name + call.arguments for call in message.tool_calls)))
        images = 0 if isinstance(message.content, str) else sum(isinstance(part, ImagePart) for part in message.content)
        total += _PER_MESSAGE + count_tokens(words.strip("\n"), model) + _PER_IMAGE * images
    return total


def _encoding(model: str) -> str:
    name = model.rpartition("/")[2].lower()
    return "cl100k_base" if name == "gpt-4" or name.startswith(_OLD_MODELS) else "o200k_base"
