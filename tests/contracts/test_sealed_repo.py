"""What keeps sealed keys must do: one suite, run on the fake and on every database."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from comfytavern.accounts.user import Credentials, Role, User
from comfytavern.kernel.errors import Unavailable
from comfytavern.kernel.secret import Secret
from comfytavern.llm.endpoint import open_headers, open_key, seal_headers, seal_key
from comfytavern.llm.repo import Channel, ChannelRepo, SealedRepo
from comfytavern.llm.resealing import Resealing
from comfytavern.llm.vault import Vault
from comfytavern.projects.executor import Executor
from comfytavern.store.accounts import SqlUsers
from comfytavern.store.database import Database
from comfytavern.store.leases import SqlLeases
from comfytavern.store.llm import SqlChannels
from comfytavern.store.sealed import BACK_S, SqlSealed
from comfytavern.testing.databases import DATABASES, new_database
from comfytavern.testing.llm import MemoryChannels, MemorySealed

ANN, BOB = "usr_ann", "usr_bob"
OLD, NEW, THIRD = Secret("old " * 10), Secret("new " * 10), Secret("third " * 10)


@dataclass
class Kept:
    """Channels, and what is sealed of them."""

    channels: ChannelRepo
    sealed: SealedRepo
    database: Database | None = None

    async def add(self, vault: Vault, id: str = "chn_1", owner: str = ANN, at: float = 1.0) -> Channel:
        """Keep a channel sealed by `vault`."""
        made = Channel(
            id=id,
            owner=owner,
            name=f"Model house {id}",
            provider="openai-compatible",
            key=seal_key(id, Secret(f"key of {id}"), vault),
            headers=seal_headers(id, {"X-Team": Secret("red")}, vault),
            created_at=at,
        )
        await self.channels.put(made)
        return made

    async def opens(self, vault: Vault, id: str = "chn_1", owner: str = ANN) -> bool:
        """Tell whether a vault opens a channel's key and headers."""
        channel = await self.channels.get(owner, id)
        assert channel is not None
        try:
            key, headers = open_key(channel, vault), open_headers(channel, vault)
        except Exception as error:
            assert getattr(error, "code", "") == "llm.key_unreadable"
            assert f"Model house {id}" in str(error), "the channel is named"
            return False
        assert key is not None
        return (key.reveal(), headers["X-Team"].reveal()) == (f"key of {id}", "red")


@pytest.fixture(params=["memory", *DATABASES])
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kept]:
    if request.param == "memory":
        channels = MemoryChannels()
        yield Kept(channels, MemorySealed(channels))
        return
    database = new_database(request.param, tmp_path)
    for id in (ANN, BOB):
        await SqlUsers(database).add(Credentials(user=User(id=id, name=id, role=Role.MEMBER, created_at=0), password_hash=""))
    yield Kept(SqlChannels(database), SqlSealed(database), database)
    await database.close()


async def test_what_an_earlier_secret_sealed_opens_after_the_overlap(kept: Kept) -> None:
    """Bug: whoever ended the overlap of a rotation (`env rotate --finish`) lost every key that was not entered again."""
    await kept.add(Vault(OLD))
    await kept.add(Vault(OLD), "chn_2", BOB)
    found = await Resealing(kept.sealed, Vault(NEW, earlier=[OLD]), "exe_1").look()
    assert (found.resealed, found.waiting, found.unreadable) == (2, 0, ())
    assert await kept.opens(Vault(NEW))
    assert await kept.opens(Vault(NEW), "chn_2", BOB)
    assert not await kept.opens(Vault(OLD))


async def test_a_second_look_changes_nothing(kept: Kept) -> None:
    await kept.add(Vault(OLD))
    resealing = Resealing(kept.sealed, Vault(NEW, earlier=[OLD]), "exe_1")
    await resealing.look()
    after = await kept.channels.list(ANN)
    assert (await resealing.look()).resealed == 0
    assert await kept.channels.list(ANN) == after


async def test_nothing_is_sealed_anew_before_every_server_knows_the_secret(kept: Kept) -> None:
    """A release that is kept warm for a rollback, or another host of a rolling deployment, must still open the keys."""
    await kept.add(Vault(OLD))
    before = Vault(OLD)
    warm, new = Resealing(kept.sealed, before, "exe_old"), Resealing(kept.sealed, Vault(NEW, earlier=[OLD]), "exe_new")
    assert (await warm.look()).resealed == 0
    found = await new.look()
    assert (found.resealed, found.waiting) == (0, 1)
    assert await kept.opens(Vault(OLD))
    before.use([NEW, OLD])  # SIGHUP.
    assert (await warm.look()).resealed == 1
    assert (await new.look()).resealed == 0
    assert await kept.opens(before)
    assert await kept.opens(Vault(NEW))


async def test_a_server_that_ends_is_not_waited_for(kept: Kept) -> None:
    await kept.add(Vault(OLD))
    async with Resealing(kept.sealed, Vault(OLD), "exe_old").going_on():
        async with asyncio.timeout(30):
            while not await kept.sealed.others("exe_new"):  # noqa: ASYNC110 -- the database tells nobody
                await asyncio.sleep(0.01)
        new = Resealing(kept.sealed, Vault(NEW, earlier=[OLD]), "exe_new")
        assert (await new.look()).waiting == 1
    assert (await new.look()).resealed == 1


