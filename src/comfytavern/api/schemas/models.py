"""Channels to model providers, and the models they have."""

from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, StringConstraints

from comfytavern.api.schemas.common import Body, Name, Reply, Time

Provider = Literal["demo", "openai-compatible"]
Address = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]


class Channel(Reply):
    """A way to reach models. The key itself is never returned."""

    id: str
    name: str
    provider: Provider
    base_url: str
    headers: dict[str, str] = Field(default_factory=dict)
    enabled: bool
    has_key: bool
    created_at: Time | None = None


class ChannelPage(Reply):
    """All channels."""

    items: list[Channel]
    next: str | None = None


class NewChannel(Body):
    """Adds a channel; the key is encrypted at rest."""

    name: Name
    provider: Provider
    base_url: Address = ""
    key: SecretStr | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    enabled: bool = True


class ChannelChange(Body):
    """Changes what is given; an empty key removes the key."""

    name: Name | None = None
    base_url: Address | None = None
    key: SecretStr | None = None
    headers: dict[str, str] | None = None
    enabled: bool | None = None


class ChannelTest(Reply):
    """What a real call to the provider brought."""

    ok: bool
    latency_ms: float | None = None
    model: str | None = None
    reply: str | None = None
    problem: Any = None


class DiscoveredModel(Reply):
    """A model the provider says it has."""

    name: str
    capabilities: list[str]


class Discovery(Reply):
    """What the provider lists now."""

    models: list[DiscoveredModel]


class Model(Reply):
    """A model that nodes can name by `id`."""

    id: str
    channel_id: str
    channel_name: str
    name: str
    capabilities: list[str]
    enabled: bool


class ModelPage(Reply):
    """Models of all enabled channels."""

    items: list[Model]
    next: str | None = None
