"""The ledgers of the cost argument, each split into what harm avoided saves and what is merely not spent.

Two policies differ in money for two reasons. Assistance works, fewer are killed and driven from home, and less is
needed: that is what prevention is said to buy. And a policy gives money to one purpose and withholds it from another,
whatever assistance does. Each policy is therefore run once more with all effects of assistance at none, under the same
luck: its *null twin*. Harm is then the same under every policy, so all that differs between two null twins is money
given or withheld; the rest of the difference between the policies themselves is owed to harm avoided. Run by run::

    gained   = ledger(baseline) - ledger(policy)
    withheld = ledger(null twin of the baseline) - ledger(null twin of the policy)
    harm avoided = gained - withheld
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from r2psim.ensemble.intervals import paired_interval
from r2psim.ensemble.measures import LEDGERS

__all__ = [
    "COST_LEDGERS",
    "CostLedger",
    "Payback",
    "Split",
    "payback_of",
    "present_value",
    "split_of",
    "weights",
]

PLACE = {name: place for place, name in enumerate(LEDGERS)}


class CostLedger(NamedTuple):
    """One account of what a policy gains.

    Attributes
    ----------
    title : str
        What a reader calls what is gained.
    parts : tuple of str
        Those of `r2psim.ensemble.measures.LEDGERS` that are added up.
    who : str
        Whose money it is.
    """

    title: str
    parts: tuple[str, ...]
    who: str


COST_LEDGERS: dict[str, CostLedger] = {
    "response": CostLedger("external response", ("spent_response", "reconstruction_cost"), "donors"),
    "need": CostLedger("response needed, paid for or not", ("response_needed",), "whoever would pay"),
    "hosting": CostLedger("hosting refugees", ("hosting_cost",), "host states"),
    "gdp": CostLedger("lost GDP", ("gdp_lost",), "the states themselves"),
    "all": CostLedger(
        "response, hosting and lost GDP together",
        ("spent_response", "reconstruction_cost", "hosting_cost", "gdp_lost"),
        "all of them",
    ),
}
"""Ledgers of which a return on prevention is told, from the narrowest account to the widest."""


def weights(years: int, rate: float) -> np.ndarray:
    """Give what a dollar of each year is worth at the start, discounted from the middle of its year.

    Parameters
    ----------
    years : int
        Length.
    rate : float
        Yearly discount rate, 0 for none.

    Returns
    -------
    numpy.ndarray, shape (years,)

    Examples
    --------
    >>> weights(2, 0.0).tolist(), weights(1, 0.21).round(6).tolist()
    ([1.0, 1.0], [0.909091])
    """
    return np.asarray((1.0 + rate) ** -(np.arange(years) + 0.5))


def by_year(ledgers: np.ndarray, parts: tuple[str, ...]) -> np.ndarray:
    """Add up some ledgers of each run and year: from shape (runs, years, len(LEDGERS)) to (runs, years)."""
    added: np.ndarray = ledgers[:, :, PLACE[parts[0]]].copy()
    for name in parts[1:]:
        added += ledgers[:, :, PLACE[name]]
    return added


def present_value(ledgers: np.ndarray, parts: tuple[str, ...], rate: float) -> np.ndarray:
    """Give what some ledgers of each run come to, discounted.

    Parameters
    ----------
    ledgers : numpy.ndarray, shape (runs, years, len(LEDGERS))
        What each took in each year.
    parts : tuple of str
        Names of `r2psim.ensemble.measures.LEDGERS`.
    rate : float
        Yearly discount rate.

    Returns
    -------
    numpy.ndarray, shape (runs,)
        In the unit of the ledgers, at the start.
    """
    found: np.ndarray = by_year(ledgers, parts) @ weights(ledgers.shape[1], rate)
    return found


class Split(NamedTuple):
    """What a policy gains on a baseline in each run, and why.

    Attributes
    ----------
    gained, harm_avoided, withheld : numpy.ndarray, shape (runs,)
        Gained in all: what the baseline takes more than the policy, above 0 where that is good. Because harm was
        avoided, and because money was given or withheld: the two add up to the first.
    """

    gained: np.ndarray
    harm_avoided: np.ndarray
    withheld: np.ndarray


def split_of(policy: np.ndarray, baseline: np.ndarray, null_policy: np.ndarray, null_baseline: np.ndarray) -> Split:
    """Split the gain of a policy on a baseline by means of their null twins.

    Parameters
    ----------
    policy, baseline, null_policy, null_baseline : numpy.ndarray, shape (runs,) or (runs, years)
        What a ledger takes in the same runs.
    """
    gained = baseline - policy
    withheld = null_baseline - null_policy
    return Split(gained, gained - withheld, withheld)


class Payback(NamedTuple):
    """When a policy's further prevention has paid for itself in a ledger.

    Attributes
    ----------
    year : int or None
        Number of the first year, from 1, from whose end on the mean cumulative net gain stays at or above zero to the
        end of the horizon; None if there is none, or no further prevention is spent in the mean.
    told : int or None
        The same of the lower limit of its 95 % interval: from then on it is told apart from a loss; None if never.
    share : float
        Share of runs in which the cumulative net gain is at or above zero at the end of the horizon.
    horizon : int
        Years that were simulated.
    """

    year: int | None
    told: int | None
    share: float
    horizon: int


def payback_of(net: np.ndarray, extra: np.ndarray) -> Payback:
    """Say when cumulative net gains have reached zero for good.

    Parameters
    ----------
    net : numpy.ndarray, shape (runs, years)
        Net gain of each year: what harm avoided saved, less what was spent more on prevention.
    extra : numpy.ndarray, shape (runs, years)
        What was spent more on prevention; where it is nothing, nothing has to be paid back.
    """
    cumulative = np.cumsum(net, axis=1)
    share = float((cumulative[:, -1] >= 0.0).mean())
    if float(extra.sum()) <= 0.0:
        return Payback(None, None, share, net.shape[1])
    intervals = [paired_interval(cumulative[:, year]) for year in range(net.shape[1])]
    lows = [-np.inf if i is None or i.low is None else i.low for i in intervals]
    year, told = (_for_good(np.asarray(values)) for values in (cumulative.mean(axis=0), lows))
    return Payback(year, told, share, net.shape[1])


def _for_good(values: np.ndarray) -> int | None:
    """Give the first year, from 1, from whose end on yearly values stay at or above zero.

    Examples
    --------
    >>> _for_good(np.array([-2.0, 1.0, -1.0, 0.0, 3.0])), _for_good(np.array([1.0, -1.0]))
    (4, None)
    """
    below = np.flatnonzero(values < 0.0)
    first = int(below[-1]) + 1 if len(below) else 0
    return first + 1 if first < len(values) else None
