"""Delivery: programmes build up with their lag, decay when unfunded, and act through channels; some backfire."""

from __future__ import annotations

import numpy as np

from r2psim.rules.arithmetic import clip01
from r2psim.rules.compiled import inline, rule
from r2psim.rules.draws import BACKLASH, Draws, under, uniform
from r2psim.rules.triggers import fading
from r2psim.scenario.channels import CHANNELS
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows
from r2psim.world.tables import GROUP, GROUP_CHANNELS, PR, F, G, S

__all__ = ["delivery"]

_CHANNELS = len(CHANNELS)
_FIRST = S[S._fields.index("aid_" + next(iter(CHANNELS)))]
_AID = tuple(GROUP.index[f"aid_{name}"] if name in GROUP_CHANNELS else -1 for name in CHANNELS)
_GROUP_COLUMN = np.array(_AID, dtype=np.int64)
"""Column of a group that a channel goes to, or -1 where it works on the state as a whole."""


@inline
def build_up(strength: float, funded: float, lag: float, half_life: float) -> float:
    """Give the strength after a month: it rises to what is funded within the lag, and halves within the half-life."""
    if funded >= strength:
        step = 1.0 / (lag if lag > 1.0 else 1.0)
        risen = strength + step
        return risen if risen < funded else funded
    return funded + (strength - funded) * fading(half_life if half_life > 0.1 else 0.1)


@inline
def worst_off(rows: Rows, s: int) -> int:
    """Give the group that a programme of group scope is for: highest stage, then targeting, then exclusion."""
    group = rows.group
    best = -1
    most = -1.0
    for g in range(rows.first_group[s], rows.first_group[s + 1]):
        need = 10.0 * group[G.stage, g] + 2.0 * group[G.targeting, g] + group[G.exclusion, g]
        if need > most:
            most = need
            best = g
    return best


@inline
def quality_of(
    rows: Rows, p: np.ndarray, f: int, consent: float, willing: float, assessed: float, perpetrator: float, many: float
) -> float:
    """Share of the full effect that a programme of this form reaches: principles and challenges at work.

    National ownership: the effect grows with consent and needs assessment. States as perpetrators: what depends on
    the government shrinks. Complexity: more forms at once dilute attention unless they are coordinated.
    """
    form = rows.form
    own = p[P.principles_ownership_strength]
    assesses = form[F.needs_assessment, f] > 0.0
    owned = p[P.principles_ownership_practice] * willing * (assessed if assesses else 1.0)
    # What needs neither consent nor an assessment owes nothing to ownership.
    owes = 1.0 if assesses else form[F.consent, f]
    quality = consent * (1.0 - own * owes * (1.0 - owned))
    lost = p[P.challenges_perpetrators_strength] * (1.0 - form[F.under_perpetrator, f]) * perpetrator
    extra = many - p[P.challenges_complexity_free]
    extra = extra if extra > 0.0 else 0.0
    crowd = p[P.challenges_complexity_strength] * (1.0 - p[P.challenges_complexity_coordination]) * extra
    reached: float = clip01(quality * (1.0 - lost)) / (1.0 + crowd)
    return reached


@inline
def clear_aid(rows: Rows, s: int) -> None:
    """Set all channels of a state and its groups to nothing."""
    for c in range(_CHANNELS):
        rows.state[_FIRST + c, s] = 0.0
        place = _GROUP_COLUMN[c]
        if place >= 0:
            for g in range(rows.first_group[s], rows.first_group[s + 1]):
                rows.group[place, g] = 0.0


@inline
def share_aid(rows: Rows, s: int) -> None:
    """Pass on what reaches all groups of a state."""
    for c in range(_CHANNELS):
        place = _GROUP_COLUMN[c]
        if place >= 0:
            for g in range(rows.first_group[s], rows.first_group[s + 1]):
                rows.group[place, g] += rows.state[_FIRST + c, s]


