"""A map of two sliders: where prevention pays and where it does not, with the place at which the sliders stand.

One file, though long: what is asked, the work in the queue, and the drawing are of one picture.

It is what ``r2psim break-even`` makes of two things, place by place, in the server's one queue: a coarse picture from
few runs first, then more runs, then more places along the line. It ends when nobody wants it any more.
"""

from __future__ import annotations

import shlex
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, NamedTuple

import numpy as np
import solara

from r2psim.analysis.break_even_grid import Sign
from r2psim.analysis.break_even_study import LEDGER_NAMES, SIGN_WORDS, BreakEven, Kept, break_even
from r2psim.analysis.cached_runs import Measured
from r2psim.app.following import PATIENCE, looked_at, tell
from r2psim.app.inputs import told
from r2psim.app.levers import LEVERS, Lever, effect_levers, sets_of
from r2psim.app.own_policies import file_name
from r2psim.app.page_parts import Markup, element, join, uncapital
from r2psim.app.runs import Setting, pool, setting_of
from r2psim.app.saving import Files, saved, written
from r2psim.app.settings import current
from r2psim.app.sweep import LARGEST, Course, places_along, said_at
from r2psim.app.text_width import fitted, room_for
from r2psim.app.widgets import Form, View
from r2psim.plots.style import plain

__all__ = ["MAP", "Asked", "LeverMap", "command_of", "draw_map", "map_of"]

MAP = "map"
"""The figure's name."""

COARSE = 25
"""Places of the first picture."""
PLACES = (COARSE, 40, 60)
"""Places that are looked at, step by step."""
FEW, FULL = 24, 200
"""Runs at a place in the first picture, and near a line in the end."""
LEAST = 50
"""Runs that ``r2psim break-even`` takes at least."""
KEPT_MAPS = 12


class StoppedError(Exception):
    """Nobody wants the map any more."""


class Asked(NamedTuple):
    """What is mapped.

    Attributes
    ----------
    mine, baseline : Setting
        The policy that is to pay and the one that it is told against, with everything set but the two sliders.
    first, second : Lever
        Across, and upwards.
    ledger : str
        A key of `LEDGER_NAMES`.
    here : tuple of (float, float)
        Where the two sliders stand.
    """

    mine: Setting
    baseline: Setting
    first: Lever
    second: Lever
    ledger: str
    here: tuple[float, float]

    @property
    def paths(self) -> tuple[str, str]:
        """What is set along each side; a slider that is a policy's own sets it for that policy."""
        policy = self.mine.policy
        first, second = (
            f"policies.{policy}.parameters.{lever.path}" if lever.own else lever.path
            for lever in (self.first, self.second)
        )
        return first, second

    @property
    def over(self) -> dict[str, tuple[float, float]]:
        """The paths with their ends."""
        return dict(
            zip(self.paths, ((lever.low, lever.high) for lever in (self.first, self.second)), strict=True)
        )  # fmt: skip

    def at(self, values: Mapping[str, float]) -> tuple[Setting, Setting]:
        """Give the settings of both policies at a place."""

        def set_(one: Setting) -> Setting:
            own = f"policies.{one.policy}."
            more = [f"{p}={v:.6g}" for p, v in values.items() if not p.startswith("policies.") or p.startswith(own)]
            return one._replace(sets=(*one.sets, *more))

        return set_(self.mine), set_(self.baseline)


def asked_of(now: Course, first: Lever, second: Lever, ledger: str) -> Asked:
    """Say what is mapped, from where all sliders stand."""
    one, both = now.settings[0], (first.key, second.key)
    # Sliders that are gone along stand nowhere beforehand.
    rest = {key: value for key, value in now.values.items() if key not in both}
    start = {key: value for key, value in now.start.items() if key not in both}
    mine, baseline = (
        one._replace(policy=policy, sets=sets_of(rest, start, policy, now.examined)) for policy in now.pair
    )  # fmt: skip
    return Asked(mine, baseline, first, second, ledger, (float(now.values[both[0]]), float(now.values[both[1]])))


