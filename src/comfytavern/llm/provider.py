"""The port to a wire format. Providers, profiles and models are three axes: how it is said, by whom, and what it can do."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from comfytavern.kernel.secret import Secret
from comfytavern.llm.profiles import Profile
from comfytavern.llm.reply import Embeddings, Media, ReplyEvent, Transcript
from comfytavern.llm.repo import Model
from comfytavern.llm.request import ChatRequest, CompletionRequest, EmbedRequest, ImageRequest, SpeechRequest, TranscribeRequest


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and as whom a provider is asked."""

    channel_id: str
    name: str
    """The channel's name, for sentences."""
    base_url: str = ""
    key: Secret | None = None
    headers: Mapping[str, Secret] = field(default_factory=dict[str, Secret])
    profile: Profile = field(default_factory=Profile)
    private: bool = False
    """May be at a private or loopback address."""


class Provider(Protocol):
    """Speaks one wire format. Raises only `Failure`s of errors.py; knows nothing of owners, routes and retries."""

    def stream(self, request: ChatRequest | CompletionRequest, at: Endpoint, /) -> AsyncGenerator[ReplyEvent]:
        """Yield the reply as it comes; `Usage` and `Finish` where the provider tells them. Closing it closes the call at once.

        An empty `Text` is a sign of life: it starts the time limit anew and goes no further.
        """
        ...

    async def embed(self, request: EmbedRequest, at: Endpoint, /) -> Embeddings:
        """Return one vector for each text."""
        ...

    async def models(self, at: Endpoint, /) -> list[Model]:
        """Return what the endpoint says it offers, in its order."""
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...


@runtime_checkable
class MediaProvider(Protocol):
    """What a provider of pictures and sounds does besides."""

    async def image(self, request: ImageRequest, at: Endpoint, /) -> list[Media]:
        """Return `request.count` pictures (or as many as the provider makes)."""
        ...

    async def speech(self, request: SpeechRequest, at: Endpoint, /) -> Media:
        """Return the spoken text."""
        ...

    async def transcribe(self, request: TranscribeRequest, at: Endpoint, /) -> Transcript:
        """Return the words of the recording."""
        ...
