"""Every row of the mission as an experiment that anybody can run again.

A row is a thing that the report A/68/947 names: a stage, a principle, a partner, a form of assistance, a challenge, a
recommendation. ``rows.toml`` says in the report's words what it is, by which experiment it is tried, which variables it
is said to act on, and which outcomes. Each experiment holds a world against another one under the same luck:

``ideal-funder``
    One body that sees everything and pays for one form in all states, against the same world without its money.
``removal``
    A policy with a form out of reach, or with bodies without money or gone, against the policy as it is.
``switch``
    A parameter, or a number of a form or body, set to one value and to another, or two policies.
``start``
    A variable of all states or groups set to one value and to another, at the start and as the level to return to.
``statement``
    A property that must hold in every run, without any interval.
``information``
    Bodies that see without error against bodies that see noise, at several budgets, under several policies.

One file, though long: the kinds of experiment stand beside one another, each a reader and a runner.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from r2psim.analysis.row_arms import IF_THERE, Arm, Funder, MissingError, digest_of_scenario, scenario_of_arm
from r2psim.analysis.row_effects import (
    EXPECTED,
    VERDICTS,
    Effect,
    adjusted,
    effect_of,
    exact_effect_of,
    in_row,
    verdict_of,
)
from r2psim.analysis.row_runs import Measure, Values, measure_of, run_watched
from r2psim.analysis.row_store import RowStore
from r2psim.scenario.errors import listing, nearest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EXPERIMENTS", "Row", "RowResult", "RowTable", "read_rows", "rows"]

FILE = Path(__file__).parents[1] / "scenario" / "rows.toml"

BUDGET = 3e11
"""What an ideal funder has, US$ a year: more than it can spend."""

LARGE = {"world": 5}
"""Scenarios of which a row has so many times fewer runs."""

LEAST = 60
"""Runs of those at least: fewer tell no difference apart."""

NULL = ("assistance.effect_scale", 0.0)


@dataclass(frozen=True)
class Row:
    """A row of the mission, and how it is tried.

    Attributes
    ----------
    id, section, words : str
        Identifier; section of the report, or of the mission; what is said there.
    experiment : str
        A key of `EXPERIMENTS`.
    scenarios, policies : tuple of str
        Where, and under which policies.
    acts_on, outcomes : tuple of str
        An expectation and a measure each, such as ``up state.commitment``; see `r2psim.analysis.row_effects.EXPECTED`
        and `r2psim.analysis.row_runs.Measure`. A name that ends with `?` is left out where the model does not have it.
    set, against, both : dict of str to float
        What is set in the world of the row, in the one that it is held against, and in both.
    forms, against_forms : tuple of str
        Forms that an ideal funder pays, and those that it pays in the world that it is held against.
    beside : bool
        Whether the other bodies keep their money beside it.
    without : tuple of str
        What is taken away, as in `r2psim.analysis.row_arms.Arm`.
    stages : tuple of int or None
        Stages of states at which the ideal funder pays.
    against_policy : str or None
        Policy of the world that it is held against, where it is another one.
    budgets : tuple of float
        Multiples of all budgets (``information``).
    runs : float
        Multiple of the number of runs.
    every : bool
        Whether each of the variables must move, not only one of them.
    explained : str
        Why nothing moves, or the other way, where that is so and is no fault.
    note : str
        What else a reader should know.
    """

    id: str
    section: str
    words: str
    experiment: str
    scenarios: tuple[str, ...] = ("seminar",)
    policies: tuple[str, ...] = ("late-response",)
    acts_on: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    set: dict[str, float] = field(default_factory=dict)
    against: dict[str, float] = field(default_factory=dict)
    both: dict[str, float] = field(default_factory=dict)
    forms: tuple[str, ...] = ()
    against_forms: tuple[str, ...] = ()
    beside: bool = False
    without: tuple[str, ...] = ()
    stages: tuple[int, int] | None = None
    against_policy: str | None = None
    budgets: tuple[float, ...] = ()
    runs: float = 1.0
    every: bool = False
    explained: str = ""
    note: str = ""


@dataclass(frozen=True)
class _Pair:
    """Two arms of an experiment, and what tells them from other pairs of the row."""

    treated: Arm
    control: Arm
    runs: int
    label: str = ""


# -- experiments -------------------------------------------------------------------------------------------------------

_Plan = Callable[[Row, str, str], "list[tuple[Arm, Arm, str]]"]


def _pairs(values: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted((path, float(value)) for path, value in values.items()))


def ideal_funder(row: Row, scenario: str, policy: str) -> list[tuple[Arm, Arm, str]]:
    """Pay for some forms in all states without limit, against the same world without money."""
    both = row.both | {"assistance.considered": 1000.0, "assistance.forms_at_once": 100.0}
    paid = Funder(row.forms, BUDGET, row.stages, row.beside)
    # Without money it makes no difference what would be paid for, so that all forms share one world.
    unpaid = Funder(row.against_forms, BUDGET if row.against_forms or row.against else 0.0, None, row.beside)
    if row.against and not row.against_forms:
        unpaid = paid
    treated, control = (_pairs(both | values) for values in (row.set, row.against))
    return [(Arm(scenario, policy, treated, funder=paid), Arm(scenario, policy, control, funder=unpaid), "")]


def removal(row: Row, scenario: str, policy: str) -> list[tuple[Arm, Arm, str]]:
    """Take something away from a policy, against the policy as it is."""
    both = _pairs(row.both)
    return [(Arm(scenario, policy, both, row.without), Arm(scenario, policy, both), "")]


def switch(row: Row, scenario: str, policy: str) -> list[tuple[Arm, Arm, str]]:
    """Set something to one value and to another, or compare two policies."""
    treated = Arm(scenario, policy, _pairs(row.both | row.set), row.without)
    control = Arm(scenario, row.against_policy or policy, _pairs(row.both | row.against))
    return [(treated, control, "")]


def information(row: Row, scenario: str, policy: str) -> list[tuple[Arm, Arm, str]]:
    """Let bodies see without error, against bodies that see noise, at several budgets."""
    found = []
    for budget in row.budgets:
        both = row.both | {"assistance.budget_scale": budget}
        treated, control = (Arm(scenario, policy, _pairs(both | seen)) for seen in (row.set, row.against))
        found.append((treated, control, f"{budget:g} x budget"))
    return found


EXPERIMENTS: dict[str, _Plan] = {
    "ideal-funder": ideal_funder,
    "removal": removal,
    "switch": switch,
    "start": switch,
    "statement": switch,
    "information": information,
}
"""How rows are tried."""


# -- the data file -----------------------------------------------------------------------------------------------------


def _row(data: Mapping[str, Any]) -> Row:
    """Make a row of an entry of the file.

    Raises
    ------
    ValueError
        If it is none; the message says why.
    """
    name = data.get("id", "a row without id")
    unknown = set(data) - set(Row.__dataclass_fields__)
    if unknown:
        raise ValueError(f"{name}: {listing(sorted(unknown))} is no key of a row")
    made: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
    row = Row(**made)
    if row.experiment not in EXPERIMENTS:
        raise ValueError(f"{name}: {row.experiment} is no experiment: one of {listing(EXPERIMENTS)}")
    for text in (*row.acts_on, *row.outcomes):
        expected, _, measure = text.partition(" ")
        if expected not in EXPECTED or not measure:
            raise ValueError(f"{name}: {text!r} is no expectation: one of {listing(EXPECTED)}, and a measure")
    if not (row.acts_on or row.outcomes):
        raise ValueError(f"{name}: nothing is expected of it")
    return row


@cache
def read_rows(file: Path = FILE) -> dict[str, Row]:
    """Read rows of the mission.

    Parameters
    ----------
    file : Path
        A file like ``rows.toml``, which is read if none is given.

    Returns
    -------
    dict of str to Row
        By identifier, in the order of the file.

    Raises
    ------
    ValueError
        If an entry is no row, or two have one identifier.
    """
    found: dict[str, Row] = {}
    for data in tomllib.loads(file.read_text(encoding="utf-8"))["row"]:
        row = _row(data)
        if row.id in found:
            raise ValueError(f"{row.id}: is there twice")
        found[row.id] = row
    return found


# -- results -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RowResult:
    """A row, what was found, and the verdict.

    Attributes
    ----------
    row : Row
        The row.
    verdict : str
        A key of `r2psim.analysis.row_effects.VERDICTS`.
    found : str
        The verdict before its explanation is read: the same, but where that is ``explained``.
    effects : tuple of Effect
        In the order of the row, scenario by scenario.
    missing : tuple of str
        Names that the model does not have.
    """

    row: Row
    verdict: str
    found: str
    effects: tuple[Effect, ...] = ()
    missing: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain data."""
        return {
            "id": self.row.id,
            "section": self.row.section,
            "words": self.row.words,
            "experiment": self.row.experiment,
            "verdict": self.verdict,
            "found": self.found,
            "explained": self.row.explained if self.verdict == "explained" else "",
            "note": self.row.note,
            "missing": list(self.missing),
            "effects": [effect.to_dict() for effect in self.effects],
        }


