"""Every page can be used without seeing it: axe finds nothing, in light and in dark; and in Chinese nothing overflows."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import open_context
from tests.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
PAGES = ["/", "/runs", "/settings/models", "/settings/profile", "/settings/keyboard", "/status", "/trash"]
IGNORED = {"span[aria-hidden][tabindex='0']"}  # The kit's focus guards: never reached by a screen reader.


def findings(page: Page) -> list[str]:
    page.evaluate(AXE.read_text() + "; void 0")
    found = page.evaluate(f"() => axe.run({{ exclude: {sorted(IGNORED)!r} }}).then((result) => result.violations)")
    return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(product: Server, chromium: Browser, owner_state: dict, scheme: str) -> None:
    context = open_context(chromium, owner_state, color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    page.goto(product.url)
    page.get_by_role("button", name="Open").first.click()
    page.wait_for_url("**/w/**")
    page.locator("[data-node]").first.wait_for()
    found = {"editor": findings(page)}
    for path in PAGES:
        page.goto(product.url + path)
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        page.wait_for_load_state("networkidle")
        found[path] = findings(page)
    context.close()
    assert not {path: what for path, what in found.items() if what}


@pytest.mark.parametrize("width", [390, 1440])
def test_no_page_is_wider_than_its_window(product: Server, chromium: Browser, owner_state: dict, width: int) -> None:
    context = open_context(chromium, owner_state, viewport={"width": width, "height": 844})
    page = context.new_page()
    for path in PAGES:
        page.goto(product.url + path)
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    context.close()
