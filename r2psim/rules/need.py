"""Need: what a state's crisis would take this month, form by form, whether or not anybody pays for it."""

from __future__ import annotations

import numpy as np

from r2psim.declarations.columns import PR, F, S
from r2psim.rules.by_run import by_run
from r2psim.rules.compiled import inline, rule
from r2psim.rules.contagion import WAR
from r2psim.rules.draws import Draws
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows

__all__ = ["need"]

MINOR_CONFLICT = 2.0


@inline
def call_for_missions(first: int, last: int, rows: Rows, p: np.ndarray) -> None:
    """Note how long ago states ``first..last`` last were in a crisis that calls for a mission.

    A mission is called for while a state is at war or at stage 3 or 4, and for as long after it as mandates stay, not
    counting months at threat or in minor conflict: with or without a mandate, and whoever vetoed one. Before its first
    crisis no state calls for a mission.
    """
    state = rows.state
    stage = state[S.stage, first:last]
    conflict = state[S.conflict, first:last]
    since = state[S.since_crisis, first:last]
    calls = state[S.calls_for_mission, first:last]
    stay = p[P.response_mandate_stay]
    for s in range(last - first):
        in_crisis = 1.0 if stage[s] >= 3.0 else 0.0
        in_crisis = 1.0 if conflict[s] == WAR else in_crisis
        # Counted from 1, so that 0 is a state that has not been in a crisis yet.
        months = since[s] + 1.0 if since[s] > 0.0 else 0.0
        troubled = 1.0 if stage[s] >= 2.0 else 0.0
        troubled = 1.0 if conflict[s] == MINOR_CONFLICT else troubled
        months = since[s] if troubled > 0.0 and since[s] > 1.0 else months
        months = 1.0 if in_crisis > 0.0 else months
        since[s] = months
        after = 1.0 if months <= stay else 0.0
        after = after if months > 0.0 else 0.0
        calls[s] = in_crisis if in_crisis > 0.0 else after


@inline
def call_for_response(first: int, last: int, rows: Rows) -> None:
    """Count the crises of states ``first..last`` that call for Pillar III, what became of them, and months uncovered.

    A crisis (war, or stage 3 or 4) calls for collective response from its first month at stage 4 on: the State
    manifestly fails. Such a month is covered where a form of response that takes a mandate is at work.
    """
    state = rows.state
    forms = rows.form.shape[1]
    states = state.shape[1]
    for s in range(first, last):
        if state[S.since_crisis, s] != 1.0:
            state[S.manifest_failure, s] = 0.0
        elif state[S.stage, s] == 4.0:
            begins = 1.0 if state[S.manifest_failure, s] == 0.0 else 0.0
            state[S.pillar3_called, s] += begins
            state[S.manifest_failure, s] = 1.0 if begins > 0.0 else state[S.manifest_failure, s]
            state[S.pillar3_months, s] += 1.0
            covered = 0.0
            for f in range(forms):
                works = rows.programme[PR.strength, f * states + s] > 0.0
                sent = rows.form[F.mandate, f] > 0.0 and rows.form[F.response, f] > 0.0
                covered = 1.0 if sent and works else covered
            state[S.pillar3_uncovered, s] += 1.0 - covered
        # 1: called for; 2: and mandated; 3: and vetoed. Each is counted once a crisis.
        if state[S.manifest_failure, s] == 1.0 and state[S.mandate, s] > 0.0:
            state[S.pillar3_mandated, s] += 1.0
            state[S.manifest_failure, s] = 2.0
        elif state[S.manifest_failure, s] == 1.0 and state[S.vetoed, s] > 0.0:
            state[S.pillar3_vetoed, s] += 1.0
            state[S.manifest_failure, s] = 3.0


@by_run("rows.state")
@rule
def need(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Count what response states ``first..last`` need this month: the full cost of each form that the crisis calls for.

    Of the forms that are response, one that takes a mandate is called for in a crisis and for as long after it as
    mandates stay, at its stages; relief is called for where anybody is displaced, or the state is at threat or worse.
    Neither consent nor a mandate, nor whether anybody pays, nor what screening adds to the price makes a difference:
    without effects of assistance need is the same under every policy.
    """
    state = rows.state
    form = rows.form
    states = state.shape[1]
    call_for_missions(first, last, rows, p)
    call_for_response(first, last, rows)
    stage = state[S.stage, first:last]
    calls = state[S.calls_for_mission, first:last]
    inside = state[S.displaced_inside, first:last]
    hosted = state[S.displaced_hosted, first:last]
    for f in range(form.shape[1]):
        if form[F.response, f] > 0.0:
            base = f * states
            unit_cost = form[F.unit_cost, f]
            person_cost = form[F.person_cost, f]
            needed = rows.programme[PR.needed, base + first : base + last]
            from_stage = form[F.first_stage, f]
            to_stage = form[F.last_stage, f]
            of_mission = form[F.mandate, f]
            for s in range(last - first):
                relief = 1.0 if inside[s] + hosted[s] >= 1.0 else 0.0
                relief = 1.0 if stage[s] >= 2.0 else relief
                called = calls[s] if of_mission > 0.0 else relief
                called = called if stage[s] >= from_stage else 0.0
                called = called if stage[s] <= to_stage else 0.0
                full = unit_cost + np.floor(person_cost * (inside[s] + hosted[s]))
                needed[s] = np.floor(full) if called > 0.0 else 0.0
            for s in range(first, last):
                rows.programme[PR.needed_0 + int(state[S.stage, s]), base + s] += rows.programme[PR.needed, base + s]
