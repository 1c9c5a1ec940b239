"""Which division of the same money loses fewest lives, and at what bill: a search, judged again on fresh luck.

Portfolios (`r2psim.analysis.portfolios`) are searched for those that no other betters in all objectives at once, all
under the same luck. Those chosen of the front are then run again with another seed, beside the scenario's policies and
with null twins: what the search's luck made of them is told as the winner's curse, not sold as a gain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from r2psim.analysis.cached_runs import StudyStore
from r2psim.analysis.optimise_found import Optimised, Plan, Robust
from r2psim.analysis.out_of_sample import Judged, Lucks, judge, units
from r2psim.analysis.pareto import Front, checked_algorithm, need_pymoo, problem_of, search, spread
from r2psim.analysis.portfolio_runs import OBJECTIVES, STUDY, PortfolioRuns, checked_objectives, fresh_seed_of, place
from r2psim.analysis.portfolios import OVER, Portfolios, check_free, checked_over, names_beside
from r2psim.scenario.specs import NO_ASSISTANCE, baseline_of
from r2psim.world.expand import expand
from r2psim.world.luck import checked_seed

if TYPE_CHECKING:
    from pymoo.core.problem import Problem

    from r2psim.scenario import Scenario

__all__ = ["Optimised", "Plan", "Robust", "checked_policies", "optimise", "portfolio_problem"]

SHOWN = (NO_ASSISTANCE, "late-response", "balanced", "prevention", "recommendations")
"""Policies of a scenario beside which portfolios are judged, if none are named: those of them that it has."""


# -- what is asked -----------------------------------------------------------------------------------------------------


def checked_policies(
    scenario: Scenario, policies: Sequence[str] | None, base: str, baseline: str | None
) -> tuple[tuple[str, ...], str]:
    """Give the policies of the scenario that are judged beside portfolios, and the one that gains are told against.

    Raises
    ------
    ScenarioError
        If the scenario has no such policy.
    ValueError
        If one is named twice.
    """
    named = [name for name in SHOWN if name in scenario.policies] if policies is None else list(policies)
    if len(set(named)) != len(named):
        raise ValueError(f"{', '.join(named)} is not allowed: each of them once")
    for name in (*named, base, *([baseline] if baseline else [])):
        scenario.policy(name)
    named += [name for name in (base, baseline) if name is not None and name not in named]
    return tuple(named), baseline or baseline_of(named)


class _Worth:
    """What portfolios are worth under the luck of a search; remembers what was measured of each."""

    def __init__(
        self, runner: PortfolioRuns, space: Portfolios, own: np.ndarray, objectives: Sequence[str], robust: Robust,
        seed: int,
    ) -> None:  # fmt: skip
        self.runner, self.space, self.own, self.robust, self.seed = runner, space, own, robust, seed
        self.places = [place(name) for name in objectives]
        self.seen: dict[bytes, np.ndarray] = {}

    def __call__(self, points: np.ndarray) -> np.ndarray:
        specs = [self.space.policy(point) for point in points]
        found = self.runner.measure(specs, self.seed, self.own.shape[1])[0]
        self.seen |= {point.tobytes(): mine for point, mine in zip(points, found, strict=True)}
        own = range(len(found), len(found) + len(self.own))
        every = units(np.concatenate([found, self.own]), self.robust.criterion, self.robust.per_draw, own)
        means: np.ndarray = every[: len(found)].mean(axis=1)[:, self.places]
        return means


def _start(space: Portfolios, policies: Sequence[str], population: int, seed: int) -> np.ndarray:
    """Give the first generation: the money of the scenario's policies, and flat Dirichlet draws."""
    known = [space.point(name) for name in policies if name != NO_ASSISTANCE][: population // 2]
    drawn = np.random.default_rng([seed, 19]).random((population - len(known), len(space.variables)))
    return np.concatenate([np.array(known).reshape(-1, drawn.shape[1]), drawn])


def portfolio_problem(
    scenario: str | Path | Scenario,
    base: str = "prevention",
    over: Sequence[str] = tuple(OVER),
    objectives: Sequence[str] = tuple(OBJECTIVES),
    robust: str = "mean",
    uncertainty: str = "none",
    runs: int = 100,
    seed: int = 1,
    years: int | None = None,
    per_draw: int | None = None,
    threads: int | None = None,
) -> Problem:
    """Give the search for portfolios as a problem of pymoo, for any of its algorithms.

    Parameters
    ----------
    scenario, base, over, objectives, robust, uncertainty, runs, seed, years, per_draw, threads : as in `optimise`
        Taken likewise.

    Returns
    -------
    pymoo.core.problem.Problem
        Numbers from 0 to 1, objectives to be minimised, all points under the same luck. Its ``portfolios``
        (`r2psim.analysis.portfolios.Portfolios`) turns a point into a policy.

    Raises
    ------
    ImportError
        If pymoo is not installed.
    ScenarioError
        If the scenario cannot be used, or has no policy of such a name.
    ValueError
        If another argument is not allowed; the message says what is.

    Examples
    --------
    >>> problem = portfolio_problem("seminar", over=["stages"], objectives=["deaths"], runs=2, years=1)
    >>> problem.n_var, problem.n_obj, problem.evaluate(np.full((3, 7), 0.5)).shape
    (7, 1, (3, 1))
    """
    from r2psim.scenario import load

    need_pymoo()
    full = expand(load(scenario) if isinstance(scenario, str | Path) else scenario)
    named = checked_objectives(objectives)
    judged_by = Robust.of(robust, uncertainty, per_draw)
    Plan(runs=runs, fresh_runs=10 * judged_by.per_draw).checked(judged_by, len(named))
    space = Portfolios(full, base, checked_over(over))
    check_free(full, base, space.over)
    policies, _ = checked_policies(full, None, base, None)
    runner = PortfolioRuns(
        full, base, full.years if years is None else years, threads, judged_by.uncertainty, judged_by.per_draw
    )
    own = runner.measure(policies, checked_seed(seed), runs)[0]
    worth = _Worth(runner, space, own, named, judged_by, checked_seed(seed))
    return problem_of(worth, len(space.variables), len(named), portfolios=space)


def optimise(
    scenario: str | Path | Scenario,
    base: str = "prevention",
    over: Sequence[str] = tuple(OVER),
    objectives: Sequence[str] = tuple(OBJECTIVES),
    robust: str = "mean",
    uncertainty: str = "none",
    policies: Sequence[str] | None = None,
    baseline: str | None = None,
    population: int = 24,
    generations: int = 20,
    runs: int = 100,
    keep: int = 8,
    fresh_runs: int = 400,
    per_draw: int | None = None,
    seed: int = 1,
    fresh_seed: int | None = None,
    years: int | None = None,
    algorithm: str | None = None,
    threads: int | None = None,
    directory: str | Path | None = None,
    advance: Callable[[int], None] | None = None,
) -> Optimised:
    """Search for divisions of the same money that no other betters, and judge those found again on fresh luck.

    Parameters
    ----------
    scenario : str, Path or Scenario
        Name of a shipped scenario, path of a scenario file, or a loaded scenario.
    base : str
        Policy whose will, priorities and principles portfolios have: all but the division of money.
    over : sequence of str
        Keys of `r2psim.analysis.portfolios.OVER`.
    objectives : sequence of str
        Keys of `r2psim.analysis.portfolio_runs.OBJECTIVES`.
    robust : str
        A key of `r2psim.analysis.robust.CRITERIA`.
    uncertainty : str
        What is drawn, as `r2psim.simulate` takes it.
    policies : sequence of str, optional
        The scenario's policies that are judged beside; if not given, the usual ones.
    baseline : str, optional
        What gains are told against; ``late-response`` if it is among them, else the first.
    population, generations, runs : int
        Portfolios of a generation, generations, and runs of each portfolio.
    keep, fresh_runs : int
        Portfolios of the front that are judged again, at most, and runs of each then.
    per_draw : int, optional
        Runs of each draw, for the worst tenth and regret; 5 if not given.
    seed, fresh_seed : int
        Of the search; of the judgement, the next one if not given.
    years : int, optional
        Length; the scenario's own if not given.
    algorithm : str, optional
        A key of `r2psim.analysis.pareto.ALGORITHMS`; NSGA-II up to two objectives, NSGA-III beyond, if not given.
    threads : int, optional
        All processors if not given; the result does not depend on it.
    directory : str or Path, optional
        Where finished generations are kept; the same call goes on from them.
    advance : callable, optional
        Told the number of runs that are done since it was last called.

    Returns
    -------
    Optimised
        The front, and what each portfolio on it gains on fresh luck.

    Raises
    ------
    ImportError
        If pymoo is not installed.
    ScenarioError
        If the scenario cannot be used, or has no policy of such a name.
    ValueError
        If another argument is not allowed; the message says what is.

    Examples
    --------
    >>> found = optimise(
    ...     "seminar", over=["stages"], objectives=["deaths", "prevention_and_response"], population=4, generations=2,
    ...     runs=2, keep=1, fresh_runs=2, years=1,
    ... )
    >>> [policy.name for policy in found.policies][:2], found.course.shape
    (['found-1', 'no-assistance'], (2, 2))
    """
    from r2psim.scenario import load

    need_pymoo()
    loaded = load(scenario) if isinstance(scenario, str | Path) else scenario
    full = expand(loaded)
    named = checked_objectives(objectives)
    judged_by = Robust.of(robust, uncertainty, per_draw)
    plan = Plan(population, generations, runs, keep, fresh_runs).checked(judged_by, len(named))
    chosen_algorithm = checked_algorithm(algorithm, len(named))
    own, against = checked_policies(full, policies, base, baseline)
    space = Portfolios(full, base, checked_over(over))
    check_free(full, base, space.over)
    seed = checked_seed(seed)
    anew = fresh_seed_of(seed, fresh_seed)
    length = full.years if years is None else years
    with StudyStore(None if directory is None else Path(directory), STUDY) as store:
        runner = PortfolioRuns(full, base, length, threads, judged_by.uncertainty, judged_by.per_draw, store, advance)
        of_own = runner.measure(own, seed, runs)[0]
        worth = _Worth(runner, space, of_own, named, judged_by, seed)
        front = search(worth, len(named), _start(space, own, population, seed), generations, seed, chosen_algorithm)
        judged = _judged(front, worth, runner, own, against, plan, anew)
    variants = {policy.name: policy.spec for policy in judged if policy.found}
    return Optimised(
        scenario=full.name,
        title=full.title,
        base=base,
        baseline=against,
        over=space.over,
        objectives=named,
        robust=judged_by,
        plan=plan,
        algorithm=chosen_algorithm,
        policies=judged,
        course=front.course,
        front=len(front.points),
        seed=seed,
        fresh_seed=anew,
        years=length,
        done=runner.done,
        source=replace(loaded, policies=loaded.policies | variants),
    )


def _judged(
    front: Front, worth: _Worth, runner: PortfolioRuns, own: Sequence[str], baseline: str, plan: Plan, seed: int
) -> tuple[Judged, ...]:
    """Run what was chosen of a front again, beside the scenario's policies."""
    space = worth.space
    points = front.points[spread(front.values, plan.keep)]
    specs = [space.policy(point) for point in points]
    fresh = runner.measure([*specs, *own], seed, plan.fresh_runs, null_twins=True)
    seen = np.stack([*(worth.seen[point.tobytes()] for point in points), *worth.own])
    return judge(
        [*names_beside(space.scenario, "found", len(points)), *own],
        len(points),
        [*specs, *(space.scenario.policy(name) for name in own)],
        [space.shares(point) for point in (*points, *(space.point(name) for name in own))],
        Lucks(seen, fresh[0], fresh[1]),
        baseline,
        space.base,
        worth.robust.criterion,
        worth.robust.per_draw,
    )