def runs_for(asked: Asked) -> int:
    """Give how many runs a place gets in the end: fewer where a run takes long, so that a map ends."""
    cost = pool().seconds(asked.mine)
    most = current().limits.run_seconds / (2 * PLACES[-1] * cost) if cost > 0.0 else float(FULL)
    return int(max(min(FULL, most, current().limits.runs), min(FEW, current().limits.runs)))


def command_of(asked: Asked, found: BreakEven) -> str:
    """Write the command line that computes the same map."""
    one = asked.mine
    file = file_name(one.scenario, one.own) if one.own else one.scenario
    over = ",".join(f"{path}={low:g}:{high:g}" for path, (low, high) in asked.over.items())
    words = ["r2psim", "break-even", file, "--over", over, "--policy", one.policy]
    words += ["--baseline", asked.baseline.policy, "--ledgers", asked.ledger]
    words += ["--runs", str(found.plan.full), "--places", str(found.plan.places), "--seed", str(one.seed)]
    for text in sorted({*one.sets, *asked.baseline.sets}):
        words += ["--set", text]
    if one.uncertainty != "none":
        words += ["--uncertainty", one.uncertainty]
    return shlex.join([*words, "--json"])


def map_of(asked: Asked, runs: int, places: int, measured: Any, kept: Kept) -> BreakEven:
    """Make a map as ``r2psim break-even`` makes it, of runs that somebody else does."""
    sets = tuple(sorted({*asked.mine.sets, *asked.baseline.sets}))
    full = setting_of(asked.mine.scenario, sets, asked.mine.own)
    return break_even(
        full, asked.over, asked.mine.policy, asked.baseline.policy, [asked.ledger], runs, places, asked.mine.seed,
        uncertainty=asked.mine.uncertainty, measured=measured, kept=kept,
    )  # fmt: skip


# -- the work ----------------------------------------------------------------------------------------------------------


@dataclass
class _Course:
    """A map so far, and what was found for it: shared by all who ask for the same."""

    found: BreakEven | None = None
    step: int = 0
    kept: Kept = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


