"""Policies as Python objects: they see what their body may see, and may do what their body may do."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from r2psim.agents import Allocation, Body, PolicyError, R2PModel, View
from r2psim.world.tables import B, S


class Recorder:
    """Keeps every view and allocates nothing."""

    def __init__(self) -> None:
        self.views: list[View] = []

    def decide(self, view: View) -> Iterable[Allocation]:
        self.views.append(view)
        return []


class First:
    """Funds the first offer that it can pay for, as far as its room goes."""

    def decide(self, view: View) -> Iterable[Allocation]:
        for state in view.states:
            for offer in state.offers:
                if view.room >= 1.0:
                    return [Allocation(state.key, offer.form, min(view.room, offer.cost))]
        return []


class Fixed:
    """Gives back what it was made with."""

    def __init__(self, *allocations: Allocation) -> None:
        self.allocations = allocations

    def decide(self, view: View) -> Iterable[Allocation]:
        return self.allocations if view.month >= 2 else []


def run(years: int = 2, **decide: object) -> R2PModel:
    policies = {key.replace("_", "-"): policy for key, policy in decide.items()}
    model = R2PModel("seminar", policy="late-response", seed=7, years=years, drive="rows", decide=policies)
    model.run_model()
    return model


def cents(body: Body, column: str) -> int:
    """Give an amount of a body in whole cents, which add up exactly."""
    return round(body[column] * 100.0)


def test_a_view_holds_what_the_body_may_see_and_no_more() -> None:
    recorder = Recorder()
    model = run(northern_market=recorder)
    body = next(b for b in model.body_agents if b.key == "northern-market")
    assert len(recorder.views) == -(-model.months // int(body["rhythm"]))
    view = recorder.views[-1]
    assert {s.key for s in view.states} == {m.key for m in body.members}
    truth = {m.key: m["risk_score"] for m in body.members}
    seen = {s.key: s.perceived_risk for s in view.states}
    assert any(seen[key] != truth[key] for key in truth)
    fields = set(view.states[0].__slots__)
    assert fields == {"key", "name", "perceived_risk", "conflict", "in_atrocity", "willing", "offers"}
    assert body["spent"] == 0.0
    assert cents(body, "received") == cents(body, "returned") + cents(body, "balance")
    model.close()


def test_a_policy_spends_and_the_money_is_accounted_for() -> None:
    model = run(peacebuilding=First())
    body = next(b for b in model.body_agents if b.key == "peacebuilding")
    assert body["spent"] > 0.0
    assert cents(body, "received") == cents(body, "spent") + cents(body, "balance") + cents(body, "returned")
    assert (model.rows.body[B.balance] >= 0.0).all()
    model.close()


def test_bodies_without_an_object_decide_by_the_rules() -> None:
    plain = R2PModel("seminar", policy="late-response", seed=7, years=2, drive="rows")
    plain.run_model()
    watched = run(general_assembly=Recorder())  # it has no money and no forms: nothing can change
    assert (plain.rows.state == watched.rows.state).all()
    assert (plain.rows.ledger == watched.rows.ledger).all()
    plain.close()
    watched.close()


@pytest.mark.parametrize(
    ("allocation", "words"),
    [
        (Allocation("drevan", "media", 1.0), "drevan is not allowed: one of its member states"),
        (Allocation("drevna", "peacekeeping", 1.0), "peacekeeping is not allowed: a form that it may fund in drevna"),
        (Allocation("drevna", "early-warning", -1.0), "-1.0 is not allowed"),
        (Allocation("drevna", "early-warning", 1e12), "at most its room"),
        (Allocation("drevna", "early-warning", float("nan")), "nan is not allowed"),
    ],
)
def test_what_a_body_may_not_do_is_refused(allocation: Allocation, words: str) -> None:
    with pytest.raises(PolicyError, match="decide of good-offices") as refused:
        run(good_offices=Fixed(allocation))
    assert words in str(refused.value)


def test_a_body_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="nobody is not allowed"):
        R2PModel("seminar", decide={"nobody": Recorder()})


def test_luck_is_the_same_whoever_decides() -> None:
    plain, other = run(), run(good_offices=First())
    assert (plain.rows.state[S.draw_conflict] == other.rows.state[S.draw_conflict]).all()
    plain.close()
    other.close()
