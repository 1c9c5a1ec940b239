"""Effects fitted to trials: what a study says moves what it informs, as far as it should, and nothing else."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kstest

from r2psim.analysis.calibration.emulator import Emulator
from r2psim.analysis.trials.fit import (
    EffectsFit,
    Evidence,
    fit_effects,
    places_of,
    posterior_of,
    pulls,
    sizes_at,
    summary_of,
    with_sizes,
    write_effects,
)
from r2psim.ensemble.uncertainty import Drawing
from r2psim.scenario import load
from r2psim.scenario.catalogue import catalogue
from r2psim.scenario.forms import Effect
from r2psim.scenario.paths import effects_by_path
from r2psim.scenario.posterior import drawn_in, read_effects
from r2psim.scenario.trials import Bias, Trial, shipped_trials

BIAS = Bias(0.1, 0.3, 0.5, 1.5)
A, B = "forms.a.effects.killing.size", "forms.b.effects.killing.size"
EFFECTS = {A: Effect("killing", 0.8, 0.3, 1.2, "assumption"), B: Effect("killing", 0.9, 0.5, 1.3, "assumption")}


def trial_of(ratio: float, sd: float, weight: float = 1.0) -> Trial:
    """Make a trial that found a ratio with a standard error, on the log scale, and no bias."""
    reach = 1.959963984540054 * sd
    low, high = ratio * math.exp(-reach), ratio * math.exp(reach)
    return shipped_trials()["icc"]._replace(
        key="toy", estimate=ratio, low=low, high=high, contested=None, weight=weight, design="randomised"
    )


def evidence_of(trial: Trial, paths: tuple[str, ...], slopes: tuple[float, ...], bias: Bias) -> Evidence:
    """Make a trial whose log ratio is the sum of the logs of its effects, times a slope each."""
    first, second = np.triu_indices(len(paths))
    coefficient = np.zeros((len(paths) + len(first), 1))
    intercept = 0.0
    for k, (path, slope) in enumerate(zip(paths, slopes, strict=True)):
        low, high = math.log(EFFECTS[path].low), math.log(EFFECTS[path].high)
        coefficient[k, 0] = slope * (high - low)
        intercept += slope * low
    emulator = Emulator(first, second, coefficient, np.array([intercept]), np.array([1e-3]), np.array([1.0]))
    return Evidence(trial, paths, emulator, 1e-3, 1.0, bias)


NONE = Bias(0.0, 0.0, 0.0, 1.0)


def test_places_and_sizes_are_inverses() -> None:
    places = np.random.default_rng(1).random((50, 2))
    assert np.allclose(places_of(EFFECTS, sizes_at(EFFECTS, places)), places)


def test_a_precise_study_is_found_again_and_leaves_other_effects_alone() -> None:
    fit = posterior_of(EFFECTS, [evidence_of(trial_of(0.5, 0.02), (A,), (1.0,), NONE)])
    assert fit.best[A] == pytest.approx(0.5, rel=0.02)
    prior = posterior_of(EFFECTS, [])
    assert fit.best[B] == pytest.approx(prior.best[B], rel=0.02)
    assert fit.informed() == {A: ("toy",), B: ()}
    assert fit.convergence < 1.1


def test_what_arrives_at_half_its_size_is_told_apart_from_a_weak_effect() -> None:
    """A trial that delivers half of an effect, on the log scale, speaks for an effect twice as large."""
    fit = posterior_of(EFFECTS, [evidence_of(trial_of(0.7, 0.02), (A,), (0.5,), NONE)])
    assert fit.best[A] == pytest.approx(0.49, rel=0.03)


def test_a_study_of_weight_zero_moves_nothing() -> None:
    prior = posterior_of(EFFECTS, [])
    fit = posterior_of(EFFECTS, [evidence_of(trial_of(0.4, 0.02, weight=0.0), (A,), (1.0,), NONE)])
    assert np.array_equal(fit.draws, prior.draws)
    assert fit.informed()[A] == ()


def test_bias_and_contest_widen_what_is_learnt() -> None:
    sharp = posterior_of(EFFECTS, [evidence_of(trial_of(0.5, 0.1), (A,), (1.0,), NONE)])
    wide = posterior_of(EFFECTS, [evidence_of(trial_of(0.5, 0.1), (A,), (1.0,), Bias(1.0, 1.0, 1.0, 1.0))])
    contested = trial_of(0.5, 0.1)._replace(contested=1.0)
    torn = posterior_of(EFFECTS, [evidence_of(contested, (A,), (1.0,), NONE)])
    assert np.std(np.log(wide.draws[:, 0])) > 1.5 * np.std(np.log(sharp.draws[:, 0]))
    assert sharp.best[A] < torn.best[A]


def test_a_direction_moves_an_effect_to_its_side() -> None:
    trial = trial_of(1.0, 0.1)._replace(estimate=None, low=None, high=None, direction="above")
    fit = posterior_of(EFFECTS, [evidence_of(trial, (A,), (1.0,), BIAS)])
    assert fit.best[A] > posterior_of(EFFECTS, []).best[A]
    below = trial._replace(direction="below")
    assert posterior_of(EFFECTS, [evidence_of(below, (A,), (1.0,), BIAS)]).best[A] < fit.best[A]


def test_each_studys_pull_is_its_own() -> None:
    low = evidence_of(trial_of(0.45, 0.1)._replace(key="low"), (A,), (1.0,), NONE)
    high = evidence_of(trial_of(0.9, 0.1)._replace(key="high"), (A,), (1.0,), NONE)
    of_b = evidence_of(trial_of(0.6, 0.1)._replace(key="of-b"), (B,), (1.0,), NONE)
    found = {row["trial"]: row for row in pulls(posterior_of(EFFECTS, [low, high, of_b]))}
    assert found["low"]["pull"] < -0.5 < 0.5 < found["high"]["pull"]
    assert found["of-b"]["effect"] == B and found["of-b"]["pull"] < -0.5


@pytest.mark.slow
def test_ranks_of_the_truth_are_uniform_on_synthetic_studies() -> None:
    """Truths drawn from the prior, studies from the truths: the truth then lies anywhere in the posterior alike."""
    rng = np.random.default_rng(11)
    ranks = []
    prior = posterior_of(EFFECTS, [], seed=2).draws
    for k in range(60):
        a, b = prior[rng.integers(len(prior))]
        found = [
            evidence_of(trial_of(a * math.exp(0.2 * rng.standard_normal()), 0.2), (A,), (1.0,), NONE),
            evidence_of(trial_of(a**0.5 * b * math.exp(0.3 * rng.standard_normal()), 0.3), (A, B), (0.5, 1.0), NONE),
        ]
        fit = posterior_of(EFFECTS, found, seed=k, draws=400, steps=600)
        ranks.append([(fit.draws[:, 0] < a).mean(), (fit.draws[:, 1] < b).mean()])
    for column in np.array(ranks).T:
        assert kstest(column, "uniform").pvalue > 0.01


# -- the model ---------------------------------------------------------------------------------------------------------


def test_sizes_are_set_and_bodies_expect_what_they_did() -> None:
    path = "forms.mediation.effects.to_atrocity.size"
    changed = with_sizes(load("seminar"), {path: 0.6})
    effect = effects_by_path(changed.forms)[path]
    before = effects_by_path(load("seminar").forms)[path]
    assert effect.size == 0.6 and effect.believed == before.size and effect.known


@pytest.mark.slow
def test_a_fit_goes_on_from_what_is_kept(tmp_path: Path) -> None:
    trials = {"mediation-duration": shipped_trials()["mediation-duration"]}
    counted: list[int] = []
    one = fit_effects(load("seminar"), trials, 6, 3, 20, directory=tmp_path / "bank", advance=counted.append)
    again = fit_effects(load("seminar"), trials, 6, 3, 20, directory=tmp_path / "bank", advance=counted.append)
    assert np.array_equal(one.draws, again.draws)
    assert counted[-1] == sum(counted[:-1])
    summary = summary_of(one)
    assert set(summary["trials"]) == {"mediation-duration"}
    write_effects(one, tmp_path, [], {"runs": 6})
    kept = read_effects(tmp_path / "effects.csv")
    assert [set(draw) for draw in kept] == [set(one.told)] * (len(one.draws) if one.told else 0)


def test_runs_draw_fitted_effects_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, other = "forms.mediation.effects.to_atrocity.size", "forms.media.effects.media.size"
    draws = ({path: 0.6}, {path: 0.8})
    monkeypatch.setattr("r2psim.ensemble.uncertainty.read_effects", lambda: draws)
    scenario = load("seminar")
    drawing = Drawing(scenario, drawn_in(scenario, "effects"), 1)
    assert [drawing.sizes_of(run)[path] for run in range(4)] == [0.6, 0.8, 0.6, 0.8]
    assert len({drawing.sizes_of(run)[other] for run in range(4)}) == 4
    # Whoever gives the effect a range of their own means that range.
    own = load("seminar", ["forms.mediation.effects.to_atrocity.low=0.4"])
    sizes = {Drawing(own, drawn_in(own, "effects"), 1).sizes_of(run)[path] for run in range(4)}
    assert len(sizes) == 4


def test_what_ships_lies_in_the_ranges_of_the_catalogue() -> None:
    known = effects_by_path(catalogue())
    for draw in read_effects():
        assert all(known[path].low <= size <= known[path].high for path, size in draw.items())
    for path in (read_effects() or ({},))[0]:
        assert known[path].label in ("fitted", "seen", "assumption")


def test_a_file_of_draws_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "effects.csv"
    file.write_text("forms.mediation.effects.to_atrocty.size\n0.7\n")
    with pytest.raises(ValueError, match="no effect of the catalogue"):
        read_effects(file)
    file.write_text("forms.mediation.effects.to_atrocity.size\n7.0\n")
    with pytest.raises(ValueError, match="outside of its range"):
        read_effects(file)


def test_a_posterior_is_plain_data() -> None:
    fit = posterior_of(EFFECTS, [evidence_of(trial_of(0.5, 0.1), (A,), (1.0,), NONE)])
    assert isinstance(fit, EffectsFit)
    found = summary_of(fit)["effects"][A]
    assert found["low_90"] < found["size"] < found["high_90"]
    assert found["informed_by"] == ["toy"] and found["prior"] == 0.8