class _Maps:
    """Maps that were asked for last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: OrderedDict[Asked, _Course] = OrderedDict()

    def of(self, asked: Asked) -> _Course:
        """Give a map so far; where the sliders stand makes no other map."""
        key = asked._replace(here=(0.0, 0.0))
        with self._lock:
            course = self._made.setdefault(key, _Course())
            self._made.move_to_end(key)
            while len(self._made) > KEPT_MAPS:
                self._made.popitem(last=False)
            return course


MAPS = _Maps()


class Progress(NamedTuple):
    """What is told of a map that is being made: how far it is, whether it ended, what went wrong.

    Attributes
    ----------
    found : BreakEven or None
        The map as of the last step.
    places, step : int
        Places that were looked at, and the step, counted from 1, in which more runs or places are added.
    done, trouble : bool, str
        Whether it ended; what went wrong, empty if nothing did.
    """

    found: BreakEven | None = None
    places: int = 0
    step: int = 1
    done: bool = False
    trouble: str = ""


def steps_of(full: int) -> list[tuple[int, int]]:
    """Give the steps by which a map becomes finer: runs at a place near a line, and places."""
    return [(min(FEW, full), COARSE), *((full, places) for places in PLACES)]


def make(asked: Asked, ended: threading.Event, watched: Callable[[], bool], say: Callable[[Progress], None]) -> None:
    """Make a map step by step, in the server's one queue, until it is done or nobody wants it.

    Parameters
    ----------
    asked : Asked
        What is mapped.
    ended : threading.Event
        Set when nobody wants it any more.
    watched : callable
        Says whether anybody looks at it.
    say : callable
        Told how far it is.
    """
    who, course = object(), MAPS.of(asked)
    full, last, before, number = runs_for(asked), 0.0, 0, 1

    def measured(values: Mapping[str, float], count: int) -> Measured:
        nonlocal last, before
        pair = asked.at(values)
        pool().want(who, pair, count, before)
        there = 0
        while there < count:
            if ended.is_set():
                raise StoppedError
            if not watched():
                pool().leave(who)
                while not (watched() or ended.wait(PATIENCE)):
                    pass
                pool().want(who, pair, count, before)
                continue
            there = pool().follow(who, pair, there, PATIENCE)
            if wrong := pool().problem(pair):
                raise ValueError(wrong)
        found = [pool().get(setting) for setting in pair]
        before += count
        if monotonic() - last > PATIENCE:
            last = monotonic()
            say(Progress(course.found, len({shares for shares, _ in course.kept}), number))
        names = [setting.policy for setting in pair]
        return Measured(
            *(
                {name: getattr(f, part)[:count] for name, f in zip(names, found, strict=True)}
                for part in ("metrics", "ledgers", "null_metrics", "null_ledgers")
            )
        )

    try:
        for number, (runs, places) in enumerate(steps_of(full), 1):
            # Whoever comes second waits for the first, and finds what was found.
            while not course.lock.acquire(timeout=PATIENCE):
                say(Progress(course.found, len({shares for shares, _ in course.kept}), number))
                if ended.is_set():
                    raise StoppedError
            try:
                if course.step < number:
                    course.found = map_of(asked, runs, places, measured, course.kept)
                    course.step = number
            finally:
                course.lock.release()
            assert course.found is not None
            done = number == len(steps_of(full))
            say(Progress(course.found, len(course.found.spots), number, done))
    except StoppedError:
        pass
    except ValueError as error:
        say(Progress(course.found, 0, 0, True, str(error)))
    finally:
        pool().leave(who)


# -- drawing -----------------------------------------------------------------------------------------------------------

WIDTH, HEIGHT = 310.0, 250.0
"""Of the map: what stands around it is as wide as a phone."""
HATCH = 7.0
"""Between the lines that mark what is not told apart."""

CLASSES = {
    Sign.ABOVE: "r2p-pays",
    Sign.BELOW: "r2p-pays-not",
    Sign.OPEN: "r2p-open",
    Sign.NOTHING: "r2p-nothing",
    Sign.NONE: "r2p-nothing",
}


def _hatched(x: float, y: float, width: float, height: float) -> str:
    """Give lines that rise through a box, as the path of a drawing; those of neighbours meet."""
    parts = []
    # A line holds all points whose sum is the same.
    first = int(np.ceil((x + y) / HATCH))
    for k in range(first, int(np.floor((x + y + width + height) / HATCH)) + 1):
        total = k * HATCH
        left, right = max(x, total - y - height), min(x + width, total - y)
        if right - left > 0.5:
            parts.append(f"M{left:.1f},{total - left:.1f}L{right:.1f},{total - right:.1f}")
    return "".join(parts)


def draw_map(asked: Asked, found: BreakEven) -> Markup:
    """Draw where prevention pays, the line on which it breaks even, and the place at which the sliders stand."""
    first, second, ledger = asked.first, asked.second, asked.ledger
    policy = asked.mine.policy
    across = {float(v): said_at(first, v) for v in places_along(first.low, first.high)}
    up = {float(v): said_at(second, v) for v in places_along(second.low, second.high)}
    names = [uncapital(lever.named(policy)) for lever in (first, second)]
    left, top, bottom = room_for(list(up.values())) + 14.0, 26.0, 40.0
    right = room_for([*across.values()]) / 2 + 8.0

    def x(share: float) -> float:
        return left + WIDTH * share

    def y(share: float) -> float:
        return top + HEIGHT * (1.0 - share)

    parts = []
    for cell in found.cells:
        sign = cell.signs[ledger]
        box = (x(cell.low[0]), y(cell.high[1]), WIDTH * (cell.high[0] - cell.low[0]),
               HEIGHT * (cell.high[1] - cell.low[1]))  # fmt: skip
        parts.append(
            element("rect", x=box[0], y=box[1], width=box[2], height=box[3], class_=f"r2p-cell {CLASSES[sign]}")
        )
        if sign is Sign.OPEN:
            parts.append(element("path", d=_hatched(*box), class_="r2p-hatch"))
    parts.append(element("rect", x=left, y=top, width=WIDTH, height=HEIGHT, class_="r2p-frame"))
    line = "".join(f"M{x(a[0]):.1f},{y(a[1]):.1f}L{x(b[0]):.1f},{y(b[1]):.1f}" for a, b in _line(found, ledger))
    if line:
        parts.append(element("path", d=line, class_="r2p-even-line"))
    for spot in found.spots:
        sign = spot.found[ledger].sign
        kind = "r2p-apart" if sign in (Sign.ABOVE, Sign.BELOW) else "r2p-unsure"
        parts.append(
            element("circle", cx=x(spot.shares[0]), cy=y(spot.shares[1]), r=2.6, class_=f"r2p-dot r2p-spot {kind}")
        )
    for value, said in across.items():
        at = x((value - first.low) / (first.high - first.low))
        parts.append(element("text", said, x=at, y=top + HEIGHT + 18, class_="r2p-tick", text_anchor="middle"))
    for value, said in up.items():
        at = y((value - second.low) / (second.high - second.low))
        parts.append(element("text", said, x=left - 8, y=at + 4, class_="r2p-tick", text_anchor="end"))
    here = [(v - lever.low) / (lever.high - lever.low) for v, lever in zip(asked.here, (first, second), strict=True)]
    parts.append(
        element("path", d=f"M{x(here[0]):.1f},{y(here[1]) - 8:.1f}l8,8l-8,8l-8,-8z", class_="r2p-place",
                aria_label="Where the sliders stand")
    )  # fmt: skip
    width, height = left + WIDTH + right, top + HEIGHT + bottom
    upwards, across_ = (fitted(text, width - 4) for text in (f"↑ {plain(names[1])}", f"→ {plain(names[0])}"))
    parts.append(element("text", upwards, x=0, y=14, class_="r2p-row-name"))
    parts.append(element("text", across_, x=left + WIDTH, y=height - 4, class_="r2p-row-name", text_anchor="end"))
    caption = (
        f"Where {policy} pays instead of {asked.baseline.policy}: {LEDGER_NAMES[ledger]}, over {names[0]} (across) and "
        f"{names[1]} (upwards)"
    )
    drawing = element(
        "svg", *parts, viewBox=f"0 0 {width:.0f} {height:.0f}", class_="r2p-two", role="img",
        aria_label=f"{caption}. {_said(asked, found)}", style=f"max-width:{width * LARGEST:.0f}px",
    )  # fmt: skip
    return element(
        "figure", element("figcaption", plain(caption)), drawing, _key(found, ledger),
        element("p", _said(asked, found), class_="r2p-note"), class_="r2p-figure",
    )  # fmt: skip


def _line(found: BreakEven, ledger: str) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Give the line of break-even, if it is told apart that prevention pays in one place and does not in another."""
    signs = {spot.found[ledger].sign for spot in found.spots}
    return found.line(ledger) if {Sign.ABOVE, Sign.BELOW} <= signs else []


