"""Checks in a real, headless Chromium: what a person would see, and what the console says."""

import contextlib
import re
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from comfytavern.deploy.checks.finding import Fault, Left
from comfytavern.deploy.checks.visit import Login, Visit
from comfytavern.deploy.checks.work import GRAPH

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page, Request

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS: Final = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS_MORE: Final = ["--disable-component-update", "--disable-sync", "--disable-extensions"]
STEP_MS: Final = 7_000
INSIDE: Final = re.compile(r"^[^?]*/settings/models$")
"""Not the login page, whose address names this one after a question mark."""
CONSOLE_HINT: Final = "Open the page with the browser's developer tools and look at the console."


class Watch:
    """What a page did that no page may do."""

    def __init__(self, page: "Page", url: str) -> None:
        """Listen to `page`, which is of `url`."""
        self.errors: list[str] = []
        self._own = url
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("requestfailed", self._failed)

    def _failed(self, request: "Request") -> None:
        if request.failure and "ERR_ABORTED" not in request.failure:
            self.errors.append(f"{request.url} failed: {request.failure}")

    def judge(self) -> None:
        """Raise `Fault` when something was wrong. The page's question who is logged in may be answered with 401."""
        errors = [text for text in self.errors if "401" not in text]
        if errors:
            raise Fault(f"The browser's console has {len(errors)} errors: {errors[0][:200]}", CONSOLE_HINT)


async def browser(visit: Visit) -> str:
    """The page draws itself, an address inside the app as well, and with a login a small workflow is opened and run by hand."""
    if not visit.subject.browser:
        raise Left("Left out.", "Leave --no-browser away.")
    from playwright.async_api import Error  # noqa: PLC0415 -- an extra, and half a second

    try:
        async with _chromium() as chromium:
            context = await chromium.new_context(
                base_url=visit.subject.url, ignore_https_errors=visit.subject.ca is not None, locale="en-GB"
            )
            context.set_default_timeout(STEP_MS)
            page = await context.new_page()
            watch = Watch(page, visit.subject.url)
            await page.goto("/settings/models", wait_until="commit")
            await page.locator("#app *").first.wait_for()
            login = visit.subject.login
            said = await _work(visit, page, login) if login else "The page draws itself, without errors in the console."
            watch.judge()
            return said
    except Error as error:
        raise Fault(f"The browser did not get through: {error.message.splitlines()[0]}", CONSOLE_HINT) from error


@asynccontextmanager
async def _chromium() -> AsyncGenerator["Browser"]:
    try:
        from playwright.async_api import async_playwright  # noqa: PLC0415 -- an extra, and half a second
    except ImportError as error:
        raise Left("Playwright is not installed.", "pip install 'comfytavern[check]'") from error
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        raise Left("There is no Chromium.", "apt-get install chromium")
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=path, args=[*FLAGS, *FLAGS_MORE])
        try:
            yield chromium
        finally:
            await chromium.close()


async def _work(visit: Visit, page: "Page", login: Login) -> str:
    await page.locator("input[autocomplete=username]").fill(login.name)
    await page.locator("input[type=password]").fill(login.password)
    await page.locator("button[type=submit]").click()
    await page.wait_for_url(INSIDE, wait_until="commit")
    headers = await visit.session()
    project = (await visit.client.get("/api/projects", headers=headers)).json()["items"][0]["id"]
    body = {"name": "Check", "graph": GRAPH}
    made = (await visit.client.post(f"/api/projects/{project}/workflows", json=body, headers=headers)).json()["id"]
    try:
        await page.goto(f"/p/{project}/w/{made}", wait_until="commit")
        await page.locator("[data-node]").first.wait_for()
        await page.get_by_role("button", name="Run", exact=True).click()
        await page.get_by_text("finished", exact=True).first.wait_for()
    finally:
        await page.goto("about:blank")
        await _forget(visit, made, headers)
    return "Logged in, opened a workflow and ran it, without errors in the console."


async def _forget(visit: Visit, workflow: str, headers: dict[str, str]) -> None:
    """Leave nothing behind: the workflow goes to the trash, and out of it."""
    with contextlib.suppress(Exception):
        await visit.client.delete(f"/api/workflows/{workflow}", headers=headers)
        await visit.client.delete(f"/api/trash/{workflow}", headers=headers)
