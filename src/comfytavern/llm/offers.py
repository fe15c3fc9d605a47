"""Every model a user may name."""

from collections.abc import Iterable

import msgspec

from comfytavern.llm.pricing import described
from comfytavern.llm.profiles import profile_for
from comfytavern.llm.repo import Channel
from comfytavern.llm.routing import DEMO


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A model that a user may choose."""

    id: str
    """`channel/model`"""
    channel_id: str
    channel_name: str
    name: str
    capabilities: tuple[str, ...]
    context_tokens: int | None
    enabled: bool


def offers(channels: Iterable[Channel]) -> list[Offer]:
    """Return the demo model, then each channel's models, in the order of the channels."""
    return [
        Offer(
            id=f"{channel.id}/{model.name}",
            channel_id=channel.id,
            channel_name=channel.name,
            name=model.name,
            capabilities=model.capabilities,
            context_tokens=model.context_tokens,
            enabled=channel.enabled and model.enabled,
        )
        for channel in (DEMO, *channels)
        for model in (described(each, profile_for(channel.base_url, channel.profile)) for each in channel.models)
    ]
