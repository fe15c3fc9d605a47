"""What a person at the browser notices of trouble: as little as can be, and never a lost word."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import open_context
from tests.journeys.test_browser_editor import open_example, run_button
from tests.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def tab(product: Server, chromium: Browser, owner_state: dict) -> Iterator[Page]:
    """A page that is allowed to complain: its server goes away."""
    context = open_context(chromium, owner_state)
    yield context.new_page()
    context.close()


def test_a_server_that_is_killed_in_mid_run_goes_on_and_the_browser_catches_up(tab: Page, product: Server) -> None:
    open_example(tab, product, "Refine with a judge")
    run_button(tab).click()
    expect(tab.get_by_text("running", exact=True).first).to_be_visible()
    product.kill()
    product.start()
    expect(tab.get_by_text("finished", exact=True)).to_be_visible(timeout=60_000)
    expect(tab.get_by_text("Connected", exact=True)).to_be_visible()


def test_an_edit_made_while_the_server_is_away_is_saved_when_it_is_back(tab: Page, product: Server) -> None:
    open_example(tab, product, "Chat with a model")
    product.kill()
    tab.get_by_role("application").focus()
    tab.keyboard.press("a")
    tab.get_by_role("combobox", name="Search nodes").fill("text.case")
    tab.keyboard.press("Enter")
    expect(tab.locator("[data-node]").filter(has_text="Change case")).to_have_count(1)
    product.start()
    expect(tab.get_by_text(re.compile(r"^Saved · v2"))).to_be_visible(timeout=60_000)
    tab.reload()
    expect(tab.locator("[data-node]").filter(has_text="Change case")).to_have_count(1)
