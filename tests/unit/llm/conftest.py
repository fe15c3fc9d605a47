"""A gateway with the fake server behind it; a second one without patience, for servers that hang."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from comfytavern.kernel.secret import Secret
from comfytavern.llm.endpoint import seal_key
from comfytavern.llm.gateway import Gateway
from comfytavern.llm.messages import Message
from comfytavern.llm.providers.demo import Demo
from comfytavern.llm.providers.openai_compatible import OpenAICompatible
from comfytavern.llm.reply import Reply, gather
from comfytavern.llm.repo import Channel, Model
from comfytavern.llm.request import ChatRequest
from comfytavern.llm.retry import Patience
from comfytavern.llm.transport import Transport
from comfytavern.llm.vault import Vault
from comfytavern.testing.llm import MemoryChannels
from comfytavern.testing.openai_server import MODELS, FakeOpenAI

OWNER = "usr_1"
KEY = "sk-right-0123456789"
VAULT = Vault(Secret("application secret"))
PATIENT = Patience(tries=3, backoff_s=0.01, wait_max_s=1.0)
HASTY = Patience(first_token_s=1.0, between_tokens_s=0.3, whole_s=1.5, tries=3, backoff_s=0.01)


class Bench:
    """The gateway under test, and everything around it."""

    def __init__(self, fake: FakeOpenAI) -> None:
        self.fake = fake
        self.channels = MemoryChannels()
        self.slept: list[float] = []
        self.providers: dict[str, Any] = {"demo": Demo(delay_s=0), "openai-compatible": OpenAICompatible(Transport(connect_s=0.5))}
        self.gateway, self.hasty = (
            Gateway(self.channels, VAULT, self.providers, patience=patience, sleep=self._sleep, chance=lambda: 0.5)
            for patience in (PATIENT, HASTY)
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def add(self, id: str = "chn_1", **members: Any) -> Channel:
        """Keep a channel that leads to the fake server, unless told otherwise."""
        key = members.pop("key", KEY)
        channel = Channel(
            **{
                "id": id,
                "owner": OWNER,
                "name": f"Channel {id}",
                "provider": "openai-compatible",
                "base_url": self.fake.base_url,
                "key": seal_key(id, Secret(key) if key else None, VAULT),
                "models": tuple(Model(name=name) for name in MODELS),
                "private": True,
                "fallback": True,
                "created_at": float(len(await self.channels.list(OWNER))),
            }
            | members
        )
        await self.channels.put(channel)
        return channel

    async def ask(self, model: str, prompt: str = "Hi", *, hasty: bool = False, **members: Any) -> Reply:
        """Return the whole reply of a model."""
        gateway = self.hasty if hasty else self.gateway
        return await gather(gateway.chat(chat(model, prompt, **members), owner=OWNER))


def chat(model: str, prompt: str = "Hi", **members: Any) -> ChatRequest:
    return ChatRequest(model=model, messages=(Message(role="user", content=prompt),), **members)


@pytest.fixture(scope="session")
def _server() -> Iterator[FakeOpenAI]:
    with FakeOpenAI(key=KEY) as fake:
        yield fake


@pytest.fixture
def fake(_server: FakeOpenAI) -> FakeOpenAI:
    _server.requests.clear()
    _server.failures.clear()
    _server.closed_early = 0
    return _server


@pytest.fixture
async def bench(fake: FakeOpenAI) -> AsyncIterator[Bench]:
    made = Bench(fake)
    yield made
    await made.gateway.aclose()


@pytest.fixture
def ask_for() -> Callable[..., ChatRequest]:
    return chat
