"""The door to channels: create, change, delete, test, discover. A key goes in and never comes out."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET

from comfytavern.kernel.clock import Clock, SystemClock
from comfytavern.kernel.errors import Failure, NotFound, TooLarge
from comfytavern.kernel.ids import new_id
from comfytavern.kernel.secret import MASK, Secret
from comfytavern.llm.address import refuse_private
from comfytavern.llm.draft import MODELS_MAX, Draft, checked
from comfytavern.llm.endpoint import open_headers, reach, seal_headers, seal_key
from comfytavern.llm.offers import Offer, offers
from comfytavern.llm.pricing import described
from comfytavern.llm.probe import Report, Trouble, probe, trouble
from comfytavern.llm.profiles import profile_for
from comfytavern.llm.provider import Endpoint, Provider
from comfytavern.llm.repo import Channel, ChannelRepo, Model
from comfytavern.llm.vault import Vault

__all__ = ["CHANNELS_MAX", "ChannelView", "Channels", "Draft", "Offer", "Report", "Trouble"]

CHANNELS_MAX: Final = 100
"""For one user."""
_CLOCK: Final = SystemClock()


class ChannelView(msgspec.Struct, frozen=True, kw_only=True):
    """A channel as people see it: no key, and of the headers only their names."""

    id: str
    name: str
    provider: str
    profile: str
    """The one in use, found by the address when none was chosen."""
    base_url: str
    has_key: bool
    headers: dict[str, str]
    """By name; every value is the mask. A mask that comes back means: as it was."""
    models: tuple[Model, ...]
    """Gaps filled from the profile."""
    enabled: bool
    fallback: bool
    priority: int
    weight: int
    created_at: float


class Channels:
    """Keeps the channels of all users."""

    def __init__(self, repo: ChannelRepo, vault: Vault, providers: Mapping[str, Provider], *, clock: Clock = _CLOCK) -> None:
        """Take where channels are kept, and the provider of each wire format by its name."""
        self._repo = repo
        self._vault = vault
        self._providers = providers
        self._clock = clock

    async def list(self, owner: str) -> list[ChannelView]:
        """Return the user's channels, oldest first."""
        return [self._view(channel) for channel in await self._repo.list(owner)]

    async def get(self, owner: str, channel_id: str) -> ChannelView:
        """Return one channel. Raises `NotFound` (`llm.no_channel`)."""
        return self._view(await self._found(owner, channel_id))

    async def create(self, owner: str, draft: Draft, *, private: bool) -> ChannelView:
        """Keep a new channel and return it. `private`: the user may have it at a private address.

        Raises `Invalid` (`llm.channel_invalid`) with every problem, `Denied` (`llm.private_address`), `TooLarge` (`llm.too_many_channels`).
        """
        if len(await self._repo.list(owner)) >= CHANNELS_MAX:
            raise TooLarge(
                "llm.too_many_channels", f"There are {CHANNELS_MAX} channels already.", hint="Remove one first.", maximum=CHANNELS_MAX
            )
        blank = Channel(id=new_id("chn"), owner=owner, name="", provider="openai-compatible", created_at=self._clock.now())
        return await self._save(draft, blank, private=private)

    async def change(self, owner: str, channel_id: str, draft: Draft, *, private: bool) -> ChannelView:
        """Change what the draft names and return the channel. Raises as `create`, and `NotFound`.

        A key belongs to the address it was given for: when scheme, host or port change and no key comes with the change,
        key and headers are forgotten. So nobody who gets hold of a session can have a key sent elsewhere.
        """
        before = await self._found(owner, channel_id)
        return await self._save(_completed(draft, before), before, private=private)

    async def delete(self, owner: str, channel_id: str) -> None:
        """Forget a channel and its key. Raises `NotFound`."""
        if not await self._repo.delete(owner, channel_id):
            raise _no_channel(channel_id)

    async def test(self, owner: str, channel_id: str, model: str = "") -> Report:
        """Ask the channel for one word, for real, and return what came of it. Raises only `NotFound`."""
        channel = await self._found(owner, channel_id)
        try:
            provider, at = await reach(channel, self._vault, self._providers)
        except Failure as failure:
            return Report(ok=False, latency_ms=0.0, problem=trouble(failure))
        return await probe(channel, provider, at, model)

    async def discover(self, owner: str, channel_id: str) -> tuple[Model, ...]:
        """Ask the server what it offers, keep that beside the models typed in by hand, and return all models.

        Raises `NotFound`, and the failures of errors.py.
        """
        channel = await self._found(owner, channel_id)
        provider, at = await reach(channel, self._vault, self._providers)
        manual = [model for model in channel.models if model.manual]
        known = {model.name for model in manual}
        off = {model.name for model in channel.models if not model.enabled}
        listed = [model for model in await provider.models(at) if model.name not in known]
        found = [msgspec.structs.replace(model, enabled=model.name not in off) for model in listed]
        await self._repo.put(msgspec.structs.replace(channel, models=(*manual, *found)[:MODELS_MAX]))
        return (await self.get(owner, channel_id)).models

    async def models(self, owner: str) -> Sequence[Offer]:
        """Return every model the user may name: the demo model, then each channel's, in the order of the channels."""
        return offers(await self._repo.list(owner))

    async def _save(self, draft: Draft, before: Channel, *, private: bool) -> ChannelView:
        channel = checked(draft, before, frozenset(self._providers))
        moved = _origin(channel.base_url) != _origin(before.base_url)
        channel = msgspec.structs.replace(
            channel, key=self._key(draft, before, moved=moved), headers=self._headers(draft, before, moved=moved)
        )
        if moved:
            channel = msgspec.structs.replace(channel, private=private)
            await refuse_private(Endpoint(channel_id=channel.id, name=channel.name, base_url=channel.base_url, private=private))
        await self._repo.put(channel)
        return self._view(channel)

    def _key(self, draft: Draft, before: Channel, *, moved: bool) -> bytes | None:
        if draft.key is UNSET:
            return None if moved else before.key
        return seal_key(before.id, _stripped(draft.key), self._vault)

    def _headers(self, draft: Draft, before: Channel, *, moved: bool) -> bytes | None:
        if draft.headers is UNSET:
            return None if moved else before.headers
        kept = {} if moved else self._opened(before)
        given = {name: kept.get(name) if value.reveal() == MASK else value for name, value in draft.headers.items()}
        return seal_headers(before.id, {name: value for name, value in given.items() if value}, self._vault)

    async def _found(self, owner: str, channel_id: str) -> Channel:
        channel = await self._repo.get(owner, channel_id)
        if channel is None:
            raise _no_channel(channel_id)
        return channel

    def _view(self, channel: Channel) -> ChannelView:
        profile = profile_for(channel.base_url, channel.profile)
        return ChannelView(
            id=channel.id,
            name=channel.name,
            provider=channel.provider,
            profile=profile.name,
            base_url=channel.base_url,
            has_key=channel.key is not None,
            headers=dict.fromkeys(self._opened(channel), MASK),
            models=tuple(described(model, profile) for model in channel.models),
            enabled=channel.enabled,
            fallback=channel.fallback,
            priority=channel.priority,
            weight=channel.weight,
            created_at=channel.created_at,
        )

    def _opened(self, channel: Channel) -> dict[str, Secret]:
        """Return the headers, none when they cannot be read: a list of channels does not fail for one of them."""
        try:
            return open_headers(channel, self._vault)
        except Failure:
            return {}


def _completed(draft: Draft, before: Channel) -> Draft:
    """Return the draft with what is known of its models by their names, so that a list sent back loses no length and no price."""
    if draft.models is UNSET:
        return draft
    known = {model.name: model for model in before.models}
    return msgspec.structs.replace(draft, models=tuple(_filled(model, known.get(model.name)) for model in draft.models))


def _filled(model: Model, known: Model | None) -> Model:
    facts = ("context_tokens", "input_usd_per_million", "output_usd_per_million")
    gaps = [name for name in facts if getattr(model, name) is None] if known else []
    return msgspec.structs.replace(model, **{name: getattr(known, name) for name in gaps})


def _origin(base_url: str) -> tuple[str, str]:
    parts = urlsplit(base_url)
    return parts.scheme, parts.netloc.lower()


def _stripped(key: Secret | None) -> Secret | None:
    return Secret(key.reveal().strip()) if key else None


def _no_channel(channel_id: str) -> NotFound:
    return NotFound(
        "llm.no_channel", "There is no such channel.", hint="It may have been removed meanwhile; reload the list.", id=channel_id
    )
