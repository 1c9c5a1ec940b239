"""The gate in a real browser: scripts that are put into a page do not run, and no address gives a place away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from test_app_seminar_browser import Log, Room, Server, begin, browser, room, server  # noqa: F401 - fixtures

from r2psim.app.pages import PAGES

pytestmark = pytest.mark.slow

PUT_IN = """async () => {
    const script = document.createElement("script");
    script.textContent = "window.ran = 1";
    document.body.append(script);
    const box = document.createElement("div");
    box.innerHTML = '<img src="data:," onerror="window.ran = 2"><a href="javascript:window.ran = 3">x</a>';
    document.body.append(box);
    box.querySelector("a").click();
    await new Promise((done) => setTimeout(done, 500));
    return window.ran || 0;
}"""


def test_scripts_that_are_put_into_a_page_do_not_run(room: Room) -> None:  # noqa: F811
    page = room.visit()
    room.check()
    assert page.evaluate(PUT_IN) == 0
    assert any("Content Security Policy" in text for text in room.logs[0].wrong)
    assert page.evaluate("document.cookie") == ""


def clean(page: Any) -> bool:
    """Say whether a page's address, as it is shown, is the one of the page for everybody."""
    return str(page.url).endswith("/seminar")


def link_of(page: Any) -> str:
    page.get_by_text("Come back from elsewhere, or leave").click()
    return str(page.get_by_label("Link to your place").input_value())


def test_no_address_gives_a_place_away(room: Room) -> None:  # noqa: F811
    chair, code = begin(room)
    person = room.join(code, "Gil", "government-drevna")
    for page, mine in ((chair, ".r2p-code"), (person, "text=You are Gil.")):
        assert clean(page)
        page.reload()
        page.wait_for_selector(mine)
        assert clean(page)
        # By a link, from another browser; and there again after loading it anew, and by the pages' own ways.
        link = link_of(page)
        other = room.visit()
        other.goto(link)
        other.wait_for_selector(mine)
        other.wait_for_url("**/seminar")
        other.reload()
        other.wait_for_selector(mine)
        other.get_by_role("link", name="Explore").click()
        other.wait_for_selector("text=Explore one world")
        other.go_back()
        other.wait_for_selector(mine)
        assert clean(other)
        assert link not in str(other.evaluate("[document.body.innerHTML, document.referrer]"))
        # Whoever leaves is at the entrance, and comes back without a link.
        link_of(other)
        other.get_by_role("button", name="Leave this place").click()
        other.get_by_role("button", name="Monday:").click()
        other.wait_for_selector(mine)
        assert clean(other)
    # A place that was taken back leads to the entrance, and is forgotten.
    chair.get_by_text("Take a place back").first.click()
    chair.get_by_label("Participant").select_option(index=1)
    chair.get_by_role("button", name="Take it back").click()
    chair.get_by_role("button", name="Yes", exact=True).click()
    person.wait_for_selector("text=taken this place back")
    person.reload()
    person.wait_for_selector("text=Open a new seminar")
    person.wait_for_function("sessionStorage.getItem('r2psim-place') === null")
    person.reload()
    person.wait_for_selector("text=Open a new seminar")
    assert person.get_by_text("taken this place back").count() == 0
    room.check()


def test_the_pages_work_under_the_path_of_a_proxy(browser: Any, tmp_path: Path) -> None:  # noqa: F811
    server = Server(tmp_path, "--url", "http://127.0.0.1:{port}/deep/down")  # noqa: F811
    try:
        page = browser.new_context().new_page()
        log = Log(page)
        page.goto(f"{server.base}/deep/down/")
        page.wait_for_selector("text=What does early assistance buy?")
        leads = page.evaluate("[...document.querySelectorAll('nav a')].map((a) => a.pathname)")
        assert leads == ["/deep/down/" + entry.path.strip("/") for entry in PAGES]
        # A link within a page leads there by the pages' own ways, and in another tab by its address.
        link = page.get_by_role("link", name="Open Explore")
        assert str(link.evaluate("(a) => a.pathname")) == "/deep/down/explore"
        link.click()
        page.wait_for_selector("text=Explore one world")
        page.get_by_role("link", name="Seminar").click()
        page.get_by_role("button", name="Open the seminar").click()
        page.wait_for_selector(".r2p-code")
        assert page.url == f"{server.base}/deep/down/seminar"
        link = link_of(page)
        assert link.startswith(f"{server.base}/deep/down/seminar?token=")
        page.reload()
        page.wait_for_selector(".r2p-code")
        assert all("/deep/down/" in url for url in log.asked if not url.startswith(("data:", "blob:")))
        assert not log.wrong
        page.context.close()
    finally:
        server.kill()
