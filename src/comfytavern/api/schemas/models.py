"""Channels to model providers, and the models they have."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints

from comfytavern.api.schemas.common import Body, Json, Name, Reply, Time

Provider = Literal["demo", "openai-compatible"]
Address = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]


class ChannelModel(Reply):
    """A model that a channel offers."""

    name: str
    capabilities: list[str]
    manual: bool
    enabled: bool
    context_tokens: int | None


class Channel(Reply):
    """A way to reach models. The key is never returned, and of the headers only their names."""

    id: str
    name: str
    provider: Provider
    profile: str
    base_url: str
    has_key: bool
    headers: dict[str, str]
    """By name, every value a mask; a mask that is sent back means: as it was."""
    models: list[ChannelModel]
    enabled: bool
    fallback: bool
    priority: int
    weight: int
    created_at: Time


class ChannelPage(Reply):
    """All channels, the oldest first."""

    items: list[Channel]
    next: str | None = None


class TypedModel(Body):
    """A model named by hand."""

    name: str
    capabilities: list[str] = Field(default_factory=lambda: ["chat"])
    manual: bool = True
    enabled: bool = True


class _Values(Body):
    profile: str | None = None
    key: SecretStr | None = None
    headers: dict[str, str] | None = None
    models: list[TypedModel] | None = None
    enabled: bool | None = None
    fallback: bool | None = None
    priority: int | None = None
    weight: int | None = None


class NewChannel(_Values):
    """Adds a channel; the key is encrypted at rest."""

    name: Name
    provider: Provider
    base_url: Address = ""


class ChannelChange(_Values):
    """Changes what is given; a key of null or of no letters removes the key."""

    name: Name | None = None
    base_url: Address | None = None


class Trouble(Reply):
    """Why a call did not work."""

    code: str
    message: str
    hint: str
    params: Json


class ChannelTest(Reply):
    """What a real call to the provider brought."""

    ok: bool
    latency_ms: float
    model: str
    reply: str
    problem: Trouble | None


class Discovery(Reply):
    """What the provider lists now, and what was typed in by hand."""

    models: list[ChannelModel]


class Model(Reply):
    """A model that nodes can name by `id`."""

    id: str
    channel_id: str
    channel_name: str
    name: str
    capabilities: list[str]
    context_tokens: int | None
    enabled: bool


class ModelPage(Reply):
    """Models of all enabled channels."""

    items: list[Model]
    next: str | None = None
