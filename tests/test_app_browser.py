"""The pages in a real browser that can reach nothing but the server: every page is clicked through and looked at.

They need Chromium and the package playwright (`.ci/browser` installs both); without them they are skipped, or fail
where ``R2PSIM_BROWSER=required`` says that they must run.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from page_reader import TAG

from r2psim.analysis.findings import METRIC_NAMES, ranged
from r2psim.app.pages import PAGES
from r2psim.ensemble.intervals import Interval
from r2psim.plots.style import plain

pytestmark = pytest.mark.slow

REQUIRED = os.environ.get("R2PSIM_BROWSER") == "required"
CHROMIUM = os.environ.get("R2PSIM_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
MILLISECONDS = 60_000
ADDRESSES = ["/" if entry.path == "/" else f"/{entry.path}" for entry in PAGES]

try:
    from playwright.sync_api import Browser, Page, expect, sync_playwright

    MISSING = "" if CHROMIUM else "Chromium is not installed"
except ModuleNotFoundError as error:
    MISSING = f"{error.name} is not installed"

if MISSING and not REQUIRED:
    pytest.skip(f"{MISSING}; .ci/browser installs what is needed", allow_module_level=True)
assert not MISSING, MISSING


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """Give the address of a server that was started as a user starts it, and end it as a user ends it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # A server that asked anybody outside would be sent to a port on which nothing listens.
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
    command = [sys.executable, "-m", "r2psim", "app", "seminar", "--port", str(port)]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | nowhere)
    assert server.stderr is not None
    said = ""
    for line in server.stderr:
        said += line
        if "r2psim is at" in line:
            break
    assert server.poll() is None, said
    yield f"http://127.0.0.1:{port}"
    server.terminate()
    rest = server.communicate(timeout=60)[1]
    assert "Traceback" not in rest, rest


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give a browser for which no name but this machine's address leads anywhere."""
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--no-first-run",
                "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
            ],
        )
        yield made
        made.close()


class Log:
    """What a page asked for, and what went wrong on it."""

    def __init__(self, page: Page) -> None:
        self.asked: list[str] = []
        self.wrong: list[str] = []
        page.on("request", lambda r: self.asked.append(r.url))
        page.on("requestfailed", lambda r: self.wrong.append(f"failed: {r.url}"))
        page.on("response", lambda r: self.wrong.append(f"{r.status}: {r.url}") if r.status >= 400 else None)
        page.on("websocket", lambda w: self.asked.append(w.url))
        page.on("pageerror", lambda e: self.wrong.append(str(e)))
        page.on("console", lambda m: self.wrong.append(m.text) if m.type == "error" else None)


@pytest.fixture
def visit(browser: Browser, base: str) -> Iterator[Callable[..., Page]]:
    """Give a way to open an address in a browser session of its own; nothing may go wrong there or leave this host."""
    opened: list[tuple[Any, Log]] = []

    def go(address: str = "/", **context: Any) -> Page:
        session = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | context))
        session.set_default_timeout(MILLISECONDS)
        page = session.new_page()
        opened.append((session, Log(page)))
        page.goto(base + address)
        page.wait_for_selector("main h1")
        return page

    yield go
    for session, log in opened:
        assert not any(TAG.search(page.inner_text("main")) for page in session.pages), "markup is shown as text"
        session.close()
        host = base.removeprefix("http://")
        outside = [url for url in log.asked if not re.match(rf"(https?|ws)://{host}/|data:|blob:", url)]
        assert not outside, "a request left this machine"
        assert any(url.startswith(f"ws://{host}/") for url in log.asked)
        assert not log.wrong


def month_of(page: Page) -> int:
    """Read the month that is shown."""
    found = re.search(r"month (\d+) of", page.inner_text(".r2p-when"))
    return int(found[1]) if found else 0


