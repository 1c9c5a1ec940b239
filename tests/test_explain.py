"""Why did it happen: the explanation is the very hazard that the rule used."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from r2psim import History, R2PModel
from r2psim.analysis.summary import story
from r2psim.declarations.columns import GROUP, STAGES, STATE, TRIGGERS, G, S
from r2psim.rules import conflict, stages, triggers
from r2psim.rules.explain import contributions
from r2psim.scenario.parameters import P


@pytest.fixture(scope="module")
def histories() -> list[History]:
    found = []
    for run in range(6):
        model = R2PModel("seminar", seed=7, run=run, drive="rows")
        model.run_model()
        found.append(model.history())
        model.close()
    return found


def test_every_change_of_stage_and_every_trigger_is_an_event(histories: list[History]) -> None:
    for history in histories:
        counts = Counter(e.kind for e in history.events)
        stage = history.group["stage"]
        assert counts["stage"] == (np.diff(stage, axis=0) != 0).sum()
        assert counts["conflict"] == (np.diff(history.state["conflict"], axis=0) != 0).sum()
        struck = sum(int(history.state[f"strike_{t}"][1:].sum()) for t in TRIGGERS)
        assert counts["trigger"] == struck
        assert [e.month for e in history.events] == sorted(e.month for e in history.events)


def test_events_say_what_the_series_say(histories: list[History]) -> None:
    for history in histories:
        for e in history.events:
            if e.kind != "stage":
                continue
            g = history.world.groups.index(e.group or "")
            before, after = (int(history.group["stage"][e.month + k, g]) for k in (0, 1))
            assert (e.before, e.after) == (STAGES[before], STAGES[after])
            assert e.probability == history.group["stage_change"][e.month + 1, g]
            assert history.group["draw_stage"][e.month + 1, g] < -math.expm1(
                -history.group["hazard_up"][e.month + 1, g] - history.group["hazard_down"][e.month + 1, g]
            )


def test_probabilities_are_in_their_range_and_sizes_are_ordered(histories: list[History]) -> None:
    for history in histories:
        for e in history.events:
            assert 0.0 < e.probability <= 1.0
            assert len(e.contributions) <= 3
            sizes = [abs(c) for _, c in e.contributions]
            assert sizes == sorted(sizes, reverse=True)


def test_contributions_add_up_to_the_hazard_that_was_used() -> None:
    """Walk a run month by month; for every group and state the explained hazard is the rule's own."""
    model = R2PModel("seminar", seed=11, drive="rows")
    p = model.parameters
    checked = 0
    while model.running:
        before_stage = model.rows.group[G.stage].copy()
        before_conflict = model.rows.state[S.conflict].copy()
        perpetrator = model.rows.state[S.government_perpetrator].copy()
        model.step()
        group, state = model.rows.group, model.rows.state
        for g in range(group.shape[1]):
            was = int(before_stage[g])
            if was >= 1:
                terms = stages.TERMS[stages.DOWN[was - 1]]
                eta = sum(c for _, c in contributions(p, group, g, terms, GROUP))
                assert group[G.hazard_down, g] == pytest.approx(p[terms[0, 0]] * math.exp(eta), rel=1e-12)
                checked += 1
            if was in (2, 3):
                terms = stages.TERMS[stages.UP[was]]
                eta = sum(c for _, c in contributions(p, group, g, terms, GROUP))
                gate = group[G.marked, g] / p[P.reference_marked] if was == 2 else 1.0
                assert group[G.hazard_up, g] == pytest.approx(p[terms[0, 0]] * gate * math.exp(eta), rel=1e-12)
        # Whether the government is a perpetrator is found out after the states have moved.
        state = state.copy()
        state[S.government_perpetrator] = perpetrator
        for s in range(state.shape[1]):
            was = int(before_conflict[s])
            terms = conflict.TERMS[("onset", "relapse", "escalation", "abatement")[was]]
            eta = sum(c for _, c in contributions(p, state, s, terms, STATE))
            column = S.settlement_hazard if was == 3 else S.escalation_hazard
            assert state[column, s] == pytest.approx(p[terms[0, 0]] / 12.0 * math.exp(eta), rel=1e-12)
    model.close()
    assert checked > 1000


def test_triggers_are_explained_by_the_columns_before_the_move() -> None:
    """An economic shock's hazard, from the columns as they stood when it was drawn."""
    model = R2PModel("seminar", seed=12, years=5, drive="rows")
    p = model.parameters
    terms = triggers.TERMS["economic_shock"]
    while model.running:
        before = model.rows.state.copy()
        model.step()
        for s in range(before.shape[1]):
            eta = sum(c for _, c in contributions(p, before, s, terms, STATE))
            expected = p[terms[0, 0]] / 12.0 * math.exp(eta)
            assert model.rows.state[S.rate_economic_shock, s] == pytest.approx(expected, rel=1e-12)
    model.close()


def test_a_story_is_told_in_sentences(histories: list[History]) -> None:
    for history in histories:
        for group in history.world.groups:
            told = story(history, group)
            assert len(told) >= 2
            for sentence in told:
                assert sentence[0].isupper()
                assert sentence.endswith((".", ").")) or sentence[-1] == "."
                assert "_" not in sentence
    with pytest.raises(KeyError):
        story(histories[0], "nowhere/nobody")
