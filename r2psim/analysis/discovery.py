"""Where in the space of what is not known a condition on outcomes is met: scenario discovery, tested on fresh points.

Points of a design are split in two halves. In one, boxes are searched by PRIM (`r2psim.analysis.prim`) and a tree is
grown; the other says how often points in them meet the condition. Whoever searches long enough finds something in
luck alone: a region is told only where its share of fresh points that meet the condition lies above the base rate by
more than chance, all regions that are tested taken together.

One file, though long: what is found and how it is searched are told with the same few types.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.special import betainc, betaincinv

from r2psim.analysis.discovery_points import Axis, DesignPoints, read_points
from r2psim.analysis.prim import ALPHA, LEAST, Box, find_box
from r2psim.analysis.sensitivity import Outcome
from r2psim.ensemble.former_names import hint
from r2psim.ensemble.intervals import CONFIDENCE
from r2psim.scenario.errors import listing
from r2psim.scenario.specs import baseline_of
from r2psim.world.luck import checked_seed

__all__ = ["OPERATORS", "Condition", "Discovery", "Limit", "Measured", "Region", "condition_of", "discover", "search"]

OPERATORS: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "<=": np.less_equal,
    ">=": np.greater_equal,
    "<": np.less,
    ">": np.greater,
}

USUAL = "total_cost"
"""Where no condition is given: the policy costs more than the baseline, all ledgers together; it does not pay."""

FEWEST = 40
"""Points below which nothing is searched."""

FEWEST_IN_A_BOX = 10
FOLDS = 5
BOXES, DEPTH = 3, 3


# -- the condition -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Condition:
    """A condition on an outcome of a point: of one policy, or of the difference between two.

    Attributes
    ----------
    outcome : Outcome
        Of what.
    operator : str
        A key of `OPERATORS`.
    value : float
        In the unit of the outcome.
    """

    outcome: Outcome
    operator: str
    value: float

    def __str__(self) -> str:
        return f"{self.outcome.name} {self.operator} {self.value:.10g}"


def condition_of(text: str | None, points: DesignPoints) -> Condition:
    """Read a condition such as ``deaths: prevention minus late-response > 0``.

    Parameters
    ----------
    text : str or None
        ``METRIC: POLICY < VALUE`` or ``METRIC: POLICY minus POLICY < VALUE``; with None, that the policy does not pay
        (`USUAL`).
    points : DesignPoints
        What there is.

    Raises
    ------
    ValueError
        If it is none, or there is no such outcome; the message says what there is.
    """
    policies, metrics = points.policies, points.metrics
    if text is None:
        if len(policies) < 2 or USUAL not in metrics:
            why = "there is one policy" if len(policies) < 2 else f"{USUAL} is not there"
            raise ValueError(f'where: a condition is needed ("METRIC: POLICY < VALUE"), since {why}')
        base = baseline_of(policies)
        other = next(policy for policy in policies if policy != base)
        return Condition(Outcome(USUAL, other, base), ">", 0.0)
    found = re.fullmatch(r"\s*(.*?)\s*(<=|>=|<|>)\s*(.*?)\s*", text)
    if found is None:
        raise ValueError(f"where: {text!r} is not allowed: NAME < VALUE, with one of {listing(OPERATORS)}")
    name, operator, number = found.groups()
    try:
        value = float(number.replace(",", ""))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"where: {number!r} is not allowed in {text!r}: a number is needed after {operator}")
    metric, _, who = (part.strip() for part in name.partition(":"))
    if metric not in metrics:
        raise ValueError(
            f"where: there is no outcome {metric!r}: one of {listing(metrics, limit=40)}{hint(metric, metrics)}"
        )
    sides = [side.strip() for side in who.split(" minus ")]
    for side in sides:
        if side not in policies:
            example = f'"{metric}: {policies[0]}"' + (
                f' or "{metric}: {policies[1]} minus {policies[0]}"' if len(policies) > 1 else ""
            )
            what = f"there is no policy {side!r}" if side else "it is not said under which policy"
            raise ValueError(f"where: {what}: one of {listing(policies)}, as in {example}{hint(side, policies)}")
    if len(sides) > 2 or len(set(sides)) < len(sides):
        raise ValueError(f"where: {who!r} is not allowed: one policy, or one minus another")
    return Condition(Outcome(metric, sides[0], sides[1] if len(sides) > 1 else None), operator, value)


# -- what is found -----------------------------------------------------------------------------------------------------


class Limit(NamedTuple):
    """Between what a region keeps something that varies; None where it goes to the end of the range."""

    axis: Axis
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Measured:
    """A region in one half of the points.

    Attributes
    ----------
    points, hits : int
        How many lie in it, and how many of these meet the condition.
    density, coverage, mass : float or None
        Share of its points that meet the condition; share of all that meet it that it holds; share of all points. Of
        all points but those in boxes found before. None where nothing is divided by.
    """

    points: int
    hits: int
    density: float | None
    coverage: float | None
    mass: float


@dataclass(frozen=True)
class Region:
    """A box, or a leaf of the tree.

    Attributes
    ----------
    kind : {"box", "leaf"}
        Which.
    number : int
        From 1.
    limits : tuple of Limit
        What it is restricted by.
    searched, fresh : Measured
        Where it was found, and where it was tested.
    low, high : float or None
        95 % interval of the density of fresh points; None where there are none.
    chance : float
        How often a region like this would come out as dense by chance (adjusted for all regions tested, after Holm).
    told : bool
        Whether it lies above the base rate by more than chance.
    """

    kind: str
    number: int
    limits: tuple[Limit, ...]
    searched: Measured
    fresh: Measured
    low: float | None = None
    high: float | None = None
    chance: float = 1.0
    told: bool = False


@dataclass(frozen=True)
class Discovery:
    """Where a condition is met.

    Attributes
    ----------
    source, scenario : str
        Directory, and what was run.
    condition : Condition
        Searched for.
    unit : str
        Of its outcome.
    runs : str
        What an outcome of a point is a mean over.
    points, hits : int
        All that have the outcome, and those that meet the condition.
    base : float
        Share of the fresh half that meets it.
    searched, tested : int
        Points of the two halves.
    boxes, leaves : tuple of Region
        In the order in which they were found; the leaves of the tree, from top to bottom. A tree without a split has
        none.
    axes : tuple of Axis
        What was searched.
    steps : tuple of dict
        What the peeling of the first box passed: restricted dimensions, density, coverage, mass of the searched half.
    nothing_varies : bool
        Whether the outcome is the same at all points: then nothing is searched.
    notes : tuple of str
        What a reader must know.
    seed : int
        By which points were split.
    """

    source: str
    scenario: str
    condition: Condition
    unit: str
    runs: str
    points: int
    hits: int
    base: float
    searched: int
    tested: int
    boxes: tuple[Region, ...]
    leaves: tuple[Region, ...]
    axes: tuple[Axis, ...]
    steps: tuple[dict[str, Any], ...]
    nothing_varies: bool
    notes: tuple[str, ...]
    seed: int

    @property
    def regions(self) -> tuple[Region, ...]:
        """Boxes and leaves."""
        return self.boxes + self.leaves

    def rows(self) -> list[dict[str, Any]]:
        """Give a row for all fresh points, and one for each region and restriction, as plain data.

        Returns
        -------
        list of dict
            Density, coverage and mass (shares 0-1) on fresh points and on those searched, the restriction's path with
            its ends in its unit, and whether the region is told apart from chance.
        """
        everywhere = Measured(self.tested, round(self.base * self.tested), self.base, 1.0, 1.0)
        found = []
        for region in (Region("all", 0, (), everywhere, everywhere), *self.regions):
            own: dict[str, Any] = {"region": region.kind, "number": region.number}
            half = region.fresh
            own |= {
                "density": half.density, "density_low": region.low, "density_high": region.high, "base_rate": self.base,
                "coverage": half.coverage, "mass": half.mass, "points": half.points, "hits": half.hits,
                "chance": region.chance, "told": region.told,
                "searched_density": region.searched.density, "searched_coverage": region.searched.coverage,
                "searched_mass": region.searched.mass,
            }  # fmt: skip
            names = ("path", "meaning", "unit", "low", "high", "range_low", "range_high")
            found += [own | dict.fromkeys(names)] if not region.limits else []
            for limit in region.limits:
                axis = limit.axis
                ends = (limit.low, limit.high, axis.low, axis.high)
                found.append(own | dict(zip(names, (axis.path, axis.meaning, axis.unit, *ends), strict=True)))
        return found

    def summary(self) -> dict[str, Any]:
        """Give everything as plain data that JSON can hold.

        Returns
        -------
        dict of str
            Condition, base rate, regions with their limits, axes and notes.
        """
        facts = ("source", "scenario", "unit", "runs", "points", "hits", "searched", "tested", "nothing_varies", "seed")
        regions = []
        for region in self.regions:
            regions.append(
                {
                    "region": region.kind,
                    "number": region.number,
                    "limits": [
                        {"path": limit.axis.path, "low": limit.low, "high": limit.high} for limit in region.limits
                    ],
                    "fresh": vars(region.fresh) | {"density_low": region.low, "density_high": region.high},
                    "searched": vars(region.searched),
                    "chance": region.chance,
                    "told": region.told,
                }
            )
        return {name: getattr(self, name) for name in facts} | {
            "condition": str(self.condition),
            "base_rate": self.base,
            "regions": regions,
            "axes": [axis.told() for axis in self.axes],
            "peeling": list(self.steps),
            "notes": list(self.notes),
        }


_Half = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Points, (points, dimensions); which of them meet the condition; their rows."""