def shows_month(page: Page, month: int) -> None:
    """Wait until a month is shown."""
    expect(page.locator(".r2p-when")).to_contain_text(f"(month {month} of", timeout=MILLISECONDS)
    expect(page.locator("[data-id=month]")).to_have_value(str(month), timeout=MILLISECONDS)


def command(*words: str) -> Any:
    """Run the command line in a process of its own, and read its JSON."""
    done = subprocess.run([sys.executable, "-m", "r2psim", *words], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


# -- every page --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_loads_without_a_network_and_says_what_it_is_not(
    visit: Callable[..., Page], address: str, scheme: str
) -> None:
    page = visit(address, color_scheme=scheme)
    assert "forecasts no country" in page.inner_text("footer")
    expect(page.locator("nav [aria-current=page]")).to_have_count(1)
    shade = page.evaluate("getComputedStyle(document.querySelector('.r2p')).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", shade)[:3])) > 380) == (scheme == "light")
    page.wait_for_function("document.fonts.status === 'loaded'")


def test_the_pages_lead_to_each_other(visit: Callable[..., Page]) -> None:
    page = visit("/")
    for entry in [*PAGES[1:], PAGES[0]]:
        page.click(f"nav >> text={entry.label}")
        expect(page.locator("nav [aria-current=page]")).to_have_text(entry.label)
        page.wait_for_selector("main h1")


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("width", [360, 640, 1280])
def test_nothing_is_cut_off_on_a_phone_and_at_twice_the_size(
    visit: Callable[..., Page], address: str, width: int
) -> None:
    page = visit(address, viewport={"width": width, "height": 720})
    if address == "/compare":
        page.wait_for_selector(".r2p-headline")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert "user-scalable" not in (page.get_attribute("meta[name=viewport]", "content") or "")


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_what_a_field_is_about_is_told_within_the_page(visit: Callable[..., Page], width: int) -> None:
    page = visit("/compare", viewport={"width": width, "height": 900})
    fields = page.locator(".r2p-field:has(.r2p-help)")
    assert fields.count() > 6
    for field in fields.all():
        field.locator("input, select").first.focus()
        box = field.locator(".r2p-help").bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= width
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_appearance_can_be_chosen_and_is_kept(visit: Callable[..., Page]) -> None:
    page = visit("/", color_scheme="light")
    button = page.locator("header button")
    for word, dark in (("Light", 0), ("Dark", 1), ("Auto", 0)):
        button.click()
        expect(button).to_have_text(word)
        expect(page.locator(".theme--dark .r2p")).to_have_count(dark)
    button.click()
    button.click()
    page.reload()
    expect(page.locator("header button")).to_have_text("Dark")


# -- explore -----------------------------------------------------------------------------------------------------------


def test_a_step_changes_what_is_seen(visit: Callable[..., Page]) -> None:
    page = visit("/explore?seed=7")
    page.wait_for_selector(".r2p-map")
    before = page.screenshot(full_page=True)
    page.click("[data-id=step]")
    shows_month(page, 1)
    after = page.screenshot(full_page=True)
    assert before != after
    page.click("text=+1 year")
    shows_month(page, 13)
    assert page.screenshot(full_page=True) not in (before, after)
    page.click("[aria-label='One month back']")
    shows_month(page, 12)


def test_what_the_browser_shows_is_what_the_command_line_computes(visit: Callable[..., Page]) -> None:
    page = visit("/explore?scenario=seminar&policy=prevention&seed=7&run=3&set=assistance.openness%3D0.4&month=24")
    shows_month(page, 24)
    shown = page.locator(".r2p-main code").all_inner_texts()
    digest, line = shown[0], shown[1]
    assert line.startswith("r2psim run seminar --policy prevention --seed 7 --run 3 --years 2 --set ")
    told = command(*line.split()[1:])
    assert digest == told["sha256"]
    sums = page.inner_text(".r2p-sums")
    assert f"Entries of groups into atrocity\n{told['atrocity_entries']:,}" in sums