def _key(found: BreakEven, ledger: str) -> Markup:
    """Say what the fills and marks are; those that there are."""
    there = dict.fromkeys(SIGN_WORDS[cell.signs[ledger]] for cell in found.cells)
    boxes = []
    for sign, words in SIGN_WORDS.items():
        if words not in there:
            continue
        hatch = element("path", d=_hatched(0, 0, 22, 14), class_="r2p-hatch") if sign is Sign.OPEN else Markup()
        box = element(
            "svg", element("rect", x=0.5, y=0.5, width=21, height=13, class_=f"r2p-cell r2p-edge {CLASSES[sign]}"),
            hatch, viewBox="0 0 22 14", class_="r2p-swatch", aria_hidden="true",
        )  # fmt: skip
        boxes.append(element("span", box, f" {words}"))
    line = element(
        "svg", element("path", d="M0,7H22", class_="r2p-even-line"), viewBox="0 0 22 14", class_="r2p-swatch",
        aria_hidden="true",
    )  # fmt: skip
    place = element(
        "svg", element("path", d="M11,1l6,6l-6,6l-6,-6z", class_="r2p-place"), viewBox="0 0 22 14",
        class_="r2p-swatch", aria_hidden="true",
    )  # fmt: skip
    if _line(found, ledger):
        boxes.append(element("span", line, " breaks even in the mean"))
    boxes.append(element("span", place, " where the sliders stand"))
    return element("p", *(join((box, " ")) for box in boxes), class_="r2p-key")