# -- the test ----------------------------------------------------------------------------------------------------------


def _effective(hits: np.ndarray, row: np.ndarray) -> tuple[float, float]:
    """Give as how many independent points those of a region count, and how many of them meet the condition.

    Points that met the same luck are not independent of each other; the variance of their share is that of a sample of
    clusters (Korn and Graubard 1998), and never taken to be smaller than that of independent points.
    """
    count, share = len(hits), float(hits.mean())
    plain = share * (1.0 - share) / count
    _, cluster = np.unique(row, return_inverse=True)
    sums = np.bincount(cluster, hits - share)
    own = float((sums**2).sum()) / count**2 * len(sums) / max(len(sums) - 1, 1)
    effective = count * min(1.0, plain / own) if own > 0.0 else float(count)
    return effective, effective * share


def _limits(hits: np.ndarray, row: np.ndarray) -> tuple[float, float]:
    """Give the 95 % interval of a share (Clopper and Pearson)."""
    count, some = _effective(hits, row)
    tail = (1.0 - CONFIDENCE) / 2.0
    low = 0.0 if some <= 0.0 else float(betaincinv(some, count - some + 1.0, tail))
    high = 1.0 if some >= count else float(betaincinv(some + 1.0, count - some, 1.0 - tail))
    return low, high


