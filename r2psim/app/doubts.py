"""What would change this verdict? Which unknown moves a difference most, and where along it the difference turns.

The runs are those of Compare with unknown parameters drawn (`r2psim.analysis.movers`); along one unknown, places as
along a slider, everything else as it stands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import solara

from r2psim.analysis.findings import METRIC_NAMES, ranged
from r2psim.analysis.movers import FEWEST, Mover, Movers, movers
from r2psim.app.following import use_runs
from r2psim.app.inputs import about_number, told
from r2psim.app.levers import Lever
from r2psim.app.page_parts import Markup, element, join, table
from r2psim.app.runs import Setting, setting_of
from r2psim.app.sweep import ASKED, Along, Course, places_along, said_at
from r2psim.app.widgets import Form, View
from r2psim.ensemble.intervals import Interval
from r2psim.ensemble.measures import METRICS
from r2psim.plots.style import plain
from r2psim.scenario.paths import form_number, number_at

__all__ = ["Doubts", "along_unknown", "drawn_pair", "found_words", "named"]

UNKNOWNS = "unknowns"
"""The figure's name."""
RUNS = 1000
"""Runs of each policy, each with draws of its own."""


def drawn_pair(now: Course) -> tuple[Setting, Setting]:
    """Give the settings of both policies with unknown parameters drawn: all of them, where runs differ in luck only."""
    by_policy = {setting.policy: setting for setting in now.settings}
    mine, baseline = (
        s._replace(uncertainty="all" if s.uncertainty == "none" else s.uncertainty)
        for s in (by_policy[policy] for policy in now.pair)
    )  # fmt: skip
    return mine, baseline


def along_unknown(now: Course, mover: Mover) -> tuple[Lever, tuple[float, ...], tuple[tuple[Setting, Setting], ...]]:
    """Give the way along an unknown: over its range, its places, and at each the settings of both policies."""
    lever = Lever(mover.path, mover.meaning, mover.path, mover.low, mover.high, mover.high - mover.low)
    by_policy = {setting.policy: setting for setting in now.settings}
    at = tuple(places_along(mover.low, mover.high).tolist())
    places = []
    for value in at:
        mine, baseline = (
            s._replace(sets=(*s.sets, f"{mover.path}={value:.9g}")) for s in (by_policy[p] for p in now.pair)
        )
        places.append((mine, baseline))
    return lever, at, tuple(places)


def _found(pair: tuple[Setting, Setting], differences: np.ndarray) -> Movers:
    """Rank the unknowns of a pair."""
    sets = tuple(sorted({*pair[0].sets, *pair[1].sets}))
    full = setting_of(pair[0].scenario, sets, pair[0].own)
    return movers(full, differences, pair[0].seed, pair[0].uncertainty)


def _amount(metric: str, interval: Interval) -> str:
    """Write a difference with its limits."""
    said, limits = ranged(metric, interval)
    return f"{said} ({limits})" if limits else said


def _limited(metric: str, interval: Interval) -> Markup:
    """Write a difference, and below it its limits; one that is told apart from none stands out."""
    said, limits = ranged(metric, interval)
    told_ = element("strong" if interval.told_apart else "span", said)
    return element("span", told_, element("br"), element("span", limits, class_="r2p-note"))


def named(mover: Mover) -> str:
    """Name an unknown: an effect by its form, and a rate, of which several are called alike, with its path."""
    return mover.meaning if form_number(mover.path) is not None else f"{mover.meaning} ({mover.path})"


def found_words(found: Movers, metric: str, pair: tuple[str, str]) -> str:
    """Say which unknown moves the difference most, or that none is told to."""
    what = f"the difference in {METRIC_NAMES[metric][0]} ({pair[0]} minus {pair[1]})"
    if not found.unknown:
        return "Nothing is drawn here: the scenario, or what was set, says all that otherwise is not known."
    if not found.movers:
        if found.runs < FEWEST:
            return f"Too few runs have a value to say anything: {found.runs} of at least {FEWEST}."
        return f"Exactly the same in every run, whatever is drawn: none of the {found.unknown} unknowns moves {what}."
    best = found.movers[0]
    ends = (
        f"in the third of the runs with its lowest draws it is {_amount(metric, best.at_low)}, with its highest "
        f"{_amount(metric, best.at_high)}"
    )
    if best.told_apart:
        more = len(found.told) - 1
        others = f" So can {more} more be told." if more else " No other can be told."
        return (
            f"Of {found.unknown} unknowns {named(best)} can be told to move {what} most: {ends}.{others} What is "
            "fitted together is drawn together: another one that comes with it may be what moves it."
        )
    return (
        f"None of the {found.unknown} unknowns can be told to move {what} in {found.runs:,} runs: luck moves it more. "
        f"The strongest trace is of {named(best)} ({ends}), and among so many one as strong comes by chance."
    )


