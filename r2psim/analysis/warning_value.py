"""What warning is worth: skill against lives, false alarms, misses, and money spent where nothing would have come.

The same policy with the same budget and the same luck, while what is seen of risk gets better: from no information at
all to a perfect sight of present risk. How well each tells apart where an atrocity comes within two years is measured
in the null twin, so that help which works does not make a true warning look false. Nobody here sees the future: a
perfect sight of present risk is as far as skill goes, and its AUC is below 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.analysis.cached_runs import PIECE, Measurer, StudyStore, with_values
from r2psim.analysis.skill import auc
from r2psim.declarations.columns import PR, F, S
from r2psim.ensemble.intervals import Interval, paired_interval, ratio_interval
from r2psim.ensemble.measures import DEPTH, METRICS, measure
from r2psim.ensemble.uncertainty import Drawing
from r2psim.rules.draws import Draws, draws_of
from r2psim.rules.month import month, opening
from r2psim.scenario.parameters import P
from r2psim.scenario.posterior import checked_uncertainty, drawn_in
from r2psim.world.build import World, build
from r2psim.world.expand import expand
from r2psim.world.luck import checked_seed
from r2psim.world.rows import copy_rows, side_by_side

if TYPE_CHECKING:
    from r2psim.scenario import Scenario
    from r2psim.world.rows import Rows

__all__ = ["AHEAD", "SIGHTS", "Sight", "Warnings", "best_threshold", "check_sight", "warning_value"]

SIGHTS: dict[str, dict[str, float]] = {
    "no information": {"observation.signal": 0.0, "observation.error": 1.0},
    "errors tenfold": {"observation.error": 10.0},
    "errors fivefold": {"observation.error": 5.0},
    "errors 2.5-fold": {"observation.error": 2.5},
    "the model's errors": {"observation.error": 1.0},
    "perfect sight of present risk": {"observation.error": 0.0},
}
"""What is seen of risk, from nothing on, and what is set for it."""

AHEAD = 24
"""Months within which an atrocity must come for a warning to be true."""

EVERY = 12
"""Months between assessments that skill is measured on."""

WORTHS = (5.0, 20.0, 100.0)
"""For the best threshold: what acting in time saves, as a multiple of what acting costs."""

_COUNTS = (
    "deaths",
    "episodes",
    "spent_prevention",
    "warnings_true",
    "warnings_near",
    "warnings_false",
    "onsets_missed",
)


def best_threshold(risk: np.ndarray, comes: np.ndarray, worth: float) -> dict[str, float | None]:
    """Give the threshold of risk from which acting pays most.

    Parameters
    ----------
    risk : numpy.ndarray, shape (assessments,)
        What was seen.
    comes : numpy.ndarray of bool, shape (assessments,)
        Whether it came.
    worth : float
        What acting saves where it would have come, as a multiple of what acting costs.

    Returns
    -------
    dict
        ``threshold``, None where never to act is best; ``flagged``, the share that is acted on; ``true``, of these the
        share where it came; ``caught``, the share of what came that was acted on; ``gain``, for each assessment, in
        units of the cost of acting.

    Examples
    --------
    >>> best_threshold(np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True]), 3.0)["threshold"]
    0.8
    >>> best_threshold(np.array([0.1, 0.2]), np.array([False, False]), 3.0)["threshold"] is None
    True
    """
    order = np.argsort(-risk, kind="stable")
    seen, hits = risk[order], np.cumsum(comes[order])
    acted = np.arange(1, len(seen) + 1)
    gain = worth * hits - acted
    # A threshold acts on all that are seen alike, or on none of them.
    last = np.append(seen[1:] != seen[:-1], True)
    gain = np.where(last, gain, -np.inf)
    k = int(gain.argmax())
    total = int(comes.sum())
    if gain[k] <= 0.0:
        return {"threshold": None, "flagged": 0.0, "true": None, "caught": 0.0 if total else None, "gain": 0.0}
    return {
        "threshold": float(seen[k]),
        "flagged": float(acted[k] / len(seen)),
        "true": float(hits[k] / acted[k]),
        "caught": float(hits[k] / total) if total else None,
        "gain": float(gain[k] / len(seen)),
    }


@dataclass(frozen=True)
class Sight:
    """What comes of one quality of warning.

    Attributes
    ----------
    name : str
        A key of `SIGHTS`.
    auc : float or None
        Of assessed risk for an atrocity within two years, in the null twin; None where none came.
    saved : Interval or None
        How many fewer are killed than without information, a run.
    counts : dict of str to float
        Means of a run: killed, episodes, US$ spent on prevention, warnings and misses.
    wasted : Interval or None
        Share of the prevention money that was spent in states which, in the null twin, never came to imminent risk.
    thresholds : dict of float to dict
        By worth of acting, what `best_threshold` gives.
    """

    name: str
    auc: float | None
    saved: Interval | None
    counts: dict[str, float]
    wasted: Interval | None
    thresholds: dict[float, dict[str, float | None]]

    def row(self) -> dict[str, Any]:
        """Give it as plain data."""
        found: dict[str, Any] = {"sight": self.name, "auc": self.auc}
        for name, interval in (("fewer_killed", self.saved), ("wasted_share", self.wasted)):
            ends = (None, None, None) if interval is None else interval
            found |= dict(zip((name, f"{name}_low", f"{name}_high"), ends, strict=True))
        found |= self.counts
        for worth, best in self.thresholds.items():
            found |= {f"{name}_at_{worth:g}": value for name, value in best.items()}
        return found


@dataclass(frozen=True)
class Warnings:
    """What warning is worth under a policy.

    Attributes
    ----------
    scenario, title, policy : str
        What was run.
    sights : tuple of Sight
        In the order of `SIGHTS`.
    runs, seed, years : int
        Runs of each, and of their null twins; of all chance; length.
    done : int
        Runs that were simulated.
    uncertainty : str
        What every run drew for itself.
    """

    scenario: str
    title: str
    policy: str
    sights: tuple[Sight, ...]
    runs: int
    seed: int
    years: int
    done: int
    uncertainty: str = "none"

    def rows(self) -> list[dict[str, Any]]:
        """Give a row for each sight.

        Returns
        -------
        list of dict
            ``sight``; ``auc`` (0-1); ``fewer_killed`` (persons a run) and ``wasted_share`` (0-1), each with low and
            high (95 %); means of a run (killed, episodes, US$, warnings, misses); what `best_threshold` gives.
        """
        return [sight.row() for sight in self.sights]

    def summary(self) -> dict[str, Any]:
        """Give everything as plain data that JSON can hold.

        Returns
        -------
        dict of str
            What was asked, and what `rows` gives under ``sights``.
        """
        facts = ("scenario", "policy", "runs", "seed", "years", "uncertainty")
        return {name: getattr(self, name) for name in facts} | {
            "runs_simulated": self.done,
            "months_ahead": AHEAD,
            "sights": self.rows(),
        }


def check_sight(scenario: Scenario, policy: str) -> None:
    """Refuse a value that is set over what the sights differ in.

    Raises
    ------
    ValueError
        If there is one: one for all policies would be passed over, and one for this policy would hold for all sights.
    """
    paths = {path for values in SIGHTS.values() for path in values}
    everywhere = set.intersection(*(set(values) for values in SIGHTS.values()))
    for path in scenario.overrides:
        if path in everywhere or path in {f"policies.{policy}.{own}" for own in paths}:
            named = path.replace(f"policies.{policy}.", f"policies.{policy}.parameters.")
            raise ValueError(f"{named} is not allowed: it is what the sights differ in")


def _watched(
    scenario: Scenario, policy: str, first: int, count: int, seed: int, years: int, uncertainty: str
) -> dict[str, np.ndarray]:
    """Run a policy and its null twin; give, run by run, metrics, and by state what was seen, came and was spent."""
    world = build(scenario, policy)
    drawn = drawn_in(scenario, uncertainty)
    if not drawn:
        return _side_by_side(world, world.rows, scenario.parameter_values(policy), first, count, seed, years)
    drawing = Drawing(scenario, drawn, seed)
    return _joined(
        [
            _side_by_side(world, drawing.rows_of(run, world.rows), drawing.values_of(run, policy), run, 1, seed, years)
            for run in range(first, first + count)
        ]
    )


def _joined(pieces: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Put runs behind each other."""
    return {
        array: np.concatenate([piece[array] for piece in pieces], axis=1 if array in ("seen", "comes") else 0)
        for array in pieces[0]
    }


