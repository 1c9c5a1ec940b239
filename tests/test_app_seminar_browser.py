"""A whole seminar in a real browser: several people, a server that is killed in between, and history rewound."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from page_reader import TAG
from test_app_browser import MILLISECONDS, Log, browser, expect  # noqa: F401 - the module skips where no browser is
from test_app_drawings_browser import inside

pytestmark = pytest.mark.slow

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}


class Server:
    """The pages, started as a user starts them; can be killed and started again on the same data."""

    def __init__(self, data: Path, *more: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.data = data
        self.more = [word.format(port=self.port) for word in more]
        self.running: subprocess.Popen[str] | None = None
        self.start()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "r2psim", "app", "--port", str(self.port), "--data", str(self.data)]
        command += self.more
        nowhere = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
        self.running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | nowhere)
        assert self.running.stderr is not None
        said = ""
        for line in self.running.stderr:
            said += line
            if "r2psim is at" in line:
                return
        raise AssertionError(said)

    def kill(self) -> None:
        assert self.running is not None
        self.running.send_signal(signal.SIGKILL)
        self.running.communicate(timeout=60)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path / "data")
    yield made
    made.kill()


def choose(page: Any, role: str) -> None:
    """Choose a role in the lobby."""
    page.locator(f"input[type=radio][value={role}]").check()


def deciding(*pages: Any) -> None:
    """Wait for the first round, and go to its last step."""
    for page in pages:
        page.wait_for_selector("text=Decide now")
        steps = page.get_by_role("navigation", name="The first round in three steps")
        steps.get_by_role("button", name="Commit").click()
        expect(steps.get_by_role("button", name="Commit")).to_have_attribute("aria-current", "step")


class Room:
    """Browser sessions of people, each with its own cookies; what they ask for and what goes wrong is kept."""

    def __init__(self, browser: Any, server: Server) -> None:  # noqa: F811
        self.browser = browser
        self.server = server
        self.logs: list[Log] = []
        self.log: type[Log] = Log

    def visit(self, **context: Any) -> Any:
        session = self.browser.new_context(**({"viewport": DESK} | context))
        session.set_default_timeout(MILLISECONDS)
        page = session.new_page()
        self.logs.append(self.log(page))
        page.goto(f"{self.server.base}/seminar")
        page.wait_for_selector("text=Open a new seminar")
        return page

    def join(self, code: str, name: str, role: str, **context: Any) -> Any:
        page = self.visit(**context)
        page.get_by_label("Code", exact=True).fill(code)
        page.get_by_role("button", name="Go on").click()
        page.get_by_label("Your name").fill(name)
        choose(page, role)
        page.get_by_role("button", name="Join", exact=True).click()
        page.wait_for_selector(f"text=You are {name}.")
        return page

    def check(self) -> None:
        """Nothing left this machine, no page had an error, and none shows tags for text."""
        for context in self.browser.contexts:
            for page in context.pages:
                assert not TAG.search(page.inner_text("body"))
        host = re.escape(self.server.base.removeprefix("http://"))
        for log in self.logs:
            assert not [u for u in log.asked if not re.match(rf"(https?|ws)://{host}/|data:|blob:", u)]
            assert not log.wrong


@pytest.fixture
def room(browser: Any, server: Server) -> Iterator[Room]:  # noqa: F811
    made = Room(browser, server)
    yield made
    for context in list(browser.contexts):
        context.close()


def begin(room: Room) -> tuple[Any, str]:
    """Open a seminar; give the facilitator's page and the code."""
    chair = room.visit()
    chair.get_by_label("Title").fill("Monday")
    chair.get_by_label("Years").fill("3")
    chair.get_by_role("button", name="Open the seminar").click()
    chair.wait_for_selector(".r2p-code")
    return chair, chair.inner_text(".r2p-code")


def to_step(page: Any, name: str) -> None:
    """Go to a step of the debriefing."""
    steps = page.get_by_role("navigation", name="The debriefing in six steps")
    steps.get_by_role("button", name=re.compile(rf"^[1-6] {name}$")).click()
    expect(steps.locator("[aria-current=step]")).to_have_text(re.compile(rf"[1-6]\s+{name}"))


