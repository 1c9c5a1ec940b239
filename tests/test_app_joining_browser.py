"""Joining in a real browser: by a link, through the lobby, before a projector, and the first round in three steps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_app_browser import MILLISECONDS, browser, expect  # noqa: F401 - the module skips where no browser is
from test_app_drawings_browser import WIDTHS, inside
from test_app_seminar_browser import DESK, PHONE, Room, Server, begin, choose, room, run_year  # noqa: F401

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that knows an address at which others reach it."""
    made = Server(tmp_path / "data", "--url", "http://127.0.0.1:{port}")
    yield made
    made.kill()


LEAST = 24
"""Pixels that a target has at least in both directions (WCAG 2.2, 2.5.8)."""

SMALL = """(least) => [...document.querySelectorAll('main a, main button, main input, main select, main summary')]
  .filter((e) => e.getClientRects().length && !e.classList.contains('r2p-skip'))
  .map((e) => [e.outerHTML.slice(0, 120), e.getBoundingClientRect()])
  .filter(([, b]) => b.width < least - 0.5 || b.height < least - 0.5)
  .map(([html, b]) => `${Math.round(b.width)} x ${Math.round(b.height)}: ${html}`)"""
"""What can be pressed and is smaller than that."""

UNNAMED = """() => [...document.querySelectorAll('main input, main select, main [role=img], main nav, main section')]
  .filter((e) => e.getClientRects().length)
  .filter((e) => !(e.labels && e.labels.length) && !e.getAttribute('aria-label') && e.tagName !== 'SECTION')
  .map((e) => e.outerHTML.slice(0, 120))"""
"""What has no name for those who do not see it."""


def looks_right(page: Any, texts: int = 0) -> None:
    """Insist that a page fits, is named, and can be pressed at all widths; ``texts`` of drawings are inside of them."""
    before = page.viewport_size
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(SMALL, LEAST) == []
        inside(page, texts)
    assert page.evaluate(UNNAMED) == []
    page.set_viewport_size(before)


def by_link(room: Room, link: str, **context: Any) -> Any:  # noqa: F811
    """Follow a link from a browser of one's own, as somebody does who points a camera at the wall."""
    session = room.browser.new_context(**({"viewport": PHONE} | context))
    session.set_default_timeout(MILLISECONDS)
    page = session.new_page()
    room.logs.append(room.log(page))
    page.goto(link)
    page.get_by_label("Your name").wait_for()
    return page


def join(page: Any, name: str, role: str) -> None:
    page.get_by_label("Your name").fill(name)
    choose(page, role)
    page.get_by_role("button", name="Join", exact=True).click()
    page.wait_for_selector(f"text=You are {name}.")


def wall_of(room: Room, chair: Any) -> Any:  # noqa: F811
    """Open the projector view from the facilitator's page."""
    with chair.context.expect_page() as opened:
        chair.get_by_role("link", name="Open the projector view").click()
    wall = opened.value
    wall.set_default_timeout(MILLISECONDS)
    room.logs.append(room.log(wall))
    wall.get_by_role("heading", name="Monday").wait_for()
    return wall


def again(page: Any) -> None:
    """Load a page again, once all that it asked for is there."""
    page.wait_for_load_state("networkidle")
    page.reload()


