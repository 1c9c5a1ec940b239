"""No page breaks a rule that axe-core can check: every page, both colour schemes, phone and desk.

axe finds what a program can find - contrast, names, roles, order of headings, sizes of targets; what it does not find
is looked at in the other tests of pages.
"""

from __future__ import annotations

from typing import Any

import pytest
from test_app_browser import ADDRESSES, browser, expect  # noqa: F401 - the module skips where no browser is
from test_app_seminar_browser import DESK, PHONE, Room, Server, begin, room, run_year, server  # noqa: F401

from r2psim.app.pages import PAGES

axe = pytest.importorskip("axe_playwright_python.sync_playwright")

pytestmark = pytest.mark.slow

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
LAYOUT = {"width": 1440, "height": 900}


def violations(page: Any) -> list[str]:
    """Give what axe finds on a page: rule, what it asks for, and where it is not so."""
    found = axe.Axe().run(page, options=RULES).response["violations"]
    return [f"{v['id']}: {v['help']}: {node['html'][:200]}" for v in found for node in v["nodes"]]


def faults(page: Any, what: str) -> list[str]:
    """Give what axe finds on a page, in both schemes."""
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(300)  # colours change over a moment
        found += [f"{what}, {scheme}: {fault}" for fault in violations(page)]
    return found


@pytest.mark.parametrize("viewport", [PHONE, LAYOUT], ids=["phone", "desk"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_axe_finds_nothing_on_a_page(
    address: str,
    viewport: dict[str, int],
    browser: Any,  # noqa: F811
    server: Server,  # noqa: F811
) -> None:
    session = browser.new_context(viewport=viewport)
    try:
        page = session.new_page()
        page.goto(server.base + address)
        page.get_by_role("heading", level=1).first.wait_for(timeout=60_000)
        page.wait_for_load_state("networkidle")
        assert faults(page, address) == []
    finally:
        session.close()


@pytest.mark.parametrize("viewport", [PHONE, LAYOUT], ids=["phone", "desk"])
def test_axe_finds_nothing_where_a_policy_is_built(
    viewport: dict[str, int],
    browser: Any,  # noqa: F811
    server: Server,  # noqa: F811
) -> None:
    session = browser.new_context(viewport=viewport)
    try:
        page = session.new_page()
        page.goto(server.base + "/compare?runs=8&seed=5")
        page.get_by_role("button", name="Build own policies").click()
        page.select_option("#r2p-Begin-with-start", "balanced")
        page.get_by_role("button", name="Compare this policy").wait_for()
        page.locator(".r2p-runs [data-pick]").first.wait_for(timeout=60_000)
        assert faults(page, "own policies") == []
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    finally:
        session.close()


@pytest.mark.parametrize("viewport", [PHONE, LAYOUT], ids=["phone", "desk"])
def test_axe_finds_nothing_in_a_tour_a_term_and_two_worlds(
    viewport: dict[str, int],
    browser: Any,  # noqa: F811
    server: Server,  # noqa: F811
) -> None:
    session = browser.new_context(viewport=viewport)
    try:
        page = session.new_page()
        found = []
        for address in ("/glossary?term=stage-3", "/glossary?find=veto", "/glossary?term=nothing"):
            page.goto(server.base + address)
            page.get_by_role("heading", level=1).first.wait_for(timeout=60_000)
            found += faults(page, address)
        page.goto(f"{server.base}/explore?seed=7&month=12&beside=prevention&state=kessara&event=3&runs=16")
        page.locator("[data-id=many][data-done=yes]").wait_for(timeout=60_000)
        found += faults(page, "two worlds, a state and an event")
        page.get_by_role("button", name="Tour").click()
        page.get_by_role("button", name="Next").click()
        page.locator(".r2p-toured").wait_for()
        found += faults(page, "a tour")
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        page.goto(f"{server.base}/compere")
        found += faults(page, "a page that is not there")
        assert found == []
    finally:
        session.close()


def test_axe_sees_what_is_wrong(browser: Any, server: Server) -> None:  # noqa: F811
    session = browser.new_context(viewport=DESK)
    try:
        page = session.new_page()
        page.goto(server.base + "/" + PAGES[0].path.strip("/"))
        page.get_by_role("heading", level=1).first.wait_for(timeout=60_000)
        page.evaluate("""() => {
            document.body.insertAdjacentHTML("beforeend", "<input><p style='color:#ccc;background:#fff'>pale</p>");
        }""")
        found = " ".join(violations(page))
        assert "label: " in found and "color-contrast: " in found
    finally:
        session.close()


def through(page: Any, navigation: str, what: str) -> list[str]:
    """Go through all steps of a way; give what axe finds on them."""
    found = []
    steps = page.get_by_role("navigation", name=navigation).get_by_role("button")
    steps.first.wait_for()
    for k in range(steps.count()):
        steps.nth(k).click()
        expect(steps.nth(k)).to_have_attribute("aria-current", "step")
        found += faults(page, f"{what}, step {k + 1}")
    return found


def test_axe_finds_nothing_in_a_seminar(room: Room) -> None:  # noqa: F811
    found: list[str] = []
    chair, code = begin(room)
    found += faults(room.visit(), "entrance")
    late = room.visit(viewport=PHONE)
    late.goto(f"{room.server.base}/join?code={code}")
    late.get_by_label("Your name").wait_for()
    found += faults(late, "lobby")
    office = room.join(code, "Ada", "body-good-offices", viewport=PHONE)
    government = room.join(code, "Gil", "government-drevna")
    member = room.join(code, "Mia", "permanent-1")
    found += faults(chair, "facilitator before the first round")
    found += faults(office, "a place before the first round")
    with chair.expect_popup() as opened:
        chair.get_by_role("link", name="Open the projector view").click()
    wall = opened.value
    wall.get_by_role("heading", name="Monday").wait_for()
    found += faults(wall, "projector before the first round")
    chair.get_by_role("button", name="Begin the first round").click()
    for page, what in ((office, "body"), (government, "government"), (member, "member of the Council")):
        page.wait_for_selector("text=Decide now")
        found += through(page, "The first round in three steps", f"{what} in the first round")
    found += faults(chair, "facilitator in the first round")
    found += faults(wall, "projector in the first round")
    for year in (1, 2, 3):
        run_year(chair, year)
    office.wait_for_selector("text=The exercise is over.")
    found += faults(office, "a place when it is over")
    chair.get_by_role("button", name="What happened, and going back").click()
    found += through(chair, "The debriefing in six steps", "debriefing, facilitator")
    chair.get_by_role("button", name="Open the debriefing").click()
    chair.get_by_role("button", name="Yes").click(delay=700)
    office.get_by_role("navigation", name="The debriefing in six steps").wait_for()
    found += through(office, "The debriefing in six steps", "debriefing, a place")
    found += faults(wall, "projector when it is over")
    assert found == []
