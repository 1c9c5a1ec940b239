"""The map: who is next to whom, drawn once; a month changes only the marks."""

from __future__ import annotations

import numpy as np

from r2psim.app.page_parts import Markup, element, join
from r2psim.app.symbols import path_of
from r2psim.app.text_width import fitted, width
from r2psim.declarations.columns import CONFLICT, STAGES
from r2psim.world import places
from r2psim.world.build import World
from r2psim.world.history import History

__all__ = ["FEW", "HEIGHT", "WIDTH", "ZOOMS", "borders_of", "draw_map", "name_at", "patch_map", "patch_zoom",
           "places_of", "zoomed"]  # fmt: skip

WIDTH, HEIGHT = 1000.0, 640.0
MARGIN = 50.0
SIDE = 84.0
LARGER = 1.7
"""How much larger ``style.css`` draws marks and names on a small screen, at most."""
EDGE = 4.0
FEW = 30
"""Up to so many states all are named; of more, those selected or at imminent risk and above."""
WAR = 3
ZOOMS = (1, 2, 4)
"""How many times as large a map can be drawn; it is scrolled then."""


def places_of(world: World) -> np.ndarray:
    """Give the middle of each state's mark, shape (states, 2)."""
    return places.places_of(world, WIDTH, HEIGHT, SIDE, MARGIN)


def name_at(name: str, key: str, place: tuple[float, float], size: float, few: bool) -> Markup:
    """Write a state's name at its mark, within the drawing also where a small screen makes both larger."""
    x, y = place
    high = 17.0 if few else 13.0
    shown = fitted(name, (WIDTH - 2 * EDGE) / LARGER, high)
    half = width(shown, high) / 2
    aside = min(max(0.0, half - (x - EDGE) / LARGER), (WIDTH - EDGE - x) / LARGER - half)
    below = size * 2.9
    lift = below if y + LARGER * (below + 0.3 * high) <= HEIGHT else -size * 2.05
    class_ = "r2p-name-of" if few else "r2p-name-of r2p-hidden"
    return element("text", shown, class_=class_, x=aside, y=lift, data_id=f"{key}/name")


def borders_of(world: World, at: np.ndarray) -> Markup:
    """Draw a line from each state to its neighbours."""
    lines = (f"M{at[s, 0]:.1f},{at[s, 1]:.1f}L{at[n, 0]:.1f},{at[n, 1]:.1f}" for s, n in places.borders_of(world))
    return element("path", d="".join(lines), class_="r2p-border")


def draw_map(world: World) -> Markup:
    """Draw states and borders, all at stage 0.

    Returns
    -------
    str
        SVG, in which each state can be picked as ``state:KEY`` and be changed as ``KEY``.
    """
    at = places_of(world)
    few = len(world.states) <= FEW
    size = 15.0 if few else 8.0
    nodes = []
    for s, key in enumerate(world.states):
        x, y = at[s]
        name = world.names[key]
        inner = [
            element("circle", r=size * 1.9, class_="r2p-halo"),
            element("path", d=path_of(0), transform=f"scale({size})", class_="r2p-s0", data_id=f"{key}/mark"),
        ]
        if few:
            inner.append(element("text", "0", class_="r2p-digit r2p-d0", y=size * 0.36, data_id=f"{key}/digit"))
        inner.append(name_at(name, key, (float(x), float(y)), size, few))
        inner.append(element("title", name, data_id=f"{key}/title"))
        nodes.append(
            element(
                "g",
                element("g", *inner, class_="r2p-inner"),
                transform=f"translate({x:.1f} {y:.1f})",
                class_="r2p-node",
                role="button",
                tabindex=-1,
                data_pick=f"state:{key}",
                data_id=key,
                aria_label=name,
            )
        )
    return element(
        "svg",
        borders_of(world, at),
        join(nodes),
        viewBox=f"0 0 {WIDTH:.0f} {HEIGHT:.0f}",
        class_="r2p-map" if few else "r2p-map r2p-many",
        role="group",
        aria_label="Map of states; arrow keys lead from one to the next",
    )


def zoomed(drawn: Markup) -> Markup:
    """Set a map into what it is scrolled in when it is larger than its place."""
    return element("div", drawn, class_="r2p-zoom", data_id="zoom")


def patch_zoom(zoom: int) -> dict[str, dict[str, str]]:
    """Say how large a map is drawn."""
    return {"zoom": {"class": f"r2p-zoom r2p-zoom-{zoom}"}}


def patch_map(history: History, month: int, selected: str | None) -> dict[str, dict[str, str]]:
    """Say what a month changes on the map: of each state the mark, its digit, and what is said of it."""
    world = history.world
    stages, conflicts = history.state["stage"][month].astype(int), history.state["conflict"][month].astype(int)
    few = len(world.states) <= FEW
    found: dict[str, dict[str, str]] = {}
    for s, key in enumerate(world.states):
        stage, war = int(stages[s]), int(conflicts[s]) == WAR
        said = f"{world.names[key]}: stage {stage}, {STAGES[stage]}; {CONFLICT[int(conflicts[s])]}"
        marks = " r2p-selected" if key == selected else ""
        found[key] = {"class": f"r2p-node{' r2p-war' if war else ''}{marks}", "aria-label": said}
        found[f"{key}/mark"] = {"d": path_of(stage), "class": f"r2p-s{stage}"}
        found[f"{key}/title"] = {"text": said}
        if few:
            found[f"{key}/digit"] = {"text": str(stage), "class": f"r2p-digit r2p-d{stage}"}
        else:
            named = stage >= 3 or key == selected
            found[f"{key}/name"] = {"class": "r2p-name-of" if named else "r2p-name-of r2p-hidden"}
    return found
