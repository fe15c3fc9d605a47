"""The door to all models: routes, waits, tries again, falls back, counts. Knows no wire format.

async with aclosing(gateway.chat(ChatRequest(model="demo/demo", messages=(…,)), owner=user_id)) as events:
    async for event in events: ...
"""

import asyncio
import copy
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TypeVar

import msgspec

from comfytavern.kernel.errors import Failure
from comfytavern.kernel.secret import Secret
from comfytavern.llm import errors
from comfytavern.llm.endpoint import reach
from comfytavern.llm.messages import Message
from comfytavern.llm.offers import Offer, offers
from comfytavern.llm.pacing import paced, settled
from comfytavern.llm.pricing import cost_usd
from comfytavern.llm.provider import Endpoint, MediaProvider, Provider
from comfytavern.llm.reply import Embeddings, Media, ReplyEvent, Transcript
from comfytavern.llm.repo import ChannelRepo
from comfytavern.llm.request import ChatRequest, CompletionRequest, EmbedRequest, ImageRequest, SpeechRequest, TranscribeRequest
from comfytavern.llm.retry import Attempts, Patience
from comfytavern.llm.routing import Route, routes
from comfytavern.llm.tokens import count_messages, count_tokens
from comfytavern.llm.transport import host_of
from comfytavern.llm.vault import Vault
from comfytavern.llm.watch import Asked, Watch, Watched

A = TypeVar("A")