async def test_a_look_that_fails_is_not_the_last(kept: Kept, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    await kept.add(Vault(OLD))
    whole, failures = kept.sealed.sealed, [Unavailable("store.unreachable", "It is away."), ValueError("a bug")]

    async def fails_twice() -> list[Channel]:
        if failures:
            raise failures.pop(0)
        return await whole()

    monkeypatch.setattr(kept.sealed, "sealed", fails_twice)
    async with Resealing(kept.sealed, Vault(NEW, earlier=[OLD]), "exe_1", every_s=0.01).going_on(), asyncio.timeout(30):
        while not await kept.opens(Vault(NEW)):  # noqa: ASYNC110 -- as above
            await asyncio.sleep(0.01)
    said = [record.getMessage() for record in caplog.records if "looked through" in record.getMessage()]
    assert said == ["model keys could not be looked through: It is away.", "model keys could not be looked through"]


async def test_many_servers_at_once_seal_each_channel_once(kept: Kept) -> None:
    for number in range(8):
        await kept.add(Vault(OLD), f"chn_{number}", at=number)
    servers = [Resealing(kept.sealed, Vault(NEW, earlier=[OLD]), f"exe_{number}") for number in range(4)]
    for each in servers:
        await kept.sealed.announce(each._server, Vault(NEW, earlier=[OLD]).names)
    found = await asyncio.gather(*(each.look() for each in servers))
    assert sum(each.resealed for each in found) == 8
    assert all([await kept.opens(Vault(NEW), f"chn_{number}") for number in range(8)])


async def test_a_key_that_was_changed_meanwhile_stays(kept: Kept) -> None:
    before = await kept.add(Vault(OLD))
    theirs = replace(before, key=b"entered meanwhile", name="other")
    await kept.channels.put(theirs)
    assert not await kept.sealed.reseal(before, b"sealed anew", b"headers")
    assert await kept.channels.list(ANN) == [theirs]
    bare = replace(theirs, key=None)
    await kept.channels.put(bare)
    assert not await kept.sealed.reseal(theirs, b"sealed anew", b"headers")
    assert await kept.sealed.reseal(bare, None, b"headers")


async def test_two_rotations_in_a_row_end_with_the_newest(kept: Kept) -> None:
    await kept.add(Vault(OLD))
    await kept.add(Vault(NEW, earlier=[OLD]), "chn_2", BOB)
    assert (await Resealing(kept.sealed, Vault(THIRD, earlier=[NEW, OLD]), "exe_1").look()).resealed == 2
    assert await kept.opens(Vault(THIRD))
    assert await kept.opens(Vault(THIRD), "chn_2", BOB)


async def test_a_key_that_no_secret_opens_is_told_with_its_channel_and_left_alone(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    lost = await kept.add(Vault(THIRD))
    await kept.add(Vault(OLD), "chn_2", BOB)
    resealing = Resealing(kept.sealed, Vault(NEW, earlier=[OLD]), "exe_1")
    found = await resealing.look()
    assert (found.resealed, found.unreadable) == (1, ("chn_1",))
    assert await kept.channels.list(ANN) == [lost]
    await resealing.look()
    said = [record for record in caplog.records if getattr(record, "code", "") == "llm.key_unreadable"]
    assert len(said) == 1, "once, not at every look"
    assert "Model house chn_1" in said[0].getMessage()
    assert not await kept.opens(Vault(NEW))


async def test_channels_without_keys_are_none_of_it(kept: Kept) -> None:
    await kept.channels.put(Channel(id="chn_1", owner=ANN, name="bare", provider="demo"))
    assert await kept.sealed.sealed() == []


def test_names_of_secrets_tell_them_apart_and_nothing_else() -> None:
    first, second = Vault(NEW, earlier=[OLD]).names, Vault(OLD).names
    assert first[1:] == second
    assert first[0] != first[1]
    assert len(set(first[0])) > 1
    assert len(first[0]) == 16


@pytest.fixture
def database(kept: Kept) -> Database:
    if kept.database is None:
        pytest.skip("the fake has no clock and no older code")
    return kept.database


async def test_a_server_of_older_code_is_waited_for(kept: Kept, database: Database) -> None:
    await kept.add(Vault(OLD))
    leases = SqlLeases(database)
    await leases.beat(Executor(id="exe_older"), draining=False)
    resealing = Resealing(kept.sealed, Vault(NEW, earlier=[OLD]), "exe_1")
    assert (await resealing.look()).waiting == 1
    await leases.leave("exe_older")
    assert (await resealing.look()).resealed == 1


async def test_who_crashed_is_waited_for_as_long_as_he_may_come_back(kept: Kept, database: Database) -> None:
    await kept.add(Vault(OLD))
    await kept.sealed.announce("exe_crashed", Vault(OLD).names)
    resealing = Resealing(kept.sealed, Vault(NEW, earlier=[OLD]), "exe_1")
    assert (await resealing.look()).waiting == 1
    async with database.write() as connection:
        older = text("UPDATE settings SET updated_at = updated_at - :back WHERE name = 'opens/exe_crashed'")
        await connection.execute(older, {"back": BACK_S + 1})
    assert (await resealing.look()).resealed == 1
