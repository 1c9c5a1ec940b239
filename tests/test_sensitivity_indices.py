"""Indices where they are known: Ishigami, Sobol's G, sums with luck in closed form; and where nothing moves."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from r2psim.analysis.sensitivity import Design, design_of
from r2psim.analysis.sensitivity_chaos import chaos_indices
from r2psim.analysis.sensitivity_factors import Range
from r2psim.analysis.sensitivity_indices import SobolIndices, morris_measures, sobol_indices

A, B = 7.0, 0.1
G = np.array([0.0, 0.5, 3.0, 9.0, 99.0, 99.0])


def ishigami(u: np.ndarray) -> np.ndarray:
    x = math.pi * (2.0 * u - 1.0)
    return np.sin(x[..., 0]) + A * np.sin(x[..., 1]) ** 2 + B * x[..., 2] ** 4 * np.sin(x[..., 0])


def ishigami_indices() -> tuple[np.ndarray, np.ndarray]:
    one = 0.5 * (1.0 + B * math.pi**4 / 5.0) ** 2
    two = A**2 / 8.0
    both = B**2 * math.pi**8 * (1.0 / 18.0 - 1.0 / 50.0)
    whole = one + two + both
    return np.array([one, two, 0.0]) / whole, np.array([one + both, two, both]) / whole


def sobol_g(u: np.ndarray) -> np.ndarray:
    return np.prod((np.abs(4.0 * u - 2.0) + G) / (1.0 + G), axis=-1)


def sobol_g_indices() -> tuple[np.ndarray, np.ndarray]:
    own = 1.0 / 3.0 / (1.0 + G) ** 2
    whole = np.prod(1.0 + own) - 1.0
    rest = np.array([np.prod(1.0 + np.delete(own, k)) for k in range(len(G))])
    return own / whole, own * rest / whole


KNOWN: dict[str, tuple[Callable[[np.ndarray], np.ndarray], int, tuple[np.ndarray, np.ndarray]]] = {
    "ishigami": (ishigami, 3, ishigami_indices()),
    "sobol-g": (sobol_g, len(G), sobol_g_indices()),
}


def design(method: str, count: int, rows: int, groups: dict[str, tuple[str, ...]] | None = None) -> Design:
    ranges = tuple(Range(f"x{k}", "uniform", 0.0, 1.0) for k in range(count))
    return design_of(method, ranges, groups or {item.path: (item.path,) for item in ranges}, rows, seed=3)


def off(found: SobolIndices, known: tuple[np.ndarray, np.ndarray]) -> tuple[float, float]:
    first, total = (np.array([share.value for share in shares]) for shares in (found.first, found.total))
    return float(np.abs(first - known[0]).max()), float(np.abs(total - known[1]).max())


@pytest.mark.parametrize("name", KNOWN)
def test_indices_are_those_that_are_known(name: str) -> None:
    function, count, known = KNOWN[name]
    found = sobol_indices(function(design("sobol", count, 4096).units))
    assert max(off(found, known)) < 0.015
    assert found.luck is None and found.total_of_mean == found.total


@pytest.mark.parametrize("name", KNOWN)
def test_intervals_hold_what_is_known(name: str) -> None:
    function, count, known = KNOWN[name]
    found = sobol_indices(function(design("sobol", count, 1024).units))
    for shares, values in zip((found.first, found.total), known, strict=True):
        for share, value in zip(shares, values, strict=True):
            # The bootstrap takes rows for independent, and a Sobol sequence is better than that.
            assert share.low - 1e-9 <= value <= share.high + 1e-9
            assert share.low <= share.value <= share.high


def test_a_design_that_swaps_the_wrong_matrix_is_found_out() -> None:
    function, count, known = KNOWN["ishigami"]
    units = design("sobol", count, 4096).units
    swapped = units[:, [0, 2, 1, 3, 4]]
    mixed = np.concatenate([units[:, :1], 0.5 * (units[:, :1] + units[:, -1:]).repeat(3, axis=1), units[:, -1:]], 1)
    assert max(off(sobol_indices(function(swapped)), known)) > 0.1
    assert max(off(sobol_indices(function(mixed)), known)) > 0.1


def test_a_plain_sequence_in_the_place_of_a_saltelli_design_is_found_out() -> None:
    function, count, known = KNOWN["ishigami"]
    plain = np.random.default_rng(1).random((4096, count + 2, count))
    assert off(sobol_indices(function(plain)), known)[1] > 0.3


def test_without_luck_they_are_those_of_salib() -> None:
    from SALib.analyze import sobol as salib

    function, count, _ = KNOWN["sobol-g"]
    y = function(design("sobol", count, 256).units)
    problem = {"num_vars": count, "names": [f"x{k}" for k in range(count)], "bounds": [[0.0, 1.0]] * count}
    theirs = salib.analyze(problem, y.ravel(), calc_second_order=False, num_resamples=2000, seed=1)
    ours = sobol_indices(y)
    assert [share.value for share in ours.first] == pytest.approx(list(theirs["S1"]), abs=1e-9)
    assert [share.value for share in ours.total] == pytest.approx(list(theirs["ST"]), abs=1e-9)
    assert [share.half_width for share in ours.total] == pytest.approx(list(theirs["ST_conf"]), rel=0.2)


def lucky(units: np.ndarray, replicates: int, spread: float, seed: int = 4) -> np.ndarray:
    """Add luck that acts by itself and together with the first factor; the points of a row share it."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((len(units), 1, replicates))
    x = units[..., None, :]
    return 2.0 * x[..., 0] + x[..., 1] + spread * z * (1.0 + x[..., 0])


