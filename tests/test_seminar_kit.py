"""The printed material of a seminar: whole, true, nothing written twice, nothing told that nobody may know."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from page_reader import TAG, read
from typer.testing import CliRunner, Result

import r2psim
from r2psim.agents import Allocation, Choices
from r2psim.analysis.marginal import PRINCIPLES
from r2psim.cli import app
from r2psim.declarations.columns import PR, B
from r2psim.scenario import Scenario, load, shipped_names
from r2psim.seminar import Seminars
from r2psim.seminar.debrief import BEFORE_THE_WORST, GENERAL, QUIET
from r2psim.seminar.kit import kit_files
from r2psim.seminar.kit_cards import cards, left_without_consent
from r2psim.seminar.kit_guide import BUTTONS, guide_pages
from r2psim.seminar.kit_page import document
from r2psim.seminar.kit_setting import SCHEDULES, Setting, setting_of
from r2psim.seminar.kit_units import SEED, Worked, commands, reached, work, work_of
from r2psim.seminar.kit_words import FOLDER as WORDS
from r2psim.seminar.kit_words import Words, WordsError, elsewhere, languages, load_words, problems
from r2psim.seminar.kit_world import world_pages
from r2psim.seminar.play import COUNTERFACTUALS
from r2psim.seminar.seeds import Seeds, drawn_seeds, find_seeds

RUNS = 4
LANGUAGES = ("en", "fr")


@cache
def seeds() -> Seeds:
    return find_seeds("seminar", drawn_seeds(30, SEED))


@cache
def made(people: int = 12, minutes: int = 90, language: str = "en") -> tuple[Setting, Worked, dict[str, str]]:
    setting = setting_of("seminar", people, minutes, language)
    worked = ran()
    return setting, worked, kit_files(setting, worked, seeds())


@cache
def ran() -> Worked:
    return work(setting_of("seminar", 12, 90), seeds(), RUNS)


class Reader(HTMLParser):
    """Pages of a file: each with its headings, its text, and the cells of its tables row by row."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pages: list[SimpleNamespace] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._in: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in.append(tag)
        if tag == "section":
            self.pages.append(SimpleNamespace(title="", heads=[], text="", rows=[], code=[], pressed=[]))
        elif self.pages:
            page = self.pages[-1]
            if tag in ("h2", "h3"):
                page.heads.append("")
            if tag == "tr":
                page.rows.append([])
            if tag in ("td", "th"):
                page.rows[-1].append("")
            if tag == "code":
                page.code.append("")
            if tag == "kbd":
                page.pressed.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._in.pop() == tag
        if self.pages:
            self.pages[-1].text += " " if tag in ("p", "li", "td", "th", "h1", "h2", "h3", "dt", "dd") else ""

    def handle_data(self, data: str) -> None:
        if not self.pages or "section" not in self._in:
            return
        page = self.pages[-1]
        page.text += data
        if "h1" in self._in:
            page.title += data
        if {"h2", "h3"} & set(self._in):
            page.heads[-1] += data
        if {"td", "th"} & set(self._in):
            page.rows[-1][-1] += data
        if "code" in self._in:
            page.code[-1] += data
        if "kbd" in self._in:
            page.pressed[-1] += data


