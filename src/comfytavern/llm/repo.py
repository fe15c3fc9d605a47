"""Channels as values, and the port through which they are kept (adapter: store/llm.py, fake: testing/llm.py)."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

CAPABILITIES = ("chat", "vision", "tools", "json", "reasoning", "completion", "embedding", "image", "speech", "transcription")
"""What a model can do, in the order in which clients show it."""


class Model(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A model that a channel offers. Kept as JSON inside the channel."""

    name: str
    capabilities: tuple[str, ...] = ()
    """Of `CAPABILITIES`."""
    manual: bool = False
    """Typed in by a person, so a discovery leaves it alone."""
    enabled: bool = True
    """Offered to people and to `any/…`; naming it in full works all the same."""
    context_tokens: int | None = None
    input_usd_per_million: float | None = None
    output_usd_per_million: float | None = None


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """A way to reach models: an address, a key, and what is offered there. Belongs to one user."""

    id: str
    """`chn_…`"""
    owner: str
    name: str
    provider: str
    """Name of a wire format: `openai-compatible` or `demo`."""
    profile: str = ""
    """Name of a profile (profiles/*.toml); empty = found by the address."""
    base_url: str = ""
    key: bytes | None = None
    """Sealed by the vault; None = the provider needs none."""
    headers: bytes | None = None
    """Further request headers: a JSON object, sealed by the vault, for its values are secrets too."""
    models: tuple[Model, ...] = ()
    enabled: bool = True
    fallback: bool = False
    """May stand in for another channel that offers a model of the same name and does not work. Off until somebody allows it:
    what was meant for one provider does not go to another unasked."""
    private: bool = False
    """May be reached at a private or loopback address (set when an owner saved it)."""
    priority: int = 0
    """Higher is asked first."""
    weight: int = 1
    """Share of the requests among channels of equal priority; 0 = only when the others fail."""
    created_at: float = 0.0
    """Seconds since 1970, UTC."""


class ChannelRepo(Protocol):
    """Where channels are kept."""

    async def list(self, owner: str) -> list[Channel]:
        """Return the user's channels, oldest first (then by id)."""
        ...

    async def get(self, owner: str, channel_id: str) -> Channel | None:
        """Return one channel of the user, or None when there is none or it is somebody else's."""
        ...

    async def put(self, channel: Channel) -> None:
        """Insert the channel, or replace the one with its id."""
        ...

    async def delete(self, owner: str, channel_id: str) -> bool:
        """Remove it and tell whether it was there (and the user's)."""
        ...


class SealedRepo(Protocol):
    """What is sealed, of all users, and which servers can open it. Secrets have names here (`Vault.names`), never values."""

    async def announce(self, server: str, names: Sequence[str]) -> None:
        """Say which secrets a server opens with from now on, and that it is there."""
        ...

    async def withdraw(self, server: str) -> None:
        """Forget a server that ends."""
        ...

    async def others(self, server: str) -> list[frozenset[str]]:
        """Return what each other server opens with that was there in the last ten minutes (it may come back after a crash).

        Empty for one that does not say: its code is older.
        """
        ...

    async def sealed(self) -> list[Channel]:
        """Return every channel that has a key or headers, oldest first (then by id)."""
        ...

    async def reseal(self, before: Channel, key: bytes | None, headers: bytes | None) -> bool:
        """Put these in the place of what `before` has; change nothing and return False when that is not there any more."""
        ...
