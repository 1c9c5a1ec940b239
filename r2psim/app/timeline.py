"""The time line: triggers, and the stages of groups as ribbons, up to the furthest month that was run."""

from __future__ import annotations

from textwrap import wrap

import numpy as np

from r2psim.analysis.summary import date
from r2psim.app.page_parts import Markup, element
from r2psim.app.symbols import trigger_mark
from r2psim.app.text_width import fitted, room_for
from r2psim.declarations.columns import STAGES, G
from r2psim.plots.ribbons import runs_of
from r2psim.plots.style import STAGE_THICKNESS, plain
from r2psim.world.history import History

__all__ = ["cursor", "draw_timeline", "groups_shown", "left_out"]

ACROSS, RIGHT = 740.0, 10.0
"""Length of the years, from 0; names stand before it, and something of the last year's number after it."""
NAMES, LONGEST = 250.0, 420.0
"""Least and greatest room for the names of states and groups."""
NOTE = 90
"""Letters of a line that says what is left out: as many as the years have room for."""
INDENT = 12.0
EDGE = 4.0
ROW = 20.0
TOP = 24.0
MOST_GROUPS = 16
MOST_TRIGGERS = 240
FEW = 30
"""Up to so many states the triggers of all are shown; of more, those of the states whose groups are."""
LANES = (0.0, -7.0, 7.0)


def groups_shown(history: History, selected: str | None) -> list[int]:
    """Choose the groups to show: those of the selected state, or those that came furthest, in the order of states.

    Of groups that came equally far, those that were under threat longer come first, then those longer at risk. Of a
    state with more groups than are shown those that came furthest are, and always its political opponents.
    """
    world = history.world
    home = world.rows.home
    stages = history.group["stage"]
    worst = stages.max(axis=0)
    furthest = np.lexsort((-(stages >= 1).sum(axis=0), -(stages >= 2).sum(axis=0), -worst))
    if selected is None:
        return sorted(int(g) for g in furthest[:MOST_GROUPS] if worst[g] >= 1.0)
    mine = [int(g) for g in furthest if world.states[home[g]] == selected]
    against = [g for g in mine if world.rows.group[G.opponents, g] > 0.0]
    return sorted([*against, *(g for g in mine if g not in against)][:MOST_GROUPS])


def left_out(history: History, groups: list[int], selected: str | None) -> str:
    """Say which groups a time line leaves out, or nothing if it shows them all."""
    world = history.world
    of = [g for g in range(len(world.groups)) if selected in (None, world.states[world.rows.home[g]])]
    out = [g for g in of if g not in groups]
    if not out:
        return ""
    worst = history.group["stage"].max(axis=0)
    calm = [g for g in out if worst[g] < 1.0]
    against = sum(bool(world.rows.group[G.opponents, g] > 0.0) for g in calm)
    said = []
    if calm:
        among = f", {against} of them political opponents" if against else ""
        said.append(f"{len(calm)} groups that never left stage 0{among}")
    if len(out) > len(calm):
        said.append(f"{len(out) - len(calm)} that came less far")
    return f"Not shown: {'; '.join(said)}." + (" Pick a state to see all of its groups." if selected is None else "")


def _x(month: float, months: int) -> float:
    return ACROSS * month / months


def cursor(month: int, months: int) -> dict[str, dict[str, str]]:
    """Say where the line of the month shown is."""
    x = f"{_x(month, months):.1f}"
    return {"cursor": {"x1": x, "x2": x}}


def _years(months: int, height: float) -> list[Markup]:
    years = months // 12
    step = next(s for s in (1, 2, 5, 10, 20, 50) if years / s <= 10.5)
    found = []
    for year in range(0, years + 1, step):
        x = _x(12 * year, months)
        found.append(element("line", x1=x, x2=x, y1=TOP - 6, y2=height, class_="r2p-grid"))
        found.append(element("text", year or "Year 0", x=x, y=14, class_="r2p-tick", text_anchor="middle"))
    return found


def _said(index: int) -> str:
    return "the start" if index == 0 else date(index - 1)


def _marks(history: History, chosen: set[str], months: int, y: float, picked: str | None, prefix: str) -> list[Markup]:
    """Draw the triggers that struck some states."""
    strikes = [(i, e) for i, e in enumerate(history.events) if e.kind == "trigger" and e.state in chosen]
    found, busy = [], dict.fromkeys(LANES, -1e9)
    for i, e in strikes[-MOST_TRIGGERS:]:
        x = _x(e.month + 1, months)
        lane = next((k for k in LANES if x - busy[k] >= 11.0), LANES[0])
        busy[lane] = x
        path, class_ = trigger_mark(e.what)
        said = f"{plain(e.what)} in {history.world.names[e.state]}, {date(e.month)}"
        found.append(
            element(
                "g",
                element("rect", x=-8, y=-8, width=16, height=16, class_="r2p-hit"),
                element("path", d=path, transform="scale(4.4)", class_=class_),
                element("title", said),
                transform=f"translate({x:.1f} {y + lane:.1f})",
                role="button",
                tabindex=-1,
                aria_label=f"{said}: why?",
                data_pick=f"{prefix}{i}",
                class_="r2p-why r2p-selected" if picked == f"{prefix}{i}" else "r2p-why",
            )
        )
    return found


