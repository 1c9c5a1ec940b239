"""Panel of one simulated run: what happened in each state and group in each calendar year, as a data set codes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from r2psim.declarations.columns import GROUP, PR, TRIGGERS, B, F, G, S
from r2psim.ensemble.engine import run_months
from r2psim.ensemble.uncertainty import Drawing
from r2psim.rules.draws import draws_of
from r2psim.rules.month import opening
from r2psim.scenario import Scenario
from r2psim.scenario.parameters import P
from r2psim.world.build import build
from r2psim.world.codebook import CENTS
from r2psim.world.rows import Rows, copy_rows

__all__ = ["STATUS_QUO", "Panel", "Source", "in_parallel"]

YEAR = 12

OPPONENTS = GROUP.index.get("opponents")
"""Column that marks political opponents; None where groups are ethnic ones only."""

STATUS_QUO = "late-response"
"""The policy that stands for the present."""

DISCRIMINATED = 0.75
"""Exclusion from which a group counts as discriminated: half way between the statuses powerless and discriminated."""

EXCLUDED = 0.4
"""Exclusion from which a group counts as powerless: half way between the statuses irrelevant and powerless.

The few groups that exclude themselves stand at 0.5 and count among them.
"""

STATUSES = ("no group", "included only", "powerless", "discriminated")
"""Codes of the political status of a state's most excluded group."""

