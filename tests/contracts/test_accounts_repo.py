"""What keeps people must do: one suite, run on the fake and on every database."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from comfytavern.accounts.repo import SessionRepo, SetupRepo, UserRepo
from comfytavern.accounts.session import Session
from comfytavern.accounts.user import Credentials, Role, User
from comfytavern.kernel.errors import Conflict
from comfytavern.store.accounts import SqlSessions, SqlSetup, SqlUsers
from comfytavern.testing.accounts import MemoryPeople, MemorySessions, MemorySetup, MemoryUsers
from comfytavern.testing.databases import DATABASES, new_database


@dataclass
class People:
    users: UserRepo
    logins: SessionRepo
    setup: SetupRepo


@pytest.fixture(params=["memory", *DATABASES])
async def people(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[People]:
    if request.param == "memory":
        kept = MemoryPeople()
        yield People(MemoryUsers(kept), MemorySessions(kept), MemorySetup(kept))
    else:
        database = new_database(request.param, tmp_path)
        yield People(SqlUsers(database), SqlSessions(database), SqlSetup(database))
        await database.close()


def somebody(name: str, *, at: float = 1.0, role: Role = Role.MEMBER) -> Credentials:
    user = User(id=f"usr_{name}", name=name, role=role, created_at=at, preferences={"theme": "dark", "字": [0, False, ""]})
    return Credentials(user=user, password_hash=f"hash of {name}")


def login(id: str, user: str = "usr_ann", *, at: float = 1.0, expires_at: float = 100.0) -> Session:
    return Session(id=id, user_id=user, created_at=at, seen_at=at, expires_at=expires_at, address="::1", agent="a browser")


async def test_a_user_is_found_by_id_and_by_name_in_any_case(people: People) -> None:
    await people.users.add(somebody("Ann"))
    assert await people.users.find(id="usr_Ann") == somebody("Ann")
    assert await people.users.find(name=" aNN") == somebody("Ann")
    assert await people.users.find(id="usr_other") is None
    assert await people.users.find(name="other") is None


async def test_a_name_is_taken_in_any_case(people: People) -> None:
    await people.users.add(somebody("Straße"))
    with pytest.raises(Conflict) as failure:
        await people.users.add(Credentials(user=User(id="usr_2", name="STRASSE", role=Role.MEMBER, created_at=2), password_hash=""))
    assert failure.value.code == "accounts.name_taken"
    assert len(await people.users.everybody()) == 1


async def test_the_first_user_is_first_and_ends_the_setup_tokens(people: People) -> None:
    await people.setup.add("one", 1.0)
    await people.setup.add("two", 2.0)
    assert await people.setup.holds("one")
    assert not await people.setup.holds("three")
    await people.users.add(somebody("Ann", role=Role.OWNER), first=True)
    assert not await people.setup.holds("two")
    with pytest.raises(Conflict) as failure:
        await people.users.add(somebody("Bob"), first=True)
    assert failure.value.code == "accounts.set_up"


async def test_everybody_comes_oldest_first(people: People) -> None:
    for name, at in (("Cid", 3.0), ("Ann", 1.0), ("Bob", 2.0)):
        await people.users.add(somebody(name, at=at))
    assert [user.name for user in await people.users.everybody()] == ["Ann", "Bob", "Cid"]


async def test_a_new_password_begins_a_new_epoch_and_a_renewed_hash_does_not(people: People) -> None:
    await people.users.add(somebody("Ann"))
    await people.users.change("usr_Ann", password_hash="renewed", renew=True)
    found = await people.users.find(id="usr_Ann")
    assert found is not None
    assert (found.password_hash, found.epoch) == ("renewed", 1)
    await people.users.change("usr_Ann", password_hash="new")
    found = await people.users.find(id="usr_Ann")
    assert found is not None
    assert (found.password_hash, found.epoch, found.user) == ("new", 2, somebody("Ann").user)


async def test_preferences_are_replaced_and_a_missing_user_is_no_error(people: People) -> None:
    await people.users.add(somebody("Ann"))
    await people.users.change("usr_Ann", preferences={"a": {"b": None}})
    await people.users.change("usr_nobody", preferences={})
    found = await people.users.find(id="usr_Ann")
    assert found is not None
    assert found.user.preferences == {"a": {"b": None}}
    assert found.epoch == 1


async def test_removing_a_user_ends_their_logins(people: People) -> None:
    await people.users.add(somebody("ann"))
    await people.logins.add(login("ses_1"), "t1")
    assert await people.users.remove("usr_ann")
    assert not await people.users.remove("usr_ann")
    assert await people.logins.find("t1") is None


async def test_a_login_is_found_by_its_token_with_its_user(people: People) -> None:
    await people.users.add(somebody("ann"))
    await people.logins.add(login("ses_1"), "t1")
    assert await people.logins.find("t1") == (login("ses_1"), somebody("ann").user)
    assert await people.logins.find("ses_1") is None
    await people.logins.touch("ses_1", seen_at=5.0, expires_at=200.0)
    found = await people.logins.find("t1")
    assert found is not None
    assert (found[0].seen_at, found[0].expires_at) == (5.0, 200.0)


async def test_expired_logins_go_when_their_user_logs_in_again(people: People) -> None:
    await people.users.add(somebody("ann"))
    await people.users.add(somebody("bob"))
    await people.logins.add(login("ses_1", expires_at=10.0), "t1")
    await people.logins.add(login("ses_2", "usr_bob", expires_at=10.0), "t2")
    await people.logins.add(login("ses_3", at=20.0), "t3")
    assert [session.id for session in await people.logins.of_user("usr_ann")] == ["ses_3"]
    assert [session.id for session in await people.logins.of_user("usr_bob")] == ["ses_2"]


async def test_logins_end_one_by_one_or_all_but_one(people: People) -> None:
    await people.users.add(somebody("ann"))
    await people.users.add(somebody("bob"))
    for number in range(1, 5):
        await people.logins.add(login(f"ses_{number}", at=float(number)), f"t{number}")
    await people.logins.add(login("ses_5", "usr_bob"), "t5")
    assert [session.id for session in await people.logins.of_user("usr_ann")] == ["ses_4", "ses_3", "ses_2", "ses_1"]
    assert await people.logins.remove("usr_bob", id="ses_1") == 0
    assert await people.logins.remove("usr_ann", id="ses_1") == 1
    assert await people.logins.remove("usr_ann", all_but="ses_3") == 2
    assert [session.id for session in await people.logins.of_user("usr_ann")] == ["ses_3"]
    assert await people.logins.remove("usr_ann", all_but="") == 1
    assert len(await people.logins.of_user("usr_bob")) == 1
