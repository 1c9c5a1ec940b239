"""Figures: each one a function of results that gives a `matplotlib.figure.Figure`, and one way to write it.

Nothing outside this package imports Matplotlib when it is loaded; import this package only where a figure is drawn.
"""

from r2psim.plots.harm import harm_over_time
from r2psim.plots.network import stage_map
from r2psim.plots.ribbons import stage_ribbons
from r2psim.plots.style import save

__all__ = ["harm_over_time", "save", "stage_map", "stage_ribbons"]