def _turns(history: History, rows: dict[str, float], months: int, picked: str | None, prefix: str) -> list[Markup]:
    """Mark where groups went up to imminent risk or to atrocity: what can be asked about."""
    found = []
    for i, e in enumerate(history.events):
        if e.kind == "stage" and e.group in rows and e.after in STAGES[3:] and STAGES.index(e.before) < 4:
            x, y = _x(e.month + 1, months), rows[e.group]
            names = history.world.names
            said = f"{names[e.group]}, {names[e.state]}: {e.after}, {date(e.month)}"
            found.append(
                element(
                    "g",
                    element("rect", x=-7, y=-9, width=14, height=18, class_="r2p-hit"),
                    element("path", d="M0,-9V9", class_="r2p-turn"),
                    element("title", f"{said}; why?"),
                    transform=f"translate({x:.1f} {y:.1f})",
                    role="button",
                    tabindex=-1,
                    aria_label=f"{said}: why?",
                    data_pick=f"{prefix}{i}",
                    class_="r2p-why r2p-selected" if picked == f"{prefix}{i}" else "r2p-why",
                )
            )
    return found


def _ribbon(history: History, g: int, y: float, months: int, names: float) -> list[Markup]:
    """Draw the ribbon of one group."""
    world, known = history.world, len(history.group["stage"])
    name, place = world.names[world.groups[g]], world.names[world.states[world.rows.home[g]]]
    shown = fitted(name, names - INDENT - 2 * EDGE)
    whole = element("title", f"{name}, {place}")
    found = [element("text", shown, whole, x=EDGE + INDENT - names, y=y + 4, class_="r2p-row-name")]
    for first, after, stage in runs_of(history.group["stage"][:, g].astype(int)):
        thick = (ROW - 3) * STAGE_THICKNESS[stage]
        left = _x(max(first - 1, 0), months)
        right = _x(min(after, known) - 1, months)
        said = f"{name}, {place}: {STAGES[stage]} from {_said(first)} to {_said(after - 1)}"
        found.append(
            element(
                "rect",
                element("title", said),
                x=left,
                y=y - thick / 2,
                width=max(right - left, 0.0),
                height=thick,
                class_=f"r2p-s{stage} r2p-ribbon",
            )
        )
    return found


def _room_for_names(history: History, groups: list[int], label: str) -> float:
    """Give the room for the names that a time line shows, in units of the drawing."""
    world = history.world
    of_groups = [world.names[world.groups[g]] for g in groups]
    of_states = [world.names[world.states[world.rows.home[g]]] for g in groups]
    widest = max(room_for([label, *of_states], bold=True), INDENT + room_for(of_groups))
    return float(round(min(max(NAMES, widest + 2 * EDGE), LONGEST)))


def _strong(text: str, y: float, names: float) -> Markup:
    """Write the name of a state, or what a row has."""
    shown = fitted(text, names - 2 * EDGE, bold=True)
    return element("text", shown, element("title", text), x=EDGE - names, y=y, class_="r2p-row-name r2p-strong")


def _parts(month: int, months: int, height: float) -> list[Markup]:
    """Mark the month from which on another history of the same luck is not the same any more."""
    x = _x(month + 1, months)
    said = f"the histories part: {date(month)}"
    anchor, aside = ("start", 5.0) if x < ACROSS / 2 else ("end", -5.0)
    return [
        element("line", x1=x, x2=x, y1=TOP - 8, y2=height, class_="r2p-part"),
        element("text", said, x=x + aside, y=height - 5, class_="r2p-row-name r2p-strong", text_anchor=anchor),
    ]


def draw_timeline(
    history: History,
    months: int,
    selected: str | None,
    picked: str | None = None,
    prefix: str = "event:",
    part: int | None = None,
) -> Markup:
    """Draw the time line.

    Parameters
    ----------
    history : History
        Up to the furthest month that was run.
    months : int
        Length of the whole run.
    selected : str or None
        State whose groups and triggers are shown; without one, those groups that came furthest, and all triggers.
    picked : str or None
        ``event:NUMBER`` of the event that is being explained.
    prefix : str
        What stands before the number of an event that can be picked.
    part : int, optional
        Number of the month, from 0, in which another history under the same luck parts from this one.
    """
    world = history.world
    groups = groups_shown(history, selected)
    many = len(world.states) > FEW
    of_groups = {world.states[world.rows.home[g]] for g in groups}
    chosen = {selected} if selected is not None else of_groups if many else set(world.states)
    y = TOP + 14.0
    label = (
        f"Triggers in {world.names[selected]}"
        if selected is not None
        else "Triggers, states below"
        if many
        else "Triggers, all states"
    )
    names = _room_for_names(history, groups, label)
    parts = [_strong(label, y + 4, names)]
    parts += _marks(history, chosen, months, y, picked, prefix)
    y += 30.0
    rows: dict[str, float] = {}
    home = -1
    ribbons: list[Markup] = []
    for g in groups:
        if selected is None and world.rows.home[g] != home:
            home = world.rows.home[g]
            ribbons.append(_strong(world.names[world.states[home]], y + 3, names))
            y += ROW - 4
        rows[world.groups[g]] = y
        ribbons += _ribbon(history, g, y, months, names)
        y += ROW
    if not groups:
        said = "No group has left stage 0 so far." if selected is None else "No group."
        ribbons.append(element("text", said, x=0, y=y + 4, class_="r2p-tick"))
        y += ROW
    for text in wrap(left_out(history, groups, selected), NOTE):
        ribbons.append(element("text", text, x=0, y=y + 8, class_="r2p-tick"))
        y += ROW
    parts += ribbons + _turns(history, rows, months, picked, prefix)
    height = y + 4.0
    if part is not None:
        height += ROW
        parts += _parts(part, months, height)
    x = _x(history.months, months)
    line = element("line", x1=x, x2=x, y1=TOP - 8, y2=height, class_="r2p-cursor", data_id="cursor")
    return element(
        "svg",
        *_years(months, height),
        *parts,
        line,
        viewBox=f"{-names:.0f} 0 {names + ACROSS + RIGHT:.0f} {height:.0f}",
        class_="r2p-timeline",
        role="group",
        aria_label="Time line; arrow keys lead from one event to the next, Enter tells why",
    )