def _side_by_side(
    world: World, start: Rows, p: np.ndarray, first: int, count: int, seed: int, years: int
) -> dict[str, np.ndarray]:
    """Run some runs with the same parameters."""
    states, forms = len(world.states), world.rows.form.shape[1]
    prevention = world.rows.form[F.response] == 0.0
    found: dict[str, np.ndarray] = {}
    for kind in ("own", "null"):
        values = p.copy()
        if kind == "null":
            values[P.assistance_effect_scale] = 0.0
        rows = copy_rows(side_by_side(start, count))
        luck = draws_of(seed, first, 0)
        opening(rows, values, luck)
        seen = np.empty((12 * years, count, states))
        stage = np.empty((12 * years, count, states))
        for m in range(12 * years):
            month(rows, values, Draws(luck.key0, luck.key1, luck.run, np.uint64(m)))
            seen[m] = rows.state[S.perceived].reshape(count, states)
            stage[m] = rows.state[S.stage].reshape(count, states)
        metrics, work = np.empty((count, len(METRICS))), np.empty(DEPTH)
        for k in range(count):
            measure(rows, k, 12 * years, metrics[k], work)
        found[f"{kind} metrics"] = metrics
        if kind == "own":
            spent = sum(rows.programme[PR.spent_0 + k] for k in range(3)).reshape(forms, count, states)
            found["spent"] = spent[prevention].sum(axis=0) / 100.0
        else:
            found["worst"] = stage.max(axis=0)
            # Assessments of states that have not come to imminent risk, once a year.
            at = np.arange(0, 12 * years - AHEAD, EVERY)
            ahead = np.array([stage[m + 1 : m + 1 + AHEAD].max(axis=0) for m in at]).reshape(-1, count, states)
            found["seen"] = seen[at]
            found["comes"] = np.where(stage[at] < 3.0, (ahead == 4.0).astype(np.float64), np.nan)
    return found