def _said(asked: Asked, found: BreakEven) -> str:
    """Say how much of the map is what, and what is told where the sliders stand."""
    said = f"{plain(found.sentence(asked.ledger))}."
    sign = found.told_at(asked.ledger, asked.here)
    where = " and ".join(
        f"{uncapital(lever.named(asked.mine.policy))} {said_at(lever, value)}"
        for lever, value in zip((asked.first, asked.second), asked.here, strict=True)
    )
    if sign is None:
        return said
    told_ = {
        Sign.ABOVE: "it pays there and all around",
        Sign.BELOW: "it does not pay there nor around",
        Sign.OPEN: "whether it pays cannot be told there, or turns near by",
        Sign.NOTHING: "there is exactly no difference there",
        Sign.NONE: "no more is spent on prevention there",
    }
    return f"{said} The sliders stand at {where}: {told_[sign]}."


ABOUT = (
    "Prevention pays where what harm avoided saved in the ledger is more than what was spent more on prevention (in "
    "lives: where fewer are killed), by more than chance (95 %). Money that is merely withheld does not count."
)


# -- the page ----------------------------------------------------------------------------------------------------------


@solara.component
def LeverMap(
    scenario: str, now: Course, keys: Sequence[str], ledger: str, go: Callable[[tuple[str, ...], str], None]
) -> None:
    """Offer a map of two sliders; what was mapped stays until it is asked for anew.

    Parameters
    ----------
    scenario : str
        World.
    now : Course
        Where it starts from.
    keys : sequence of str
        The two sliders that were chosen, or one, or none.
    ledger : str
        In which ledger prevention is to pay.
    go : callable
        Told the sliders and the ledger that are chosen.
    """
    levers = solara.use_memo(lambda: LEVERS | effect_levers(setting_of(scenario, ())), [scenario])
    turn, set_turn = solara.use_state(0)
    chosen = [key for key in keys if key in levers]
    both = len(chosen) == 2
    wanted = solara.use_memo(
        lambda: asked_of(now, levers[chosen[0]], levers[chosen[1]], ledger) if both else None, [*chosen, ledger, turn]
    )
    first, second = [*chosen, "", ""][:2]

    def ask(values: dict[str, Any]) -> None:
        picked = [str(values.get(side, "")) for side in ("across", "up")]
        found = tuple(dict.fromkeys(key for key in picked if key in levers))
        of = str(values.get("ledger", ""))
        go(found, of if of in LEDGER_NAMES else ledger)

    def offered(other: str) -> list[tuple[str, str]]:
        kept = [(key, lever.named(now.examined)) for key, lever in levers.items() if key != other]
        return [("", "choose a slider"), *kept]

    View(html=element("h2", "Where does it pay? A map of two sliders"))
    Form(
        label="Map",
        fields=[
            {"key": "across", "label": "Across", "kind": "select", "value": first, "options": offered(second)},
            {"key": "up", "label": "Upwards", "kind": "select", "value": second, "options": offered(first)},
            {"key": "ledger", "label": "Pays in", "kind": "select", "value": ledger,
             "options": [(key, plain(name)) for key, name in LEDGER_NAMES.items()]},
        ],
        event_change=ask,
    )  # fmt: skip
    if wanted is None:
        View(html=element("p", ABOUT, class_="r2p-note"))
        return
    as_it_is = asked_of(now, levers[first], levers[second], ledger)
    if as_it_is._replace(here=wanted.here) != wanted:
        again = element("button", "Map it as it stands now", type="button", data_pick="again", class_="r2p-button")
        said = "This is as the other sliders and the choice of policies stood when it was asked for. "
        View(html=element("p", said, again, class_="r2p-note"), event_pick=lambda _: set_turn(turn + 1))
        _Made(wanted).key("map")
    else:
        View()
        _Made(as_it_is).key("map")


