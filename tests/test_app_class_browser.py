"""A whole class in a real browser: twelve people, each in a browser session of their own, from the link to the end.

They share a role, come late, load pages again in every phase, lose the server, write to one another, go back in history
twice; what they are sent meanwhile is kept, and holds nothing that is not for them. Pictures of the pages lie in the
directory of the test.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from test_app_accessibility_browser import violations
from test_app_browser import MILLISECONDS, Log, browser, expect  # noqa: F401 - the module skips where no browser is
from test_app_joining_browser import again, by_link, join, looks_right, server, wall_of  # noqa: F401
from test_app_joining_browser import pytestmark as pytestmark
from test_app_seminar_browser import PHONE, Room, Server, begin, deciding, room, run_year, to_step  # noqa: F401

DESK = {"width": 1440, "height": 900}

OFFICE, DREVNA = "body-good-offices", "government-drevna"
PEOPLE = {
    "Ann": OFFICE,
    "Bob": OFFICE,
    "Cai": "permanent-1",
    "Dia": "permanent-2",
    "Eli": "elected-1",
    "Fay": "body-genocide-prevention",
    "Gil": DREVNA,
    "Hal": "government-tarsin",
    "Ida": "government-kessara",
    "Jon": "body-world-bank",
    "Kim": "body-ocha",
    "Leo": "body-peacebuilding",
}
LATE = "Leo"

NOTE = "Let us in, & we pay for <it>."
STATEMENT = "Our borders are <b>ours</b>."
WHY = "Talks cost less than troops."
FIRST = ("Ann", "Bob", "Gil")
"""Who may read the note."""


class Heard(Log):
    """A log that keeps what a page was sent, too."""

    def __init__(self, page: Any) -> None:
        super().__init__(page)
        self.frames: list[str] = []
        page.on("websocket", lambda w: w.on("framereceived", self._hear))

    def _hear(self, sent: str | bytes) -> None:
        self.frames.append(sent if isinstance(sent, str) else sent.decode("utf-8", "replace"))

    def has(self, words: str) -> bool:
        """Say whether words were sent, written as a message writes them, plainly or within markup."""
        ways = (words, words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
        return any(json.dumps(way)[1:-1] in frame or way in frame for way in ways for frame in self.frames)


def screen(name: str) -> dict[str, int]:
    """Half of them have a phone."""
    return PHONE if list(PEOPLE).index(name) % 2 else DESK


def commit(page: Any, role: str) -> None:
    """Decide something in a role, and say why."""
    if role.startswith("government"):
        page.get_by_label("Assistance in your state").select_option("yes")
        page.get_by_role("button", name="Commit", exact=True).click()
        page.wait_for_selector("text=: consent.")
    elif role.startswith("body"):
        if not page.locator(".r2p-plan details[open]").count():
            page.locator(".r2p-plan summary").first.click()
        page.get_by_role("button", name="Put up what is missing").first.click()
        page.get_by_role("button", name="Commit this plan").click()
    else:
        page.get_by_role("combobox", name="Kessara").select_option("yes")
        page.get_by_role("button", name="Commit these votes").click()
        page.wait_for_selector("text=: votes on 1 state.")


def writing(page: Any, form: str) -> Any:
    """Give one of the two forms for words, and open what they stand in."""
    found = page.get_by_role("form", name=form)
    if not found.count():
        page.locator("summary", has_text="Notes and public statement").click()
    return found


def test_a_class_of_twelve_from_the_link_to_the_end(room: Room, server: Server, tmp_path: Path) -> None:  # noqa: F811
    room.log = Heard
    pages: dict[str, Any] = {}
    heard: dict[str, Heard] = {}
    found: list[str] = []

    def look(page: Any, what: str, texts: int = 0) -> None:
        """Insist that a page is right at all widths and for all readers, and take its picture."""
        looks_right(page, texts)
        found.extend(f"{what}: {fault}" for fault in violations(page))
        page.screenshot(path=tmp_path / f"{what}.png", full_page=True)

    def reload(*names: str, shows: str) -> None:
        for name in names:
            again(pages[name])
            pages[name].wait_for_selector(f"text={shows}")

    # -- they come by the link that is on the wall ---------------------------------------------------------------------
    chair, code = begin(room)
    wall = wall_of(room, chair)
    link = f"{server.base}/join?code={code.replace('-', '')}"

    def come(name: str) -> None:
        page = pages[name] = by_link(room, link, viewport=screen(name))
        log = room.logs[-1]
        assert isinstance(log, Heard)
        heard[name] = log
        if name == "Bob":
            expect(page.get_by_text("full: takes 1 person")).to_have_count(1)
            look(page, "lobby")
        join(page, name, PEOPLE[name])

    for name in PEOPLE:
        if name != LATE:
            come(name)
    wall.get_by_text("11 people are here, in 10 roles.").wait_for()
    look(wall, "wall-gathering", 12)
    look(chair, "facilitator-gathering")
    look(pages["Gil"], "waiting", 12)
    reload("Bob", "Gil", shows="The exercise has not begun.")

    # -- the first round: three steps, words, a plan that is replaced, and one who is late -----------------------------
    chair.get_by_role("button", name="Begin the first round").click()
    wall.get_by_text("0 of 10 roles have committed").wait_for()
    here = [page for name, page in pages.items() if name != LATE]
    look(pages["Ann"], "read", 12)
    deciding(*here)
    come(LATE)
    deciding(pages[LATE])
    wall.get_by_text("0 of 11 roles have committed").wait_for()

    ann, bob, gil = (pages[name] for name in FIRST)
    note = writing(ann, "Note to another role")
    note.get_by_label("To", exact=True).select_option(label="Government of Drevna")
    note.get_by_label("Note, up to").fill(NOTE)
    expect(note.get_by_role("status")).to_have_text("Not sent yet.")
    note.get_by_role("button", name="Send the note").dblclick()
    expect(note.get_by_role("status")).to_have_text("Sent to Government of Drevna.")
    arrived = gil.get_by_role("status").filter(has_text="1 note to you; the last is from Secretary-General's good")
    expect(arrived).to_have_count(1)
    writing(gil, "Note to another role")
    expect(gil.get_by_role("listitem").filter(has_text=NOTE)).to_have_count(1)
    live = gil.locator("[role=status], [role=alert], [aria-live]:not([aria-live=off])")
    assert sum("note to you" in told for told in live.all_inner_texts()) == 1
    assert not any(NOTE in told for told in live.all_inner_texts())
    statement = writing(gil, "Public statement")
    statement.get_by_label("Public statement,").fill(STATEMENT)
    statement.get_by_role("button", name="Say it in public").click()
    statement.get_by_role("button", name="Yes").click(delay=700)
    expect(statement.get_by_role("status")).to_have_text("Said in public.")
    for page in (wall, *pages.values()):
        expect(page.get_by_role("listitem").filter(has_text=STATEMENT)).to_have_count(1)
    # What is written and not sent stays when the page is loaded again, and is no word yet.
    hal = pages["Hal"]
    draft = writing(hal, "Note to another role")
    draft.get_by_label("Note, up to").fill("Not yet.")
    reload("Hal", "Ida", shows="Decide now")
    expect(writing(hal, "Note to another role").get_by_label("Note, up to")).to_have_value("Not yet.")

    for name in ("Ann", "Bob"):
        pages[name].locator(".r2p-plan summary").first.click()
        pages[name].locator(".r2p-plan details[open] input").first.fill("1000" if name == "Ann" else "2000")
    ann.get_by_label("Why?").fill(WHY)
    ann.get_by_role("button", name="Commit this plan").click()
    bob.get_by_role("heading", name="In force: Ann's plan of year 1").wait_for()
    bob.get_by_role("button", name="Commit this plan").click()
    bob.get_by_role("button", name="Replace it").click(delay=700)
    bob.wait_for_selector("text=It takes the place of Ann's plan.")
    ann.get_by_text("Bob replaced your plan for year 1.").wait_for()
    look(bob, "commit-body")
    look(gil, "commit-government")
    look(pages["Cai"], "commit-member")

    # -- the server is killed, and started again -----------------------------------------------------------------------
    server.kill()
    for page in (gil, pages["Dia"]):
        expect(page.get_by_text("The server does not answer.")).to_be_visible()
    server.start()
    for page in (chair, wall, *pages.values()):
        expect(page.get_by_text("The server does not answer.")).to_have_count(0, timeout=MILLISECONDS)
        page.wait_for_selector("text=Decide now")
    for log in room.logs:
        # What failed while nobody was there to answer.
        log.wrong.clear()
    wall.get_by_text("1 of 11 roles have committed").wait_for()
    for page in (ann, gil):
        writing(page, "Note to another role")
        expect(page.get_by_role("listitem").filter(has_text=NOTE)).to_have_count(1)
    expect(writing(hal, "Note to another role").get_by_label("Note, up to")).to_have_value("Not yet.")
    for name, page in pages.items():
        if PEOPLE[name] != OFFICE:
            commit(page, PEOPLE[name])
    wall.get_by_text("11 of 11 roles have committed").wait_for()
    look(wall, "wall-deciding", 12)
    look(chair, "facilitator-deciding")

    # -- paused, closed, and three years -------------------------------------------------------------------------------
    chair.get_by_role("button", name="Pause").click()
    reload("Bob", "Gil", shows="The exercise is paused.")
    chair.get_by_role("button", name="Go on").click()
    gil.wait_for_selector("text=Decide now")
    chair.get_by_role("button", name="Close the round now").click()
    chair.get_by_role("button", name="Yes").click(delay=700)
    reload("Bob", "Gil", shows="The time is over.")
    run_year(chair, 1)
    for page in pages.values():
        page.wait_for_selector("text=Year 2 of 3")
    # What was said in the first year is still heard; what was not sent is still there.
    expect(wall.get_by_role("listitem").filter(has_text=STATEMENT)).to_have_count(1)
    expect(writing(hal, "Note to another role").get_by_label("Note, up to")).to_have_value("Not yet.")
    commit(pages["Jon"], PEOPLE["Jon"])
    wall.get_by_text("1 of 11 roles have committed").wait_for()
    look(pages["Jon"], "second-year")
    run_year(chair, 2)
    run_year(chair, 3)
    reload("Bob", "Gil", shows="The exercise is over.")
    look(gil, "over")
    before = {name: list(log.frames) for name, log in heard.items()}
    for name, log in heard.items():
        assert log.frames and log.has(STATEMENT), name
        assert log.has(NOTE) is (name in FIRST), name
        assert log.has(WHY) is (PEOPLE[name] == OFFICE), name

    # -- the debriefing, and both ways back ----------------------------------------------------------------------------
    chair.get_by_role("button", name="What happened, and going back").click()
    to_step(chair, "The other decision")
    chair.get_by_label("Decision", exact=True).select_option("consent")
    chair.wait_for_selector("text=Consent to assistance:")
    chair.get_by_label("Drevna").last.select_option("no")
    chair.get_by_role("button", name="Run it with these decisions").click()
    chair.get_by_role("columnheader", name="Year 1 otherwise").wait_for()
    chair.get_by_role("button", name="Open the debriefing").click()
    chair.get_by_role("button", name="Yes").click(delay=700)
    for name in ("Cai", "Gil"):
        to_step(pages[name], "What was decided")
        for words in (NOTE, STATEMENT, WHY):
            expect(pages[name].get_by_role("listitem").filter(has_text=words).first).to_be_visible()
    assert heard["Cai"].has(NOTE) and heard["Cai"].has(WHY)
    look(pages["Cai"], "debriefing-decided")
    for number, step in enumerate(("What you believed", "What happened", "Why", "The other decision", "Other luck")):
        page = pages[("Bob", "Cai")[number % 2]]
        to_step(page, step)
        if step == "Other luck":
            page.get_by_text("Negative control:").wait_for(timeout=2 * MILLISECONDS)
        look(page, f"debriefing-{step.lower().replace(' ', '-')}")
    reload("Bob", "Gil", shows="What happened")

    chair.get_by_label("Line", exact=True).select_option("0")
    chair.get_by_label("Year", exact=True).select_option("2")
    chair.get_by_label("Afterwards").select_option("anew")
    chair.get_by_label("Name of the new line").fill("Once more")
    chair.get_by_label("Name of the new line").press("Tab")
    expect(chair.get_by_label("Name of the new line")).to_have_value("Once more")
    chair.get_by_role("button", name="Run it with these decisions").click()
    for name in ("Bob", "Gil", "Cai"):
        page = pages[name]
        page.wait_for_selector("text=Line of history: Once more")
        page.get_by_text("their results are closed until it is over.").wait_for()
    reload("Bob", "Gil", "Cai", shows="Line of history: Once more")
    # Each role has its own notes again, and nobody else's.
    to_step(pages["Cai"], "What was decided")
    expect(pages["Cai"].get_by_text(STATEMENT).first).to_be_visible()
    expect(pages["Cai"].get_by_text(NOTE)).to_have_count(0)
    gil.get_by_role("button", name="Your role", exact=True).click()
    writing(gil, "Note to another role")
    expect(gil.get_by_role("listitem").filter(has_text=NOTE)).to_have_count(1)
    look(gil, "decided-anew")
    commit(pages["Gil"], DREVNA)
    run_year(chair, 3)
    to_step(pages["Cai"], "What was decided")
    expect(pages["Cai"].get_by_text(NOTE).first).to_be_visible()
    to_step(pages["Cai"], "The other decision")
    expect(pages["Cai"].get_by_role("columnheader", name="Once more")).to_have_count(1)
    look(wall, "wall-over", 12)
    look(chair, "facilitator-debriefing")

    # -- the file, again to the last bit, and nothing is left ----------------------------------------------------------
    chair.get_by_role("button", name="This round").click()
    with chair.expect_download() as download:
        chair.get_by_role("button", name="Save the session as a file").click()
    file = tmp_path / "session.json"
    download.value.save_as(file)
    data = json.loads(file.read_text())
    done = subprocess.run(
        [sys.executable, "-m", "r2psim", "replay", str(file), "--json"], capture_output=True, text=True, check=True
    )
    told = json.loads(done.stdout)
    assert told["same"] is True and [line["years"] for line in told["branches"]] == [3, 3, 3]
    assert [[n["text"] for n in line["notes"]] for line in told["branches"]] == [[NOTE, STATEMENT]] * 3
    assert not re.search("|".join(PEOPLE), json.dumps({k: v for k, v in data.items() if k != "scenario"}))
    # Nobody was sent the seed before it was told to all.
    for name, frames in before.items():
        assert not any(str(data["seed"]) in frame or f"{data['seed']:x}" in frame for frame in frames), name
    chair.get_by_role("button", name="Delete this seminar").click()
    chair.get_by_role("button", name="Yes").click(delay=700)
    chair.wait_for_selector("text=This seminar was deleted.")
    for page in (wall, *pages.values()):
        page.get_by_text(re.compile("deleted this seminar|this seminar was deleted")).first.wait_for()
    assert found == []
    room.check()