def test_two_browsers_never_move_each_other(visit: Callable[..., Page]) -> None:
    one, other = visit("/explore?seed=7"), visit("/explore?seed=7")
    one.click("text=+1 year")
    shows_month(one, 12)
    other.click("[data-id=step]")
    shows_month(other, 1)
    assert (month_of(one), month_of(other)) == (12, 1)


def test_everything_can_be_done_with_the_keyboard_alone(visit: Callable[..., Page]) -> None:
    page = visit("/explore?seed=7&month=24")
    shows_month(page, 24)

    def tab_to(selector: str) -> None:
        for _ in range(80):
            page.keyboard.press("Tab")
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(f"{selector} cannot be reached with the Tab key")

    page.focus("header button")
    tab_to("[data-id=play]")
    page.keyboard.press("Enter")
    page.wait_for_function("Number(document.querySelector('[data-id=month]').value) >= 27")
    page.keyboard.press("Enter")
    expect(page.locator("[data-id=play]")).to_have_text("Play")
    tab_to(".r2p-map [data-pick]")
    page.keyboard.press("ArrowRight")
    name = page.evaluate("document.activeElement.dataset.pick").removeprefix("state:")
    page.keyboard.press("Enter")
    page.wait_for_selector("#state")
    assert name in page.inner_text("#state").lower()
    assert page.locator(".r2p-main ol.r2p-bars >> nth=0").locator("li").count() == 8
    assert page.evaluate("document.activeElement.dataset.pick") == f"state:{name}", "the focus stays"
    page.keyboard.press("Enter")
    expect(page.locator("#state")).to_have_count(0)
    tab_to(".r2p-timeline [data-pick]")
    page.keyboard.press("Enter")
    expect(page.locator("#why")).to_have_count(1)


def test_a_world_can_be_reset_with_seed_policy_and_parameters(visit: Callable[..., Page]) -> None:
    page = visit("/explore")
    page.select_option("#r2p-World-policy", "prevention")
    page.fill("#r2p-World-seed", "11")
    page.click("text=Run this world")
    page.wait_for_url(re.compile("policy=prevention&seed=11"))
    page.click("text=/Show the \\d+ parameters/")
    field = page.locator("[id='r2p-Parameters-assistance-assistance-openness']")
    field.focus()
    expect(page.locator("[id='r2p-Parameters-assistance-assistance-openness-help']")).to_contain_text("Evidence:")
    field.fill("0.9")
    page.click("text=Run with these")
    page.wait_for_url(re.compile("set=assistance.openness%3D0.9"))
    expect(page.locator("text=openness (0-1) *")).to_have_count(1)
    expect(page.locator("text=1 changed")).to_have_count(1)
    field = page.locator("[id='r2p-Parameters-assistance-assistance-openness']")
    field.fill("7")
    page.click("text=Run with these")
    assert not field.evaluate("field => field.validity.valid"), "the browser itself keeps to the declared range"
    assert "openness%3D0.9" in page.url
    page.fill("#r2p-World-seed", "-1")
    page.click("text=Run this world")
    expect(page.locator("[role=alert]")).to_contain_text("a whole number")


def test_an_address_that_names_nothing_is_answered_with_what_there_is(visit: Callable[..., Page]) -> None:
    page = visit("/explore?scenario=/etc/passwd")
    expect(page.locator("[role=alert]")).to_contain_text("is not allowed: one of")


def test_the_large_world_can_be_watched(visit: Callable[..., Page]) -> None:
    page = visit("/explore?scenario=world&seed=3&month=12")
    shows_month(page, 12)
    assert page.locator(".r2p-map [data-pick]").count() > 150
    page.click("[data-id=step]")
    shows_month(page, 13)


# -- compare -----------------------------------------------------------------------------------------------------------


def settled(page: Page) -> None:
    """Wait until all runs are there."""
    expect(page.locator("[data-id=status]")).to_have_attribute("data-done", "yes", timeout=4 * MILLISECONDS)