def run_year(chair: Any, year: int) -> None:
    chair.get_by_role("button", name=f"Run year {year} as decided").click()
    yes = chair.get_by_role("button", name="Yes")
    after = chair.get_by_text("The exercise is over.").or_(chair.get_by_text(f"Year {year + 1} of 3"))
    yes.or_(after).first.wait_for()
    if yes.count():
        yes.click()
    after.first.wait_for()


def test_a_whole_seminar_survives_a_server_that_is_killed(room: Room, server: Server, tmp_path: Path) -> None:
    chair, code = begin(room)
    office = room.join(code, "Ada", "body-good-offices", viewport=PHONE)
    member = room.join(code, "Mia", "permanent-1", color_scheme="dark")
    government = room.join(code, "Gil", "government-drevna", viewport=PHONE)
    chair.get_by_role("button", name="Begin the first round").click()
    deciding(office, member, government)

    # Each sees its own role, and nothing of the others'.
    assert "Consent to assistance" not in office.inner_text("main") and "Votes" not in office.inner_text("main")
    assert office.get_by_role("button", name="Commit this plan").count() == 1
    assert government.get_by_role("button", name="Commit this plan").count() == 0
    # A government assesses its own state, a body all its members.
    assert government.locator(".r2p-range-whose", has_text="You").count() == 1
    assert office.locator(".r2p-range-whose", has_text="You").count() == 12
    assert member.get_by_role("button", name="Commit these votes").count() == 1

    # A plan: it cannot be more than the room, and what was committed is told to all.
    office.locator(".r2p-plan summary").first.click()
    amount = office.locator(".r2p-plan details[open] input").first
    amount.fill("999999999")
    assert office.get_by_role("button", name="Commit this plan").is_disabled()
    amount.fill("25000")
    before = office.screenshot()
    office.get_by_role("button", name="Commit this plan").click()
    office.wait_for_selector("text=Committed for year 1: the plan.")
    assert office.screenshot() != before
    chair.wait_for_selector("text=1 of 3 roles")
    member.get_by_role("combobox", name="Kessara").select_option("yes")
    member.get_by_role("button", name="Commit these votes").click()
    member.wait_for_selector("text=Committed for year 1: votes on 1 state.")

    # What is entered and not committed survives that a page is loaded again.
    government.get_by_label("Assistance in your state").select_option("yes")
    amount.fill("1234.56")
    for page in (government, office):
        page.reload()
        page.wait_for_selector("text=Decide now")
    expect(government.get_by_label("Assistance in your state")).to_have_value("yes")
    expect(government.get_by_text("Not committed yet.")).to_have_count(1)

    # The server is killed: no time runs out meanwhile. All pages come back by themselves, and nothing decided is lost.
    def left(page: Any) -> int:
        minutes, seconds = re.findall(r"\d+", page.get_by_role("timer").inner_text())[:2]
        return 60 * int(minutes) + int(seconds)

    server.kill()
    expect(office.get_by_role("timer")).to_contain_text("stopped: no connection to the server")
    expect(office.get_by_text("The server does not answer.")).to_be_visible()
    stopped = left(office)
    office.wait_for_timeout(5000)
    assert left(office) == stopped
    server.start()
    for page in (chair, office, member, government):
        expect(page.get_by_text("The server does not answer.")).to_have_count(0, timeout=MILLISECONDS)
        page.wait_for_selector("text=Decide now")
    assert left(office) > stopped - 60 and office.get_by_text("stopped").count() == 0
    for log in room.logs:
        # What failed while nobody was there to answer.
        log.wrong.clear()
    expect(government.get_by_label("Assistance in your state")).to_have_value("yes")
    chair.wait_for_selector("text=2 of 3 roles")
    office.wait_for_selector("text=Committed this year, last by Ada.")
    office.locator(".r2p-plan summary").first.click()
    assert office.locator(".r2p-plan details[open] input").first.input_value() == "1234.56"
    government.get_by_label("Assistance in your state").select_option("no")
    government.get_by_role("button", name="Commit", exact=True).click()
    government.wait_for_selector("text=Committed for year 1: refusal.")
    chair.wait_for_selector("text=3 of 3 roles")

    # Pause, a trigger, and three years; everybody sees each within moments.
    chair.get_by_role("button", name="Pause").click()
    office.wait_for_selector("text=The exercise is paused.")
    chair.get_by_role("button", name="Go on").click()
    office.wait_for_selector("text=Decide now")
    chair.get_by_label("Trigger", exact=True).select_option("mass_protest")
    chair.get_by_role("button", name="Inject").click()
    chair.wait_for_selector("text=Set for year 1:")
    for year in (1, 2, 3):
        run_year(chair, year)
        office.wait_for_selector(f"text=Year {year + 1} of 3" if year < 3 else "text=The exercise is over.")
        if year == 1:
            office.get_by_role("listitem").filter(has_text="Mass protest in Halvern").wait_for()
            decided = member.get_by_role("heading", name="What the Council decided", exact=True)
            decided.wait_for()
            assert member.get_by_role("listitem").filter(has_text=re.compile("^Kessara: mandate ")).count() == 1

    # Debriefing: first the facilitator alone, then all; history is rewound and laid beside what was.
    assert office.get_by_text("Side by side").count() == 0
    chair.get_by_role("button", name="What happened, and going back").click()
    chair.wait_for_selector("text=Side by side")
    to_step(chair, "The other decision")
    chair.get_by_label("Decision", exact=True).select_option("consent")
    chair.wait_for_selector("text=Consent to assistance:")
    chair.get_by_label("Drevna").last.select_option("yes")
    chair.get_by_role("button", name="Run it with these decisions").click()
    chair.get_by_role("columnheader", name="Year 1 otherwise").wait_for()
    to_step(chair, "What happened")
    chair.get_by_role("columnheader", name="Year 1 otherwise").wait_for()
    for words in ("Had it been late-response", "Had it been prevention", "Had it been no-assistance"):
        # The table of the step before, with the same head, may still stand there.
        expect(chair.get_by_role("columnheader", name=words)).to_have_count(1, timeout=MILLISECONDS)
    opens = chair.get_by_role("button", name="Open the debriefing")
    opens.click()
    # It asks where it was pressed, once, and shows nothing to anybody before the answer.
    question = chair.get_by_role("alertdialog", name=re.compile("^Open it\\?"))
    expect(question).to_have_count(1)
    expect(question).to_be_in_viewport(ratio=1.0)
    expect(chair.get_by_text("Open it?")).to_have_count(1)
    expect(question.get_by_role("button", name="No")).to_be_focused()
    chair.keyboard.press("Escape")
    expect(question).to_have_count(0)
    expect(opens).to_be_focused()
    assert office.get_by_text("Side by side").count() == 0
    chair.keyboard.press("Enter")
    chair.keyboard.press("Shift+Tab")
    expect(question.get_by_role("button", name="Yes")).to_be_focused()
    chair.keyboard.press("Enter")
    expect(chair.get_by_role("button", name="Close the results to participants")).to_be_focused()
    for page in (office, member, government):
        to_step(page, "What happened")
        page.get_by_role("columnheader", name="Year 1 otherwise").wait_for()
        page.locator("svg.r2p-chart").last.wait_for()
        inside(page, 5)

    # The file that the browser saves is run again exactly on the command line.
    chair.get_by_role("button", name="This round").click()
    with chair.expect_download() as download:
        chair.get_by_role("button", name="Save the session as a file").click()
    file = tmp_path / "session.json"
    download.value.save_as(file)
    done = subprocess.run(
        [sys.executable, "-m", "r2psim", "replay", str(file), "--json"], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert found["same"] is True and [line["years"] for line in found["branches"]] == [3, 3]
    room.check()


def pair(room: Room, role: str) -> tuple[Any, Any, Any]:
    """Begin a seminar with two people in one role, on phones; give the facilitator's page and theirs."""
    chair, code = begin(room)
    ann, bob = (room.join(code, name, role, viewport=PHONE) for name in ("Ann", "Bob"))
    chair.get_by_role("button", name="Begin the first round").click()
    deciding(ann, bob)
    return chair, ann, bob


def test_a_team_mates_plan_is_replaced_knowingly_and_nothing_entered_is_lost(room: Room) -> None:
    _, ann, bob = pair(room, "body-good-offices")
    for page, dollars in ((bob, "1000"), (ann, "2000")):
        page.locator(".r2p-plan summary").first.click()
        page.locator(".r2p-plan details[open] input").first.fill(dollars)
    money = bob.locator(".r2p-plan details[open] input").first
    ann.get_by_role("button", name="Commit this plan").click()
    ann.wait_for_selector("text=Committed for year 1: the plan.")
    # What Bob has entered is still there, still unsent, and beside it stands what is in force.
    bob.wait_for_selector("text=Committed this year, last by Ann.")
    expect(bob.get_by_role("heading", name="In force: Ann's plan of year 1")).to_have_count(1)
    expect(money).to_have_value("1000")
    commit = bob.get_by_role("button", name="Commit this plan")
    commit.click()
    question = bob.get_by_role("alertdialog", name="Ann has committed a plan. Replace it with yours?")
    expect(question.get_by_role("listitem")).to_have_text([re.compile(r"US\$ 2,000 a"), re.compile(r"US\$ 1,000 a")])
    expect(question.get_by_role("button", name="Leave it as it is")).to_be_focused()
    expect(question).to_be_in_viewport(ratio=0.9)
    assert bob.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    bob.keyboard.press("Escape")
    expect(question).to_have_count(0)
    expect(commit).to_be_focused()
    expect(money).to_have_value("1000")
    assert ann.get_by_text("replaced your").count() == 0
    bob.keyboard.press("Enter")
    question.get_by_role("button", name="Replace it").click()
    bob.wait_for_selector("text=It takes the place of Ann's plan.")
    expect(bob.get_by_text("Not committed yet.")).to_have_count(0)
    expect(ann.get_by_text("Bob replaced your plan for year 1.")).to_have_count(1)
    expect(ann.get_by_role("heading", name="Yours, replaced")).to_have_count(1)
    expect(ann.get_by_role("heading", name="Bob's, in force")).to_have_count(1)
    room.check()


def test_votes_that_are_not_sent_yet_survive_a_team_mates(room: Room) -> None:
    chair, ann, bob = pair(room, "permanent-1")
    bob.get_by_label("Drevna", exact=True).select_option("no")
    ann.get_by_label("Kessara", exact=True).select_option("yes")
    ann.get_by_role("button", name="Commit these votes").click()
    bob.wait_for_selector("text=Committed this year, last by Ann.")
    # What nobody has touched is as committed; what Bob has chosen is as chosen.
    expect(bob.get_by_label("Kessara", exact=True)).to_have_value("yes")
    expect(bob.get_by_label("Drevna", exact=True)).to_have_value("no")
    votes = bob.get_by_role("form", name="Votes on mandates")
    expect(votes.get_by_role("status")).to_have_text("Not committed yet.")
    ann.get_by_label("Belisar", exact=True).select_option("abstain")
    bob.get_by_role("button", name="Commit these votes").click()
    # Not even the time that is over takes what was not sent.
    chair.get_by_role("button", name="Pause").click()
    bob.wait_for_selector("text=The exercise is paused.")
    bob.get_by_role("button", name="Replace it").click()
    expect(bob.get_by_role("alert")).to_contain_text("paused")
    expect(bob.get_by_label("Drevna", exact=True)).to_have_value("no")
    chair.get_by_role("button", name="Go on").click()
    bob.wait_for_selector("text=Decide now")
    bob.get_by_role("button", name="Commit these votes").click()
    bob.get_by_role("button", name="Replace it").click()
    bob.wait_for_selector("text=It takes the place of Ann's votes.")
    expect(bob.get_by_text("Not committed yet.")).to_have_count(0)
    ann.wait_for_selector("text=Bob replaced your votes for year 1.")
    expect(ann.get_by_label("Belisar", exact=True)).to_have_value("abstain")
    expect(ann.get_by_label("Drevna", exact=True)).to_have_value("no")
    # In another year nothing of it is left.
    run_year(chair, 1)
    ann.wait_for_selector("text=Year 2 of 3")
    for name in ("Drevna", "Belisar", "Kessara"):
        expect(ann.get_by_role("combobox", name=name)).to_have_value("")
    room.check()


def test_a_double_click_does_one_thing(room: Room) -> None:
    chair = room.visit()
    chair.get_by_label("Years").fill("3")
    chair.get_by_role("button", name="Open the seminar").dblclick()
    chair.wait_for_selector(".r2p-code")
    page = room.visit(viewport=PHONE)
    page.get_by_label("Code", exact=True).fill(chair.inner_text(".r2p-code"))
    page.get_by_role("button", name="Go on").dblclick()
    page.get_by_label("Your name").fill("Ada")
    choose(page, "body-good-offices")
    page.get_by_role("button", name="Join", exact=True).dblclick()
    page.wait_for_selector("text=You are Ada.")
    chair.get_by_role("button", name="Begin the first round").dblclick()
    deciding(page)
    # The button that follows in its place was not pressed, nor was its question asked.
    page.wait_for_timeout(1500)
    expect(chair.get_by_text("Year 1 of 3")).to_have_count(1)
    expect(chair.get_by_role("alertdialog")).to_have_count(0)
    expect(chair.get_by_text("1 of 1 roles").or_(chair.get_by_text("0 of 1 roles"))).to_have_count(1)
    # What is said is said once, at the button, where it can be seen.
    page.locator(".r2p-plan summary").first.click()
    page.get_by_role("button", name="Put up what is missing").first.click()
    plan = page.get_by_role("form", name="Plan for the year")
    page.get_by_role("button", name="Commit this plan").dblclick()
    expect(plan.get_by_role("status")).to_have_text("Committed for year 1: the plan.")
    expect(plan.get_by_role("status")).to_be_in_viewport()
    live = page.locator("[role=status], [role=alert], [aria-live]:not([aria-live=off])")
    assert sum(bool(re.search("Committed (for|this) year", told)) for told in live.all_inner_texts()) == 1
    # A second press that is meant is one.
    chair.wait_for_selector("text=1 of 1 roles")
    for year in (1, 2):
        chair.get_by_role("button", name=f"Run year {year} as decided").dblclick()
        yes = chair.get_by_role("button", name="Yes")
        yes.or_(chair.get_by_text(f"Year {year + 1} of 3")).first.wait_for()
        chair.wait_for_timeout(1500)
        if yes.count():
            expect(chair.get_by_text(f"Year {year} of 3")).to_have_count(1)
            yes.dblclick()
        chair.wait_for_selector(f"text=Year {year + 1} of 3")
    chair.wait_for_timeout(1500)
    expect(chair.get_by_text("Year 3 of 3")).to_have_count(1)
    chair.get_by_role("button", name="What happened, and going back").click()
    to_step(chair, "The other decision")
    chair.get_by_role("button", name="Run it with these decisions").dblclick()
    chair.wait_for_selector("text=it stands beside the others above")
    chair.wait_for_timeout(1500)
    expect(chair.get_by_label("Line", exact=True).locator("option")).to_have_count(2)
    chair.get_by_role("button", name="This round").click()
    saved: list[Any] = []
    chair.on("download", lambda file: saved.append(file))
    chair.get_by_role("button", name="Save the session as a file").dblclick()
    chair.wait_for_timeout(2000)
    assert len(saved) == 1
    chair.get_by_role("button", name="Delete this seminar").dblclick()
    chair.wait_for_timeout(1500)
    expect(chair.get_by_role("alertdialog")).to_contain_text("for good?")
    again = chair.context.new_page()
    again.goto(f"{room.server.base}/seminar")
    again.get_by_role("button", name="Seminar: facilitator").wait_for()
    chair.get_by_role("button", name="Yes").click()
    chair.wait_for_selector("text=This seminar was deleted.")
    # What leads nowhere any more is not offered.
    again.reload()
    again.wait_for_selector("text=Open a new seminar")
    again.wait_for_timeout(1500)
    expect(again.get_by_role("heading", name="Come back")).to_have_count(0)
    room.check()


def test_what_is_missing_is_missing_to_the_cent(room: Room) -> None:
    chair, code = begin(room)
    page = room.join(code, "Ada", "body-good-offices")
    chair.get_by_role("button", name="Begin the first round").click()
    deciding(page)
    # Every amount in whole cents stays what it is; what lies between two is rounded down.
    wrong = page.evaluate(
        """() => {
            const cents = document.querySelector('.r2p-plan').__vue__.cents, wrong = [];
            for (const whole of [0, 10 ** 5, 10 ** 9 + 3, 10 ** 13 + 7])
                for (let n = whole; n < whole + 20000; n += 1) if (cents(n / 100) !== n) wrong.push(n);
            for (const x of [0.005, 0.289, 4708.407]) if (cents(x) !== Math.trunc(100 * x)) wrong.push(x);
            return wrong;
        }"""
    )
    assert wrong == []
    states = page.evaluate("() => document.querySelector('.r2p-plan').__vue__.rows")
    offer = next(o for s in states for o in s["offers"] if 0 < o["missing"] < 1e6 and s is states[0])
    page.locator(".r2p-plan summary").first.click()
    button = page.get_by_role("button", name=f"Put up what is missing for {offer['name']} in {states[0]['name']}")
    button.click()
    entry = page.get_by_label(re.compile(re.escape(offer["name"]))).first
    assert float(entry.input_value()) == round(offer["missing"], 2)
    # All that is left goes to the next one, and it is no cent too much.
    entry.fill("1000000.29")
    for other in page.get_by_role("button", name=f"in {states[0]['name']}").all()[1:]:
        other.click()
    page.get_by_role("button", name="Commit this plan").click()
    page.wait_for_selector("text=Committed for year 1: the plan.")
    room.check()


def test_it_works_with_the_keyboard_alone_and_fits_a_phone(room: Room) -> None:
    chair, code = begin(room)
    page = room.visit(viewport=PHONE)
    page.get_by_label("Code", exact=True).focus()
    page.keyboard.type(code.lower())
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Your name")
    page.get_by_label("Your name").focus()
    page.keyboard.type("Ada")
    page.keyboard.press("Tab")
    # One Tab leads into the roles, arrows lead on among them.
    expect(page.get_by_role("radio").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio").nth(1)).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=You are Ada.")
    chair.get_by_role("button", name="Begin the first round").focus()
    chair.keyboard.press("Enter")
    page.wait_for_selector("text=Decide now")
    # Each step begins at its own place, with the keyboard there.
    page.get_by_role("button", name="I have read it.").focus()
    page.keyboard.press("Enter")
    steps = page.get_by_role("navigation", name="The first round in three steps")
    expect(steps.get_by_role("button", name="Assess")).to_be_focused()
    page.keyboard.press("Tab")
    expect(steps.get_by_role("button", name="Commit")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Commit these votes").wait_for()
    # Nothing is wider than the phone but tables, which scroll by themselves.
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    # 200 % zoom of a small screen: half the width.
    chair.set_viewport_size({"width": 640, "height": 450})
    assert chair.evaluate("document.documentElement.scrollWidth") <= 640
    room.check()


def test_a_wrong_code_or_address_says_so_and_a_place_is_remembered(room: Room) -> None:
    _, code = begin(room)
    page = room.visit()
    page.get_by_label("Code", exact=True).fill("AAAAA-AAAAA")
    page.get_by_role("button", name="Go on").click()
    page.wait_for_selector("text=there is no session with this code")
    page.goto(f"{room.server.base}/seminar?token=nothing")
    page.wait_for_selector("text=this address leads to no session")
    person = room.join(code, "Gil", "government-drevna")
    # In the same tab at once, in another one of the same browser when it is asked for.
    person.goto(f"{room.server.base}/seminar")
    person.wait_for_selector("text=You are Gil.")
    again = person.context.new_page()
    again.goto(f"{room.server.base}/seminar")
    again.get_by_role("button", name="Monday: Gil").click()
    again.wait_for_selector("text=You are Gil.")
    room.check()
