"""A start at rest: months before the first one, in which a world finds the state that its own rules hold to be likely.

What data files know of a start - conflicts, regimes, institutions, who is excluded, which atrocities go on - says
little of the rest: which triggers are fresh, how far incitement, targeting and preparation have come, at which stage
a group stands. A guess that the rules do not share makes the first years of a run a story of its own. So each run
draws its start: triggers, tension and stages move for some months while what is known is held, and nobody is killed,
no money moves and nothing is counted. The luck of these months is their own, and the same under every policy.
"""

from __future__ import annotations

import numpy as np

from r2psim.declarations.columns import TRIGGERS, G, S
from r2psim.rules.by_run import by_run
from r2psim.rules.compiled import inline, rule
from r2psim.rules.contagion import contagion
from r2psim.rules.draws import MONTHS, Draws
from r2psim.rules.risk_factors import group_risk_factors, state_risk_factors
from r2psim.rules.stages import stages
from r2psim.rules.structure import arming, incitement, leadership, standing
from r2psim.rules.tension import tension
from r2psim.rules.triggers import triggers
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows

__all__ = [
    "groups_forget",
    "groups_settle",
    "luck_before",
    "settling",
    "states_forget",
    "states_settle",
    "states_stand",
]

_KINDS = len(TRIGGERS)


@inline
def known_in(rows: Rows, s: int) -> float:
    """Give the perpetrator of an atrocity that is known to go on in a state, 0 where none is."""
    known = 0.0
    for g in range(rows.first_group[s], rows.first_group[s + 1]):
        goes_on = rows.group[G.began_in_atrocity, g] > 0.0
        known = rows.group[G.known_perpetrator, g] if goes_on else known
    return known


@inline
def hold_what_is_known(first: int, last: int, rows: Rows, gone_on: float) -> None:
    """Put groups ``first..last`` back to what is known of them: exclusion, and where atrocity goes on or does not.

    An atrocity that goes on at the start has ``gone_on`` for all these months: its first wave is over. Its perpetrator
    may attack further groups of the state: data tell that an episode goes on, not all of its victims. A group that
    would have entered atrocity where none is known falls back to threat: what is known not to have happened had not
    been prepared either.
    """
    group = rows.group
    for g in range(first, last):
        group[G.exclusion, g] = group[G.exclusion_home, g]
        known = known_in(rows, rows.home[g]) if group[G.stage, g] == 4.0 else 0.0
        if group[G.began_in_atrocity, g] > 0.0:
            group[G.stage, g] = 4.0
            group[G.stage_months, g] = gone_on
            group[G.perpetrator, g] = group[G.known_perpetrator, g]
        elif known > 0.0:
            group[G.perpetrator, g] = known
        elif group[G.stage, g] == 4.0:
            group[G.stage, g] = 2.0
            group[G.stage_months, g] = 0.0
            group[G.perpetrator, g] = 0.0
            group[G.preparation, g] = 0.0


@inline
def stand(first: int, last: int, rows: Rows, p: np.ndarray) -> None:
    """Let states ``first..last`` stand at the highest stage of their groups, and find out whose governments attack.

    A known atrocity goes on although its killed are not counted.
    """
    state = rows.state
    group = rows.group
    for s in range(first, last):
        stage = 0.0
        perpetrator = 0.0
        violations = 0.0
        for g in range(rows.first_group[s], rows.first_group[s + 1]):
            stage = group[G.stage, g] if group[G.stage, g] > stage else stage
            kind = group[G.perpetrator, g]
            violates = group[G.violations, g]
            violations = violates if violates > violations else violations
            active = violates > p[P.stages_perpetrator_violations] or group[G.stage, g] == 4.0
            perpetrator = 1.0 if active and (kind == 1.0 or kind == 3.0) else perpetrator
        state[S.stage_months, s] = state[S.stage_months, s] + 1.0 if state[S.stage, s] == stage else 0.0
        state[S.stage, s] = stage
        state[S.government_perpetrator, s] = perpetrator
        state[S.violations, s] = violations