def choose_runs(page: Page, runs: int) -> None:
    """Choose how many runs of each policy there are to be."""
    page.fill("#r2p-What-is-compared-runs", str(runs))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"[?&]runs={runs}(&|$)"))


def shows_the_differences(page: Page, differences: dict[str, dict[str, float]]) -> None:
    """Insist that the table of paired differences has each mean and both limits that a command line printed."""
    rows = page.locator("table", has=page.locator("caption", has_text="minus late-response")).locator("tbody tr")
    shown = [row.inner_text() for row in rows.all()]
    assert len(shown) == len(METRIC_NAMES)
    for said, (metric, (name, _)) in zip(shown, METRIC_NAMES.items(), strict=True):
        assert said.startswith(plain(name))
        told = differences[metric]
        if told["mean"] is None:
            assert "no run has a value" in said
            continue
        mean, limits = ranged(metric, Interval(told["mean"], told["low"], told["high"]))
        assert mean in said and limits in said


def test_sliders_run_the_comparison_again_and_a_run_can_be_watched(visit: Callable[..., Page]) -> None:
    page = visit("/compare")
    choose_runs(page, 200)
    expect(page.locator(".r2p-main code").last).to_contain_text("--runs 200", timeout=4 * MILLISECONDS)
    settled(page)
    line = page.locator(".r2p-main code").last.inner_text()
    told = command(*line.split()[1:])
    assert (told["baseline"], told["runs"]) == ("late-response", 200)
    shows_the_differences(page, told["against"]["prevention"]["differences"])
    before = page.inner_text(".r2p-results")
    page.focus("#r2p-Sliders-effect")
    page.keyboard.press("Home")
    expect(page.locator("text=Moved: effect of assistance")).to_have_count(1)
    settled(page)
    expect(page.locator(".r2p-stale")).to_have_count(0)
    assert page.inner_text(".r2p-results") != before
    assert "--set assistance.effect_scale=0" in page.locator(".r2p-main code").last.inner_text()
    page.focus(".r2p-runs [data-pick][tabindex='0']")
    page.keyboard.press("ArrowRight")
    run = page.evaluate("document.activeElement.dataset.pick").removeprefix("run:")
    page.keyboard.press("Enter")
    page.click("text=Watch under prevention")
    page.wait_for_url(re.compile(f"policy=prevention&seed=1&run={run}&set=assistance.effect_scale"))
    page.wait_for_selector(".r2p-map")


LATE = """(name) => {
  const form = document.querySelector("form[aria-label='What is compared']");
  const boxes = Array.from(form.querySelectorAll("input[type=checkbox]"));
  boxes.find((e) => e.parentElement.innerText.trim() === name).click();
  // As an answer to what was sent before does that comes only now.
  form.__vue__.take();
  return form.__vue__.values.policies;
}"""
"""Chooses a policy, and lets the form take what the server had before; gives the policies that the form then has."""


def test_choices_that_are_made_before_the_answer_to_the_last_are_all_kept(visit: Callable[..., Page]) -> None:
    """An answer on its way put the form back to where it was before, and the next choice sent that."""
    page = visit("/compare")
    page.wait_for_selector(".r2p-results")
    assert "balanced" in page.evaluate(LATE, "balanced")
    assert {"balanced", "recommendations"} <= set(page.evaluate(LATE, "recommendations"))
    choose_runs(page, 200)
    line = page.locator(".r2p-main code").last
    expect(line).to_contain_text("--policies late-response,prevention,balanced,recommendations ", timeout=30_000)
    settled(page)
    expect(page.locator(".r2p-checks input:checked")).to_have_count(4)
    wanted = "--policies late-response,prevention,balanced,recommendations --runs 200"
    expect(line).to_contain_text(wanted, timeout=30_000)


