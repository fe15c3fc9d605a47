"""How people come in, seen through the door of the room."""

import asyncio

import jwt
import pytest

from comfytavern.accounts.bearer import Claim, Signer
from comfytavern.accounts.service import Accounts
from comfytavern.accounts.session import LIFETIME_S, Login, Origin
from comfytavern.accounts.user import Role, User
from comfytavern.kernel.clock import ManualClock
from comfytavern.kernel.errors import Busy, Conflict, Denied, Invalid, NotFound, Unauthenticated
from comfytavern.kernel.secret import Secret
from comfytavern.testing.accounts import memory_accounts

PASSWORD = "correct horse"
HOME = Origin(address="192.0.2.1", agent="a browser")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def accounts(clock: ManualClock) -> Accounts:
    return memory_accounts(clock=clock)


@pytest.fixture
async def owner(accounts: Accounts) -> Login:
    return await set_up(accounts)


async def set_up(accounts: Accounts) -> Login:
    token = await accounts.new_setup_token()
    assert token is not None
    return await accounts.set_up(token.reveal(), "Ann", PASSWORD, origin=HOME)


async def test_the_link_creates_the_owner_once(accounts: Accounts) -> None:
    first, second = await accounts.new_setup_token(), await accounts.new_setup_token()
    assert first
    assert second
    assert await accounts.setup_needed()
    login = await accounts.set_up(first.reveal(), "  Ann ", PASSWORD)
    assert (login.user.name, login.user.role) == ("Ann", Role.OWNER)
    assert not await accounts.setup_needed()
    assert await accounts.new_setup_token() is None
    for used in (first, second):
        with pytest.raises(Conflict) as failure:
            await accounts.set_up(used.reveal(), "Bob", PASSWORD)
        assert failure.value.code == "accounts.set_up"


async def test_two_who_use_the_link_at_once_make_one_owner(accounts: Accounts) -> None:
    token = await accounts.new_setup_token()
    assert token
    tries = (accounts.set_up(token.reveal(), name, PASSWORD) for name in ("Ann", "Bob"))
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "Login"]


async def test_a_wrong_link_creates_nobody(accounts: Accounts) -> None:
    await accounts.new_setup_token()
    with pytest.raises(Denied):
        await accounts.set_up("guess", "Ann", PASSWORD)
    assert await accounts.setup_needed()


@pytest.mark.parametrize("name", ["", "   ", "x" * 65, "a\nb", "a\u202eb"])
async def test_a_name_must_be_visible(accounts: Accounts, owner: Login, name: str) -> None:
    with pytest.raises(Invalid) as failure:
        await accounts.add_user(owner.user, name, PASSWORD)
    assert failure.value.code == "accounts.name"


@pytest.mark.parametrize(
    ("password", "code"), [("short", "accounts.password"), ("x" * 1025, "accounts.password"), ("benjamin", "accounts.password_is_name")]
)
async def test_a_password_must_be_long_and_not_the_name(accounts: Accounts, owner: Login, password: str, code: str) -> None:
    with pytest.raises(Invalid) as failure:
        await accounts.add_user(owner.user, "Benjamin", password)
    assert failure.value.code == code


async def test_a_person_logs_in_with_name_in_any_case_and_password(accounts: Accounts, owner: Login, clock: ManualClock) -> None:
    clock.advance(1)
    login = await accounts.log_in("ANN", PASSWORD, origin=HOME)
    visitor = await accounts.visitor(login.token.reveal())
    assert visitor.user == owner.user
    assert visitor.session is not None
    assert (visitor.session.address, visitor.session.agent) == (HOME.address, HOME.agent)
    assert [session.id for session in await accounts.sessions(owner.user)] == [login.session.id, owner.session.id]


async def test_a_wrong_name_and_a_wrong_password_look_the_same(accounts: Accounts, owner: Login) -> None:
    failures: list[Unauthenticated] = []
    for name, password in (("Ann", "wrong password"), ("Nobody", PASSWORD)):
        with pytest.raises(Unauthenticated) as caught:
            await accounts.log_in(name, password)
        failures.append(caught.value)
    assert len({(failure.code, failure.sentence) for failure in failures}) == 1


async def test_guessing_is_slowed_down_and_forgiven_after_a_while(accounts: Accounts, owner: Login, clock: ManualClock) -> None:
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            await accounts.log_in("Ann", "wrong password", origin=HOME)
    with pytest.raises(Busy) as failure:
        await accounts.log_in("Ann", PASSWORD, origin=HOME)
    assert failure.value.params["retry_after_s"] == 901
    await accounts.log_in("Ann", PASSWORD, origin=Origin(address="198.51.100.7"))
    clock.advance(901)
    await accounts.log_in("Ann", PASSWORD, origin=HOME)


async def test_a_burst_in_parallel_gets_no_extra_guesses(accounts: Accounts, owner: Login) -> None:
    tries = (accounts.log_in("Ann", f"wrong password {number}", origin=HOME) for number in range(12))
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Busy"] * 7 + ["Unauthenticated"] * 5


async def test_one_address_cannot_try_many_names(accounts: Accounts, owner: Login) -> None:
    for number in range(30):
        with pytest.raises(Unauthenticated):
            await accounts.log_in(f"name {number}", PASSWORD, origin=HOME)
    with pytest.raises(Busy):
        await accounts.log_in("another", PASSWORD, origin=HOME)


async def test_logging_in_rightly_is_never_slowed_down(accounts: Accounts, owner: Login) -> None:
    for _ in range(40):
        await accounts.log_in("Ann", PASSWORD, origin=HOME)


