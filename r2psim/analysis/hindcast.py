"""A past world run forward and held against what happened: for validation of the model, never to forecast.

What comes out is aggregate: how well simulated probabilities of states separate those with an onset from those without,
and whether they mean what they say. No state is named or ranked. Probabilities of single states are written only on
request, with the caveat in the first field of every row, in the order of the input.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.analysis.observed_onsets import observed_onsets
from r2psim.analysis.skill import (
    Bin,
    auc,
    auc_interval,
    brier,
    calibration,
    recall,
    recall_interval,
)

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = ["FLAGGED", "PURPOSE", "Hindcast", "hindcast", "world_account"]

PURPOSE = (
    "For validation of the model, not for forecasting: a few onsets say little, most of a state's variables are "
    "assumed, and no single state's probability means anything."
)
"""Said wherever a hindcast is shown."""

FLAGGED = 0.2
"""Share of the states that is flagged where recall is measured."""

MONTHS = 12
_MOST = 0.9


@dataclass(frozen=True, eq=False)
class Hindcast:
    """Simulated probabilities and observed onsets of the states of a world.

    Attributes
    ----------
    scenario, policy : str
        What was run.
    year, years : int
        Last year of the data; years after it that were simulated.
    runs, seed : int
        Number of runs, and their seed.
    states : tuple of str
        Ids.
    probabilities : numpy.ndarray, shape (states,)
        Share of the runs in which an episode began in the window.
    happened : numpy.ndarray, bool, shape (states,)
        Whether an onset was observed in the window.
    totals : numpy.ndarray, shape (runs,)
        States with an onset, by run.
    notes : tuple of str
        What a person should know of the onsets file.
    """

    scenario: str
    policy: str
    year: int
    years: int
    runs: int
    seed: int
    states: tuple[str, ...]
    probabilities: np.ndarray
    happened: np.ndarray
    totals: np.ndarray
    notes: tuple[str, ...] = ()

    @property
    def onsets(self) -> int:
        """Number of states with an observed onset."""
        return int(self.happened.sum())

    def bins(self) -> tuple[Bin, ...]:
        """Give the calibration curve."""
        return calibration(self.probabilities, self.happened)

    def summary(self) -> dict[str, Any]:
        """Give everything as plain data, without a number of any single state."""
        area = auc(self.probabilities, self.happened)
        caught = recall(self.probabilities, self.happened, FLAGGED)
        score, skill = brier(self.probabilities, self.happened)
        without = len(self.states) - self.onsets
        low, high = np.quantile(self.totals, [(1.0 - _MOST) / 2.0, (1.0 + _MOST) / 2.0])
        return {
            "purpose": PURPOSE,
            "scenario": self.scenario,
            "policy": self.policy,
            "window": [self.year + 1, self.year + self.years],
            "runs": self.runs,
            "seed": self.seed,
            "states": len(self.states),
            "onsets_observed": self.onsets,
            "onsets_expected": float(self.probabilities.sum()),
            "onsets_expected_90": [float(low), float(high)],
            "auc": area,
            "auc_95": None if area is None else list(auc_interval(area, self.onsets, without)),
            "recall_at_20_percent": caught,
            "recall_95": None if caught is None else list(recall_interval(caught, self.onsets)),
            "brier": score,
            "brier_skill": skill,
            "calibration": [
                {
                    "from": b.low,
                    "to": b.high,
                    "states": b.states,
                    "expected": b.expected,
                    "observed": b.observed,
                    "onsets": b.onsets,
                    "observed_95": list(b.interval),
                }
                for b in self.bins()
            ],
            "notes": list(self.notes),
        }


def world_account(source: str | Path) -> dict[str, Any]:
    """Read the account of an imported world: its year, and the codes of its states.

    Parameters
    ----------
    source : str or Path
        Directory that ``r2psim import-world`` wrote, or the ``scenario.toml`` in it.

    Raises
    ------
    ScenarioError
        If it is no such directory.
    """
    from r2psim.ensemble.store import OutputError, read_json
    from r2psim.scenario.errors import Problem, ScenarioError

    path = Path(source)
    file = (path if path.is_dir() else path.parent) / "import.json"
    try:
        account = read_json(file)
        int(account["year"])
        for codes in account["states"].values():
            int(codes["ccode"]), str(codes["iso3c"])
    except (OutputError, KeyError, TypeError, ValueError, AttributeError):
        what = "no imported world, which r2psim import-world writes: import.json is missing or damaged"
        raise ScenarioError([Problem(str(source), "", None, what)]) from None
    return account


def hindcast(
    source: str | Path | Scenario,
    onsets: Path,
    years: int = 2,
    runs: int = 1000,
    seed: int = 1,
    policy: str = "late-response",
    threads: int | None = None,
    account: dict[str, Any] | None = None,
    advance: Callable[[int], None] | None = None,
) -> Hindcast:
    """Run an imported world for some years and hold it against the onsets observed.

    Parameters
    ----------
    source : str, Path or Scenario
        Directory of an imported world, or its scenario; a loaded scenario needs `account`.
    onsets : Path
        As of `r2psim.analysis.observed_onsets.observed_onsets`.
    years : int
        Length of the window, which begins with the year after that of the data.
    runs, seed : int
        Number of runs, and their seed.
    policy : str
        Of the scenario; the default is the present.
    threads : int, optional
        All processors if not given.
    account : dict, optional
        As of `world_account`; read from the directory if not given.
    advance : callable, optional
        Told the number of runs finished since it was last called.

    Raises
    ------
    ScenarioError
        If the world or the onsets cannot be used.
    """
    from r2psim.ensemble.onsets_by_state import onsets_by_state
    from r2psim.scenario import load

    if account is None:
        if not isinstance(source, str | Path):
            raise ValueError("a loaded scenario needs the account of the world")
        account = world_account(source)
    scenario = load(Path(source)) if isinstance(source, str | Path) else source
    year = int(account["year"])
    happened, notes = observed_onsets(onsets, account["states"], year + 1, year + years)
    states, began = onsets_by_state(scenario, policy, runs, MONTHS * years, seed, 0, threads, advance)
    return Hindcast(
        scenario=scenario.name,
        policy=policy,
        year=year,
        years=years,
        runs=runs,
        seed=seed,
        states=states,
        probabilities=began.mean(axis=0),
        happened=np.array([happened.get(state, False) for state in states]),
        totals=began.sum(axis=1),
        notes=notes,
    )
