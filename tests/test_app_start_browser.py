"""Start page, tours and Explore in a real browser: by keyboard, on a phone, without scripts, by address, saved."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from test_app_browser import (  # noqa: F401 - fixtures; the module skips where no browser is
    LOADED,
    MILLISECONDS,
    base,
    browser,
    expect,
    shows_month,
    visit,
)

from r2psim.app.tours import TOURS

pytestmark = pytest.mark.slow

PAIR = "/explore?seed=7&month=24&beside=prevention&state=kessara&runs=16"

INSIDE = """(e) => { const b = e.getBoundingClientRect();
  return b.top >= 0 && b.left >= 0 && b.bottom <= window.innerHeight && b.right <= window.innerWidth; }"""
"""Whether all of an element is seen."""


def pressed_to(page: Any, step: int, of: int) -> None:
    """Insist that a step of a tour is shown: its card is seen, what it points at too, and it has the keyboard."""
    card = page.locator(".r2p-tour")
    expect(card.locator(".r2p-note").first).to_contain_text(f": {step} of {of}")
    expect(page.locator(".r2p-toured")).to_be_visible(timeout=MILLISECONDS)
    assert card.evaluate(INSIDE)
    # The page may still be growing.
    page.wait_for_function("""() => { const b = document.querySelector(".r2p-toured").getBoundingClientRect();
        return b.top < window.innerHeight && b.bottom > 0; }""")
    assert page.evaluate("document.activeElement.closest('.r2p-tour') !== null")


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("tour", TOURS, ids=lambda t: t.page)
def test_a_tour_is_taken_by_keyboard_left_with_escape_and_taken_up_again(
    visit: Callable[..., Any],  # noqa: F811
    tour: Any,
    width: int,
) -> None:
    page = visit("/", viewport={"width": width, "height": 844})
    begin = page.locator(f"[data-tour={tour.page}]")
    expect(begin).to_have_text("Take the tour, one minute")
    begin.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"/{tour.page}"))
    count = len(tour.steps)
    for k in range(1, count):
        pressed_to(page, k, count)
        page.keyboard.press("Enter")
    pressed_to(page, count, count)
    page.keyboard.press("Escape")
    expect(page.locator(".r2p-tour")).to_have_count(0)
    again = page.locator(".r2p-guide > button")
    expect(again).to_have_text([f"Tour, from step {count}"] if tour.offered else [])
    assert page.evaluate("document.activeElement.closest('.r2p-guide, #main') !== null"), "the keyboard is not lost"
    page.click("nav >> text=Start")
    expect(begin).to_have_text(f"Take up the tour at step {count} of {count}")
    begin.focus()
    page.keyboard.press("Enter")
    pressed_to(page, count, count)
    # It goes on where the page is loaded anew, and is over after the last step.
    page.reload()
    pressed_to(page, count, count)
    page.keyboard.press("Enter")
    expect(page.locator(".r2p-tour")).to_have_count(0)
    expect(again).to_have_text(["Tour"] if tour.offered else [])
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_address_keeps_the_month_and_back_undoes_what_was_chosen(visit: Callable[..., Any]) -> None:  # noqa: F811
    page = visit("/explore?seed=7")
    page.click("text=+1 year")
    shows_month(page, 12)
    page.wait_for_url(re.compile("month=12"))
    page.reload()
    shows_month(page, 12)
    page.click("[data-pick='state:kessara']")
    page.wait_for_url(re.compile("month=12&state=kessara"))
    page.click("[data-id=step]")
    shows_month(page, 13)
    page.wait_for_url(re.compile("month=13&state=kessara"))
    page.click("text=Run this world")
    page.select_option("#r2p-World-policy", "prevention")
    page.click("text=Run this world")
    page.wait_for_url(re.compile("policy=prevention.*month=13&state=kessara"))
    shows_month(page, 13)
    page.go_back()
    expect(page.locator("#r2p-World-policy")).to_have_value("late-response")
    shows_month(page, 13)
    page.go_back()
    expect(page.locator("#state")).to_have_count(0)
    shows_month(page, 12)
    page.go_forward()
    expect(page.locator("#state")).to_have_count(1)
    page.click("#state >> css=a")
    page.wait_for_url(re.compile("/glossary\\?term=stage-"))
    page.go_back()
    page.wait_for_selector("#state")
    shows_month(page, 13)


def test_on_a_phone_what_was_picked_is_said_where_it_is_seen(visit: Callable[..., Any]) -> None:  # noqa: F811
    page = visit("/explore?seed=7&month=24", viewport={"width": 390, "height": 844})
    shows_month(page, 24)
    page.click("[data-pick='state:kessara']")
    bar = page.locator(".r2p-picked")
    expect(bar).to_contain_text("Kessara: ")
    assert bar.evaluate(INSIDE) and not page.locator("#state").evaluate(INSIDE)
    bar.get_by_role("button", name="Show").click()
    page.wait_for_function("document.activeElement.id === 'state'")
    page.wait_for_function(f"({INSIDE})(document.querySelector('#state'))")
    page.locator(".r2p-events button").first.click()
    expect(bar.get_by_role("button", name="Why?")).to_be_visible()
    bar.get_by_role("button", name="Why?").click()
    page.wait_for_function("document.activeElement.id === 'why'")
    bar.get_by_role("button", name="Put Kessara away").click()
    expect(page.locator("#state")).to_have_count(0)


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_every_figure_of_explore_is_saved_as_it_is_seen(
    visit: Callable[..., Any],  # noqa: F811
    tmp_path: Path,
    width: int,
    scheme: str,
) -> None:
    page = visit(PAIR, viewport={"width": width, "height": 900}, color_scheme=scheme)
    shows_month(page, 24)
    expect(page.locator("[data-id=many]")).to_have_attribute("data-done", "yes", timeout=MILLISECONDS)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    names = [box.get_attribute("data-figure") for box in page.locator("[data-figure]").all()]
    assert names == ["map", "map-beside", "time-line", "time-line-beside", "course", "many-runs"]
    reader = page.context.new_page()
    for name in names:
        for kind in ("svg", "png", "csv"):
            with page.expect_download() as saved:
                page.locator(f"[data-figure={name}] [data-save={kind}]").click()
            file = tmp_path / saved.value.suggested_filename
            assert file.name == f"seminar-late-response-7-0-{name}.{kind}"
            saved.value.save_as(file)
            if kind == "csv":
                assert len(file.read_text().splitlines()) > 10
                continue
            reader.set_content(f"<img src='data:image/{'svg+xml' if kind == 'svg' else 'png'};base64,"
                               f"{b64encode(file.read_bytes()).decode()}'>")  # fmt: skip
            size = reader.evaluate(LOADED)
            assert size[0] > 250 and size[1] > 100 and size[2] > 3, (name, kind, size)
            if kind == "svg":
                drawn = ElementTree.parse(file).getroot()
                assert "r2psim run seminar" in "".join(drawn[0].itertext())
                assert not [e for e in drawn.iter() if set(e.attrib) & {"class", "style", "data-pick"}]
    reader.close()


def test_without_scripts_and_before_they_are_there_a_page_says_something(browser: Any, base: str) -> None:  # noqa: F811
    session = browser.new_context(java_script_enabled=False, color_scheme="dark")
    page = session.new_page()
    page.goto(f"{base}/explore")
    assert "The same on the command line" in page.inner_text("body")
    assert "The page is loading" not in page.inner_text("body")
    session.close()
    session = browser.new_context()
    page = session.new_page()
    # The front end that does not come: until then there is a page that says so.
    page.route("**/*.min.js", lambda _: None)
    page.goto(f"{base}/", wait_until="commit")
    expect(page.get_by_text("The page is loading.")).to_be_visible()
    icons = page.evaluate("[...document.querySelectorAll('link[rel=icon]')].map((e) => e.href)")
    assert icons and all("#a1302e" in page.request.get(url).text() for url in icons if url.endswith(".svg"))
    session.close()
