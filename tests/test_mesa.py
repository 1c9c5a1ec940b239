"""The Mesa model: one rule for both ways of driving it, and good manners on every Mesa."""

from __future__ import annotations

import pickle
import weakref
from gc import collect

import mesa
import pytest

from r2psim import R2PModel, load
from r2psim.agents import Group, Partner, RegionalOrganisation, State, UNBody

SHIPPED = ["seminar", "contested-election", "insurgency"]


@pytest.mark.parametrize("name", SHIPPED)
def test_agent_by_agent_and_all_rows_give_the_same_bits(name: str) -> None:
    digests = set()
    for drive in ("agents", "rows"):
        model = R2PModel(name, seed=3, run=2, years=5, drive=drive)
        model.run_model()
        digests.add(model.history().sha256)
        model.close()
    assert len(digests) == 1


def test_agents_are_views_of_their_rows() -> None:
    model = R2PModel("seminar", seed=1, years=1)
    state = model.state_agents[3]
    assert state["population"] == model.rows.state[model.state_agents[0].table.index["population"], 3]
    assert all(g.state is state for g in state.groups)
    assert all(state in n.neighbours for n in state.neighbours)
    assert state.stage == max(g.stage for g in state.groups)
    with pytest.raises(KeyError):
        state["grievances"]
    kinds = {type(a) for a in model.agents}
    assert kinds == {State, Group, RegionalOrganisation, UNBody, Partner}
    reach = [b for b in model.body_agents if isinstance(b, UNBody)]
    assert all(len(b.members) == len(model.state_agents) for b in reach)
    model.close()


def test_data_collector_counts_states_by_stage() -> None:
    model = R2PModel("seminar", seed=5, years=2, drive="rows")
    model.run_model()
    frame = model.datacollector.get_model_vars_dataframe()
    assert len(frame) == model.months + 1
    assert (frame.filter(like="states: ").sum(axis=1) == len(model.state_agents)).all()
    assert frame["deaths"].is_monotonic_increasing
    assert not model.running
    model.step()
    assert model.month == model.months
    model.close()


def test_global_random_state_is_neither_read_nor_moved() -> None:
    import random

    import numpy as np

    random.seed(1)
    np.random.seed(1)
    before = random.getstate()
    first = R2PModel("seminar", seed=2, years=1, drive="rows")
    first.random.random()
    first.run_model()
    assert random.getstate() == before
    second = R2PModel("seminar", seed=2, years=1, drive="rows")
    second.run_model()
    assert first.history().sha256 == second.history().sha256
    first.close()
    second.close()


def test_seed_from_a_text_field_is_a_number() -> None:
    one, other = R2PModel("seminar", seed="7", years=1), R2PModel("seminar", seed=7, years=1)
    assert one.seed_number == other.seed_number == 7
    one.close()
    other.close()


def test_a_closed_model_can_be_collected() -> None:
    model = R2PModel("seminar", years=1)
    model.close()
    seen = weakref.ref(model)
    del model
    collect()
    assert seen() is None


def test_a_model_can_be_pickled_and_goes_on_alike() -> None:
    model = R2PModel("seminar", seed=4, years=2, drive="rows")
    for _ in range(12):
        model.step()
    twin = pickle.loads(pickle.dumps(model.rows))
    assert (twin.state == model.rows.state).all()
    model.close()


def test_a_history_needs_a_record() -> None:
    model = R2PModel("seminar", years=1, record=False)
    model.run_model()
    with pytest.raises(ValueError, match="record=True"):
        model.history()
    with pytest.raises(ValueError, match="drive"):
        R2PModel("seminar", drive="magic")
    model.close()


def test_a_policy_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="no-assistance"):
        R2PModel(load("seminar"), policy="no-asistance")


def test_mesa_is_a_version_that_is_supported() -> None:
    assert (3, 3) <= tuple(int(x) for x in mesa.__version__.split(".")[:2]) < (4, 0)
