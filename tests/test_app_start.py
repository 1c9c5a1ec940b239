"""The start page, tours, glossary, and what is there before a page or instead of one."""

from __future__ import annotations

import asyncio
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import solara.server.server as framework
from asgi_client import ask
from page_reader import read, shown_by, widgets_with
from test_app_compare import Visit
from typer.testing import CliRunner

from r2psim.app import compare, explore, front, glossary, seminar, start, tours
from r2psim.app.address import place_of
from r2psim.app.allowed_hosts import site_of
from r2psim.app.entries import PAGES
from r2psim.app.middleware import Gate
from r2psim.app.settings import LIMITS
from r2psim.app.start import LEAD, crisis
from r2psim.app.watch import Choice, Watch, scenario_of
from r2psim.cli import app
from r2psim.declarations.channels import CHANNELS, MANDATES
from r2psim.declarations.columns import CONFLICT, INHIBITORS, RISK_FACTORS, STAGES, TRIGGERS
from r2psim.scenario.parameters import LABELS, PARAMETERS
from r2psim.world.build import build

SECONDS = 60.0

# -- start -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", ["seminar", "insurgency"])
def test_the_first_way_leads_two_years_before_an_atrocity_and_to_the_state_where_it_comes(scenario: str) -> None:
    choice, place = crisis(scenario, 1)
    assert place_of(place.query(choice)) == (choice, place)
    watch = Watch(choice)
    s = watch.history.world.states.index(place.state)
    watch.to(place.month + LEAD)
    stages = watch.history.state["stage"][:, s]
    assert stages[-1] == 4.0 and not (stages[LEAD:-1] == 4.0).any(), "it comes then, and not between"
    watch.close()


def test_a_crisis_has_two_years_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = len(build(scenario_of("seminar"), "late-response").groups)
    stages = np.zeros((start.PIECE, 241, groups), dtype=np.int8)
    stages[0, 3:, 0] = 4
    stages[2, 60:, groups - 1] = 4
    found = type("Found", (), {"stages": {"late-response": stages}})()
    monkeypatch.setattr(start, "simulate", lambda *_, **__: found)
    crisis.cache_clear()
    try:
        choice, place = crisis("seminar", 1)
        assert (choice.run, place.month) == (2, 60 - LEAD), "one that begins with an atrocity shows nothing before it"
    finally:
        crisis.cache_clear()


def test_where_no_atrocity_comes_the_first_way_leads_to_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    calm = type("Calm", (), {"stages": {"late-response": np.zeros((start.PIECE, 241, 3), dtype=np.int8)}})()
    monkeypatch.setattr(start, "simulate", lambda *_, **__: calm)
    crisis.cache_clear()
    try:
        assert crisis("seminar", 1) == (Choice("seminar", "late-response", 1, 0), start.Place())
    finally:
        crisis.cache_clear()


def test_the_start_page_has_three_ways_each_with_a_tour_and_every_link_leads_somewhere(
    shown: Callable[..., Any],
) -> None:
    visit = Visit(shown, start.Page, "/")
    assert shown_by(visit.rc).headings == ["What does early assistance buy?", *(w.title for w in start.WAYS.values())]
    begins = widgets_with(visit.rc, "tour")
    assert [b.tour for b in begins] == [t.page for t in tours.TOURS] == list(start.WAYS)
    assert [b.steps for b in begins] == [len(t.steps) for t in tours.TOURS]
    html = "".join(w.html for w in widgets_with(visit.rc, "html"))
    goes = re.findall(r'data-go="([^"]+)"', html)
    known = {"/" if e.path == "/" else f"/{e.path}" for e in PAGES}
    assert {urlsplit(way).path for way in goes} <= known and len(goes) >= 6
    # The address of a link is the same as where a click leads, written from the page's own place.
    assert re.findall(r'href="([^"]+)"', html) == [way.removeprefix("/") for way in goes]
    terms = glossary.glossary("seminar")
    assert set(re.findall(r"glossary\?term=([\w.-]+)", html)) <= set(terms)


# -- tours -------------------------------------------------------------------------------------------------------------

PART = re.compile(r"form\[aria-label='([^']+)'\]|\[data-figure='([^']+)'\]|\.([\w-]+)|#([\w-]+)|(main h1|footer)")


