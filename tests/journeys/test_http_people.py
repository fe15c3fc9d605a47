"""People over HTTP: nobody gets in who is not known, and what is anonymous is a short list."""

import json
from pathlib import Path

import httpx
import pytest

from tests.journeys.graphs import loud
from tests.server import NAME, PASSWORD, Server

DOCUMENT = json.loads((Path(__file__).parents[2] / "schemas" / "openapi.json").read_text())
CLOSED = [(m.upper(), p) for p, methods in DOCUMENT["paths"].items() for m, o in methods.items() if o.get("security") != []]


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_a_stranger_is_refused(server: Server, method: str, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        answer = server.client().request(method, path, headers=headers, json={})
        assert answer.status_code == 401, answer.text
        assert answer.headers["content-type"] == "application/problem+json"


def test_the_owner_is_made_once(server: Server, owner: httpx.Client) -> None:
    answer = server.client().post("/api/setup", json={"token": server.setup_token, "name": "Mallory", "password": PASSWORD})
    assert answer.is_client_error
    assert not server.client().get("/api/setup").json()["needed"]


def test_a_wrong_password_is_refused_and_a_right_one_gives_an_httponly_cookie(server: Server, owner: httpx.Client) -> None:
    assert server.client().post("/api/login", json={"name": NAME, "password": "wrong"}).status_code == 401
    cookie = server.client().post("/api/login", json={"name": NAME, "password": PASSWORD}).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_a_bearer_token_is_as_good_as_a_session(server: Server) -> None:
    answer = server.client(headers={"Authorization": f"Bearer {server.token()}"}).get("/api/session")
    assert answer.json()["user"]["role"] == "owner"


def test_a_page_of_somebody_else_cannot_act_for_the_person_at_the_browser(owner: httpx.Client) -> None:
    answer = owner.post("/api/projects", json={"name": "Stolen"}, headers={"Origin": "https://evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (403, "api.origin")


def test_people_do_not_see_each_others_work(server: Server, owner: httpx.Client) -> None:
    member = server.member("Ann")
    project = owner.post("/api/projects", json={"name": "Mine"}).json()["id"]
    run = owner.post("/api/runs", params={"wait": True}, json={"graph": loud(), "inputs": {"text": "mine"}}).json()["id"]
    assert member.get(f"/api/projects/{project}").status_code == 404
    assert member.get(f"/api/runs/{run}").status_code == 404
    assert member.get("/api/users").status_code == 403