@dataclass(frozen=True)
class RowTable:
    """Rows of the mission, tried.

    Attributes
    ----------
    results : tuple of RowResult
        In the order of the file.
    runs, seed : int
        Runs of each world (fewer of a large one), and the seed of all luck.
    null : bool
        Whether all effects of assistance were taken away in every world: then nothing may move.
    """

    results: tuple[RowResult, ...]
    runs: int
    seed: int
    null: bool = False

    def __getitem__(self, row: str) -> RowResult:
        return {result.row.id: result for result in self.results}[row]

    @property
    def tests(self) -> int:
        """Number of effects with an interval."""
        return sum(not e.exact and e.difference is not None for result in self.results for e in result.effects)

    @property
    def counts(self) -> dict[str, int]:
        """Number of rows by verdict, those verdicts alone that occur."""
        verdicts = [result.verdict for result in self.results]
        return {verdict: verdicts.count(verdict) for verdict in VERDICTS if verdict in verdicts}

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain data.

        Returns
        -------
        dict of str
            Runs, seed, counts of verdicts, and ``rows``.
        """
        return {
            "runs": self.runs,
            "seed": self.seed,
            "null": self.null,
            "tests": self.tests,
            "counts": self.counts,
            "rows": [result.to_dict() for result in self.results],
        }

    def frame(self) -> pd.DataFrame:
        """Give it as a data frame with a line for each effect, and one for each row that has none.

        Returns
        -------
        pandas.DataFrame
            Effects with their 95 % intervals in the unit that each line names.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        import pandas as pd

        lines = []
        for result in self.results:
            about = {k: v for k, v in result.to_dict().items() if k not in ("effects", "missing", "note")}
            about["missing"] = ", ".join(result.missing)
            lines += [about | effect.to_dict() for effect in result.effects] or [about]
        return pd.DataFrame(lines)


