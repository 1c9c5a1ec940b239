"""What warning is worth: thresholds in closed form, and exactly nothing where assistance does nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from r2psim.analysis import warning_value as module
from r2psim.analysis.cached_runs import Measurer, with_values
from r2psim.analysis.warning_value import SIGHTS, best_threshold, warning_value
from r2psim.cli import app
from r2psim.plots import save, warning_figure
from r2psim.scenario import load
from r2psim.world.expand import expand


@pytest.mark.parametrize("worth", [2.0, 5.0, 20.0])
def test_the_best_threshold_of_a_calibrated_risk_is_the_cost_over_the_worth(worth: float) -> None:
    # Act where the probability times what acting saves is more than what acting costs: p > 1 / worth.
    rng = np.random.default_rng(4)
    risk = np.round(rng.uniform(0.0, 1.0, 200_000), 2)
    best = best_threshold(risk, rng.uniform(0.0, 1.0, len(risk)) < risk, worth)
    assert best["threshold"] == pytest.approx(1.0 / worth, abs=0.04)
    assert best["flagged"] == pytest.approx(1.0 - 1.0 / worth, abs=0.04)


def test_where_acting_never_pays_nobody_acts_and_where_all_is_seen_alike_all_or_none() -> None:
    risk, comes = np.full(100, 0.3), np.arange(100) < 10
    assert best_threshold(risk, comes, 5.0)["threshold"] is None
    assert best_threshold(risk, comes, 20.0) == {
        "threshold": 0.3, "flagged": 1.0, "true": 0.1, "caught": 1.0, "gain": pytest.approx(1.0),
    }  # fmt: skip


@pytest.mark.parametrize("uncertainty", ["none", "all"])
def test_with_no_effects_warning_is_worth_exactly_nothing(uncertainty: str) -> None:
    scenario = load("seminar", ["assistance.effect_scale=0"])
    found = warning_value(scenario, runs=8, years=5, uncertainty=uncertainty)
    assert found.summary()["uncertainty"] == uncertainty
    for sight in found.sights:
        assert sight.saved is not None
        assert (sight.saved.mean, sight.saved.low, sight.saved.high) == (0.0, 0.0, 0.0)


def test_better_sight_tells_more_and_warns_less_in_vain() -> None:
    found = {sight.name: sight for sight in warning_value("seminar", runs=40, years=8).sights}
    blind, poor, clear = (found[name] for name in ("no information", "errors tenfold", "perfect sight of present risk"))
    assert blind.auc is not None
    assert poor.auc is not None
    assert clear.auc is not None
    assert abs(blind.auc - 0.5) < 0.1
    assert poor.auc + 0.05 < clear.auc < 1.0
    assert clear.counts["warnings_false"] < poor.counts["warnings_false"]


@pytest.mark.parametrize("uncertainty", ["none", "all"])
def test_runs_are_those_of_the_ensemble(uncertainty: str) -> None:
    full = expand(load("seminar"))
    world = with_values(full, SIGHTS["errors fivefold"])
    watched = module._watched(world, "prevention", 0, 6, 1, 4, uncertainty)
    measured = Measurer(("prevention",), 1, 4, uncertainty=uncertainty).measure(world, 6)
    assert np.array_equal(watched["own metrics"], measured.metrics["prevention"], equal_nan=True)
    assert np.array_equal(watched["null metrics"], measured.null_metrics["prevention"], equal_nan=True)
    # Prevention by state adds up to what the metrics say of it.
    assert watched["spent"].sum(axis=1) == pytest.approx(measured.metric("prevention", "spent_prevention"), rel=1e-9)


def test_the_verb_writes_and_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "study"
    words = ["warning", "seminar", "--runs", "3", "--years", "5", "--out", str(out)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "36 runs" in done.stderr
    assert {"warning.json", "warning.csv", "warning.png", "worlds"} <= {file.name for file in out.iterdir()}
    again = CliRunner().invoke(app, [*words, "--json"])
    assert json.loads(again.stdout)["runs_simulated"] == 0
    save(warning_figure(warning_value("seminar", runs=2, years=4)), tmp_path / "figure.png")