def there(selector: str, rc: Any, html: str, templates: str) -> bool:
    """Say whether what a step points at is on a page: every part of its selector, by what the page is made of."""
    parts = PART.findall(selector)
    assert parts and PART.sub("", selector).strip() == "", f"{selector}: not a selector that this test can read"
    forms = {w.label: w for w in widgets_with(rc, "fields")}
    for form, figure, class_, id_, tag in parts:
        if form and form not in forms:
            return False
        if figure and f'data-figure="{figure}"' not in html:
            return False
        if class_ and class_ not in html + templates:
            return False
        fields = [f"r2p-{label.replace(' ', '-')}-{f['key']}" for label, w in forms.items() for f in w.fields]
        if id_ and f'id="{id_}"' not in html and id_ not in fields:
            return False
        if tag == "main h1" and "<h1" not in html:
            return False
    return True


PAGES_OF = {"explore": explore.Page, "compare": compare.Page, "seminar": seminar.Page}
AT = {"explore": "/explore?seed=7&month=24", "compare": "/compare?seed=5&runs=8", "seminar": "/seminar"}


@pytest.mark.parametrize("tour", tours.TOURS, ids=lambda t: t.page)
def test_a_tour_points_at_what_is_on_its_page(shown: Callable[..., Any], tour: tours.Tour) -> None:
    visit = Visit(shown, PAGES_OF[tour.page], AT[tour.page])
    until, missing = monotonic() + SECONDS, [""]
    while missing:
        assert monotonic() < until, f"not on the page: {missing}"
        visit.idle()
        html = "".join(w.html for w in widgets_with(visit.rc, "html"))
        templates = "".join(getattr(w.template, "template", "") for w in widgets_with(visit.rc, "template"))
        missing = [s.at for s in tour.steps if not there(s.at, visit.rc, html, templates)]
        sleep(0.05)
    assert not there(".r2p-nowhere", visit.rc, html, templates)


def test_a_tour_takes_about_a_minute() -> None:
    for tour in tours.TOURS:
        words = sum(len(f"{s.title} {s.words}".split()) for s in tour.steps)
        assert 50 <= words <= 250, f"{tour.page}: {words} words; some 200 are read in a minute"
        assert len({s.title for s in tour.steps}) == len(tour.steps)
    assert {t.page for t in tours.TOURS} < {e.path for e in PAGES}


# -- glossary ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def terms() -> dict[str, glossary.Term]:
    return glossary.glossary("seminar")


def test_every_declared_term_is_explained(terms: dict[str, glossary.Term]) -> None:
    setting = scenario_of("seminar")
    declared = {
        "stage": range(len(STAGES)), "conflict": range(len(CONFLICT)), "factor": range(1, len(RISK_FACTORS) + 1),
        "inhibitor": INHIBITORS, "trigger": TRIGGERS, "channel": CHANNELS, "mandate": MANDATES, "evidence": LABELS,
        "form": setting.forms, "body": setting.bodies, "policy": setting.policies, "parameter": PARAMETERS,
    }  # fmt: skip
    for kind, names in declared.items():
        assert {f"{kind}-{name}" for name in names} <= set(terms), kind
    assert {t.kind for t in terms.values()} == set(glossary.SECTIONS)
    for t in terms.values():
        assert t.name and len(t.meaning) > 4 and t.meaning[0] == t.meaning[0].upper(), t
        assert t.meaning.endswith((".", "?", "!")) or t.kind == "parameter", t
    assert CHANNELS["to_atrocity"].meaning in terms["form-mediation"].meaning


def test_all_words_that_lead_to_the_glossary_lead_to_a_term(
    shown: Callable[..., Any], terms: dict[str, glossary.Term]
) -> None:
    visit = Visit(shown, explore.Page, "/explore?seed=7&month=24&state=kessara&body=world-bank")
    html = "".join(w.html for w in widgets_with(visit.rc, "html"))
    led = set(re.findall(r"glossary\?term=([\w.-]+)", html))
    assert led <= set(terms)
    assert {t.partition("-")[0] for t in led} >= {"stage", "factor", "inhibitor", "trigger", "form", "conflict"}


