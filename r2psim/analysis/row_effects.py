"""What an experiment on a row found: effects with paired intervals, widened for their number, and the verdict.

Hundreds of effects are told in one table: at 95 % some intervals leave out zero by chance alone. So each effect has an
interval of its own, one that holds for all of the table at once (Bonferroni), and p values that are adjusted step by
step (Holm 1979): for the number of effects in the table, and for those of its row alone. A row that is tried in seven
worlds has seven chances to be taken for one that works, so that its verdict goes by the latter.

Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics 6, 65-70.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy.special import stdtr, stdtrit

from r2psim.analysis.row_runs import Measure, Values
from r2psim.ensemble.intervals import CONFIDENCE, LEAST_DIFFERING, LEAST_RUNS, Interval, mean_interval, paired_interval

__all__ = ["EXPECTED", "VERDICTS", "Effect", "adjusted", "effect_of", "exact_effect_of", "in_row", "verdict_of"]

EXPECTED = {
    "up": "is larger",
    "down": "is smaller",
    "moves": "is another, either way",
    "zero": "is exactly 0 in every run",
    "some": "is more than 0 in the world that it is held against",
    "same": "is the same in every run, to the last digit",
}
"""What a row may expect of a measure."""

VERDICTS = {
    "works": "moves a variable that it is said to act on, and an outcome, as the mission says",
    "holds": "is true in every run",
    "part": "moves a variable but no outcome, an outcome but no variable, or something of it is not in the model",
    "explained": "moves nothing beyond noise, or the other way, and the reason is told",
    "decoration": "moves nothing beyond noise",
    "wrong way": "moves against what the mission says",
    "broken": "is not true in every run",
    "missing": "the model has nothing of this name",
}
"""Verdicts on a row, and what each says."""

ALPHA = 1.0 - CONFIDENCE


@dataclass(frozen=True)
class Effect:
    """How much a measure differs between the two worlds of an experiment.

    Attributes
    ----------
    measure, unit, scenario, policy : str
        What was measured, where, and under which policy.
    role : str
        ``variable`` that the row is said to act on, or ``outcome``.
    expected : str
        A key of `EXPECTED`.
    label : str
        What tells it from other effects of the row; may be empty.
    runs : int
        Pairs of runs.
    without, difference : float or None
        Mean in the world that it is held against; mean paired difference from there. None where no run has a value.
    low, high : float or None
        95 % interval of the difference.
    all_low, all_high : float or None
        The same, so wide that all intervals of the table hold together (Bonferroni).
    p, in_row, holm : float
        Two-sided p value by the interval; adjusted for the number of effects of the row with the same role, and for the
        number of effects in the table.
    moved : str
        ``expected``, ``against`` or ``no``: by the interval of its own.
    """

    measure: str
    unit: str
    scenario: str
    policy: str
    role: str
    expected: str
    label: str
    runs: int
    without: float | None
    difference: float | None
    low: float | None
    high: float | None
    all_low: float | None = None
    all_high: float | None = None
    p: float = 1.0
    in_row: float = 1.0
    holm: float = 1.0
    moved: str = "no"

    @property
    def exact(self) -> bool:
        """Whether it is a property that must hold in every run, and no estimate."""
        return self.expected in ("zero", "some", "same")

    @property
    def sure(self) -> bool:
        """Whether it is told apart from nothing, for all that the row has several."""
        return self.moved != "no" and self.in_row < ALPHA

    @property
    def relative(self) -> tuple[float, float, float] | None:
        """Difference and its interval in per cent of the value without; None where that is 0 or may be either way."""
        if not self.without or self.difference is None or self.low is None or self.high is None:
            return None
        a, b, c = (100.0 * value / abs(self.without) for value in (self.difference, self.low, self.high))
        return a, b, c

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain data."""
        return asdict(self)


def _influences(values: Values) -> tuple[float, np.ndarray] | None:
    """Give a ratio of sums over runs, and what each run adds to it: their mean is the ratio."""
    below = float(values.below.mean())
    if below <= 0.0:
        return None
    ratio = float(values.above.mean()) / below
    return ratio, ratio + (values.above - ratio * values.below) / below


def effect_of(
    measure: Measure,
    treated: Values,
    control: Values,
    scenario: str,
    policy: str,
    role: str,
    expected: str,
    label: str = "",
) -> Effect:
    """Hold two worlds against each other, run by run.

    Parameters
    ----------
    measure : Measure
        What.
    treated, control : Values
        The world of the row, and the one that it is held against.
    scenario, policy, role, expected, label : str
        As in `Effect`.
    """
    runs = len(treated.above)
    if measure.ratio:
        a, b = _influences(treated), _influences(control)
        if a is None or b is None:
            return _unknown(measure, scenario, policy, role, expected, label, runs)
        without, differences = b[0], a[1] - b[1]
    else:
        without, differences = float(np.nanmean(control.above)), treated.above - control.above
    found = paired_interval(differences) if role == "outcome" else _of_variable(differences)
    if found is None:
        return _unknown(measure, scenario, policy, role, expected, label, runs)
    low, high = found.low, found.high
    sign = 0 if not found.told_apart else (1 if found.mean > 0.0 else -1)
    wanted = {"up": 1, "down": -1, "moves": sign}[expected]
    moved = "no" if sign == 0 else "expected" if sign == wanted else "against"
    known = int(np.isfinite(differences).sum())
    return Effect(
        measure.name,
        measure.unit,
        scenario,
        policy,
        role,
        expected,
        label,
        runs,
        without,
        found.mean,
        low,
        high,
        p=_p_value(found.mean, low, high, known),
        moved=moved,
    )


