"""The facilitator's guide: cast, script minute by minute, questions for the debriefing, choosing a seed."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from r2psim.markup import Markup, element
from r2psim.seminar.debrief import BEFORE_THE_WORST, GENERAL, QUIET
from r2psim.seminar.kit_cast import size_of
from r2psim.seminar.kit_page import bullets, button, code, grid, page, paragraph, section
from r2psim.seminar.kit_setting import SCHEDULES, Setting
from r2psim.seminar.kit_units import EARLY, LATE, policies_words
from r2psim.seminar.kit_words import Words
from r2psim.seminar.other_luck import LUCKS
from r2psim.seminar.seeds import TEACHES, Seeds

__all__ = ["BUTTONS", "guide_pages", "seeds_section", "seeds_warning"]

BUTTONS = {
    "opening": "Open the seminar",
    "projector": "Open the projector view",
    "offer": "Offer these roles",
    "begin": "Begin the first round",
    "run": "Run year {N} as decided",
    "pause": "Pause",
    "resume": "Go on",
    "more": "2 minutes more",
    "finish": "End the exercise",
    "debrief": "Open the debriefing: all see the results",
    "results": "What happened, and going back",
    "believed": "What you believed",
    "happened": "What happened",
    "why": "Why",
    "decided": "What was decided",
    "otherwise": "The other decision",
    "back": "Go back and decide otherwise",
    "later": "later decisions stay",
    "with_plan": "Run it with this plan",
    "with_decisions": "Run it with these decisions",
    "luck": "Other luck",
    "questions": "Questions for the debriefing",
    "save": "Save the session as a file",
}
"""What the guide names -> how the facilitator's page calls it; ``{N}`` stands for the number of a year."""

SHOWN = 3
"""Seeds of a kind that are printed."""


def guide_pages(setting: Setting, seeds: Seeds) -> list[Markup]:
    """Write the guide.

    Parameters
    ----------
    setting : Setting
        What is held.
    seeds : Seeds
        That were looked at, for how common each kind is.
    """
    words = setting.words
    pressed = _buttons()
    given = pressed | {
        "address": code("http://ADDRESS:8765/join"),
        "install": code('pip install "r2psim[app]"'),
        "warmup": code("r2psim warmup"),
        "command": code("r2psim app --host 0.0.0.0"),
        "scenario": setting.name_of_file,
        "years": setting.years,
        "size": size_of(setting.people),
    }
    questions = [words.of(text) for text in (BEFORE_THE_WORST, QUIET, *GENERAL)]
    return [
        _head(
            setting,
            words("kit.facilitator"),
            paragraph(words("kit.made", people=setting.people, minutes=setting.minutes, years=setting.years)),
            _contents(setting),
            section(words("guide.before"), bullets(words.all("guide.before_list", **given))),
            section(words("guide.trouble"), bullets(words.all("guide.trouble_list", **given))),
        ),
        _head(setting, words("guide.cast"), *_about_cast(setting, pressed), _cast(setting)),
        _head(setting, words("guide.script"), element("div", _script(setting), class_="tight")),
        _head(
            setting,
            words("guide.questions"),
            paragraph(words("guide.questions_about", **pressed)),
            bullets(questions),
            section(words("guide.quiet"), bullets(words.all("guide.quiet_list", **pressed), "ol")),
        ),
        _head(setting, words("guide.seeds"), *seeds_section(setting, seeds)),
    ]


def _head(setting: Setting, title: object, *inside: object) -> Markup:
    words = setting.words
    kicker = words.of(setting.scenario.title)
    return page(words, kicker, words("kit.facilitator_only"), element("h1", title), *inside, class_="page card")


def _contents(setting: Setting) -> Markup:
    words = setting.words
    parts = ("role_cards", "world", "facilitator", "units", "answers")
    said = (words.labelled(element("strong", words(f"kit.{part}")), words(f"kit.{part}_for")) for part in parts)
    return section(words("kit.contents"), bullets(said))


def _cast(setting: Setting) -> Markup:
    words = setting.words
    rows = [
        (setting.title(setting.roles[key]), words.of(setting.roles[key].kind), people)
        for key, people in setting.cast.items()
    ]
    rows.append((element("strong", words("guide.total")), "", sum(setting.cast.values())))
    return grid([words("guide.role"), words("guide.kind"), words("guide.people")], rows, numbers=(2,))


def _buttons() -> dict[str, object]:
    return {key: button(text.format(N="N")) for key, text in BUTTONS.items()}


def _about_cast(setting: Setting, pressed: dict[str, object]) -> Iterator[Markup]:
    """Say who plays with whom, and whom nobody plays."""
    words = setting.words
    shared = any(people > 1 for people in setting.cast.values())
    yield paragraph(words("guide.shared") if shared else words("guide.alone"))
    ruled = words.listed(setting.title(role) for role in setting.ruled())
    yield paragraph(words("guide.ruled", roles=ruled) if ruled else words("guide.none_ruled"))
    yield paragraph(words("guide.fewer", **pressed))


def _clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02d}"


def _script(setting: Setting) -> Markup:
    """Write what happens when: each row begins where the one before ends."""
    words = setting.words

    def rows() -> Iterator[tuple[object, ...]]:
        at, year = 0, 0
        for step, minutes in SCHEDULES[setting.minutes]:
            year += step in ("first_round", "round")
            given = {"year": year} if step == "round" else {}
            said = words(f"script.{step}.do", **_buttons(), lucks=words.whole(LUCKS))
            span = element("span", f"{_clock(at)}–{_clock(at + minutes)}", class_="nowrap")
            yield span, minutes, element("strong", words(f"script.{step}.title", **given)), said
            at += minutes
        yield _clock(at), "", element("strong", words("guide.end")), ""

    heads = ("", *(words(f"guide.{key}") for key in ("minutes", "what", "you")))
    return grid(heads, rows(), numbers=(1,))


# -- seeds -------------------------------------------------------------------------------------------------------------


def seeds_warning(words: Words, seeds: Seeds) -> Markup:
    """Say why not to choose a seed that proves a point."""
    shares = {"unmoved": seeds.unmoved(), "calm": seeds.calm()}
    return words("seeds.warning", **{key: words.percent(share.mean) for key, share in shares.items()})


def seeds_section(setting: Setting, seeds: Seeds) -> list[Markup]:
    """Say which luck is how common, with some seeds of each kind, and why not to choose one that proves a point."""
    words = setting.words
    rows = []
    for kind in TEACHES:
        share = seeds.share(kind)
        common = words(
            "seeds.typical",
            share=words.percent(share.mean),
            range=words.range(words.percent(share.low or 0.0), words.percent(share.high or 0.0)),
        )
        found = [str(one.seed) for one in seeds.of(kind)[:SHOWN]]
        shown = words.listed(found) if found else words("seeds.none", n=len(seeds.looked))
        rows.append((words(f"seeds.teaches.{kind}"), common, shown))
    heads = [words(f"seeds.{key}") for key in ("kind", "common", "seeds")]
    command = f"r2psim seminar-seeds {shlex.quote(setting.name_of_file)}"
    return [
        element("div", paragraph(seeds_warning(words, seeds)), class_="box"),
        paragraph(words("seeds.about", years=seeds.years)),
        grid(heads, rows),
        paragraph(words("seeds.overlap")),
        bullets(policies_words(setting, (LATE, EARLY)), class_="small"),
        paragraph(words("seeds.secret")),
        paragraph(words("seeds.command", command=code(command))),
    ]
