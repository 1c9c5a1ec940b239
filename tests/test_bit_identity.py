"""The Mesa model, agent by agent and all rows at once, and the ensemble: the same bits in any scenario."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from golden import run_digests
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import (
    LIVELY_FORMS,
    SHIPPED_POLICIES,
    nested,
    random_bodies,
    random_parameters,
    random_states,
    scenario_with,
)

from r2psim import R2PModel, Results, Scenario, load, simulate
from r2psim.ensemble.measures import metrics_of
from r2psim.scenario.parameters import PARAMETERS, defaults
from r2psim.scenario.shipped import shipped_names
from r2psim.world.expand import expand

SHIPPED = [(name, policy) for name in shipped_names() for policy in load(name).policies]
MONTHS, MONTHS_OF_WORLD = 24, 3
YEAR = 12


@cache
def shipped(name: str) -> Scenario:
    """Give a shipped scenario with everything generated."""
    return expand(load(name))


def stepped(full: Scenario, policy: str, seed: int, run: int, months: int, drive: str) -> R2PModel:
    """Run the Mesa model for some months; the caller closes it."""
    model = R2PModel(full, policy, seed=seed, run=run, drive=drive, years=-(-months // YEAR))
    for _ in range(months):
        model.step()
    return model


def mesa_digest(full: Scenario, policy: str, seed: int, run: int, months: int, drive: str) -> str:
    """Run the Mesa model for some months and give its digest."""
    model = stepped(full, policy, seed, run, months, drive)
    digest: str = model.history().sha256
    model.close()
    return digest


@pytest.mark.parametrize(("name", "policy"), SHIPPED, ids=[" ".join(words) for words in SHIPPED])
def test_shipped_scenarios_give_the_same_bits_however_they_are_driven(name: str, policy: str) -> None:
    full, months = shipped(name), MONTHS_OF_WORLD if name == "world" else MONTHS
    kernel = run_digests(full, policy, 11, 2, [months])[str(months)]
    for drive in ("agents", "rows"):
        assert mesa_digest(full, policy, 11, 2, months, drive) == kernel, drive


# -- random scenarios --------------------------------------------------------------------------------------------------


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Draw a small scenario: any states, groups, bodies, forms and parameters."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    states = random_states(rng, states=draw(st.integers(1, 4)), groups=draw(st.integers(0, 4)))
    bodies = random_bodies(rng, list(states), bodies=draw(st.integers(0, 5)))
    values = random_parameters(draw(st.integers(0, 2**32 - 1)), share=draw(st.sampled_from((0.0, 0.1, 0.5, 1.0))))
    changed = zip(PARAMETERS, values.tolist(), defaults().tolist(), strict=True)
    parameters = nested({path: value for path, value, default in changed if value != default})
    forms = LIVELY_FORMS if draw(st.booleans()) else {}
    return scenario_with(states, bodies, SHIPPED_POLICIES, forms, years=1, parameters=parameters)


CASES = {
    "scenario": scenarios(),
    "policy": st.sampled_from(["no-assistance", *SHIPPED_POLICIES]),
    "seed": st.integers(0, 2**63 - 1),
    "run": st.integers(0, 2**32 - 3),
    "among": st.integers(0, 2),
}
"""What is run; ``among`` is the number of runs that the ensemble computes before it."""


def assert_all_drivers_agree(scenario: Scenario, policy: str, seed: int, run: int, among: int) -> None:
    """Assert that one run is the same in Mesa, both ways, in the ensemble's loop, and among others on two threads."""
    among = min(among, run)
    kernel = run_digests(scenario, policy, seed, run, [YEAR])[str(YEAR)]
    assert mesa_digest(scenario, policy, seed, run, YEAR, "agents") == kernel
    model = stepped(scenario, policy, seed, run, YEAR, "rows")
    history = model.history()
    assert history.sha256 == kernel
    measured = metrics_of(model.rows, YEAR)
    model.close()
    results = simulate(scenario, policy, among + 2, seed, threads=2, first_run=run - among, histories=True)
    assert results.metrics[policy][among].tobytes() == measured.tobytes()
    assert results.stages[policy][among].tobytes() == history.group["stage"].astype(np.int8).tobytes()


@settings(max_examples=60)
@given(**CASES)
def test_random_scenarios_give_the_same_bits(scenario: Scenario, policy: str, seed: int, run: int, among: int) -> None:
    assert_all_drivers_agree(scenario, policy, seed, run, among)


@pytest.mark.slow
@settings(max_examples=300)
@given(**CASES)
def test_hundreds_of_random_scenarios_give_the_same_bits(
    scenario: Scenario, policy: str, seed: int, run: int, among: int
) -> None:
    assert_all_drivers_agree(scenario, policy, seed, run, among)


# -- alone, among many, and cut in any way -----------------------------------------------------------------------------


MANY = "insurgency"
"""Few states, so that ten thousand runs take a second."""
PAIR = ("late-response", "prevention")


@cache
def ten_thousand() -> Results:
    return simulate(MANY, PAIR, 10_000, 5, years=1, threads=2)


def test_a_run_is_the_same_alone_and_among_ten_thousand() -> None:
    for run in (0, 1, 4_999, 9_998, 9_999):
        alone = simulate(MANY, PAIR, 1, 5, years=1, first_run=run, threads=1)
        for policy in PAIR:
            assert alone.metrics[policy].tobytes() == ten_thousand().metrics[policy][run].tobytes()


def test_ten_thousand_runs_are_the_same_on_one_thread() -> None:
    single = simulate(MANY, PAIR, 10_000, 5, years=1, threads=1)
    for policy in PAIR:
        assert single.metrics[policy].tobytes() == ten_thousand().metrics[policy].tobytes()
        assert single.spending[policy].tobytes() == ten_thousand().spending[policy].tobytes()


@settings(max_examples=20)
@given(
    cuts=st.lists(st.integers(1, 9_999), max_size=6, unique=True),
    threads=st.integers(1, 3),
    policies=st.sampled_from([PAIR, PAIR[::-1], PAIR[:1]]),
)
def test_runs_cut_anywhere_are_the_same(cuts: list[int], threads: int, policies: tuple[str, ...]) -> None:
    bounds = [0, *sorted(cuts), 10_000]
    # Pieces of a few runs at each cut: all of them would only repeat the work.
    for first, last in pairwise(bounds):
        count = min(last - first, 7)
        part = simulate(MANY, policies, count, 5, years=1, first_run=first, threads=threads)
        for policy in policies:
            whole = ten_thousand().metrics[policy][first : first + count]
            assert part.metrics[policy].tobytes() == whole.tobytes()
