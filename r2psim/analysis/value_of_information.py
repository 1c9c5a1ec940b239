"""What it would be worth to know: the expected value of perfect information for the choice between policies.

Runs with draws of all that is not known (``uncertainty="all"``) are regressed on what was drawn: the regression gives
what each policy can be expected to do given the draw, with luck averaged out (Strong, Oakley and Brennan 2014). Who
knew the draw would choose the best policy for it; who does not, chooses the one that is best on average. The difference
is the value of knowing, in lives or in US$; for a group of parameters, that of knowing those alone. The same with draws
shuffled, where nothing can be learnt, says how much of it is noise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = ["OUTCOMES", "ValueOfInformation", "Worth", "expected_value", "value_of_information"]

OUTCOMES = {
    "deaths": "persons",
    "episodes": "episodes",
    "prevention_and_response": "US$",
    "response_needed": "US$",
    "total_cost": "US$",
}
"""What a choice can be about, with its unit: less is better."""

SHUFFLES = 40
PENALTIES = np.logspace(-1.0, 5.0, 19)
MOST_PAIRS = 6
"""Parameters up to which products of two are regressed on too."""


@dataclass(frozen=True)
class Worth:
    """The value of knowing a group of parameters.

    Attributes
    ----------
    group : str
        Its name.
    paths : tuple of str
        What would be known.
    value : float
        Expected gain, in the unit of the outcome; 0 where nothing could change the choice.
    noise : float
        95 % quantile of what the same estimate gives where draws are shuffled and nothing can be learnt.
    """

    group: str
    paths: tuple[str, ...]
    value: float
    noise: float

    @property
    def told_apart(self) -> bool:
        """Whether the value is more than noise."""
        return self.value > self.noise


@dataclass(frozen=True)
class ValueOfInformation:
    """The value of knowing, for a choice between policies.

    Attributes
    ----------
    scenario : str
        What was run.
    outcome, unit : str
        What the choice is about; less is better.
    policies : tuple of str
        Between which.
    best : str
        The best on average.
    means : dict of str to float
        Mean outcome of each policy.
    everything : Worth
        The value of knowing all that was drawn.
    groups : tuple of Worth
        That of each group, the most valuable first.
    runs, seed : int
        Runs, each with a draw of its own.
    """

    scenario: str
    outcome: str
    unit: str
    policies: tuple[str, ...]
    best: str
    means: dict[str, float]
    everything: Worth
    groups: tuple[Worth, ...]
    runs: int
    seed: int

    def summary(self) -> dict[str, Any]:
        """Give it as plain data."""

        def told(worth: Worth) -> dict[str, Any]:
            return {
                "group": worth.group,
                "parameters": len(worth.paths),
                "value": worth.value,
                "noise": worth.noise,
                "told_apart": worth.told_apart,
            }

        return {
            "scenario": self.scenario,
            "outcome": self.outcome,
            "unit": self.unit,
            "policies": list(self.policies),
            "best": self.best,
            "means": self.means,
            "everything": told(self.everything),
            "groups": [told(worth) for worth in self.groups],
            "runs": self.runs,
            "seed": self.seed,
        }


def _features(x: np.ndarray) -> np.ndarray:
    """Give parameters, their squares, and of few their products, each with mean 0 and variance 1."""
    columns = [x, x**2]
    if x.shape[1] <= MOST_PAIRS:
        first, second = np.triu_indices(x.shape[1], 1)
        columns += [x[:, first] * x[:, second], x**3]
    found = np.concatenate(columns, axis=1)
    spread = found.std(axis=0)
    kept = spread > 1e-12
    scaled: np.ndarray = (found[:, kept] - found[:, kept].mean(axis=0)) / spread[kept]
    return scaled


def expected_value(x: np.ndarray, losses: np.ndarray, seed: int = 1, shuffles: int = SHUFFLES) -> tuple[float, float]:
    """Estimate the expected value of knowing some parameters, for a choice between options.

    Parameters
    ----------
    x : numpy.ndarray, shape (runs, parameters)
        Their draws.
    losses : numpy.ndarray, shape (runs, options)
        What each option costs in each run: less is better.
    seed : int
        Of the shuffles.
    shuffles : int
        How often draws are shuffled for the noise.

    Returns
    -------
    value : float
        In the unit of the losses.
    noise : float
        95 % quantile of the value where draws are shuffled.

    Examples
    --------
    >>> x = np.random.default_rng(1).standard_normal((4000, 1))
    >>> value, noise = expected_value(x, np.column_stack([np.zeros(4000), x[:, 0]]))
    >>> abs(value - 0.399) < 0.02, noise < 0.05
    (True, True)
    """
    from sklearn.linear_model import RidgeCV

    features = _features((x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-12))
    # Only differences matter for a choice, and luck that all options share drops out of them.
    differences = losses[:, 1:] - losses[:, :1]
    best = min(0.0, float(differences.mean(axis=0).min()))

    def worth(order: np.ndarray) -> float:
        fitted = np.empty(differences.shape)
        for k in range(differences.shape[1]):
            model = RidgeCV(PENALTIES).fit(features[order], differences[:, k])
            fitted[:, k] = model.predict(features[order])
        return max(0.0, best - float(np.minimum(0.0, fitted.min(axis=1)).mean()))

    rng = np.random.default_rng([seed, 7])
    runs = len(x)
    value = worth(np.arange(runs))
    noise = [worth(rng.permutation(runs)) for _ in range(shuffles)]
    return value, float(np.quantile(noise, 0.95)) if noise else 0.0


def groups_of(paths: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Sort what was drawn into groups: the effects of each form, and parameters by the part of the model.

    Examples
    --------
    >>> groups_of(["forms.media.effects.media.size", "stages.to_risk.base"])
    {'effects of media': ('forms.media.effects.media.size',), 'rates of stages': ('stages.to_risk.base',)}
    """
    found: dict[str, list[str]] = {}
    for path in paths:
        parts = path.split(".")
        name = f"effects of {parts[1]}" if parts[0] == "forms" else f"rates of {parts[0]}"
        found.setdefault(name, []).append(path)
    return {name: tuple(members) for name, members in found.items()}


