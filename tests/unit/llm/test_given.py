"""Channels whose keys the environment gives."""

import pytest
from msgspec.structs import replace

from comfytavern.kernel.errors import Conflict
from comfytavern.kernel.secret import Secret
from comfytavern.llm.given import GivenChannels
from comfytavern.llm.repo import Channel, Model
from comfytavern.llm.vault import Vault
from comfytavern.testing.llm import MemoryChannels

KEY = "sk-planted"


@pytest.fixture
def kept() -> MemoryChannels:
    return MemoryChannels()


@pytest.fixture
def given(kept: MemoryChannels) -> GivenChannels:
    async def is_owner(id: str) -> bool:
        return id == "usr_owner"

    return GivenChannels(kept, {"openai": Secret(KEY)}, Vault(Secret("x" * 32)), is_owner)


async def test_the_owner_has_the_channel_and_nobody_else(given: GivenChannels) -> None:
    (channel,) = await given.list("usr_owner")
    assert (channel.id, channel.name, channel.base_url) == ("chn_openai", "OpenAI", "https://api.openai.com/v1")
    assert await given.get("usr_owner", "chn_openai") == channel
    assert Vault(Secret("x" * 32)).open(channel.key or b"", "chn_openai/key").reveal() == KEY
    assert await given.list("usr_member") == []
    assert await given.get("usr_member", "chn_openai") is None


async def test_what_the_owner_changes_is_kept_and_the_key_is_not(given: GivenChannels, kept: MemoryChannels) -> None:
    (channel,) = await given.list("usr_owner")
    await given.put(replace(channel, models=(Model(name="m"),), enabled=False))
    stored = await kept.get("usr_owner", "chn_openai")
    assert stored is not None
    assert stored.key is None
    assert stored.models == (Model(name="m"),)
    assert await given.list("usr_owner") == [replace(stored, key=channel.key)]


async def test_a_channel_that_was_pointed_elsewhere_has_no_key(given: GivenChannels) -> None:
    (channel,) = await given.list("usr_owner")
    await given.put(replace(channel, base_url="https://elsewhere.example/v1", key=None))
    assert [each.key for each in await given.list("usr_owner")] == [None]


async def test_a_key_of_ones_own_wins(given: GivenChannels, kept: MemoryChannels) -> None:
    (channel,) = await given.list("usr_owner")
    await given.put(replace(channel, key=b"mine"))
    assert [each.key for each in await given.list("usr_owner")] == [b"mine"]


async def test_it_cannot_be_removed_but_others_can(given: GivenChannels) -> None:
    with pytest.raises(Conflict) as failure:
        await given.delete("usr_owner", "chn_openai")
    assert failure.value.code == "llm.channel_given"
    await given.put(Channel(id="chn_1", owner="usr_owner", name="own", provider="demo"))
    assert await given.delete("usr_owner", "chn_1")
