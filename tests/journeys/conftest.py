"""A real Chromium for the journeys of a person; the server is that of tests/server.py. Nothing may be asked of any other host."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

from tests.server import NAME, PASSWORD, Server

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("product")) as server:
        yield server


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for one file: while Playwright is open its loop counts as running, and no test of this process may be async."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Watch:
    """What a page did that no page may do."""

    errors: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def attach(self, page: Page) -> None:
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._seen)

    def _seen(self, request: Request) -> None:
        if not re.match(r"(https?|wss?)://(localhost|127\.0\.0\.1)[:/]|data:|blob:", request.url):
            self.strangers.append(request.url)

    def check(self) -> None:
        assert not self.errors

        assert not self.strangers, "a page asked another host"


@pytest.fixture(scope="module")
def owner_state(product: Server, chromium: Browser) -> dict:
    """The owner, created through the one-time link as a person does it; the cookies of that session."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(product.setup_link)
    page.get_by_label("Name").fill(NAME)
    passwords = page.locator("input[type=password]")
    for at in range(passwords.count()):
        passwords.nth(at).fill(PASSWORD)
    page.locator("button[type=submit]").click()
    page.get_by_text("Chat with a model").wait_for()
    state = context.storage_state()
    context.close()
    return state


def open_context(chromium: Browser, state: dict, **more: object) -> BrowserContext:
    options = {"viewport": {"width": 1440, "height": 900}, "storage_state": state, "locale": "en-GB"} | more
    context = chromium.new_context(**options)
    context.set_default_timeout(15_000)
    return context


@pytest.fixture
def page(product: Server, chromium: Browser, owner_state: dict) -> Iterator[Page]:
    """A page of the logged-in owner at 1440×900. Fails when it logged an error or asked another host."""
    context, watch = open_context(chromium, owner_state), Watch()
    page = context.new_page()
    watch.attach(page)
    yield page
    context.close()
    watch.check()
