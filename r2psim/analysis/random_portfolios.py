"""Whether random divisions of the same money beat a policy on both axes, lives and the donors' bill.

Nothing is searched for: every portfolio is a flat Dirichlet draw, so the luck under which all are judged is fresh to
all of them. Of many verdicts some are chance: those better on both axes in the mean are therefore judged once more,
under another luck that had no part in choosing them, and the mean portfolio is told against the policy in a single
verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.analysis.cached_runs import StudyStore
from r2psim.analysis.portfolio_runs import BILL, KILLED, STUDY, PortfolioRuns, fresh_seed_of, place
from r2psim.analysis.portfolios import OVER, Portfolios, check_free, checked_over, names_beside
from r2psim.ensemble.intervals import Interval, paired_interval, share_differing
from r2psim.scenario.posterior import checked_uncertainty
from r2psim.world.expand import expand
from r2psim.world.luck import checked_seed

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = ["AXES", "BY_CHANCE", "Allocation", "RandomPortfolios", "random_portfolios"]

AXES = (KILLED, BILL)
"""On what a portfolio is to be better."""

BY_CHANCE = 0.025
"""Share of portfolios that would be told better on both axes by chance alone, at most: that of one axis."""

TOGETHER = 24
"""Portfolios that are run, and kept, together."""


@dataclass(frozen=True)
class Allocation:
    """A random portfolio, told against a policy: above zero it is better.

    Attributes
    ----------
    name : str
        As in the file of those told better.
    shares : dict of str to dict of str to float
        How it divides the money.
    first, again : dict of str to (Interval or None)
        By axis, under the first luck, and under another; the latter only of those better on both in the mean.
    withheld : Interval or None
        Under the other luck: what of the donors' bill is not given whatever the harm (US$).
    """

    name: str
    shares: dict[str, dict[str, float]]
    first: dict[str, Interval | None]
    again: dict[str, Interval | None]
    withheld: Interval | None

    @staticmethod
    def _better(gains: dict[str, Interval | None]) -> bool:
        found = [gains.get(axis) for axis in AXES]
        return all(gain is not None and gain.low is not None and gain.low > 0.0 for gain in found)

    @staticmethod
    def _leads(gains: dict[str, Interval | None]) -> bool:
        found = [gains.get(axis) for axis in AXES]
        return all(gain is not None and gain.mean > 0.0 for gain in found)

    @property
    def leads(self) -> bool:
        """Whether it is better on both axes in the mean."""
        return self._leads(self.first)

    @property
    def leads_again(self) -> bool:
        """Whether it is so under another luck too."""
        return self._leads(self.again)

    @property
    def better(self) -> bool:
        """Whether it is told better on both axes."""
        return self._better(self.first)

    @property
    def saves_lives(self) -> bool:
        """Whether it is told that fewer are killed."""
        gain = self.first[KILLED]
        return gain is not None and gain.low is not None and gain.low > 0.0

    @property
    def better_again(self) -> bool:
        """Whether it leads, and is told better on both axes under another luck."""
        return self._better(self.again)

    def row(self) -> dict[str, Any]:
        """Give it as plain data."""
        row: dict[str, Any] = {"portfolio": self.name, "leads": self.leads, "better": self.better}
        row |= {"leads_again": self.leads_again, "better_again": self.better_again}
        cells = {f"{axis}_{when}": gains.get(axis) for when, gains in (("first", self.first), ("again", self.again))
                 for axis in AXES}  # fmt: skip
        for name, interval in (cells | {"withheld": self.withheld}).items():
            ends = (None, None, None) if interval is None else interval
            row |= dict(zip((name, f"{name}_low", f"{name}_high"), ends, strict=True))
        return row


@dataclass(frozen=True)
class RandomPortfolios:
    """What random divisions of the same money do.

    Attributes
    ----------
    scenario, title, base, baseline : str
        What was run; the policy that says all else; the one that they are told against.
    over : tuple of str
        Over what money is divided.
    allocations : tuple of Allocation
        All of them.
    mean : dict of str to (Interval or None)
        By axis, the mean of all portfolios in each run, told against the baseline: one verdict an axis.
    runs, fresh_runs, seed, fresh_seed, years, done : int
        Runs of each under the first luck, and of those that lead under the other; seeds; length; runs simulated.
    uncertainty : str
        What is drawn.
    source : Scenario
        With those better on both axes in the mean as policies.
    """

    scenario: str
    title: str
    base: str
    baseline: str
    over: tuple[str, ...]
    allocations: tuple[Allocation, ...]
    mean: dict[str, Interval | None]
    runs: int
    fresh_runs: int
    seed: int
    fresh_seed: int
    years: int
    done: int
    uncertainty: str
    source: Scenario

    @property
    def leading(self) -> list[Allocation]:
        """Those better on both axes in the mean."""
        return [one for one in self.allocations if one.leads]

    @property
    def better(self) -> list[Allocation]:
        """Those told better on both axes."""
        return [one for one in self.allocations if one.better]

    @property
    def better_again(self) -> list[Allocation]:
        """Of those that lead, those told better on both axes under another luck."""
        return [one for one in self.allocations if one.better_again]

    def share(self, which: str) -> Interval | None:
        """Give a share of the portfolios, with the interval that is due to their number.

        Parameters
        ----------
        which : {"leads", "better", "better_again"}
            As in `Allocation`.

        Returns
        -------
        Interval or None
            Mean, low and high (95 %), 0-1; None where no portfolio was drawn.
        """
        return share_differing(np.array([getattr(one, which) for one in self.allocations], dtype=np.float64))

    def told(self, axis: str, sign: int = 1) -> int:
        """Count the portfolios that are told better (or with -1 worse) on one axis under the first luck.

        Parameters
        ----------
        axis : str
            One of `AXES`.
        sign : int
            1 for better, -1 for worse.

        Returns
        -------
        int
            Number of portfolios.
        """
        gains = [one.first[axis] for one in self.allocations]
        return sum(gain is not None and gain.told_apart and sign * gain.mean > 0.0 for gain in gains)

    def rows(self) -> list[dict[str, Any]]:
        """Give a row for each portfolio.

        Returns
        -------
        list of dict
            Whether it leads and is told better, gains under either luck and money withheld, with low and high (95 %).
        """
        return [one.row() for one in self.allocations]

    def summary(self) -> dict[str, Any]:
        """Give everything as plain data that JSON can hold.

        Returns
        -------
        dict of str
            What was asked, how many are told better or worse, and what `rows` gives under ``found``.
        """
        facts = (
            "scenario", "base", "baseline", "runs", "fresh_runs", "seed", "fresh_seed", "years", "uncertainty",
        )  # fmt: skip
        return {name: getattr(self, name) for name in facts} | {
            "over": list(self.over),
            "portfolios": len(self.allocations),
            "runs_simulated": self.done,
            "better_in_the_mean": len(self.leading),
            "told_better_on_both": len(self.better),
            "by_chance_at_most": BY_CHANCE * len(self.allocations),
            "better_in_the_mean_again": sum(one.leads_again for one in self.allocations),
            "told_better_on_both_again": len(self.better_again),
            "by_chance_at_most_again": BY_CHANCE * len(self.leading),
            "told_better": {axis: self.told(axis) for axis in AXES},
            "told_worse": {axis: self.told(axis, -1) for axis in AXES},
            "mean_portfolio": {axis: None if gain is None else list(gain) for axis, gain in self.mean.items()},
            "shares": {one.name: one.shares for one in self.allocations},
            "found": self.rows(),
        }


def _gains(mine: np.ndarray, other: np.ndarray) -> dict[str, Interval | None]:
    return {axis: paired_interval(other[:, place(axis)] - mine[:, place(axis)]) for axis in AXES}


def random_portfolios(
    scenario: str | Path | Scenario,
    count: int,
    base: str = "prevention",
    over: Sequence[str] = tuple(OVER),
    uncertainty: str = "none",
    baseline: str = "late-response",
    runs: int = 400,
    fresh_runs: int = 400,
    seed: int = 1,
    fresh_seed: int | None = None,
    years: int | None = None,
    threads: int | None = None,
    directory: str | Path | None = None,
    advance: Callable[[int], None] | None = None,
) -> RandomPortfolios:
    """Tell random divisions of the same money against a policy, in lives and in the donors' bill.

    Parameters
    ----------
    scenario : str, Path or Scenario
        Name of a shipped scenario, path of a scenario file, or a loaded scenario.
    count : int
        Number of portfolios.
    base, over, uncertainty, seed, fresh_seed, years, threads, directory, advance : as in `r2psim.optimise`
        Taken likewise.
    baseline : str
        Policy that they are told against.
    runs, fresh_runs : int
        Runs of each portfolio under the first luck; under the other, of those better on both axes in the mean.

    Returns
    -------
    RandomPortfolios
        Each with its gains in lives (persons a run) and in the donors' bill (US$ a run).

    Raises
    ------
    ScenarioError
        If the scenario cannot be used, or has no policy of such a name.
    ValueError
        If another argument is not allowed; the message says what is.

    Examples
    --------
    >>> found = random_portfolios("seminar", 3, over=["bodies"], runs=2, fresh_runs=2, years=1)
    >>> len(found.allocations), found.better
    (3, [])
    """
    from r2psim.scenario import load

    if count < 1:
        raise ValueError(f"{count} random portfolios: not allowed: at least 1")
    for name, number in (("runs", runs), ("fresh_runs", fresh_runs)):
        if number < 2:
            raise ValueError(f"{name} {number} is not allowed: a whole number from 2 on")
    loaded = load(scenario) if isinstance(scenario, str | Path) else scenario
    full = expand(loaded)
    for policy in (base, baseline):
        full.policy(policy)
    kind = checked_uncertainty(uncertainty)
    space = Portfolios(full, base, checked_over(over))
    check_free(full, base, space.over)
    seed = checked_seed(seed)
    anew = fresh_seed_of(seed, fresh_seed)
    length = full.years if years is None else years
    points = np.random.default_rng([seed, 19]).random((count, len(space.variables)))
    specs = [space.policy(point) for point in points]
    with StudyStore(None if directory is None else Path(directory), STUDY) as store:
        runner = PortfolioRuns(full, base, length, threads, kind, 1, store, advance)
        other = runner.measure([baseline], seed, runs)[0, 0]
        mine = np.concatenate(
            [runner.measure(specs[at : at + TOGETHER], seed, runs)[0] for at in range(0, count, TOGETHER)]
        )
        first = [_gains(one, other) for one in mine]
        leading = [k for k, gains in enumerate(first) if Allocation._leads(gains)]
        again = {}
        if leading:
            fresh, null = runner.measure([baseline, *(specs[k] for k in leading)], anew, fresh_runs, null_twins=True)
            bill = place(BILL)
            again = {
                k: (_gains(fresh[i], fresh[0]), paired_interval(null[0, :, bill] - null[i, :, bill]))
                for i, k in enumerate(leading, 1)
            }
    names = names_beside(loaded, "random", count)
    allocations = tuple(
        Allocation(names[k], space.shares(points[k]), first[k], *again.get(k, ({}, None))) for k in range(count)
    )
    return RandomPortfolios(
        scenario=full.name,
        title=full.title,
        base=base,
        baseline=baseline,
        over=space.over,
        allocations=allocations,
        mean=_gains(mine.mean(axis=0), other),
        runs=runs,
        fresh_runs=fresh_runs,
        seed=seed,
        fresh_seed=anew,
        years=length,
        done=runner.done,
        uncertainty=kind,
        source=replace(loaded, policies=loaded.policies | {names[k]: specs[k] for k in leading}),
    )