def _table(found: Movers, metric: str) -> Markup:
    """Tabulate the strongest."""
    rows = []
    for mover in found.movers:
        about = element("span", f"Evidence: {mover.label}. ", element("code", mover.path), class_="r2p-note")
        name = element("span", plain(mover.meaning), element("br"), about, class_="r2p-words")
        ends = [_limited(metric, interval) for interval in (mover.at_low, mover.at_high)]
        rows.append((name, *ends, "yes" if mover.told_apart else "no"))
    heads = ("Unknown", "Difference where it is low", "Where it is high", "Told apart from chance")
    caption = f"What moves it most, of {found.unknown} unknowns ({found.runs:,} runs)"
    note = (
        "Low and high: the thirds of the runs with its lowest and highest draws. Bold: told apart from no difference."
    )
    return join((table(heads, rows, caption, class_="r2p-tight"), element("p", note, class_="r2p-note")))


@solara.component
def Doubts(now: Course, metric: str, path: str, go: Callable[[str, str], None]) -> None:
    """Offer to ask what would change the verdict; what was asked stays until it is asked anew.

    Parameters
    ----------
    now : Course
        Where it starts from.
    metric, path : str
        Of what difference it is asked, or empty; along which unknown, or empty for the strongest.
    go : callable
        Told the metric and the unknown that are chosen.
    """
    turn, set_turn = solara.use_state(0)
    wanted = solara.use_memo(lambda: now, [metric, turn])
    View(html=element("h2", "What would change this verdict?"))
    options = [("", "choose a difference"), *((m, plain(METRIC_NAMES[m][0])) for m in ASKED)]
    Form(
        label="Doubts",
        fields=[{"key": "metric", "label": "Verdict on", "kind": "select", "value": metric, "options": options}],
        event_change=lambda values: go(str(values.get("metric", "")) if values.get("metric") in ASKED else "", ""),
    )  # fmt: skip
    if metric not in ASKED:
        note = (
            f"Which of the unknown rates and effects moves the difference most, in {RUNS:,} runs that each draw them "
            "all; and along it, the value at which the difference turns."
        )
        View(html=element("p", note, class_="r2p-note"))
        return
    if wanted.settings != now.settings or wanted.pair != now.pair:
        again = element("button", "Ask of what stands now", type="button", data_pick="again", class_="r2p-button")
        said = "This is as the sliders and the choice of policies stood when it was asked. "
        View(html=element("p", said, again, class_="r2p-note"), event_pick=lambda _: set_turn(turn + 1))
    else:
        View()
    _Ranked(wanted, metric, path, go)


@solara.component
def _Ranked(now: Course, metric: str, path: str, go: Callable[[str, str], None]) -> None:
    """Ask for the runs, rank what was drawn, and go along the strongest or the one that was chosen."""
    pair = drawn_pair(now)
    shown, goal, trouble, there = use_runs(pair, RUNS)
    told(trouble)
    place = list(METRICS).index(metric)
    here = shown is not None and shown.settings == pair

    def rank() -> Movers | None:
        if shown is None or not here or shown.runs < FEWEST:
            return None
        mine, baseline = (f.metrics[: shown.runs, place] for f in shown.found)
        return _found(pair, mine - baseline)

    found = solara.use_memo(rank, [shown, pair, metric])
    done = here and shown is not None and shown.runs >= goal > 0
    if found is None or not done:
        most = goal or RUNS
        meter = element("progress", max=most, value=min(there, most), aria_label="Runs that draw what is not known")
        words = f" {there:,} of {most:,} runs of each policy with what is not known drawn."
        View(html=element("p", meter, words, class_="r2p-note"))
    else:
        View()
    if found is None:
        View()
        return
    # Said aloud once: when all runs are there.
    lead = element("p", found_words(found, metric, now.pair), class_="r2p-verdict", role="status" if done else None)
    View(html=lead + (_table(found, metric) if found.movers else Markup()))
    if not found.movers or not done:
        return
    by_path = {mover.path: mover for mover in found.movers}
    chosen = by_path.get(path, found.movers[0])
    Form(
        label="Along an unknown",
        fields=[
            {"key": "path", "label": "Where does it turn, along", "kind": "select", "value": chosen.path,
             "options": [(m.path, plain(named(m))) for m in found.movers], "help": _about(chosen, now)},
        ],
        event_change=lambda values: go(metric, str(values.get("path", "")) if values.get("path") in by_path else ""),
    )  # fmt: skip
    lever, at, places = along_unknown(now, chosen)
    ends = f"{said_at(lever, chosen.low)} to {said_at(lever, chosen.high)}"
    said = f"Alone, over its whole range ({ends}), everything else as it stands above; only this one was gone along."
    View(html=element("p", said, class_="r2p-note"))
    Along(lever, at, places, metric, now.pair, UNKNOWNS).key(f"along {chosen.path}")


def _about(mover: Mover, now: Course) -> str:
    """Say all that is declared of an unknown."""
    one: Any = now.settings[0]
    number = number_at(mover.path, setting_of(one.scenario, (), one.own).forms)
    return about_number(number) if number is not None else ""
