"""A page whose server is replaced while it looks: it goes on, nothing is missed, and it may take the new version when it likes."""

import contextlib
import re
import shutil
import signal
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import Watch, open_context
from tests.journeys.load import WORDS, writer
from tests.server import COOKIE
from tests.slots import NGINX, Slots

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.skipif(not shutil.which(NGINX), reason="nginx is not installed")]


@pytest.fixture(scope="module")
def slots(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slots]:
    with Slots(tmp_path_factory.mktemp("slots")) as slots:
        yield slots


@pytest.fixture(scope="module")
def owner(slots: Slots) -> Iterator[httpx.Client]:
    with contextlib.closing(slots.owner()) as client:
        yield client


@pytest.fixture
def page(slots: Slots, owner: httpx.Client, chromium: Browser) -> Iterator[Page]:
    """A page of the owner, served by blue. Fails when it logged an error or asked another host."""
    if slots.active != "blue":
        slots.switch("blue")
    context, watch = open_context(chromium, {"cookies": [], "origins": []}), Watch()
    context.add_cookies([{"name": COOKIE, "value": owner.cookies[COOKIE], "url": slots.url}])
    page = context.new_page()
    watch.attach(page)
    yield page
    context.close()
    watch.check()


def open_writer(page: Page, slots: Slots, owner: httpx.Client) -> None:
    project = owner.get("/api/projects").json()["items"][0]["id"]
    made = owner.post(f"/api/projects/{project}/workflows", json={"name": "Writer", "graph": writer(25)})
    assert made.status_code == 201, made.text
    page.goto(f"{slots.url}/p/{project}/w/{made.json()['id']}")
    page.locator("[data-node]").first.wait_for()
    expect(page.get_by_text("Connected", exact=True)).to_be_visible()


def test_a_run_that_streams_goes_on_before_ones_eyes(page: Page, slots: Slots, owner: httpx.Client) -> None:
    open_writer(page, slots, owner)
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("running", exact=True).first).to_be_visible()
    old = slots.switch("green")
    slots.until(lambda: slots.ready(old)["open"]["sockets"] == 0, "the page did not move", 10)
    expect(page.get_by_text("Connected", exact=True)).to_be_visible()
    expect(page.get_by_text("finished", exact=True)).to_be_visible(timeout=60_000)
    run = owner.get("/api/runs").json()["items"][0]["id"]
    assert owner.get(f"/api/runs/{run}").json()["outputs"]["text"].split()[-1] == f"word{WORDS - 1}"
    expect(page.get_by_text(f"word{WORDS - 1}").first).to_be_attached()
    expect(page.get_by_text("The connection to the server was lost")).to_have_count(0)


def test_a_new_version_is_offered_and_taken_without_losing_an_edit(page: Page, slots: Slots, owner: httpx.Client) -> None:
    open_writer(page, slots, owner)
    expect(page.get_by_text("A new version is here.")).to_have_count(0)
    slots.switch("green")
    expect(page.get_by_text("A new version is here.")).to_be_visible(timeout=10_000)
    page.get_by_role("application").focus()
    page.keyboard.press("a")
    page.get_by_role("combobox", name="Search nodes").fill("text.case")
    page.keyboard.press("Enter")
    expect(page.locator("[data-node]").filter(has_text="Change case")).to_have_count(1)
    page.get_by_role("button", name="Reload", exact=True).click()
    expect(page.get_by_text(re.compile(r"^Saved · v2"))).to_be_visible(timeout=15_000)
    expect(page.locator("[data-node]").filter(has_text="Change case")).to_have_count(1)
    expect(page.get_by_text("A new version is here.")).to_have_count(0)


def test_a_server_that_is_stopped_for_good_is_not_missed(page: Page, slots: Slots, owner: httpx.Client) -> None:
    open_writer(page, slots, owner)
    old = slots.switch("green")
    slots.signal(old, signal.SIGTERM)
    assert slots.stopped(old) == 0
    expect(page.get_by_text("Connected", exact=True)).to_be_visible()
    expect(page.get_by_text("The connection to the server was lost")).to_have_count(0)
    assert slots.ready("green")["open"]["sockets"] == 1