@pytest.mark.parametrize("spread", [0.0, 0.3, 2.0])
def test_luck_is_told_apart_and_does_not_bias_the_indices(spread: float) -> None:
    units = design("sobol", 3, 4096).units
    found = sobol_indices(lucky(units, 2, spread))
    of_mean = np.array([4.0, 1.0, 0.0]) / 12.0
    # E[(1 + x)^2] = 7 / 3.
    whole = of_mean.sum() + spread**2 * 7.0 / 3.0
    assert found.variance == pytest.approx(whole, rel=0.06)
    assert found.luck is not None
    assert found.luck.value == pytest.approx(1.0 - of_mean.sum() / whole, abs=0.03)
    assert [s.value for s in found.total] == pytest.approx(list(of_mean / whole), abs=0.03)
    assert [s.value for s in found.first] == pytest.approx(list(of_mean / whole), abs=0.04)
    assert found.total[2].value == 0.0 and found.total[2].high == 0.0
    if spread < 1.0:
        assert [s.value for s in found.total_of_mean] == pytest.approx([0.8, 0.2, 0.0], abs=0.05)


def test_the_mean_of_few_replicates_would_be_biased_by_luck() -> None:
    units = design("sobol", 3, 4096).units
    y = lucky(units, 2, 2.0)
    naive = sobol_indices(y.mean(axis=2))
    assert naive.total[0].value / naive.total[1].value > 5.0, "the true ratio is 4: luck with the first factor is in it"


def test_a_share_of_nothing_is_no_number() -> None:
    y = np.random.default_rng(5).standard_normal((512, 1, 2)).repeat(5, axis=1)
    found = sobol_indices(y)
    assert found.luck is not None and found.luck.value == pytest.approx(1.0, abs=0.1)
    assert [(s.value, s.low, s.high) for s in found.total] == [(0.0, 0.0, 0.0)] * 3
    assert found.total_of_mean == () and not found.nothing_varies


def test_where_nothing_varies_there_are_no_indices() -> None:
    found = sobol_indices(np.full((16, 5, 2), 3.5))
    assert found.nothing_varies and found.variance == 0.0 and found.mean == 3.5
    assert found.first == found.total == () and found.luck is None


@pytest.mark.parametrize(("rows", "groups"), [(1024, {"a": ("x0", "x2"), "b": ("x1",)})])
def test_groups_have_the_indices_of_their_members_together(rows: int, groups: dict[str, tuple[str, ...]]) -> None:
    found = sobol_indices(ishigami(design("sobol", 3, rows, groups).units))
    first, total = ishigami_indices()
    assert [s.value for s in found.first] == pytest.approx([total[0] + first[2], first[1]], abs=0.05)


@pytest.mark.parametrize("shape", [(1, 5), (8, 2), (8,)])
def test_what_is_no_design_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="at least two rows"):
        sobol_indices(np.zeros(shape))


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="no finite number"):
        sobol_indices(np.array([[1.0, 2.0, np.nan], [1.0, 2.0, 3.0]]))


# -- chaos -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ishigami", pytest.param("sobol-g", marks=pytest.mark.slow)])
def test_a_polynomial_finds_what_is_known(name: str) -> None:
    function, count, known = KNOWN[name]
    units = design("chaos", count, 4096).units[:, 0]
    found = chaos_indices(units, function(units), {f"x{k}": [k] for k in range(count)})
    assert max(off(found.indices, known)) < 0.02


