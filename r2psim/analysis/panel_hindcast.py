"""Many past worlds run forward and held against what happened: windows of a panel pooled, beside other forecasts.

The world of each year is made of the panel's files, with several draws of what no file tells, and each draw starts
settled by the luck of its own runs: the uncertainty of the start is in the forecast. What comes out is aggregate. No
state is named or ranked, and no number of a single state is given.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.analysis.forward_fit import features, forward
from r2psim.analysis.hindcast import FLAGGED, MONTHS, PURPOSE
from r2psim.analysis.kept_arrays import KeptArrays
from r2psim.analysis.observed import observed_onsets, onset_years
from r2psim.analysis.panel_files import PanelFiles, read_forecasts, years_of
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
from r2psim.scenario.errors import Problem, ScenarioError, listing
from r2psim.world.countries import LEAVE_OUT
from r2psim.world.declared import declared
from r2psim.world.importing import CountryFiles, completed, read_files, scenario_data
from r2psim.world.layouts import import_data

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = [
    "FIRST",
    "FOLDER",
    "WINDOW",
    "Other",
    "PanelHindcast",
    "Window",
    "hindcast_panel",
    "panel_years",
    "world_of_draw",
]

WINDOW = 2
"""Years of a window."""

FIRST = 30
"""Number of states that is flagged in a window, as published lists of states at risk do."""

FOLDER = "windows"
"""Folder of the finished pieces in the directory of a hindcast."""

_MADE_OF = ("world/*.py", "world/*.toml", "scenario/*.py", "scenario/*.toml", "ensemble/windows.py")
_LAST_SEED = 2**63  # of what the importer draws
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


# -- running -----------------------------------------------------------------------------------------------------------


def hindcast_panel(
    panel: str | Path,
    years: Collection[int] | None = None,
    against: str | Path | None = None,
    onsets: str | Path | None = None,
    runs: int = 1000,
    draws: int = 20,
    seed: int = 1,
    policy: str = "late-response",
    leave_out: Collection[str] = (),
    threads: int | None = None,
    directory: Path | None = None,
    advance: Callable[[int], None] | None = None,
) -> PanelHindcast:
    """Run the worlds of many years of a panel for two years each and hold them against the onsets observed.

    Draw d of the world of a year is what ``import-world`` makes of the same files with ``seed + d``.

    Parameters
    ----------
    panel : str or Path
        Directory with the files of a panel, found by their columns (`r2psim.analysis.panel_files.KINDS`).
    years : collection of int, optional
        Years of the data; each window is the two years after. All whose window the onsets reach, if not given.
    against : str or Path, optional
        Other forecasts, as of `r2psim.analysis.panel_files.read_forecasts`.
    onsets : str or Path, optional
        Onsets, in place of those in the directory.
    runs, draws : int
        Runs of each window, divided among so many draws of what no file tells.
    seed : int
        Of all chance.
    policy : str
        Under which the worlds are run; the default is the present.
    leave_out : collection of str
        States that are left out of the years that have them, by ISO code, state number or name.
    threads : int, optional
        All processors if not given; the results do not depend on it.
    directory : Path, optional
        Finished draws are kept there, and an interrupted hindcast goes on from them.
    advance : callable, optional
        Told the number of runs finished since it was last called.

    Returns
    -------
    PanelHindcast
        All windows.

    Raises
    ------
    ScenarioError
        If files or years cannot be used.
    ValueError
        If there are fewer runs than draws.
    """
    if not 1 <= draws <= runs:
        raise ValueError(f"draws must be at least 1 and no more than the {runs} runs of a window, not {draws}")
    if not 0 <= seed < _LAST_SEED - draws:
        raise ValueError(f"seed must be at least 0 and, with {draws} draws, below {_LAST_SEED - draws:,}, not {seed}")
    files = PanelFiles.of(Path(panel), None if onsets is None else Path(onsets))
    there = years_of(files.predictors)
    chosen, reach = _chosen(years, there, files)
    read = _read_all(files, chosen, leave_out)
    codes = {year: _codes(found) for year, found in read.items()}
    happened: dict[int, dict[str, bool]] = {}
    notes: list[str] = []
    for year in chosen:
        happened[year], told = observed_onsets(files.onsets, codes[year], year + 1, year + WINDOW)
        notes += [note for note in told if "rows; onsets in the window" not in note and note not in notes]
    notes += _reached(chosen, reach, files) + _silent(read, files)
    others, told = read_forecasts(Path(against), codes) if against is not None else ({}, ())
    notes += told
    if against is not None and not any(others.values()):
        allowed = f"a forecast of a window of {_spans(chosen)}: none of its rows is one"
        raise ScenarioError([Problem(str(against), "", None, allowed)])
    world_of_draw(read[chosen[0]], seed).policy(policy)
    naive = _Naive(files, there, leave_out, read, happened, notes)
    counts = _run(files, read, runs, draws, seed, policy, threads, directory, advance)
    windows = []
    for year in chosen:
        keys = [country.id for country in read[year].countries]
        forecasts = others.get(year)
        windows.append(
            Window(
                year=year,
                states=tuple(country.state for country in read[year].countries),
                counts=counts[year][0],
                runs=runs,
                happened=np.array([happened[year][key] for key in keys]),
                stage=counts[year][1],
                naive=naive.of(year),
                against=None if not forecasts else np.array([forecasts.get(key, np.nan) for key in keys]),
            )
        )
    name = Path(against).name if against is not None else ""
    return PanelHindcast(tuple(windows), policy, draws, seed, name, tuple(dict.fromkeys(notes)))


def panel_years(
    panel: str | Path, years: Collection[int] | None = None, onsets: str | Path | None = None
) -> tuple[int, ...]:
    """Give the years of the data whose windows `hindcast_panel` would run, with the same parameters and errors."""
    files = PanelFiles.of(Path(panel), None if onsets is None else Path(onsets))
    return _chosen(years, years_of(files.predictors), files)[0]


def _spans(years: Sequence[int]) -> str:
    return f"{years[0]} to {years[-1]}" if len(years) > 1 else str(years[0])


def _chosen(
    years: Collection[int] | None, there: Sequence[int], files: PanelFiles
) -> tuple[tuple[int, ...], tuple[int, int]]:
    """Give the years of the windows, in order, and the first and last year of which the onsets tell."""
    first, last = onset_years(files.onsets)
    if years is None:
        chosen = tuple(year for year in there if year + 1 >= first and year + WINDOW <= last)
        if not chosen:
            what = f"tells onsets of {first} to {last}, and no window of {WINDOW} years after a year of the predictors"
            raise ScenarioError([Problem(str(files.onsets), "", None, f"{what} ({_spans(there)}) lies in them")])
        return chosen, (first, last)
    problems = []
    for year in sorted(set(years)):
        if year not in there:
            near = str(min(there, key=lambda other, year=year: (abs(other - year), other)))  # type: ignore[misc]
            allowed = f"a year of {files.predictors.name}, which has {_spans(there)}"
            problems.append(Problem(str(files.predictors), "year", year, allowed, near))
        elif year + 1 > last or year + WINDOW < first:
            allowed = f"a year whose window of {WINDOW} years the onsets reach: they are of {first} to {last}"
            problems.append(Problem(str(files.onsets), "year", year, allowed))
    if problems:
        raise ScenarioError(problems)
    if not years:
        raise ValueError("at least one year is needed")
    return tuple(sorted(set(years))), (first, last)


def _reached(chosen: Sequence[int], reach: tuple[int, int], files: PanelFiles) -> list[str]:
    beyond = [str(year) for year in chosen if year + WINDOW > reach[1]]
    if not beyond:
        return []
    return [
        f"{files.onsets.name}: its last onset is of {reach[1]}; the windows after {listing(beyond)} end later, and what"
        " the file does not hold counts as no onset."
    ]


def _silent(read: Mapping[int, CountryFiles], files: PanelFiles) -> list[str]:
    """Say of which years the predictors tell no conflict anywhere."""
    least = declared(import_data(), "silent_states")
    years = [
        str(year)
        for year, found in read.items()
        if len(found.countries) >= least and not any(c.values["battledeaths.log2"] for c in found.countries)
    ]
    if not years:
        return []
    told = f"battledeaths.log2 is 0 for every state in {listing(years, limit=12)}"
    return [f"{files.predictors.name}: {told}: the source may begin later, and worlds of such years have no conflict."]


def _read_all(files: PanelFiles, years: Sequence[int], leave_out: Collection[str]) -> dict[int, CountryFiles]:
    """Read the years of the windows; what is left out must be a state of one of them."""
    found, unmet = {}, []
    for year in years:
        found[year], missing = _read(files, year, leave_out)
        unmet.append({problem.value: problem for problem in missing})
    nowhere = [unmet[0][state] for state in unmet[0] if all(state in each for each in unmet)]
    if nowhere:
        raise ScenarioError(nowhere)
    return found


def _read(files: PanelFiles, year: int, leave_out: Collection[str]) -> tuple[CountryFiles, list[Problem]]:
    """Read a year, and say which states that are to be left out it does not have."""
    try:
        return read_files(files.predictors, files.groups, files.contiguity, year, leave_out), []
    except ScenarioError as error:
        missing = list(error.problems)
        if any(problem.file != LEAVE_OUT for problem in missing):
            raise
    there = [state for state in leave_out if state.strip() not in {problem.value for problem in missing}]
    return read_files(files.predictors, files.groups, files.contiguity, year, there), missing


def _codes(found: CountryFiles) -> dict[str, dict[str, Any]]:
    return {country.id: {"iso3c": country.iso3, "ccode": country.number} for country in found.countries}


class _Naive:
    """The naive fit: what it may learn from, the years of the panel before its windows included."""

    def __init__(
        self,
        files: PanelFiles,
        there: Sequence[int],
        leave_out: Collection[str],
        read: Mapping[int, CountryFiles],
        happened: Mapping[int, Mapping[str, bool]],
        notes: list[str],
    ) -> None:
        first, _ = onset_years(files.onsets)
        self.known: dict[int, list[list[float]]] = {}
        self.happened: dict[int, list[bool]] = {}
        failed = []
        for year in range(min(there), max(read) + 1):
            if year not in there or (year not in read and (year + 1 < first or year + WINDOW > max(read))):
                continue
            try:
                found = read[year] if year in read else _read(files, year, leave_out)[0]
                onsets = (
                    happened[year]
                    if year in happened
                    else observed_onsets(files.onsets, _codes(found), year + 1, year + WINDOW)[0]
                )
            except ScenarioError:
                failed.append(str(year))
                continue
            self.known[year] = [features(country) for country in found.countries]
            self.happened[year] = [onsets[country.id] for country in found.countries]
        if failed:
            notes.append(f"The naive fit leaves out {listing(failed)}, whose rows cannot be used.")

    def of(self, year: int) -> np.ndarray | None:
        """Forecast the states of a year."""
        return forward(self.known, self.happened, year, WINDOW)


def _run(
    files: PanelFiles,
    read: Mapping[int, CountryFiles],
    runs: int,
    draws: int,
    seed: int,
    policy: str,
    threads: int | None,
    directory: Path | None,
    advance: Callable[[int], None] | None,
) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Run every draw of every window; give runs with an onset by state, and the operational stages."""
    digests = {kind: _digest(getattr(files, kind)) for kind in ("predictors", "groups", "contiguity")}
    question = {**{f"the {kind}": digest for kind, digest in digests.items()}, "policy": policy, "seed": seed}
    found = {}
    with KeptArrays(directory, FOLDER, "hindcast of a panel", _MADE_OF, question) as kept:
        for year, known in read.items():
            states = len(known.countries)
            counts, stage = np.zeros(states, dtype=np.int64), np.zeros(states)
            for draw, (begin, end) in enumerate(_divided(runs, draws)):
                names = ",".join(country.id for country in known.countries)
                key = f"{question} {year} {draw} {begin} {end} {names}"
                piece = kept.arrays(key)
                if piece is None or set(piece) != {"counts", "stage"} or piece["counts"].shape != (states,):
                    piece = _piece(known, seed + draw, policy, begin, end, seed, threads, advance)
                    kept.keep(key, piece)
                elif advance is not None:
                    advance(end - begin)
                counts = counts + piece["counts"]
                stage = piece["stage"]
            found[year] = (counts, stage)
    return found


def _divided(runs: int, draws: int) -> Iterator[tuple[int, int]]:
    """Divide runs among draws, as evenly as they go."""
    for draw in range(draws):
        yield draw * runs // draws, (draw + 1) * runs // draws


def world_of_draw(known: CountryFiles, draw: int) -> Scenario:
    """Give the world of a draw."""
    from r2psim.scenario.loading import Draft

    return Draft.of_table(scenario_data(completed(known, draw)), f"world of {known.year}, draw {draw}").load()


def _piece(
    known: CountryFiles,
    draw: int,
    policy: str,
    begin: int,
    end: int,
    seed: int,
    threads: int | None,
    advance: Callable[[int], None] | None,
) -> dict[str, np.ndarray]:
    """Run one draw of a window."""
    from r2psim.ensemble.windows import onsets_by_state

    scenario = world_of_draw(known, draw)
    states, began = onsets_by_state(scenario, policy, end - begin, MONTHS * WINDOW, seed, begin, threads, advance)
    assert list(states) == [country.id for country in known.countries]
    stage = [scenario.states[key].values["operational_stage"] for key in states]
    return {"counts": began.sum(axis=0), "stage": np.array(stage)}


def _digest(file: Path) -> str:
    return f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
