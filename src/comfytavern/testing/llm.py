"""An in-memory channel repository, held to the same contract as the SQL one; a gateway that needs nothing."""

from collections.abc import Sequence

from msgspec.structs import replace

from comfytavern.kernel.secret import Secret
from comfytavern.llm.gateway import Gateway
from comfytavern.llm.providers.demo import Demo
from comfytavern.llm.repo import Channel
from comfytavern.llm.vault import Vault


class MemoryChannels:
    """Implements `llm.repo.ChannelRepo` with a dict."""

    def __init__(self, *channels: Channel) -> None:
        """Start with `channels`."""
        self._by_id = {channel.id: channel for channel in channels}

    @property
    def all(self) -> Sequence[Channel]:
        """Return the channels of everybody."""
        return tuple(self._by_id.values())

    async def list(self, owner: str) -> list[Channel]:
        """Return the user's channels, oldest first (then by id)."""
        mine = [channel for channel in self._by_id.values() if channel.owner == owner]
        return sorted(mine, key=lambda channel: (channel.created_at, channel.id))

    async def get(self, owner: str, channel_id: str) -> Channel | None:
        """Return one channel of the user, or None."""
        channel = self._by_id.get(channel_id)
        return channel if channel and channel.owner == owner else None

    async def put(self, channel: Channel) -> None:
        """Insert or replace."""
        self._by_id[channel.id] = channel

    async def delete(self, owner: str, channel_id: str) -> bool:
        """Remove it and tell whether it was there."""
        return await self.get(owner, channel_id) is not None and self._by_id.pop(channel_id, None) is not None


class MemorySealed:
    """Implements `llm.repo.SealedRepo` over `MemoryChannels`; nobody is ever long gone."""

    def __init__(self, channels: MemoryChannels) -> None:
        """Look at these channels."""
        self._channels = channels
        self._servers: dict[str, frozenset[str]] = {}

    async def announce(self, server: str, names: Sequence[str]) -> None:
        """Say what a server opens with."""
        self._servers[server] = frozenset(names)

    async def withdraw(self, server: str) -> None:
        """Forget a server."""
        self._servers.pop(server, None)

    async def others(self, server: str) -> list[frozenset[str]]:
        """Return what each other server opens with."""
        return [names for id, names in self._servers.items() if id != server]

    async def sealed(self) -> list[Channel]:
        """Return every channel with a key or headers."""
        found = [channel for channel in self._channels.all if channel.key is not None or channel.headers is not None]
        return sorted(found, key=lambda channel: (channel.created_at, channel.id))

    async def reseal(self, before: Channel, key: bytes | None, headers: bytes | None) -> bool:
        """Replace what `before` has, if it is still there."""
        now = await self._channels.get(before.owner, before.id)
        if now is None or (now.key, now.headers) != (before.key, before.headers):
            return False
        await self._channels.put(replace(now, key=key, headers=headers))
        return True


def demo_gateway() -> Gateway:
    """Return a gateway that knows the demo model only, without its delay: enough to run any node of the family llm."""
    return Gateway(MemoryChannels(), Vault(Secret("of a test")), {"demo": Demo(delay_s=0)})