def test_back_undoes_what_was_chosen_and_a_link_that_was_copied_shows_the_same(visit: Callable[..., Page]) -> None:
    page = visit("/compare?seed=3&runs=20")
    settled(page)
    page.focus("#r2p-Sliders-effect")
    page.keyboard.press("Home")
    page.wait_for_url(re.compile("lever=effect:0(&|$)"))
    page.select_option("#r2p-What-is-compared-baseline", "prevention")
    page.wait_for_url(re.compile("baseline=prevention"))
    settled(page)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("text=Copy link to this page")
    expect(page.locator(".r2p-link-copy [role=status]")).to_have_text("Copied.")
    link = page.evaluate("navigator.clipboard.readText()")
    told = page.inner_text(".r2p-headline")
    line = page.locator(".r2p-main code").last.inner_text()
    other = visit(link.removeprefix(page.evaluate("window.location.origin")))
    settled(other)
    assert other.inner_text(".r2p-headline") == told
    assert other.locator(".r2p-main code").last.inner_text() == line
    page.go_back()
    expect(page.locator("#r2p-What-is-compared-baseline")).to_have_value("late-response")
    expect(page.locator("#r2p-Sliders-effect")).to_have_value("0")
    page.go_back()
    expect(page.locator("#r2p-Sliders-effect")).to_have_value("1")
    assert page.url.endswith("/compare?seed=3&runs=20")
    settled(page)
    page.go_forward()
    expect(page.locator("#r2p-Sliders-effect")).to_have_value("0")


def test_an_own_policy_is_built_saved_uploaded_and_gives_the_same_on_the_command_line(
    visit: Callable[..., Page], tmp_path: Path
) -> None:
    page = visit("/compare?seed=5&runs=12")
    page.click("text=Build own policies")
    page.select_option("#r2p-Begin-with-start", "balanced")
    expect(page.locator("[id='r2p-Money-and-reserve-parameters-assistance-prevention_share']")).to_have_value("0.2")
    page.fill("[id='r2p-Forms-shares-forms-mediation']", "0.9")
    page.fill("[id='r2p-Forms-shares-forms-media']", "0.2")
    page.fill("#r2p-Own-policy-name", "mine")
    expect(page.locator("text=So far 110 %")).to_have_count(1)
    page.click("text=Compare this policy")
    expect(page.locator("[role=alert]")).to_contain_text("shares that sum to at most 1")
    page.fill("[id='r2p-Forms-shares-forms-media']", "0.1")
    page.keyboard.press("Tab")
    expect(page.locator("text=So far 100 %")).to_have_count(1)
    page.click("text=Compare this policy")
    expect(page.locator(".r2p-headline")).to_contain_text("Mine instead of late-response", timeout=MILLISECONDS)
    settled(page)
    with page.expect_download() as saved:
        page.click("text=Download policies")
    file = tmp_path / saved.value.suggested_filename
    saved.value.save_as(file)
    line = page.locator(".r2p-main code").last.inner_text()
    assert f"compare {file.name} " in line and "--runs 12 " in line
    told = command(*line.replace(file.name, str(file)).split()[1:])
    headline = page.inner_text(".r2p-headline")
    shows_the_differences(page, told["against"]["mine"]["differences"])
    for other in (visit(page.url.partition(page.url.split("/")[2])[2]), visit("/compare?seed=5&runs=12")):
        if "own=" not in other.url:
            other.set_input_files("input[type=file]", file)
        expect(other.locator(".r2p-headline")).to_have_text(headline, timeout=MILLISECONDS)
    big = tmp_path / "big.toml"
    big.write_text("#" * 20_000)
    other.set_input_files("input[type=file]", big)
    expect(other.locator("[role=alert]")).to_contain_text("too large, 20,000 bytes")
    page.go_back()
    expect(page.locator(".r2p-checks")).not_to_contain_text("mine")


HEARD = """() => {
  window.heard = [];
  const look = () => {
    const said = document.querySelector("[data-id=status]").textContent;
    if (said !== window.heard[window.heard.length - 1]) window.heard.push(said);
  };
  new MutationObserver(look).observe(document.querySelector("main"), { subtree: true, childList: true });
}"""
"""Keeps what the status of the runs says from now on."""


