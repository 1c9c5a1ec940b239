"""Effects of assistance fitted to causal studies: a joint posterior of every effect that a study says something about.

Each trial is run at points of the ranges of the effects that its forms have, and its log ratio emulated by a quadratic
regression. A published size then speaks for effects under which the simulated ratio lies near it, as near as sampling
and the bias of its design allow; a published direction, for those under which the ratio lies on that side. The prior of
an effect is what the catalogue says: a triangle over its range, with its mode at its prior size. Where no study speaks
the prior stays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import log_ndtr
from scipy.stats import qmc

from r2psim.analysis.calibration.emulator import Emulator, fit_emulator
from r2psim.analysis.calibration.evaluation_cache import EvaluationCache
from r2psim.analysis.calibration.sampler import sample
from r2psim.analysis.trials.enrolment import enrol
from r2psim.analysis.trials.estimators import estimate
from r2psim.ensemble.uncertainty import triangular
from r2psim.scenario.paths import effects_by_path, form_number
from r2psim.scenario.trials import Bias, Trial, shipped_bias, widened
from r2psim.world.expand import expand

if TYPE_CHECKING:
    from r2psim.scenario import Scenario
    from r2psim.scenario.forms import Effect

__all__ = ["EffectsFit", "Evidence", "fit_effects", "posterior_of", "pulls", "with_sizes"]

CHAINS, STEPS, DRAWS = 128, 4000, 1000
POINTS_AN_EFFECT = 8
FEWEST_POINTS = 16
NEAR_ONE = 0.1
"""Standard deviation, log scale, within which a direction of ``about 1`` holds, beside the bias (an assumption)."""
TOLD = 0.1
"""An effect counts as informed where its posterior lies so many standard deviations of the prior from the prior's mean,
or is by this share narrower: below that, chance in the draws would pass for evidence (an assumption)."""
SEED_OF_DESIGN = 20141127


@dataclass(frozen=True, eq=False)
class Evidence:
    """What one trial says about effects.

    Attributes
    ----------
    trial : Trial
        As it was published.
    paths : tuple of str
        Effects on which its answer was taken to depend.
    emulator : Emulator
        Its log ratio as a function of their places in their ranges, 0-1.
    error : float
        Standard deviation of the emulator's error, and of the trial's own chance.
    r2 : float
        Share of the variance over the design that is explained.
    bias : Bias
        Of published estimates.
    """

    trial: Trial
    paths: tuple[str, ...]
    emulator: Emulator
    error: float
    r2: float
    bias: Bias

    def log_likelihood(self, places: np.ndarray) -> np.ndarray:
        """Give the log likelihood at places of its own effects, shape (points, effects)."""
        simulated = self.emulator(places)[:, 0]
        return self.trial.weight * log_likelihood(self.trial, simulated, self.error, self.bias)


def log_likelihood(trial: Trial, simulated: np.ndarray, error: float, bias: Bias) -> np.ndarray:
    """Give the log likelihood of simulated log ratios under what a study published, up to a constant.

    Parameters
    ----------
    trial : Trial
        As it was published.
    simulated : numpy.ndarray, shape (points,)
        Log ratios.
    error : float
        Standard deviation of what they are off by.
    bias : Bias
        Of published estimates.
    """
    known = widened(trial, bias)
    if known is not None:
        log_ratio, _, whole = known
        return np.asarray(-0.5 * (simulated - log_ratio) ** 2 / (whole**2 + error**2))
    spread = math.hypot(bias.of(trial.design, trial.certainty), error)
    if trial.direction == "about":
        return np.asarray(-0.5 * simulated**2 / (spread**2 + NEAR_ONE**2))
    side = -1.0 if trial.direction == "below" else 1.0
    return np.asarray(log_ndtr(side * simulated / spread))


@dataclass(frozen=True, eq=False)
class EffectsFit:
    """A posterior of effects.

    Attributes
    ----------
    paths : tuple of str
        Effects, by the path of their size.
    effects : dict of str to Effect
        Their prior, by path.
    evidence : tuple of Evidence
        Trials that were fitted to.
    draws : numpy.ndarray, shape (draws, effects)
        Sizes, each as the catalogue writes it.
    best : dict of str to float
        Size of each: where the trials tell something the posterior's middle, the geometric mean of a factor and the
        mean of an amount; elsewhere the prior size.
    told : frozenset of str
        Effects of which the trials tell something: the posterior is not the prior (`TOLD`).
    convergence : float
        Largest potential scale reduction of the chains.
    """

    paths: tuple[str, ...]
    effects: dict[str, Effect]
    evidence: tuple[Evidence, ...]
    draws: np.ndarray
    best: dict[str, float]
    told: frozenset[str]
    convergence: float

    def informed(self) -> dict[str, tuple[str, ...]]:
        """Give of each effect the trials that say something about it; none where the prior stays."""
        return {
            path: tuple(each.trial.key for each in self.evidence if path in each.paths and each.trial.weight > 0.0)
            if path in self.told
            else ()
            for path in self.paths
        }


def effects_of(trials: Sequence[Trial], scenario: Scenario) -> dict[str, Effect]:
    """Give the effects of all forms that some trials deliver, by path."""
    forms = {form for trial in trials for form in trial.forms}
    return {path: effect for path, effect in effects_by_path(scenario.forms).items() if path.split(".")[1] in forms}


def with_sizes(scenario: Scenario, sizes: Mapping[str, float]) -> Scenario:
    """Give a scenario in which effects have other sizes within their ranges; bodies expect what they did."""
    forms: dict[str, Any] = {key: dict(value) for key, value in scenario.changed_forms.items()}
    known = effects_by_path(scenario.forms)
    for path, size in sizes.items():
        number = form_number(path)
        assert number is not None and number.channel is not None
        form = forms.setdefault(number.form, {})
        effects = dict(form.get("effects", {}))
        change = {"size": float(size), "expected": known[path].believed, "known": True}
        effects[number.channel] = {**effects.get(number.channel, {}), **change}
        form["effects"] = effects
    return replace(scenario, changed_forms=forms)


def sizes_at(effects: Mapping[str, Effect], places: np.ndarray) -> np.ndarray:
    """Turn places in the ranges of effects, 0-1 on the scale on which rules add them up, into sizes."""
    found = np.empty(places.shape)
    for k, effect in enumerate(effects.values()):
        if effect.channel.kind == "multiplier":
            low, high = math.log(effect.low), math.log(effect.high)
            found[..., k] = np.clip(np.exp(low + (high - low) * places[..., k]), effect.low, effect.high)
        else:
            found[..., k] = effect.low + (effect.high - effect.low) * places[..., k]
    return found


def places_of(effects: Mapping[str, Effect], sizes: np.ndarray) -> np.ndarray:
    """Turn sizes into places in their ranges: the inverse of `sizes_at`."""
    found = np.empty(sizes.shape)
    for k, effect in enumerate(effects.values()):
        if effect.channel.kind == "multiplier":
            low, high = math.log(effect.low), math.log(effect.high)
            found[..., k] = (np.log(sizes[..., k]) - low) / (high - low)
        else:
            found[..., k] = (sizes[..., k] - effect.low) / (effect.high - effect.low)
    return found


def points_of(trial: Trial, scenario: Scenario) -> int:
    """Say at how many points a trial is run: more where more effects play a part."""
    effects = len(effects_of([trial], scenario))
    return 0 if effects == 0 else max(FEWEST_POINTS, POINTS_AN_EFFECT * effects)


def fit_effects(
    scenario: Scenario,
    trials: Mapping[str, Trial],
    runs: int = 20,
    seed: int = 1,
    years: int = 35,
    policy: str = "late-response",
    threads: int = 2,
    directory: Path | None = None,
    bias: Bias | None = None,
    advance: Callable[[int], None] | None = None,
) -> EffectsFit:
    """Fit effects to all trials with ``use = "fit"``.

    Parameters
    ----------
    scenario : Scenario
        World in which the trials are run.
    trials : mapping of str to Trial
        Which; those that are only checked, or deliver no form, are left out.
    runs, seed, years : int
        Pairs of runs of each point of a trial's design, their seed and length.
    policy : str
        What bodies do beside the trial.
    threads : int
        Points at a time.
    directory : Path, optional
        Where evaluations are kept as they finish; the same call goes on from them.
    bias : Bias, optional
        Of published estimates; the shipped one if not given.
    advance : callable, optional
        Told how many points have become known.
    """
    full = expand(scenario)
    biased = shipped_bias() if bias is None else bias
    chosen = [trial for trial in trials.values() if trial.use == "fit" and points_of(trial, full) > 0]
    key = {
        "trials": [repr(trial.setting) for trial in chosen],
        "estimands": [trial.estimand for trial in chosen],
        "runs": runs,
        "seed": seed,
        "years": years,
        "policy": policy,
        "scenario": full.resolved(),
    }
    evidence = []
    with EvaluationCache(directory, key) as bank:
        for k, trial in enumerate(chosen):
            evidence.append(_evidence_of(trial, k, full, bank, runs, seed, years, policy, threads, biased, advance))
    return posterior_of(effects_of(chosen, full), evidence, seed)


def _evidence_of(
    trial: Trial,
    number: int,
    scenario: Scenario,
    bank: EvaluationCache,
    runs: int,
    seed: int,
    years: int,
    policy: str,
    threads: int,
    bias: Bias,
    advance: Callable[[int], None] | None,
) -> Evidence:
    """Run a trial at the points of its design, and emulate its answer."""
    effects = effects_of([trial], scenario)
    count = points_of(trial, scenario)
    design = qmc.Sobol(len(effects), seed=SEED_OF_DESIGN + number).random(1 << (count - 1).bit_length())[:count]
    doses = np.array(trial.doses) * trial.dose_full

    def work(places: np.ndarray, _: int) -> dict[str, float]:
        sizes = dict(zip(effects, sizes_at(effects, places).tolist(), strict=True))
        entries = enrol(trial, with_sizes(scenario, sizes), policy, runs, seed, years)
        found = estimate(entries, trial.estimand, doses, trial.follow_up)
        if not math.isfinite(found.ratio):
            raise ValueError(f"trial {trial.key}: too few entries or events at {runs} runs: more are needed")
        return {"log_ratio": math.log(found.ratio), "se": found.se}

    values = bank.evaluate(design, 100_000 * number, work, threads, advance)
    answers = np.array([[each["log_ratio"]] for each in values])
    emulator = fit_emulator(design, answers)
    # The luck is the same at every point: what it does to all of them alike is the trial's own standard error.
    error = math.hypot(float(emulator.sd[0]), float(np.median([each["se"] for each in values])))
    return Evidence(trial, tuple(effects), emulator, error, float(emulator.r2[0]), bias)


def posterior_of(
    effects: Mapping[str, Effect], evidence: Sequence[Evidence], seed: int = 1, draws: int = DRAWS, steps: int = STEPS
) -> EffectsFit:
    """Draw from the joint posterior of effects.

    Parameters
    ----------
    effects : mapping of str to Effect
        With their priors, by path.
    evidence : sequence of Evidence
        What the trials say.
    seed : int
        Of the chains.
    draws : int
        How many to give.
    steps : int
        Of each chain.
    """
    paths = tuple(effects)
    where = {path: k for k, path in enumerate(paths)}
    own = [np.array([where[path] for path in each.paths], dtype=np.int64) for each in evidence]
    low, high = (np.array([getattr(e, end) for e in effects.values()]) for end in ("low", "high"))
    # What a fit has moved is no prior of the next one.
    mode = np.array([e.size if e.prior is None else e.prior for e in effects.values()])

    def sizes(u: np.ndarray) -> np.ndarray:
        # Uniform numbers through the inverse of the prior: in u the prior is flat.
        return np.asarray(triangular(u, low, mode, high))

    def log_density(u: np.ndarray) -> np.ndarray:
        places = places_of(effects, sizes(u))
        found = np.zeros(len(u))
        for each, at in zip(evidence, own, strict=True):
            found += each.log_likelihood(places[:, at])
        return found

    found, scale = sample(log_density, len(paths), draws, np.random.default_rng([seed, 18]), CHAINS, steps)
    drawn = sizes(found)
    grid = (np.arange(1000.0)[:, None] + 0.5) / 1000.0
    before = _on_scale(effects, sizes(np.broadcast_to(grid, (1000, len(paths)))))
    after = _on_scale(effects, drawn)
    spread = before.std(axis=0)
    shift = np.abs(after.mean(axis=0) - before.mean(axis=0))
    moved = (shift >= TOLD * spread) | (after.std(axis=0) <= (1.0 - TOLD) * spread)
    told = frozenset(path for path, has in zip(paths, moved, strict=True) if has and evidence)
    best = {}
    for k, (path, effect) in enumerate(effects.items()):
        middle = float(after[:, k].mean())
        size = math.exp(middle) if effect.channel.kind == "multiplier" else middle
        best[path] = size if path in told else float(mode[k])
    return EffectsFit(paths, dict(effects), tuple(evidence), drawn, best, told, scale)


def _on_scale(effects: Mapping[str, Effect], sizes: np.ndarray) -> np.ndarray:
    """Put sizes on the scale on which rules add them up: the log of a factor, an amount as it is."""
    factor = np.array([effect.channel.kind == "multiplier" for effect in effects.values()])
    return np.where(factor, np.log(np.where(factor, sizes, 1.0)), sizes)


def pulls(fit: EffectsFit, seed: int = 1) -> list[dict[str, Any]]:
    """Say how far each study moves the effects that it informs: the posterior with it, less the one without it.

    Returns
    -------
    list of dict
        A row for each study and each effect of its forms: ``size`` with it, ``size_without``, and the ``pull`` in
        standard deviations of the posterior without it, on the scale on which rules add effects up.
    """
    rows = []
    for k, each in enumerate(fit.evidence):
        others = [other for i, other in enumerate(fit.evidence) if i != k]
        without = posterior_of(fit.effects, others, seed)
        for path in each.paths:
            i = fit.paths.index(path)
            factor = fit.effects[path].channel.kind == "multiplier"
            here, there = (np.log(d[:, i]) if factor else d[:, i] for d in (fit.draws, without.draws))
            rows.append(
                {
                    "trial": each.trial.key,
                    "effect": path,
                    "weight": each.trial.weight,
                    "size": fit.best[path],
                    "size_without": without.best[path],
                    "pull": float((here.mean() - there.mean()) / max(float(there.std()), 1e-12)),
                }
            )
    return rows


def write_effects(
    fit: EffectsFit, directory: Path, moved: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]
) -> None:
    """Write a fit: what can be shipped, and what a person wants to know of it.

    Parameters
    ----------
    fit : EffectsFit
        The fit.
    directory : Path
        Existing; gets ``effects.json``, ``effects.csv`` (draws) and ``pulls.csv``.
    moved : sequence of mapping
        As `pulls` gives it.
    facts : mapping
        What was run.
    """
    import csv

    from r2psim.ensemble.store import write_json

    write_json(summary_of(fit) | {"run": dict(facts)}, directory / "effects.json")
    with (directory / "effects.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        # Of the others nothing was learnt: runs draw them from their priors as before.
        informed = [k for k, path in enumerate(fit.paths) if path in fit.told]
        table.writerow(fit.paths[k] for k in informed)
        table.writerows([_digits(draw[k], fit.effects[fit.paths[k]]) for k in informed] for draw in fit.draws)
    with (directory / "pulls.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        if moved:
            table.writerow(moved[0])
            table.writerows(list(row.values()) for row in moved)


def _digits(size: float, effect: Effect) -> str:
    """Write a size with six digits; rounding must not carry it out of its range."""
    return repr(min(max(float(f"{size:.6g}"), effect.low), effect.high))


def summary_of(fit: EffectsFit) -> dict[str, Any]:
    """Give a fit as plain data: each effect's prior and posterior, and how each trial was emulated."""
    informed = fit.informed()
    return {
        "convergence": fit.convergence,
        "effects": {
            path: {
                "size": fit.best[path],
                "low_90": float(np.quantile(fit.draws[:, k], 0.05)),
                "high_90": float(np.quantile(fit.draws[:, k], 0.95)),
                "prior": effect.size if effect.prior is None else effect.prior,
                "prior_low": effect.low,
                "prior_high": effect.high,
                "informed_by": list(informed[path]),
            }
            for k, (path, effect) in enumerate(fit.effects.items())
        },
        "trials": {
            each.trial.key: {"error": each.error, "emulator_explains": each.r2, "effects": list(each.paths)}
            for each in fit.evidence
        },
    }
