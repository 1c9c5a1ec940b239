"""The Mesa model: one rule for both ways of driving it, and good manners on every Mesa."""

from __future__ import annotations

import pickle
import subprocess
import sys
import warnings
import weakref
from collections.abc import Callable, Iterable
from copy import copy, deepcopy
from gc import collect
from pathlib import Path

import mesa
import numpy as np
import pytest

from r2psim import R2PModel, load, simulate
from r2psim.agents import Allocation, Group, Partner, RegionalOrganisation, State, UNBody, View

MESA = tuple(int(x) for x in mesa.__version__.split(".")[:2])
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


def test_a_closed_model_can_be_collected() -> None:
    model = R2PModel("seminar", years=1)
    model.close()
    seen = weakref.ref(model)
    del model
    collect()
    assert seen() is None


MONTHS = 30


class Steady:
    """Gives a little to the first offer, and remembers how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def decide(self, view: View) -> Iterable[Allocation]:
        self.asked += 1
        offers = [(state.key, offer.form) for state in view.states for offer in state.offers]
        return [Allocation(*offers[self.asked % len(offers)], min(view.room, 1000.0))] if offers else []


def half_way(drive: str) -> R2PModel:
    """Give a model in the middle of a run, with a policy of its own that carries a memory."""
    model = R2PModel("seminar", "late-response", seed=4, years=4, drive=drive, decide={"peacebuilding": Steady()})
    for _ in range(MONTHS):
        model.step()
    return model


@pytest.mark.parametrize("drive", ["agents", "rows"])
@pytest.mark.parametrize("copied", [deepcopy, copy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_of_a_model_goes_on_to_the_same_bits(drive: str, copied: Callable[[R2PModel], R2PModel]) -> None:
    model = half_way(drive)
    twin = copied(model)
    assert (twin.month, twin.steps, len(twin.agents)) == (MONTHS, MONTHS, len(model.agents))
    assert all(agent.model is twin for agent in twin.agents)
    twin.run_model()
    assert model.month == MONTHS, "the copy moved the original"
    model.run_model()
    ours, theirs = model.history(), twin.history()
    assert theirs.sha256 == ours.sha256
    assert theirs.events == ours.events
    assert all((theirs.state[name] == ours.state[name]).all() for name in ours.state)
    collected = [m.datacollector.get_model_vars_dataframe() for m in (model, twin)]
    assert collected[0].equals(collected[1])
    model.close()
    twin.close()


def test_a_pickled_model_goes_on_in_another_process(tmp_path: Path) -> None:
    model = half_way("rows")
    model.decide.clear()
    (tmp_path / "model.pickle").write_bytes(pickle.dumps(model))
    model.run_model()
    code = "import pickle, sys; m = pickle.load(open(sys.argv[1], 'rb')); m.run_model(); print(m.month, m.sha256)"
    told = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "model.pickle")], capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == [str(model.months), model.sha256]
    model.close()


def test_without_a_seed_each_model_has_a_fresh_one_and_tells_it() -> None:
    models = [R2PModel("seminar", seed=None, years=1, drive="rows") for _ in range(3)]
    for model in models:
        model.run_model()
    assert len({model.sha256 for model in models}) == 3
    told = models[0].seed_number
    assert f"seed {told}" in repr(models[0])
    assert models[0].history().seed == told
    assert set(models[0].datacollector.get_model_vars_dataframe()["seed"]) == {told}
    again = R2PModel("seminar", seed=told, years=1, drive="rows")
    again.run_model()
    assert again.sha256 == models[0].sha256
    for model in (*models, again):
        model.close()


def batch(parameters: dict[str, object], **options: object) -> list[dict[str, object]]:
    """Run Mesa's own batches of one month, and give the rows."""
    fixed = {"drive": "rows", "years": 1, "policy": "late-response"}
    with warnings.catch_warnings():
        # Newer Mesa would rather be given `rng`; users of both write `iterations`.
        warnings.simplefilter("ignore", DeprecationWarning)
        rows: list[dict[str, object]] = mesa.batch_run(
            R2PModel, fixed | parameters, number_processes=1, max_steps=1, display_progress=False, **options
        )
    return rows


def test_iterations_of_mesas_batches_are_different_runs_and_say_which() -> None:
    rows = batch({}, iterations=3)
    seeds = [row["seed"] for row in rows]
    assert len(set(seeds)) == 3
    assert all(isinstance(seed, int) for seed in seeds)


def test_mesas_batches_vary_the_run_under_one_seed() -> None:
    rows = batch({"run": [0, 1, 2]}, **({"rng": 7} if MESA >= (3, 4) else {}))
    assert [row["run"] for row in rows] == [0, 1, 2]
    if MESA >= (3, 4):
        assert {row["seed"] for row in rows} == {7}


@pytest.mark.parametrize("seed", [7, "7", np.int64(7), np.uint8(7)])
def test_any_kind_of_whole_number_is_a_seed(seed: object) -> None:
    for name in ("seed", "rng"):
        model = R2PModel("seminar", years=1, drive="rows", **{name: seed})
        assert type(model.seed_number) is int
        assert model.seed_number == 7
        model.close()
    assert simulate("seminar", "prevention", runs=1, years=1, seed=int(seed)).seed == 7


@pytest.mark.parametrize("seed", [-1, 2**64, 7.0, True, "seven", "-1", (1, 2), np.random.PCG64(1)])
def test_whatever_else_is_refused_as_a_seed_in_one_line(seed: object) -> None:
    made = [
        lambda: R2PModel("seminar", seed=seed),
        lambda: R2PModel("seminar", rng=seed),
        lambda: simulate("seminar", runs=1, seed=seed),
    ]
    for make in made:
        with pytest.raises((TypeError, ValueError), match=r"^seed .* is not allowed: a whole number from 0 to 2\*\*64"):
            make()


def test_numbers_beside_the_seed_are_checked_too() -> None:
    with pytest.raises(ValueError, match="run 4294967296 is not allowed"):
        R2PModel("seminar", run=2**32)
    with pytest.raises(TypeError, match=r"run 1\.5 is not allowed"):
        R2PModel("seminar", run=1.5)
    with pytest.raises(ValueError, match="years -1 is not allowed"):
        R2PModel("seminar", years=-1)
    with pytest.raises(ValueError, match="not allowed together"):
        R2PModel("seminar", seed=1, rng=2)


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
    assert (3, 3) <= MESA < (4, 0)
