"""What keeps channels must do: one suite, run on the fake and on every database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from comfytavern.accounts.user import Credentials, Role, User
from comfytavern.llm.repo import Channel, ChannelRepo, Model
from comfytavern.store.accounts import SqlUsers
from comfytavern.store.llm import SqlChannels
from comfytavern.testing.databases import DATABASES, new_database
from comfytavern.testing.llm import MemoryChannels

ANN, BOB = "usr_ann", "usr_bob"


@pytest.fixture(params=["memory", *DATABASES])
async def channels(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ChannelRepo]:
    if request.param == "memory":
        yield MemoryChannels()
        return
    database = new_database(request.param, tmp_path)
    for id in (ANN, BOB):
        await SqlUsers(database).add(Credentials(user=User(id=id, name=id, role=Role.MEMBER, created_at=0), password_hash=""))
    yield SqlChannels(database)
    await database.close()


def channel(id: str = "chn_1", *, at: float = 1.0, owner: str = ANN) -> Channel:
    return Channel(
        id=id,
        owner=owner,
        name="字",
        provider="openai-compatible",
        profile="p",
        base_url="https://example.org/v1",
        key=b"\x00\xffsealed",
        headers=b"sealed too",
        models=(Model(name="m", capabilities=("chat", "tools"), context_tokens=8000), Model(name="n", manual=True)),
        enabled=False,
        fallback=False,
        private=True,
        priority=-1,
        weight=0,
        created_at=at,
    )


async def test_a_channel_comes_back_as_it_was(channels: ChannelRepo) -> None:
    await channels.put(channel())
    assert await channels.get(ANN, "chn_1") == channel()
    bare = Channel(id="chn_2", owner=ANN, name="bare", provider="demo")
    await channels.put(bare)
    assert await channels.get(ANN, "chn_2") == bare


async def test_putting_it_again_replaces_it(channels: ChannelRepo) -> None:
    await channels.put(channel())
    changed = replace(channel(), name="new", key=None, headers=None, models=(), enabled=True)
    await channels.put(changed)
    assert await channels.list(ANN) == [changed]


async def test_channels_come_oldest_first_and_only_ones_own(channels: ChannelRepo) -> None:
    for id, at, owner in (("chn_c", 2.0, ANN), ("chn_b", 1.0, ANN), ("chn_a", 2.0, ANN), ("chn_x", 0.0, BOB)):
        await channels.put(channel(id, at=at, owner=owner))
    assert [one.id for one in await channels.list(ANN)] == ["chn_b", "chn_a", "chn_c"]
    assert await channels.get(BOB, "chn_a") is None


async def test_only_its_owner_removes_a_channel_and_only_once(channels: ChannelRepo) -> None:
    await channels.put(channel())
    assert not await channels.delete(BOB, "chn_1")
    assert await channels.delete(ANN, "chn_1")
    assert not await channels.delete(ANN, "chn_1")
    assert await channels.list(ANN) == []
