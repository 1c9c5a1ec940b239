"""Policies as Python objects: they see what their body may see, and may do what their body may do."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from r2psim.agents import Allocation, Body, PolicyError, R2PModel, View
from r2psim.agents.policies import view_of
from r2psim.declarations.columns import PR, B, S
from r2psim.rules.decision import applicable
from r2psim.rules.demand import demand
from r2psim.scenario import load


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
    assert fields == {"key", "name", "perceived_risk", "conflict", "in_atrocity", "willing", "offers", "error"}
    assert body["spent"] == 0.0
    assert cents(body, "received") == cents(body, "returned") + cents(body, "balance")
    model.close()


@pytest.mark.parametrize("body", ["good-offices", "peacebuilding", "northern-market"])
def test_offers_are_what_the_rules_let_a_body_fund(body: str) -> None:
    model = R2PModel("seminar", policy="late-response", seed=7, years=3, drive="rows", decide={body: First()})
    while model.running:
        model.step()
        view, rows, world = view_of(model, body), model.rows, model.world
        b = world.bodies.index(body)
        seen = rows._replace(programme=rows.programme.copy())
        demand(0, len(world.states), seen, model.parameters, model.luck)
        for state in view.states:
            s = world.states.index(state.key)
            forms = [int(f) for f in rows.provides[rows.provides_start[b] : rows.provides_start[b + 1]]]
            places = {f: f * len(world.states) + s for f in forms}
            expected = {
                world.forms[f]: seen.programme[PR.cost, row] / 100.0
                for f, row in places.items()
                if seen.programme[PR.cost, row] > 0.0 and applicable(seen, model.parameters, b, s, f)
            }
            assert {offer.form: offer.cost for offer in state.offers} == expected
            assert all(0.0 <= offer.missing <= offer.cost for offer in state.offers)
    assert model.body_agents[b]["spent"] > 0.0
    model.close()


def test_a_policy_spends_and_the_money_is_accounted_for() -> None:
    model = run(peacebuilding=First())
    body = next(b for b in model.body_agents if b.key == "peacebuilding")
    assert body["spent"] > 0.0
    assert cents(body, "received") == cents(body, "spent") + cents(body, "balance") + cents(body, "returned")
    assert (model.rows.body[B.balance] >= 0.0).all()
    model.close()


def test_bodies_without_an_object_decide_by_the_rules() -> None:
    plain, watched = (
        R2PModel(
            load("seminar", "bodies.general-assembly.budget=0"),
            policy="late-response",
            seed=7,
            years=2,
            drive="rows",
            decide=decide,
        )
        for decide in ({}, {"general-assembly": Recorder()})  # it has no money: nothing can change
    )
    plain.run_model()
    watched.run_model()
    assert (plain.rows.state == watched.rows.state).all()
    assert (plain.rows.ledger == watched.rows.ledger).all()
    plain.close()
    watched.close()


@pytest.mark.parametrize(
    ("allocation", "words"),
    [
        (Allocation("drevan", "media", 1.0), "drevan is not allowed: one of its member states"),
        (Allocation("drevna", "peacekeeping", 1.0), "peacekeeping is not allowed: a form that it may fund in drevna"),
        (Allocation("drevna", "early-warnin", 1.0), "a form of the catalogue (did you mean early-warning?)"),
        (Allocation("drevna", "mediaton", 1.0), "a form of the catalogue (did you mean mediation?)"),
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
    with pytest.raises(ValueError, match=r"nobody is not allowed: one of .*good-offices"):
        R2PModel("seminar", decide={"nobody": Recorder()})
    with pytest.raises(PolicyError, match=r"good-office is not allowed.*did you mean good-offices\?"):
        R2PModel("seminar", decide={"good-office": Recorder()})
    with pytest.raises(PolicyError, match=r"decide of good-offices: None is not allowed: an object with a method"):
        R2PModel("seminar", decide={"good-offices": None})


def test_luck_is_the_same_whoever_decides() -> None:
    plain, other = run(), run(good_offices=First())
    assert (plain.rows.state[S.draw_conflict] == other.rows.state[S.draw_conflict]).all()
    plain.close()
    other.close()