def many(rng: np.random.Generator, points: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Give points of 40 parameters, an outcome with much luck, total indices of the first three, and luck's share."""
    units = rng.random((points, 40))
    slopes = np.array([3.0, 2.0, 1.0])
    mean = units[:, :3] @ slopes + 6.0 * (units[:, 0] - 0.5) * (units[:, 1] - 0.5)
    luck = 2.0 * rng.standard_normal((points, 2)) * (1.0 + units[:, :1])
    of_mean = slopes**2 / 12.0 + np.array([0.25, 0.25, 0.0])
    whole = float((slopes**2).sum() / 12.0 + 0.25 + 4.0 * 7.0 / 3.0)
    return units, mean[:, None] + luck, of_mean / whole, 4.0 * 7.0 / 3.0 / whole


GROUPS = {"first": [0], "second": [1], "third": [2], "others": list(range(3, 40))}


def test_among_many_parameters_and_much_luck_a_polynomial_is_right_and_says_how_sure_it_is() -> None:
    rng = np.random.default_rng(8)
    held, widths = [], []
    for _ in range(8):
        units, y, known, luck = many(rng, 512)
        found = chaos_indices(units, y, GROUPS)
        for share, value in zip(found.indices.total, [*known, 0.0], strict=True):
            held.append(share.low <= value <= share.high)
            widths.append(share.half_width)
        assert found.indices.luck is not None and found.left is not None
        held.append(found.indices.luck.low <= luck <= found.indices.luck.high)
        held.append(found.left.low <= 0.0 <= found.left.high)
    assert np.mean(held) > 0.85
    assert max(widths) < 0.15


def test_squares_of_coefficients_that_are_not_set_right_would_make_much_of_nothing() -> None:
    units, y, _, _ = many(np.random.default_rng(9), 1024)
    found = chaos_indices(units, y, GROUPS)
    others = found.indices.total[3]
    assert others.low <= 0.0 <= others.high and abs(others.value) < 0.03


def test_what_no_polynomial_of_pairs_has_is_told_as_left() -> None:
    rng = np.random.default_rng(10)
    units = rng.random((2048, 20))
    signs = np.sign(units[:, :3] - 0.5)
    y = (units[:, 0] + 2.0 * signs.prod(axis=1))[:, None] + 0.3 * rng.standard_normal((2048, 2))
    found = chaos_indices(units, y, {f"x{k}": [k] for k in range(20)})
    assert found.left is not None and found.left.low > 0.8


def test_a_polynomial_of_what_never_varies_is_none() -> None:
    found = chaos_indices(np.random.default_rng(1).random((64, 3)), np.full((64, 2), 2.0), {"a": [0, 1, 2]})
    assert found.indices.nothing_varies and found.indices.total == () and found.left is None
    with pytest.raises(ValueError, match="too few"):
        chaos_indices(np.random.default_rng(1).random((16, 30)), np.zeros(16), {"a": [0]})


# -- Morris ------------------------------------------------------------------------------------------------------------


def test_elementary_effects_of_a_line_are_its_slopes() -> None:
    plan = design("morris", 3, 12)
    assert plan.moved is not None and plan.step is not None
    found = morris_measures(plan.units @ [3.0, -2.0, 0.0], plan.moved, plan.step, 3)
    assert [e.mu and e.mu.value for e in found] == pytest.approx([3.0, -2.0, 0.0], abs=1e-9)
    assert [e.mu_star.value for e in found] == pytest.approx([3.0, 2.0, 0.0], abs=1e-9)
    assert [e.sigma.value for e in found] == pytest.approx([0.0] * 3, abs=1e-6)
    assert [e.strength.value for e in found] == pytest.approx([3.0, 2.0, 0.0], abs=1e-9)


def test_elementary_effects_are_those_of_salib() -> None:
    from SALib.analyze import morris as salib

    plan = design("morris", 3, 30)
    assert plan.moved is not None and plan.step is not None
    y = ishigami(plan.units)
    problem = {"num_vars": 3, "names": ["x0", "x1", "x2"], "bounds": [[0.0, 1.0]] * 3}
    theirs = salib.analyze(problem, plan.units.reshape(-1, 3), y.ravel(), num_levels=4, seed=1)
    ours = morris_measures(y, plan.moved, plan.step, 3)
    assert [e.mu and e.mu.value for e in ours] == pytest.approx(list(theirs["mu"]), abs=1e-9)
    assert [e.mu_star.value for e in ours] == pytest.approx(list(theirs["mu_star"]), abs=1e-9)
    assert [e.sigma.value for e in ours] == pytest.approx(list(theirs["sigma"]), abs=1e-9)


def test_luck_does_not_make_strong_what_moves_nothing() -> None:
    plan = design("morris", 3, 400)
    assert plan.moved is not None and plan.step is not None
    # Luck of its own at every point, the worst that there is.
    noise = np.random.default_rng(6).standard_normal((400, 4, 2))
    found = morris_measures((plan.units @ [2.0, 1.0, 0.0])[..., None] + noise, plan.moved, plan.step, 3)
    assert found[2].mu_star.value > 1.0, "the mean absolute effect is luck"
    assert found[2].strength.value < 0.6
    assert found[0].strength.value == pytest.approx(2.0, abs=0.3)
    # Two independent draws a step apart, over a step of 2 / 3.
    assert found[2].luck == pytest.approx(math.sqrt(2.0) * 1.5, rel=0.1)


def test_the_effects_of_groups_have_no_direction() -> None:
    plan = design("morris", 3, 16, {"a": ("x0", "x2"), "b": ("x1",)})
    assert plan.moved is not None and plan.step is not None
    found = morris_measures(ishigami(plan.units), plan.moved, plan.step, 2, np.array([False, True]))
    assert found[0].mu is None and found[1].mu is not None
    assert all(sorted(row) == [0, 1] for row in plan.moved.tolist())
    change = np.diff(plan.units, axis=1)
    for row, step in zip(plan.moved, change, strict=True):
        for factor, each in zip(row, step, strict=True):
            assert (np.abs(each[[1]] if factor == 0 else each[[0, 2]]) < 1e-12).all()