def test_a_class_joins_by_link_and_plays_the_first_round_before_a_projector(room: Room) -> None:  # noqa: F811
    chair, code = begin(room)
    plain = code.replace("-", "")
    wall = wall_of(room, chair)
    # The address that is on the wall is nobody's key, and stays so when the page is loaded again.
    for _ in range(2):
        wall.get_by_text("0 people are here").wait_for()
        assert wall.url == f"{room.server.base}/projector"
        again(wall)
    link = f"{room.server.base}/join?code={plain}"
    wall.get_by_role("img", name=f"QR code of {link}", exact=True).wait_for()
    looks_right(wall, 12)
    ann, bob = by_link(room, link), by_link(room, link, viewport=DESK)
    tiles = ann.get_by_role("radio")
    assert tiles.count() == 12
    looks_right(ann)
    join(ann, "Ann", "body-good-offices")
    # The lobby of the others follows: what Ann has taken is the last one, and says that it is full.
    taken = bob.get_by_role("radio", name="good offices")
    expect(bob.get_by_text("full: takes 1 person")).to_have_count(1)
    expect(bob.get_by_role("radio").last).to_have_accessible_name(re.compile("good offices"))
    assert taken.count() == 1
    join(bob, "Bob", "permanent-1")
    wall.get_by_text("2 people are here, in 2 roles.").wait_for()
    assert not re.search("Ann|Bob", wall.inner_text("body"))
    gil = room.visit(viewport=PHONE)
    go(gil, f"{room.server.base}/join")
    gil.get_by_label("Code", exact=True).fill(code)
    gil.get_by_role("button", name="Go on").click()
    join(gil, "Gil", "government-tarsin")

    # Reload while waiting: the place is there, also where the address still has the code.
    for page, name in ((ann, "Ann"), (bob, "Bob"), (gil, "Gil")):
        again(page)
        page.wait_for_selector(f"text=You are {name}.")
    # Nothing that only one role sees is shown as long as roles can be changed.
    for page in (ann, bob, gil):
        assert "you see its risk" not in page.inner_text("main")
        assert page.get_by_role("button", name="Commit").count() == 0
    gil.get_by_text("Take another role", exact=True).click()
    choose(gil, "government-kessara")
    looks_right(gil, 12)
    gil.get_by_role("button", name="Take this role").click()
    gil.get_by_role("heading", name="Your role: Government of Kessara").wait_for()
    again(gil)
    gil.get_by_role("heading", name="Your role: Government of Kessara").wait_for()

    # Read, assess, commit: each step is what is shown, and where a reload comes back to.
    chair.get_by_role("button", name="Begin the first round").click()
    wall.get_by_text("0 of 3 roles have committed").wait_for()
    assert "left" in wall.get_by_role("timer").inner_text()
    for page in (ann, bob, gil):
        page.wait_for_selector("text=Decide now")
        again(page)
        page.wait_for_selector("text=Decide now")
        page.get_by_text("Take another role", exact=True).wait_for(state="detached")
        steps = page.get_by_role("navigation", name="The first round in three steps")
        expect(steps.get_by_role("button", name="Read")).to_have_attribute("aria-current", "step")
        expect(page.get_by_role("heading", name="Decide", exact=True)).to_be_hidden()
        looks_right(page, 12)
        page.get_by_role("button", name="I have read it.").click()
        expect(page.get_by_role("heading", name="How you see it")).to_be_visible()
        expect(page.get_by_role("heading", name="The world", exact=True)).to_be_hidden()
        looks_right(page)
        again(page)
        expect(page.get_by_role("heading", name="How you see it")).to_be_visible()
        page.get_by_role("button", name="I have seen enough.").click()
        expect(page.get_by_role("heading", name="Decide", exact=True)).to_be_visible()
        looks_right(page)
    bob.get_by_role("combobox", name="Kessara").select_option("yes")
    bob.get_by_role("form", name="Votes on mandates").get_by_label("Why?").fill("Before it is too late.")
    bob.get_by_role("button", name="Commit these votes").click()
    wall.get_by_text("1 of 3 roles have committed").wait_for()
    gil.get_by_label("Assistance in your state").select_option("no")
    gil.get_by_label("Why?").fill("<b>No</b> strangers here.")
    gil.get_by_role("button", name="Commit", exact=True).last.click()
    gil.wait_for_selector("text=Committed for year 1: refusal.")
    ann.locator(".r2p-plan summary").first.click()
    ann.locator(".r2p-plan details[open] input").first.fill("25000")
    ann.get_by_label("Why?").fill("Talk")
    # What is entered and not committed yet is there again, sentence and all.
    again(ann)
    expect(ann.get_by_label("Why?")).to_have_value("Talk")
    looks_right(ann)
    ann.get_by_role("button", name="Commit this plan").click()
    ann.wait_for_selector("text=Committed for year 1: the plan.")
    again(gil)
    expect(gil.get_by_label("Why?")).to_have_value("<b>No</b> strangers here.")
    wall.get_by_text("3 of 3 roles have committed").wait_for()
    for page in (wall, ann, bob):
        assert "strangers" not in page.inner_text("body")
    run_year(chair, 1)
    for page in (ann, bob, gil):
        page.wait_for_selector("text=Year 2 of 3")
        page.get_by_role("heading", name="The states, as they stand now").wait_for()
        expect(page.get_by_role("navigation", name="The first round in three steps")).to_have_count(0)
        expect(page.get_by_label("Why?").first).to_have_value("")
        page.get_by_role("button", name="Your role and the world once more").click()
        page.get_by_role("heading", name="The world", exact=True).wait_for()
        looks_right(page, 12)
    wall.get_by_role("heading", name="What happened in year 1").wait_for()
    looks_right(wall, 12)
    looks_right(chair)
    room.check()


def go(page: Any, address: str) -> None:
    """Open an address once all that the page before it asked for is there: what is broken off counts as failed."""
    page.wait_for_load_state("networkidle")
    page.goto(address)
    page.wait_for_load_state("networkidle")


def test_nothing_of_another_session_or_place_is_found_by_an_address(room: Room) -> None:  # noqa: F811
    chair, code = begin(room)
    other, _ = begin(room)
    other_code = other.inner_text(".r2p-code").replace("-", "")
    ann = room.join(code, "Ann", "elected-1", viewport=PHONE)
    chair.get_by_role("button", name="Begin the first round").click()
    ann.wait_for_selector("text=Decide now")
    base = room.server.base
    # The wall, with the place of a participant, with no place, with a token that is none, with the code for a token.
    for address in (
        "/projector",
        "/projector?token=nothing",
        f"/projector?token={other_code}",
        f"/projector?code={code}",
    ):
        for page in (ann, room.visit()):
            go(page, base + address)
            page.get_by_role("heading", name="Projector").wait_for()
            page.wait_for_timeout(500)
            # Of its own place it is told where that is, and of nothing else.
            text = " ".join(page.locator("main .r2p-view").all_inner_texts())
            assert "Monday" not in text and "Who is ready" not in text
            assert re.search("from the facilitator's page|leads to no session", text)
            go(page, f"{base}/seminar")
    ann.wait_for_selector("text=You are Ann.")
    # A link to another session leads there, and not back to the place that this tab has; that one stays.
    go(ann, f"{base}/join?code={other_code}")
    ann.get_by_label("Your name").wait_for()
    ann.wait_for_timeout(500)
    assert ann.get_by_text("You are Ann.").count() == 0
    go(ann, f"{base}/join?code={code}")
    ann.wait_for_selector("text=You are Ann.")
    # The facilitator's own tab at that address shows no more than the wall.
    go(chair, f"{base}/projector")
    chair.get_by_role("heading", name="Who is ready").wait_for()
    assert chair.get_by_role("button", name=re.compile("Run year|Pause|Delete")).count() == 0
    stranger = room.visit()
    go(stranger, f"{base}/join?code=AAAAAAAAAA")
    stranger.wait_for_selector("text=there is no session with this code")
    assert stranger.get_by_label("Your name").count() == 0
    room.check()