@inline
def states_settle(first: int, last: int, rows: Rows, p: np.ndarray, luck: Draws) -> None:
    """Let triggers, motive, commitment, incitement and arms of states ``first..last`` move for a month."""
    triggers(first, last, rows, p, luck)
    leadership(first, last, rows, p, luck)
    incitement(first, last, rows, p)
    arming(first, last, rows, p)
    standing(first, last, rows, p, luck)


@inline
def groups_settle(first: int, last: int, rows: Rows, p: np.ndarray, luck: Draws, before: int) -> None:
    """Let tension and stages of groups ``first..last`` move for a month, the ``before``-th, and hold what is known."""
    tension(first, last, rows, p, luck)
    stages(first, last, rows, p, luck)
    hold_what_is_known(first, last, rows, np.float64(before + 1))
    # What moves looks at the common risk factors alone; the specific ones are read when the run has begun.
    if before == np.int64(p[P.start_settling_months]) - 1:
        group_risk_factors(first, last, rows, p, luck)


@inline
def states_stand(first: int, last: int, rows: Rows, p: np.ndarray, luck: Draws) -> None:
    """Let states ``first..last`` stand as their groups do after a month of settling, and score their risks."""
    stand(first, last, rows, p)
    state_risk_factors(first, last, rows, p, luck)


@inline
def luck_before(draws: Draws, months: int, before: int) -> Draws:
    """Give the luck of the ``before``-th of so many months of settling.

    Months before the first are numbered from the far end, which no run reaches: their luck is nobody else's.
    """
    return Draws(draws.key0, draws.key1, draws.run, np.uint64(MONTHS - months + before))


@inline
def states_forget(first: int, last: int, rows: Rows) -> None:
    """Leave nothing of the draws of the last month at states ``first..last``: a run begins before anything is drawn."""
    for k in range(_KINDS):
        for s in range(first, last):
            rows.state[S.rate_contested_election + k, s] = 0.0
            rows.state[S.strike_contested_election + k, s] = 0.0


@inline
def groups_forget(first: int, last: int, rows: Rows) -> None:
    """Leave nothing of the draws of the last month at groups ``first..last``, nor of what was counted."""
    group = rows.group
    for g in range(first, last):
        begins = 1.0 if group[G.stage, g] == 4.0 else 0.0
        group[G.known_perpetrator, g] = begins * group[G.perpetrator, g]
        group[G.began_in_atrocity, g] = begins
        group[G.at_upheaval, g] = 0.0
        group[G.stage_before, g] = group[G.stage, g]
        group[G.hazard_up, g] = 0.0
        group[G.hazard_down, g] = 0.0
        group[G.draw_stage, g] = 0.0
        group[G.stage_change, g] = 0.0
        group[G.sudden_entries, g] = 0.0
        group[G.imminent_entries, g] = 0.0
        group[G.imminent_escalated, g] = 0.0
        group[G.imminent_averted, g] = 0.0
        group[G.imminent_from_below, g] = 0.0


@by_run("rows.state")
@rule
def settling(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Let states ``first..last``, all there are of a run, and their groups settle before the first month.

    Held are what data files know, and what follows from it alone: conflict, regime, institutions, inclusion and
    inequality, the record of violations, population, economy, the displaced, exclusion, atrocities that go on. Moved
    are triggers, motive, commitment, incitement, arms, armed groups, tension and stages, by the rules of the month.
    Elections keep their calendar, backwards. Neighbours are read as before a first month, so that no one arrives.
    """
    months = int(p[P.start_settling_months])
    first_group, after = rows.first_group[first], rows.first_group[last]
    for before in range(months):
        luck = luck_before(draws, months, before)
        contagion(first, last, rows, p, draws)
        states_settle(first, last, rows, p, luck)
        groups_settle(first_group, after, rows, p, luck, before)
        states_stand(first, last, rows, p, luck)
    if months > 0:
        states_forget(first, last, rows)
        groups_forget(first_group, after, rows)