CLOSED = 0.2
"""Openness of the regime below which opposition parties count as banned in part."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class Panel:
    """One run as a panel of calendar years.

    Attributes
    ----------
    home : numpy.ndarray, int64, shape (groups,)
        Row of the state of each group.
    conflict : numpy.ndarray, int8, shape (years, states)
        The year's worst: 0 none, 2 minor conflict, 3 war (25 and 1,000 battle deaths a year in UCDP's terms).
    since_conflict : numpy.ndarray, float64, shape (states,)
        Years between the last conflict and the start; 0 in conflict, infinite where none is known.
    coup, transition : numpy.ndarray, bool, shape (years, states)
        Whether a coup was attempted; whether an adverse, irregular change of regime struck.
    closed : numpy.ndarray, bool, shape (years, states)
        Whether the regime was as closed at the year's end as where parties are banned in part.
    discriminated : numpy.ndarray, float64, shape (years, states)
        Share of the population in discriminated groups at the year's end.
    status : numpy.ndarray, int8, shape (years, states)
        Political status of the most excluded group at the year's end, as a code of `STATUSES`.
    past : numpy.ndarray, bool, shape (states,)
        Whether there was an episode before the start.
    perceived : numpy.ndarray, float64, shape (years, states)
        Risk as perceived from outside at the year's end.
    stage : numpy.ndarray, int8, shape (years, groups)
        Highest stage of the year.
    stage_at_start : numpy.ndarray, int8, shape (groups,)
        Stage before the first month.
    perpetrator : numpy.ndarray, int8, shape (years, groups)
        0 none, 2 armed groups only, 1 or 3 with the government, at stage 3 or 4 of the year.
    deaths : numpy.ndarray, float64, shape (years, groups)
        Killed in the calendar year, persons.
    deaths_12 : numpy.ndarray, float64, shape (years, groups)
        Most killed in any twelve months that end in the year, persons.
    response : numpy.ndarray, float64, shape (years, states)
        External response of the year in each state, with reconstruction, US$.
    spent_prevention, spent_response : float
        Spent by all bodies in the whole run, US$.
    struck : numpy.ndarray, uint8, shape (months, states)
        Bit ``k`` is set where the ``k``-th trigger struck in the month.
    began : numpy.ndarray, int32, shape (entries, 2)
        Month and group of each entry into stage 4.
    imminent : numpy.ndarray, int32, shape (changes, 4)
        Month, group, stage before and stage after of each change into or out of imminent risk (stage 3).
    threshold : float
        Killed in twelve months from which an episode counts, persons.
    neighbour_start, neighbour : numpy.ndarray, int64
        Borders, as sparse rows.
    """

    home: np.ndarray
    conflict: np.ndarray
    since_conflict: np.ndarray
    coup: np.ndarray
    transition: np.ndarray
    closed: np.ndarray
    discriminated: np.ndarray
    status: np.ndarray
    past: np.ndarray
    perceived: np.ndarray
    stage: np.ndarray
    stage_at_start: np.ndarray
    perpetrator: np.ndarray
    deaths: np.ndarray
    deaths_12: np.ndarray
    response: np.ndarray
    spent_prevention: float
    spent_response: float
    struck: np.ndarray
    began: np.ndarray
    imminent: np.ndarray
    threshold: float
    neighbour_start: np.ndarray
    neighbour: np.ndarray

    @property
    def years(self) -> int:
        """Number of calendar years."""
        return int(self.conflict.shape[0])

    @property
    def states(self) -> int:
        """Number of states."""
        return int(self.conflict.shape[1])

    def of_states(self, of_groups: np.ndarray) -> np.ndarray:
        """Give each state the maximum over its groups, shape (years, states); 0 where there are none."""
        found = np.zeros((len(of_groups), self.states), dtype=of_groups.dtype)
        np.maximum.at(found.T, self.home, of_groups.T)
        return found


class Source:
    """A built world from which panels are drawn, run by run and for any values of the parameters.

    Parameters
    ----------
    scenario : Scenario
        With everything generated (`r2psim.world.expand.expand`).
    policy : str
        Which policy.
    years : int
        Length of each run.
    """

    def __init__(self, scenario: Scenario, policy: str = STATUS_QUO, years: int = 35) -> None:
        self.world = build(scenario, policy)
        self.years = years
        self.defaults = scenario.parameter_values(policy)

    def panel(self, seed: int, run: int, p: np.ndarray | None = None, drawing: Drawing | None = None) -> Panel:
        """Run once, and note the panel.

        Parameters
        ----------
        seed, run : int
            Luck.
        p : numpy.ndarray, shape (parameters,), optional
            Values of all parameters; those of the scenario and policy if not given.
        drawing : Drawing, optional
            Gives the effects of the run; those of the scenario if not given.
        """
        values = self.defaults if p is None else p
        start = self.world.rows if drawing is None else drawing.rows_of(run, self.world.rows)
        rows, luck = copy_rows(start), draws_of(seed, run, 0)
        opening(rows, values, luck)
        notes = _Notes(rows, self.years)
        for m in range(self.years * YEAR):
            run_months(rows, values, luck, m, m + 1)
            notes.take(m)
        return notes.panel(float(values[P.harm_threshold]))


class _Notes:
    """What is noted of a run month by month."""

    def __init__(self, rows: Rows, years: int) -> None:
        states, groups = rows.state.shape[1], rows.group.shape[1]
        self.rows = rows
        self.of_state = {
            name: np.zeros((years, states)) for name in ("conflict", "coup", "transition", "closed", "perceived")
        }
        self.discriminated = np.zeros((years, states))
        self.status = np.zeros((years, states), dtype=np.int8)
        # Political opponents are no ethnic group: data on the status of such groups do not know them.
        self.ethnic = np.flatnonzero(rows.group[OPPONENTS] == 0.0) if OPPONENTS is not None else np.arange(groups)
        self.response = np.zeros((years + 1, states))
        self.of_group = {name: np.zeros((years, groups)) for name in ("stage", "perpetrator", "deaths_12")}
        self.deaths = np.zeros((years + 1, groups))
        self.struck = np.zeros((years * YEAR, states), dtype=np.uint8)
        self.began: list[tuple[int, int]] = []
        self.imminent: list[tuple[int, int, int, int]] = []
        conflict, months = rows.state[S.conflict].copy(), rows.state[S.conflict_months]
        self.since = np.where(conflict >= 2.0, 0.0, np.where(conflict == 1.0, months / YEAR, np.inf))
        self.past = rows.state[S.past_violations] > 0.0
        self.stage_at_start = rows.group[G.stage].astype(np.int8)
        self.strikes = np.array([S.strike_contested_election + k for k in range(len(TRIGGERS))])
        self.bits = (1 << np.arange(len(TRIGGERS))).astype(np.uint8)
        counts = rows.form[F.response] > 0.0
        forms = len(counts)
        self.all_stages = np.flatnonzero(counts)
        self.crisis_only = np.flatnonzero(~counts)
        self.shape = (forms, states)
        self.deaths[0], self.response[0] = rows.group[G.deaths], self._response()

    def take(self, m: int) -> None:
        """Note the month ``m`` as it ended."""
        state, group, y = self.rows.state, self.rows.group, m // YEAR
        kept = self.of_state
        np.maximum(kept["conflict"][y], state[S.conflict], out=kept["conflict"][y])
        np.maximum(kept["coup"][y], state[S.strike_coup], out=kept["coup"][y])
        np.maximum(kept["transition"][y], state[S.strike_irregular_transition], out=kept["transition"][y])
        self.struck[m] = self.bits @ (state[self.strikes] > 0.0)
        stage, before = group[G.stage], group[G.stage_before]
        entered = (stage == 4.0) & (before != 4.0)
        if entered.any():
            self.began += [(m, int(g)) for g in np.flatnonzero(entered)]
        changed = (stage != before) & ((stage == 3.0) | (before == 3.0))
        if changed.any():
            self.imminent += [(m, int(g), int(before[g]), int(stage[g])) for g in np.flatnonzero(changed)]
        kept = self.of_group
        np.maximum(kept["stage"][y], stage, out=kept["stage"][y])
        # Of the codes 1 state, 2 armed groups, 3 both, the bits of several months add up.
        kept["perpetrator"][y] = np.bitwise_or(
            kept["perpetrator"][y].astype(np.int8), group[G.perpetrator].astype(np.int8)
        )
        np.maximum(kept["deaths_12"][y], group[G.deaths_year], out=kept["deaths_12"][y])
        if m % YEAR == YEAR - 1:
            self._close(y)

    def _close(self, y: int) -> None:
        """Note what is read at the end of the year ``y``."""
        state, group = self.rows.state, self.rows.group
        self.of_state["closed"][y] = state[S.regime] < CLOSED
        self.of_state["perceived"][y] = state[S.perceived]
        # The record counts ethnic groups: political opponents are not among them.
        shares = group[G.share] * (group[G.exclusion] >= DISCRIMINATED) * (group[G.opponents] == 0.0)
        np.add.at(self.discriminated[y], self.rows.home, shares)
        self.deaths[y + 1] = group[G.deaths]
        exclusion = group[G.exclusion, self.ethnic]
        codes = np.where(exclusion >= DISCRIMINATED, 3, np.where(exclusion >= EXCLUDED, 2, 1)).astype(np.int8)
        np.maximum.at(self.status[y], self.rows.home[self.ethnic], codes)
        self.response[y + 1] = self._response()

    def _response(self) -> np.ndarray:
        """Give the external response in each state since the start, with reconstruction, US$."""
        spent = self.rows.programme[PR.spent_0 : PR.spent_0 + 5].reshape(5, *self.shape)
        crisis = spent[3:, self.crisis_only].sum(axis=(0, 1))
        cents = spent[:, self.all_stages].sum(axis=(0, 1)) + crisis
        found: np.ndarray = cents / CENTS + self.rows.state[S.reconstruction_cost]
        return found

    def panel(self, threshold: float) -> Panel:
        """Give the panel of the finished run."""
        rows, states, groups = self.rows, self.of_state, self.of_group
        conflict = states["conflict"].astype(np.int8)
        return Panel(
            home=rows.home,
            conflict=np.where(conflict >= 2, conflict, 0).astype(np.int8),
            since_conflict=self.since,
            coup=states["coup"] > 0.0,
            transition=states["transition"] > 0.0,
            closed=states["closed"] > 0.0,
            discriminated=self.discriminated,
            status=self.status,
            past=self.past,
            perceived=states["perceived"],
            stage=groups["stage"].astype(np.int8),
            stage_at_start=self.stage_at_start,
            perpetrator=groups["perpetrator"].astype(np.int8),
            deaths=np.diff(self.deaths, axis=0),
            deaths_12=groups["deaths_12"],
            response=np.diff(self.response, axis=0),
            spent_prevention=float(rows.body[B.spent_prevention].sum() / CENTS),
            spent_response=float(rows.body[B.spent_response].sum() / CENTS),
            struck=self.struck,
            began=np.array(self.began, dtype=np.int32).reshape(-1, 2),
            imminent=np.array(self.imminent, dtype=np.int32).reshape(-1, 4),
            threshold=threshold,
            neighbour_start=rows.neighbour_start,
            neighbour=rows.neighbour,
        )


def in_parallel(
    work: Callable[[int], _T], tasks: Iterable[int], threads: int, advance: Callable[[int], None] | None = None
) -> Iterator[_T]:
    """Do numbered pieces of work on threads, and give what they return in order.

    Parameters
    ----------
    work : callable
        Is given the number of a piece.
    tasks : iterable of int
        Numbers.
    threads : int
        How many pieces run at a time; the rules release the interpreter.
    advance : callable, optional
        Told 1 for each finished piece.
    """
    if threads == 1:
        for task in tasks:
            yield _told(work(task), advance)
        return
    with ThreadPoolExecutor(threads) as pool:
        try:
            for found in pool.map(work, tasks):
                yield _told(found, advance)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _told(found: _T, advance: Callable[[int], None] | None) -> _T:
    if advance is not None:
        advance(1)
    return found
