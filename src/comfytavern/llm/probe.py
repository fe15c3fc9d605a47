"""A real connection test: does this channel answer, how fast, and if not, why not."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from time import perf_counter
from typing import Any, Final

import msgspec

from comfytavern.kernel.errors import Failure
from comfytavern.llm import errors
from comfytavern.llm.messages import Message
from comfytavern.llm.pacing import settled
from comfytavern.llm.provider import Endpoint, Provider
from comfytavern.llm.reply import gather
from comfytavern.llm.repo import Channel, Model
from comfytavern.llm.request import ChatRequest, Sampling
from comfytavern.llm.routing import Route

_QUESTION: Final = "Reply with the single word: ready"
_TOKENS: Final = 32
_SHOWN_MAX: Final = 200
_LIMIT_S: Final = 30.0


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """A failure as a value."""

    code: str
    message: str
    hint: str = ""
    params: dict[str, Any] = {}


class Report(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a connection test found."""

    ok: bool
    latency_ms: float
    """From the request to the whole answer."""
    model: str = ""
    """Which model was asked; empty when only the list of models was fetched."""
    reply: str = ""
    problem: Trouble | None = None


async def probe(channel: Channel, provider: Provider, at: Endpoint, model: str = "", *, limit_s: float = _LIMIT_S) -> Report:
    """Ask a model of the channel for one word and return what came of it. Never raises a `Failure`.

    Asks `model`, else the first of the channel's models that chats, else the first that the server lists. Where nothing
    chats, a list of models is proof enough.
    """
    asked = model or _chats(channel.models)
    started = perf_counter()
    try:
        async with asyncio.timeout(limit_s):
            if not asked:
                asked = _chats(await provider.models(at))
                started = perf_counter() if asked else started
            reply = await _ask(channel, provider, at, asked) if asked else ""
    except Failure as failure:
        return _report(started, asked, problem=trouble(failure))
    except TimeoutError:
        return _report(started, asked, problem=trouble(errors.timeout(at.name, limit_s, started=False)))
    return _report(started, asked, reply=reply)


async def _ask(channel: Channel, provider: Provider, at: Endpoint, model: str) -> str:
    message = Message(role="user", content=_QUESTION)
    request = ChatRequest(model=model, messages=(message,), sampling=Sampling(max_tokens=_TOKENS))
    async with aclosing(settled(provider.stream(request, at), request, Route(channel, Model(name=model)))) as events:
        return (await gather(events)).text[:_SHOWN_MAX]


def _chats(models: Sequence[Model]) -> str:
    return next((model.name for model in models if "chat" in model.capabilities or not model.capabilities), "")


def _report(started: float, model: str, *, reply: str = "", problem: Trouble | None = None) -> Report:
    latency_ms = round((perf_counter() - started) * 1000, 1)
    return Report(ok=problem is None, latency_ms=latency_ms, model=model, reply=reply, problem=problem)


def trouble(failure: Failure) -> Trouble:
    """Return the failure as a value."""
    return Trouble(code=failure.code, message=failure.sentence, hint=failure.hint, params=failure.params)
