"""The site in a real browser that reaches nothing but this machine: read from files, light and dark, desk and phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from test_app_accessibility_browser import faults
from test_app_browser import Browser, Log, browser, expect  # noqa: F401 - the module skips where no browser is
from test_site import site  # noqa: F401

pytestmark = pytest.mark.slow

PAGES = (
    "index.html",
    "ODD.html",
    "explanation/index.html",
    "reference/generated/overview.html",
    "reference/generated/parameters.html",
    "reference/generated/command-line.html",
    "reference/generated/api/classes/Comparison.html",
    "reference/generated/notebooks/first-world.html",
)
SIZES = {"desk": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_pages_fit_their_window_and_load_only_files(
    size: str,
    scheme: Any,
    browser: Browser,  # noqa: F811
    site: Path,  # noqa: F811
) -> None:
    session = browser.new_context(viewport=SIZES[size], color_scheme=scheme)  # type: ignore[arg-type]
    try:
        page = session.new_page()
        log = Log(page)
        for name in PAGES:
            page.goto((site / name).as_uri())
            expect(page.get_by_role("heading", level=1).first).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name
            dark = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).every(c => c < 60)")
            assert dark == (scheme == "dark"), name
        assert [url for url in log.asked if not url.startswith(("file:", "data:"))] == []
        assert log.wrong == []
    finally:
        session.close()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["index.html", "COST.html", "reference/generated/api/classes/Comparison.html"])
def test_axe_finds_nothing_on_a_page(size: str, name: str, browser: Browser, site: Path) -> None:  # noqa: F811
    session = browser.new_context(viewport=SIZES[size])  # type: ignore[arg-type]
    try:
        page = session.new_page()
        page.goto((site / name).as_uri())
        assert faults(page, name) == []
    finally:
        session.close()


def test_the_search_finds_without_a_server(browser: Browser, site: Path) -> None:  # noqa: F811
    page = browser.new_page()
    try:
        page.goto((site / "index.html").as_uri())
        page.get_by_placeholder("Search").first.fill("mediation")
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name="Catalogue of assistance").last).to_be_visible()
        assert page.locator("ul.search li").count() > 3
    finally:
        page.close()