@rule
def delivery(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Fund, build up and apply the programmes of states ``first..last``.

    A programme can use money up to its cost; of more, every body keeps a part. It begins with a chance to backfire,
    which screening lowers (do no harm), and ends when neither money nor strength is left.
    """
    state = rows.state
    programme = rows.programme
    form = rows.form
    forms = form.shape[1]
    screening = p[P.principles_harm_screening]
    scale = p[P.assistance_effect_scale]
    for s in range(first, last):
        base = s * forms
        perpetrator = state[S.government_perpetrator, s]
        openness = p[P.assistance_openness]
        willing = clip01(openness + (1.0 - openness) * state[S.commitment, s])
        willing *= 1.0 - p[P.assistance_perpetrator_refuses] * perpetrator
        state[S.willingness, s] = willing
        displaced = state[S.displaced_inside, s] + state[S.displaced_hosted, s]
        many = 0.0
        assessed = 0.0
        for f in range(forms):
            row = base + f
            cost = form[F.unit_cost, f] + np.floor(form[F.person_cost, f] * displaced)
            cost = np.floor(cost * (1.0 + p[P.principles_harm_cost] * screening))
            offered = programme[PR.offered, row]
            programme[PR.pledged, row] = offered
            programme[PR.offered, row] = 0.0
            programme[PR.cost, row] = cost
            programme[PR.accepted, row] = cost / offered if offered > cost else 1.0
            funded = 0.0 if offered <= 0.0 else (offered / cost if offered < cost else 1.0)
            programme[PR.funded, row] = funded
            running = programme[PR.months, row] > 0.0
            if funded > 0.0 and not running:
                luck = uniform(under(draws, rows.form_id[f]), rows.state_id[s], BACKLASH)
                risk = form[F.backlash, f] * (1.0 - screening)
                programme[PR.backfires, row] = 1.0 if luck < risk else 0.0
            half_life = form[F.half_life, f] * (1.0 + p[P.principles_ownership_strength] * (willing - 0.5))
            strength = build_up(programme[PR.strength, row], funded, form[F.lag, f], half_life)
            strength = 0.0 if funded == 0.0 and strength < 0.01 else strength
            programme[PR.strength, row] = strength
            alive = funded > 0.0 or strength > 0.0
            programme[PR.months, row] = programme[PR.months, row] + 1.0 if alive else 0.0
            is_assessment = form[F.is_assessment, f] > 0.0
            many += 0.0 if is_assessment else strength
            assessed = strength if is_assessment and strength > assessed else assessed
        clear_aid(rows, s)
        target = worst_off(rows, s)
        expected = 0.0
        helped = 0.0
        working = 0.0
        for f in range(forms):
            row = base + f
            consent = 1.0 - form[F.consent, f] * (1.0 - willing)
            programme[PR.consent, row] = consent
            strength = programme[PR.strength, row]
            quality = quality_of(rows, p, f, consent, willing, assessed, perpetrator, many)
            quality = -p[P.assistance_backlash_size] * quality if programme[PR.backfires, row] > 0.0 else quality
            programme[PR.quality, row] = quality
            if strength > 0.0:
                reached = strength * quality
                helped = reached if reached > helped else helped
                if form[F.response, f] == 0.0 and form[F.is_assessment, f] == 0.0 and reached > 0.0:
                    working += reached
                if form[F.military, f] > 0.0:
                    expected = strength if strength > expected else expected
                alone = form[F.group_scope, f] > 0.0
                for e in range(rows.effect_start[f], rows.effect_start[f + 1]):
                    c = rows.effect_channel[e]
                    size = scale * quality * strength * rows.effect_size[e]
                    place = _GROUP_COLUMN[c]
                    if alone and place >= 0 and target >= 0:
                        rows.group[place, target] += size
                    else:
                        state[_FIRST + c, s] += size
        share_aid(rows, s)
        state[S.aid_commitment, s] += p[P.principles_mutual_answer] * helped * scale
        state[S.aid_forms, s] = many
        memory = state[S.expected_help, s] * fading(p[P.assistance_expectation_half_life])
        # Nobody expects help from forces that are held to have no effect.
        expected = clip01(expected * scale)
        state[S.expected_help, s] = expected if expected > memory else memory
        state[S.moral_hazard, s] = state[S.expected_help, s] * (1.0 - screening)
        now = np.float64(draws.month) + 1.0
        if state[S.stage, s] >= 2.0 and state[S.threatened, s] == 0.0:
            state[S.threatened, s] = now
        if working >= p[P.assistance_arrived] and state[S.helped, s] == 0.0:
            state[S.helped, s] = now
