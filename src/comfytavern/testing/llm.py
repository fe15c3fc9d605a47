"""An in-memory channel repository, held to the same contract as the SQL one; a gateway that needs nothing."""

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


def demo_gateway() -> Gateway:
    """Return a gateway that knows the demo model only, without its delay: enough to run any node of the family llm."""
    return Gateway(MemoryChannels(), Vault(Secret("of a test")), {"demo": Demo(delay_s=0)})
