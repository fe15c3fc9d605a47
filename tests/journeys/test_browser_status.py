"""The owner looks at the server; a member has no such page."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import Watch, open_context
from tests.journeys.graphs import approval
from tests.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_the_owner_sees_what_runs_here(product: Server, chromium: Browser, owner_state: dict) -> None:
    assert product.owner().post("/api/runs", json={"graph": approval()}).is_success
    context, watch = open_context(chromium, owner_state), Watch()
    page: Page = context.new_page()
    watch.attach(page)
    page.goto(product.url)
    page.get_by_role("navigation", name="Main navigation").first.get_by_role("link", name="Status").click()
    expect(page.get_by_role("heading", level=1, name="Status")).to_be_visible()
    expect(page.get_by_role("meter")).to_have_count(3)
    expect(page.get_by_role("status").filter(has_text="Ready")).to_be_visible()
    expect(page.get_by_role("table", name="Queue").get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("img", name="Requests.")).to_be_visible()
    expect(page.get_by_text("This server was not deployed")).to_be_visible()
    with page.expect_response(lambda answer: answer.url.endswith("/api/status") and answer.ok):
        pass  # It is asked again by itself.
    context.close()
    watch.check()


def test_a_member_is_not_led_there_and_is_refused(product: Server, chromium: Browser, owner_state: dict) -> None:
    member = product.member("Ann")
    context = open_context(chromium, {"cookies": [], "origins": []})
    context.add_cookies([product.cookie(member)])
    page = context.new_page()
    page.goto(product.url)
    expect(page.get_by_role("link", name="Runs").first).to_be_visible()
    expect(page.get_by_role("link", name="Status")).to_have_count(0)
    page.goto(product.url + "/status")
    expect(page.get_by_role("alert").filter(has_text="owner")).to_be_visible()
    context.close()