def pages_of(html: str) -> list[SimpleNamespace]:
    """Read a file, and insist that it is well formed."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert not reader._in
    return reader.pages


def plain(text: str) -> str:
    return " ".join(text.split())


def variant(sets: list[str], scenario: str = "seminar") -> Scenario:
    return load(scenario, sets)


# -- what is in it -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("people", [6, 11, 12, 20, 30, 47])
def test_every_role_of_the_cast_has_a_card_and_everybody_a_role(people: int, language: str) -> None:
    setting = setting_of("seminar", people, 90, language)
    found = pages_of(document(setting.words, "", cards(setting)))
    assert [page.title for page in found] == [setting.title(setting.roles[key]) for key in setting.cast]
    assert len({page.title for page in found}) == len(found), "no card twice"
    assert sum(setting.cast.values()) == people
    listed = pages_of(document(setting.words, "", guide_pages(setting, seeds())))[1].rows[1:]
    assert [(row[0], int(row[2])) for row in listed[:-1]] == [
        (page.title, number) for page, number in zip(found, setting.cast.values(), strict=True)
    ]
    assert int(listed[-1][2]) == people


def test_a_card_says_what_a_role_may_do_knows_wants_and_does_first() -> None:
    setting, _, files = made(20)
    words = setting.words
    sheet = pages_of(files["world.html"])[-1].text
    for page, key in zip(pages_of(files["role-cards.html"]), setting.cast, strict=True):
        role, text = setting.roles[key], plain(page.text)
        heads = [str(words(f"card.{name}")) for name in ("may", "knows", "wants", "dilemma", "first")]
        assert [head for head in page.heads if head in heads] == heads, key
        assert (str(words("card.veto")) in text) == role.veto, key
        assert ("vote on a mandate" in text) == role.votes, key
        assert ("consent to all assistance" in text) == (role.state is not None), key
        assert bool(page.rows) == (role.body is not None), key
        if role.body is None:
            continue
        world, b = setting.world, setting.world.bodies.index(role.body)
        provided = world.rows.provides[world.rows.provides_start[b] : world.rows.provides_start[b + 1]]
        for row in page.rows[1:]:
            assert f"{row[1]} a month" in sheet[sheet.index(re.sub(r"( \(needs.*\))$", "", row[0])) :][:400], row[0]
        names = [re.sub(r"(\s†)?(\s‡)?( \(.*\))?$", "", row[0]) for row in page.rows[1:]]
        expected = [setting.scenario.forms[world.forms[f]].name for f in sorted(provided.tolist())]
        assert names == [re.sub(r" \(.*\)$", "", name) for name in expected]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_card_has_the_field_that_its_steps_ask_for(language: str) -> None:
    setting = setting_of("seminar", 12, 90, language)
    everybody = replace(setting, cast=dict.fromkeys(setting.roles, 1))
    for page in pages_of(document(setting.words, "", cards(everybody))):
        assert str(setting.words("card.notes")) in page.heads, page.title


def test_what_money_does_not_reach_is_not_advised() -> None:
    setting = setting_of("seminar", 12, 90)
    everybody = replace(setting, cast=dict.fromkeys(setting.roles, 1))
    for page, role in zip(pages_of(document(setting.words, "", cards(everybody))), setting.roles.values(), strict=True):
        if role.body is None:
            assert "half the money, half the effect" not in page.text
            continue
        budget = float(setting.world.rows.body[B.budget, setting.world.bodies.index(role.body)])
        forms = [form for form in setting.scenario.forms.values() if role.body in setting.paying(form.key)]
        assert len(forms) == len(page.rows) - 1, "those of its table"
        cheapest = min(form.unit_cost for form in forms)
        assert "half the money, half the effect" in page.text
        assert ("for the full cost of no form" in page.text) == (budget < cheapest), role.key
        if not role.votes:
            assert ("at most 3" in page.text) == (budget >= 3 * cheapest), role.key
            assert ("one place for the little money" in page.text) == (budget < 3 * cheapest), role.key


@pytest.mark.parametrize("form", ["media", "local-resolution", "needs-assessment"])
def test_what_is_left_without_consent_is_what_the_rules_leave(form: str) -> None:
    """Two histories with the same luck, in one of which the government refuses; nobody has leverage over it."""
    scenario = variant(["bodies.peacebuilding.leverage=0.0", "principles.mutual.floor=0.0"])
    spec = scenario.forms[form]
    assessment = Allocation("halvern", "needs-assessment", 30_000.0)
    plan = (assessment,) if form == "needs-assessment" else (assessment, Allocation("halvern", form, 20_000.0))
    reached = []
    for word in (True, False):
        nobody = dict.fromkeys(scenario.bodies, ())
        choices = Choices(plans=nobody | {"peacebuilding": plan}, consent={"halvern": word})
        model = r2psim.R2PModel(scenario, policy="late-response", seed=3, years=2, choices={0: choices, 1: choices})
        model.run_model()
        row = model.world.forms.index(form) * len(model.world.states) + model.world.states.index("halvern")
        reached.append(float(model.rows.programme[PR.quality, row]))
    assert reached[0] > 0.0
    left = left_without_consent(setting_of("seminar", 12, 90), spec)
    assert reached[1] / reached[0] == pytest.approx(left, abs=0.01)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("people", [6, 20])
def test_everybody_can_read_who_plays_whom(people: int, language: str) -> None:
    setting = setting_of("seminar", people, 90, language)
    words = setting.words
    page = pages_of(document(words, "", world_pages(setting)))[2]
    bodies = page.rows[1 : 1 + len(setting.world.bodies)]
    assert [row[0] for row in bodies] == [setting.name(body) for body in setting.world.bodies]
    played = {setting.roles[key].body for key in setting.cast}
    assert [row[3] == str(words("who.people")) for row in bodies] == [body in played for body in setting.world.bodies]
    cast = pages_of(document(words, "", guide_pages(setting, seeds())))[1]
    told = plain(cast.text.split(str(words("guide.ruled", roles="|")).split("|")[0])[1])
    names = [plain(setting.title(role)) for key, role in setting.roles.items() if key not in setting.cast]
    assert told.startswith(plain(str(words.listed(names))))


APP = "".join(file.read_text("utf-8") for file in sorted((Path(r2psim.__file__).parent / "app").glob("*.py")))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_guide_names_buttons_as_the_page_does(language: str) -> None:
    for text in BUTTONS.values():
        for part in text.split("{N}"):
            assert re.search(rf'"{re.escape(part)}' if text.startswith(part) else rf'{re.escape(part)}"', APP), text
    _, _, files = made(30, 180, language)
    named = {pressed for page in pages_of(files["facilitator.html"]) for pressed in page.pressed}
    assert named == {text.format(N="N") for text in BUTTONS.values()}


def test_participants_are_told_the_terms_of_their_tasks() -> None:
    setting, _, files = made()
    for page in pages_of(files["units.html"]):
        for policy in COUNTERFACTUALS:
            if re.search(rf"(?<![\w-]){policy}(?![\w-])", " ".join(page.code)):
                assert plain(setting.scenario.policies[policy].description) in plain(page.text), (page.title, policy)
        if "principles" in page.text:
            assert all(f"{name}: " in page.text for name in PRINCIPLES)
        if "placebo" in page.text:
            assert "Placebo: " in page.text


@pytest.mark.parametrize("minutes", list(SCHEDULES))
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_minutes_of_the_script_add_up(minutes: int, language: str) -> None:
    setting = setting_of("seminar", 12, minutes, language)
    script = pages_of(document(setting.words, "", guide_pages(setting, seeds())))[2]

    def clock(text: str) -> int:
        hours, mins = text.split(":")
        return 60 * int(hours) + int(mins)

    at = 0
    for span, length, _, said in script.rows[1:-1]:
        start, end = map(clock, span.split("–"))
        assert (start, end - start) == (at, int(length))
        assert len(said) > 40
        at = end
    assert clock(script.rows[-1][0]) == at == minutes
    years = [row for row in script.rows if re.search(r"(Year|Année) \d", row[2])]
    assert len(years) == setting.years == (4 if minutes == 90 else 8)


def test_a_sheet_for_each_state_and_every_form_once() -> None:
    setting, _, files = made()
    found = pages_of(files["world.html"])
    assert [page.title for page in found[3:-1]] == [setting.name(key) for key in setting.world.states]
    for page, key in zip(found[3:-1], setting.world.states, strict=True):
        groups = [setting.name(group) for group in setting.world.groups if group.startswith(f"{key}/")]
        assert [row[0] for row in page.rows[-len(groups) :]] == groups
    forms = plain(found[-1].text)
    for form in setting.scenario.forms.values():
        assert forms.count(plain(form.description)) == 1, form.key


def test_what_is_said_elsewhere_is_taken_from_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("r2psim.seminar.kit_guide.GENERAL", ("What did the newspapers say?",))
    scenario = variant(["forms.mediation.unit_cost=123000000", "bodies.good-offices.budget=1.2e9"])
    setting = setting_of(scenario, 12, 90)
    card = next(page for page in pages_of(document(setting.words, "", cards(setting))) if "good offices" in page.title)
    assert "US$\u00a0100\u00a0m a month (US$\u00a01.2\u00a0bn a year)" in card.text
    assert next(row[1] for row in card.rows if row[0].startswith("Mediation")) == "US$\u00a010.2\u00a0m", "a month"
    questions = pages_of(document(setting.words, "", guide_pages(setting, seeds())))[3].text
    assert "What did the newspapers say?" in questions
    monkeypatch.undo()
    questions = pages_of(document(setting.words, "", guide_pages(setting, seeds())))[3].text
    assert all(text in questions for text in (BEFORE_THE_WORST, QUIET, *GENERAL))


@pytest.mark.parametrize("name", [name for name in shipped_names() if name != "world"])
def test_any_world_that_can_be_played_has_its_material(name: str) -> None:
    setting = setting_of(name, 30, 180, "fr")
    everybody = replace(setting, cast=dict.fromkeys(setting.roles, 1))
    assert len(pages_of(document(setting.words, "", cards(everybody)))) == len(setting.roles)
    found = pages_of(document(setting.words, "", world_pages(setting)))
    assert len(found) == 4 + len(setting.world.states)


def test_files_need_nothing_from_elsewhere_and_are_the_same_again() -> None:
    _, worked, files = made()
    assert set(files) == {"role-cards.html", "world.html", "facilitator.html", "units.html", "answers.html"}
    assert kit_files(setting_of("seminar", 12, 90), worked, seeds()) == files
    for name, html in files.items():
        reader = Reader()
        reader.feed(html)
        for tag, attributes in reader.tags:
            assert tag not in ("script", "link", "img", "iframe", "object"), name
            assert not {"src", "href", "onload", "onclick"} & set(attributes), name
        assert "@import" not in html and "url(" not in html
        assert 'lang="en"' in html
        assert re.search(r"@page \{ size: A4", html)


# -- what nobody may know ----------------------------------------------------------------------------------------------

HIDDEN = {
    "stage": "states.kessara.groups.drylands.stage=threat",
    "grievance": "states.drevna.groups.tavin.grievance=0.05",
    "motive": "states.drevna.motive=0.9",
    "incitement": "states.belisar.incitement=0.9",
    "commitment": "states.ostrel.commitment=0.02",
    "arms": "states.tarsin.arms=0.95",
    "finance": "states.tarsin.finance=0.95",
    "armed groups": "states.kessara.armed_groups=0.9",
    "where it is heading": "states.ostrel.home.judiciary=0.05",
    "friends on the Council": "states.orlund.veto=0.0",
    "error of assessments": "observation.error=5.0",
    "a hazard": "stages.to_imminent.base=0.05",
    "a body's will": "bodies.good-offices.will=0.9",
    "a body's error": "bodies.good-offices.noise=0.01",
    "an effect": "forms.mediation.effects.to_atrocity.size=0.6",
}


def for_participants(scenario: Scenario) -> str:
    setting = setting_of(scenario, 30, 180, named="seminar")
    everybody = replace(setting, cast=dict.fromkeys(setting.roles, 1))
    return document(setting.words, "", [*cards(everybody), *world_pages(setting)])


@cache
def usual() -> str:
    return for_participants(variant([]))


@pytest.mark.parametrize("what", list(HIDDEN))
def test_participants_cannot_read_what_is_hidden(what: str) -> None:
    assert for_participants(variant([HIDDEN[what]])) == usual()


@pytest.mark.parametrize(
    "public", ["states.drevna.regime=0.9", "states.kessara.population=9e6", "bodies.good-offices.budget=1e6"]
)
def test_participants_can_read_what_is_public(public: str) -> None:
    assert for_participants(variant([public])) != usual()


def test_participants_get_no_answer() -> None:
    _, _, files = made()
    tasks = plain(" ".join(page.text for page in pages_of(files["units.html"])))
    for page in pages_of(files["answers.html"]):
        answers = plain(page.text).split("in brackets 95 % intervals.")[1].split("What can be learnt here")[0]
        sentences = [said.strip() for said in re.findall(r"[^.;]{20,}", answers)]
        assert len(sentences) > 4
        assert not [said for said in sentences if said in tasks]


def test_no_session_is_played_with_a_seed_of_the_material(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a server draws, the material is the same: it knows no session's luck."""
    drawn: list[int] = []
    monkeypatch.setattr("r2psim.seminar.seminars.new_seed", lambda: drawn.append(1) or len(drawn))
    assert for_participants(variant([])) == for_participants(variant([]))
    assert len(drawn) == 2


