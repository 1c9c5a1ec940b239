"""Windows of a panel held against what happened: do probabilities mean what they say, beside other forecasts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.analysis.hindcast import PURPOSE
from r2psim.analysis.panel_hindcast import PanelHindcast
from r2psim.analysis.skill import roc
from r2psim.plots.comparison import CHOSEN, head
from r2psim.plots.hindcast import draw_chance, draw_plane, draw_shares
from r2psim.plots.style import INK, MUTED, SIZES, new_figure, say, shorten, sober

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["panel_hindcast_figure"]

_HEIGHT = 4.75
_BOTTOM = 1.6
_PANEL = 2.85
_STEP = 0.17
_NAME = 3.4
_LEFT = 1.15
_RIGHT = 4.95
# Told apart by lightness, dash and width, of which each alone is enough.
_LINES: tuple[dict[str, Any], ...] = (
    {"color": CHOSEN, "linewidth": 1.9, "linestyle": "-"},
    {"color": "#8a93a0", "linewidth": 1.3, "linestyle": (0, (1, 1.2))},
    {"color": "#5b6470", "linewidth": 1.2, "linestyle": (0, (5, 2))},
    {"color": "#1f2328", "linewidth": 0.9, "linestyle": "-"},
)


def _curves(axes: Axes, found: PanelHindcast) -> None:
    """Draw the ROC curves of the model and of the others."""
    draw_plane(axes)
    happened = found.happened
    if not happened.any() or happened.all():
        say(axes, "No curve: no onset was observed" if not happened.any() else "No curve: an onset everywhere")
        return
    draw_chance(axes)
    scores = [found.probabilities, *(other.scores for other in found.others)]
    for k, (values, line) in enumerate(zip(scores, _LINES, strict=False)):
        own = np.isfinite(values)
        if happened[own].any() and not happened[own].all():
            axes.plot(*roc(values[own], happened[own]), zorder=5 - k, **line)


def _key_rows(found: PanelHindcast) -> list[str]:
    """Name each curve with its area, the interval and on how many cases it stands."""
    summary = found.summary()
    entries = [("the model", summary, len(found.happened)), *((o["name"], o, o["state_windows"])
                                                              for o in summary["others"])]  # fmt: skip
    rows = []
    for name, values, cases in entries[: len(_LINES)]:
        area = "not defined" if values["auc"] is None else f"{values['auc']:.2f}"
        ends = "" if values["auc_95"] is None else " ({:.2f} to {:.2f})".format(*values["auc_95"])
        of = f", {values['onsets_observed']} of {cases:,} state-windows"
        rows.append(f"{shorten(name, _NAME, SIZES['small'])}: AUC {area}{ends}{of}")
    return rows


def panel_hindcast_figure(found: PanelHindcast) -> Figure:
    """Draw calibration and discrimination of the windows of a panel; no state is named.

    Parameters
    ----------
    found : PanelHindcast
        The hindcast.

    Returns
    -------
    Figure
        Left: observed against expected shares by class of probability, with 95 % intervals and numbers of
        state-windows. Right: ROC curves of the model and of other forecasts. Below: areas under them, with intervals.
    """
    summary = found.summary()
    years = summary["years"]
    title = (
        f"Two years after each of {years[0]} to {years[-1]}: {summary['onsets_observed']} of"
        f" {summary['state_windows']:,} state-windows saw an onset, {summary['onsets_expected']:.0f} were expected"
    )
    ratio, ends = summary["expected_over_observed"], summary["expected_over_observed_95"]
    title += "" if ends is None else f": {ratio:.1f} times as many ({ends[0]:.1f} to {ends[1]:.1f})"
    source = f"{found.policy}, {summary['runs']} runs a window, {found.draws} draws of each start, seed {found.seed}"
    page = new_figure(_HEIGHT, title, PURPOSE, source)
    bottom = page.bottom + _BOTTOM
    for left, name in ((_LEFT, "Do the probabilities mean what they say?"), (_RIGHT, "Do they tell states apart?")):
        axes = page.axes(left, bottom, _PANEL, _PANEL)
        sober(axes)
        head(page, left, bottom + _PANEL + 0.12, name)
        if left == _LEFT:
            draw_shares(axes, found.bins())
        else:
            _curves(axes, found)
    rows = _key_rows(found)
    for k, (row, line) in enumerate(zip(rows, _LINES, strict=False)):
        y = page.bottom + _BOTTOM - 0.72 - _STEP * k
        sample = page.axes(_LEFT, y - 0.01, 0.34, 0.1)
        sample.set_axis_off()
        sample.set_xlim(0.0, 1.0)
        sample.set_ylim(0.0, 1.0)
        sample.plot([0.0, 1.0], [0.5, 0.5], **line)
        page.text(_LEFT + 0.42, y, row, SIZES["small"], color=INK)
    page.text(
        _LEFT, page.bottom + 0.1,
        "In brackets and left: 95 % intervals; in brackets a state's windows are one case. Numbers: state-windows. Open"
        " mark: no onset.",
        SIZES["small"], color=MUTED,
    )  # fmt: skip
    return page.figure
