"""Mistakes of the web app in a real browser: told through our own server when somebody wants to know; otherwise nothing of Sentry is loaded."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.envelopes import sink
from tests.journeys.conftest import Watch, open_context
from tests.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NOBODY = {"cookies": [], "origins": []}
MISTAKE = "setTimeout(() => { throw new TypeError('the door is ajar, sk-proj-Zq81kfWv20pLmXyT') })"
ROOT = Path(__file__).resolve().parents[2]


def loaded(page: Page) -> list[str]:
    names = page.evaluate("performance.getEntriesByType('resource').map((each) => each.name)")
    return [name for name in names if "sentry" in name]


def test_a_mistake_is_told_through_our_own_server(chromium: Browser, tmp_path: Path) -> None:
    with sink() as told, Server(tmp_path, SENTRY_DSN_WEB=told.dsn, COMFYTAVERN_RELEASE="1.2.3+abc", SENTRY_ENVIRONMENT="staging") as server:
        context, watch = open_context(chromium, NOBODY), Watch()
        page = context.new_page()
        watch.attach(page)
        page.goto(server.url + "/login?next=%2Fsecret-name")
        with page.expect_response(lambda answer: answer.url.endswith("/api/watching/errors")) as answered:
            page.evaluate(MISTAKE)  # Before Sentry is loaded or after it: it is told in either case.
        assert answered.value.status == 204
        event = told.wait()[0]
        assert len(loaded(page)) == 1
        context.close()
    exception = event["exception"]["values"][0]
    assert (exception["type"], exception["value"]) == ("TypeError", "the door is ajar, [redacted]")
    assert (event["release"], event["environment"]) == ("1.2.3+abc", "staging")
    assert event["tags"] == {"page": "login"}
    assert not {"request", "user", "breadcrumbs", "extra"} & event.keys()
    assert "secret-name" not in json.dumps(event)
    assert not watch.strangers
    assert not [error for error in watch.errors if "Content Security Policy" in error]


def test_without_a_dsn_nothing_of_sentry_is_loaded(chromium: Browser, tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        context = open_context(chromium, NOBODY)
        page = context.new_page()
        with page.expect_response(lambda answer: answer.url.endswith("/api/watching")) as asked:
            page.goto(server.url + "/login")
        assert asked.value.json() == {"errors": None}
        page.evaluate(MISTAKE)
        page.wait_for_load_state("networkidle")
        assert loaded(page) == []
        context.close()


def test_source_maps_are_made_and_not_served(tmp_path: Path) -> None:
    maps = sorted((ROOT / "web" / "dist-maps" / "assets").glob("*.js.map"))
    assert maps
    assert not list((ROOT / "web" / "dist").rglob("*.map*"))
    sentry = next(each for each in maps if each.name.startswith("index-"))
    assert json.loads(sentry.read_text())["sourcesContent"]
    with Server(tmp_path) as server:
        assert server.owner().get(f"/assets/{sentry.name}").status_code == 404
        assert "sourceMappingURL" not in server.owner().get(f"/assets/{sentry.name.removesuffix('.map')}").text[-400:]