# -- doing it ----------------------------------------------------------------------------------------------------------


class _Work:
    """All worlds that rows need, each with everything that is to be measured there."""

    def __init__(self, runs: int, seed: int, years: int | None) -> None:
        self.runs, self.seed, self.years = runs, seed, years
        self.measures: dict[tuple[Arm, int], dict[str, Measure]] = {}

    def need(self, arm: Arm, runs: int, measures: Sequence[Measure]) -> None:
        """Note that something is to be measured in a world."""
        self.measures.setdefault((arm, runs), {}).update({m.name: m for m in measures})

    @property
    def total(self) -> int:
        """Number of runs."""
        return sum(runs for _, runs in self.measures)

    def run(
        self, arm: Arm, runs: int, store: RowStore, stop: Event, advance: Callable[[int], None]
    ) -> dict[str, Values]:
        """Run a world, or take what is kept of it."""
        measures = list(self.measures[arm, runs].values())
        key = json.dumps([arm.key(), digest_of_scenario(arm.scenario), runs, self.seed, self.years])
        kept = store.read(key)
        if kept is not None and all(m.name in kept for m in measures):
            advance(runs)
            return kept
        found = run_watched(scenario_of_arm(arm), arm.policy, measures, runs, self.seed, self.years, stop, advance)
        store.write(key, found)
        return found

    def run_all(
        self, store: RowStore, threads: int, advance: Callable[[int], None]
    ) -> dict[tuple[Arm, int], dict[str, Values]]:
        """Run all of them."""
        stop = Event()
        found = {}
        with ThreadPoolExecutor(threads) as pool:
            waiting: dict[Future, tuple[Arm, int]] = {}
            try:
                for arm, runs in self.measures:
                    waiting[pool.submit(self.run, arm, runs, store, stop, advance)] = (arm, runs)
                while waiting:
                    done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                    for future in done:
                        found[waiting.pop(future)] = future.result()
            except BaseException:
                stop.set()
                pool.shutdown(cancel_futures=True)
                raise
        return found


