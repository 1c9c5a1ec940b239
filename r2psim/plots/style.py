"""What all figures share: sizes of type, colours and marks of stages and triggers, the page, and how it is written.

Figures are made without pyplot, so that any thread may draw, and are measured in inches, so that what fits on paper
fits on the screen. Stages are told apart by lightness and by thickness or shape, of which each alone is enough, and
the two gravest by hatching too.
"""

from __future__ import annotations

import math
import threading
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure, SubFigure
from matplotlib.font_manager import FontProperties
from matplotlib.legend_handler import HandlerPatch
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from r2psim.declarations.columns import STAGES, TRIGGERS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from r2psim.world.history import History

__all__ = [
    "FAINT", "FOOTER", "HATCH_COLOURS", "INK", "LINE", "MARGIN", "MUTED", "PAPER", "SHAPE_AREA", "SIZES",
    "STAGE_COLOURS", "STAGE_HATCHES", "STAGE_SHAPES", "STAGE_THICKNESS", "TRIGGER_MARKS", "WIDTH", "Page",
    "amount", "duration", "figure_of", "hatch", "inches", "legend_row", "lightness",
    "new_figure", "plain", "provenance", "save", "say",
    "shorten", "sober", "stage_colours", "stage_handles", "stage_marks", "text_width", "trigger_handles",
    "trigger_style", "wrap", "years_axis",
]  # fmt: skip

FOOTER = "A model's world; explains mechanisms, forecasts no country"

SIZES = {"title": 12.0, "subtitle": 8.5, "label": 8.0, "tick": 7.5, "row": 7.5, "small": 6.5}
"""Sizes of type, points."""

INK = "#1f2328"
MUTED = "#5b6470"
LINE = "#c3c9d0"
FAINT = "#e4e7eb"
PAPER = "#ffffff"
ACCENT = "#2c5f8a"

STAGE_COLOURS = ("#e3e7ec", "#ecbf6c", "#da7d2e", "#a1302e", "#260818")
"""Fill of the stages 0-4: lightness falls by ten or more a step, which every kind of colour vision sees."""

STAGE_HATCHES = ("", "", "", "////", "xxxx")
"""Hatching of the stages 0-4."""

HATCH_COLOURS = (PAPER, PAPER, PAPER, "#e6b3a6", "#8f6480")
"""Colour of the hatching: not so light that a higher stage would look lighter than a lower one."""

STAGE_THICKNESS = (0.14, 0.34, 0.54, 0.74, 0.94)
"""Thickness of a ribbon in the stages 0-4, as a share of its row."""

STAGE_SHAPES = ("o", "s", "^", "D", "X")
"""Shape of a node in the stages 0-4."""

# Markers of one size differ in the area that they cover; these factors even it out.
SHAPE_AREA = (1.0, 0.80, 1.35, 0.72, 1.55)

TRIGGER_MARKS = {
    "contested_election": ("s", True),
    "coup": ("^", True),
    "irregular_transition": ("v", True),
    "economic_shock": ("D", False),
    "leader_death": ("P", True),
    "neighbour_war": ("<", False),
    "armed_offensive": (">", True),
    "mass_protest": ("o", False),
}
"""Mark of each kind of trigger: its shape, and whether it is filled."""

WIDTH = 8.27
MARGIN = 0.5
_ABOVE = 0.3
_BELOW = 0.15
_FOOTER_HEIGHT = 0.42
_DPI = 150
_LEADING = 1.28
_WRITING = threading.Lock()