def _sight(name: str, found: dict[str, np.ndarray], nothing: dict[str, np.ndarray]) -> Sight:
    """Say what comes of one sight, against no information."""
    places = {metric: place for place, metric in enumerate(METRICS)}
    deaths = [part["own metrics"][:, places["deaths"]] for part in (nothing, found)]
    asked = np.isfinite(found["comes"])
    risk, comes = found["seen"][asked], found["comes"][asked] > 0.0
    in_vain = np.where(found["worst"] < 3.0, found["spent"], 0.0).sum(axis=1)
    return Sight(
        name=name,
        auc=auc(risk, comes) if comes.any() and not comes.all() else None,
        saved=paired_interval(deaths[0] - deaths[1]),
        counts={metric: float(found["own metrics"][:, places[metric]].mean()) for metric in _COUNTS},
        wasted=ratio_interval(in_vain, found["spent"].sum(axis=1)),
        thresholds={worth: best_threshold(risk, comes, worth) for worth in WORTHS},
    )


def warning_value(
    scenario: str | Path | Scenario,
    policy: str = "prevention",
    runs: int = 200,
    seed: int = 1,
    years: int | None = None,
    directory: str | Path | None = None,
    advance: Callable[[int], None] | None = None,
    uncertainty: str = "none",
) -> Warnings:
    """Say what warning is worth at a fixed budget, as skill rises from none.

    Parameters
    ----------
    scenario : str, Path or Scenario
        Name of a shipped scenario, path of a scenario file, or a loaded scenario.
    policy : str
        Under which everything is run.
    runs, seed : int
        Runs of each sight, of one seed.
    years : int, optional
        Length, at least four; the scenario's own if not given.
    directory : str or Path, optional
        Where finished runs are kept; the same call goes on from them.
    advance : callable, optional
        Told the number of runs that are done since it was last called.
    uncertainty : {"none", "rates", "effects", "all"}
        As `r2psim.simulate` takes it; what the sights differ in is not drawn.

    Returns
    -------
    r2psim.Warnings
        What each sight is worth.

    Raises
    ------
    ScenarioError
        If the scenario cannot be used, or has no policy of such a name.
    ValueError
        If runs are too short for a warning to come true.

    Examples
    --------
    >>> found = warning_value("seminar", runs=2, years=4)
    >>> len(found.sights), found.done
    (6, 24)
    """
    from r2psim.scenario import load

    full = expand(load(scenario) if isinstance(scenario, str | Path) else scenario)
    full.policy(policy)
    check_sight(full, policy)
    length = full.years if years is None else years
    if length < 4:
        raise ValueError(f"years {length} is not allowed: at least 4, since a warning looks {AHEAD} months ahead")
    seed, done, uncertainty = checked_seed(seed), 0, checked_uncertainty(uncertainty)
    by_sight: dict[str, dict[str, np.ndarray]] = {}
    with StudyStore(None if directory is None else Path(directory), "warning") as store:
        for name, values in SIGHTS.items():
            world = with_values(full, values)
            key = Measurer((policy,), seed, length, uncertainty=uncertainty).key(world)
            pieces: list[dict[str, np.ndarray]] = []
            for first in range(0, runs, PIECE):
                count = min(PIECE, runs - first)
                part = f"warning {key} {first} {count}"
                piece = store.arrays(part)
                if piece is None:
                    piece = _watched(world, policy, first, count, seed, length, uncertainty)
                    store.keep(part, piece)
                    done += 2 * count
                pieces.append(piece)
                if advance is not None:
                    advance(2 * count)
            by_sight[name] = _joined(pieces)
    nothing = by_sight[next(iter(SIGHTS))]
    return Warnings(
        scenario=full.name,
        title=full.title,
        policy=policy,
        sights=tuple(_sight(name, found, nothing) for name, found in by_sight.items()),
        runs=runs,
        seed=seed,
        years=length,
        done=done,
        uncertainty=uncertainty,
    )
