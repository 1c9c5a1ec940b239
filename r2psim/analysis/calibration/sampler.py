"""Draws from a posterior whose likelihood is cheap: many chains that propose along each other's differences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

__all__ = ["convergence", "sample"]

LogDensity = Callable[[np.ndarray], np.ndarray]

NOISE = 1e-4
JUMP = 0.1
"""Share of proposals that jump by the whole difference, from one mode to another."""


def sample(
    log_density: LogDensity,
    parameters: int,
    draws: int,
    rng: np.random.Generator,
    chains: int = 96,
    steps: int = 3000,
    start: np.ndarray | None = None,
) -> tuple[np.ndarray, float]:
    """Draw from a density on the unit cube by differential evolution (ter Braak 2006).

    Parameters
    ----------
    log_density : callable
        Of points, shape (chains, parameters), all within the unit cube.
    parameters : int
        Dimension.
    draws : int
        How many to give.
    rng : numpy.random.Generator
        All chance.
    chains, steps : int
        Half of the steps are for warming up.
    start : numpy.ndarray, shape (chains, parameters), optional
        Uniform if not given.

    Returns
    -------
    numpy.ndarray, shape (draws, parameters)
        Evenly thinned from all chains.
    float
        Largest potential scale reduction over the parameters: 1 where all chains agree.
    """
    x = rng.random((chains, parameters)) if start is None else start.copy()
    value = log_density(x)
    step = 2.38 / (2.0 * parameters) ** 0.5
    kept = []
    for t in range(steps):
        first = rng.integers(chains, size=chains)
        second = rng.integers(chains, size=chains)
        scale = np.where(rng.random((chains, 1)) < JUMP, 1.0, step)
        # Crossover: in many dimensions a move along some of them is accepted more often.
        along = rng.random((chains, parameters)) < rng.choice([0.2, 0.5, 1.0], size=(chains, 1))
        move = scale * (x[first] - x[second]) + NOISE * rng.standard_normal(x.shape)
        proposal = x + np.where(along, move, 0.0)
        proposal = 1.0 - np.abs(1.0 - np.abs(proposal))  # reflected at the walls, which keeps the proposal symmetric
        inside: np.ndarray = np.abs(proposal - 0.5).max(axis=1) <= 0.5
        proposed = np.where(inside, log_density(np.where(inside[:, None], proposal, x)), -np.inf)
        accepted: np.ndarray = np.log(rng.random(chains)) < proposed - value
        x[accepted], value[accepted] = proposal[accepted], proposed[accepted]
        if t >= steps // 2:
            kept.append(x.copy())
    history = np.array(kept)
    flat = history.reshape(-1, parameters)
    places = rng.permutation(len(flat))[:draws] if draws <= len(flat) else rng.integers(len(flat), size=draws)
    return flat[places], convergence(history)


def convergence(history: np.ndarray) -> float:
    """Give the largest potential scale reduction (Gelman and Rubin) of chains, shape (steps, chains, parameters).

    Examples
    --------
    >>> apart = np.stack([np.zeros((100, 1)), np.ones((100, 1))], axis=1) + np.linspace(0, 0.1, 100)[:, None, None]
    >>> convergence(apart) > 5.0
    True
    """
    half = len(history) // 2
    split = np.concatenate([history[:half], history[half : 2 * half]], axis=1)
    within = split.var(axis=0, ddof=1).mean(axis=0)
    between = split.mean(axis=0).var(axis=0, ddof=1)
    ratio = np.sqrt((within * (half - 1) / half + between) / np.maximum(within, 1e-300))
    return float(ratio.max())
