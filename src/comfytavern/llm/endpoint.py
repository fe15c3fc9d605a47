"""From a stored channel to where and as whom a provider is asked."""

from collections.abc import Mapping

import msgspec

from comfytavern.kernel.secret import Secret
from comfytavern.llm import errors
from comfytavern.llm.address import refuse_private
from comfytavern.llm.profiles import profile_for
from comfytavern.llm.provider import Endpoint, Provider
from comfytavern.llm.repo import Channel
from comfytavern.llm.vault import Vault


async def reach(channel: Channel, vault: Vault, providers: Mapping[str, Provider]) -> tuple[Provider, Endpoint]:
    """Return the channel's provider and its endpoint, with key and headers opened.

    Raises `Invalid` (`llm.unsupported`), `Unavailable` (`llm.key_unreadable`), `Denied` (`llm.private_address`).
    """
    provider = providers.get(channel.provider)
    if provider is None:
        raise errors.unsupported(channel.name, f"wire format named “{channel.provider}”")
    at = Endpoint(
        channel_id=channel.id,
        name=channel.name,
        base_url=channel.base_url,
        key=open_key(channel, vault),
        headers=open_headers(channel, vault),
        profile=profile_for(channel.base_url, channel.profile),
        private=channel.private,
    )
    await refuse_private(at)
    return provider, at


def open_key(channel: Channel, vault: Vault) -> Secret | None:
    """Return the channel's key."""
    return None if channel.key is None else vault.open(channel.key, place(channel.id, "key"), channel.name)


def open_headers(channel: Channel, vault: Vault) -> dict[str, Secret]:
    """Return the channel's further headers by name."""
    if channel.headers is None:
        return {}
    text = vault.open(channel.headers, place(channel.id, "headers"), channel.name).reveal()
    return {name: Secret(value) for name, value in msgspec.json.decode(text, type=dict[str, str]).items()}


def seal_key(channel_id: str, key: Secret | None, vault: Vault) -> bytes | None:
    """Return the sealed form of a key for that channel; no key stays no key."""
    return vault.seal(key, place(channel_id, "key")) if key else None


def seal_headers(channel_id: str, headers: Mapping[str, Secret], vault: Vault) -> bytes | None:
    """Return the sealed form of headers for that channel; none stays none."""
    if not headers:
        return None
    text = msgspec.json.encode({name: value.reveal().strip() for name, value in headers.items()}).decode()
    return vault.seal(Secret(text), place(channel_id, "headers"))


def place(channel_id: str, field: str) -> str:
    """Return where a text is kept, to which it is bound when it is sealed: `field` is key or headers."""
    return f"{channel_id}/{field}"
