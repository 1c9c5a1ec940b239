"""A scenario as a model of EMAworkbench: what is uncertain, and what is measured, under each policy."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.analysis.cached_runs import with_values
from r2psim.analysis.sensitivity_factors import uncertain
from r2psim.ensemble.former_names import hint
from r2psim.ensemble.measures import METRICS
from r2psim.ensemble.simulation import checked_policies, simulate
from r2psim.scenario.errors import listing
from r2psim.world.expand import expand
from r2psim.world.luck import checked_seed

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = ["workbench_model"]

OUTCOMES = ("episodes", "deaths", "prevention_and_response", "total_cost")
"""What is measured where nothing else is asked for."""


class _Function:
    """What EMAworkbench calls at each point, in this process or another."""

    def __init__(
        self, scenario: Scenario, paths: Mapping[str, str], policies: Sequence[str], outcomes: Sequence[str],
        runs: int, seed: int, years: int | None,
    ) -> None:  # fmt: skip
        self.scenario, self.paths, self.policies, self.outcomes = scenario, dict(paths), list(policies), list(outcomes)
        self.runs, self.seed, self.years = runs, seed, years
        self.__name__ = "r2psim"

    def __call__(self, **values: float) -> dict[str, float]:
        """Run all policies under the same luck, and give the mean of each outcome."""
        at = with_values(self.scenario, {self.paths[name]: value for name, value in values.items()})
        found = simulate(at, self.policies, self.runs, self.seed, self.years, threads=1)
        return {
            _identifier(f"{metric}: {policy}"): float(np.mean(found.values(policy, metric)))
            for policy in self.policies
            for metric in self.outcomes
        }


def _identifier(name: str) -> str:
    return re.sub(r"\W+", "_", name)


def workbench_model(
    scenario: str | Path | Scenario,
    policies: Sequence[str] = ("late-response", "prevention"),
    over: str | Sequence[str] = "all",
    outcomes: Sequence[str] = OUTCOMES,
    runs: int = 20,
    seed: int = 1,
    years: int | None = None,
) -> Any:
    """Give a scenario as a model of EMAworkbench, ready for its ``perform_experiments``.

    Parameters
    ----------
    scenario : str, Path or Scenario
        Name of a shipped scenario, path of a scenario file, or a loaded scenario.
    policies : sequence of str
        Policies of the scenario; at each point all of them are run under the same luck.
    over : str or sequence of str
        What varies, as in `r2psim.problem`: ``all`` that is uncertain, ``rates``, ``effects``, or paths.
    outcomes : sequence of str
        Metrics, as ``r2psim list metrics`` has them.
    runs, seed : int
        Runs of each policy at each point, the same ones at every point.
    years : int, optional
        Length of a run; the scenario's if not given.

    Returns
    -------
    ema_workbench.Model
        Named ``r2psim``. Its uncertainties are called as the paths, with ``_`` for every sign that no name of Python
        has (``observation_noise``); its outcomes, means of the runs in the metric's own unit, alike
        (``deaths_late_response``).

    Raises
    ------
    ImportError
        If EMAworkbench is not installed.
    ScenarioError
        If the scenario cannot be used, or has no such policy.
    ValueError
        If a metric is not there, or nothing of the sort varies.

    Notes
    -----
    Values are spread evenly over each range: EMAworkbench explores, and the likeliest value of an effect is not used.

    ``r2psim.workbench_results`` reads a finished design for the analyses of EMAworkbench, and is many times as fast:
    an ensemble shares its work among runs, and this model runs point by point.
    """
    from r2psim.scenario import load

    try:
        with warnings.catch_warnings():
            # It misses what one of its evaluators needs, which is not used here.
            warnings.filterwarnings("ignore", message="ipyparallel", category=UserWarning)
            from ema_workbench import Model, RealParameter, ScalarOutcome
    except ImportError:
        raise ImportError('this needs EMAworkbench, which is not installed: pip install "r2psim[workbench]"') from None
    for metric in outcomes:
        if metric not in METRICS:
            raise ValueError(f"metric {metric} is not allowed: one of {listing(METRICS)}{hint(metric, METRICS)}")
    full = expand(load(scenario) if isinstance(scenario, str | Path) else scenario)
    named = list(checked_policies(full, list(policies)))
    ranges = uncertain(full, over, "prior")
    paths = {_identifier(one.path): one.path for one in ranges}
    model = Model("r2psim", function=_Function(full, paths, named, outcomes, runs, checked_seed(seed), years))
    model.uncertainties = [RealParameter(_identifier(one.path), one.low, one.high) for one in ranges]
    model.outcomes = [ScalarOutcome(_identifier(f"{metric}: {policy}")) for policy in named for metric in outcomes]
    return model
