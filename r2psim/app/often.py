"""One state in many runs: in how many of them it comes to each stage, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import ceil
from typing import Any

import numpy as np
import solara

from r2psim.analysis.reached import Reached, by_month, reached
from r2psim.analysis.summary import percent
from r2psim.app.address import FEWEST_RUNS
from r2psim.app.charts import drawn_through
from r2psim.app.following import Shown, use_runs
from r2psim.app.glossary import term
from r2psim.app.inputs import told
from r2psim.app.page_parts import Markup, element, join, table
from r2psim.app.runs import Setting
from r2psim.app.saving import saved
from r2psim.app.settings import current
from r2psim.app.symbols import path_of
from r2psim.app.text_width import fitted, room_for, round_step
from r2psim.app.watch import Watch
from r2psim.app.widgets import Form, View
from r2psim.declarations.columns import STAGES
from r2psim.world.build import World

__all__ = ["Often", "draw_often", "often_of", "often_rows"]

YEAR = 12
ACROSS, HIGH = 300.0, 150.0
TOP, BOTTOM, GAP, SPACE = 28.0, 26.0, 16.0, 6.0
APART = 15.0
"""Between what stands at the ends of two lines, at least."""

TOLD = range(1, len(STAGES))
"""Stages of which it is told: every group stands at stage 0 or above."""

THICK = {1: 1.0, 2: 1.7, 3: 2.6, 4: 3.8}
"""How thick the line of each stage is."""


def often_of(shown: Shown, world: World, state: str) -> dict[str, tuple[Reached, ...]]:
    """Say of a state, by policy, in how many of the runs that are shown it comes to each stage, and when."""
    groups = np.flatnonzero(world.rows.home == world.states.index(state))
    return {
        s.policy: reached(f.first[: shown.runs][:, groups]) for s, f in zip(shown.settings, shown.found, strict=True)
    }


def _share(value: float) -> str:
    return percent(value)


def draw_often(found: Mapping[str, Sequence[Reached]], runs: int, months: int) -> Markup:
    """Draw which share of the runs had come to each stage by each month, a panel a policy, on one scale.

    Parameters
    ----------
    found : mapping of str to sequence of Reached
        By policy, as `often_of` gives it.
    runs, months : int
        Number of runs, and length of each.
    """
    highest = max(one.share.mean for stages in found.values() for one in stages[1:]) or 0.01
    step = round_step(100.0 * highest, 4)
    last = ceil(100.0 * highest / step * (1.0 - 1e-9))
    ticks = {k * step / 100.0: f"{k * step:.10g} %" for k in range(last + 1)}
    top = max(ticks)
    left = room_for(list(ticks.values())) + 2 * SPACE
    right = room_for([_end(one) for stages in found.values() for one in stages]) + 28.0
    across = len(found) * (ACROSS + right + GAP)
    bottom = TOP + HIGH
    parts = []
    for place, (policy, stages) in enumerate(found.items()):
        at = place * (ACROSS + right + GAP)
        for value, text in ticks.items():
            y = bottom - HIGH * value / top
            parts.append(element("line", x1=at, x2=at + ACROSS, y1=y, y2=y, class_="r2p-grid"))
            if place == 0:
                parts.append(element("text", text, x=-SPACE, y=y + 4, class_="r2p-tick", text_anchor="end"))
        parts.append(_panel(at, policy, stages, runs, months, top))
    drawing = element(
        "svg", *parts, viewBox=f"{-left:.0f} 0 {left + across - GAP:.0f} {bottom + BOTTOM:.0f}", class_="r2p-fans",
        role="img", aria_label=_in_words(found, runs), style=f"max-width:{(left + across) * 1.25:.0f}px",
    )  # fmt: skip
    caption = f"Share of {runs:,} runs in which it had come to a stage or a higher one, by year"
    return element("figure", element("figcaption", caption), drawing, class_="r2p-figure")


def _end(one: Reached) -> str:
    return f"{one.stage}: {_share(one.share.mean)}"


def _in_words(found: Mapping[str, Sequence[Reached]], runs: int) -> str:
    said = (
        f"{policy}: " + ", ".join(f"{STAGES[o.stage]} in {len(o.months)}" for o in stages if o.stage in TOLD)
        for policy, stages in found.items()
    )
    return f"Of {runs} runs it comes to: {'; '.join(said)}"


def _panel(left: float, policy: str, stages: Sequence[Reached], runs: int, months: int, top: float) -> Markup:
    """Draw the lines of one policy; at the end of each stand mark, stage and share."""
    bottom = TOP + HIGH
    title = fitted(policy, ACROSS, bold=True)
    parts = [element("text", title, element("title", policy), x=left, y=15, class_="r2p-row-name r2p-strong")]
    ends = {}
    for stage in TOLD:
        height = bottom - HIGH * by_month(stages[stage], runs, months) / top
        # A share stays until the next run comes to the stage: steps, not slopes.
        along = left + ACROSS * np.repeat(np.arange(months + 1), 2)[1:] / months
        line = drawn_through(along, np.repeat(height, 2)[:-1])
        parts.append(element("path", d=line, class_="r2p-reach", style=f"stroke-width:{THICK[stage]}"))
        ends[stage] = float(height[-1])
    for stage, y in _spread(ends, bottom).items():
        x = left + ACROSS
        parts.append(element("path", d=path_of(stage), transform=f"translate({x + 12:.1f} {y:.1f}) scale(5)",
                             class_=f"r2p-s{stage} r2p-edged"))  # fmt: skip
        parts.append(element("text", _end(stages[stage]), x=x + 22, y=y + 4, class_="r2p-row-name"))
    years = months // YEAR
    for year, anchor in ((0, "start"), (years // 2, "middle"), (years, "end")):
        said = f"year {year}" if year == 0 else str(year)
        at = left + ACROSS * YEAR * year / months
        parts.append(element("text", said, x=at, y=bottom + 17, class_="r2p-tick", text_anchor=anchor))
    return join(parts)


def _spread(ends: Mapping[int, float], bottom: float) -> dict[int, float]:
    """Move what stands at the ends of lines apart, so that none lies over another and none leaves the drawing."""
    found: dict[int, float] = {}
    lowest = bottom
    for stage, y in sorted(ends.items(), key=lambda item: (-item[1], -item[0])):
        found[stage] = min(y, lowest)
        lowest = found[stage] - APART
    # What was pushed out at the top comes back in, and pushes down what is there.
    highest = TOP
    for stage, y in sorted(found.items(), key=lambda item: item[1]):
        found[stage] = max(y, highest)
        highest = found[stage] + APART
    return found


def _table(found: Mapping[str, Sequence[Reached]], runs: int) -> Markup:
    """Tabulate in how many runs it comes to each stage, and when."""
    parts = []
    for policy, stages in found.items():
        rows = []
        for one in stages:
            if one.stage not in TOLD:
                continue
            low, high = one.share.low or 0.0, one.share.high or 1.0
            rows.append(
                (
                    term(f"stage-{one.stage}", f"{one.stage} {STAGES[one.stage]}"),
                    f"{len(one.months):,}",
                    f"{_share(one.share.mean)} ({_share(low)} to {_share(high)})",
                    _first(one),
                )
            )
        heads = ("Stage, or a higher one", f"Of {runs:,} runs", "Share, with 95 % interval", "For the first time")
        parts.append(table(heads, rows, f"Under {policy}", numbers=3, class_="r2p-wraps r2p-tight"))
    return join(parts)


def _first(one: Reached) -> str:
    """Say when it comes to a stage in the runs in which it does."""
    found = one.quartiles
    if found is None:
        return "in no run"
    low, middle, high = (f"{month / YEAR:.1f}" for month in found)
    if found[2] == 0:
        return "at the start"
    return f"after {middle} years (half of these: {low} to {high})"


def often_rows(found: Mapping[str, Sequence[Reached]], runs: int, months: int) -> tuple[list[str], Iterator[list[Any]]]:
    """Give the numbers behind `draw_often`: heads of the columns, and a row a policy, stage and month."""
    rows = (
        [policy, one.stage, month, float(share), *one.share]
        for policy, stages in found.items()
        for one in stages
        if one.stage in TOLD
        for month, share in enumerate(by_month(one, runs, months))
    )
    return ["policy", "stage", "month", "share_by_then", "share_at_the_end", "low", "high"], rows


@solara.component
def Often(
    watch: Watch,
    policies: tuple[str, ...],
    state: str,
    runs: int,
    choose: Callable[[str], None],
    keep: Callable[[Shown, World], None],
) -> None:
    """Run the watched world many times, and tell of one state.

    Parameters
    ----------
    watch : Watch
        What is watched.
    policies : tuple of str
        Under which policies.
    state : str
        The state.
    runs : int
        Number of runs.
    choose : callable
        Told, as text, how many runs are wanted.
    keep : callable
        Told what is shown, to be saved.
    """
    choice, world = watch.choice, watch.history.world
    settings = tuple(Setting(choice.scenario, p, choice.seed, choice.sets, choice.own) for p in policies)
    shown, goal, trouble, there = use_runs(settings, runs)
    most = current().limits.runs
    Form(
        label="Many runs",
        fields=[{"key": "runs", "label": "Runs", "kind": "number", "value": str(runs), "low": FEWEST_RUNS, "high": most,
                 "step": 1, "help": f"{FEWEST_RUNS} to {most:,}, of the same world and seed, each with its own luck."}],
        event_change=lambda values: choose(str(values.get("runs", ""))),
    )  # fmt: skip
    told(trouble)
    fresh = shown is not None and shown.settings == settings
    have = shown.runs if fresh and shown is not None else 0
    done = have >= (goal or runs)
    said = f"{have:,} runs." if done else f"{max(have, there):,} of {goal or runs:,} runs so far ..."
    View(html=element("p", said, class_="r2p-note", role="status", data_id="many", data_done="yes" if done else "no"))
    if not fresh or shown is None:
        View()
        return
    keep(shown, world)
    found = often_of(shown, world, state)
    drawn = draw_often(found, shown.runs, watch.months) + _table(found, shown.runs)
    if len(policies) > 1:
        drawn += element("p", "Both policies meet the same luck, run by run; Compare tells what their difference is.",
                         class_="r2p-note")  # fmt: skip
    View(html=saved("many-runs", "how often it comes to each stage", drawn))
