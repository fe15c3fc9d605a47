"""How many tokens a text is. Exact for OpenAI's models, a close estimate for all others; works offline."""

import functools
from collections.abc import Iterable
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Final, Protocol, cast

from comfytavern.llm.messages import ImagePart, Message

_OLD_MODELS: Final = ("gpt-3.5", "gpt-4-", "text-embedding-", "text-davinci")
_PER_MESSAGE: Final = 3
"""Role and separators; the reply is primed with as many (OpenAI cookbook, "How to count tokens")."""
_PER_IMAGE: Final = 85
"""A picture at low detail."""
_SLICE: Final = 500_000
"""Characters; while a slice is counted no other thread runs. A cut costs at most one token."""


class _Encoding(Protocol):
    def count(self, text: str) -> int: ...


def warm() -> None:
    """Load what counting needs, so that no call has to wait for it (see `count_tokens`). Blocks: for a thread."""
    count_tokens("warm")


def count_tokens(text: str, model: str = "") -> int:
    """Return the number of tokens of `text` for a model name (with or without its channel).

    The first call loads a vocabulary (a tenth of a second), then a megabyte takes about 50 ms: long texts belong in a thread.
    """
    encoding, text = _encoding(_name(model)), _whole(text)
    return sum(encoding.count(text[start : start + _SLICE]) for start in range(0, len(text), _SLICE))


def count_messages(messages: Iterable[Message], model: str = "") -> int:
    """Return the number of tokens of a prompt made of `messages`."""
    total = _PER_MESSAGE
    for message in messages:
        words = "\n".join((message.name, message.text, *(call.name + call.arguments for call in message.tool_calls)))
        images = 0 if isinstance(message.content, str) else sum(isinstance(part, ImagePart) for part in message.content)
        total += _PER_MESSAGE + count_tokens(words.strip("\n"), model) + _PER_IMAGE * images
    return total


def _name(model: str) -> str:
    name = model.rpartition("/")[2].lower()
    return "cl100k_base" if name == "gpt-4" or name.startswith(_OLD_MODELS) else "o200k_base"


def _whole(text: str) -> str:
    """Return `text` with U+FFFD for halves of characters, which have no UTF-8 form."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


@functools.cache
def _encoding(name: str) -> _Encoding:
    return cast("_Encoding", _bindings().tokenizer_for_encoding(name))


@functools.cache
def _bindings() -> ModuleType:
    """Load the compiled half of bpe-openai alone, which has its own copy of the vocabularies.

    Importing the package would read three of them into Python's dictionaries (a second and a half, a hundred megabytes), its `Encoding`
    is made anew by each call (50 ms), and it refuses texts of more than 200,000 tokens.
    """
    package = find_spec("bpe_openai")
    spec = PathFinder.find_spec("bpe_openai._bindings", package.submodule_search_locations) if package else None
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError("No module named 'bpe_openai._bindings'", name="bpe_openai")
    bindings = module_from_spec(spec)
    spec.loader.exec_module(bindings)
    return bindings
