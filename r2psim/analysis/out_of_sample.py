"""Policies judged on two lucks: that under which a search found them, and a fresh one.

The best of many looks better than it is, since the luck that made it look best is part of why it was found. So what a
portfolio gains is told twice, each time against a policy under the same luck, and the difference between the two is the
winner's curse. Only the gain on fresh luck is a finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from r2psim.analysis.portfolio_runs import BILL, KEPT, OBJECTIVES, place
from r2psim.analysis.robust import apart, of_draws, units_of
from r2psim.ensemble.intervals import Interval, paired_interval
from r2psim.scenario.specs import PolicySpec

__all__ = ["Gain", "Judged", "Lucks", "judge", "units"]


class Gain(NamedTuple):
    """What a policy gains over another: above zero it is better.

    Attributes
    ----------
    search : Interval or None
        Under the luck of the search.
    fresh : Interval or None
        Under fresh luck.
    curse : Interval or None
        By how much it looked better in the search than on fresh luck.
    """

    search: Interval | None
    fresh: Interval | None
    curse: Interval | None


class Lucks(NamedTuple):
    """What was measured of some policies: shape (policies, runs, len(KEPT)) each.

    Attributes
    ----------
    search, fresh, null : numpy.ndarray
        Under the luck of the search; under fresh luck; of the null twins under fresh luck.
    """

    search: np.ndarray
    fresh: np.ndarray
    null: np.ndarray


@dataclass(frozen=True)
class Judged:
    """A policy, judged.

    Attributes
    ----------
    name : str
        As in the scenario, or in the file of what was found.
    found : bool
        Whether the search found it.
    spec : PolicySpec
        What it is.
    shares : dict of str to dict of str to float
        How a portfolio divides the money; of the scenario's policies, as far as a portfolio would say it.
    gains : dict of str to Gain
        By objective, against the baseline.
    beside : dict of str to Gain
        The same against the base, whose will and principles portfolios have.
    means : dict of str to float
        Mean of a run on fresh luck, by each of what is kept.
    withheld, avoided : Interval or None
        Of what is saved of the donors' bill, mean of a fresh run: what is not given whatever the harm, as null twins
        show; the rest, which is saved because harm was avoided (US$).
    """

    name: str
    found: bool
    spec: PolicySpec
    shares: dict[str, dict[str, float]]
    gains: dict[str, Gain]
    beside: dict[str, Gain]
    means: dict[str, float]
    withheld: Interval | None
    avoided: Interval | None

    def rows(self) -> list[dict[str, Any]]:
        """Give a row for each objective, as plain data."""
        found = []
        for metric in OBJECTIVES:
            row: dict[str, Any] = {"policy": self.name, "found": self.found, "outcome": metric}
            row["mean"] = self.means[metric]
            gain, beside = self.gains[metric], self.beside[metric]
            cells = {
                "search": gain.search,
                "fresh": gain.fresh,
                "curse": gain.curse,
                "beside_base": beside.fresh,
                "withheld": self.withheld if metric == BILL else None,
                "avoided": self.avoided if metric == BILL else None,
            }
            for name, interval in cells.items():
                ends = (None, None, None) if interval is None else interval
                row |= dict(zip((name, f"{name}_low", f"{name}_high"), ends, strict=True))
            found.append(row)
        return found


def units(values: np.ndarray, criterion: str, each: int, policies: Sequence[int]) -> np.ndarray:
    """Give numbers whose means are the criterion of every policy and outcome.

    Parameters
    ----------
    values : numpy.ndarray, shape (policies, runs, len(KEPT))
        The policies of the scenario among them, against which regret is felt.
    criterion : str
        A key of `r2psim.analysis.robust.CRITERIA`.
    each : int
        Runs of each draw.
    policies : sequence of int
        Places of the policies of the scenario.

    Returns
    -------
    numpy.ndarray, shape (policies, units, len(KEPT))
    """
    means = np.stack([of_draws(mine, each) for mine in values])
    best = means[list(policies)].min(axis=0)
    return np.stack(
        [
            np.column_stack([units_of(mine[:, k], criterion, best[:, k]) for k in range(values.shape[2])])
            for mine in means
        ]
    )


def judge(
    names: Sequence[str],
    found: int,
    specs: Sequence[PolicySpec],
    shares: Sequence[dict[str, dict[str, float]]],
    lucks: Lucks,
    baseline: str,
    base: str,
    criterion: str,
    each: int,
) -> tuple[Judged, ...]:
    """Judge policies.

    Parameters
    ----------
    names, specs, shares : sequence
        Of every policy; those that were found come first.
    found : int
        How many of them were.
    lucks : Lucks
        What was measured of them.
    baseline, base : str
        Against what gains are told.
    criterion, each
        As `units` takes them.
    """
    own = range(found, len(names))
    search, fresh = (units(values, criterion, each, own) for values in (lucks.search, lucks.fresh))
    bill = place(BILL)

    def gain(k: int, other: int, metric: str) -> Gain:
        at = place(metric)
        seen, anew = (paired_interval(luck[other, :, at] - luck[k, :, at]) for luck in (search, fresh))
        return Gain(seen, anew, apart(seen, anew))

    first, second = names.index(baseline), names.index(base)
    judged = []
    for k, name in enumerate(names):
        # Whatever policies are judged by, what is withheld and what harm avoided saves add up in every run.
        null = lucks.null[first, :, bill] - lucks.null[k, :, bill]
        saved = lucks.fresh[first, :, bill] - lucks.fresh[k, :, bill]
        judged.append(
            Judged(
                name=name,
                found=k < found,
                spec=specs[k],
                shares=shares[k],
                gains={metric: gain(k, first, metric) for metric in OBJECTIVES},
                beside={metric: gain(k, second, metric) for metric in OBJECTIVES},
                means={metric: float(lucks.fresh[k, :, i].mean()) for i, metric in enumerate(KEPT)},
                withheld=paired_interval(null),
                avoided=paired_interval(saved - null),
            )
        )
    return tuple(judged)
