"""Observed predictors become the latent variables of the generator, and these its columns on a scale of 0-1.

The generator draws latents and turns them into columns; the importer finds the latents of an observed state through the
distributions of 2014 and turns them into columns by the same weights, noise and quantiles (``import.toml`` says how).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from r2psim.world.countries import Country, conflict_of
from r2psim.world.declared_numbers import declared
from r2psim.world.generated_states import Copula, rounded
from r2psim.world.layouts import import_data
from r2psim.world.sampling import interpolate, normal, phi

__all__ = [
    "LATENTS",
    "column_level",
    "conditional",
    "latents_of",
    "level_score",
    "observed",
    "openness",
    "quantile_score",
    "signal",
]


def quantile_score(quantiles: Sequence[float], value: float) -> float:
    """Give the standard normal score of a value, by quantiles at equal distances; the middle where several are equal.

    Examples
    --------
    >>> quantile_score([0.0, 1.0, 2.0], 1.0)
    0.0
    >>> quantile_score([0.0, 0.0, 0.0, 3.0, 9.0], 0.0) == normal(0.25)
    True
    """
    steps = len(quantiles) - 1
    low = sum(quantile < value for quantile in quantiles)
    high = sum(quantile <= value for quantile in quantiles)
    if high > low:
        place = (low + high - 1) / 2.0
    elif low == 0 or low > steps:
        place = 0.0 if low == 0 else float(steps)
    else:
        below, above = quantiles[low - 1], quantiles[low]
        place = low - 1 + (value - below) / (above - below)
    return _score(place / steps)


def level_score(at_most: Sequence[float], level: int) -> float:
    """Give the mean of the standard normal distribution between the two thresholds of a level.

    Parameters
    ----------
    at_most : sequence of float
        Shares of the states with at most each level, rising to 1.
    level : int
        Place in it.

    Examples
    --------
    >>> round(level_score([0.5, 1.0], 1), 4), round(level_score([0.5, 1.0], 0), 4)
    (0.7979, -0.7979)
    """
    below = at_most[level - 1] if level else 0.0
    above = at_most[level]
    if above - below <= 0.0:
        return _score(above)
    return (_density(below) - _density(above)) / (above - below)


def _score(place: float) -> float:
    """Give the score of a place in the distribution of 2014, whose ends are known only so well."""
    end = declared(import_data(), "ends")
    return normal(min(max(place, end), 1.0 - end))


def _density(share: float) -> float:
    if not 0.0 < share < 1.0:
        return 0.0
    z = normal(share)
    return math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)


def _flag(share: float) -> tuple[float, float]:
    return (1.0 - share, 1.0)


# -- latents -----------------------------------------------------------------------------------------------------------

LATENTS: dict[str, Callable[[Country, int], float]] = {
    "groups": lambda country, relevant: float(relevant),
    "income": lambda country, relevant: math.log(country.values["wdi.gdppc.new"]),
    "discussion": lambda country, relevant: country.values["freediscussion"],
    "population": lambda country, relevant: math.log(country.values["wdi.popsize.new"]),
    "mortality": lambda country, relevant: country.values["un_imr_sqrt"],
    "judicial": lambda country, relevant: country.values["judicialreform"] + country.values["even_civilrights"],
    "minority": lambda country, relevant: country.values["minorityrule"],
    "exclusion": lambda country, relevant: country.values["exclpop"],
    "discrimination": lambda country, relevant: float(country.values["discrimpop"] > 0.0),
    "conflict": lambda country, relevant: float(max(conflict_of(country.values["battledeaths.log2"]) - 1, 0)),
    "coup": lambda country, relevant: country.values["coup.try.5yr"],
    "ever": lambda country, relevant: float(
        country.values["mk_ever"] > 0.0 or country.values["mk_ongoing_count"] > 0.0
    ),
    "ongoing": lambda country, relevant: min(country.values["mk_ongoing_count"], 2.0),
    "killing": lambda country, relevant: country.values["pol_killing_approved"],
    "ban": lambda country, relevant: country.values["partyban.new.1"],
    "growth": lambda country, relevant: country.values["gdppcgrowth"],
}
"""What each latent stands for, of a complete country and its number of politically relevant groups."""


def observed(country: Country, relevant: int) -> dict[str, float]:
    """Give what is behind each latent, in the units of the predictors."""
    return {name: of(country, relevant) for name, of in LATENTS.items()}


def latents_of(values: Mapping[str, float], mapping: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, float]:
    """Turn observed values into latents.

    Parameters
    ----------
    values : mapping of str to float
        As `observed` gives them.
    mapping, data : mapping
        ``import.toml`` and ``generator.toml``.

    Returns
    -------
    dict of str to float
        Standard normal over the states of 2014.
    """
    shares = data["shares"]
    quantiles = {**mapping["latents"]["quantiles"], "income": data["income"]["quantiles"]}
    levels: dict[str, Sequence[float]] = {
        **mapping["latents"]["at_most"],
        "conflict": (1.0 - shares["war"] - shares["minor"], 1.0 - shares["war"], 1.0),
        "ongoing": (1.0 - shares["ongoing"], 1.0 - shares["ongoing_two"], 1.0),
        **{name: _flag(shares[name]) for name in ("ever", "coup", "killing", "ban")},
    }
    found = {}
    for name, value in values.items():
        if name == "groups":
            numbers = data["groups"]["numbers"]
            level = next((k for k, number in enumerate(numbers) if value <= number), len(numbers) - 1)
            found[name] = level_score(data["groups"]["at_most"], level)
        elif name in quantiles:
            found[name] = quantile_score(quantiles[name], value)
        else:
            found[name] = level_score(levels[name], int(value))
    return found


def conditional(copula: Copula, latents: Mapping[str, float], name: str) -> tuple[float, float]:
    """Give mean and standard deviation of one latent, given all others.

    Parameters
    ----------
    copula : Copula
        The correlations.
    latents : mapping of str to float
        Values of all latents; that of `name` is not used.
    name : str
        Which one.
    """
    import numpy as np

    factor = np.array(copula.factor)
    full = factor @ factor.T
    place = copula.names.index(name)
    rest = [k for k in range(len(copula.names)) if k != place]
    weights = np.linalg.solve(full[np.ix_(rest, rest)], full[rest, place])
    mean = float(weights @ np.array([latents[copula.names[k]] for k in rest]))
    return mean, math.sqrt(max(1.0 - float(weights @ full[rest, place]), 0.0))


# -- columns -----------------------------------------------------------------------------------------------------------


def signal(latents: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Add up latents by the weights of a column."""
    return math.fsum(weight * latents[name] for name, weight in weights.items())


