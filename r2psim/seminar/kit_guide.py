"""The facilitator's guide: cast, script minute by minute, questions for the debriefing, choosing a seed."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from r2psim.markup import Markup, element
from r2psim.seminar.debrief import BEFORE_THE_WORST, GENERAL, QUIET
from r2psim.seminar.kit_cast import size_of
from r2psim.seminar.kit_page import bullets, code, grid, page, paragraph, section
from r2psim.seminar.kit_setting import SCHEDULES, Setting
from r2psim.seminar.seeds import TEACHES, Seeds

__all__ = ["guide_pages", "seeds_section"]

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
    given = {
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
        ),
        _head(setting, words("guide.cast"), paragraph(words("guide.cast_about")), _cast(setting)),
        _head(setting, words("guide.script"), element("div", _script(setting), class_="tight")),
        _head(
            setting,
            words("guide.questions"),
            paragraph(words("guide.questions_about")),
            bullets(questions),
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
            span = element("span", f"{_clock(at)}–{_clock(at + minutes)}", class_="nowrap")
            yield span, minutes, element("strong", words(f"script.{step}.title", **given)), words(f"script.{step}.do")
            at += minutes
        yield _clock(at), "", element("strong", words("guide.end")), ""

    heads = ("", *(words(f"guide.{key}") for key in ("minutes", "what", "you")))
    return grid(heads, rows(), numbers=(1,))


# -- seeds -------------------------------------------------------------------------------------------------------------


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
        element("div", paragraph(words("seeds.warning", unmoved=words.percent(seeds.unmoved().mean))), class_="box"),
        paragraph(words("seeds.about", years=seeds.years)),
        grid(heads, rows),
        paragraph(words("seeds.secret")),
        paragraph(words("seeds.command", command=code(command))),
    ]