_VOLATILE: dict[str, dict[str, None]] = {
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def stage_colours(stages: Sequence[float] | np.ndarray) -> list[str]:
    """Give the fill of each stage in ``stages`` (0-4)."""
    return [STAGE_COLOURS[int(s)] for s in stages]


def stage_marks(stages: Sequence[float] | np.ndarray) -> list[str]:
    """Give the shape of a node for each stage in ``stages`` (0-4)."""
    return [STAGE_SHAPES[int(s)] for s in stages]


def lightness(colour: str) -> float:
    """Give the lightness of a colour, CIE L*: 0 is black, 100 is white.

    Examples
    --------
    >>> round(lightness("#ffffff")), round(lightness("#000000"))
    (100, 0)
    """
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    y = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return float(116.0 * y ** (1 / 3) - 16.0 if y > (6 / 29) ** 3 else y * (29 / 3) ** 3)


# ---------------------------------------------------------------- words


def plain(name: str) -> str:
    """Turn a name such as ``economic_shock`` into words, with a capital first."""
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def amount(value: float) -> str:
    """Write a count for reading: whole below 10,000, three figures above.

    Examples
    --------
    >>> amount(812), amount(48_213), amount(62_604_104)
    ('812', '48,200', '62.6 million')
    """
    if value < 10_000:
        return f"{value:,.0f}"
    rounded = float(f"{value:.3g}")
    for size, word in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if rounded >= size:
            return f"{rounded / size:.3g} {word}"
    return f"{rounded:,.0f}"


def duration(months: int) -> str:
    """Write a number of months as years and months.

    Examples
    --------
    >>> duration(240), duration(31), duration(1)
    ('20 years', '2 years 7 months', '1 month')
    """
    years, rest = divmod(months, 12)
    parts = [f"{n} {unit}{'' if n == 1 else 's'}" for n, unit in ((years, "year"), (rest, "month")) if n]
    return " ".join(parts) or "0 months"


def provenance(history: History) -> str:
    """Say what was run, so that a figure can be made again."""
    return f"{history.scenario}, policy {history.policy}, seed {history.seed}, run {history.run}"


@lru_cache(maxsize=4096)
def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Measure a line of text, inches; ``size`` in points."""
    renderer = RendererAgg(1, 1, 72)  # type: ignore[no-untyped-call]
    font = FontProperties(size=size, weight=weight)
    extent = renderer.get_text_width_height_descent(text, font, ismath=False)  # type: ignore[no-untyped-call]
    return float(extent[0]) / 72.0


def shorten(text: str, width: float, size: float, weight: str = "normal") -> str:
    """Cut a line that is wider than ``width`` inches, with an ellipsis at its end."""
    text = " ".join(text.split())
    if text_width(text, size, weight) <= width:
        return text
    kept = bisect_left(range(len(text)), True, key=lambda n: text_width(text[: n + 1] + "…", size, weight) > width)
    return text[:kept].rstrip() + "…"


def wrap(text: str, width: float, size: float, weight: str = "normal") -> list[str]:
    """Break text into lines of at most ``width`` inches; a single word that is wider is cut."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size, weight) <= width:
            lines[-1] = longer
        else:
            lines.append(shorten(word, width, size, weight))
    return lines


# ---------------------------------------------------------------- the page


@dataclass(frozen=True)
class Page:
    """A figure with its title and footer set, and an empty box between them.

    Attributes
    ----------
    figure : Figure
        Everything is drawn here.
    width, height : float
        Size of the paper, inches.
    left, right, bottom, top : float
        Edges of the box for content, inches from the lower left corner of the paper.
    """

    figure: Figure
    width: float
    height: float
    left: float
    right: float
    bottom: float
    top: float

    def axes(self, left: float, bottom: float, width: float, height: float, **keywords: Any) -> Axes:
        """Add axes whose frame lies at the given place, inches."""
        box = (left / self.width, bottom / self.height, width / self.width, height / self.height)
        return self.figure.add_axes(box, **keywords)

    def text(self, x: float, y: float, text: str, size: float, **keywords: Any) -> None:
        """Write a line at the given place, inches; ``size`` in points."""
        style: dict[str, Any] = {"color": INK, "va": "baseline", "ha": "left", "parse_math": False} | keywords
        self.figure.text(x / self.width, y / self.height, text, fontsize=size, **style)


def new_figure(height: float, title: str, subtitle: str = "", source: str = "", width: float = WIDTH) -> Page:
    """Make a page: title and subtitle above, footer below, and a box of ``height`` inches for content between them.

    Parameters
    ----------
    height, width : float
        Height of the box for content, and width of the paper, inches. The paper is as high as needed.
    title, subtitle : str
        Broken into lines where they are long.
    source : str
        What was run; stands at the right of the footer.
    """
    across = width - 2 * MARGIN
    # (text, size, weight, colour, room above in inches)
    heads = [(line, SIZES["title"], "bold", INK, 0.0) for line in wrap(title, across, SIZES["title"], "bold")]
    below = wrap(subtitle, across, SIZES["subtitle"])
    heads += [(line, SIZES["subtitle"], "normal", MUTED, 0.0 if i else 0.05) for i, line in enumerate(below)]
    header = _ABOVE + sum(size * _LEADING / 72 + gap for _, size, _, _, gap in heads) + _BELOW
    full = header + height + _FOOTER_HEIGHT
    figure = Figure(figsize=(width, full), dpi=_DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    page = Page(figure, width, full, MARGIN, width - MARGIN, _FOOTER_HEIGHT, _FOOTER_HEIGHT + height)
    y = full - _ABOVE
    for line, size, weight, colour, gap in heads:
        y -= size * _LEADING / 72 + gap
        page.text(MARGIN, y + 0.04, line, size, weight=weight, color=colour)
    small = SIZES["small"]
    page.text(MARGIN, 0.2, FOOTER, small, color=MUTED)
    room = across - text_width(FOOTER, small) - 0.3
    page.text(width - MARGIN, 0.2, shorten(source, room, small), small, color=MUTED, ha="right")
    return page


def sober(axes: Axes) -> None:
    """Take away what tells nothing: frame on two sides, heavy ticks."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(LINE)
    axes.tick_params(colors=MUTED, labelcolor=INK, labelsize=SIZES["tick"], length=3, width=0.6)
    axes.set_facecolor("none")


def say(axes: Axes, sentence: str) -> None:
    """Write a sentence in the middle of axes that have nothing to show."""
    axes.text(
        0.5, 0.5, sentence, transform=axes.transAxes, ha="center", va="center",
        fontsize=SIZES["label"], color=MUTED, style="italic", parse_math=False,
    )  # fmt: skip


def years_axis(axes: Axes, months: int, label: bool = True) -> None:
    """Scale the axis of time in years, for series of which index ``i`` is drawn from month i to month i + 1."""
    years = months / 12
    step = next((s for s in (0.25, 0.5, 1, 2, 5, 10, 20) if years / s <= 10.5), 50.0)
    ticks = np.arange(0.0, years + 1e-9, step)
    axes.set_xlim(0.0, (months + 1) / 12)
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    if label:
        axes.set_xlabel("Years since the start", fontsize=SIZES["label"], color=INK)


def hatch(artist: Any, stage: int) -> None:
    """Hatch a patch or a collection as its stage is hatched, without an outline."""
    artist.set_linewidth(0.0)
    artist.set_edgecolor(HATCH_COLOURS[stage] if STAGE_HATCHES[stage] else "none")
    artist.set_hatch(STAGE_HATCHES[stage] or None)
    # Older releases of Matplotlib draw all hatches with one width.
    if hasattr(artist, "set_hatch_linewidth"):
        artist.set_hatch_linewidth(0.7)


# ---------------------------------------------------------------- legends


class _RibbonKey(HandlerPatch):
    """Draws the key of a stage as thick as its ribbon."""

    def create_artists(self, legend: Any, orig_handle: Any, *box: Any) -> list[Any]:
        made: list[Any] = list(super().create_artists(legend, orig_handle, *box))
        patch = made[0]
        stage = int(orig_handle.get_gid().rpartition(":")[2])
        height = patch.get_height() * 1.25
        patch.set_y(patch.get_y() + (patch.get_height() - height * STAGE_THICKNESS[stage]) / 2)
        patch.set_height(height * STAGE_THICKNESS[stage])
        hatch(patch, stage)
        return made


def stage_handles(shapes: bool = False) -> list[Any]:
    """Give one entry a stage for a legend: swatches as in ribbons, or shapes as in maps."""
    names = [f"{i} {name}" for i, name in enumerate(STAGES)]
    if shapes:
        return [
            Line2D(
                [], [], linestyle="none", marker=shape, markersize=7.5 * math.sqrt(area), label=name,
                markerfacecolor=colour, markeredgecolor=INK, markeredgewidth=0.5,
            )
            for name, shape, colour, area in zip(names, STAGE_SHAPES, STAGE_COLOURS, SHAPE_AREA, strict=True)
        ]  # fmt: skip
    return [_swatch(stage, name) for stage, name in enumerate(names)]


def _swatch(stage: int, name: str) -> Patch:
    patch = Patch(facecolor=STAGE_COLOURS[stage], label=name)
    hatch(patch, stage)
    patch.set_gid(f"swatch:{stage}")
    return patch


def trigger_style(kind: str) -> dict[str, Any]:
    """Give the keywords of `matplotlib.axes.Axes.plot` that draw the mark of a kind of trigger."""
    shape, filled = TRIGGER_MARKS[kind]
    return {
        "linestyle": "none", "marker": shape, "markersize": 4.2, "markeredgecolor": ACCENT, "markeredgewidth": 0.8,
        "markerfacecolor": ACCENT if filled else PAPER,
    }  # fmt: skip


def trigger_handles() -> list[Any]:
    """Give one entry a kind of trigger for a legend."""
    return [Line2D([], [], label=plain(kind), **trigger_style(kind)) for kind in TRIGGERS]


def legend_row(
    page: Page,
    handles: Sequence[Any],
    left: float,
    top: float,
    columns: int,
    title: str = "",
    room: float = 0.0,
    even: bool = False,
) -> Any:
    """Put a legend without a frame at the given place, inches from the lower left corner of the paper.

    ``room`` (points) is how high the largest key is, where that is higher than the type; ``even`` draws the keys of
    stages all as thick.
    """
    size = SIZES["tick"]
    length = 2.4 if any(isinstance(h, Patch) for h in handles) else 1.6
    legend = page.figure.legend(
        handles=list(handles), loc="upper left", bbox_to_anchor=(left / page.width, top / page.height),
        ncols=columns, frameon=False, fontsize=SIZES["tick"], borderpad=0.0, borderaxespad=0.0, handletextpad=0.5,
        columnspacing=1.4, labelspacing=0.35, labelcolor=INK, title=title or None,
        title_fontproperties={"size": SIZES["tick"], "weight": "bold"}, alignment="left",
        handlelength=max(length, room / size), handleheight=max(0.7, room / size),
        handler_map={} if even else {Patch: _RibbonKey()},
    )  # fmt: skip
    legend.get_title().set_color(INK)
    for text in legend.get_texts():
        text.set_parse_math(False)
    return legend


# ---------------------------------------------------------------- files


def figure_of(axes: Axes) -> Figure:
    """Give the figure that somebody's own axes are part of."""
    found = axes.get_figure()
    assert found is not None
    return found.figure if isinstance(found, SubFigure) else found


def inches(axes: Axes) -> tuple[float, float]:
    """Give width and height of axes on paper."""
    box = axes.get_window_extent()
    dpi = figure_of(axes).dpi
    return box.width / dpi, box.height / dpi


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure as PNG (150 dots an inch), SVG or PDF; the same figure gives the same bytes every time.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Any of those that `r2psim.plots` draws.
    path : str or Path
        Where; its ending says how.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        If the path ends in none of .png, .svg, .pdf.
    """
    path = Path(path)
    kind = path.suffix.lower()
    if kind not in _VOLATILE:
        raise ValueError(f"{path.name}: a figure is written as one of {', '.join(_VOLATILE)}")
    # The salt of SVG identifiers is a global setting of Matplotlib, hence the lock.
    with _WRITING, mpl.rc_context({"svg.hashsalt": "r2psim", "svg.fonttype": "path"}):
        figure.savefig(path, dpi=_DPI, format=kind[1:], metadata=_VOLATILE[kind], facecolor=PAPER)
    return path
