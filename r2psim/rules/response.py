"""Collective decisions: mandates, embargoes, referrals of the Security Council; inquiries of the Human Rights Council.

They are late, sometimes vetoed, and made by nobody where there is no Council. What follows from them is done by forms
of assistance that wait for them; a decision alone changes no violence.
"""

from __future__ import annotations

import numpy as np

from r2psim.declarations.columns import S
from r2psim.rules.arithmetic import clip01, probability
from r2psim.rules.by_run import by_run
from r2psim.rules.compiled import inline, rule
from r2psim.rules.contagion import WAR
from r2psim.rules.draws import (
    EMBARGO_DECISION,
    MANDATE_DECISION,
    MANDATE_EXTENSION,
    REFERRAL_DECISION,
    SPECIAL_SESSION,
    VETO,
    VOTE_ON_EMBARGO,
    VOTE_ON_MANDATE,
    VOTE_ON_REFERRAL,
    Draws,
    of_run,
    under,
    uniform,
)
from r2psim.rules.triggers import MONTH
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows

__all__ = ["MEMBERS", "NEEDED", "response"]

RECOVERY = 1.0
MINOR_CONFLICT = 2.0
MEMBERS = 15
"""Members of the Security Council (Charter of the United Nations, Article 23)."""
NEEDED = 9
"""Affirmative votes that a decision of the Council takes (Article 27)."""


@inline
def struck(luck: Draws, who: np.uint64, number: int, mean: float) -> bool:
    """Whether something that takes ``mean`` months on average happens this month."""
    return bool(uniform(luck, who, number) < probability(1.0 / (mean if mean > 1.0 else 1.0)))


@inline
def nine_in_favour(luck: Draws, who: np.uint64, number: int, support: float) -> bool:
    """Whether enough members of the Council vote in favour, each of them with the probability ``support``."""
    in_favour = 0
    for k in range(MEMBERS):
        in_favour += 1 if uniform(under(luck, np.uint64(k + 1)), who, number) < support else 0
    return in_favour >= NEEDED


@inline
def support_for(state: np.ndarray, p: np.ndarray, s: int) -> float:
    """Give the probability that a member of the Council supports action: it answers to severity seen, and to will."""
    seen = state[S.perceived, s] if state[S.perceived, s] > state[S.urgency, s] else state[S.urgency, s]
    support = p[P.response_support_base] + p[P.response_support_severity] * seen
    return clip01(support + p[P.response_support_will] * state[S.council_will, s])


@inline
def go_on(state: np.ndarray, p: np.ndarray, luck: Draws, who: np.uint64, s: int, crisis: bool) -> None:
    """Let a mandate in force go on, be extended at its term, or end.

    It ends when the need for it has been over for as long as mandates stay, not counting months at threat or in minor
    conflict. Outside a crisis a government may withdraw its consent when an extension is due.
    """
    state[S.mandate_age, s] += 1.0
    troubled = state[S.stage, s] >= 2.0 or state[S.conflict, s] == MINOR_CONFLICT
    months = state[S.mandate_months, s]
    months = months if troubled and months > 0.0 else months + 1.0
    months = 0.0 if crisis else months
    state[S.mandate_months, s] = months
    age = state[S.mandate_age, s]
    term = p[P.response_mandate_term]
    over = months >= p[P.response_mandate_stay] and not troubled
    over = over and not crisis
    withdrawn = False
    if not over and np.floor(age / term) * term == age:
        leaves = p[P.response_withdrawal] * (1.0 - state[S.willingness, s])
        withdrawn = uniform(luck, who, MANDATE_EXTENSION) < leaves and not crisis
        state[S.extensions, s] += 0.0 if withdrawn else 1.0
    if over or withdrawn:
        state[S.mandate, s] = 0.0
        state[S.mandate_age, s] = 0.0
        # Whoever sent a mission away gets no other before the next crisis.
        state[S.mandate_months, s] = 1.0 if withdrawn else 0.0
        state[S.vetoed, s] = 1.0 if withdrawn else 0.0


@inline
def debate(state: np.ndarray, p: np.ndarray, luck: Draws, who: np.uint64, s: int, begins: bool) -> None:
    """Let the Council debate a mandate: a permanent member may object, peaceful means come first, and nine must agree.

    Whether a permanent member objects is drawn once for each crisis, likelier where one is tied to the government. A
    vote that finds no nine in favour is followed by further debate.
    """
    if state[S.mandate_months, s] == 0.0 or begins:
        blocked = uniform(luck, who, VETO) < state[S.veto, s] + p[P.response_veto_tie] * state[S.council_tie, s]
        state[S.vetoed, s] = 1.0 if blocked else 0.0
        state[S.mandate_months, s] = 0.0
    state[S.mandate_months, s] += 1.0
    mean = p[P.response_mandate_delay] * state[S.council_delay, s] / p[P.response_usual_delay]
    open_to_vote = state[S.vetoed, s] == 0.0 and state[S.mandate_months, s] > p[P.response_peaceful_first]
    if open_to_vote and struck(luck, who, MANDATE_DECISION, mean):
        if nine_in_favour(luck, who, VOTE_ON_MANDATE, support_for(state, p, s)):
            state[S.mandate, s] = 1.0
            state[S.mandate_months, s] = 0.0
            state[S.mandate_age, s] = 0.0
        else:
            state[S.votes_failed, s] += 1.0


