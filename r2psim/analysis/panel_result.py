"""What came of a hindcast of a panel: windows pooled, skill beside other forecasts, in sums that name no state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from r2psim.analysis.hindcast import FLAGGED, PURPOSE
from r2psim.analysis.pooled_skill import (
    between,
    clustered_auc_interval,
    draws_of_states,
    log_scores,
    recalibrated,
    shares,
    weighted_auc,
    weighted_means,
)
from r2psim.analysis.skill import Bin, auc, brier, calibration, flagged_parts

__all__ = ["FIRST", "WINDOW", "Other", "PanelHindcast", "Window", "verdict"]

WINDOW = 2
"""Years of a window."""

FIRST = 30
"""Number of states that is flagged in a window, as published lists of states at risk do."""

_SUREST = 1e-4  # a forecast that others gave as 0 or 1 is taken as this far from it, for its log score


@dataclass(frozen=True, eq=False)
class Window:
    """A window: the states of a year and the onsets of the years after it.

    Attributes
    ----------
    year : int
        Last year of the data.
    states : tuple of str
        Keys of the states, the same in all windows.
    counts : numpy.ndarray, int, shape (states,)
        Runs in which an episode began.
    runs : int
        Runs, of all draws together.
    happened : numpy.ndarray, bool, shape (states,)
        Whether an onset was observed.
    stage : numpy.ndarray, shape (states,)
        Operational stage in the year of the data.
    naive : numpy.ndarray or None
        Probabilities of the naive fit; None where too few onsets came before.
    against : numpy.ndarray or None
        The other forecasts; not a number where there is none of a state.
    """

    year: int
    states: tuple[str, ...]
    counts: np.ndarray
    runs: int
    happened: np.ndarray
    stage: np.ndarray
    naive: np.ndarray | None = None
    against: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Other:
    """Another forecast of the same states and windows.

    Attributes
    ----------
    name : str
        What it is.
    scores : numpy.ndarray, shape (cases,)
        Higher where an onset is likelier; not a number where there is none.
    chances : bool
        Whether they are probabilities, or only an order.
    """

    name: str
    scores: np.ndarray
    chances: bool


@dataclass(frozen=True, eq=False)
class PanelHindcast:
    """Windows of a panel, pooled.

    Attributes
    ----------
    windows : tuple of Window
        By year.
    policy : str
        Under which the worlds were run.
    draws, seed : int
        Draws of each start; seed of all chance.
    against : str
        Name of the file of other forecasts, empty where there is none.
    notes : tuple of str
        What a person should know of the files.
    """

    windows: tuple[Window, ...]
    policy: str
    draws: int
    seed: int
    against: str = ""
    notes: tuple[str, ...] = field(default=())

    @cached_property
    def probabilities(self) -> np.ndarray:
        """Share of the runs with an onset, of every state-window."""
        return np.concatenate([window.counts / window.runs for window in self.windows])

    @cached_property
    def chances(self) -> np.ndarray:
        """The same, never 0 or 1: half a run is added to both sides."""
        return np.concatenate(
            [shares(window.counts, np.full(len(window.counts), window.runs)) for window in self.windows]
        )

    @cached_property
    def happened(self) -> np.ndarray:
        """Whether an onset was observed, of every state-window."""
        return np.concatenate([window.happened for window in self.windows])

    @cached_property
    def state(self) -> np.ndarray:
        """Number of the state of every state-window."""
        keys = [key for window in self.windows for key in window.states]
        number = {key: k for k, key in enumerate(dict.fromkeys(keys))}
        return np.array([number[key] for key in keys])

    @cached_property
    def window(self) -> np.ndarray:
        """Number of the window of every state-window."""
        return np.repeat(np.arange(len(self.windows)), [len(window.states) for window in self.windows])

    @cached_property
    def others(self) -> tuple[Other, ...]:
        """Other forecasts: the stage alone, the naive fit, those of a file."""
        found = [Other("operational stage alone", np.concatenate([w.stage for w in self.windows]), False)]
        for name, values in (
            ("logistic fit on the predictors, forward in time", [w.naive for w in self.windows]),
            (self.against, [w.against for w in self.windows]),
        ):
            parts = [
                np.full(len(w.states), np.nan) if each is None else each
                for w, each in zip(self.windows, values, strict=True)
            ]
            pooled = np.concatenate(parts)
            if name and np.isfinite(pooled).any():
                found.append(Other(name, pooled, True))
        return tuple(found)

    @cached_property
    def recalibrated(self) -> np.ndarray:
        """Probabilities at the level and slope of other years, of every state-window; not a number where none is found.

        Two numbers, fitted to the onsets of those windows that share no year with the one that they are applied to.
        """
        odds = np.log(self.chances / (1.0 - self.chances))
        years = np.array([window.year for window in self.windows])[self.window]
        found = np.full(len(odds), np.nan)
        for window in self.windows:
            apart = np.abs(years - window.year) >= WINDOW
            fitted = recalibrated(self.chances[apart], self.happened[apart], self.state[apart]) if apart.any() else None
            if fitted is not None:
                own = years == window.year
                (intercept, _), (slope, _) = fitted
                found[own] = 1.0 / (1.0 + np.exp(-intercept - slope * odds[own]))
        return found

    def bins(self) -> tuple[Bin, ...]:
        """Give the calibration curve; its intervals are those of single state-windows.

        Returns
        -------
        tuple of Bin
            By forecast probability, ascending.
        """
        return calibration(self.probabilities, self.happened)

    def flagged(self, scores: np.ndarray, number: Callable[[int], float]) -> np.ndarray:
        """Give how far each state-window is among the first of its window; `number` of them, by number of states.

        Parameters
        ----------
        scores : numpy.ndarray, shape (state-windows,)
            The higher, the earlier a state is named.
        number : callable
            Number of states in a window -> how many of them are named; need not be whole.

        Returns
        -------
        numpy.ndarray, shape (state-windows,)
            Shares 0-1: a tie at the end of the list is shared.
        """
        found = np.empty(len(scores))
        for k in range(len(self.windows)):
            own = self.window == k
            found[own] = flagged_parts(scores[own], number(int(own.sum())))
        return found

    @cached_property
    def _result(self) -> dict[str, Any]:
        weights = draws_of_states(self.state)
        every = np.ones(len(self.state), dtype=bool)
        return {
            "purpose": PURPOSE,
            "policy": self.policy,
            "years": [window.year for window in self.windows],
            "window": WINDOW,
            "runs": self.windows[0].runs,
            "draws": self.draws,
            "seed": self.seed,
            "states": int(self.state.max()) + 1,
            "state_windows": len(self.state),
            **self._skill(self.probabilities, self.chances, every, weights),
            "recalibrated_on_other_years": self._recalibrated_skill(every, weights),
            "calibration": [_class(b) for b in self.bins()],
            "others": [self._beside(other, weights) for other in self.others],
            "windows": [
                {
                    "year": window.year,
                    "states": len(window.states),
                    "onsets_observed": int(window.happened.sum()),
                    "onsets_expected": float((window.counts / window.runs).sum()),
                }
                for window in self.windows
            ],
            "notes": list(self.notes),
        }

    def summary(self) -> dict[str, Any]:
        """Give everything as plain data, without a number of any single state.

        Returns
        -------
        dict of str
            Skill with 95 % intervals over states, calibration, other forecasts, onsets by window.
        """
        return dict(self._result)

    def _skill(
        self, scores: np.ndarray, chances: np.ndarray | None, own: np.ndarray, weights: np.ndarray
    ) -> dict[str, Any]:
        """Measure a forecast of those cases that are its `own`; without chances it is an order only."""
        happened, state = self.happened[own], self.state[own]
        weights = weights[:, own]
        found: dict[str, Any] = {"onsets_observed": int(happened.sum())}
        caught = {
            "recall_at_20_percent": self.flagged(scores, lambda states: FLAGGED * states),
            "recall_among_first_30": self.flagged(scores, lambda states: float(FIRST)),
        }
        found["auc"] = auc(scores[own], happened)
        area = clustered_auc_interval(scores[own], happened, state) if found["auc"] is not None else None
        found["auc_95"] = None if area is None else list(area)
        for name, parts in caught.items():
            some = bool(happened.any())
            found[name] = float(parts[own][happened].mean()) if some else None
            drawn = _ratio(weights @ (parts[own] * happened), weights @ happened)
            found[f"{name}_95"] = _ends(between(drawn)) if some else None
        if chances is None:
            return found
        given, sure = scores[own], chances[own]
        found["onsets_expected"] = float(given.sum())
        found["expected_over_observed"] = float(given.sum() / happened.sum()) if happened.any() else None
        found["expected_over_observed_95"] = _ends(between(_ratio(weights @ given, weights @ happened)))
        found["brier"], found["brier_skill"] = brier(given, happened)
        found["brier_95"] = _ends(between(weighted_means((given - happened) ** 2, weights)))
        logs = log_scores(sure, happened)
        found["log_score"] = float(logs.mean())
        found["log_score_95"] = _ends(between(weighted_means(logs, weights)))
        fitted = recalibrated(sure, happened, state) or ((None, None), (None, None))
        for name, (value, ends) in zip(("calibration_intercept", "calibration_slope"), fitted, strict=True):
            found[name], found[f"{name}_95"] = value, _ends(ends)
        return found

    def _recalibrated_skill(self, own: np.ndarray, weights: np.ndarray) -> dict[str, Any] | None:
        """Measure what other years make of the probabilities, on those cases of `own` that have one."""
        own = own & np.isfinite(self.recalibrated)
        if not own.any():
            return None
        scores = np.where(own, self.recalibrated, -np.inf)
        return {"state_windows": int(own.sum()), **self._skill(scores, self.recalibrated, own, weights)}

    def _beside(self, other: Other, weights: np.ndarray) -> dict[str, Any]:
        """Measure another forecast, and by how much the model's is higher on the same cases."""
        own = np.isfinite(other.scores)
        chances = np.clip(other.scores, _SUREST, 1.0 - _SUREST) if other.chances else None
        scores = np.where(own, other.scores, -np.inf)
        found = {"name": other.name, "state_windows": int(own.sum()), **self._skill(scores, chances, own, weights)}
        model = np.where(own, self.probabilities, -np.inf)
        found["model"] = self._skill(model, self.chances, own, weights) if not own.all() else None
        if other.chances:
            found["model_recalibrated_on_other_years"] = self._recalibrated_skill(own, weights)
        happened, weights = self.happened[own], weights[:, own]
        areas = [weighted_auc(each[own], happened, weights) for each in (self.probabilities, other.scores)]
        both = auc(self.probabilities[own], happened), found["auc"]
        found["auc_difference"] = None if both[0] is None else both[0] - both[1]
        found["auc_difference_95"] = _ends(between(areas[0] - areas[1]))
        found["verdict"] = verdict(found["auc_difference_95"])
        if other.chances:
            errors = (self.probabilities[own] - happened) ** 2 - (other.scores[own] - happened) ** 2
            found["brier_difference"] = float(errors.mean())
            found["brier_difference_95"] = _ends(between(weighted_means(errors, weights)))
            assert chances is not None
            logs = log_scores(self.chances[own], happened) - log_scores(chances[own], happened)
            found["log_score_difference"] = float(logs.mean())
            found["log_score_difference_95"] = _ends(between(weighted_means(logs, weights)))
        return found


def verdict(interval: Sequence[float] | None) -> str:
    """Say whether the model ranks states better than another forecast, by the interval of how much larger its AUC is.

    Examples
    --------
    >>> verdict([-0.2, -0.1]), verdict([-0.1, 0.2]), verdict(None)
    ('the other is better', 'not told apart', 'not told apart')
    """
    if interval is None or interval[0] <= 0.0 <= interval[1]:
        return "not told apart"
    return "the model is better" if interval[0] > 0.0 else "the other is better"


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0.0)
    return found


def _ends(interval: tuple[float, float] | None) -> list[float] | None:
    return None if interval is None else list(interval)


def _class(b: Bin) -> dict[str, Any]:
    return {
        "from": b.low,
        "to": b.high,
        "states": b.states,
        "expected": b.expected,
        "observed": b.observed,
        "onsets": b.onsets,
        "observed_95": list(b.interval),
    }
