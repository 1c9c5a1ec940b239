"""The model in the plain Mesa idiom, which the others are measured against, is the same model."""

from __future__ import annotations

import numpy as np
import pytest

from r2psim.declarations.columns import TABLES, G, S
from r2psim.reference.columns import LEFT_OUT
from r2psim.reference.lent import BY_HAND, LENT, lent, let_work
from r2psim.reference.luck import CounterLuck
from r2psim.reference.model import PlainModel
from r2psim.rules import draws
from r2psim.rules.draws import draws_of
from r2psim.rules.month import PHASES, month, opening
from r2psim.scenario import load
from r2psim.scenario.parameters import P
from r2psim.world.build import build
from r2psim.world.expand import expand
from r2psim.world.rows import Rows, copy_rows

SEED, RUN = 11, 10


def differing(model: PlainModel, rows: Rows) -> list[str]:
    """Name the columns in which the plain model and the rows differ in any bit."""
    found = []
    columns = model.columns()
    for kind in ("state", "group", "body", "programme"):
        kept = set(TABLES[kind].names) - set(LEFT_OUT.get(kind, ()))
        assert set(columns[kind]) == kept
        for name, values in columns[kind].items():
            if values.tobytes() != getattr(rows, kind)[TABLES[kind].index[name]].tobytes():
                found.append(f"{kind}.{name}")
    ledger = np.array([columns["ledger"][str(f)] for f in range(rows.form.shape[1])]).T
    return found if np.array_equal(ledger, rows.ledger) else [*found, "ledger"]


def compare(name: str, policy: str, months: int) -> PlainModel:
    """Run the plain model and the compiled rules beside each other, and check every month."""
    scenario = expand(load(name))
    p = scenario.parameter_values(policy)
    rows = copy_rows(build(scenario, policy).rows)
    model = PlainModel(scenario, policy, SEED, RUN, luck="counter")
    opening(rows, p, draws_of(SEED, RUN, 0))
    for t in range(months):
        seen = rows.state[S.risk_present, rows.home].copy()
        month(rows, p, draws_of(SEED, RUN, t))
        model.step()
        assert differing(model, rows) == [], f"month {t}"
        assert np.array_equal(rows.group[G.at_risk], seen)
        assert not rows.note.any()
    model.close()
    return model


@pytest.mark.parametrize("policy", ["prevention", "late-response", "no-assistance"])
def test_the_seminar_has_the_bits_of_the_compiled_rules(policy: str) -> None:
    model = compare("seminar", policy, 36)
    assert (sum(body.spent for body in model.bodies) > 0) == (policy != "no-assistance")
    if policy == "no-assistance":
        # The run is one in which an atrocity begins and kills.
        assert sum(group.atrocity_entries for group in model.groups) > 0
        assert sum(group.deaths for group in model.groups) > 0


def test_the_world_has_the_bits_of_the_compiled_rules() -> None:
    model = compare("world", "prevention", 6)
    last = model.datacollector.get_model_vars_dataframe().iloc[-1]
    assert last["deaths"] > 0.0
    assert sum(body.spent for body in model.bodies) > 0
    assert any(programme.backfires for state in model.states for programme in state.programmes)


def test_counter_luck_is_the_luck_of_the_rules_for_large_seeds_and_identities() -> None:
    luck = CounterLuck(2**40 + 5, 3)
    luck.month = 17

    class Who:
        def __init__(self, identity: int) -> None:
            self.identity = identity

    who = [Who(2**63 + 12345), Who(2**50 + 7), Who(9)]
    wanted = np.empty(len(who))
    for number in (draws.COUP, draws.VETO, draws.BACKLASH):
        identities = np.array([one.identity for one in who], dtype=np.uint64)
        draws.uniforms(draws_of(2**40 + 5, 3, 17), identities, number, wanted)
        assert [luck.uniform(one, number) for one in who] == wanted.tolist()


def test_by_default_chance_is_mesas() -> None:
    runs = [PlainModel("seminar", "late-response", seed=3, run=run) for run in (0, 0, 1)]
    for model in runs:
        for _ in range(24):
            model.step()
        model.close()
    first, same, other = [[group.draw_stage for group in model.groups] for model in runs]
    assert first == same
    assert first != other
    frame = runs[0].datacollector.get_model_vars_dataframe()
    assert len(frame) == 25
    assert (frame.filter(like="states: ").sum(axis=1) == len(runs[0].states)).all()


def test_it_stops_at_the_end_and_refuses_unknown_luck() -> None:
    model = PlainModel("seminar", seed=5)
    model.months = 3
    model.run_model()
    model.step()
    assert model.month == 3
    assert not model.running
    model.close()
    with pytest.raises(ValueError, match="luck 'dice' is not allowed"):
        PlainModel("seminar", luck="dice")


def test_every_rule_is_there_by_hand() -> None:
    """A rule that is new may be lent meanwhile, and then this says so: it is held against nothing."""
    steps = {step.__name__ for phase in PHASES for step in phase.steps}
    assert steps >= BY_HAND
    if names := [step.__name__ for steps in LENT.values() for step in steps]:
        pytest.skip(f"lent to the plain model, and written once only: {', '.join(names)}")


def test_what_a_lent_rule_moves_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    model = PlainModel("seminar", "late-response", SEED, RUN, luck="counter")
    rows = copy_rows(build(load("seminar"), "late-response").rows)
    before = [(state.incitement, state.conflict) for state in model.states]

    def moves(first, last, rows, p, draws):
        assert draws.month == model.month and p[P.structure_incitement_rate] > 0.0
        rows.state[S.incitement, first:last] += 0.25
        rows.state[S.conflict, first] = 3.0

    monkeypatch.setattr("r2psim.reference.lent.LENT", {1: (moves,)})
    let_work(model, rows, 1, seed=SEED, run=RUN)
    after = [(state.incitement, state.conflict) for state in model.states]
    assert [incited for incited, _ in after] == [incited + 0.25 for incited, _ in before]
    assert [conflict for _, conflict in after] == [3, *(conflict for _, conflict in before[1:])]
    assert type(after[0][1]) is int

    def moves_what_is_kept_otherwise(first, last, rows, p, draws):
        rows.state[S.trigger_coup, first] = 0.7

    def moves_what_is_not_its_own(first, last, rows, p, draws):
        rows.programme[:, 0] += 1.0

    for rule, what in (
        (moves_what_is_kept_otherwise, "trigger_coup of state"),
        (moves_what_is_not_its_own, "programme beside state"),
    ):
        monkeypatch.setattr("r2psim.reference.lent.LENT", {1: (rule,)})
        with pytest.raises(NotImplementedError, match=what):
            let_work(model, rows, 1, seed=SEED, run=RUN)
    model.close()


def test_a_lent_rule_stands_last_in_its_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    every = {step.__name__ for phase in PHASES for step in phase.steps}
    first, *_, last = (step.__name__ for step in PHASES[1].steps)
    monkeypatch.setattr("r2psim.reference.lent.BY_HAND", every - {last})
    assert {number: [step.__name__ for step in steps] for number, steps in lent().items()} == {1: [last]}
    monkeypatch.setattr("r2psim.reference.lent.BY_HAND", every - {first})
    with pytest.raises(NotImplementedError, match=f"{first}: a rule that the plain model is lent stands last"):
        lent()
