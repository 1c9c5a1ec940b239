"""The fit behind the generator: correlations against known ones, and what ships against what is computed."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from import_files import files
from typer.testing import CliRunner

from r2psim.analysis.generator_fit import DELIBERATE, Difference, differences, fit, main, read_record
from r2psim.analysis.polychoric import bivariate_normal, classes, nearest_correlations, polychoric, polychoric_matrix
from r2psim.analysis.world_summary import CORRELATED, QUANTILES, STATUSES, summarise_world
from r2psim.cli import app
from r2psim.declarations.columns import STAGES
from r2psim.plots import worlds_figure
from r2psim.scenario.specs import GenerateSpec
from r2psim.world.generate import GENERATOR, generate, generator_data

FILES = tuple(files()[key] for key in ("predictors", "groups", "contiguity"))


@pytest.fixture(scope="module")
def fitted() -> dict[str, Any]:
    """Give what is computed of the sample."""
    return fit(read_record(*FILES, 2014))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def drawn() -> list[dict[str, Any]]:
    """Give summaries of some drawn worlds."""
    return [summarise_world(generate(GenerateSpec(GENERATOR, seed, 190))) for seed in range(1, 9)]


# -- correlations ------------------------------------------------------------------------------------------------------


@given(st.floats(-3.0, 3.0), st.floats(-3.0, 3.0), st.floats(-0.99, 0.99))
def test_bivariate_normal_against_the_library(a: float, b: float, rho: float) -> None:
    from scipy.stats import multivariate_normal

    found = bivariate_normal(np.array([a]), np.array([b]), rho)[0, 0]
    assert found == pytest.approx(multivariate_normal([0.0, 0.0], [[1.0, rho], [rho, 1.0]]).cdf([a, b]), abs=1e-5)


@pytest.mark.parametrize("rho", [-0.8, -0.2, 0.0, 0.5, 0.9])
@pytest.mark.parametrize("cuts", [(0.5,), (-1.2, 0.3, 1.5)])
def test_the_correlation_behind_classes_is_found(rho: float, cuts: tuple[float, ...]) -> None:
    rng = np.random.default_rng(7)
    pair = rng.standard_normal((20_000, 2)) @ np.linalg.cholesky([[1.0, rho], [rho, 1.0]]).T
    one, other = (np.searchsorted(cuts, pair[:, k]) for k in range(2))
    # Three standard errors of a correlation of 20,000 pairs, twice as many for two classes only.
    assert polychoric(one, other) == pytest.approx(rho, abs=0.03 if len(cuts) > 1 else 0.05)


def test_classes_keep_levels_and_fill_evenly() -> None:
    assert classes(np.array([3.0, np.nan, 0.0, 3.0, 1.0]), 8).tolist() == [2, -1, 0, 2, 1]
    many = classes(np.random.default_rng(1).random(800), 8)
    assert np.bincount(many).tolist() == [100] * 8


def test_the_nearest_correlations_are_possible_and_near() -> None:
    impossible = np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]])
    found = nearest_correlations(impossible, 0.02)
    assert np.linalg.eigvalsh(found).min() > 0.019
    assert np.diag(found).tolist() == [1.0] * 3
    possible = np.array([[1.0, 0.3], [0.3, 1.0]])
    assert nearest_correlations(possible) == pytest.approx(possible)


def test_the_matrix_of_a_known_copula_is_found_again() -> None:
    rows = generator_data()["latent"]["lower"]
    n = len(rows)
    known = np.eye(n)
    for i, row in enumerate(rows.values()):
        known[i, :i] = known[:i, i] = row
    draws = np.random.default_rng(5).standard_normal((2_000, n)) @ np.linalg.cholesky(known).T
    variables = [np.floor(np.clip(draws[:, k], -1.0, 1.0)) if k % 3 else draws[:, k] for k in range(n)]
    found = polychoric_matrix(variables)
    assert np.abs(found - known).max() < 0.13  # 120 pairs of standard error 0.03 or so
    assert np.abs(found - known).mean() < 0.03


# -- the fit -----------------------------------------------------------------------------------------------------------


def test_tables_of_the_sample_have_the_shape_of_those_that_ship(fitted: dict[str, Any]) -> None:
    found = {d.path for d in differences(fitted)}
    assert len(found) > 400
    shipped = generator_data()
    for name, row in fitted["generator"]["latent"]["lower"].items():
        assert len(row) == len(shipped["latent"]["lower"][name])
    for table in (fitted["generator"]["income"], *fitted["generator"]["columns"].values()):
        assert table["quantiles"] == sorted(table["quantiles"])
        assert len(table["quantiles"]) == 11


def test_what_the_sample_holds_is_counted(fitted: dict[str, Any]) -> None:
    shares = fitted["generator"]["shares"]
    # Of twelve states: three wars, one minor conflict, one mass killing, one coup; one has no border on land.
    assert shares["war"] == pytest.approx(3 / 12)
    assert shares["minor"] == pytest.approx(1 / 12)
    assert shares["ongoing"] == pytest.approx(1 / 12)
    assert shares["coup"] == pytest.approx(1 / 12)
    assert fitted["generator"]["map"]["islands"] == pytest.approx(1 / 12)
    record = fitted["generator"]["record"]
    assert record["stages"] == pytest.approx([5 / 12, 2 / 12, 2 / 12, 2 / 12, 1 / 12])
    assert record["groups_at_most"][0] == pytest.approx(4 / 12)


def test_deliberate_differences_are_of_numbers_that_are_compared(fitted: dict[str, Any]) -> None:
    assert set(DELIBERATE) <= {d.path for d in differences(fitted)}


def test_rounding_explains_half_of_the_last_digit() -> None:
    assert Difference("x", 0.12, 0.1249, 0.0051).explained
    assert not Difference("x", 0.12, 0.126, 0.0051).explained


def test_it_prints_what_differs_and_says_so_by_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(file) for file in FILES]) == 1  # twelve invented states are not the world of 2014
    told = capsys.readouterr().out
    assert re.search(r"generator\.latent\.lower\.income\[0\] +-?0\.\d+ +-?0\.\d+ +[+-]\d", told)
    assert "on purpose" in told


# -- drawn worlds ------------------------------------------------------------------------------------------------------


def test_summaries_have_the_shape_of_the_record(drawn: list[dict[str, Any]]) -> None:
    record = generator_data()["record"]
    for summary in drawn:
        assert summary["quantiles"].keys() == record["quantiles"].keys() == set(QUANTILES)
        for key in ("groups_at_most", "neighbours_at_most", "stages", "statuses"):
            assert len(summary[key]) == len(record[key]), key
        assert [len(row) for row in summary["correlations"]] == list(range(len(CORRELATED)))
    assert len(record["stages"]) == len(STAGES)
    assert len(record["statuses"]) == len(STATUSES)


def test_drawn_worlds_are_distributed_as_the_record(drawn: list[dict[str, Any]]) -> None:
    record = generator_data()["record"]

    def mean(key: str) -> np.ndarray:
        return np.mean([summary[key] for summary in drawn], axis=0)

    # A tenth to a fifth of the range of each variable, ends aside: where the fitted curve bends otherwise.
    near = {"population": 0.12, "income": 0.1, "regime": 0.05, "capacity": 0.05, "excluded": 0.06, "group_size": 0.15}
    for name, tolerance in near.items():
        ours = np.mean([summary["quantiles"][name] for summary in drawn], axis=0)
        assert ours[1:-1] == pytest.approx(record["quantiles"][name][1:-1], abs=tolerance), name
    assert mean("stages") == pytest.approx(record["stages"], abs=0.04)
    assert mean("statuses") == pytest.approx(record["statuses"], abs=0.04)
    assert mean("groups_at_most") == pytest.approx(record["groups_at_most"], abs=0.03)
    # Borders of points on a map differ less in number than those of the world.
    assert mean("neighbours_at_most") == pytest.approx(record["neighbours_at_most"], abs=0.15)
    ours = np.mean([[r for row in summary["correlations"] for r in row] for summary in drawn], axis=0)
    theirs = [r for row in record["correlations"] for r in row]
    assert ours == pytest.approx(theirs, abs=0.16)  # twice the standard error of the record's own coefficients
    assert math.sqrt(np.mean((ours - np.array(theirs)) ** 2)) < 0.08


def test_the_figure_shows_every_world_and_the_record(drawn: list[dict[str, Any]]) -> None:
    figure = worlds_figure(generator_data()["record"], drawn, "test")
    titles = [text.get_text() for text in figure.texts]
    assert "8 drawn worlds beside the record of 2014" in titles
    assert len(figure.axes) == 11
    first = figure.axes[0]
    assert len(first.lines) == len(drawn) + 1
    dots = next(line for line in first.lines if line.get_marker() == "o")
    assert list(dots.get_xdata()) == generator_data()["record"]["quantiles"]["population"]


def test_the_verb_writes_the_figure_and_refuses_other_files(tmp_path: Path) -> None:
    out = tmp_path / "worlds.svg"
    done = CliRunner().invoke(app, ["world-figure", "--seeds", "2", "--states", "60", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert out.read_text("utf-8").startswith("<?xml")
    for bad in ("worlds.jpg", "no/such/folder/worlds.png"):
        refused = CliRunner().invoke(app, ["world-figure", "--seeds", "1", "--out", str(tmp_path / bad)])
        assert refused.exit_code == 2
        assert not (tmp_path / bad).exists()