def _runs_of(row: Row, scenario: str, runs: int) -> int:
    wanted = max(2, round(runs * row.runs))
    return wanted if scenario not in LARGE else min(wanted, max(LEAST, wanted // LARGE[scenario]))


def _planned(row: Row, scenarios: Sequence[str] | None, runs: int, null: bool) -> list[_Pair]:
    """Give the pairs of worlds of a row.

    Raises
    ------
    MissingError
        If it names something that the model does not have.
    """
    pairs = []
    for scenario in scenarios or row.scenarios:
        for policy in row.policies:
            for arms in EXPERIMENTS[row.experiment](row, scenario, policy):
                treated, control = (replace(arm, sets=(*arm.sets, NULL)) if null else arm for arm in arms[:2])
                for arm in (treated, control):
                    scenario_of_arm(arm)
                pairs.append(_Pair(treated, control, _runs_of(row, scenario, runs), arms[2]))
    return pairs


def _measured(row: Row, pairs: Sequence[_Pair]) -> tuple[list[tuple[str, str, Measure]], list[str]]:
    """Give role, expectation and measure of what is expected of a row; and the names of what cannot be measured."""
    forms = scenario_of_arm(pairs[0].treated).forms
    found, missing = [], []
    for role, texts in (("variable", row.acts_on), ("outcome", row.outcomes)):
        for text in texts:
            expected, _, name = text.partition(" ")
            try:
                found.append((role, expected, measure_of(name.removesuffix(IF_THERE), forms)))
            except MissingError as error:
                if not name.endswith(IF_THERE):
                    missing.append(str(error))
    return found, missing


def _chosen(ids: str | Sequence[str] | None, known: Mapping[str, Row]) -> list[Row]:
    if ids is None:
        return list(known.values())
    named = [ids] if isinstance(ids, str) else list(ids)
    for name in named:
        if name not in known:
            near = nearest(name, known)
            hint = f" (did you mean {near}?)" if near else ""
            raise ValueError(f"row {name} is not allowed: one of {listing(known, limit=len(known))}{hint}")
    return [row for row in known.values() if row.id in named]


def rows(
    ids: str | Sequence[str] | None = None,
    scenarios: str | Sequence[str] | None = None,
    runs: int = 800,
    seed: int = 1,
    years: int | None = None,
    threads: int = 2,
    null: bool = False,
    directory: str | Path | None = None,
    file: str | Path | None = None,
    begin: Callable[[int], Callable[[int], None]] | None = None,
) -> RowTable:
    """Try rows of the mission, each by its experiment.

    Parameters
    ----------
    ids : str or sequence of str, optional
        Which rows; all if not given.
    scenarios : str or sequence of str, optional
        Where all of them are tried, instead of where each says.
    runs, seed : int
        Pairs of runs of each experiment, and the seed of all luck. A large world has a fifth of the runs, 60 at least.
    years : int, optional
        Length of a run; that of each scenario if not given.
    threads : int
        Worlds that are run at a time; the result does not depend on it.
    null : bool
        Take all effects of assistance away in every world: a check that nothing else moves.
    directory : str or Path, optional
        Where finished worlds are kept: the same call goes on from them.
    file : str or Path, optional
        Rows in another file than the one that ships.
    begin : callable, optional
        Told the number of runs in all, before the first; gives a callable that is told how many more are finished.

    Returns
    -------
    RowTable
        The rows with effects and verdicts.

    Raises
    ------
    ValueError
        If there is no such row.

    Examples
    --------
    >>> rows("mediation", runs=2, years=1).results[0].row.section
    'IV.C'
    """
    known = read_rows() if file is None else read_rows(Path(file))
    named = [scenarios] if isinstance(scenarios, str) else scenarios
    work = _Work(runs, seed, years)
    plans: list[tuple[Row, list[_Pair], list[tuple[str, str, Measure]], list[str]]] = []
    for row in _chosen(ids, known):
        try:
            pairs = _planned(row, named, runs, null)
            measured, missing = _measured(row, pairs)
        except MissingError as error:
            pairs, measured, missing = [], [], [str(error)]
        plans.append((row, pairs if measured else [], measured, missing))
        for pair in plans[-1][1]:
            for arm in (pair.treated, pair.control):
                work.need(arm, pair.runs, [m for _, _, m in measured])
    with RowStore(None if directory is None else Path(directory)) as store:
        values = work.run_all(store, threads, _silent if begin is None else begin(work.total))
    effects = [
        in_row([_effect(pair, part, values) for pair in pairs for part in measured]) for _, pairs, measured, _ in plans
    ]
    together = iter(adjusted([effect for each in effects for effect in each]))
    results = []
    for (row, _, _, missing), each in zip(plans, effects, strict=True):
        mine = tuple(next(together) for _ in each)
        found = verdict_of(mine, row.every) if mine else "missing"
        if missing and found in ("works", "holds"):
            found = "part"
        faulty = found in ("decoration", "wrong way", "broken")
        verdict = "explained" if faulty and row.explained else found
        results.append(RowResult(row, verdict, found, mine, tuple(missing)))
    return RowTable(tuple(results), runs, seed, null)


def _silent(steps: int) -> None:
    """Tell nobody."""


def _effect(
    pair: _Pair,
    part: tuple[str, str, Measure],
    values: Mapping[tuple[Arm, int], Mapping[str, Values]],
) -> Effect:
    role, expected, measure = part
    treated, control = (values[arm, pair.runs][measure.name] for arm in (pair.treated, pair.control))
    make = exact_effect_of if expected in ("zero", "some", "same") else effect_of
    where = (pair.treated.scenario, pair.treated.policy)
    return make(measure, treated, control, *where, role, expected, pair.label)
