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
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from r2psim.analysis.sensitivity_chaos import fewest_points
from r2psim.analysis.sensitivity_design import METHODS, Design, design_of
from r2psim.analysis.sensitivity_factors import (
    TOGETHER,
    expanded,
    grouped,
    paths_of,
    uncertain,
)
from r2psim.analysis.sensitivity_result import (
    NOT_ALWAYS,
    OTHERS,
    Cost,
    FactorIndices,
    Outcome,
    OutcomeSensitivity,
    Sensitivity,
    taken_apart,
)
from r2psim.analysis.sensitivity_store import DesignStore
from r2psim.ensemble.at_points import PointRuns, changes_the_start
from r2psim.ensemble.former_names import hint
from r2psim.ensemble.measures import METRICS
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

OUTCOMES = ("episodes", "deaths", "prevention_and_response", "response_needed", "hosting_cost", "gdp_lost")
"""Metrics that are looked at where none are named."""


ROWS = {"sobol": 256, "chaos": 8192, "morris": 20}
"""Rows where none are given."""
SCREENING = 10
"""Trajectories of a screening."""
RUNS_A_FILE = 1000
TRIED = 8
"""Rows of which the first point is run to say how long all will take."""


Announce = Callable[[Cost, str, int, int], object]
Begin = Callable[[str, int], Callable[[int], None]]


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
            outcomes=taken_apart(self.outcomes, work.metrics, self.policies, design, advance),
            metrics=work.metrics,
            seconds=seconds,
            screening=screening,
        )
