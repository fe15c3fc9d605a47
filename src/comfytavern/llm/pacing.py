"""What the gateway promises of every reply stream, whatever the provider does: time limits, and a proper end."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec

from comfytavern.llm import errors
from comfytavern.llm.pricing import cost_usd
from comfytavern.llm.provider import Endpoint
from comfytavern.llm.reply import Finish, Reasoning, ReplyEvent, Text, Usage
from comfytavern.llm.request import ChatRequest, CompletionRequest
from comfytavern.llm.retry import Patience
from comfytavern.llm.routing import Route
from comfytavern.llm.tokens import count_messages, count_tokens


async def paced(events: AsyncGenerator[ReplyEvent], patience: Patience, at: Endpoint) -> AsyncGenerator[ReplyEvent]:
    """Pass the events on. Raises `Unavailable` (`llm.timeout`) when the first, or the next one, takes too long.

    A sign of life (an empty text) starts the limit between words anew, but not the limit of `alive_s`.
    """
    now = asyncio.get_running_loop().time
    wait_s, seen_at, started = patience.first_token_s, now(), False
    async with aclosing(events):
        while True:
            limit_s = min(wait_s, seen_at + patience.alive_s - now())
            try:
                async with asyncio.timeout(limit_s):
                    event = await anext(events)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise errors.timeout(at.name, wait_s if limit_s == wait_s else patience.alive_s, started=started) from None
            if not isinstance(event, Text) or event.text:
                seen_at, started, wait_s = now(), True, patience.between_tokens_s
            yield event


async def settled(events: AsyncGenerator[ReplyEvent], request: ChatRequest | CompletionRequest, route: Route) -> AsyncGenerator[ReplyEvent]:
    """Pass the events on, then one `Usage` (counted here if the provider gave none; priced) and one `Finish`.

    Raises `Unavailable` (`llm.interrupted`) when the provider ends without having finished.
    """
    usage: Usage | None = None
    finish: Finish | None = None
    written: list[str] = []
    async with aclosing(events):
        async for event in events:
            match event:
                case Usage():
                    usage = event
                case Finish():
                    finish = event
                case Text() | Reasoning():
                    if event.text:
                        written.append(event.text)
                        yield event
                case _:
                    written.append(event.name + event.arguments)
                    yield event
    if finish is None:
        raise errors.interrupted(route.channel.name)
    if usage is None:
        usage = await asyncio.to_thread(_estimate, request, "".join(written))
    yield msgspec.structs.replace(usage, cost_usd=cost_usd(usage, route.model))
    yield msgspec.structs.replace(finish, model=route.reference)


def _estimate(request: ChatRequest | CompletionRequest, written: str) -> Usage:
    if isinstance(request, ChatRequest):
        read = count_messages(request.messages, request.model)
    else:
        read = count_tokens(request.prompt, request.model)
    return Usage(input_tokens=read, output_tokens=count_tokens(written, request.model), estimated=True)
