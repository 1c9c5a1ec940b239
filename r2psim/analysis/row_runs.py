"""Runs of a world in which chosen variables are watched month by month: what experiments on rows measure.

The rules, their order and their luck are those of `r2psim.ensemble.simulation.simulate`, and so are the bits of all
metrics. What is added is a look at chosen columns after every month, which is why the months are run from here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from r2psim.analysis.row_arms import MissingError
from r2psim.declarations.columns import GROUP, PR, STATE, B, G
from r2psim.ensemble.measures import DEPTH, METRICS, UNITS, measure, spending_at
from r2psim.rules.draws import Draws, draws_of
from r2psim.rules.month import month, opening
from r2psim.scenario.catalogue import catalogue
from r2psim.world.build import build
from r2psim.world.rows import copy_rows, side_by_side

if TYPE_CHECKING:
    from r2psim.scenario import Scenario
    from r2psim.scenario.forms import Form
    from r2psim.world.rows import Rows

__all__ = ["Measure", "StoppedError", "Values", "measure_of", "run_watched"]

YEAR = 12
BESIDE = 480
"""States whose runs lie side by side, about: loops are long enough then, and a core's cache still holds them."""

_LEVEL = re.compile(r"(state|group)\.([a-z0-9_]+?)(?:=([0-9.]+))?(?:@([a-z0-9_]+)=([0-9.]+))?")
_STAGE = re.compile(r"stage([0-4])\.(goes_on|stay)")
_TABLES = {"state": STATE, "group": GROUP}


class StoppedError(Exception):
    """The work was called off."""


class Measure(NamedTuple):
    """Something that is measured of a run.

    Attributes
    ----------
    name : str
        A metric of `r2psim.ensemble.measures.METRICS`. ``state.COLUMN`` or ``group.COLUMN``: its mean over rows and
        months, or of an account its total at the end; with ``=VALUE`` the share of months in which it has this value;
        with ``@COLUMN=VALUE`` the mean over those row-months alone in which another column has this value.
        ``stage3.goes_on``: of the groups that leave stage 3, the share that goes on to a higher one; ``stage3.stay``:
        months that a stay there lasts. ``spent.FORM``: US$ spent on a form, ``spent.0`` to ``spent.4`` while the state
        stood at a stage. ``money.error``: cents by which accounts do not add up.
    kind : str
        ``metric``, ``level``, ``stage``, ``spent`` or ``error``.
    unit : str
        Unit of measurement.
    ratio : bool
        Whether it is a ratio of two sums over all runs.
    """

    name: str
    kind: str
    unit: str
    ratio: bool = False
    table: str = ""
    column: int = 0
    value: float | None = None
    where: int = -1
    where_value: float = 0.0
    account: bool = False


class Values(NamedTuple):
    """What was measured of an arm: a value of every run; where a ratio was, its numerator and its denominator."""

    above: np.ndarray
    below: np.ndarray


def measure_of(name: str, forms: dict[str, Form] | None = None) -> Measure:
    """Give a measure by name.

    Parameters
    ----------
    name : str
        As in `Measure`.
    forms : dict, optional
        Forms that there are; the shipped catalogue if not given.

    Raises
    ------
    MissingError
        If the model has nothing of that name.

    Examples
    --------
    >>> measure_of("deaths").unit, measure_of("state.commitment").kind, measure_of("stage3.stay").ratio
    ('persons', 'level', True)
    """
    if name in METRICS:
        return Measure(name, "metric", UNITS[name], column=list(METRICS).index(name))
    if name == "money.error":
        return Measure(name, "error", "US cents")
    if found := _STAGE.fullmatch(name):
        goes_on = found[2] == "goes_on"
        return Measure(name, "stage", "share" if goes_on else "months", True, value=float(found[1]))
    kind, _, key = name.partition(".")
    if kind == "spent":
        places = list(catalogue() if forms is None else forms)
        if key in places:
            return Measure(name, "spent", "US$", column=places.index(key))
        if key in ("0", "1", "2", "3", "4"):
            return Measure(name, "spent", "US$", column=-1, value=float(key))
    if found := _LEVEL.fullmatch(name):
        table = _TABLES[found[1]]
        where = found[4] or ""
        if found[2] in table.index and (not where or where in table.index):
            column = table[found[2]]
            account = column.role == "account" and not found[3] and not where
            unit = "share of months" if found[3] else column.unit
            return Measure(
                name,
                "level",
                unit,
                bool(where),
                found[1],
                table.index[found[2]],
                float(found[3]) if found[3] else None,
                table.index[where] if where else -1,
                float(found[5]) if where else 0.0,
                account,
            )
    raise MissingError(name)


