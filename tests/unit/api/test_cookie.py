"""The cookie lives as long as the session: who puts off its end tells the browser."""

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from comfytavern.accounts.service import Accounts
from comfytavern.accounts.session import LIFETIME_S, SEEN_EVERY_S
from comfytavern.api.auth import Gate, clear_cookie
from comfytavern.api.services import Values
from comfytavern.kernel.clock import ManualClock
from comfytavern.testing.accounts import memory_accounts


async def room(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer as a route does; /api/logout takes the cookie away."""
    answer = Response("hello")
    if scope["path"] == "/api/logout":
        clear_cookie(answer)
    await answer(scope, receive, send)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def accounts(clock: ManualClock) -> Accounts:
    return memory_accounts(clock=clock)


@pytest.fixture
async def token(accounts: Accounts) -> str:
    setup = await accounts.new_setup_token()
    assert setup is not None
    return (await accounts.set_up(setup.reveal(), "Olive", "correct horse battery")).token.reveal()


@pytest.fixture
async def browser(accounts: Accounts, token: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Gate(room, accounts, Values(version="1")))
    async with httpx.AsyncClient(transport=transport, base_url="https://tavern.test", headers={"Cookie": f"ct_session={token}"}) as client:
        yield client


async def test_a_browser_hears_that_its_session_lives_longer(browser: httpx.AsyncClient, clock: ManualClock, token: str) -> None:
    assert "set-cookie" not in (await browser.get("/api/session")).headers
    clock.advance(SEEN_EVERY_S)
    given = (await browser.get("/api/session")).headers.get_list("set-cookie")
    assert len(given) == 1
    words = [word.strip().lower() for word in given[0].split(";")]
    assert words[0] == f"ct_session={token}".lower()
    assert {f"max-age={LIFETIME_S}", "httponly", "samesite=lax", "secure"} <= set(words)
    assert "set-cookie" not in (await browser.get("/api/session")).headers


async def test_a_log_out_is_not_undone_by_it(browser: httpx.AsyncClient, clock: ManualClock) -> None:
    clock.advance(SEEN_EVERY_S)
    given = (await browser.get("/api/logout")).headers.get_list("set-cookie")
    assert len(given) == 1
    assert "max-age=0" in given[0].lower()


async def test_looking_whether_a_session_is_good_does_not_extend_it(accounts: Accounts, clock: ManualClock, token: str) -> None:
    clock.advance(SEEN_EVERY_S)
    assert not (await accounts.visitor(token, extend=False)).extended
    assert (await accounts.visitor(token)).extended


async def test_an_origin_that_is_none_is_refused_not_a_bug(browser: httpx.AsyncClient) -> None:
    assert (await browser.post("/api/projects", headers={"Origin": "http://["})).status_code == 403