# -- names that are markup ---------------------------------------------------------------------------------------------


def test_names_of_a_scenario_are_escaped_everywhere(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    file = tmp_path / "evil & co.toml"
    file.write_text(
        f'extends = "insurgency"\ntitle = "{evil} {{people}}"\ndescription = "{evil}"\n'
        f'[states.ostamar]\nname = "{evil} {{n}}"\nregion = "{evil}"\n'
        f'[bodies.basin-commission]\nname = "<b>{{title}}</b>"\n[forms.mediation]\nname = "{evil}"\n'
    )
    setting = setting_of(file, 30, 90)
    pages = [*cards(setting), *world_pages(setting), *guide_pages(setting, seeds())]
    html = document(setting.words, evil, pages)
    reader = Reader()
    reader.feed(html)
    assert not {"script", "b"} & {tag for tag, _ in reader.tags}
    text = " ".join(page.text for page in reader.pages)
    assert text.count(f"{evil} {{n}}") > 3 and "<b>{title}</b>" in text
    assert "&lt;script&gt;" not in text, "escaped once, not twice"
    # Where it is put in a command, a shell takes it as one word.
    words = next(shlex.split(c) for page in reader.pages for c in page.code if "seminar-seeds" in c)
    assert words == ["r2psim", "seminar-seeds", str(file)]


def test_no_markup_is_shown_as_text() -> None:
    for language in LANGUAGES:
        _, _, files = made(language=language)
        for name, html in files.items():
            for page in pages_of(html):
                assert not TAG.search(page.text), (name, page.title)
                assert not re.search(r"&(#\d+|amp|lt|gt|quot);", page.text), (name, page.title)
            assert not re.search(r"\{\w+\}", html.split("</style>")[1]), name


# -- languages ---------------------------------------------------------------------------------------------------------

SAME = {"numbers.list", "kit.title", "guide.minutes", "units.bracket"}
"""Keys that may read alike in two languages."""

ENGLISH = re.compile(r"\b(the|of|and|with|which|you|your|is|are|for|has|been|this|that|was|from|by|without)\b", re.I)


def texts(language: str) -> Iterator[tuple[str, str]]:
    for key, value in load_words(language)._texts.items():
        yield from ((key, text) for text in (value if isinstance(value, list) else [value]))


def test_there_are_two_languages_and_each_has_every_key() -> None:
    assert languages() == LANGUAGES
    for language in languages():
        assert problems(language) == []


def test_all_that_comes_from_elsewhere_is_translated_and_nothing_is_left_over() -> None:
    wanted = set(elsewhere())
    for language in set(languages()) - {"en"}:
        borrowed = load_words(language)._borrowed
        assert wanted - borrowed.keys() == set(), "said in English elsewhere, and not translated"
        assert borrowed.keys() - wanted == set(), "translated, and said nowhere any more"
    assert load_words("en")._borrowed == {}, "English is taken from where it stands"


def test_no_english_is_left_in_french() -> None:
    english = dict(texts("en"))
    for key, text in texts("fr"):
        bare = re.sub(r"\{\w+\}", "", text)
        assert not ENGLISH.search(bare), (key, text)
    same = {key for key, text in texts("fr") if english[key] == text and re.search(r"[a-z]{3}", text)}
    assert same <= SAME
    for english_text, text in load_words("fr")._borrowed.items():
        assert not ENGLISH.search(text), text
        assert text != english_text or english_text in ("stable", "dominant", "centre")


def test_no_english_is_left_on_french_pages() -> None:
    _, _, files = made(30, 180, "fr")
    for name, html in files.items():
        for page in pages_of(html):
            text = page.text
            for typed in (*page.code, *page.pressed):
                text = text.replace(typed, "")
            found = ENGLISH.search(text)
            assert not found, (name, page.title, text[max(0, found.start() - 40) : found.end() + 40] if found else "")


def test_numbers_are_written_as_the_language_does() -> None:
    en, fr = load_words("en"), load_words("fr")
    assert (en.number(12_345.6), fr.number(12_345.6)) == ("12,300", "12\u202f300")
    assert (en.count(0.314), fr.count(0.314)) == ("0.31", "0,31")
    assert (en.dollars(4.5e10), fr.dollars(4.5e10)) == ("US$\u00a045\u00a0bn", "45\u00a0Md$\u00a0US")
    assert (en.dollars(-1.756e9), fr.dollars(-1.756e9)) == ("−US$\u00a01.76\u00a0bn", "−1,76\u00a0Md$\u00a0US")
    assert (en.percent(0.125, 1), fr.percent(0.125, 1)) == ("12.5\u00a0%", "12,5\u00a0%")
    assert (en.when(13), fr.when(13)) == ("year 2, month 2", "année 2, mois 2")
    assert (en.months(1), en.months(16), fr.months(16)) == ("1 month", "16 months", "16 mois")
    assert (en.listed("abc"), fr.listed("abc"), en.listed(["<"])) == ("a, b and c", "a, b et c", "&lt;")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: re.sub(r'(?m)^title = "Pause"\n', "", t), "script.break.title: is missing"),
        (lambda t: t.replace("[kit]\n", '[kit]\nextra = "x"\n'), "kit.extra: is not a key"),
        (lambda t: t.replace("Année {year}", "Année"), "script.round.title"),
        (lambda t: t.replace('strikes = "', 'strikes = ["a"] # "'), "world.strikes: must be text"),
        (lambda t: t + "\n[", "is no TOML"),
    ],
)
def test_a_language_that_is_not_whole_is_refused(change: Any, said: str, tmp_path: Path) -> None:
    for language in LANGUAGES:
        (tmp_path / f"{language}.toml").write_text((WORDS / f"{language}.toml").read_text("utf-8"), "utf-8")
    assert load_words("fr", tmp_path).language == "fr"
    before = (tmp_path / "fr.toml").read_text("utf-8")
    after = change(before)
    assert after != before
    (tmp_path / "xx.toml").write_text(after, "utf-8")
    with pytest.raises(WordsError, match=re.escape(said)):
        load_words("xx", tmp_path)


