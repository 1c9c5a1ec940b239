"""Where it breaks even: the difference of two policies along one slider, with the place where it turns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil, floor
from time import monotonic
from typing import Any, NamedTuple

import numpy as np
import solara

from r2psim.analysis.break_even import break_evens
from r2psim.analysis.findings import METRIC_NAMES, amount
from r2psim.app import text_width
from r2psim.app.following import use_runs
from r2psim.app.inputs import told
from r2psim.app.levers import LEVERS, Lever, effect_levers, sets_of
from r2psim.app.page_parts import Markup, element, join, uncapital
from r2psim.app.runs import Setting, setting_of
from r2psim.app.saving import ALONG, Files, saved, written
from r2psim.app.text_width import room_for, round_below, round_step
from r2psim.app.widgets import Form, View
from r2psim.ensemble.intervals import Interval, paired_interval
from r2psim.ensemble.measures import METRICS
from r2psim.plots.style import plain

__all__ = ["ASKED", "LARGEST", "Along", "Course", "Sweep", "draw_sweep", "places_along", "said_at"]

INTERVALS = 6
"""Between the places along a slider, about."""
RUNS = 200
LARGEST = 1.4
"""How much larger than on a phone a drawing is where there is room."""
EVEN = "break-even"
ASKED = (
    *("deaths", "episodes", "expelled", "persecuted_months", "war_crimes"),
    *("prevention_and_response", "total_cost", "response_needed", "gdp_lost"),
)


def draw_sweep(lever: Lever, at: np.ndarray, intervals: list[Interval], metric: str, pair: tuple[str, str]) -> Markup:
    """Draw the mean difference and its 95 % interval along a slider."""
    height, bottom, top, across = 240.0, 36.0, 20.0, 330.0
    low = np.array([i.mean if i.low is None else i.low for i in intervals])
    high = np.array([i.mean if i.high is None else i.high for i in intervals])
    mean = np.array([i.mean for i in intervals])
    most = float(max(np.abs(low).max(), np.abs(high).max())) or 1.0
    reached = round_below(most)
    ticks = {
        value: "no difference" if value == 0.0 else f"{'less' if value < 0 else 'more'}: {amount(metric, abs(value))}"
        for value in (-reached, 0.0, reached)
    }
    places = [said_at(lever, value) for value in at]
    left, right = room_for(list(ticks.values())) + 12.0, room_for(places) / 2 + 6.0
    width = left + across + right

    def x(value: Any) -> Any:
        return left + across * (value - lever.low) / (lever.high - lever.low)

    def y(value: Any) -> Any:
        return top + (height - top - bottom) * (0.5 - 0.5 * value / most)

    def path(values: np.ndarray) -> list[str]:
        return [f"{a:.1f},{b:.1f}" for a, b in zip(x(at), y(values), strict=True)]

    parts = [
        element("path", d="M" + "L".join([*path(low), *path(high)[::-1]]) + "Z", class_="r2p-band r2p-b90"),
        element("line", x1=left, x2=width - right, y1=y(0.0), y2=y(0.0), class_="r2p-zero"),
        element("path", d="M" + "L".join(path(mean)), class_="r2p-mean"),
    ]
    for value, said in ticks.items():
        parts.append(element("text", said, x=left - 8, y=float(y(value)) + 4, class_="r2p-tick", text_anchor="end"))
    for place, said in _apart([float(x(value)) for value in at], places):
        parts.append(element("text", said, x=place, y=height - 14, class_="r2p-tick", text_anchor="middle"))
    for value, interval in zip(at, intervals, strict=True):
        kind = "r2p-apart" if interval.told_apart else "r2p-unsure"
        parts.append(element("circle", cx=float(x(value)), cy=float(y(interval.mean)), r=4.5, class_=f"r2p-dot {kind}"))
    found = break_evens(at.tolist(), intervals)
    for first, last in found:
        left_, right_ = float(x(first)), float(x(last))
        box = {"x": left_, "width": right_ - left_, "y": top, "height": height - top - bottom}
        parts.insert(0, element("rect", **box, class_="r2p-even-range"))
        within = min(left_ + 5, width - text_width.width(EVEN, bold=True))
        parts.append(element("text", EVEN, x=within, y=top + 11, class_="r2p-row-name r2p-strong"))
    words, along = METRIC_NAMES[metric][0], uncapital(lever.named(pair[0]))
    drawing = element(
        "svg", *parts, viewBox=f"0 0 {width:.0f} {height:.0f}", class_="r2p-two", role="img",
        aria_label=f"Difference in {words} along {along}", style=f"max-width:{width * LARGEST:.0f}px",
    )  # fmt: skip
    caption = f"{plain(words)}, {pair[0]} minus {pair[1]}, mean of a run with its 95 % interval, by: {along}"
    if found:
        ranges = " and ".join(f"between {said_at(lever, a)} and {said_at(lever, b)}" for a, b in found)
        said = f"It breaks even {ranges}, where the difference is told apart from none (filled) with opposite signs."
    elif any(i.told_apart for i in intervals):
        said = "Wherever the difference is told apart from none (filled) it has the same sign: no break-even here."
    else:
        said = "Nowhere in this range can the difference be told apart from none with so many runs."
    return element(
        "figure", element("figcaption", caption), drawing, element("p", said, class_="r2p-note"), class_="r2p-figure"
    )


def _apart(places: list[float], texts: list[str]) -> list[tuple[float, str]]:
    """Give the labels of an axis that do not run into each other: both ends, and of the others those that have room.

    Examples
    --------
    >>> _apart([0.0, 30.0, 100.0, 190.0, 200.0], ["0.0003004", "0.0004", "0.001", "0.0016", "0.001673"])
    [(0.0, '0.0003004'), (100.0, '0.001'), (200.0, '0.001673')]
    """
    half = [text_width.width(text) / 2 + 3.0 for text in texts]
    last = len(places) - 1
    kept = [0, *([last] if last else [])]
    for k in range(1, last):
        if all(abs(places[k] - places[other]) >= half[k] + half[other] for other in kept):
            kept.append(k)
    return [(places[k], texts[k]) for k in sorted(kept)]


def places_along(low: float, high: float) -> np.ndarray:
    """Give round numbers between two ends, and the ends.

    Examples
    --------
    >>> places_along(0.0, 1.0).tolist(), places_along(0.25, 4.0).tolist()
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [0.25, 1.0, 2.0, 3.0, 4.0])
    """
    step = round_step(high - low, INTERVALS)
    inside = [k * step for k in range(ceil(low / step), floor(high / step) + 1)]
    kept = [value for value in inside if min(value - low, high - value) > 0.3 * step]
    return np.unique(np.round([low, *kept, high], 9))


def said_at(lever: Lever, value: float) -> str:
    """Write a place on a slider."""
    return f"{value:.0%}".replace("%", " %") if lever.percent else f"{value:.4g}"


class Course(NamedTuple):
    """What a way along a slider starts from: what is compared, and where all sliders stand.

    Attributes
    ----------
    settings : tuple of Setting
        What is compared.
    examined, baseline : str
        The policy that has sliders of its own, and the one that it is told against.
    values, start : mapping of str to float
        Where the sliders stand, and where they stood.
    """

    settings: tuple[Setting, ...]
    examined: str
    baseline: str
    values: Mapping[str, float]
    start: Mapping[str, float]

    @property
    def pair(self) -> tuple[str, str]:
        """The two policies whose difference is drawn."""
        return self.examined, self.baseline


def _settings(lever: Lever, along: Course) -> tuple[np.ndarray, list[tuple[Setting, Setting]]]:
    """Give the places along a slider, and the settings of both policies at each."""
    one = along.settings[0]
    at = places_along(lever.low, lever.high)
    found = []
    for value in at:
        here = dict(along.values) | {lever.key: float(value)}
        a, b = (
            one._replace(policy=policy, sets=sets_of(here, along.start, policy, along.examined, (lever.key,)))
            for policy in along.pair
        )
        found.append((a, b))
    return at, found


@solara.component
def Sweep(scenario: str, now: Course, along: str, metric: str, go: Callable[[str, str], None]) -> None:
    """Offer to go along one slider; what was gone along stays until it is asked for anew.

    Parameters
    ----------
    scenario : str
        World.
    now : Course
        What it starts from.
    along, metric : str
        Slider that was chosen, or empty; of what the difference is drawn.
    go : callable
        Told the slider and the metric that are chosen.
    """
    levers = solara.use_memo(lambda: LEVERS | effect_levers(setting_of(scenario, ())), [scenario])
    turn, set_turn = solara.use_state(0)
    wanted = solara.use_memo(lambda: now, [along, metric, turn])

    def ask(values_: dict[str, Any]) -> None:
        key = str(values_.get("lever", ""))
        chosen = str(values_.get("metric", ""))
        go(key if key in levers else "", chosen if chosen in ASKED else "total_cost")

    View(html=element("h2", "Where does it break even?"))
    Form(
        label="Break-even",
        fields=[
            {"key": "lever", "label": "Along", "kind": "select", "value": along,
             "options": [("", "choose a slider"), *((k, lever.named(now.examined)) for k, lever in levers.items())]},
            {"key": "metric", "label": "Difference in", "kind": "select", "value": metric,
             "options": [(m, plain(METRIC_NAMES[m][0])) for m in ASKED]},
        ],
        event_change=ask,
    )  # fmt: skip
    if along not in levers:
        note = f"Some places along a slider, {RUNS} runs at each, everything else as it stands above."
        View(html=element("p", note, class_="r2p-note"))
        return
    lever = levers[along]
    at, places = _settings(lever, wanted)
    if _settings(lever, now)[1] != places:
        again = element("button", "Go along it as it stands now", type="button", data_pick="again", class_="r2p-button")
        said = "This is as the sliders and the choice of policies stood when it was asked for. "
        View(html=element("p", said, again, class_="r2p-note"), event_pick=lambda _: set_turn(turn + 1))
    else:
        View()
    Along(lever, tuple(at), tuple(places), metric, wanted.pair)


@solara.component
def Along(
    lever: Lever,
    at: tuple[float, ...],
    places: tuple[tuple[Setting, Setting], ...],
    metric: str,
    pair: tuple[str, str],
    name: str = ALONG,
) -> None:
    """Ask for the runs along a slider, and show what there is.

    Parameters
    ----------
    lever : Lever
        Along what.
    at, places : tuple
        Its values, and at each the settings of both policies.
    metric, pair : str, tuple of str
        Of what the difference is drawn; of which policy, and from which.
    name : str
        By which the figure is known on the page.
    """
    wanted = tuple(dict.fromkeys(s for both in places for s in both))
    shown, goal, trouble, _ = use_runs(wanted, RUNS)
    answer, set_answer = solara.use_state({})
    told(trouble)
    place = list(METRICS).index(metric)
    if shown is None or shown.settings != wanted or shown.runs < 2:
        View(html=element("p", "The first runs are on their way ...", class_="r2p-note", role="status"))
        return
    values = {s: f.metrics[: shown.runs, place] for s, f in zip(wanted, shown.found, strict=True)}
    intervals = [i for i in (paired_interval(values[a] - values[b]) for a, b in places) if i is not None]
    if len(intervals) < len(places):
        View(html=element("p", "No run has a value.", class_="r2p-note"))
        return
    drawing = saved(name, "the break-even", draw_sweep(lever, np.array(at), intervals, metric, pair))
    # Said aloud once: when all runs are there.
    role = "status" if shown.runs >= goal else None
    note = element("p", f"{shown.runs} runs at each place.", class_="r2p-note", role=role)
    View(html=join((drawing, note)))

    def ask(wanted_name: str) -> None:
        if wanted_name == f"csv:{name}":
            rows = ((value, *i, str(i.told_apart).lower()) for value, i in zip(at, intervals, strict=True))
            content = written((lever.path, *Interval._fields, "told_apart"), rows)
            file = f"{wanted[0].scenario}-{name}.csv".rpartition("/")[2]
            set_answer({"file": file, "kind": "text/csv", "content": content, "number": monotonic()})

    said = f"{pair[0]} minus {pair[1]}, {metric}, {shown.runs} runs at each place"
    Files(stem=wanted[0].scenario.rpartition("/")[2], source=said, answer=answer, only=name, event_ask=ask)
