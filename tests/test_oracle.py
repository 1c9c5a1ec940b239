"""The same bits whichever way the model is driven: compiled or plain Python, all rows at once or one by one."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from worlds import digests, lively_parameters, lively_world, random_parameters, random_world, run

from r2psim.declarations.columns import PR
from r2psim.rules import month as month_module
from r2psim.rules.draws import draws_of
from r2psim.rules.month import PHASES, Phase, month
from r2psim.world.rows import WRITTEN, Rows, copy_rows

HERE = Path(__file__).parent
ROOT = Path(month_module.__file__).parents[2]


def test_plain_python_gives_the_same_bits() -> None:
    months = 60
    compiled = run(lively_world(), lively_parameters(), months)
    # The comparison is worth something only where everything happened.
    assert {0.0, 1.0, 2.0, 3.0, 4.0} == set(np.unique(compiled.of_group("stage")))
    assert {0.0, 1.0, 2.0, 3.0} == set(np.unique(compiled.of_state("conflict")))
    assert compiled.of_group("deaths").max() > 0.0 and compiled.of_state("strike_irregular_transition").any()
    assert compiled.of_body("spent_prevention").max() > 0.0 and compiled.of_body("spent_response").max() > 0.0
    assert compiled.of_state("mandate").any() and compiled.programme[:, PR.backfires].any()
    environment = os.environ | {
        "NUMBA_DISABLE_JIT": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    # Warnings are errors: an overflow or a division by zero would differ between the two.
    command = [sys.executable, "-W", "error", str(HERE / "worlds.py"), str(months)]
    plain = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert plain.returncode == 0, plain.stderr
    assert plain.stdout.split() == digests(compiled)


def count_of(rows: Rows, phase: Phase) -> int:
    """Give how many agents act in a phase."""
    count: int = getattr(rows, phase.kind).shape[1]
    return count


def assert_equal(one: Rows, other: Rows, m: int = -1) -> None:
    """Assert that everything that rules write is the same to the last bit."""
    for name in WRITTEN:
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), (name, m)


def one_by_one(rows: Rows, p: np.ndarray, m: int, order: np.random.Generator) -> None:
    """Run a month agent by agent, in a fresh random order in each phase."""
    draws = draws_of(1, 0, m)
    for phase in PHASES:
        count = count_of(rows, phase)
        for row in order.permutation(count).tolist():
            phase.run(row, row + 1, rows, p, draws)


@pytest.mark.parametrize("seed", range(3))
def test_one_agent_after_the_other_gives_the_same_bits(seed: int) -> None:
    world = lively_world() if seed == 0 else random_world(seed, states=6, groups=4, bodies=6)
    p = lively_parameters() if seed == 0 else random_parameters(seed, 0.5)
    together, apart = copy_rows(world.rows), copy_rows(world.rows)
    order = np.random.default_rng(seed)
    for m in range(60):
        month(together, p, draws_of(1, 0, m))
        one_by_one(apart, p, m, order)
        assert_equal(together, apart, m)


def test_step_by_step_gives_the_same_bits() -> None:
    p = lively_parameters()
    whole, steps = copy_rows(lively_world().rows), copy_rows(lively_world().rows)
    for m in range(24):
        month(whole, p, draws_of(1, 0, m))
        for phase in PHASES:
            count = count_of(steps, phase)
            for step in phase.steps:
                step(0, count, steps, p, draws_of(1, 0, m))
        assert_equal(whole, steps, m)


def test_any_split_of_the_rows_gives_the_same_bits() -> None:
    world, p = random_world(7, states=40, groups=6, bodies=10), lively_parameters()
    together, apart = copy_rows(world.rows), copy_rows(world.rows)
    rng = np.random.default_rng(1)
    for m in range(24):
        month(together, p, draws_of(1, 0, m))
        for phase in PHASES:
            count = count_of(apart, phase)
            cuts = [0, *sorted(rng.integers(0, count + 1, 5).tolist()), count]
            for first, last in pairwise(cuts):
                phase.run(first, last, apart, p, draws_of(1, 0, m))
        assert_equal(together, apart, m)
