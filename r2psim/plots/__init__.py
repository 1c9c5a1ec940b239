"""Figures: each one a function of results that gives a `matplotlib.figure.Figure`, and one way to write it.

Nothing outside this package imports Matplotlib when it is loaded; import this package only where a figure is drawn.
"""

from r2psim.plots.assistance import money_by_form, money_over_time, when_help_arrived
from r2psim.plots.break_even import break_even_figure
from r2psim.plots.comparison import cost_argument, paired_differences
from r2psim.plots.discovery import discovery_figure
from r2psim.plots.forest import forest_plot
from r2psim.plots.harm import harm_over_time
from r2psim.plots.hindcast import hindcast_figure
from r2psim.plots.marginal import marginal_figure
from r2psim.plots.network import stage_map
from r2psim.plots.optimise import front_figure, random_figure
from r2psim.plots.panel_hindcast import panel_hindcast_figure
from r2psim.plots.returns import net_over_time, returns_on_prevention
from r2psim.plots.ribbons import stage_ribbons
from r2psim.plots.sensitivity import sensitivity_of
from r2psim.plots.style import save
from r2psim.plots.warning_value import warning_figure
from r2psim.plots.worlds import worlds_figure

__all__ = [
    "break_even_figure",
    "cost_argument",
    "discovery_figure",
    "forest_plot",
    "front_figure",
    "harm_over_time",
    "hindcast_figure",
    "marginal_figure",
    "money_by_form",
    "money_over_time",
    "net_over_time",
    "paired_differences",
    "panel_hindcast_figure",
    "random_figure",
    "returns_on_prevention",
    "save",
    "sensitivity_of",
    "stage_map",
    "stage_ribbons",
    "warning_figure",
    "when_help_arrived",
    "worlds_figure",
]
