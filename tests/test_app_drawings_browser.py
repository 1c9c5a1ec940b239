"""No text of a drawing stands outside of it, in a real browser: on every page, and of figures as large as they come."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from test_app_browser import (  # noqa: F401 - the module skips where no browser is
    ADDRESSES,
    MILLISECONDS,
    Browser,
    Page,
    base,
    browser,
    choose_runs,
    expect,
    shows_month,
    visit,
)

from r2psim.analysis.comparison import Interval
from r2psim.app.charts import fans
from r2psim.app.levers import LEVERS
from r2psim.app.pages import STYLE
from r2psim.app.runs import CURVES, EVERY
from r2psim.app.seminar import STYLE as SEMINAR_STYLE
from r2psim.app.seminar_charts import charts
from r2psim.app.sweep import draw_sweep
from r2psim.app.timeline import draw_timeline
from r2psim.app.watch import Choice, Watch
from r2psim.app.world_map import draw_map
from r2psim.seminar.play import Outcome

pytestmark = pytest.mark.slow

WIDTHS = [390, 768, 1440]

OUTSIDE = """() => {
  const found = [];
  let read = 0;
  for (const svg of document.querySelectorAll('main svg')) {
    if (!svg.viewBox.baseVal) continue;
    const box = svg.viewBox.baseVal, home = svg.getScreenCTM().inverse();
    for (const text of svg.querySelectorAll('text')) {
      const b = text.getBBox();
      if (!b.width || getComputedStyle(text).display === 'none') continue;
      read += 1;
      const to = home.multiply(text.getScreenCTM());
      const low = new DOMPoint(b.x, b.y).matrixTransform(to);
      const high = new DOMPoint(b.x + b.width, b.y + b.height).matrixTransform(to);
      const over = Math.max(box.x - low.x, box.y - low.y, high.x - box.x - box.width, high.y - box.y - box.height);
      if (over > 0.5) found.push(`${svg.getAttribute('class')}: ${text.textContent} by ${over.toFixed(1)}`);
    }
  }
  return [read, found];
}"""
"""How many texts were looked at, and those that stick out of their drawing's own frame, in its units."""


def inside(page: Page, least: int = 1) -> None:
    """Insist that all text of drawings stands inside of them."""
    read, outside = page.evaluate(OUTSIDE)
    assert not outside
    assert read >= least


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("scenario", "month"), [("seminar", 60), ("world", 6)])
def test_the_text_of_a_watched_world(
    visit: Callable[..., Page],  # noqa: F811
    width: int,
    scenario: str,
    month: int,
) -> None:
    page = visit(f"/explore?scenario={scenario}&seed=3&month={month}", viewport={"width": width, "height": 900})
    shows_month(page, month)
    inside(page)
    # Every state is named when it is picked.
    page.evaluate("document.querySelectorAll('.r2p-hidden').forEach((e) => e.classList.remove('r2p-hidden'))")
    inside(page, 20)
    page.get_by_label("State", exact=True).select_option(index=1)
    page.wait_for_selector("#state")
    inside(page)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_text_of_two_worlds_and_of_many_runs(visit: Callable[..., Page], width: int) -> None:  # noqa: F811
    page = visit(
        "/explore?seed=7&month=24&beside=prevention&state=kessara&runs=16", viewport={"width": width, "height": 900}
    )
    shows_month(page, 24)
    page.wait_for_selector("[data-id=many][data-done=yes]")
    # Two maps, two time lines, 25 small drawings with five texts or so each, and how often it comes to each stage.
    inside(page, 150)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_text_of_a_comparison_and_its_break_even(visit: Callable[..., Page], width: int) -> None:  # noqa: F811
    page = visit("/compare", viewport={"width": width, "height": 900})
    choose_runs(page, 200)
    page.wait_for_selector(".r2p-fans")
    page.select_option("#r2p-Break-even-lever", "effect")
    page.get_by_text(re.compile(r"\d+ runs at each place")).wait_for(timeout=4 * MILLISECONDS)
    inside(page, 30)


def test_the_text_of_a_comparison_of_the_large_world(visit: Callable[..., Page]) -> None:  # noqa: F811
    page = visit("/compare", viewport={"width": 390, "height": 900})
    page.select_option("#r2p-What-is-compared-scenario", "world")
    expect(page.locator(".r2p-main code").last).to_contain_text("compare world")
    page.locator(".r2p-results:not(.r2p-stale) .r2p-fans").first.wait_for(timeout=4 * MILLISECONDS)
    inside(page, 20)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_text_of_figures_as_large_as_they_come(browser: Browser, width: int) -> None:  # noqa: F811
    """Counts of hundreds of millions, sums of trillions, and names longer than the place that there is for them."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    drawn = [*_compared(), *_lines(), *_watched()]
    page.set_content(f"<style>{STYLE}{SEMINAR_STYLE}</style><div class='r2p'><main>{''.join(drawn)}</main></div>")
    inside(page, 60)
    page.close()


LONG = "a-policy-with-a-name-that-is-much-longer-than-what-it-names"


def _compared() -> list[str]:
    """Give fans and a break-even of large numbers."""
    points = 240 // EVERY + 1
    curves = {
        policy: {name: np.full((3, points), LARGE.get(name, 7.0)) for name in CURVES}
        for policy in ("late-response", LONG)
    }
    at = np.linspace(0.0, 2.0, 7)
    intervals = [Interval(m, m - 1e13, m + 1e13) for m in np.linspace(-9.87e14, 9.87e14, 7)]
    pair = ("prevention", "late-response")
    return [*fans(curves, 240).values(), draw_sweep(LEVERS["effect"], at, intervals, "total_cost", pair)]


LARGE = {"monthly_deaths": 954_321_987.0, "monthly_gdp_lost": 9.87e14}


def _lines() -> list[str]:
    """Give lines of history that end as high as can be."""
    found = []
    for key in ("branch-0", "branch-1", "policy-prevention"):
        monthly = {
            name: np.linspace(0.0, 8.88e14, 25)
            for name in ("deaths", "displaced", "states_in_atrocity", "spent_prevention", "spent_response")
        }
        found.append(Outcome(key, key, 2, "0" * 64, {}, monthly, np.zeros((25, 1)), np.zeros((25, 1), dtype=bool), ()))
    return [charts(found)]


def _watched() -> list[str]:
    """Give map and time line of states and groups with long names."""
    watch = Watch(Choice("seminar", "late-response", 7))
    watch.to(60)
    history = watch.history
    names: dict[str, Any] = history.world.names
    for key in list(names):
        names[key] = f"{names[key]}, called the Federated Republics and Dependencies of the Upper and the Lower Coast"
    drawn = [draw_map(history.world), draw_timeline(history, watch.months, None)]
    drawn += [draw_timeline(history, watch.months, history.world.states[0])]
    watch.close()
    return drawn


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("address", ADDRESSES)
def test_the_text_of_every_page_as_it_opens(visit: Callable[..., Page], address: str, width: int) -> None:  # noqa: F811
    page = visit(address, viewport={"width": width, "height": 900})
    drawn = address in ("/explore", "/compare")
    if drawn:
        page.wait_for_selector("svg.r2p-map, svg.r2p-fans")
    inside(page, int(drawn))