def value_of_information(
    scenario: str | Path | Scenario,
    policies: Sequence[str] | None = None,
    outcome: str = "deaths",
    runs: int = 2000,
    seed: int | None = 1,
    years: int | None = None,
    threads: int | None = None,
    advance: Callable[[int], None] | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    shuffles: int = SHUFFLES,
) -> ValueOfInformation:
    """Estimate what it would be worth to know what is not known, before choosing a policy.

    Parameters
    ----------
    scenario : str, Path or Scenario
        Name of a shipped scenario, path of a scenario file, or a loaded scenario.
    policies : sequence of str, optional
        Between which is chosen; those that `r2psim.compare` takes if not given.
    outcome : str
        A key of `OUTCOMES`.
    runs, seed : int
        Runs, each with a draw of its own of parameters and effects, and their seed.
    years : int, optional
        Length; the scenario's own if not given.
    threads : int, optional
        All processors if not given.
    advance : callable, optional
        Told the number of runs finished.
    groups : mapping of str to sequence of str, optional
        Paths of parameters and effects by group; see `groups_of` for what is taken if not given.
    shuffles : int
        How often draws are shuffled for the noise.

    Raises
    ------
    ValueError
        If there is no such outcome, fewer than two policies, or a group names what is not drawn.
    """
    from r2psim.ensemble.former_names import hint
    from r2psim.ensemble.simulation import simulate
    from r2psim.ensemble.uncertainty import Drawing
    from r2psim.scenario import load
    from r2psim.scenario.errors import listing
    from r2psim.scenario.posterior import drawn_in
    from r2psim.world.expand import expand

    if outcome not in OUTCOMES:
        raise ValueError(f"outcome {outcome!r} is not allowed: one of {listing(OUTCOMES)}{hint(outcome, OUTCOMES)}")
    full = expand(load(scenario) if isinstance(scenario, str | Path) else scenario)
    results = simulate(full, policies, runs, seed, years, threads, advance=advance, uncertainty="all")
    if len(results.policies) < 2:
        raise ValueError("policies: at least two are needed, to choose between")
    drawing = Drawing(full, drawn_in(full, "all"), results.seed)
    draws = [drawing.parameters_of(run) | drawing.sizes_of(run) for run in range(runs)]
    paths = tuple(draws[0])
    x = np.array([list(draw.values()) for draw in draws])
    losses = np.column_stack([results.values(policy, outcome) for policy in results.policies])
    chosen = groups_of(paths) if groups is None else {name: tuple(members) for name, members in groups.items()}
    for name, members in chosen.items():
        for path in members:
            if path not in paths:
                raise ValueError(f"group {name!r}: {path!r} is not drawn{hint(path, paths)}")
    place = {path: k for k, path in enumerate(paths)}

    def worth(name: str, members: Sequence[str]) -> Worth:
        value, noise = expected_value(x[:, [place[path] for path in members]], losses, results.seed, shuffles)
        return Worth(name, tuple(members), value, noise)

    means = {policy: float(losses[:, k].mean()) for k, policy in enumerate(results.policies)}
    ranked = sorted((worth(name, members) for name, members in chosen.items()), key=lambda found: -found.value)
    return ValueOfInformation(
        scenario=full.name,
        outcome=outcome,
        unit=OUTCOMES[outcome],
        policies=results.policies,
        best=min(means, key=lambda policy: means[policy]),
        means=means,
        everything=worth("everything drawn", paths),
        groups=tuple(ranked),
        runs=runs,
        seed=results.seed,
    )
