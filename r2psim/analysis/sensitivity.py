"""How much of what a policy does, and of the difference between two, is owed to which thing that is not known.

All that is uncertain varies at once, over its range (`r2psim.analysis.sensitivity_factors`). Method ``sobol`` takes
the variance of each outcome apart: what is owed to a factor alone (first-order index), to it and its interactions
(total index), and to luck. Method ``morris`` moves one factor at a time along trajectories and gives the size of what
it moves, for far fewer runs: enough to see what does not matter. Method ``chaos`` fits a polynomial to points without
a special design and reads the indices off it: narrower intervals by far where parameters are many and luck is large,
and it says what the polynomial leaves over.

Every row of a design has luck of its own, all its points share it, and every policy too, so that a difference between
points or policies is no difference in luck. Replicates with other luck tell the share of luck
(`r2psim.analysis.sensitivity_indices`).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.analysis.sensitivity_chaos import Chaos, fewest_points
from r2psim.analysis.sensitivity_factors import (
    TOGETHER,
    Range,
    expanded,
    grouped,
    paths_of,
    uncertain,
)
from r2psim.analysis.sensitivity_indices import (
    ElementaryEffects,
    Share,
    SobolIndices,
    morris_measures,
    sobol_indices,
)
from r2psim.analysis.sensitivity_store import DesignStore
from r2psim.ensemble.at_points import PointRuns, changes_the_start
from r2psim.ensemble.former_names import hint
from r2psim.ensemble.measures import METRICS, UNITS
from r2psim.scenario.errors import listing
from r2psim.scenario.posterior import drawn_in
from r2psim.scenario.specs import baseline_of
from r2psim.world.luck import checked_seed

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = [
    "METHODS",
    "OTHERS",
    "Cost",
    "Design",
    "FactorIndices",
    "Outcome",
    "OutcomeSensitivity",
    "Sensitivity",
    "sensitivity",
]

METHODS = ("sobol", "chaos", "morris")
OUTCOMES = ("episodes", "deaths", "prevention_and_response", "response_needed", "hosting_cost", "gdp_lost")
"""Metrics that are looked at where none are named."""

NOT_ALWAYS = frozenset({"months_to_help"})
"""Metrics that some runs do not have: their variance is not defined."""

OTHERS = "all others"
"""Name of the factor that holds whatever a screening left over."""

ROWS = {"sobol": 256, "chaos": 8192, "morris": 20}
"""Rows where none are given."""
LEVELS = 4
SCREENING = 10
"""Trajectories of a screening."""
RUNS_A_FILE = 1000
TRIED = 8
"""Rows of which the first point is run to say how long all will take."""


@dataclass(frozen=True)
class Outcome:
    """What is looked at: a metric under a policy, or the difference that a policy makes to a baseline."""

    metric: str
    policy: str
    baseline: str | None = None

    @property
    def name(self) -> str:
        """Name for tables, ``deaths: prevention minus late-response``."""
        return f"{self.metric}: {self.policy}" + (f" minus {self.baseline}" if self.baseline else "")

    @property
    def unit(self) -> str:
        """Unit of the metric."""
        return UNITS[self.metric]

    def of(self, metrics: np.ndarray, policies: Sequence[str]) -> np.ndarray:
        """Give it, (rows, points, replicates), out of metrics, (rows, points, policies, replicates, METRICS)."""
        place = list(METRICS).index(self.metric)
        found: np.ndarray = metrics[:, :, policies.index(self.policy), :, place]
        if self.baseline is not None:
            found = found - metrics[:, :, policies.index(self.baseline), :, place]
        return found


@dataclass(frozen=True)
class FactorIndices:
    """What one factor has to do with one outcome.

    Attributes
    ----------
    factor : str
        Its name.
    first, total, first_of_mean, total_of_mean : Share or None
        Sobol indices, as in `SobolIndices`; None with Morris, or where there is no such number.
    effects : ElementaryEffects or None
        Morris' measures.
    """

    factor: str
    first: Share | None = None
    total: Share | None = None
    first_of_mean: Share | None = None
    total_of_mean: Share | None = None
    effects: ElementaryEffects | None = None


@dataclass(frozen=True)
class OutcomeSensitivity:
    """All about one outcome.

    Attributes
    ----------
    outcome : Outcome
        Which.
    mean, sd : float
        Over parameters and luck, of a run.
    luck : Share or None
        Share of its variance that is luck, alone and together with parameters; None with one replicate, with Morris, or
        where nothing varies.
    nothing_varies : bool
        Whether it is the same everywhere: then there are no indices.
    factors : tuple of FactorIndices
        In the order of the factors.
    left : Share or None
        With chaos, the share that is neither luck nor in the polynomial, and in no index.
    """

    outcome: Outcome
    mean: float
    sd: float
    luck: Share | None
    nothing_varies: bool
    factors: tuple[FactorIndices, ...]
    left: Share | None = None

    def ranked(self) -> list[FactorIndices]:
        """Give the factors, those that matter most first."""

        def size(found: FactorIndices) -> float:
            if found.total is not None:
                return found.total.value
            return 0.0 if found.effects is None else found.effects.mu_star.value

        return sorted(self.factors, key=lambda found: -size(found))


@dataclass(frozen=True)
class Cost:
    """What an analysis takes, before it begins: runs, those of them that are still to be done, seconds for these."""

    runs: int
    missing: int
    seconds: float


Announce = Callable[[Cost, str, int, int], object]
Begin = Callable[[str, int], Callable[[int], None]]


@dataclass(frozen=True)
class Design:
    """Points of an analysis.

    Attributes
    ----------
    method : str
        One of `METHODS`.
    ranges : tuple of Range
        What is varied.
    groups : dict of str to tuple of str
        Factors, each with the paths of its members.
    units : numpy.ndarray, shape (rows, points, len(ranges))
        Places in the unit cube: of ``sobol`` A, A with each factor taken from B, and B; of ``chaos`` a single point; of
        ``morris`` a trajectory.
    moved, step : numpy.ndarray or None
        Of ``morris``, as `morris_measures` takes them.
    """

    method: str
    ranges: tuple[Range, ...]
    groups: dict[str, tuple[str, ...]]
    units: np.ndarray
    moved: np.ndarray | None = None
    step: np.ndarray | None = None


def _salib(method: str) -> Any:
    try:
        if method != "morris":
            from SALib.sample import sobol as found
        else:
            from SALib.sample import morris as found
    except ImportError:
        raise ImportError(
            'a sensitivity analysis needs SALib, which is not installed: pip install "r2psim[designs]"'
        ) from None
    return found


def design_of(
    method: str, ranges: Sequence[Range], groups: Mapping[str, Sequence[str]], rows: int, seed: int
) -> Design:
    """Draw a design: SALib's Saltelli sample (a scrambled Sobol sequence), its points A, or trajectories of Morris.

    Parameters
    ----------
    method : {"sobol", "chaos", "morris"}
    ranges, groups
        What is varied, and its factors; every range belongs to one.
    rows : int
        Rows of the Saltelli sample or points, a power of two; or trajectories.
    seed : int
        Of the design.

    Raises
    ------
    ImportError
        If SALib is not installed.
    """
    sampler = _salib(method)
    of = {path: name for name, members in groups.items() for path in members}
    names = [item.path for item in ranges]
    chosen = np.random.default_rng([seed, 17])
    cube: dict[str, Any] = {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}
    member = np.array([[of[path] == name for path in names] for name in groups])
    kept = {name: tuple(members) for name, members in groups.items()}
    if method != "morris":
        each = len(names) + 2
        drawn = sampler.sample(cube, rows, calc_second_order=False, seed=chosen).reshape(rows, each, len(names))
        a, b = drawn[:, 0], drawn[:, -1]
        if method == "chaos":
            return Design(method, tuple(ranges), kept, a[:, None])
        crossed = [np.where(own, b, a) for own in member]
        return Design(method, tuple(ranges), kept, np.stack([a, *crossed, b], axis=1))
    single = len(kept) == len(names)
    if not single:
        cube["groups"] = [of[path] for path in names]
    drawn = sampler.sample(cube, rows, num_levels=LEVELS, seed=chosen)
    units = drawn.reshape(rows, len(kept) + 1, len(names))
    change = np.diff(units, axis=1)
    moved = np.array([[_which(member, step) for step in path] for path in change])
    step = change.sum(axis=2) if single else np.abs(change).max(axis=2)
    return Design(method, tuple(ranges), kept, units, moved, step)


def _which(member: np.ndarray, change: np.ndarray) -> int:
    """Give the factor whose members a step moves."""
    return int(np.flatnonzero(member[:, np.abs(change) > 1e-12].any(axis=1))[0])


@dataclass(frozen=True)
class Sensitivity:
    """A sensitivity analysis.

    Attributes
    ----------
    scenario : str
        What was run.
    method : str
        One of `METHODS`.
    policies : tuple of str
        Under which.
    baseline : str or None
        The policy that differences are to.
    design : Design
        The points.
    rates : str
        How calibrated rates varied, a key of `RATES`.
    rows, replicates, runs, seed, years : int
        Rows of the design, replicates of each point, runs in all, seed of luck and design, length of a run.
    outcomes : tuple of OutcomeSensitivity
        What was found.
    metrics : numpy.ndarray, shape (rows, points, policies, replicates, METRICS)
        All that was measured.
    seconds : float
        How long the runs took that were done now.
    screening : Sensitivity or None
        The analysis that chose the factors.
    """

    scenario: str
    method: str
    policies: tuple[str, ...]
    baseline: str | None
    design: Design
    rates: str
    rows: int
    replicates: int
    runs: int
    seed: int
    years: int
    outcomes: tuple[OutcomeSensitivity, ...]
    metrics: np.ndarray
    seconds: float
    screening: Sensitivity | None = None

    @property
    def factors(self) -> tuple[str, ...]:
        """Names of the factors."""
        return tuple(self.design.groups)

    def of(self, name: str) -> OutcomeSensitivity:
        """Give what was found of an outcome by its name.

        Parameters
        ----------
        name : str
            ``METRIC: POLICY``, or ``METRIC: POLICY minus BASELINE``.

        Returns
        -------
        OutcomeSensitivity
            Indices of each factor, with intervals.

        Raises
        ------
        KeyError
            If there is none of that name.
        """
        for found in self.outcomes:
            if found.outcome.name == name:
                return found
        names = [found.outcome.name for found in self.outcomes]
        raise KeyError(f"{name!r} is not there: one of {listing(names, limit=30)}{hint(name, names)}")

    def table(self) -> list[dict[str, Any]]:
        """Give a row for each outcome and factor, as plain data; None where there is no number.

        Returns
        -------
        list of dict
            Indices are shares 0-1 of the variance, those of Morris in the outcome's ``unit``; each with low and high
            (95 %).
        """
        rows = []
        for found in self.outcomes:
            for k, each in enumerate(found.factors):
                row: dict[str, Any] = {
                    "metric": found.outcome.metric,
                    "policy": found.outcome.policy,
                    "baseline": found.outcome.baseline,
                    "unit": found.outcome.unit,
                    "factor": self.factors[k],
                    "parameters": len(self.design.groups[self.factors[k]]),
                }
                if self.method != "morris":
                    for key in ("first", "total", "first_of_mean", "total_of_mean"):
                        row |= _numbers(key, getattr(each, key))
                else:
                    effects = each.effects
                    for key in ("mu", "mu_star", "sigma", "strength"):
                        row |= _numbers(key, None if effects is None else getattr(effects, key))
                    row["luck_sd"] = None if effects is None else effects.luck
                rows.append(row)
        return rows

    def summary(self) -> dict[str, Any]:
        """Give it as plain data.

        Returns
        -------
        dict of str
            What was asked, the factors with their ranges, outcomes, and what `table` gives under ``indices``.
        """
        told: dict[str, Any] = {
            "scenario": self.scenario,
            "method": self.method,
            "policies": list(self.policies),
            "baseline": self.baseline,
            "rates": self.rates,
            "rows": self.rows,
            "points": self.rows * self.design.units.shape[1],
            "replicates": self.replicates,
            "runs": self.runs,
            "seed": self.seed,
            "years": self.years,
            "factors": {name: list(members) for name, members in self.design.groups.items()},
            "ranges": [item.told() for item in self.design.ranges],
            "widest_half_interval_of_a_total": self.widest(),
            "outcomes": [
                {
                    "metric": found.outcome.metric,
                    "policy": found.outcome.policy,
                    "baseline": found.outcome.baseline,
                    "unit": found.outcome.unit,
                    "mean": found.mean,
                    "sd": found.sd,
                    "nothing_varies": found.nothing_varies,
                    **_numbers("luck", found.luck),
                    **(_numbers("left", found.left) if self.method == "chaos" else {}),
                }
                for found in self.outcomes
            ],
            "indices": self.table(),
        }
        if self.screening is not None:
            told["screening"] = self.screening.summary()
        return told

    def widest(self) -> float | None:
        """Give the widest half interval of a total index, over outcomes and factors; None where there is none.

        Returns
        -------
        float or None
            A share 0-1 of the variance.
        """
        totals = [each.total.half_width for found in self.outcomes for each in found.factors if each.total is not None]
        return max(totals, default=None)

    def points(self) -> dict[str, np.ndarray]:
        """Give the points that are independent of each other, of a Saltelli design A and B, as columns.

        Returns
        -------
        dict of str to numpy.ndarray, shape (points,)
            ``row``, a column for each path with what it was set to (of a draw of the posterior its number), and for
            each metric and policy the mean over replicates as ``METRIC: POLICY``.

        Raises
        ------
        ValueError
            If the method is Morris': points of its trajectories are none.
        """
        if self.method == "morris":
            raise ValueError("points: those of trajectories are not independent of each other")
        ends = [0, -1] if self.method == "sobol" else [0]
        count = len(ends) * self.rows
        units = self.design.units[:, ends].reshape(count, -1)
        found: dict[str, np.ndarray] = {"row": np.repeat(np.arange(self.rows), len(ends))}
        found |= {item.path: item.at(units[:, k]) for k, item in enumerate(self.design.ranges)}
        means = self.metrics[:, ends].mean(axis=3).reshape(count, len(self.policies), len(METRICS))
        for p, policy in enumerate(self.policies):
            for m, metric in enumerate(METRICS):
                if metric not in NOT_ALWAYS:
                    found[f"{metric}: {policy}"] = means[:, p, m]
        return found


def _numbers(key: str, share: Share | None) -> dict[str, float | None]:
    if share is None:
        return {key: None, f"{key}_low": None, f"{key}_high": None}
    return {key: share.value, f"{key}_low": share.low, f"{key}_high": share.high}


# -- what is asked for -------------------------------------------------------------------------------------------------


def checked_outcomes(metrics: Sequence[str] | None, policies: Sequence[str], baseline: str | None) -> list[Outcome]:
    """Give the outcomes: each metric under each policy, and the difference of each other policy to the baseline.

    Raises
    ------
    ValueError
        If a metric cannot be looked at.
    """
    known = [name for name in METRICS if name not in NOT_ALWAYS]
    found: list[Outcome] = []
    for metric in dict.fromkeys(OUTCOMES if metrics is None else metrics):
        if metric not in known:
            raise ValueError(
                f"outcome {metric!r} is not allowed: one of {listing(known, limit=40)}{hint(metric, known)}"
            )
        if baseline is not None:
            found += [Outcome(metric, policy, baseline) for policy in policies if policy != baseline]
        found += [Outcome(metric, policy) for policy in policies]
    if not found:
        raise ValueError("outcomes: at least one is needed")
    return found


def _checked(method: str, rows: int, replicates: int, screen: int | None) -> None:
    if method not in METHODS:
        raise ValueError(f"method {method!r} is not allowed: one of {listing(METHODS)}{hint(method, METHODS)}")
    if replicates < 1:
        raise ValueError(f"replicates {replicates} is not allowed: a whole number from 1 on")
    if method != "morris" and (rows < 4 or rows & (rows - 1)):
        near = max(2, int(math.log2(max(rows, 4))))
        said = f"a power of two from 4 on (did you mean {1 << near} or {2 << near}?)"
        raise ValueError(f"rows {rows} is not allowed: {said}")
    if method == "morris" and rows < 2:
        raise ValueError(f"rows {rows} is not allowed: at least two trajectories")
    if screen is not None and (method != "sobol" or screen < 1):
        raise ValueError(f"screen {screen} is not allowed: a whole number from 1 on, with method sobol")


# -- the runs ----------------------------------------------------------------------------------------------------------


@dataclass
class _Work:
    """A design on its way to metrics: which files of rows are there, which are missing."""

    runs: PointRuns
    store: DesignStore
    key: str

    def __post_init__(self) -> None:
        rows, points = self.runs.values.shape[:2]
        self.shape = (points, len(self.runs.policies), self.runs.replicates, len(METRICS))
        size = max(1, RUNS_A_FILE // self.runs.each_row)
        self.files = [(at, min(size, rows - at)) for at in range(0, rows, size)]
        self.metrics = np.full((rows, *self.shape), np.nan)
        self.missing = [file for file in self.files if not self._read(*file)]

    def _name(self, first: int, count: int) -> str:
        return f"{self.key} {first} {count}"

    def _read(self, first: int, count: int) -> bool:
        kept = self.store.metrics(self._name(first, count), (count, *self.shape))
        if kept is not None:
            self.metrics[first : first + count] = kept
        return kept is not None

    def cost(self) -> Cost:
        """Say what it takes, after a try of a few runs."""
        each = self.runs.each_row
        missing = each * sum(count for _, count in self.missing)
        if not missing:
            return Cost(each * len(self.metrics), 0, 0.0)
        tried = self.runs.values[:TRIED, :1]
        some = PointRuns(
            self.runs.full, self.runs.policies, self.runs.paths, tried, 1, self.runs.seed, self.runs.years,
            self.runs.threads, self.runs.first_run, self.runs.rebuilt,
        )  # fmt: skip
        list(some.rows(0, 1))  # whatever happens only the first time
        began = perf_counter()
        list(some.rows(0, len(tried)))
        a_run = (perf_counter() - began) / (len(tried) * len(self.runs.policies))
        return Cost(each * len(self.metrics), missing, a_run * missing)

    def do(self, advance: Callable[[int], None] | None) -> float:
        """Run what is missing; give the seconds that it took."""
        began = perf_counter()
        if advance is not None:
            advance(
                self.runs.each_row * sum(count for first, count in self.files if (first, count) not in self.missing)
            )
        waiting = list(self.missing)
        while waiting:
            # What lies side by side is done in one go.
            stretch = [waiting.pop(0)]
            while waiting and waiting[0][0] == sum(stretch[-1]):
                stretch.append(waiting.pop(0))
            ends = {first + count: (first, count) for first, count in stretch}
            first = stretch[0][0]
            with closing(self.runs.rows(first, sum(stretch[-1]) - first, advance)) as done:  # type: ignore[type-var]
                for row, metrics in done:
                    self.metrics[row : row + len(metrics)] = metrics
                    if (file := ends.get(row + len(metrics))) is not None:
                        at, count = file
                        self.store.keep_metrics(self._name(at, count), self.metrics[at : at + count])
        return perf_counter() - began


def _key(full: Scenario, runs: PointRuns) -> str:
    """Give what the metrics of a design depend on, but for the code."""
    words = ("title", "description", "name")
    scenario = {key: value for key, value in full.resolved().items() if key not in words}
    facts = [scenario, runs.policies, runs.paths, runs.values.shape, runs.replicates, runs.seed, runs.years]
    text = json.dumps(facts, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode() + np.ascontiguousarray(runs.values).tobytes()).hexdigest()


def sensitivity(
    scenario: str | Path | Scenario,
    policies: Sequence[str] = ("late-response", "prevention"),
    method: str = "sobol",
    over: str | Sequence[str] = "all",
    outcomes: Sequence[str] | None = None,
    rows: int | None = None,
    replicates: int = 2,
    by: str = "group",
    rates: str = "prior",
    screen: int | None = None,
    seed: int | None = 1,
    years: int | None = None,
    threads: int | None = None,
    directory: str | Path | None = None,
    announce: Announce | None = None,
    begin: Begin | None = None,
) -> Sensitivity:
    """Say what outcomes, and differences between policies, are sensitive to.

    Parameters
    ----------
    scenario : str, Path or Scenario
        Name of a shipped scenario, path of a scenario file, or a loaded scenario.
    policies : sequence of str
        Policies of the scenario. Each outcome is looked at under each of them, and as the difference of each other one
        to the baseline, which is ``late-response`` if it is among them, else the first.
    method : {"sobol", "chaos", "morris"}
        Shares of variance by a Saltelli design, by a polynomial, or elementary effects.
    over : str or sequence of str
        What varies (`r2psim.analysis.sensitivity_factors.uncertain`): ``all`` that is uncertain, ``rates``,
        ``effects``, groups, parameters, effects.
    outcomes : sequence of str, optional
        Metrics; `OUTCOMES` if not given.
    rows : int, optional
        Rows of a Saltelli design, a power of two (256 if not given), each of as many points as there are factors and
        two more; points of chaos (8,192); or trajectories of Morris (20), of a point more than there are factors.
    replicates : int
        Runs of every point, each with luck of its own; with 1 luck is not told apart.
    by : {"group", "parameter"}
        Whether factors are groups of parameters, or each parameter is one.
    rates : {"prior", "posterior"}
        How the calibrated rates vary where they are not named one by one.
    screen : int, optional
        Look at all parameters by Morris first; so many that move most are factors by themselves then, and all others
        together are one. ``by`` then says what the screening looks at.
    seed, years, threads : int, optional
        As `r2psim.simulate` takes them. The design has the same seed.
    directory : str or Path, optional
        Finished rows are kept there, and found again.
    announce : callable, optional
        Told, before the work of a design begins: its cost, what it is, numbers of factors and points.
    begin : callable, optional
        Given the number of runs; gives a callable that is told the number of runs finished.

    Returns
    -------
    Sensitivity
        Indices by outcome and factor, with intervals.

    Raises
    ------
    ScenarioError
        If the scenario cannot be used or has no policy of such a name.
    ValueError
        If another argument is not allowed; the message says what is.
    ImportError
        If SALib is not installed.
    OutputError
        If the directory cannot be used.

    Examples
    --------
    >>> over = ["observation.noise", "stages.to_threat.base"]
    >>> found = sensitivity("seminar", ["prevention"], over=over, outcomes=["episodes"], rows=4, years=1)
    >>> found.factors
    ('rates of observation', 'rates of stages')
    """
    from r2psim.ensemble.simulation import checked_policies
    from r2psim.processors import processors
    from r2psim.scenario import load
    from r2psim.world.expand import expand

    full = expand(load(scenario) if isinstance(scenario, str | Path) else scenario)
    named = tuple(checked_policies(full, [policies] if isinstance(policies, str) else list(policies)))
    rows = ROWS.get(method, 0) if rows is None else rows
    _checked(method, rows, replicates, screen)
    baseline = baseline_of(named) if len(named) > 1 else None
    wanted = checked_outcomes(outcomes, named, baseline)
    ranges = uncertain(full, over, rates)
    groups = grouped(ranges, by)
    if method == "chaos" and TOGETHER in groups:
        raise ValueError(
            'rates "posterior" is not allowed with method chaos: a draw is no number on a scale; "prior" is'
        )
    if method == "chaos" and rows < fewest_points(len(ranges)):  # said before the runs, not after them
        least = 1 << (fewest_points(len(ranges)) - 1).bit_length()
        raise ValueError(f"rows {rows} is not allowed: {len(ranges)} parameters need at least {least} points")
    if screen is not None and screen >= len(groups):
        raise ValueError(f"screen {screen} is not allowed: fewer than there are factors, {len(groups)}")
    seed = checked_seed(seed)
    luck, length = replicates, full.years if years is None else years
    asked = _Asked(full, named, baseline, wanted, rates, luck, seed, length, threads or processors(), announce, begin)
    with DesignStore(None if directory is None else Path(directory)) as store:
        screening = None
        if screen is not None:
            screening = asked.run(design_of("morris", ranges, groups, SCREENING, seed), store, "screening")
            groups = chosen_by(screening, screen)
        return asked.run(design_of(method, ranges, groups, rows, seed), store, method, screening)


def chosen_by(screening: Sensitivity, count: int) -> dict[str, tuple[str, ...]]:
    """Give the factors that a screening found to move most, over all its outcomes, and all others as one."""
    strength = np.zeros(len(screening.factors))
    for found in screening.outcomes:
        if found.sd > 0.0:
            own = [each.effects.strength.value for each in found.factors if each.effects is not None]
            strength = np.maximum(strength, np.array(own) / found.sd)
    order = np.argsort(-strength, kind="stable")
    groups = screening.design.groups
    names = [screening.factors[k] for k in sorted(order[:count])]
    rest = tuple(path for name, members in groups.items() if name not in names for path in members)
    return {name: groups[name] for name in names} | {OTHERS: rest}


@dataclass(frozen=True)
class _Asked:
    """What is the same for every design of an analysis."""

    full: Scenario
    policies: tuple[str, ...]
    baseline: str | None
    outcomes: Sequence[Outcome]
    rates: str
    replicates: int
    seed: int
    years: int
    threads: int
    announce: Announce | None
    begin: Begin | None

    def run(self, design: Design, store: DesignStore, what: str, screening: Sensitivity | None = None) -> Sensitivity:
        """Run a design and take its outcomes apart."""
        paths = paths_of(design.ranges, self.full)
        values = expanded(design.ranges, design.units, paths)
        usual = set(drawn_in(self.full, "all"))
        named = [(k, item) for k, item in enumerate(design.ranges) if item.kind != "draw" and item.path not in usual]
        effects = {item.path for item in design.ranges if item.path.startswith("forms.")}
        rebuilt = any(
            changes_the_start(self.full, self.policies, item.path, item.low, item.high)
            for _, item in named
            if item.path not in effects
        )
        runs = PointRuns(
            self.full, self.policies, paths, values, self.replicates, self.seed, self.years, self.threads,
            rebuilt=rebuilt,
        )  # fmt: skip
        work = _Work(runs, store, _key(self.full, runs))
        if self.announce is not None:
            self.announce(work.cost(), what, len(design.groups), values.shape[0] * values.shape[1])
        total = runs.each_row * len(values)
        seconds = work.do(None if self.begin is None else self.begin("runs", total))
        advance = None if self.begin is None else self.begin("outcomes", len(self.outcomes))
        return Sensitivity(
            scenario=self.full.name,
            method=design.method,
            policies=self.policies,
            baseline=self.baseline,
            design=design,
            rates=self.rates,
            rows=len(values),
            replicates=self.replicates,
            runs=total,
            seed=self.seed,
            years=self.years,
            outcomes=_taken_apart(self.outcomes, work.metrics, self.policies, design, advance),
            metrics=work.metrics,
            seconds=seconds,
            screening=screening,
        )


def _taken_apart(
    outcomes: Sequence[Outcome],
    metrics: np.ndarray,
    policies: Sequence[str],
    design: Design,
    advance: Callable[[int], None] | None = None,
) -> tuple[OutcomeSensitivity, ...]:
    """Give the indices or the elementary effects of outcomes of the same runs."""
    one: Callable[[Outcome, np.ndarray], OutcomeSensitivity]
    if design.method == "sobol":
        one = _by_saltelli(design)
    elif design.method == "chaos":
        one = _by_chaos(design)
    else:
        one = _by_morris(design)
    found = []
    for outcome in outcomes:
        found.append(one(outcome, outcome.of(metrics, policies)))
        if advance is not None:
            advance(1)
    return tuple(found)


def _by_saltelli(design: Design) -> Callable[[Outcome, np.ndarray], OutcomeSensitivity]:
    return lambda outcome, y: _of_sobol(outcome, sobol_indices(y), tuple(design.groups))


def _by_chaos(design: Design) -> Callable[[Outcome, np.ndarray], OutcomeSensitivity]:
    names = [item.path for item in design.ranges]
    points = Chaos(
        design.units[:, 0],
        {name: [names.index(path) for path in members] for name, members in design.groups.items()},
    )

    def one(outcome: Outcome, y: np.ndarray) -> OutcomeSensitivity:
        found = points.indices(y[:, 0])
        return replace(_of_sobol(outcome, found.indices, tuple(design.groups)), left=found.left)

    return one


def _by_morris(design: Design) -> Callable[[Outcome, np.ndarray], OutcomeSensitivity]:
    assert design.moved is not None and design.step is not None
    moved, step = design.moved, design.step
    directed = np.array([len(members) == 1 for members in design.groups.values()])

    def one(outcome: Outcome, y: np.ndarray) -> OutcomeSensitivity:
        effects = morris_measures(y, moved, step, len(design.groups), directed)
        factors = tuple(FactorIndices(name, effects=found) for name, found in zip(design.groups, effects, strict=True))
        return OutcomeSensitivity(outcome, float(y.mean()), float(y.std()), None, bool(np.ptp(y) == 0.0), factors)

    return one


def _of_sobol(outcome: Outcome, found: SobolIndices, names: Sequence[str]) -> OutcomeSensitivity:
    def at(shares: tuple[Share, ...], k: int) -> Share | None:
        return shares[k] if shares else None

    factors = tuple(
        FactorIndices(
            name, at(found.first, k), at(found.total, k), at(found.first_of_mean, k), at(found.total_of_mean, k)
        )
        for k, name in enumerate(names)
    )
    sd = math.sqrt(found.variance)
    return OutcomeSensitivity(outcome, found.mean, sd, found.luck, found.nothing_varies, factors)
