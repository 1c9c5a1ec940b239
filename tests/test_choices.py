"""What people decide enters the model between its rules, moves no draw, and is nothing where nothing is decided."""

from __future__ import annotations

import numpy as np
import pytest

from r2psim.agents import Allocation, Choices, R2PModel, Trigger
from r2psim.agents.policies import view_of
from r2psim.declarations.columns import TRIGGERS, B, F, S
from r2psim.scenario.parameters import P
from r2psim.world.history import Digest

DIPLOMACY = Allocation("belisar", "preventive-diplomacy", 50_000.0)


def run(
    choices: dict[int, Choices] | None = None,
    years: int = 2,
    drive: str = "rows",
    seed: int = 7,
    scenario: str = "seminar",
) -> R2PModel:
    model = R2PModel(scenario, policy="late-response", seed=seed, years=years, drive=drive, choices=choices)
    model.run_model()
    model.close()
    return model


def column(model: R2PModel, name: str, state: str) -> np.ndarray:
    return model.history().state[name][:, model.world.states.index(state)]


def test_no_choices_are_the_run_of_the_command_line() -> None:
    assert run({0: Choices(), 1: Choices()}).sha256 == run().sha256


def test_choices_are_the_same_agent_by_agent_and_over_all_rows() -> None:
    year = Choices(
        plans={"good-offices": (DIPLOMACY,), "peacebuilding": ()},
        mandates={"kessara": True, "velmora": False},
        consent={"drevna": False, "tarsin": True},
        triggers=(Trigger(0, "belisar", "contested_election"), Trigger(3, "velmora", "coup")),
    )
    by_row, by_agent = run({1: year}), run({1: year}, drive="agents")
    assert by_row.sha256 == by_agent.sha256 != run().sha256


def test_choices_are_refused_where_they_name_nothing() -> None:
    for wrong in (
        Choices(plans={"nobody": ()}),
        Choices(mandates={"nowhere": True}),
        Choices(consent={"nowhere": True}),
        Choices(triggers=(Trigger(0, "nowhere", "coup"),)),
        Choices(triggers=(Trigger(0, "drevna", "earthquake"),)),
        Choices(triggers=(Trigger(12, "drevna", "coup"),)),
    ):
        with pytest.raises(ValueError, match=r"choices of year 1: .* is not allowed"):
            run({0: wrong}, years=1)


# -- triggers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [k for k in TRIGGERS if k != "armed_offensive"])
def test_an_injected_trigger_strikes_there_and_then_and_nowhere_else(kind: str) -> None:
    plain, moved = run(years=1), run({0: Choices(triggers=(Trigger(4, "pellan", kind),))}, years=1)
    assert column(moved, f"strike_{kind}", "pellan")[5] == 1.0
    assert column(moved, f"trigger_{kind}", "pellan")[5] == 1.0
    events = [(e.month, e.state, e.what) for e in moved.events if e.kind == "trigger" and e.month <= 4]
    usual = [(e.month, e.state, e.what) for e in plain.events if e.kind == "trigger" and e.month <= 4]
    extra = [e for e in events if e not in usual]
    # A coup attempt may succeed in the same month: that is the rule's own answer to it.
    assert set(extra) - {(4, "pellan", "irregular_transition")} <= {(4, "pellan", kind)}
    for name in ("election_phase", "election_interval"):
        assert (column(moved, name, "pellan") == column(plain, name, "pellan")).all()
    for name in plain.history().state:
        assert np.array_equal(plain.history().state[name][:5], moved.history().state[name][:5], equal_nan=True)


def test_an_armed_offensive_strikes_where_there_is_armed_conflict() -> None:
    moved = run({0: Choices(triggers=(Trigger(0, "kessara", "armed_offensive"),))}, years=1)
    assert column(moved, "strike_armed_offensive", "kessara")[1] == 1.0
    quiet = run({0: Choices(triggers=(Trigger(0, "halvern", "armed_offensive"),))}, years=1)
    assert column(quiet, "strike_armed_offensive", "halvern")[1] == 0.0


# -- consent and mandates ----------------------------------------------------------------------------------------------


def test_a_government_that_refuses_is_not_willing_and_one_that_consents_is() -> None:
    moved = run({0: Choices(consent={"drevna": False, "halvern": True})})
    willing = column(moved, "willingness", "drevna")
    assert (willing[1:13] == 0.0).all() and (willing[13:] > 0.0).all()
    assert (column(moved, "willingness", "halvern")[1:13] == 1.0).all()
    assert (column(moved, "commitment", "drevna")[:2] == column(run(), "commitment", "drevna")[:2]).all()