def _chance(hits: np.ndarray, row: np.ndarray, base: float) -> float:
    """Give the chance of so many or more hits at the base rate."""
    count, some = _effective(hits, row)
    return 1.0 if some <= 0.0 else float(betainc(some, count - some + 1.0, base))


def _measured(inner: np.ndarray, hits: np.ndarray) -> Measured:
    count, own, total = int(inner.sum()), int(hits[inner].sum()), int(hits.sum())
    return Measured(
        points=count,
        hits=own,
        density=own / count if count else None,
        coverage=own / total if total else None,
        mass=count / len(hits),
    )


def _tested(found: list[tuple[Region, np.ndarray]], fresh: _Half, base: float, rate: float) -> list[Region]:
    """Say of regions, each with which fresh points lie in it, whether they are above the base rate by more than chance.

    Only those are tested that were denser than the rate where they were found; their chances are adjusted together.
    """
    _, hits, row = fresh
    odds = [_chance(hits[inner], row[inner], base) if inner.any() else 1.0 for _, inner in found]
    asked = [k for k, (region, _) in enumerate(found) if (region.searched.density or 0.0) > rate]
    order = sorted(asked, key=lambda k: odds[k])
    adjusted, worst = [1.0] * len(found), 0.0
    for place, k in enumerate(order):
        worst = max(worst, min(1.0, odds[k] * (len(order) - place)))
        adjusted[k] = worst
    made = []
    for k, (region, inner) in enumerate(found):
        low, high = _limits(hits[inner], row[inner]) if inner.any() else (None, None)
        told = adjusted[k] < (1.0 - CONFIDENCE) / 2.0 and low is not None and low > base
        made.append(replace(region, low=low, high=high, chance=adjusted[k], told=told))
    return made


# -- the search --------------------------------------------------------------------------------------------------------