@solara.component
def _Made(asked: Asked) -> None:
    """Make a map, show what there is of it, and stop when asked to."""
    stopped, set_stopped = solara.use_state(False)
    (of, so_far), set_so_far = solara.use_state((None, Progress()))
    answer, set_answer = solara.use_state({})
    # Where the sliders stand makes no other map.
    what = asked._replace(here=(0.0, 0.0))
    progress = so_far if of == what else Progress(found=MAPS.of(asked).found)

    def start() -> Callable[[], None] | None:
        if stopped:
            return None
        ended, watched = threading.Event(), looked_at()

        def say(new: Progress) -> None:
            tell(ended, set_so_far, (what, new))

        threading.Thread(target=make, args=(asked, ended, watched, say), daemon=True).start()
        return ended.set

    solara.use_effect(start, [what, stopped])
    solara.use_effect(lambda: set_stopped(False), [what])
    told(progress.trouble)
    _state(progress, stopped, set_stopped)
    found = progress.found
    if found is None:
        return
    View(html=saved(MAP, "the map", draw_map(asked, found)))
    more = "" if progress.done else f" So far it rests on {len(found.spots)} places."
    near = f", {found.plan.full} near a line" if found.plan.full > found.plan.few else ""
    note = f"{found.plan.few} runs at a place{near}.{more} {ABOUT}"
    # With fewer runs nothing is to be read off a map, and the command line makes none.
    same = (" The same map: ", element("code", command_of(asked, found))) if found.plan.full >= LEAST else ()
    View(html=element("p", note, *same, class_="r2p-note"))

    def ask(name: str) -> None:
        if name == f"csv:{MAP}":
            rows = found.rows()
            content = written(tuple(rows[0]), (tuple(row.values()) for row in rows))
            file = f"{asked.mine.scenario}-{MAP}.csv".rpartition("/")[2]
            set_answer({"file": file, "kind": "text/csv", "content": content, "number": monotonic()})

    Files(
        stem=asked.mine.scenario.rpartition("/")[2], source=command_of(asked, found), answer=answer, only=MAP,
        event_ask=ask,
    )  # fmt: skip


def _state(progress: Progress, stopped: bool, set_stopped: Callable[[bool], None]) -> None:
    """Say aloud that a map is being made and that it is done, and offer to stop it or to go on."""
    if progress.trouble:
        return
    if progress.done:
        View(html=element("p", "The map is done.", class_="r2p-note", role="status"))
        View()
        return
    word, doing = ("Go on", "The map is stopped. ") if stopped else ("Stop", "The map is being made. ")
    button = element("button", word, type="button", data_pick="stop", class_="r2p-button r2p-quiet")
    said = element("span", doing, role="status")
    View(html=element("p", said, button, class_="r2p-note"), event_pick=lambda _: set_stopped(not stopped))
    most = PLACES[-1]
    meter = element("progress", max=most, value=min(progress.places, most), aria_label="Places")
    where = f" {progress.places} of up to {most} places; step {progress.step} of {1 + len(PLACES)}."
    View(html=element("p", meter, where, class_="r2p-note"))
