"""A report in a real browser, on a screen, on a telephone and on paper: nothing is loaded, cut off, or overflows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from test_app_browser import Browser, Page, browser  # noqa: F401 - the module skips where no browser is
from test_report import directory  # noqa: F401

import r2psim

pytestmark = pytest.mark.slow

PAPER = (210.0 - 30.0, 297.0 - 32.0)
"""What the margins leave of A4, millimetres."""
INCH, DOTS = 25.4, 96.0

STUDIES = {
    "alone": ("compare",),
    "several": ("compare", "break-even", "sensitivity"),
    "all": (
        "compare", "batch", "break-even", "marginal", "warning", "sensitivity", "morris", "discover",
        "value-of-information", "trials", "rows", "validate", "across", "hindcast",
    ),
}  # fmt: skip
"""Directories of a page, by name."""

OVERFLOWS = """() => {
  const wide = document.documentElement.clientWidth, found = [];
  const frames = [...document.querySelectorAll('body *')].filter(e => getComputedStyle(e).overflowX === 'auto');
  const moved = e => frames.some(frame => frame !== e && frame.contains(e));
  for (const element of document.querySelectorAll('body *')) {
    const box = element.getBoundingClientRect();
    if (box.width && !moved(element) && (box.right > wide + 0.5 || box.left < -0.5))
      found.push(`${element.tagName} ${element.textContent.slice(0, 40)} by ${(box.right - wide).toFixed(1)}`);
  }
  return [document.documentElement.scrollWidth - wide, found];
}"""
"""By how much the page is wider than the window, and what sticks out that is not in a frame of its own."""

CLIPPED = """() => [...document.querySelectorAll('td, th, p, li, dd, dt, figcaption, caption, h1, h2, h3, h4')]
  .filter(e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline')
  .map(e => `${e.tagName} ${e.textContent.slice(0, 60)}`)"""
"""Text that is wider than its own box, and so lies over its neighbour."""

TALLEST = "s => Math.max(...[...document.querySelectorAll(s)].map(e => e.getBoundingClientRect().height))"


@pytest.fixture(scope="module")
def file(directory: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:  # noqa: F811
    """Give a page by its name, made once."""
    home = tmp_path_factory.mktemp("browsed")

    def made(name: str) -> Path:
        out = home / f"{name}.html"
        return out if out.exists() else r2psim.report([directory(each) for each in STUDIES[name]], out)

    return made


@pytest.fixture
def shown(browser: Browser, file: Callable[[str], Path]) -> Iterator[Callable[..., Page]]:  # noqa: F811
    """Show a page in a window, and see that nothing else is asked for and nothing goes wrong."""
    asked: list[str] = []
    wrong: list[str] = []
    pages: list[Any] = []

    def go(name: str, width: int, height: int = 900) -> Page:
        page = browser.new_page(viewport={"width": width, "height": height}, java_script_enabled=True)
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(file(name).as_uri())
        pages.append(page)
        return page

    yield go
    assert not wrong
    assert not [url for url in asked if not url.startswith("data:") and not re.fullmatch(r"file://.*\.html", url)]
    for page in pages:
        page.close()


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
@pytest.mark.parametrize("name", STUDIES)
def test_nothing_overflows_on_a_screen(name: str, width: int, shown: Callable[..., Page]) -> None:
    page = shown(name, width)
    assert page.evaluate(OVERFLOWS) == [0, []]
    assert page.evaluate(CLIPPED) == []
    pictures = page.evaluate("() => [...document.images].map(i => i.complete && i.naturalWidth > 100)")
    assert pictures and all(pictures)


@pytest.mark.parametrize("name", STUDIES)
def test_nothing_is_cut_off_on_paper(name: str, shown: Callable[..., Page]) -> None:
    width, height = (round(DOTS * side / INCH) for side in PAPER)
    page = shown(name, width, height)
    page.emulate_media(media="print")
    assert page.evaluate(OVERFLOWS) == [0, []]
    assert page.evaluate(CLIPPED) == []
    # What is kept on one page fits on one.
    assert page.evaluate(TALLEST, "figure, tr, .headline, pre") <= height
    assert pages_of(page.pdf(prefer_css_page_size=True)) >= 3


def pages_of(pdf: bytes) -> int:
    """Count the pages of a PDF."""
    assert pdf.startswith(b"%PDF")
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))


@pytest.mark.parametrize("name", ["alone", "several"])
def test_what_a_decision_needs_stands_on_two_pages(name: str, shown: Callable[..., Page]) -> None:
    page = shown(name, 1280)
    whole = pages_of(page.pdf(prefer_css_page_size=True))
    page.evaluate("() => document.querySelectorAll('.full, footer').forEach(e => e.remove())")
    assert pages_of(page.pdf(prefer_css_page_size=True)) <= 2 < whole