def _halves(row: np.ndarray, seed: int) -> np.ndarray:
    """Say which points are searched; points of one row stay together."""
    names = np.unique(row)
    chosen = np.random.default_rng([seed, 23]).permutation(names)[: (len(names) + 1) // 2]
    return np.isin(row, chosen)


def _limits_of(box: Box, axes: Sequence[Axis]) -> tuple[Limit, ...]:
    return tuple(
        Limit(
            axes[k],
            float(box.low[k]) if np.isfinite(box.low[k]) else None,
            float(box.high[k]) if np.isfinite(box.high[k]) else None,
        )
        for k in box.restricted
    )


def _tree_boxes(x: np.ndarray, y: np.ndarray, row: np.ndarray, depth: int, seed: int) -> list[Box]:
    """Grow a tree and give its leaves, from top to bottom; a single one where no split is worth while.

    How many leaves are worth while is found by cross-validation: the fewest whose squared error is within one standard
    error of the smallest.
    """
    try:
        from sklearn.model_selection import GroupKFold
        from sklearn.tree import DecisionTreeRegressor
    except ImportError:
        raise ImportError(
            'a tree needs scikit-learn, which is not installed: pip install "r2psim[discovery]"'
        ) from None
    least = max(FEWEST_IN_A_BOX, int(LEAST * len(x)))

    def grown(leaves: int, inner: np.ndarray | slice) -> Any:
        # Squared error of a share is what Gini's impurity measures, and keeps the scale of a probability.
        tree = DecisionTreeRegressor(
            max_depth=depth, max_leaf_nodes=leaves, min_samples_leaf=least, random_state=seed % 2**32
        )
        return tree.fit(x[inner], y[inner].astype(np.float64))

    most = grown(2**depth, slice(None)).get_n_leaves()
    share = float(y.mean())
    folds = list(GroupKFold(FOLDS).split(x, y, row))
    best, leaves = [np.full(len(y), (y - share) ** 2)], 1
    for part in folds:
        best[0][part[1]] = (y[part[1]] - float(y[part[0]].mean())) ** 2
    for count in range(2, most + 1):
        errors = np.empty(len(y))
        for train, test in folds:
            errors[test] = (y[test] - grown(count, train).predict(x[test])) ** 2
        best.append(errors)
    means = [float(errors.mean()) for errors in best]
    lowest = int(np.argmin(means))
    for k, errors in enumerate(best):
        gap = errors - best[lowest]
        if k == lowest or float(gap.mean()) <= float(gap.std()) / len(y) ** 0.5:
            leaves = k + 1
            break
    return [Box.whole(x.shape[1])] if leaves == 1 else list(_leaves(grown(leaves, slice(None)).tree_, x.shape[1]))


def _leaves(tree: Any, dimensions: int) -> list[Box]:
    """Give the leaves of a tree of scikit-learn as boxes; a point on an edge lies in the one below it."""

    def below(node: int, box: Box) -> list[Box]:
        left, right = int(tree.children_left[node]), int(tree.children_right[node])
        if left < 0:
            return [box]
        k, edge = int(tree.feature[node]), float(tree.threshold[node])
        return below(left, box.moved(k, 1, edge)) + below(right, box.moved(k, 0, np.nextafter(edge, np.inf)))

    return below(0, Box.whole(dimensions))


def search(
    points: DesignPoints,
    condition: Condition,
    boxes: int = BOXES,
    depth: int = DEPTH,
    seed: int | None = 1,
    alpha: float = ALPHA,
) -> Discovery:
    """Search points for where a condition is met.

    Parameters
    ----------
    points : DesignPoints
        Of a design.
    condition : Condition
        As `condition_of` gives it.
    boxes, depth, seed
        As for `discover`.
    alpha : float
        Share of a box's points that PRIM peels off in a step.

    Raises
    ------
    ValueError
        If points are too few, or all or none of them meet the condition.
    ImportError
        If scikit-learn is not installed.
    """
    if not 1 <= boxes <= 10 or not 1 <= depth <= 5:
        raise ValueError(f"boxes {boxes}, depth {depth} are not allowed: 1 to 10 boxes, a tree of depth 1 to 5")
    seed = checked_seed(seed)
    of = condition.outcome
    values = points.read(of.metric, of.policy)
    if of.baseline is not None:
        values = values - points.read(of.metric, of.baseline)
    known = np.isfinite(values)
    notes = list(points.notes)
    if not known.all():
        notes.append(f"{int((~known).sum()):,} points have no {of.metric}, and are left out")
    x, y, row = points.x[known], values[known], points.row[known]
    if len(y) < FEWEST:
        raise ValueError(
            f"{points.source}: has {len(y):,} points with {of.name}, too few: at least {FEWEST} are needed"
        )
    hits = OPERATORS[condition.operator](y, condition.value)
    same = bool((y == y[0]).all())
    facts: dict[str, Any] = {
        "source": points.source, "scenario": points.scenario, "condition": condition, "unit": of.unit,
        "runs": points.runs, "points": len(y), "hits": int(hits.sum()), "axes": points.axes,
        "notes": tuple(notes), "seed": seed, "nothing_varies": same,
    }  # fmt: skip
    if same:
        return Discovery(base=float(hits.mean()), searched=0, tested=0, boxes=(), leaves=(), steps=(), **facts)
    if hits.all() or not hits.any():
        unit = "" if of.unit == "1" else f" {of.unit}"
        raise ValueError(
            f"where: {'all' if hits.all() else 'none'} of {len(y):,} points meet {condition}: {of.name} lies between "
            f"{y.min():.6g} and {y.max():.6g}{unit}, its median is {np.median(y):.6g}"
        )
    half = _halves(row, seed)
    own, fresh = (x[half], hits[half], row[half]), (x[~half], hits[~half], row[~half])
    base = float(fresh[1].mean())
    found, steps = _boxes(own, fresh, points.axes, boxes, alpha)
    found += _grown(own, fresh, points.axes, depth, seed)
    tested = _tested(found, fresh, base, float(own[1].mean()))
    return Discovery(
        base=base,
        searched=int(half.sum()),
        tested=int((~half).sum()),
        boxes=tuple(region for region in tested if region.kind == "box"),
        leaves=tuple(region for region in tested if region.kind == "leaf"),
        steps=steps,
        **facts,
    )


def _boxes(
    own: _Half, fresh: _Half, axes: Sequence[Axis], most: int, alpha: float
) -> tuple[list[tuple[Region, np.ndarray]], tuple[dict[str, Any], ...]]:
    """Find boxes one after the other, each among the points that are in none before it."""
    x, y, _ = own
    rate = float(y.mean())
    found: list[tuple[Region, np.ndarray]] = []
    steps: tuple[dict[str, Any], ...] = ()
    left, left_fresh = np.ones(len(y), dtype=bool), np.ones(len(fresh[1]), dtype=bool)
    for number in range(1, most + 1):
        if left.sum() < FEWEST // 2 or not y[left].any():
            break
        least = max(LEAST, FEWEST_IN_A_BOX / int(left.sum()))
        box, passed = find_box(x[left], y[left], rate, alpha, least)
        if number == 1:
            steps = tuple({"restricted": len(each.restricted), **vars(_measured(each.inside(x), y))} for each in passed)
        inner = left & box.inside(x)
        if not box.restricted or y[inner].sum() <= rate * inner.sum():
            break
        inner_fresh = left_fresh & box.inside(fresh[0])
        region = Region("box", number, _limits_of(box, axes), _measured(inner, y), _measured(inner_fresh, fresh[1]))
        found.append((region, inner_fresh))
        left, left_fresh = left & ~inner, left_fresh & ~inner_fresh
    return found, steps


def _grown(own: _Half, fresh: _Half, axes: Sequence[Axis], depth: int, seed: int) -> list[tuple[Region, np.ndarray]]:
    """Grow the tree; give its leaves, none where no split is worth while."""
    found: list[tuple[Region, np.ndarray]] = []
    leaves = _tree_boxes(*own, depth, seed)
    if len(leaves) == 1:
        return found
    for number, box in enumerate(leaves, 1):
        inner, inner_fresh = box.inside(own[0]), box.inside(fresh[0])
        sizes = (_measured(inner, own[1]), _measured(inner_fresh, fresh[1]))
        found.append((Region("leaf", number, _limits_of(box, axes), *sizes), inner_fresh))
    return found


def discover(
    directory: str | Path,
    where: str | None = None,
    boxes: int = BOXES,
    depth: int = DEPTH,
    seed: int | None = 1,
) -> Discovery:
    """Say where in the space of what was varied a condition on outcomes is met.

    Parameters
    ----------
    directory : str or Path
        Of ``r2psim sensitivity --out`` (methods sobol and chaos), or of ``r2psim batch`` with a design of independent
        points.
    where : str, optional
        ``METRIC: POLICY < VALUE`` or ``METRIC: POLICY minus BASELINE > VALUE``; also ``<=`` and ``>=``. If not given:
        the policy costs more than the baseline, all ledgers together, so that it does not pay.
    boxes : int
        Boxes at most, 1 to 10.
    depth : int
        Splits from the top of the tree to a leaf, at most, 1 to 5.
    seed : int, optional
        By which points are split in a half that is searched and a fresh one.

    Returns
    -------
    Discovery
        Boxes and leaves, each judged on points that were not searched.

    Raises
    ------
    OutputError
        If the directory holds no such points, or is damaged.
    ValueError
        If the condition is not allowed, or all or none of the points meet it; the message says what there is.
    ImportError
        If scikit-learn is not installed.
    """
    points = read_points(directory)
    return search(points, condition_of(where, points), boxes, depth, seed)
