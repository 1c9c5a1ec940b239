"""The printed material of a seminar, as Chromium prints it on A4: one role a page, nothing cut off."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from test_app_browser import Browser, browser  # noqa: F401 - the module skips where no browser is
from test_app_drawings_browser import OUTSIDE
from test_seminar_kit import made

from r2psim.scenario import shipped_names
from r2psim.seminar.kit_cards import cards
from r2psim.seminar.kit_page import document
from r2psim.seminar.kit_setting import setting_of
from r2psim.seminar.kit_world import world_pages

pytestmark = pytest.mark.slow

PRINTED_WIDTH = 680
"""Pixels of a page of A4 between its margins."""

BEYOND = """() => [...document.querySelectorAll('section *')].filter(e => {
  const page = e.closest('section').getBoundingClientRect(), box = e.getBoundingClientRect();
  return box.width && (box.right > page.right + 1 || box.left < page.left - 1);
}).map(e => e.outerHTML.slice(0, 80))"""
"""What sticks out of its page to the left or right."""


def printed(browser: Browser, file: Path) -> int:  # noqa: F811
    """Print a file, insist that nothing is cut off, and give the number of its pages."""
    page = browser.new_page(viewport={"width": PRINTED_WIDTH, "height": 1000})
    page.emulate_media(media="print")
    page.goto(file.as_uri())
    assert page.evaluate(BEYOND) == []
    assert page.evaluate(OUTSIDE)[1] == []
    pdf = page.pdf(prefer_css_page_size=True)
    page.close()
    assert b"/MediaBox [0 0 594.95996 841.91998]" in pdf or re.search(rb"/MediaBox \[0 0 59\d(\.\d+)? 84\d", pdf)
    return len(re.findall(rb"/Type\s*/Page[^s]", pdf))


@pytest.mark.parametrize("language", ["en", "fr"])
def test_each_document_has_the_pages_that_it_says(browser: Browser, language: str, tmp_path: Path) -> None:  # noqa: F811
    for name, html in made(30, 180, language)[2].items():
        file = tmp_path / name
        file.write_text(html, "utf-8")
        sheets = html.count("<section")
        # The catalogue of forms runs over two pages.
        assert printed(browser, file) == sheets + (name == "world.html"), name


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", [name for name in shipped_names() if name != "world"])
def test_every_role_of_every_world_is_one_page(browser: Browser, name: str, language: str, tmp_path: Path) -> None:  # noqa: F811
    setting = setting_of(name, 60, 90, language)
    everybody = replace(setting, cast=dict.fromkeys(setting.roles, 2))
    for part, pages, more in (("cards", cards(everybody), 0), ("world", world_pages(setting), 1)):
        file = tmp_path / f"{part}.html"
        file.write_text(document(setting.words, name, pages), "utf-8")
        assert printed(browser, file) == len(pages) + more, part
