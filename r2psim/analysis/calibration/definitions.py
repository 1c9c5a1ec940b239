"""The targets' definitions, each applied to a panel of simulated years exactly as its source applies it to the record.

Every definition is a pair of functions: one collects what a single run tells, the other gives the value from what any
number of runs told. Rates are ratios of sums over all runs. Statistics of a sample whose size matters (a top share, a
skill) are worked out run by run, since a run is about as long as the record, and averaged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from r2psim.analysis.calibration.episodes import Episode, episodes, ongoing_and_onsets
from r2psim.analysis.calibration.panel import STATUSES, Panel

__all__ = [
    "DEFINITIONS",
    "Coded",
    "Definition",
    "auc",
    "collected",
    "median_of_whole",
    "median_stay_of_whole",
    "relapse_table",
]

RECOVERY_YEARS = 5
COUP_YEARS = 5
RELAPSE_YEARS = 10
LARGE = 50_000.0
AFTERMATH = 5
"""Years after an episode whose response is still counted as its own (reconstruction)."""
FLAGGED = 0.2
SETTLED_AFTER = 2
"""Years at the start that the number of killed leaves out, and whose onsets are held against those of later years."""
LATER = slice(5, 15)
"""Years 6 to 15."""
GOES_ON_WITHIN = 24
"""Months from the start of a stay at imminent risk within which it goes on to atrocity, or does not."""
LONGEST_STAY = 240
"""Months of a stay that are followed."""
DISCRIMINATED_SHARE = 0.05


@dataclass(frozen=True)
class Coded:
    """A panel with everything that several definitions share, each worked out once.

    Attributes
    ----------
    panel : Panel
        The run.
    """

    panel: Panel

    @cached_property
    def episodes(self) -> list[Episode]:
        """All episodes of the run."""
        return episodes(self.panel)

    @cached_property
    def _marked(self) -> tuple[np.ndarray, np.ndarray]:
        return ongoing_and_onsets(self.panel, self.episodes)

    @property
    def ongoing(self) -> np.ndarray:
        """State-years with an episode, bool, shape (years, states)."""
        return self._marked[0]

    @property
    def onset(self) -> np.ndarray:
        """State-years in which an episode begins, bool, shape (years, states)."""
        return self._marked[1]

    @cached_property
    def conflict(self) -> np.ndarray:
        """UCDP state of each state-year, int8: 0 peace, 1 recovery (five years after a conflict), 2 minor, 3 war."""
        panel = self.panel
        coded = panel.conflict.copy()
        since = panel.since_conflict.copy()
        for y in range(panel.years):
            since = np.where(panel.conflict[y] >= 2, 0.0, since + 1.0)
            coded[y] = np.where((since > 0.0) & (since <= RECOVERY_YEARS), 1, coded[y])
        return coded

    @cached_property
    def war_starts(self) -> np.ndarray:
        """State-years in which a conflict begins in a state at peace the year before, bool, shape (years, states)."""
        starts = np.zeros(self.conflict.shape, dtype=bool)
        starts[1:] = (self.conflict[1:] >= 2) & (self.conflict[:-1] == 0)
        return starts

    @cached_property
    def new_conflict(self) -> np.ndarray:
        """State-years with a conflict where there was none the year before, bool, shape (years, states)."""
        new = np.zeros(self.conflict.shape, dtype=bool)
        new[1:] = (self.conflict[1:] >= 2) & (self.conflict[:-1] < 2)
        return new

    @cached_property
    def killing(self) -> np.ndarray:
        """State-years in which the government kills, in preparation or in an episode, bool, shape (years, states)."""
        panel = self.panel
        return panel.of_states((panel.stage >= 3) & (panel.perpetrator % 2 == 1))

    @cached_property
    def stage(self) -> np.ndarray:
        """Operational stage 0-4 of each state-year, int8, shape (years, states): see docs/TRACE.md for the mapping."""
        panel = self.panel
        conflict, killing = self.conflict, self.killing
        crisis = panel.coup | self.new_conflict | (conflict == 2)
        crisis[1:] |= crisis[:-1].copy()
        past = panel.past | (np.cumsum(self.ongoing, axis=0) > 0)
        recent_coup = panel.coup.copy()
        for lag in range(1, COUP_YEARS):
            recent_coup[lag:] |= panel.coup[:-lag]
        exposed = panel.discriminated > DISCRIMINATED_SHARE
        risk = killing | exposed | past | recent_coup | (conflict >= 2) | panel.closed
        stage = np.where(risk, 1, 0)
        stage = np.where(crisis, 2, stage)
        stage = np.where((conflict == 3) | (crisis & killing), 3, stage)
        return np.where(self.ongoing, 4, stage).astype(np.int8)

    @cached_property
    def stays(self) -> np.ndarray:
        """Stays of groups at imminent risk, each from the month in which the group came to it from a lower stage.

        Shape (stays, 2): months until the group left, or the run ended; 0 where it had not left then, 1 for atrocity,
        2 for a lower stage. A group that stood there before the first month is left out, since nobody knows for how
        long; so is one that came back from atrocity: what follows then is a relapse.
        """
        found = []
        since: dict[int, int] = {}
        for month, group, before, after in self.panel.imminent:
            if after == 3:
                if before < 3:
                    since[int(group)] = int(month)
            elif int(group) in since:
                found.append((int(month) - since.pop(int(group)), 1 if after == 4 else 2))
        end = self.panel.years * 12 - 1
        found += [(end - month, 0) for month in since.values()]
        return np.array(found, dtype=np.int64).reshape(-1, 2)

    @cached_property
    def onset_soon(self) -> np.ndarray:
        """State-years after which an episode begins within the next two years, bool, shape (years - 2, states)."""
        soon: np.ndarray = self.onset[1:-1] | self.onset[2:]
        return soon


Collect = Callable[[Coded], np.ndarray]
Finish = Callable[[Sequence[np.ndarray]], float]


@dataclass(frozen=True)
class Definition:
    """How one target is measured.

    Attributes
    ----------
    collect : callable
        What one run tells.
    finish : callable
        The value from what runs told; NaN where they tell nothing.
    follow : callable, optional
        The same quantity without jumps, for a fit to follow; `finish` where it has none.
    """

    collect: Collect
    finish: Finish
    follow: Finish | None = None


# -- from what runs told to a value --------------------------------------------------------------------------------


def _ratio(told: Sequence[np.ndarray]) -> float:
    part, whole = np.sum(told, axis=0)
    return float(part / whole) if whole > 0 else float("nan")


def _mean(told: Sequence[np.ndarray]) -> float:
    known = np.array([value for row in told for value in row if np.isfinite(value)])
    return float(known.mean()) if len(known) else float("nan")


def _median(told: Sequence[np.ndarray]) -> float:
    known = np.concatenate(told)
    return float(np.median(known)) if len(known) else float("nan")


def median_of_whole(told: Sequence[np.ndarray]) -> float:
    """Give the median of whole numbers, each of which stands for all values that round to it.

    It lies within one half of the plain median, and moves with every value where the plain one waits and jumps.

    Examples
    --------
    >>> median_of_whole([np.array([5.0, 6.0, 6.0, 6.0, 7.0])]), median_of_whole([np.array([6.0, 6.0, 6.0, 7.0])])
    (6.0, 6.166666666666667)
    """
    known = np.concatenate(told)
    if not len(known):
        return float("nan")
    middle = np.round(np.median(known))
    below, at = (known < middle).sum(), (known == middle).sum()
    return float(middle - 0.5 + (len(known) / 2.0 - below) / at) if at else float(middle)


def _risk_ratio(told: Sequence[np.ndarray]) -> float:
    events, years, other_events, other_years = np.sum(told, axis=0)
    if min(years, other_years) == 0 or other_events == 0:
        return float("nan")
    return float((events / years) / (other_events / other_years))


def _risk_ratio_of_few(told: Sequence[np.ndarray]) -> float:
    """Give the ratio with half an event added on each side, so that it exists where one side has had none yet."""
    events, years, other_events, other_years = np.sum(told, axis=0)
    if min(years, other_years) == 0:
        return float("nan")
    return float(((events + 0.5) / years) / ((other_events + 0.5) / other_years))


def _kaplan_meier(told: Sequence[np.ndarray]) -> float:
    events, at_risk = np.sum(told, axis=0)
    if at_risk[0] == 0:
        return float("nan")
    hazards = np.divide(events, at_risk, out=np.zeros_like(events), where=at_risk > 0)
    return float(1.0 - np.prod(1.0 - hazards))


def _staying(table: np.ndarray) -> np.ndarray:
    """Give the share of stays that still go on after each month, from 0 on (Kaplan-Meier)."""
    at_risk, up, down = table
    leaving = np.divide(up + down, at_risk, out=np.zeros_like(at_risk), where=at_risk > 0)
    return np.concatenate([[1.0], np.cumprod(1.0 - leaving)])


def _goes_on(told: Sequence[np.ndarray]) -> float:
    """Give the share of stays that end in atrocity within `GOES_ON_WITHIN` months (Aalen-Johansen)."""
    table = np.sum(told, axis=0)
    if table[0, 0] == 0:
        return float("nan")
    at_risk, up, _ = table[:, :GOES_ON_WITHIN]
    hazard = np.divide(up, at_risk, out=np.zeros_like(at_risk), where=at_risk > 0)
    return float((_staying(table)[:GOES_ON_WITHIN] * hazard).sum())


def _median_stay(told: Sequence[np.ndarray]) -> float:
    """Give the month by which half of the stays have ended, `LONGEST_STAY` where fewer have."""
    table = np.sum(told, axis=0)
    if table[0, 0] == 0:
        return float("nan")
    over = np.flatnonzero(_staying(table) <= 0.5)
    return float(over[0]) if len(over) else float(LONGEST_STAY)


def median_stay_of_whole(told: Sequence[np.ndarray]) -> float:
    """Give the same without jumps: a whole number of months stands for all that round to it, as in `median_of_whole`.

    Examples
    --------
    >>> table = np.zeros((3, LONGEST_STAY))
    >>> table[0, :3], table[2, :3] = (4, 3, 1), (1, 2, 1)
    >>> _median_stay([table]), median_stay_of_whole([table])
    (2.0, 2.0)
    >>> table[0, :3], table[2, :3] = (8, 3, 1), (5, 2, 1)
    >>> _median_stay([table]), median_stay_of_whole([table])
    (1.0, 1.3)
    """
    middle = _median_stay(told)
    if not 1.0 <= middle < LONGEST_STAY:
        return middle
    left = _staying(np.sum(told, axis=0))
    before, after = left[int(middle) - 1], left[int(middle)]
    return float(middle - 0.5 + (before - 0.5) / (before - after))


# -- what a run tells ----------------------------------------------------------------------------------------------


def _share(marked: np.ndarray) -> np.ndarray:
    return np.array([marked.sum(), marked.size], dtype=float)


def _ends(run: Coded) -> np.ndarray:
    return np.array([sum(e.ended for e in run.episodes), sum(e.duration for e in run.episodes)], dtype=float)


def _durations(run: Coded) -> np.ndarray:
    return np.array([e.duration for e in run.episodes if e.begun and e.ended], dtype=float)


def _in_crisis(run: Coded) -> np.ndarray:
    """Count state-led onsets, and those with civil war or an adverse regime change in the same calendar year."""
    crisis = (run.panel.conflict >= 2) | run.panel.transition
    led = {(e.first, e.state) for e in run.episodes if e.begun and e.state_led}
    return np.array([sum(bool(crisis[at]) for at in led), len(led)], dtype=float)


def _after_war(years: int) -> Collect:
    """Count starts of civil war whose next years, their own included, are all in the run, and those with an onset."""

    def collect(run: Coded) -> np.ndarray:
        starts = run.war_starts[: run.panel.years - years + 1]
        followed = np.zeros(starts.shape, dtype=bool)
        for lag in range(years):
            followed |= run.onset[lag : lag + len(starts)]
        return np.array([(starts & followed).sum(), starts.sum()], dtype=float)

    return collect


def relapse_table(run: Coded) -> np.ndarray:
    """Count relapses and states at risk, by years since the last episode ended, shape (2, `RELAPSE_YEARS`)."""
    table = np.zeros((2, RELAPSE_YEARS))
    ongoing, onset = run.ongoing, run.onset
    for y, s in np.argwhere(ongoing[:-1] & ~ongoing[1:]):
        for lag in range(RELAPSE_YEARS):
            at = y + 1 + lag
            if at >= len(ongoing):
                break
            table[1, lag] += 1
            if onset[at, s]:
                table[0, lag] += 1
                break
    return table


def _by_discrimination(run: Coded) -> np.ndarray:
    soon = run.onset_soon
    exposed = run.panel.discriminated[: len(soon)] > 0.0
    return np.array([(soon & exposed).sum(), exposed.sum(), (soon & ~exposed).sum(), (~exposed).sum()], dtype=float)


def _hazard(stage: int) -> Collect:
    """Count years in an operational stage, and those that an episode follows the year after."""

    def collect(run: Coded) -> np.ndarray:
        # The first years cannot look back as far as the definition of the stages does.
        at = run.stage[COUP_YEARS - 1 : -1] == stage
        return np.array([(at & (run.stage[COUP_YEARS:] == 4)).sum(), at.sum()], dtype=float)

    return collect


def _moves(before: int, after: int) -> Collect:
    def collect(run: Coded) -> np.ndarray:
        at = run.conflict[:-1] == before
        return np.array([(at & (run.conflict[1:] == after)).sum(), at.sum()], dtype=float)

    return collect


def _totals(run: Coded) -> np.ndarray:
    return np.array([e.deaths for e in run.episodes if e.begun])


def _log_sd(run: Coded) -> np.ndarray:
    deaths = _totals(run)
    return np.array([np.log(deaths).std(ddof=1)]) if len(deaths) > 2 else np.empty(0)


def _top_share(run: Coded) -> np.ndarray:
    deaths = np.sort(_totals(run))[::-1]
    if len(deaths) < 10:
        return np.empty(0)
    # A tenth of the episodes need not be a whole number of them.
    tenth = len(deaths) / 10.0
    whole = int(tenth)
    return np.array([(deaths[:whole].sum() + (tenth - whole) * deaths[whole]) / deaths.sum()])


def auc(score: np.ndarray, event: np.ndarray) -> float:
    """Give the area under the ROC curve: the chance that an event scores above a non-event, ties counting half.

    Examples
    --------
    >>> auc(np.array([0.1, 0.4, 0.4, 0.9]), np.array([False, False, True, True]))
    0.875
    """
    from scipy.stats import rankdata

    events = int(event.sum())
    others = event.size - events
    if events == 0 or others == 0:
        return float("nan")
    ranks = rankdata(score)
    return float((ranks[event].sum() - events * (events + 1) / 2.0) / (events * others))


def _skill(run: Coded) -> np.ndarray:
    soon = run.onset_soon
    return np.array([auc(run.panel.perceived[: len(soon)].ravel(), soon.ravel())])


def _recall(run: Coded) -> np.ndarray:
    soon = run.onset_soon
    score = run.panel.perceived[: len(soon)].ravel()
    flagged = np.argsort(-score, kind="stable")[: round(FLAGGED * score.size)]
    return np.array([soon.ravel()[flagged].sum(), soon.sum()], dtype=float)


def _cost_of_large(run: Coded) -> np.ndarray:
    """Give the external response of each large episode, with the years after it, US$ bn."""
    response = run.panel.response
    return np.array(
        [
            response[e.first : e.last + 1 + AFTERMATH, e.state].sum() / 1e9
            for e in run.episodes
            if e.begun and e.deaths > LARGE
        ]
    )


def _killed(run: Coded) -> np.ndarray:
    """Give the killed in episodes after the first years, and how many years these are."""
    killed = np.zeros(run.panel.years)
    for episode in run.episodes:
        killed[episode.first : episode.last + 1] += episode.by_year
    return np.array([killed[SETTLED_AFTER:].sum(), max(run.panel.years - SETTLED_AFTER, 0)])


def _at_the_start(run: Coded) -> np.ndarray:
    """Count onsets and state-years of the first years, and of later ones."""
    early, later = run.onset[:SETTLED_AFTER], run.onset[LATER]
    return np.array([early.sum(), early.size, later.sum(), later.size], dtype=float)


def _stays(run: Coded) -> np.ndarray:
    """Count stays at imminent risk by month: those that go on, ends in atrocity, ends at a lower stage."""
    table = np.zeros((3, LONGEST_STAY))
    for months, end in run.stays:
        followed = min(int(months), LONGEST_STAY)
        table[0, :followed] += 1
        if end and months <= LONGEST_STAY:
            table[end, followed - 1] += 1
    return table


def _by_status(run: Coded) -> np.ndarray:
    """Count onsets soon and state-years, where the most excluded group is powerless, and where all are included."""
    soon = run.onset_soon
    status = run.panel.status[: len(soon)]
    powerless, included = status == STATUSES.index("powerless"), status == STATUSES.index("included only")
    return np.array([(soon & powerless).sum(), powerless.sum(), (soon & included).sum(), included.sum()], dtype=float)


def _spending(run: Coded) -> np.ndarray:
    return np.array([run.panel.spent_response, run.panel.spent_prevention])


DEFINITIONS: dict[str, Definition] = {
    "onset_rate": Definition(lambda run: _share(run.onset), _ratio),
    "ongoing_share": Definition(lambda run: _share(run.ongoing), _ratio),
    "end_hazard": Definition(_ends, _ratio),
    "median_duration": Definition(_durations, _median, median_of_whole),
    "onset_with_crisis": Definition(_in_crisis, _ratio),
    "atrocity_1y_after_war": Definition(_after_war(1), _ratio),
    "atrocity_5y_after_war": Definition(_after_war(5), _ratio),
    "relapse_10y": Definition(relapse_table, _kaplan_meier),
    "rr_discrimination": Definition(_by_discrimination, _risk_ratio, _risk_ratio_of_few),
    **{f"hazard_s{k}": Definition(_hazard(k), _ratio) for k in range(4)},
    "peace_to_conflict": Definition(_moves(0, 2), _ratio),
    "recovery_to_conflict": Definition(_moves(1, 2), _ratio),
    "conflict_to_war": Definition(_moves(2, 3), _ratio),
    "war_stays": Definition(_moves(3, 3), _ratio),
    "deaths_log_sd": Definition(_log_sd, _mean),
    "deaths_top10_share": Definition(_top_share, _mean),
    "warning_auc": Definition(_skill, _mean),
    "warning_recall": Definition(_recall, _ratio),
    "response_cost": Definition(_cost_of_large, _median),
    "spend_ratio": Definition(_spending, _ratio),
    "killed_a_year": Definition(_killed, _ratio),
    "start_at_rest": Definition(_at_the_start, _risk_ratio, _risk_ratio_of_few),
    "atrocity_after_imminent": Definition(_stays, _goes_on),
    "imminent_months": Definition(_stays, _median_stay, median_stay_of_whole),
    "onset_by_status": Definition(_by_status, _risk_ratio_of_few),
}
"""How each target is measured, by its identifier."""


def collected(panel: Panel) -> dict[str, Any]:
    """Give what one run tells of every target."""
    run = Coded(panel)
    return {name: definition.collect(run) for name, definition in DEFINITIONS.items()}