class Gateway:
    """Asks models on behalf of a user. One per process; safe for any number of concurrent calls."""

    def __init__(
        self,
        channels: ChannelRepo,
        vault: Vault,
        providers: Mapping[str, Provider],
        *,
        patience: Patience = Patience(),  # noqa: B008 -- a frozen value
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
        watch: Watch | None = None,
    ) -> None:
        """Take where channels and keys are, the provider of each wire format by its name, and who watches."""
        self._channels = channels
        self._vault = vault
        self._providers = providers
        self._patience = patience
        self._sleep = sleep
        self._chance = chance
        self._watch = watch
        self._run_id = self._path = ""

    def within(self, run_id: str, path: str) -> "Gateway":
        """Return the same for one node of a run: whoever watches is told who asks (engine.context.PerNode)."""
        if self._watch is None:
            return self
        mine = copy.copy(self)
        mine._run_id, mine._path = run_id, path  # noqa: SLF001 -- of this very class
        return mine

    def chat(self, request: ChatRequest, *, owner: str) -> AsyncGenerator[ReplyEvent]:
        """Yield the next turn of a conversation (order: reply.py). Raises a `Failure` of errors.py where it fails.

        Tries again and falls back only until the first event. Closing the generator, or cancelling the task that reads
        it, closes the HTTP call at once.
        """
        return self._stream("chat", request, owner)

    def complete(self, request: CompletionRequest, *, owner: str) -> AsyncGenerator[ReplyEvent]:
        """Yield the continuation of a text; otherwise as `chat`."""
        return self._stream("complete", request, owner)

    async def embed(self, request: EmbedRequest, *, owner: str) -> Embeddings:
        """Return one vector for each text, in order, and what it cost."""

        async def ask(provider: Provider, at: Endpoint, route: Route) -> Embeddings:
            found = await provider.embed(msgspec.structs.replace(request, model=route.model.name), at)
            usage = msgspec.structs.replace(found.usage, cost_usd=cost_usd(found.usage, route.model))
            return msgspec.structs.replace(found, usage=usage, model=route.reference)

        return await self._once("embed", request.model, owner, ask)

    async def image(self, request: ImageRequest, *, owner: str) -> list[Media]:
        """Return pictures of the prompt."""

        async def ask(provider: Provider, at: Endpoint, route: Route) -> list[Media]:
            return await _media(provider, at).image(msgspec.structs.replace(request, model=route.model.name), at)

        return await self._once("image", request.model, owner, ask)

    async def speech(self, request: SpeechRequest, *, owner: str) -> Media:
        """Return the spoken text."""

        async def ask(provider: Provider, at: Endpoint, route: Route) -> Media:
            return await _media(provider, at).speech(msgspec.structs.replace(request, model=route.model.name), at)

        return await self._once("speech", request.model, owner, ask)

    async def transcribe(self, request: TranscribeRequest, *, owner: str) -> Transcript:
        """Return the words of a recording."""

        async def ask(provider: Provider, at: Endpoint, route: Route) -> Transcript:
            return await _media(provider, at).transcribe(msgspec.structs.replace(request, model=route.model.name), at)

        return await self._once("transcribe", request.model, owner, ask)

    async def models(self, owner: str) -> list[Offer]:
        """Return every model the user may name: the demo model, then each channel's, in the order of the channels."""
        return offers(await self._channels.list(owner))

    async def count_tokens(self, text: str, model: str = "", *, messages: Sequence[Message] = ()) -> int:
        """Return how many tokens `text` and `messages` are for the model; exact for OpenAI's, an estimate for others."""
        return await asyncio.to_thread(lambda: count_tokens(text, model) + (count_messages(messages, model) if messages else 0))

    async def aclose(self) -> None:
        """Close all connections."""
        for provider in self._providers.values():
            await provider.aclose()

    async def _stream(self, operation: str, request: ChatRequest | CompletionRequest, owner: str) -> AsyncGenerator[ReplyEvent]:
        attempts = await self._attempts(request.model, owner)
        while True:
            started = False
            try:
                async with aclosing(self._reply(operation, attempts.route, request)) as events:
                    async for event in events:
                        started = True
                        yield event
                return
            except Failure as failure:
                if started:
                    raise
                wait_s = attempts.after(failure)
            await self._sleep(wait_s)

    async def _reply(self, operation: str, route: Route, request: ChatRequest | CompletionRequest) -> AsyncGenerator[ReplyEvent]:
        provider, at = await reach(route.channel, self._vault, self._providers)
        asked = msgspec.structs.replace(request, model=route.model.name)
        at, watched = self._watched(operation, route, at)
        with watched:
            async with aclosing(settled(paced(provider.stream(asked, at), self._patience, at), asked, route)) as events:
                async for event in events:
                    watched.saw(event)
                    yield event

    async def _once(self, operation: str, model: str, owner: str, ask: Callable[[Provider, Endpoint, Route], Awaitable[A]]) -> A:
        attempts = await self._attempts(model, owner)
        while True:
            try:
                provider, at = await reach(attempts.route.channel, self._vault, self._providers)
                at, watched = self._watched(operation, attempts.route, at)
                with watched:
                    answer = await self._in_time(ask(provider, at, attempts.route), at)
                    if isinstance(answer, Embeddings):
                        watched.used(answer.usage)
                    return answer
            except Failure as failure:
                wait_s = attempts.after(failure)
            await self._sleep(wait_s)

    async def _in_time(self, answer: Awaitable[A], at: Endpoint) -> A:
        try:
            async with asyncio.timeout(self._patience.whole_s):
                return await answer
        except TimeoutError:
            raise errors.timeout(at.name, self._patience.whole_s, started=False) from None

    def _watched(self, operation: str, route: Route, at: Endpoint) -> tuple[Endpoint, Watched]:
        """Tell who watches that a model is about to be asked; return where, with the headers they want to be sent."""
        if self._watch is None:
            return at, Watched(None)
        asked = Asked(
            operation=operation,
            model=route.model.name,
            provider=route.channel.provider,
            host=host_of(at),
            run_id=self._run_id,
            path=self._path,
        )
        call = self._watch.begin(asked)
        if more := call.headers:
            at = replace(at, headers={**{name: Secret(value) for name, value in more.items()}, **at.headers})
        return at, Watched(call)

    async def _attempts(self, model: str, owner: str) -> Attempts:
        return Attempts(routes(model, await self._channels.list(owner), self._chance), self._patience, self._chance)


def _media(provider: Provider, at: Endpoint) -> MediaProvider:
    if not isinstance(provider, MediaProvider):
        raise errors.unsupported(at.name, "pictures or sounds")
    return provider