def test_a_term_is_shown_by_its_address_and_found_by_words(shown: Callable[..., Any]) -> None:
    visit = Visit(shown, glossary.Page, "/glossary?term=stage-3")
    assert shown_by(visit.rc).headings[:3] == ["Glossary", "3 imminent risk", "Stages of a group's risk"]
    assert "Preparations and first attacks" in visit.text
    visit.tell("Find a term", find="security council veto")
    assert parse_qs(visit.search)["find"] == ["security council veto"]
    assert "security-council" in visit.text and "Preparations" not in visit.text
    visit.tell("Find a term", find="discount rate")
    assert "accounts.discount_rate" in visit.text, "parameters are found, though they are not listed"
    visit.tell("Find a term", find="zzz")
    assert "No term with zzz" in visit.text
    visit.back()
    assert "accounts.discount_rate" in visit.text
    visit.tell("Find a term", find="")
    assert visit.ways[-1] == "/glossary" and "4 atrocity" in visit.text
    for search, said in (("term=x", "there is no term 'x'"), ("y=1", "'y' is not allowed in this address: term, find")):
        assert said in Visit(shown, glossary.Page, f"/glossary?{search}").text


def test_what_stands_in_a_name_is_found_first(terms: dict[str, glossary.Term]) -> None:
    hits = glossary.found(terms, "coup")
    first = next(i for i, t in enumerate(hits) if "coup" not in t.name.lower())
    assert 0 < first < len(hits) and all("coup" not in t.name.lower() for t in hits[first:])
    assert all("coup" in f"{t.name} {t.meaning}".lower() for t in hits)


# -- before a page, and instead of it ----------------------------------------------------------------------------------


def test_the_frameworks_page_is_mended_and_says_everything_that_is_mended() -> None:
    page = front._page(front.PAGE)
    whole = (Path(framework.directory) / "templates" / front.PAGE).read_text(encoding="utf-8")
    assert page is not None and page != whole
    for said, wanted in front.MENDED.items():
        assert said in whole, f"the framework's page no longer has {said}"
        assert said not in page and wanted in page
    assert front._page("other.html") is None


def test_without_scripts_a_page_says_what_can_be_done() -> None:
    page = read(front.without_scripts())
    assert "forecasts no country" in page.text and "run scripts, which this browser does not" in page.text
    template = (front.HERE / "templates" / "index.html.j2").read_text()
    assert re.search(r"<noscript>.*without_scripts\(\).*</noscript>", template, re.S)
    for _, line, _ in front.COMMANDS:
        assert line in page.text
        words = shlex.split(line)
        told = CliRunner().invoke(app, [words[1], "--help"])
        assert told.exit_code == 0, line
        assert all(word in told.output for word in words if word.startswith("--")), line


def test_icon_and_loading_page_are_ours() -> None:
    assert (front.ASSETS / "favicon.svg").read_text().startswith("<svg")
    assert (front.ASSETS / "favicon.png").read_bytes().startswith(b"\x89PNG")
    loader = (front.HERE / "templates" / f"loader-{front.LOADER}.html").read_text()
    assert (
        'v-if="loading"' in loader
        and "jupyter-widget-mount-point" in loader
        and "solara" not in loader.replace("solara-main", "")
    )


@pytest.mark.parametrize(("path", "meant"), [("/compere", "compare"), ("/glosary", "glossary"), ("/xyz", "")])
@pytest.mark.parametrize("prefix", ["", "/deep"])
def test_a_page_that_is_not_there_offers_those_that_are(path: str, meant: str, prefix: str) -> None:
    async def nothing(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b"x"})

    site = site_of("0.0.0.0", 8765, f"http://127.0.0.1:8765{prefix}" if prefix else "")
    answer = asyncio.run(ask(Gate(nothing, site, LIMITS), prefix + path))
    page = read(answer.body.partition("<body>")[2].removesuffix("</body></html>"))
    assert answer.status == 404 and ("Did you mean" in page.text) == bool(meant) and meant in page.text
    links = re.findall(r'<a href="([^"]+)">([^<]+)</a>', answer.body)
    assert dict(links) == {f"{prefix}/": "The first page"} | {
        f"{prefix}/{e.path}": e.label for e in PAGES if e.path != "/"
    }
    assert re.search(r"style-src 'sha256-[\w+/=]+'", answer.headers["content-security-policy"])
