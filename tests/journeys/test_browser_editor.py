"""From canvas to a running workflow, as a person does it: in a real browser, against a real server."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import open_context
from tests.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

EXAMPLES = ["Chat with a model", "Branch and merge", "Map over a list", "Refine with a judge", "Sentences from a stream"]


def open_example(page: Page, product: Server, title: str) -> None:
    page.goto(product.url)
    card = (
        page.locator("article, li, section, div")
        .filter(has=page.get_by_text(title, exact=True))
        .filter(has=page.get_by_role("button", name="Open"))
    )
    card.last.get_by_role("button", name="Open").click()
    page.wait_for_url("**/w/**")
    page.locator("[data-node]").first.wait_for()


def run_button(page: Page):
    return page.get_by_role("button", name="Run", exact=True)


def new_workflow(page: Page, product: Server) -> None:
    page.goto(product.url)
    page.get_by_role("button", name="New workflow").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").first.fill("Built by hand")
    dialog.locator("button[type=submit]").click()
    page.wait_for_url("**/w/**")
    page.get_by_role("application").wait_for()


def add(page: Page, query: str) -> None:
    canvas = page.get_by_role("application")
    canvas.focus()
    page.keyboard.press("a")
    page.get_by_role("combobox", name="Search nodes").fill(query)
    page.keyboard.press("Enter")
    page.get_by_role("combobox", name="Search nodes").wait_for(state="detached")


@pytest.mark.parametrize("title", EXAMPLES)
def test_an_example_opens_and_runs_on_the_demo_model(page: Page, product: Server, title: str) -> None:
    open_example(page, product, title)
    run_button(page).click()
    expect(page.get_by_text("finished", exact=True)).to_be_visible(timeout=60_000)
    expect(page.locator("body")).to_contain_text("[demo model]")


def test_an_answer_streams_through_the_nodes_and_survives_a_reload(page: Page, product: Server) -> None:
    open_example(page, product, "Chat with a model")
    run_button(page).click()
    expect(page.get_by_text("streaming")).to_be_visible()
    expect(page.get_by_text("finished", exact=True)).to_be_visible(timeout=30_000)
    expect(page.locator("[data-node]").filter(has_text="Add a real model in the settings").first).to_be_visible()
    address = page.url
    page.reload()
    expect(page.locator("[data-node]").filter(has_text="Chat with a model").first).to_be_visible()
    assert page.url == address, "a deep link survives F5"


def test_a_person_builds_wires_and_runs_a_workflow(page: Page, product: Server) -> None:
    new_workflow(page, product)
    add(page, "text.constant")
    add(page, "debug.show")
    nodes = page.locator("[data-node]")
    expect(nodes).to_have_count(2)
    source = nodes.filter(has_text=re.compile("^Text"))
    target = nodes.filter(has_text="Show")
    drag(page, source.locator(".handle.outputs").first, target.locator(".handle.inputs").first)
    expect(page.get_by_text("Connected Text to Show")).to_be_attached()
    source.locator(".field-value").first.click()
    page.keyboard.type("TAVERN")
    page.keyboard.press("Escape")
    page.get_by_role("application").focus()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("finished", exact=True)).to_be_visible(timeout=30_000)
    expect(target).to_contain_text("TAVERN")


def drag(page: Page, source, target) -> None:
    start, end = source.bounding_box(), target.bounding_box()
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(end["x"], end["y"] + 20, steps=6)
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2, steps=4)
    page.mouse.up()


def test_undo_brings_back_what_was_deleted_and_autosave_keeps_it(page: Page, product: Server) -> None:
    open_example(page, product, "Chat with a model")
    before = page.locator("[data-node]").count()
    page.get_by_role("application").focus()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    expect(page.locator("[data-node]")).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(page.locator("[data-node]")).to_have_count(before)
    expect(page.get_by_text(re.compile(r"^Saved · v\d+"))).to_be_visible()
    page.reload()
    expect(page.locator("[data-node]")).to_have_count(before)


def test_a_person_approves_and_the_run_goes_on(page: Page, product: Server) -> None:
    open_example(page, product, "Ask before sending")
    run_button(page).click()
    page.get_by_role("button", name=re.compile("^Answer")).click(timeout=30_000)
    card = page.get_by_role("form", name="Send this letter?").or_(page.locator("form").filter(has_text="Send this letter?")).first
    card.get_by_role("textbox").fill("Lovely.")
    card.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_text("finished", exact=True).first).to_be_visible(timeout=30_000)


def test_two_tabs_never_overwrite_each_other_silently(product: Server, chromium: Browser, owner_state: dict, page: Page) -> None:
    open_example(page, product, "Chat with a model")
    other_context = open_context(chromium, owner_state)
    other = other_context.new_page()
    other.goto(page.url)
    other.locator("[data-node]").first.wait_for()
    for tab in (page, other):
        tab.get_by_role("application").focus()
    add(page, "text.length")
    expect(page.get_by_text("Saved · v2")).to_be_visible()
    add(other, "text.case")
    dialog = other.get_by_role("dialog", name="Somebody saved a newer version")
    dialog.get_by_role("button", name="Save mine as a copy").click()
    expect(other.get_by_role("heading", name="Chat with a model (copy)")).to_be_attached()
    expect(other.locator("[data-node]").filter(has_text="Change case")).to_have_count(1)
    expect(page.locator("[data-node]").filter(has_text="Text length")).to_have_count(1)
    other_context.close()


def test_the_whole_page_speaks_chinese(product: Server, chromium: Browser, owner_state: dict) -> None:
    context = open_context(chromium, owner_state, locale="zh-CN")
    page = context.new_page()
    page.goto(product.url)
    page.evaluate(
        "() => fetch('/api/session/preferences', {method: 'PUT', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({locale: 'zh-CN', language: 'zh-CN'})})"
    )
    page.reload()
    expect(page.get_by_text("与模型对话").first).to_be_visible()
    page.evaluate("() => fetch('/api/session/preferences', {method: 'PUT', headers: {'Content-Type': 'application/json'}, body: '{}'})")
    context.close()


def test_a_phone_shows_outline_parameters_and_run(product: Server, chromium: Browser, owner_state: dict, page: Page) -> None:
    open_example(page, product, "Chat with a model")
    context = open_context(chromium, owner_state, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    phone = context.new_page()
    phone.goto(page.url)
    phone.get_by_role("button", name="Run", exact=True).first.wait_for()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    phone.get_by_role("button", name="Run", exact=True).first.click()
    expect(phone.get_by_role("status").filter(has_text="finished").last).to_be_visible(timeout=30_000)
    expect(phone.locator("body")).to_contain_text("[demo model]")
    context.close()
