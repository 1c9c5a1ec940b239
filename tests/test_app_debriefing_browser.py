"""The debriefing in a real browser: six steps on a phone, a tablet and a desk, with the keyboard, and other luck."""

from __future__ import annotations

import re
from typing import Any

import pytest
from test_app_browser import browser, expect  # noqa: F401 - the module skips where no browser is
from test_app_seminar_browser import (  # noqa: F401
    Room,
    begin,
    room,
    run_year,
    server,
    to_step,
)

pytestmark = pytest.mark.slow

STEPS = {
    "What you believed": "What you believed, and what was true",
    "What happened": "What happened, and what would have happened",
    "Why": "Why it happened",
    "What was decided": "What was decided, and what you wrote then",
    "The other decision": "The other decision",
    "Other luck": "Right or lucky: the same decisions in other lucks",
}

SCREENS = ({"width": 390, "height": 800}, {"width": 768, "height": 1000}, {"width": 1440, "height": 900})

LOOKED_AT = """() => {
  const outside = [], small = [];
  for (const svg of document.querySelectorAll("svg")) {
    const box = svg.getBoundingClientRect();
    if (!box.width) continue;
    for (const text of svg.querySelectorAll("text")) {
      const at = text.getBoundingClientRect();
      if (at.width && (at.left < box.left - 1 || at.right > box.right + 1 || at.top < box.top - 1
          || at.bottom > box.bottom + 1)) outside.push(text.textContent);
    }
  }
  const targets = ".r2p-step button, .r2p-step select, .r2p-step summary, .r2p-steps button";
  for (const target of document.querySelectorAll(targets)) {
    const at = target.getBoundingClientRect();
    if (at.width && (at.height < 24 || at.width < 24)) small.push(target.textContent);
  }
  return {outside, small, wider: document.documentElement.scrollWidth - window.innerWidth};
}"""


def test_the_debriefing_goes_in_six_steps_on_every_screen(room: Room) -> None:  # noqa: F811
    chair, code = begin(room)
    pages: list[Any] = [
        room.join(code, name, role, viewport=screen)
        for name, role, screen in zip(
            ("Gil", "Mia", "Ada"), ("government-drevna", "permanent-1", "body-good-offices"), SCREENS, strict=True
        )
    ]
    chair.get_by_role("button", name="Begin the first round").click()
    for year in (1, 2, 3):
        run_year(chair, year)
    for page in pages:
        page.wait_for_selector("text=The exercise is over.")
        assert page.get_by_role("navigation", name="The debriefing in six steps").count() == 0
    chair.get_by_role("button", name="Open the debriefing").click()
    chair.get_by_role("button", name="Yes").click()
    for page in pages:
        for name, heading in STEPS.items():
            to_step(page, name)
            expect(page.get_by_role("heading", name=heading, exact=True)).to_have_count(1)
            if name == "Other luck":
                page.get_by_text("Negative control:").wait_for(timeout=120_000)
                expect(page.locator("svg.r2p-luck")).to_have_count(1)
                expect(page.get_by_text("In 500 other lucks your decisions left fewer killed than")).to_have_count(3)
            page.wait_for_timeout(300)
            assert page.evaluate(LOOKED_AT) == {"outside": [], "small": [], "wider": 0}, (page.viewport_size, name)

    # With the keyboard alone: a step leads to the next one, and begins at its beginning.
    desk = pages[-1]
    to_step(desk, "What you believed")
    desk.get_by_role("button", name="Next: what happened").focus()
    desk.keyboard.press("Enter")
    steps = desk.get_by_role("navigation", name="The debriefing in six steps")
    expect(steps.get_by_role("button", name=re.compile("What happened"))).to_be_focused()
    expect(steps).to_be_in_viewport()
    desk.keyboard.press("Tab")
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("heading", name=STEPS["Why"], exact=True)).to_have_count(1)
    # Who loads the page again is where it was; closed results are closed.
    desk.reload()
    expect(desk.get_by_role("heading", name=STEPS["Why"], exact=True)).to_have_count(1)
    chair.get_by_role("button", name="Close the results to participants").click()
    expect(desk.get_by_role("navigation", name="The debriefing in six steps")).to_have_count(0)
    room.check()
