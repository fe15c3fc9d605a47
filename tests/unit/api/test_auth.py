import httpx
import pytest

from comfytavern.api.openapi import ANONYMOUS
from comfytavern.boot.app import System

NAME, PASSWORD = "Olive", "correct horse battery"
LOGIN = {"name": NAME, "password": PASSWORD}


async def test_nothing_but_health_and_the_ways_in_is_open_to_strangers(owner: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    document = (await owner.get("/api/openapi.json")).json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            address = path.replace("{", "").replace("}", "")
            reply = await stranger.request(method, address, json={})
            if operation["operationId"] in ANONYMOUS:
                assert reply.status_code != 401 or reply.json()["code"] == "accounts.credentials", address
            else:
                assert (reply.status_code, reply.json()["code"]) == (401, "api.anonymous"), (method, address)
                assert reply.headers["www-authenticate"] == "Bearer"


async def test_addresses_that_do_not_exist_are_closed_too(stranger: httpx.AsyncClient) -> None:
    for path in ("/api", "/api/", "/api/nothing", "/api/openapi.json", "/api/session/", "/api//session"):
        assert (await stranger.get(path)).status_code == 401, path


async def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(owner: httpx.AsyncClient) -> None:
    reply = await owner.post("/api/login", json=LOGIN)
    cookie = reply.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie


async def test_the_cookie_is_secure_under_https(owner: httpx.AsyncClient, system: System) -> None:
    transport = httpx.ASGITransport(system.app)
    async with httpx.AsyncClient(transport=transport, base_url="https://tavern.test") as client:
        assert "secure" in (await client.post("/api/login", json=LOGIN)).headers["set-cookie"].lower()


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null", "http://tavern.test.evil.example"])
async def test_a_page_of_somebody_else_changes_nothing_in_a_browsers_name(owner: httpx.AsyncClient, origin: str | None) -> None:
    del owner.headers["Origin"]
    reply = await owner.post("/api/projects", json={"name": "x"}, headers={"Origin": origin} if origin else {})
    assert (reply.status_code, reply.json()["code"]) == (403, "api.origin")
    assert len((await owner.get("/api/projects")).json()["items"]) == 1


async def test_somebody_elses_page_cannot_log_a_browser_in(owner: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    reply = await stranger.post("/api/login", json=LOGIN, headers={"Origin": "https://evil.example"})
    assert reply.json()["code"] == "api.origin"


async def test_a_program_needs_no_origin(owner: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    grant = (await stranger.post("/api/token", json=LOGIN)).json()
    assert (grant["token_type"], grant["expires_in"]) == ("Bearer", 3600)
    reply = await stranger.post("/api/projects", json={"name": "x"}, headers={"Authorization": f"Bearer {grant['access_token']}"})
    assert reply.status_code == 201
    assert "set-cookie" not in reply.headers


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer", "Basic b2xpdmU6eA==", "Bearer " + "x" * 5000])
async def test_a_token_that_is_not_ours_is_refused(owner: httpx.AsyncClient, stranger: httpx.AsyncClient, header: str) -> None:
    assert (await stranger.get("/api/session", headers={"Authorization": header})).status_code == 401


async def test_a_session_ends_with_its_logout(owner: httpx.AsyncClient) -> None:
    cookie = owner.cookies["ct_session"]
    assert (await owner.post("/api/logout")).status_code == 204
    assert (await owner.get("/api/session", headers={"Cookie": f"ct_session={cookie}"})).status_code == 401


async def test_a_new_password_ends_every_other_session_and_token(owner: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    elsewhere = (await stranger.post("/api/login", json=LOGIN)).cookies["ct_session"]
    stranger.cookies.clear()
    bearer = (await stranger.post("/api/token", json=LOGIN)).json()["access_token"]
    changed = await owner.put("/api/session/password", json={"old": PASSWORD, "new": "a new horse battery"})
    assert changed.status_code == 204
    assert (await stranger.get("/api/session", headers={"Cookie": f"ct_session={elsewhere}"})).status_code == 401
    assert (await stranger.get("/api/session", headers={"Authorization": f"Bearer {bearer}"})).status_code == 401
    assert (await owner.get("/api/session")).status_code == 200


async def test_a_person_sees_where_they_are_logged_in_and_logs_out_there(owner: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    elsewhere = (await stranger.post("/api/login", json=LOGIN)).cookies["ct_session"]
    places = (await owner.get("/api/sessions")).json()["items"]
    assert [place["current"] for place in places].count(True) == 1
    other = next(place for place in places if not place["current"])
    assert (await owner.delete(f"/api/sessions/{other['id']}")).status_code == 204
    stranger.cookies.clear()
    assert (await stranger.get("/api/session", headers={"Cookie": f"ct_session={elsewhere}"})).status_code == 401


async def test_a_member_neither_sees_nor_changes_people(owner: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    assert (await owner.post("/api/users", json={"name": "Ann", "password": "another horse battery"})).status_code == 201
    token = (await stranger.post("/api/token", json={"name": "Ann", "password": "another horse battery"})).json()["access_token"]
    reply = await stranger.get("/api/users", headers={"Authorization": f"Bearer {token}"})
    assert (reply.status_code, reply.json()["code"]) == (403, "accounts.owner_only")