def openness(country: Country) -> float:
    """Give the openness of the regime: mean of free discussion, justice with civil rights, and no rule of a minority.

    Returns
    -------
    float
        0-1.
    """
    values = country.values
    justice = (values["judicialreform"] + values["even_civilrights"]) / 3.0
    return (values["freediscussion"] + justice + 1.0 - values["minorityrule"]) / 3.0


def column_level(
    column: str,
    spec: Mapping[str, Any],
    country: Country,
    latents: Mapping[str, float],
    scales: tuple[float, float],
    noise: float | None,
) -> float:
    """Give the level of a column outside of war, 0-1; growth in its own unit.

    With noise the level is a draw from what the generator would give a state of these predictors; what a level such as
    0 or 1 leaves open of its latent is drawn too. Without, it is typical of them, and as dispersed over all states.

    Parameters
    ----------
    column : str
        Its name.
    spec : mapping
        Its table in ``generator.toml``.
    country, latents : Country, mapping of str to float
        The state.
    scales : (float, float)
        Standard deviation of the sum of latents in the generator, and among the states of 2014 as observed.
    noise : float or None
        Standard normal, for the part that the predictors leave open.
    """
    if column == "regime":
        return rounded(openness(country))
    whole, seen = scales
    total = signal(latents, spec["weights"])
    if noise is None:
        score = total / seen
    else:
        part = min(spec["fit"] * seen / whole, 1.0)
        score = part * total / seen + math.sqrt(1.0 - part * part) * noise
    return rounded(interpolate(spec["quantiles"], phi(score)))