# -- the units ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_command_of_the_units_runs_and_is_printed() -> None:
    setting, worked, files = made()
    typed = commands(setting, worked)
    printed = {code for page in pages_of(files["units.html"]) for code in page.code}
    assert set(typed.values()) < printed
    for command in sorted(set(typed.values())):
        done = CliRunner().invoke(app, shlex.split(command)[1:])
        assert done.exit_code == 0, (command, done.output)


def told_by(command: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, [*shlex.split(command)[1:], "--json"])
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
    return found


def test_answers_of_the_cost_argument_are_what_the_commands_give() -> None:
    setting, worked, files = made()
    typed, words = commands(setting, worked), setting.words
    answer = plain(pages_of(files["answers.html"])[2].text)
    killed = {
        key: words.count(told_by(typed[key])["deaths"])
        for key in ("first_late", "first_early", "second_late", "second_early")
    }
    assert f"{killed['first_late']} killed under late response, {killed['first_early']} under prevention" in answer
    assert f": {killed['second_late']} and {killed['second_early']}." in answer
    found = told_by(typed["compare"])["against"]["prevention"]
    episodes = found["differences"]["episodes"]
    bill = found["differences"]["prevention_and_response"]["mean"]
    assert f"{words.count(-episodes['mean'])} (" in answer
    assert f"changes by {plain(words.dollars(bill))}" in answer
    assert plain(f"In {words.percent(1.0 - episodes['differ'])} of the runs no episode") in answer
    saved = found["returns"]["response"]["harm_avoided"]["mean"]
    assert saved is None or f"{words.count(saved)} (" in answer