async def test_a_session_lives_while_it_is_used_and_expires_when_not(accounts: Accounts, owner: Login, clock: ManualClock) -> None:
    token = owner.token.reveal()
    clock.advance(LIFETIME_S - 1)
    await accounts.visitor(token)
    clock.advance(LIFETIME_S - 1)
    await accounts.visitor(token)
    clock.advance(LIFETIME_S)
    with pytest.raises(Unauthenticated):
        await accounts.visitor(token)
    assert await accounts.sessions(owner.user) == []


async def test_logging_out_ends_this_session_only(accounts: Accounts, owner: Login) -> None:
    other = await accounts.log_in("Ann", PASSWORD)
    await accounts.log_out(await accounts.visitor(owner.token.reveal()))
    with pytest.raises(Unauthenticated):
        await accounts.visitor(owner.token.reveal())
    await accounts.visitor(other.token.reveal())


async def test_a_session_elsewhere_can_be_ended_but_not_another_persons(accounts: Accounts, owner: Login) -> None:
    bob = await accounts.add_user(owner.user, "Bob", PASSWORD)
    elsewhere = await accounts.log_in("Ann", PASSWORD)
    with pytest.raises(NotFound):
        await accounts.end_session(bob, elsewhere.session.id)
    await accounts.end_session(owner.user, elsewhere.session.id)
    with pytest.raises(Unauthenticated):
        await accounts.visitor(elsewhere.token.reveal())


async def test_a_new_password_ends_other_sessions_and_bearer_tokens(accounts: Accounts, owner: Login) -> None:
    other = await accounts.log_in("Ann", PASSWORD)
    bearer = await accounts.issue_token("Ann", PASSWORD)
    here = await accounts.visitor(owner.token.reveal())
    with pytest.raises(Unauthenticated):
        await accounts.change_password(here, "wrong password", "battery staple")
    await accounts.change_password(here, PASSWORD, "battery staple")
    await accounts.visitor(owner.token.reveal())
    with pytest.raises(Unauthenticated):
        await accounts.visitor(other.token.reveal())
    with pytest.raises(Unauthenticated):
        await accounts.bearer(bearer.access_token)
    with pytest.raises(Unauthenticated):
        await accounts.log_in("Ann", PASSWORD)
    await accounts.log_in("Ann", "battery staple")


async def test_a_bearer_token_stands_for_its_person_for_an_hour(accounts: Accounts, owner: Login, clock: ManualClock) -> None:
    bearer = await accounts.issue_token("Ann", PASSWORD)
    visitor = await accounts.bearer(bearer.access_token)
    assert (visitor.user, visitor.session) == (owner.user, None)
    clock.advance(bearer.expires_in)
    with pytest.raises(Unauthenticated) as failure:
        await accounts.bearer(bearer.access_token)
    assert failure.value.code == "accounts.token_expired"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", jwt.encode({"sub": "u"}, "k" * 32), jwt.encode({"sub": "u"}, "", algorithm="none")])
async def test_a_token_that_is_not_ours_is_refused(accounts: Accounts, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await accounts.bearer(token)


def test_keys_overlap_while_they_are_changed(clock: ManualClock) -> None:
    old, new = Secret("o" * 32), Secret("n" * 32)
    claim = Claim(user_id="usr_1", epoch=1)
    token = Signer([old], clock=clock).sign(claim).access_token
    assert Signer([new, old], clock=clock).read(token) == claim
    with pytest.raises(Unauthenticated):
        Signer([new], clock=clock).read(token)
    with pytest.raises(Invalid):
        Signer([Secret("short")], clock=clock)


async def test_preferences_are_kept_and_limited(accounts: Accounts, owner: Login) -> None:
    await accounts.set_preferences(owner.user, {"language": "zh-CN", "zoom": 0})
    assert (await accounts.visitor(owner.token.reveal())).user.preferences == {"language": "zh-CN", "zoom": 0}
    with pytest.raises(Invalid):
        await accounts.set_preferences(owner.user, {"x": "y" * 70_000})


async def test_only_the_owner_manages_users(accounts: Accounts, owner: Login) -> None:
    bob = await accounts.add_user(owner.user, "Bob", PASSWORD)
    assert [user.name for user in await accounts.users(owner.user)] == ["Ann", "Bob"]
    for attempt in (accounts.users(bob), accounts.add_user(bob, "Cid", PASSWORD), accounts.remove_user(bob, owner.user.id)):
        with pytest.raises(Denied):
            await attempt
    with pytest.raises(Conflict):
        await accounts.remove_user(owner.user, owner.user.id)
    login = await accounts.log_in("Bob", PASSWORD)
    await accounts.remove_user(owner.user, bob.id)
    with pytest.raises(Unauthenticated):
        await accounts.visitor(login.token.reveal())
    with pytest.raises(NotFound):
        await accounts.remove_user(owner.user, bob.id)


async def test_every_new_user_is_welcomed_once() -> None:
    welcomed: list[str] = []

    async def welcome(user: User) -> None:
        welcomed.append(user.name)

    accounts = memory_accounts(welcome=welcome)
    owner = await set_up(accounts)
    await accounts.add_user(owner.user, "Bob", PASSWORD)
    with pytest.raises(Conflict):
        await accounts.add_user(owner.user, "bob", PASSWORD)
    await accounts.log_in("Bob", PASSWORD)
    assert welcomed == ["Ann", "Bob"]