def test_a_refinement_says_three_things_marks_what_is_of_before_and_sends_little(visit: Callable[..., Page]) -> None:
    page = visit("/compare?seed=9&runs=8")
    settled(page)
    sent: list[int] = []
    page.evaluate(HEARD)
    # The connection is there already: it is made again, to be listened to.
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: sent.append(len(frame))))
    page.reload()
    settled(page)
    page.evaluate(HEARD)
    sent.clear()
    choose_runs(page, 130)
    page.focus("#r2p-Sliders-effect")
    page.keyboard.press("Home")
    expect(page.locator(".r2p-before")).to_contain_text(
        "still of what was chosen before (seminar, seed 9", timeout=9000
    )
    expect(page.locator(".r2p-before")).to_have_count(0, timeout=MILLISECONDS)
    expect(page.locator("[data-id=status]")).to_have_text("130 runs of each policy.", timeout=4 * MILLISECONDS)
    heard = page.evaluate("window.heard")
    assert len(heard) <= 6 and heard[-1] == "130 runs of each policy.", heard
    assert 50_000 < sum(sent) < 900_000


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_every_figure_is_saved_as_it_is_seen_and_opens_by_itself(
    visit: Callable[..., Page], tmp_path: Path, width: int, scheme: str
) -> None:
    page = visit("/compare?seed=5&runs=12&along=effect&in=deaths", viewport={"width": width, "height": 900},
                 color_scheme=scheme)  # fmt: skip
    settled(page)
    page.wait_for_selector("[data-figure=break-even]", timeout=4 * MILLISECONDS)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    boxes = page.locator("[data-figure]")
    names = [box.get_attribute("data-figure") for box in boxes.all()]
    assert names[-1] == "break-even" and len(names) == 9
    reader = page.context.new_page()
    for name in names:
        box = page.locator(f"[data-figure={name}]")
        words = box.locator("figcaption, caption, svg title").first.text_content() if name != "runs" else "↑ more"
        for kind in ("svg", "png", "csv"):
            with page.expect_download() as saved:
                box.locator(f"[data-save={kind}]").click()
            file = tmp_path / saved.value.suggested_filename
            assert file.suffix == f".{kind}" and str(name) in file.name
            saved.value.save_as(file)
            if kind == "csv":
                assert len(file.read_text().splitlines()) > 5
                continue
            reader.set_content(f"<img src='data:image/{'svg+xml' if kind == 'svg' else 'png'};base64,"
                               f"{b64encode(file.read_bytes()).decode()}'>")  # fmt: skip
            size = reader.evaluate(LOADED)
            assert size[0] > 250 and size[1] > 100 and size[2] > 3, (name, kind, size)
            if kind == "svg":
                drawn = ElementTree.parse(file).getroot()
                assert "r2psim compare" in "".join(drawn[0].itertext()) or name == "break-even"
                text = " ".join("".join(e.itertext()) for e in drawn.iter("{http://www.w3.org/2000/svg}text"))
                assert str(words).split()[0] in text and "Save:" not in text
                assert not [e for e in drawn.iter() if set(e.attrib) & {"class", "style", "data-pick"}]
    reader.close()


LOADED = """async () => {
  const image = document.querySelector("img");
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  const ink = canvas.getContext("2d");
  ink.drawImage(image, 0, 0);
  const data = ink.getImageData(0, 0, canvas.width, canvas.height).data, shades = new Set();
  for (let i = 0; i < data.length; i += 4) shades.add(data[i] + "," + data[i + 1] + "," + data[i + 2]);
  return [image.naturalWidth, image.naturalHeight, shades.size];
}"""
"""Width and height of a picture, and how many colours are in it."""