def test_a_perpetrating_government_withdraws_what_the_model_says_whatever_it_promises() -> None:
    scenario = "government-against-group"
    states = run(years=1, scenario=scenario).world.states
    promises = {y: Choices(consent=dict.fromkeys(states, True)) for y in range(12)}
    moved = run(promises, years=12, seed=1, scenario=scenario)
    series = moved.history().state
    perpetrator = series["government_perpetrator"][1:]
    assert 0.0 < perpetrator.mean() < 1.0
    refuses = moved.parameters[P.assistance_perpetrator_refuses]
    assert (series["willingness"][1:] == 1.0 - refuses * perpetrator).all()


def at_war(choices: Choices | None, years: int = 1) -> R2PModel:
    """Run a year in which one state is at war from the start."""
    given = {} if choices is None else {0: choices}
    model = R2PModel("seminar", policy="late-response", seed=7, years=years, drive="rows", choices=given)
    model.rows.state[S.conflict, 10] = 3.0
    model.step()
    return model


def test_an_adopted_mandate_is_in_force_at_once_and_a_blocked_one_is_not() -> None:
    adopted, blocked = (at_war(Choices(mandates={"kessara": verdict})) for verdict in (True, False))
    assert (adopted.rows.state[S.mandate, 10], adopted.rows.state[S.vetoed, 10]) == (1.0, 0.0)
    blocked.run_model()
    assert (blocked.history().state["mandate"][:, 10] == 0.0).all()
    assert blocked.rows.state[S.vetoed, 10] == 1.0 or blocked.rows.state[S.conflict, 10] != 3.0
    for model in (adopted, blocked):
        model.close()


def test_a_mandate_is_not_adopted_without_a_crisis_and_ends_when_the_council_ends_it() -> None:
    calm = run({0: Choices(mandates={"halvern": True})}, years=1)
    assert (column(calm, "mandate", "halvern") == 0.0).all()
    model = R2PModel("seminar", policy="late-response", seed=7, years=1, drive="rows", choices={
        0: Choices(mandates={"halvern": False})
    })  # fmt: skip
    model.rows.state[S.mandate, 0] = 1.0
    model.step()
    assert model.rows.state[S.mandate, 0] == 0.0
    model.close()


# -- plans -------------------------------------------------------------------------------------------------------------


def test_a_plan_is_followed_as_far_as_it_is_possible() -> None:
    plan = (DIPLOMACY, Allocation("belisar", "peacekeeping", 5.0), Allocation("drevna", "mediation", 1e11))
    moved = run({0: Choices(plans={"good-offices": plan})}, years=1)
    b = moved.world.bodies.index("good-offices")
    spent = dict(zip(moved.world.forms, moved.rows.ledger[b], strict=True))
    assert spent["preventive-diplomacy"] > 0.0 and spent["peacekeeping"] == 0.0
    account = moved.rows.body[:, b]
    assert account[B.received] == account[B.spent] + account[B.balance] + account[B.returned]


def test_looking_does_not_change_the_run() -> None:
    looked = R2PModel("seminar", policy="late-response", seed=7, years=2, drive="rows")
    while looked.running:
        before = Digest()
        before.update(looked.rows)
        view = view_of(looked, "peacebuilding")
        after = Digest()
        after.update(looked.rows)
        assert before.hexdigest() == after.hexdigest()
        assert view.room > 0.0
        looked.step()
    assert looked.sha256 == run().sha256
    looked.close()


def test_a_view_shows_only_what_can_be_decided() -> None:
    model = R2PModel("seminar", policy="late-response", seed=7, years=1, drive="rows")
    offers = {offer.form for state in view_of(model, "security-council").states for offer in state.offers}
    assert not offers & {
        form for form, needs in zip(model.world.forms, model.rows.form[F.mandate], strict=True) if needs
    }
    model.close()


def test_luck_is_the_same_whatever_people_choose() -> None:
    plain, moved = run(), run({0: Choices(plans={"good-offices": (DIPLOMACY,)}, consent={"drevna": False})})
    assert (plain.history().state["draw_conflict"] == moved.history().state["draw_conflict"])[1:].all()
    assert (plain.history().group["draw_stage"] == moved.history().group["draw_stage"])[1:].all()
