"""Settings → Models in a real browser, against a server that speaks the OpenAI dialect."""

import re

import pytest
from playwright.sync_api import Page, expect

from comfytavern.testing.openai_server import FakeOpenAI
from tests.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

KEY = "sk-right-key-0123456789"


def add_channel(page: Page, product: Server, name: str, address: str, key: str) -> None:
    page.goto(product.url + "/settings/models")
    page.get_by_role("button", name="Add a channel").first.click()
    dialog = page.get_by_role("dialog")
    dialog.locator("input[name=name]").fill(name)
    dialog.locator("input[name=base_url]").fill(address)
    dialog.locator("input[name=key]").fill(key)
    dialog.locator("button[type=submit]").click()
    dialog.wait_for(state="detached")


def test_a_channel_is_added_and_tested_for_real_and_its_key_never_comes_back(page: Page, product: Server) -> None:
    with FakeOpenAI(key=KEY) as fake:
        add_channel(page, product, "Home server", fake.base_url, KEY)
        expect(page.get_by_text(re.compile("The connection works: answered in"))).to_be_visible()
        expect(page.get_by_text("fake-instruct").or_(page.get_by_text("All ")).first).to_be_visible()
        assert fake.requests
        assert f"Bearer {KEY}" in {recorded.headers.get("authorization") for recorded in fake.requests}
    page.reload()
    expect(page.get_by_text("Key stored").first).to_be_visible()
    assert KEY not in page.content()


def test_a_wrong_key_is_told_in_words_a_person_can_act_on(page: Page, product: Server) -> None:
    with FakeOpenAI(key=KEY) as fake:
        add_channel(page, product, "Wrong key", fake.base_url, "sk-wrong")
        alert = page.get_by_role("alert").or_(page.get_by_role("status")).filter(has_text=re.compile("key", re.IGNORECASE))
        expect(alert.first).to_be_visible()
