"""The map of a seminar: borders, and of each state what everybody can see of it."""

from __future__ import annotations

from r2psim.app.page_parts import Markup, element, join
from r2psim.app.symbols import path_of
from r2psim.app.world_map import FEW, HEIGHT, WIDTH, borders_of, name_at, places_of
from r2psim.seminar.cards import BESIDE
from r2psim.seminar.play import Play
from r2psim.seminar.visibility import Public, PublicState

__all__ = ["public_map"]

SIGNS = {"low": "", "usual": "", "high": "!", "very high": "!!"}
"""What stands in the mark of a state whose risk is told apart from what is usual."""

ATROCITY = 4
RINGS = {"peace": "", "recovery": "r2p-recovers", "minor conflict": "r2p-fights", "war": "r2p-at-war"}

KEY = (
    ("", "", "risk usual, lower, or not told apart"),
    ("!", "", "risk higher than usual"),
    ("!!", "", "far higher"),
    ("", "r2p-recovers", "recovering from armed conflict"),
    ("", "r2p-fights", "minor armed conflict"),
    ("", "r2p-at-war", "war"),
)


def said_of(state: PublicState, usual: float) -> str:
    """Say in a line what everybody can see of a state."""
    parts = [state.conflict]
    if state.in_atrocity:
        parts.append("an atrocity goes on")
    if state.mandate:
        parts.append("mandate in force")
    return f"{state.name}: {', '.join(parts)}; public assessment of risk {BESIDE[state.seen.beside(usual)]}"


def _mark(state_class: str, sign: str, atrocity: bool, size: float) -> list[Markup]:
    """Draw a state's mark: its ring, its shape, and its sign."""
    shape = path_of(ATROCITY if atrocity else 0)
    fill = "r2p-s4" if atrocity else {"": "r2p-calm", "!": "r2p-raised", "!!": "r2p-grave"}[sign]
    parts = [element("circle", r=size * 1.7, class_=f"r2p-round {state_class}".strip())] if state_class else []
    parts.append(element("path", d=shape, transform=f"scale({size})", class_=f"r2p-seen {fill}"))
    if sign and not atrocity:
        parts.append(element("text", sign, class_="r2p-digit", y=size * 0.36))
    return parts


def public_map(play: Play, public: Public) -> Markup:
    """Draw the world as everybody sees it, with a key."""
    world, usual = play.world, play.usual
    places = places_of(world)
    few = len(world.states) <= FEW
    size = 15.0 if few else 8.0
    seen = {state.key: state for state in public.states}
    nodes = []
    for s, key in enumerate(world.states):
        state = seen[key]
        x, y = (float(at) for at in places[s])
        inner = _mark(RINGS[state.conflict], SIGNS[state.seen.beside(usual)], state.in_atrocity, size)
        if state.mandate:
            inner.append(element("text", "M", class_="r2p-mandate", x=size * 1.9, y=-size))
        inner.append(name_at(state.name, key, (x, y), size, few))
        inner.append(element("title", said_of(state, usual)))
        nodes.append(
            element("g", element("g", *inner, class_="r2p-inner"), transform=f"translate({x:.1f} {y:.1f})", role="img",
                    aria_label=said_of(state, usual))
        )  # fmt: skip
    drawn = element(
        "svg",
        borders_of(world, places),
        join(nodes),
        viewBox=f"0 0 {WIDTH:.0f} {HEIGHT:.0f}",
        class_="r2p-map r2p-public" if few else "r2p-map r2p-public r2p-many",
        role="group",
        aria_label="Map of states; lines are borders",
    )
    items = [element("li", _small(_mark(ring, sign, False, 15.0)), f" {words}") for sign, ring, words in KEY]
    items.append(element("li", _small(_mark("", "", True, 15.0)), " an atrocity goes on"))
    items.append(element("li", element("strong", "M"), " mandate of the Council in force"))
    return drawn + element("ul", *items, class_="r2p-key", aria_label="Key of the map")


def _small(parts: list[Markup]) -> Markup:
    """Draw a mark in the key."""
    return element("svg", *parts, viewBox="-30 -30 60 60", width=22, height=22, class_="r2p-mark", aria_hidden="true")