def _unknown(measure: Measure, scenario: str, policy: str, role: str, expected: str, label: str, runs: int) -> Effect:
    """Give the effect where no run has a value."""
    about = (measure.name, measure.unit, scenario, policy, role, expected, label, runs)
    return Effect(*about, without=None, difference=None, low=None, high=None)


def _of_variable(differences: np.ndarray) -> Interval | None:
    """Give the interval of a paired difference that arises in nearly every run.

    `paired_interval` doubts a small change in many runs where a few others carry the spread, as it must of harm. What
    is set or built moves in every run: no rare crisis hides behind it.
    """
    found = mean_interval(differences)
    if found is None or found.low is None or found.high is None:
        return found
    known = differences[np.isfinite(differences)]
    if len(known) >= LEAST_RUNS and np.count_nonzero(known) >= LEAST_DIFFERING:
        return found
    return Interval(found.mean, min(found.low, 0.0), max(found.high, 0.0))


def exact_effect_of(
    measure: Measure,
    treated: Values,
    control: Values,
    scenario: str,
    policy: str,
    role: str,
    expected: str,
    label: str = "",
) -> Effect:
    """See whether a property holds in every run; parameters as in `effect_of`."""
    a, b = treated.above, control.above
    true = {"zero": not a.any(), "some": bool(b.any()), "same": np.array_equal(a, b, equal_nan=True)}[expected]
    difference = float(np.nanmean(a) - np.nanmean(b))
    moved = "expected" if true else "against"
    without = float(np.nanmean(b))
    made = (scenario, policy, role, expected, label, len(a), without, difference, None, None)
    return Effect(measure.name, measure.unit, *made, moved=moved)


def _p_value(mean: float, low: float | None, high: float | None, runs: int) -> float:
    """Read a p value off an interval: how far it would have to be stretched to reach zero."""
    near = low if mean > 0.0 else high
    if mean == 0.0 or near is None:
        return 1.0
    half = abs(mean - near)
    if half == 0.0:
        return 0.0
    t = abs(mean) / half * float(stdtrit(runs - 1, 1.0 - ALPHA / 2.0))
    return float(min(1.0, 2.0 * stdtr(runs - 1, -t)))


def _holm(p: Sequence[float]) -> list[float]:
    """Adjust p values for their number, step by step."""
    found, worst = [1.0] * len(p), 0.0
    for rank, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        worst = max(worst, min(1.0, (len(p) - rank) * p[i]))
        found[i] = worst
    return found


def _tests(effects: Sequence[Effect]) -> list[int]:
    """Give the places of those that are tests: not of what must hold exactly, nor of what was never seen."""
    return [i for i, e in enumerate(effects) if not e.exact and e.difference is not None]


def in_row(effects: Sequence[Effect]) -> list[Effect]:
    """Give the effects of one row with p values that are adjusted for their number, variables and outcomes apart."""
    found = list(effects)
    for role in ("variable", "outcome"):
        mine = [i for i in _tests(effects) if effects[i].role == role]
        for i, p in zip(mine, _holm([effects[i].p for i in mine]), strict=True):
            found[i] = replace(effects[i], in_row=p)
    return found


def adjusted(effects: Sequence[Effect]) -> list[Effect]:
    """Give effects with intervals that hold together, and p values adjusted for their number.

    Parameters
    ----------
    effects : sequence of Effect
        All of a table; those that must hold exactly are no tests, and stay.
    """
    found, tests = list(effects), _tests(effects)
    count = len(tests)
    for i, holm in zip(tests, _holm([effects[i].p for i in tests]), strict=True):
        e = effects[i]
        low, high = e.low, e.high
        if e.difference is not None and low is not None and high is not None:
            wider = float(stdtrit(e.runs - 1, 1.0 - ALPHA / (2.0 * count)) / stdtrit(e.runs - 1, 1.0 - ALPHA / 2.0))
            low, high = e.difference - wider * (e.difference - low), e.difference + wider * (high - e.difference)
        found[i] = replace(e, all_low=low, all_high=high, holm=holm)
    return found


def verdict_of(effects: Sequence[Effect], every: bool = False) -> str:
    """Give the verdict on a row, without what its explanation says.

    Parameters
    ----------
    effects : sequence of Effect
        Adjusted, in the row and in the table.
    every : bool
        Whether each variable must move somewhere, not only one of them.
    """
    exact = [e for e in effects if e.exact]
    rest = [e for e in effects if not e.exact]
    if any(e.moved == "against" for e in exact):
        return "broken"
    if not rest:
        return "holds"
    if any(e.role == "outcome" and e.moved == "against" and e.holm < ALPHA for e in rest):
        return "wrong way"
    asked = {role: {e.measure for e in rest if e.role == role} for role in ("variable", "outcome")}
    moved = {role: {e.measure for e in rest if e.role == role and e.sure and e.moved == "expected"} for role in asked}
    if not any(moved.values()):
        return "wrong way" if any(e.sure for e in rest) else "decoration"
    whole = all(moved[role] or not asked[role] for role in asked) and not (
        every and moved["variable"] < asked["variable"]
    )
    return "works" if whole else "part"
