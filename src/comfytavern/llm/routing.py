"""Which channels are asked, and in what order."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from comfytavern.llm import errors
from comfytavern.llm.pricing import described
from comfytavern.llm.profiles import profile_for
from comfytavern.llm.repo import CAPABILITIES, Channel, Model

ANY: Final = "any"
"""`any/model`: whichever channel offers it."""
DEMO: Final = Channel(
    id="demo",
    owner="",
    name="Demo",
    provider="demo",
    models=(Model(name="demo", capabilities=CAPABILITIES, input_usd_per_million=0.0, output_usd_per_million=0.0),),
    fallback=False,
)
"""Always there; needs no key and no network."""


class Route(msgspec.Struct, frozen=True):
    """A channel to ask and the model to ask it for."""

    channel: Channel
    model: Model

    @property
    def reference(self) -> str:
        """`channel/model`."""
        return f"{self.channel.id}/{self.model.name}"


def routes(reference: str, channels: Sequence[Channel], chance: Callable[[], float]) -> list[Route]:
    """Return whom to ask for `channel/model`, best first, never empty.

    The channel named comes first (its own list of models is not consulted: the provider knows best). Then, and for
    `any/model` only, all enabled channels that offer a model of that name and allow fallback: by priority, then drawn by
    weight with `chance` (0 ≤ x < 1). Raises `NotFound` or `Conflict` when nobody can be asked.
    """
    channel_id, slash, name = reference.partition("/")
    if not slash or not name:
        raise errors.channel_not_found(reference)
    named = next((channel for channel in (DEMO, *channels) if channel.id == channel_id), None)
    if named is None and channel_id != ANY:
        raise errors.channel_not_found(reference)
    if named is not None and not named.enabled:
        raise errors.channel_disabled(named.name)
    others = [channel for channel in channels if channel is not named and _offers(channel, name, chosen=named is None)]
    if named is DEMO:
        others = []
    found = ([named] if named else []) + sorted(others, key=lambda channel: _rank(channel, chance()))
    if not found:
        raise errors.channel_not_found(reference)
    return [Route(channel, _model(channel, name)) for channel in found]


def _offers(channel: Channel, name: str, *, chosen: bool) -> bool:
    """Tell whether the channel may be asked; without a named channel (`chosen`) fallback is not what it is."""
    return channel.enabled and (chosen or channel.fallback) and any(model.name == name and model.enabled for model in channel.models)


def _rank(channel: Channel, chance: float) -> tuple[int, float]:
    """Return a sort key: by priority, then a weighted draw without replacement (Efraimidis and Spirakis, 2006)."""
    return -channel.priority, -(chance ** (1 / channel.weight)) if channel.weight > 0 else 0.0


def _model(channel: Channel, name: str) -> Model:
    listed = next((model for model in channel.models if model.name == name), Model(name=name))
    return described(listed, profile_for(channel.base_url, channel.profile))
