"""How good must warning, consent, an effect, will, lag, horizon or discount rate be for prevention to pay.

One file, though long: what is asked, how it is searched and what is found share a few types.

Prevention pays in a ledger where what harm avoided saves there is more than what was spent more on prevention, by more
than chance: money that a policy merely withholds does not count, for null twins show it with all effects at none. It
pays in lives where fewer are killed. Horizon and discount rate are read off the same runs; anything else takes runs of
its own, of both policies and their null twins under the same luck, at every place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.analysis.break_even import break_evens
from r2psim.analysis.break_even_axes import Axis, axes_of, check_reach
from r2psim.analysis.break_even_grid import Cell, Found, Sign, Spot, explore
from r2psim.analysis.cached_runs import LIVES, Measured, Measurer, StudyStore, discounted, net_by_year, with_values
from r2psim.analysis.ledgers import COST_LEDGERS
from r2psim.ensemble.former_names import hint
from r2psim.ensemble.intervals import mean_interval
from r2psim.ensemble.simulation import checked_policies
from r2psim.scenario.errors import listing
from r2psim.scenario.parameters import P
from r2psim.world.expand import expand
from r2psim.world.luck import checked_seed

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = ["LEDGER_NAMES", "SIGN_WORDS", "BreakEven", "Crossing", "Plan", "break_even", "checked_ledgers", "plan_of"]

LEDGER_NAMES: dict[str, str] = {LIVES: "lives", **{name: ledger.title for name, ledger in COST_LEDGERS.items()}}
"""Ledgers in which prevention may pay, with what a reader calls them."""

SIGN_WORDS: dict[Sign, str] = {
    Sign.ABOVE: "pays",
    Sign.BELOW: "does not pay",
    Sign.OPEN: "not told apart",
    Sign.NOTHING: "exactly no difference",
    Sign.NONE: "no further prevention",
}
"""What is said of a place."""

IN_MAPS = (LIVES, "response", "all")
"""Ledgers of a map, if none are named."""


@dataclass(frozen=True)
class Plan:
    """How much is looked at.

    Attributes
    ----------
    coarse, depth : int
        Cells of the coarse lattice to each side, and how often one is cut.
    few, full : int
        Runs at first, and near a line.
    places : int
        Places that are looked at, at most.
    simulated : int
        How many of the axes take runs of their own.
    """

    coarse: int
    depth: int
    few: int
    full: int
    places: int
    simulated: int

    def most_runs(self, each: int = 4) -> int:
        """Give how many runs it takes at most, with so many for each number of a run."""
        lattice = int((self.coarse * 2**self.depth + 1) ** self.simulated)
        return each * self.full * min(self.places, lattice)

    def least_runs(self, each: int = 4) -> int:
        """Give how many runs it takes if no line is near any place."""
        return int(each * self.few * (self.coarse + 1) ** self.simulated)


def plan_of(axes: Sequence[Axis], runs: int | None = None, places: int | None = None) -> Plan:
    """Say how much is looked at: of one axis up to 33 places with 400 runs, of two up to 60 with 200.

    Parameters
    ----------
    axes : sequence of Axis
        One or two.
    runs, places : int, optional
        Runs near a line, and places, instead.

    Raises
    ------
    ValueError
        If there are fewer places than the coarse lattice has.
    """
    one = len(axes) == 1
    simulated = sum(axis.simulated for axis in axes)
    full = runs or (400 if simulated < 2 else 200)
    coarse, depth = (8, 3) if one else (4, 2)
    whole, least = (coarse * 2**depth + 1) ** len(axes), (coarse + 1) ** len(axes)
    if not simulated:
        return Plan(coarse, depth, full, full, whole, 0)
    # Of one axis that takes runs and one that does not, all places of a column share its runs.
    places = places or (whole if simulated < len(axes) else 33 if one else 60)
    if places < least:
        raise ValueError(f"places {places} is not allowed: at least {least}, the coarse lattice")
    return Plan(coarse, depth, min(100, full), full, places, simulated)


@dataclass(frozen=True)
class Crossing:
    """A range of an axis within which a ledger breaks even.

    Attributes
    ----------
    low, high : float
        The nearest places on either side at which it is told apart from zero, with opposite signs.
    estimate : float or None
        Where the mean crosses zero in between; None where it does so more than once.
    pays_above : bool
        Whether prevention pays above it, rather than below.
    """

    low: float
    high: float
    estimate: float | None
    pays_above: bool


@dataclass(frozen=True)
class BreakEven:
    """Where prevention pays, along one axis or over two.

    Attributes
    ----------
    scenario, title : str
        Identifier and one line.
    policy, baseline : str
        Which is told against which.
    axes : tuple of Axis
        One or two.
    now : tuple of (float or None)
        What the scenario has.
    ledgers : tuple of str
        Keys of `LEDGER_NAMES`.
    spots : tuple of Spot
        Places that were looked at; their means are US$ a run, of `LIVES` persons a run, above 0 where prevention pays.
    cells : tuple of Cell
        What the range is cut into.
    plan : Plan
        How much was looked at.
    stopped : bool
        Whether it could have been refined further with more places.
    years, seed : int
        Length of a run; of all chance.
    discount : float
        Yearly rate, unless it is an axis.
    uncertainty : str
        What each run drew for itself.
    done : int
        Runs that were simulated.
    """

    scenario: str
    title: str
    policy: str
    baseline: str
    axes: tuple[Axis, ...]
    now: tuple[float | None, ...]
    ledgers: tuple[str, ...]
    spots: tuple[Spot, ...]
    cells: tuple[Cell, ...]
    plan: Plan
    stopped: bool
    years: int
    seed: int
    discount: float
    uncertainty: str = "none"
    done: int = 0

    def place(self, spot: Spot) -> tuple[float, ...]:
        """Give the values of the axes at a place.

        Parameters
        ----------
        spot : Spot
            One of `spots`.

        Returns
        -------
        tuple of float
            A value for each axis, in its unit.
        """
        return tuple(axis.at(share) for axis, share in zip(self.axes, spot.shares, strict=True))

    def course(self, ledger: str, second: float | None = None) -> tuple[np.ndarray, list[Found]]:
        """Give what was found along the first axis, in ascending order.

        Parameters
        ----------
        ledger : str
            One of `ledgers`.
        second : float, optional
            Share 0-1 of the second axis, where there are two.

        Returns
        -------
        tuple of (numpy.ndarray, list of Found)
            Values of the first axis in its unit, shape (places,), and what was found at each.
        """
        along: dict[float, Found] = {}
        for spot in self.spots:
            if second is None or abs(spot.shares[1] - second) < 1e-9:
                along[self.place(spot)[0]] = spot.found[ledger]
        at = sorted(along)
        return np.array(at), [along[x] for x in at]

    def crossings(self, ledger: str, second: float | None = None) -> list[Crossing]:
        """Give the ranges of the first axis within which a ledger breaks even, as `course` takes them.

        Parameters
        ----------
        ledger : str
            One of `ledgers`.
        second : float, optional
            Share 0-1 of the second axis, where there are two.

        Returns
        -------
        list of Crossing
            In ascending order, in the unit of the axis; none where it breaks even nowhere.
        """
        at, found = self.course(ledger, second)
        known = [(x, f.interval) for x, f in zip(at.tolist(), found, strict=True) if f.interval is not None]
        crossings = []
        for low, high in break_evens([x for x, _ in known], [interval for _, interval in known]):
            inside = [(x, interval.mean) for x, interval in known if low <= x <= high]
            zeros = [a - u * (b - a) / (v - u) for (a, u), (b, v) in pairwise(inside) if (u < 0.0) != (v < 0.0)]
            crossings.append(Crossing(low, high, zeros[0] if len(zeros) == 1 else None, inside[-1][1] > 0.0))
        return crossings

    def line(self, ledger: str) -> list[tuple[tuple[float, float], tuple[float, float]]]:
        """Give the line over two axes on which the mean of a ledger crosses zero, as short straight pieces.

        Between places the mean is taken to go evenly. It is an estimate: what is not told apart lies on either side.
        Places at which there is exactly no difference, or no value, are left out.

        Parameters
        ----------
        ledger : str
            One of `ledgers`.

        Returns
        -------
        list of pairs of (float, float)
            Both ends of each piece, as shares 0-1 of the axes; nothing where the mean does not cross zero.
        """
        from scipy.spatial import Delaunay

        known = [
            (spot.shares, found.interval.mean)
            for spot in self.spots
            if (found := spot.found[ledger]).interval is not None and found.sign is not Sign.NOTHING
        ]
        at, means = np.array([shares for shares, _ in known]), np.array([mean for _, mean in known])
        if len(self.axes) != 2 or not means.min(initial=0.0) < 0.0 < means.max(initial=0.0):
            return []
        if min(len(np.unique(at[:, 0])), len(np.unique(at[:, 1]))) < 2:
            return []
        pieces = []
        for corners in Delaunay(at).simplices:
            ends = []
            for a, b in combinations(corners, 2):
                # A mean of exactly zero counts as above: so no line runs twice through a corner.
                if (means[a] < 0.0) != (means[b] < 0.0):
                    share = means[a] / (means[a] - means[b])
                    ends.append(tuple((at[a] + share * (at[b] - at[a])).tolist()))
            if len(ends) == 2:
                pieces.append((ends[0], ends[1]))
        return pieces

    def told_at(self, ledger: str, values: Sequence[float]) -> Sign | None:
        """Give what is told of a ledger at values of the axes, that are evenly spread; None outside of the range.

        Parameters
        ----------
        ledger : str
            One of `ledgers`.
        values : sequence of float
            One of each axis, in its unit.

        Returns
        -------
        Sign or None
            Of the cell in which they lie.
        """
        shares = [(v - axis.low) / (axis.high - axis.low) for v, axis in zip(values, self.axes, strict=True)]
        for cell in self.cells:
            if all(a <= x <= b for a, x, b in zip(cell.low, shares, cell.high, strict=True)):
                return cell.signs[ledger]
        return None

    def shares(self, ledger: str) -> dict[str, float]:
        """Give the share of the range in which each thing is told, by `SIGN_WORDS`; of cells whose corners agree.

        Parameters
        ----------
        ledger : str
            One of `ledgers`.

        Returns
        -------
        dict of str to float
            A value of `SIGN_WORDS` -> share 0-1 of the range.
        """
        found = dict.fromkeys(SIGN_WORDS.values(), 0.0)
        for cell in self.cells:
            found[SIGN_WORDS[cell.signs[ledger]]] += cell.size
        return found

    def rows(self) -> list[dict[str, Any]]:
        """Give a row for each place and ledger, as plain data.

        Returns
        -------
        list of dict
            Values of the axes, ``ledger``, ``runs``, ``mean``, ``low`` and ``high`` (95 %; US$ a run, or persons),
            ``verdict``.
        """
        found = []
        for spot in self.spots:
            values = dict(zip((axis.name for axis in self.axes), self.place(spot), strict=True))
            for ledger in self.ledgers:
                interval, sign = spot.found[ledger].interval, spot.found[ledger].sign
                ends = (None, None, None) if interval is None else interval
                found.append(
                    values
                    | {"ledger": ledger, "runs": spot.runs}
                    | dict(zip(("mean", "low", "high"), ends, strict=True))
                    | {"verdict": SIGN_WORDS[sign]}
                )
        return found

    def summary(self) -> dict[str, Any]:
        """Give everything as plain data that JSON can hold.

        Returns
        -------
        dict of str
            What was asked, and by ledger a sentence, shares of the range and break-evens.
        """
        lattice = [None] if len(self.axes) == 1 else [k / self.plan.coarse for k in range(self.plan.coarse + 1)]
        return {
            "scenario": self.scenario,
            "policy": self.policy,
            "baseline": self.baseline,
            "over": [
                {"name": axis.name, "words": axis.words, "unit": axis.unit, "low": axis.low, "high": axis.high,
                 "scenario_has": now}
                for axis, now in zip(self.axes, self.now, strict=True)
            ],
            "seed": self.seed,
            "years": self.years,
            "discount": self.discount,
            "uncertainty": self.uncertainty,
            "runs_at_first": self.plan.few,
            "runs_near_a_line": self.plan.full,
            "places": len(self.spots),
            "runs_simulated": self.done,
            "refined_as_far_as_asked": not self.stopped,
            "ledgers": {
                ledger: {
                    "unit": "persons" if ledger == LIVES else "US$",
                    "sentence": self.sentence(ledger),
                    "share_of_the_range": self.shares(ledger),
                    "break_evens": [
                        ({} if second is None else {self.axes[1].name: self.axes[1].at(second)})
                        | {"between": [c.low, c.high], "estimate": c.estimate,
                           "pays": "above" if c.pays_above else "below"}
                        for second in lattice
                        for c in self.crossings(ledger, second)
                    ],
                }
                for ledger in self.ledgers
            },
            "places_looked_at": self.rows(),
        }  # fmt: skip

    def sentence(self, ledger: str) -> str:
        """Say in words where prevention pays in a ledger.

        Parameters
        ----------
        ledger : str
            One of `ledgers`.

        Returns
        -------
        str
            One sentence, without a full stop.
        """
        name = LEDGER_NAMES[ledger]
        if len(self.axes) == 2:
            return f"{name}: {self._shares_words(ledger)} of the map"
        axis = self.axes[0]
        at, found = self.course(ledger)
        crossings = self.crossings(ledger)
        if crossings:
            said = []
            for crossing in crossings:
                about = "" if crossing.estimate is None else f", at about {crossing.estimate:.3g}"
                side = "above" if crossing.pays_above else "below"
                said.append(f"breaks even between {crossing.low:.3g} and {crossing.high:.3g}{about}: pays {side} it")
            return f"{name}: {'; '.join(said)}"
        for sign, verb in ((Sign.ABOVE, "pays"), (Sign.BELOW, "does not pay")):
            told = [x for x, f in zip(at.tolist(), found, strict=True) if f.sign is sign]
            if told:
                apart = "" if len(told) == len(at) else f"; told apart at {len(told)} of {len(at)} places"
                reach = f"from {told[0]:.3g} to {told[-1]:.3g}" if len(told) > 1 else f"at {told[0]:.3g}"
                return f"{name}: no break-even from {axis.low:g} to {axis.high:g}; {verb} {reach}{apart}"
        kinds = {f.sign for f in found}
        if kinds == {Sign.NOTHING}:
            return f"{name}: exactly no difference anywhere"
        if kinds == {Sign.NONE}:
            return f"{name}: {self.policy} spends no more on prevention than {self.baseline} anywhere"
        return f"{name}: nowhere told apart"

    def _shares_words(self, ledger: str) -> str:
        shares = {words: share for words, share in self.shares(ledger).items() if share > 0.0}
        return ", ".join(f"{words} on {100.0 * share:.0f} %" for words, share in shares.items())


def _values(
    measured: Any, policy: str, baseline: str, ledgers: Sequence[str], years: int, rate: float
) -> dict[str, np.ndarray | None]:
    """Give what each ledger gained net, run by run, at a horizon and a discount rate; None where nothing was bought."""
    found: dict[str, np.ndarray | None] = {}
    for ledger in ledgers:
        avoided, extra = (part[:, :years] for part in net_by_year(measured, policy, baseline, ledger))
        if ledger == LIVES:
            found[ledger] = avoided.sum(axis=1)
            continue
        spent = discounted(extra, rate)
        more = mean_interval(spent)
        # What is not bought cannot pay: a policy that spends less on prevention is another question.
        bought = more is not None and more.low is not None and more.low > 0.0
        found[ledger] = discounted(avoided, rate) - spent if bought else None
    return found


Variants = Callable[[Mapping[str, float], int], Measured]
"""Gives the first so many runs of both policies, with values set by path."""
Kept = MutableMapping[tuple[tuple[float, ...], int], "dict[str, np.ndarray | None]"]
"""What was found by place (shares of the axes) and number of runs."""


def checked_ledgers(ledgers: Sequence[str] | None, dimensions: int) -> tuple[str, ...]:
    """Give the ledgers that are asked for, and those of one axis or of a map if none are.

    Raises
    ------
    ValueError
        If there is none of such a name, or none is named.
    """
    if ledgers is None:
        return tuple(LEDGER_NAMES) if dimensions == 1 else IN_MAPS
    for name in ledgers:
        if name not in LEDGER_NAMES:
            allowed = listing(LEDGER_NAMES, limit=len(LEDGER_NAMES))
            raise ValueError(f"ledger {name} is not allowed: one of {allowed}{hint(name, LEDGER_NAMES)}")
    if not ledgers:
        raise ValueError("ledgers: at least one is needed")
    return tuple(dict.fromkeys(ledgers))


def break_even(
    scenario: str | Path | Scenario,
    over: str | Sequence[str] | Mapping[str, tuple[float, float]],
    policy: str = "prevention",
    baseline: str = "late-response",
    ledgers: Sequence[str] | None = None,
    runs: int | None = None,
    places: int | None = None,
    seed: int = 1,
    years: int | None = None,
    discount: float | None = None,
    uncertainty: str = "none",
    threads: int | None = None,
    directory: str | Path | None = None,
    advance: Callable[[int], None] | None = None,
    measured: Variants | None = None,
    kept: Kept | None = None,
) -> BreakEven:
    """Find where prevention pays along one thing, or over two.

    Parameters
    ----------
    scenario : str, Path or Scenario
        Name of a shipped scenario, path of a scenario file, or a loaded scenario.
    over : str, sequence of str, or mapping of str to (float, float)
        One or two of `r2psim.analysis.break_even_axes.NAMED`, or paths as ``--set`` takes them, each with its ends if
        others than the declared ones are wanted: ``"effect"``, ``"effect=0:1,consent"``, ``{"effect": (0, 1)}``.
    policy, baseline : str
        Which policy of the scenario is told against which.
    ledgers : sequence of str, optional
        Keys of `LEDGER_NAMES`; all along one axis, `IN_MAPS` over two if not given.
    runs : int, optional
        Runs near a break-even; 400 along one axis, 200 over two if not given. Elsewhere at most 100.
    places : int, optional
        Places that are looked at, at most; 33 along one axis, 60 over two if not given.
    seed : int
        Of all chance; every place has the same luck.
    years : int, optional
        Length of a run; the scenario's own if not given.
    discount : float, optional
        Yearly rate; the scenario's ``accounts.discount_rate`` if not given.
    uncertainty : {"none", "rates", "effects", "all"}
        As `r2psim.simulate` takes it. What is gone along is not drawn.
    threads : int, optional
        All processors if not given; the result does not depend on it.
    directory : str or Path, optional
        Where finished runs are kept; the same call goes on from them.
    advance : callable, optional
        Told the number of runs that are done since it was last called.
    measured : callable, optional
        Gives the first so many runs of both policies with values set by path, where somebody else runs them: nothing is
        simulated here then, and `done` stays 0.
    kept : dict, optional
        Filled with what was found at each place, and read by a call that differs in nothing but runs and places.

    Returns
    -------
    BreakEven
        ``summary()`` gives it as plain data; `r2psim.plots.break_even_figure` draws it.

    Raises
    ------
    ScenarioError
        If the scenario cannot be used, or has no policy of such a name.
    ValueError
        If another argument is not allowed; the message says what is.

    Examples
    --------
    >>> found = break_even("seminar", "discount", runs=60, years=2)
    >>> found.ledgers[0], len(found.spots), found.done
    ('lives', 9, 240)
    """
    from r2psim.scenario import load
    from r2psim.scenario.posterior import checked_uncertainty

    full = expand(load(scenario) if isinstance(scenario, str | Path) else scenario)
    checked_policies(full, [policy, baseline])
    if discount is not None and not 0.0 <= discount <= 1.0:
        raise ValueError(f"discount {discount} is not allowed: a yearly rate from 0 to 1")
    rate = float(full.parameter_values()[P.accounts_discount_rate]) if discount is None else discount
    length = full.years if years is None else years
    axes = axes_of(over, full, length)
    check_reach(axes, full, policy, baseline)
    named = checked_ledgers(ledgers, len(axes))
    plan = plan_of(axes, runs, places)
    # Runs are as long as the longest horizon asked for; a shorter horizon is their beginning.
    length = max([length, *(int(axis.high) for axis in axes if axis.kind == "horizon")])
    now = tuple(axis.now(full, policy, full.years if years is None else years, rate) for axis in axes)
    with StudyStore(None if directory is None else Path(directory), "break-even") as store:
        measurer = Measurer(
            (baseline, policy), checked_seed(seed), length, threads, checked_uncertainty(uncertainty), store, advance
        )

        def measure(shares: tuple[float, ...], count: int) -> dict[str, np.ndarray | None]:
            at = {axis: axis.at(share) for axis, share in zip(axes, shares, strict=True)}
            values: dict[str, float] = {}
            for axis, value in at.items():
                values |= axis.values(value, full, policy)
            read = {axis.kind: value for axis, value in at.items() if not axis.simulated}
            if measured is None:
                found = measurer.measure(with_values(full, values) if values else full, count)
            else:
                found = measured(values, count)
            until = int(read.get("horizon", length if years is None else years))
            return _values(found, policy, baseline, named, until, read.get("discount", rate))

        def once(shares: tuple[float, ...], count: int) -> dict[str, np.ndarray | None]:
            if kept is None:
                return measure(shares, count)
            if (shares, count) not in kept:
                kept[shares, count] = measure(shares, count)
            return kept[shares, count]

        grid = explore(once, len(axes), plan.coarse, plan.depth, plan.few, plan.full, plan.places)
    return BreakEven(
        scenario=full.name,
        title=full.title,
        policy=policy,
        baseline=baseline,
        axes=tuple(axes),
        now=now,
        ledgers=named,
        spots=grid.spots,
        cells=grid.cells,
        plan=plan,
        stopped=grid.stopped,
        years=length,
        seed=measurer.seed,
        discount=rate,
        uncertainty=uncertainty,
        done=measurer.done,
    )