def test_answers_on_the_stages_are_what_the_runs_show() -> None:
    setting, worked, files = made()
    results = r2psim.simulate("seminar", ["late-response"], RUNS, SEED, histories=True)
    counts = dict.fromkeys(("below", "threat", "imminent", "atrocity", "ever", "ever atrocity"), 0)
    months = []
    for run in results.stages["late-response"]:
        for path in run.T.tolist():
            top = max(path)
            if path[0] < 2:
                counts["below"] += 1
                for stage, name in ((2, "threat"), (3, "imminent"), (4, "atrocity")):
                    counts[name] += top >= stage
            counts["ever"] += top >= 2
            counts["ever atrocity"] += top >= 4
            if top >= 4:
                since = next(m for m, stage in enumerate(path) if stage >= 2)
                months.append(next(m for m, stage in enumerate(path) if stage >= 4) - since)
    answer, percent = plain(pages_of(files["answers.html"])[0].text), setting.words.percent
    came = [plain(percent(counts[name] / counts["below"], 1)) for name in ("threat", "imminent", "atrocity")]
    assert f"{came[0]} came under threat at some time in 20 years, {came[1]} to imminent risk, {came[2]}" in answer
    assert plain(percent(counts["ever atrocity"] / counts["ever"], 1)) + " came to atrocity within the run" in answer
    assert f"half within {setting.words.number(float(np.median(months)))} months" in answer
    seed = next(one.seed for one in worked.seeds.of("near-miss"))
    story = re.search(rf"Seed {seed}: ([^.:]*) in (\w+) came to imminent risk in year (\d+), month (\d+)", answer)
    assert story is not None
    history = r2psim.R2PModel("seminar", policy="late-response", seed=seed, years=8)
    history.run_model()
    first = next(e for e in history.events if e.kind == "stage" and e.after in ("imminent risk", "atrocity"))
    assert (int(story[3]), int(story[4])) == (first.month // 12 + 1, first.month % 12 + 1)
    assert story[1] == setting.name(str(first.group)) and story[2] == setting.name(first.state)
    assert not [e for e in history.events if e.after == "atrocity"]


@pytest.mark.slow
def test_answers_on_the_principles_are_those_of_catalogue_and_runs() -> None:
    setting, _, files = made()
    answer = plain(pages_of(files["answers.html"])[1].text)
    forms = setting.scenario.forms.values()
    free = re.search(r"Work without any consent: (.*?)\. Backfire", answer)
    assert free is not None
    for form in forms:
        assert (form.name in free[1]) == (form.consent == 0.0), form.key
    found = r2psim.marginal("seminar", parts=["principles"], runs=RUNS, seed=SEED)
    for change in found.of("principles"):
        assert change.lives is not None
        assert f"{change.name}: {setting.words.count(change.lives.mean)} (" in answer
    assert work_of(setting, RUNS) == RUNS + 32 * RUNS + 6 * RUNS


def test_stages_that_were_reached() -> None:
    """Three groups: one at threat from the start, one that rises to atrocity in five months, one that stays calm."""
    paths = np.array([[[2, 1, 0], [2, 1, 0], [2, 2, 1], [1, 2, 1], [1, 3, 1], [2, 3, 1], [2, 4, 1]]], dtype=np.int8)
    found = reached(paths)
    assert found["below"].tolist() == [[False, True, True]]
    assert found["threat"].tolist() == [[True, True, False]]
    assert found["imminent"].tolist() == found["atrocity"].tolist() == [[False, True, False]]
    assert found["months"][0, 1] == 4.0 and np.isnan(found["months"][0, [0, 2]]).all()


def test_the_warning_stands_before_the_seeds() -> None:
    for language, said in (("en", "Do not choose a seed because it proves a point."), ("fr", "prouve une thèse")):
        _, _, files = made(language=language)
        text = pages_of(files["facilitator.html"])[4].text
        assert said in text
        assert text.index(said) < text.index(str(seeds().looked[0].seed)) if str(seeds().looked[0].seed) in text else 1


def test_where_no_seed_is_of_a_kind_the_units_say_so() -> None:
    setting, worked, _ = made()
    quiet = seeds().of("quiet")[:2]
    assert not {"near-miss", "averted", "in-spite"} & {kind for one in quiet for kind in one.teaches}
    alone = replace(worked, seeds=replace(seeds(), looked=tuple(quiet)))
    files = kit_files(setting, alone, alone.seeds)
    for page in pages_of(files["units.html"]):
        assert "no seed of the kind among the 2 looked at" in plain(page.text)
    assert "--explain STATE/GROUP" in plain(" ".join(pages_of(files["units.html"])[0].code))
    assert "none among the 2 seeds looked at" in plain(pages_of(files["facilitator.html"])[4].text)


def test_answers_where_nobody_and_where_everybody_came_to_atrocity() -> None:
    setting, worked, _ = made()
    none = {"late-response": np.minimum(worked.stages.stages["late-response"], 1)}
    calm = kit_files(setting, replace(worked, stages=replace(worked.stages, stages=none)), seeds())["answers.html"]
    assert "No group entered atrocity in any of the runs." in plain(pages_of(calm)[0].text)
    every = {"late-response": np.concatenate([none["late-response"], np.full_like(none["late-response"], 4)], axis=1)}
    worst = kit_files(setting, replace(worked, stages=replace(worked.stages, stages=every)), seeds())["answers.html"]
    assert "No state was spared in all runs." in plain(pages_of(worst)[0].text)


RARE = {"units.cost.answer_no_return", "units.apart", "units.cost.answer_return", "units.cost.answer_gdp"}
"""Words that it depends on chance whether a few runs call for."""


def test_every_word_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: set[str] = set()
    for name in ("__call__", "all"):
        own = getattr(Words, name)
        monkeypatch.setattr(
            Words, name, lambda self, key, _own=own, **given: asked.add(key) or _own(self, key, **given)
        )
    file = tmp_path / "islands.toml"
    states = load("relapse-risk").states
    file.write_text(
        'extends = "relapse-risk"\n'
        + "".join(f'[states.{key}]\nneighbours = []\nconflict = "war"\n' for key in states if key != "brenmoor")
        + '[states.brenmoor]\nneighbours = []\nconflict = "recovery"\nconflict_months = 0\nelection_interval = 0\n'
        + "mission = 0.5\ndisplaced_inside = 1000.0\n"
        + '[bodies.blue-helpers]\nname = "Blue Helpers"\nkind = "partner"\nmandates = ["police"]\nmembers = "all"\n'
        + "budget = 1e6\n"
    )
    unbound = [key for key, form in load("relapse-risk").forms.items() if form.consent == 0.0]
    islands = load(file, [f"forms.{key}.consent=0.1" for key in unbound])
    for scenario in ("seminar", "insurgency", islands):
        for minutes in SCHEDULES:
            setting = setting_of(scenario, 30, minutes)
            shared = dict.fromkeys(list(setting.roles)[:1], 2)
            everybody = replace(setting, cast=dict.fromkeys(setting.roles, 1) | shared)
            kit_files(everybody, ran(), seeds()) if scenario == "seminar" else for_participants(setting.scenario)
    test_where_no_seed_is_of_a_kind_the_units_say_so()
    test_answers_where_nobody_and_where_everybody_came_to_atrocity()
    CliRunner().invoke(app, ["seminar-seeds", "seminar", "--runs", "2", "--years", "1"])
    known = {key for key, _ in texts("en") if key != "language" and not key.startswith("numbers.")}
    assert known - asked - RARE == set()


# -- the command -------------------------------------------------------------------------------------------------------


def kit(*words: str) -> Result:
    return CliRunner().invoke(app, ["seminar-kit", *words])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("seminar --people 5", ("--people", "5 is not allowed: 6 to 60")),
        ("seminar --people 61", ("--people", "61 is not allowed: 6 to 60")),
        ("seminar --minutes 60", ("--minutes", "60 is not allowed: 90 or 180")),
        ("seminar --language fre", ("--language", "fre is not allowed: one of en, fr (did you mean fr?)")),
        ("seminar --language ../words/en", ("--language", "one of en, fr")),
        ("real.toml", ("SCENARIO", "real_names", "invented worlds alone")),
        ("world", ("SCENARIO", "world: cannot be played", "190", "1 to 60")),
        ("seminr", ("did you mean seminar?",)),
        ("seminar --runs 9", ("--runs", "10")),
    ],
)
def test_what_is_not_allowed_is_refused_before_anything_runs(
    words: str, said: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    from r2psim.cli import main

    out = tmp_path / "kit"
    (tmp_path / "real.toml").write_text('extends = "insurgency"\nreal_names = true\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("r2psim.seminar.seeds.find_seeds", lambda *_, **__: pytest.fail("something was run"))
    monkeypatch.setattr("sys.argv", ["r2psim", "seminar-kit", *words.split(), "--out", str(out)])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    told = plain(re.sub(r"[│╭╮╰╯─]", " ", capsys.readouterr().err))
    for part in said:
        assert part in told
    assert not out.exists()


def test_the_command_writes_the_files_and_keeps_what_is_there(tmp_path: Path) -> None:
    out = tmp_path / "kit"
    options = ("--people", "6", "--minutes", "90", "--runs", "10", "--seeds", "10", "--out", str(out))
    done = kit("contested-election", *options)
    assert done.exit_code == 0, done.output
    names = sorted(file.name for file in out.iterdir())
    assert names == [
        "answers.html", "facilitator.html", "provenance.json", "role-cards.html", "units.html", "world.html",
    ]  # fmt: skip
    assert all(f"{name}" in done.stdout for name in names)
    for file in out.glob("*.html"):
        read(file.read_text("utf-8"))
    assert json.loads((out / "provenance.json").read_text())["kind"] == "seminar-kit"
    again = kit("contested-election", *options)
    assert again.exit_code != 0 and "earlier output" in str(again.exception or again.output)


def test_a_session_that_the_material_is_for_can_be_opened() -> None:
    """Roles and length are those of a session: whoever holds a card finds the role in the list."""
    setting, _, _ = made(30, 180)
    seminars = Seminars()
    opened = seminars.open("Monday", "seminar", years=setting.years)
    assert setting.cast.keys() <= seminars.roles(opened.code).keys()
    seminars.close()