def test_two_to_four_policies_and_a_break_even(visit: Callable[..., Page]) -> None:
    page = visit("/compare")
    choose_runs(page, 200)
    boxes = page.locator(".r2p-checks input")
    expect(boxes.nth(1)).to_be_disabled()
    boxes.nth(0).check()
    expect(page.locator(".r2p-fans >> nth=0").locator(".r2p-mean")).to_have_count(3, timeout=MILLISECONDS)
    boxes.nth(3).check()
    expect(boxes.nth(4)).to_be_disabled()
    expect(page.locator(".r2p-fans >> nth=0").locator(".r2p-mean")).to_have_count(4, timeout=MILLISECONDS)
    page.select_option("#r2p-Break-even-lever", "budget")
    expect(page.locator("text=/\\d+ runs at each place/")).to_have_count(1, timeout=4 * MILLISECONDS)
    # What was asked for stays when a slider moves, says that it is of before, and is gone along again when asked.
    page.focus("#r2p-Sliders-effect")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("text=Moved: effect of assistance, times")).to_have_count(1)
    expect(page.locator("#r2p-Break-even-lever")).to_have_value("budget")
    page.click("text=Go along it as it stands now")
    expect(page.locator("text=Go along it as it stands now")).to_have_count(0)
    expect(page.locator("text=/\\d+ runs at each place/")).to_have_count(1, timeout=4 * MILLISECONDS)


NO_TIMER = """() => {
  const real = window.setTimeout;
  window.setTimeout = (what, after, ...rest) => after === 150 ? 987654321 : real(what, after, ...rest);
}"""
"""Takes away the time after which a slider that is not let go is taken to rest."""


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_a_slider_that_is_let_go_counts_at_once_is_undone_and_stands_on_the_map(
    visit: Callable[..., Page], width: int, scheme: str
) -> None:
    page = visit("/compare?seed=5&runs=12&uncertainty=effects", viewport={"width": width, "height": 900},
                 color_scheme=scheme)  # fmt: skip
    settled(page)
    expect(page.locator(".r2p-headline")).to_contain_text("over what is not known of the effects of assistance")
    page.evaluate(NO_TIMER)
    slider = page.locator("#r2p-Sliders-effect")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.25 * box["width"], box["y"] + box["height"] / 2)
    page.wait_for_url(re.compile(r"lever=effect:0\.[456]"))
    settled(page)
    page.click("text=Undo last change")
    expect(slider).to_have_value("1")
    page.click("text=Replay last change")
    page.wait_for_url(re.compile(r"lever=effect:0\.[456]"))
    page.select_option("#r2p-Map-across", "effect")
    page.select_option("#r2p-Map-up", "consent")
    drawn = page.locator("[data-figure=map]")
    expect(drawn.locator(".r2p-cell").first).to_be_attached(timeout=4 * MILLISECONDS)
    page.click("text=Stop")
    expect(page.locator("text=The map is stopped.")).to_have_count(1)
    # All of it is seen without scrolling, and its words are as large as those around it.
    inside = drawn.locator("svg.r2p-two").evaluate("e => [e.getBoundingClientRect().right, e.getScreenCTM().a]")
    assert inside[0] <= width and inside[1] > 0.8
    for text in drawn.locator("svg.r2p-two text").all():
        at = text.bounding_box()
        assert at is not None and at["x"] >= 0 and at["x"] + at["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    place = drawn.locator("svg.r2p-two > .r2p-place").bounding_box()
    frame = drawn.locator("svg.r2p-two > .r2p-frame").bounding_box()
    assert place is not None and frame is not None
    share = (place["x"] + place["width"] / 2 - frame["x"]) / frame["width"]
    assert abs(share - 0.25) < 0.06
    with page.expect_download() as saved:
        drawn.locator("[data-save=csv]").click()
    assert saved.value.suggested_filename == "seminar-map.csv"
    with page.expect_download() as saved:
        drawn.locator("[data-save=svg]").click()
    root = ElementTree.parse(saved.value.path()).getroot()
    assert "r2psim break-even" in "".join(root[0].itertext())
