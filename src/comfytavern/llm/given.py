"""Channels whose keys the environment gives: the owner has them without adding them, and no key of theirs is stored.

What the owner changes about such a channel (its models, whether it is enabled) is kept like that of any other. The key is put in
when the channel is read, and only for the address of its service: a channel that was pointed elsewhere has no key.
"""

from collections.abc import Awaitable, Callable, Mapping

from msgspec.structs import replace

from comfytavern.kernel.errors import Conflict
from comfytavern.kernel.secret import Secret
from comfytavern.llm.endpoint import seal_key
from comfytavern.llm.profiles import Profile, profiles
from comfytavern.llm.repo import Channel, ChannelRepo
from comfytavern.llm.vault import Vault

IsOwner = Callable[[str], Awaitable[bool]]


class GivenChannels:
    """A `ChannelRepo` in front of another."""

    def __init__(self, repo: ChannelRepo, keys: Mapping[str, Secret], vault: Vault, is_owner: IsOwner) -> None:
        """Take where channels are kept, and keys by the names of profiles."""
        self._repo, self._is_owner, self._vault = repo, is_owner, vault
        self.give(keys)

    def give(self, keys: Mapping[str, Secret]) -> None:
        """Have the channels of these keys from now on, and no others."""
        ids = {f"chn_{name}": name for name in keys}
        self._given: dict[str, tuple[Profile, bytes | None]] = {
            id: (profiles()[name], seal_key(id, keys[name], self._vault)) for id, name in ids.items()
        }

    async def list(self, owner: str) -> list[Channel]:
        """Return the user's channels, oldest first, those of the environment before them (ChannelRepo.list)."""
        kept = await self._repo.list(owner)
        if not self._given or not await self._is_owner(owner):
            return kept
        known = {channel.id for channel in kept}
        return [*(self._new(owner, id) for id in self._given if id not in known), *(self._with_key(each) for each in kept)]

    async def get(self, owner: str, channel_id: str) -> Channel | None:
        """Return one channel of the user (ChannelRepo.get)."""
        kept = await self._repo.get(owner, channel_id)
        if channel_id not in self._given or not await self._is_owner(owner):
            return kept
        return self._with_key(kept) if kept else self._new(owner, channel_id)

    async def put(self, channel: Channel) -> None:
        """Keep the channel, without the key that the environment gives (ChannelRepo.put)."""
        given = self._given.get(channel.id)
        await self._repo.put(replace(channel, key=None) if given and channel.key == given[1] else channel)

    async def delete(self, owner: str, channel_id: str) -> bool:
        """Remove it (ChannelRepo.delete). Raises `Conflict` (`llm.channel_given`) for one that would be back at once."""
        if channel_id in self._given and await self._is_owner(owner):
            raise Conflict(
                "llm.channel_given",
                "This channel is there because the environment gives its key.",
                hint="Disable it, or remove the key from the environment and restart.",
            )
        return await self._repo.delete(owner, channel_id)

    def _new(self, owner: str, id: str) -> Channel:
        profile, key = self._given[id]
        return Channel(
            id=id, owner=owner, name=profile.title, provider="openai-compatible", profile=profile.name, base_url=profile.base_url, key=key
        )

    def _with_key(self, channel: Channel) -> Channel:
        profile, key = self._given.get(channel.id, (None, None))
        if profile is None or channel.key is not None or channel.base_url.rstrip("/") != profile.base_url:
            return channel
        return replace(channel, key=key)