@inline
def measures(state: np.ndarray, p: np.ndarray, luck: Draws, who: np.uint64, s: int, crisis: bool, grave: bool) -> None:
    """Decide on an arms embargo (Resolution 2117) and on a referral to the Court, beside any mandate."""
    if state[S.embargo, s] > 0.0:
        state[S.embargo, s] = 1.0 if crisis or state[S.since_crisis, s] <= p[P.response_embargo_stay] else 0.0
    if state[S.council, s] > 0.0 and crisis and state[S.vetoed, s] == 0.0:
        if state[S.embargo, s] == 0.0 and struck(luck, who, EMBARGO_DECISION, p[P.response_embargo_delay]):
            agreed = nine_in_favour(luck, who, VOTE_ON_EMBARGO, support_for(state, p, s))
            state[S.embargo, s] = 1.0 if agreed else 0.0
        refers = grave and state[S.jurisdiction, s] == 0.0
        if refers and struck(luck, who, REFERRAL_DECISION, p[P.response_referral_delay]):
            agreed = nine_in_favour(luck, who, VOTE_ON_REFERRAL, support_for(state, p, s))
            state[S.jurisdiction, s] = 2.0 if agreed else 0.0


@inline
def inquire(state: np.ndarray, p: np.ndarray, luck: Draws, who: np.uint64, s: int, grave: bool) -> None:
    """Let the Human Rights Council meet in special session on grave violations, and its commission of inquiry work.

    A third of its members can call a session (A/RES/60/251), so that nobody can block it; ``inquiry`` counts the
    months that the commission still has.
    """
    left = state[S.inquiry, s] - 1.0 if state[S.inquiry, s] > 1.0 else 0.0
    left = p[P.response_inquiry_months] if grave and state[S.inquiry, s] > 0.0 else left
    meets = state[S.rights_council, s] > 0.0 and grave and state[S.inquiry, s] == 0.0
    if meets and struck(luck, who, SPECIAL_SESSION, p[P.response_session_delay]):
        left = p[P.response_inquiry_months]
        state[S.inquiries, s] += 1.0
    state[S.inquiry, s] = left


@by_run("rows.state")
@rule
def response(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Decide mandates, embargoes, referrals and inquiries for states ``first..last``; count hosting, reconstruction.

    Where there is a Security Council, it debates a state at war, at stage 3 or 4, or in recovery from a crisis. It
    meets a veto with the state's own probability, drawn once for each crisis; else it votes after peaceful means have
    been tried and a waiting time that its own delay sets, and nine of its fifteen members must agree. A mandate is
    extended at its term and ends when the need for it has been over for as long as peacekeepers stay on (they are what
    lowers relapse: Fortna 2008).
    """
    state = rows.state
    stay = p[P.response_mandate_stay]
    for s in range(first, last):
        luck = of_run(draws, rows.state_run[s])
        who = rows.state_id[s]
        crisis = state[S.stage, s] >= 3.0 or state[S.conflict, s] == WAR
        grave = state[S.stage, s] >= 4.0 or state[S.violations, s] >= p[P.response_grave]
        since = state[S.since_crisis, s]
        recovers = state[S.conflict, s] == RECOVERY and since > 0.0 and since <= stay
        state[S.debated, s] = 0.0
        if state[S.mandate, s] > 0.0:
            go_on(state, p, luck, who, s, crisis)
        elif state[S.council, s] > 0.0 and (crisis or recovers):
            # In a crisis last month, the count of months since then stood at 1.
            debate(state, p, luck, who, s, crisis and since != 1.0)
            state[S.debated, s] = 1.0 - state[S.mandate, s]
        else:
            state[S.mandate_months, s] = 0.0
            state[S.vetoed, s] = 0.0
        measures(state, p, luck, who, s, crisis, grave)
        inquire(state, p, luck, who, s, grave)
        asks = state[S.mandate, s] > 0.0 or state[S.willingness, s] >= p[P.response_request_willingness]
        state[S.requested, s] = 1.0 if asks else 0.0
        state[S.hosting_cost, s] += state[S.displaced_hosted, s] * p[P.response_hosting_cost] * MONTH
        if state[S.conflict, s] == RECOVERY and state[S.stage, s] < 4.0:
            gap = state[S.gdp_gap, s] * state[S.gdp_potential, s]
            state[S.reconstruction_cost, s] += gap * p[P.response_reconstruction_share] * MONTH
