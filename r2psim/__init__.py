"""r2psim: what early assistance to states buys, against late crisis response.

Nothing heavy is imported here; the public names are loaded when they are first used.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from r2psim.agents.model import R2PModel
    from r2psim.analysis.break_even_study import BreakEven, break_even
    from r2psim.analysis.comparison import Comparison, compare
    from r2psim.analysis.discovery import Discovery, discover
    from r2psim.analysis.discovery_points import workbench_results
    from r2psim.analysis.listings import (
        bodies,
        channels,
        forms,
        mandates,
        metrics,
        parameters,
        policies,
        scenarios,
        series,
    )
    from r2psim.analysis.marginal import Marginal, marginal
    from r2psim.analysis.optimise import Optimised, optimise, portfolio_problem
    from r2psim.analysis.panel_hindcast import PanelHindcast, hindcast_panel
    from r2psim.analysis.random_portfolios import RandomPortfolios, random_portfolios
    from r2psim.analysis.rows import RowTable, rows
    from r2psim.analysis.sensitivity import Sensitivity, sensitivity
    from r2psim.analysis.sensitivity_factors import problem
    from r2psim.analysis.warning_value import Warnings, warning_value
    from r2psim.analysis.workbench import workbench_model
    from r2psim.ensemble.batch.stored_batch import Batch
    from r2psim.ensemble.python_policies import PythonPolicy
    from r2psim.ensemble.results import Results
    from r2psim.ensemble.simulation import simulate
    from r2psim.reports.page import report
    from r2psim.scenario import Scenario, ScenarioError, load
    from r2psim.world.build import World, build
    from r2psim.world.history import Event, History

    def open(directory: str | Path) -> Batch: ...


__version__ = "0.1.0"

_REFERENCE = "r2psim.analysis.listings"

_HOMES = {
    "BreakEven": "r2psim.analysis.break_even_study",
    "Comparison": "r2psim.analysis.comparison",
    "Batch": "r2psim.ensemble.batch.stored_batch",
    "Discovery": "r2psim.analysis.discovery",
    "Event": "r2psim.world.history",
    "History": "r2psim.world.history",
    "Marginal": "r2psim.analysis.marginal",
    "Optimised": "r2psim.analysis.optimise",
    "PanelHindcast": "r2psim.analysis.panel_hindcast",
    "PythonPolicy": "r2psim.ensemble.python_policies",
    "R2PModel": "r2psim.agents.model",
    "RandomPortfolios": "r2psim.analysis.random_portfolios",
    "Results": "r2psim.ensemble.results",
    "RowTable": "r2psim.analysis.rows",
    "Scenario": "r2psim.scenario",
    "ScenarioError": "r2psim.scenario",
    "Warnings": "r2psim.analysis.warning_value",
    "Sensitivity": "r2psim.analysis.sensitivity",
    "World": "r2psim.world.build",
    "bodies": _REFERENCE,
    "break_even": "r2psim.analysis.break_even_study",
    "build": "r2psim.world.build",
    "compare": "r2psim.analysis.comparison",
    "channels": _REFERENCE,
    "discover": "r2psim.analysis.discovery",
    "forms": _REFERENCE,
    "hindcast_panel": "r2psim.analysis.panel_hindcast",
    "load": "r2psim.scenario",
    "mandates": _REFERENCE,
    "marginal": "r2psim.analysis.marginal",
    "metrics": _REFERENCE,
    "open": "r2psim.ensemble.batch.stored_batch",
    "optimise": "r2psim.analysis.optimise",
    "parameters": _REFERENCE,
    "policies": _REFERENCE,
    "portfolio_problem": "r2psim.analysis.optimise",
    "problem": "r2psim.analysis.sensitivity_factors",
    "report": "r2psim.reports.page",
    "random_portfolios": "r2psim.analysis.random_portfolios",
    "rows": "r2psim.analysis.rows",
    "scenarios": _REFERENCE,
    "sensitivity": "r2psim.analysis.sensitivity",
    "series": _REFERENCE,
    "simulate": "r2psim.ensemble.simulation",
    "warning_value": "r2psim.analysis.warning_value",
    "workbench_model": "r2psim.analysis.workbench",
    "workbench_results": "r2psim.analysis.discovery_points",
}

__all__ = [
    "Batch",
    "BreakEven",
    "Comparison",
    "Discovery",
    "Event",
    "History",
    "Marginal",
    "Optimised",
    "PanelHindcast",
    "PythonPolicy",
    "R2PModel",
    "RandomPortfolios",
    "Results",
    "RowTable",
    "Scenario",
    "ScenarioError",
    "Sensitivity",
    "Warnings",
    "World",
    "__version__",
    "bodies",
    "break_even",
    "build",
    "channels",
    "compare",
    "discover",
    "forms",
    "hindcast_panel",
    "load",
    "mandates",
    "marginal",
    "metrics",
    "optimise",
    "parameters",
    "policies",
    "portfolio_problem",
    "problem",
    "random_portfolios",
    "report",
    "rows",
    "scenarios",
    "sensitivity",
    "series",
    "simulate",
    "warning_value",
    "workbench_model",
    "workbench_results",
]

if not TYPE_CHECKING:  # a checker would take any name for good

    def __getattr__(name: str) -> Any:
        if name in _HOMES:
            return getattr(import_module(_HOMES[name]), "open_batch" if name == "open" else name)
        near = get_close_matches(name, _HOMES, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise AttributeError(f"module 'r2psim' has no attribute {name!r}{hint}")


def __dir__() -> list[str]:
    return sorted({*__all__, "open"})  # not in __all__: a star import must not hide the open of Python