class _Watch:
    """The sums of some measures over the runs that lie side by side."""

    def __init__(self, rows: Rows, measures: Sequence[Measure], runs: int) -> None:
        self.rows, self.measures, self.runs = rows, measures, runs
        self.above = np.zeros((len(measures), runs))
        self.below = np.zeros((len(measures), runs))
        self.monthly = [
            (i, m) for i, m in enumerate(measures) if m.kind == "stage" or (m.kind == "level" and not m.account)
        ]
        self.before = self._stages().copy()

    def _stages(self) -> np.ndarray:
        return self._column("group", G.stage)

    def _column(self, table: str, place: int) -> np.ndarray:
        column: np.ndarray = getattr(self.rows, table)[place]
        found: np.ndarray = column.reshape(self.runs, -1)
        return found

    def look(self) -> None:
        """Take in a month."""
        stages = self._stages()
        for i, m in self.monthly:
            if m.kind == "stage":
                there = self.before == m.value
                left = there & (stages != m.value)
                self.below[i] += left.sum(axis=1)
                self.above[i] += (there & (stages > m.value) if m.unit == "share" else there).sum(axis=1)
                continue
            column = self._column(m.table, m.column)
            found = column if m.value is None else (column == m.value)
            if m.where < 0:
                self.above[i] += found.mean(axis=1)
            else:
                there = self._column(m.table, m.where) == m.where_value
                self.above[i] += (found * there).sum(axis=1)
                self.below[i] += there.sum(axis=1)
        self.before[:] = stages

    def close(self, months: int) -> None:
        """Take in what is known at the end."""
        metrics, work = np.empty(len(METRICS)), np.empty(DEPTH)
        spent = np.empty((self.rows.form.shape[1], 5))
        kinds = {m.kind for m in self.measures}
        for i, m in self.monthly:
            if not m.ratio:
                self.above[i] /= months
        errors = _errors_of_money(self.rows, self.runs) if "error" in kinds else np.zeros(self.runs)
        for k in range(self.runs):
            measure(self.rows, k, months, metrics, work)
            if "spent" in kinds:
                spending_at(self.rows, k, PR.spent_0, spent)
            for i, m in enumerate(self.measures):
                if m.kind == "metric":
                    self.above[i, k] = metrics[m.column]
                elif m.kind == "spent":
                    self.above[i, k] = spent[m.column].sum() if m.value is None else spent[:, int(m.value)].sum()
                elif m.kind == "error":
                    self.above[i, k] = errors[k]
                elif m.account:
                    self.above[i, k] = self._column(m.table, m.column)[k].sum()


def _errors_of_money(rows: Rows, runs: int) -> np.ndarray:
    """Give the cents by which accounts do not add up: what bodies had and gave, and what programmes got of it."""
    body = rows.body
    kept = body[B.received] - body[B.spent] - body[B.returned] - body[B.balance]
    sides = body[B.spent] - body[B.spent_prevention] - body[B.spent_response]
    of_bodies = np.abs(kept).reshape(runs, -1).sum(axis=1) + np.abs(sides).reshape(runs, -1).sum(axis=1)
    forms = rows.form.shape[1]
    programmes = sum(rows.programme[PR.spent_0 + k] for k in range(5)).reshape(forms, runs, -1).sum(axis=(0, 2))
    found: np.ndarray = of_bodies + np.abs(body[B.spent].reshape(runs, -1).sum(axis=1) - programmes)
    return found


def run_watched(
    scenario: Scenario,
    policy: str,
    measures: Sequence[Measure],
    runs: int,
    seed: int = 1,
    years: int | None = None,
    stop: Event | None = None,
    advance: Callable[[int], None] | None = None,
) -> dict[str, Values]:
    """Run a world, and measure.

    Parameters
    ----------
    scenario : Scenario
        Complete: nothing left to generate.
    policy : str
        One of its policies.
    measures : sequence of Measure
        What is measured.
    runs, seed : int
        Runs 0 to ``runs - 1`` of that seed.
    years : int, optional
        Length; the scenario's own if not given.
    stop : threading.Event, optional
        Looked at every month; once it is set the work ends with `StoppedError`.
    advance : callable, optional
        Told the number of runs finished since it was last called.

    Returns
    -------
    dict of str to Values
        By name of measure, each shape (runs,).
    """
    world = build(scenario, policy)
    p = scenario.parameter_values(policy)
    months = YEAR * (scenario.years if years is None else years)
    together = max(1, min(runs, BESIDE // len(world.states)))
    above, below = np.empty((len(measures), runs)), np.empty((len(measures), runs))
    for first in range(0, runs, together):
        count = min(together, runs - first)
        rows = copy_rows(side_by_side(world.rows, count))
        luck = draws_of(seed, first, 0)
        opening(rows, p, luck)
        watch = _Watch(rows, measures, count)
        for m in range(months):
            if stop is not None and stop.is_set():
                raise StoppedError
            month(rows, p, Draws(luck.key0, luck.key1, luck.run, np.uint64(m)))
            watch.look()
        watch.close(months)
        above[:, first : first + count], below[:, first : first + count] = watch.above, watch.below
        if advance is not None:
            advance(count)
    return {m.name: Values(above[i], below[i]) for i, m in enumerate(measures)}
