"""The assumptions that late_response_wins.py varies, and how a scenario is changed to hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from scipy.stats import qmc

from r2psim import Scenario
from r2psim.scenario.catalogue import Effect
from r2psim.scenario.loading import scenario_of
from r2psim.scenario.parameters import PARAMETERS

__all__ = [
    "FACTORS",
    "LEDGERS",
    "MECHANISMS",
    "PARTS",
    "Factor",
    "Ledger",
    "Point",
    "changed",
    "design",
    "size_at",
]


@dataclass(frozen=True)
class Factor:
    """An assumption that the design varies.

    Attributes
    ----------
    words : str
        What it is, with its unit; as in the figure.
    low, high : float
        Ends of its range.
    scale : str
        ``linear``, ``log`` or ``whole``: how the design is spread over the range.
    paths : tuple of str
        Parameters that it sets; empty where it is the horizon or changes the catalogue.
    relative : bool
        Whether it multiplies what the scenario has, instead of replacing it.
    """

    words: str
    low: float
    high: float
    scale: str = "linear"
    paths: tuple[str, ...] = ()
    relative: bool = False

    def at(self, share: float) -> float:
        """Give the value at a share 0-1 of the range, to four significant digits."""
        if self.scale == "log":
            return float(f"{self.low * (self.high / self.low) ** share:.4g}")
        if self.scale == "whole":
            return float(int(self.low + share * (self.high - self.low + 1)))
        return float(f"{self.low + share * (self.high - self.low):.4g}")


_GDP = ("harm.gdp_war", "harm.gdp_minor", "harm.gdp_atrocity")
_DANGER = ("stages.to_imminent.base", "stages.to_atrocity.base")

FACTORS: dict[str, Factor] = {
    "effect": Factor("Effect of all assistance (times the catalogue's)", 0.0, 1.5, paths=("assistance.effect_scale",)),
    "prevention_sizes": Factor("Effects of prevention (-1 harmful, 1 helpful)", -1.0, 1.0),
    "response_sizes": Factor("Effects of response (-1 harmful, 1 helpful)", -1.0, 1.0),
    "backfires": Factor("Prevention backfires (times the catalogue's)", 0.0, 6.0),
    "backlash": Factor("Harm of what backfires (share of its effect)", 0.0, 1.0, paths=("assistance.backlash_size",)),
    "screening": Factor("Screening, do no harm (0-1)", 0.0, 1.0, paths=("principles.harm.screening",)),
    "openness": Factor("Consent without commitment (0-1)", 0.0, 1.0, paths=("assistance.openness",)),
    "ownership": Factor("Weight of national ownership (0-1)", 0.0, 1.0, paths=("principles.ownership.strength",)),
    "complexity": Factor("Effect lost per form too many (ratio)", 0.0, 1.0, paths=("challenges.complexity.strength",)),
    "moral_hazard": Factor("Moral hazard (log hazard)", 0.0, 0.3, paths=("conflict.onset.moral_hazard",)),
    "noise": Factor("Error of risk assessments (0-1)", 0.0, 0.6, paths=("observation.noise",)),
    "budget": Factor("All budgets (times the scenario's)", 0.1, 10.0, "log", ("assistance.budget_scale",)),
    "delay": Factor("Debate before a mandate (months)", 1.0, 36.0, "log", ("response.mandate_delay",)),
    "danger": Factor("Rates of grave stages (times the scenario's)", 0.25, 4.0, "log", _DANGER, relative=True),
    "gdp_lost": Factor("GDP lost in violence (times the model's)", 0.0, 2.0, paths=_GDP, relative=True),
    "gdp_recovery": Factor("Half-life of lost GDP (years)", 1.0, 20.0, "log", ("harm.gdp_recovery",)),
    "years": Factor("Horizon (years)", 5.0, 30.0, "whole"),
}


class Ledger(NamedTuple):
    """An account of a run, in which less is better.

    Attributes
    ----------
    words : str
        What it is.
    metrics : tuple of str
        Those of `r2psim.ensemble.measures.METRICS` that are added up.
    twins : tuple of str
        Metrics of the run's null twin, in which assistance has no effect, that are taken off: what is left of them is
        owed to what assistance did to harm. Under every policy twins see the same harm.
    """

    words: str
    metrics: tuple[str, ...]
    twins: tuple[str, ...] = ()


LEDGERS: dict[str, Ledger] = {
    "killed": Ledger("killed", ("deaths",)),
    "episodes": Ledger("episodes of atrocity", ("episodes",)),
    "need": Ledger("response needed, paid for or not", ("response_needed",)),
    "saved": Ledger("response, by harm avoided alone", ("response_cost",), ("response_cost",)),
    "net": Ledger("prevention, less response so saved", ("prevention_and_response",), ("response_cost",)),
    "bill": Ledger("the donors' bill", ("prevention_and_response",)),
    "total": Ledger("all costs, with lost GDP", ("total_cost",)),
}
"""Ledgers that have a verdict; persons, episodes or US$ a run."""

PARTS: dict[str, Ledger] = {
    "spent": Ledger("prevention", ("spent_prevention",)),
    "withheld": Ledger("response not given, whatever the harm", (), ("response_cost",)),
}
"""What the donors' bill differs by, beside `saved`: no policy wins by withholding, so these have no verdict."""

_NO_SCREEN = {"screening": 0.0, "backlash": 1.0}
_BEST_RESPONSE = {"response_sizes": 1.0, "delay": 1.0}
_DILUTED = {"challenges.complexity.coordination": 0.0, "challenges.complexity.free": 0.0}

MECHANISMS: dict[str, tuple[dict[str, float], dict[str, float]]] = {
    "as the catalogue has it": ({}, {}),
    "assistance has no effect": ({"effect": 0.0}, {}),
    "half the effect": ({"effect": 0.5}, {}),
    "preventive forms at the harmful end": ({"prevention_sizes": -1.0}, {}),
    "unscreened, backlash at full size": (_NO_SCREEN, {}),
    "the same, six times as often": (_NO_SCREEN | {"backfires": 6.0}, {}),
    "forms dilute each other fully": ({"complexity": 1.0}, _DILUTED),
    "most moral hazard, unscreened": ({"moral_hazard": 0.3, "screening": 0.0}, {}),
    "a tenth of the money": ({"budget": 0.1}, {}),
    "ten times the money": ({"budget": 10.0}, {}),
    "response at its best, mandate in a month": (_BEST_RESPONSE, {}),
    "the same, ten times the money": (_BEST_RESPONSE | {"budget": 10.0}, {}),
    "response at its best, prevention at the harmful end": (_BEST_RESPONSE | {"prevention_sizes": -1.0}, {}),
    "that, with ten times the money": (_BEST_RESPONSE | {"budget": 10.0, "prevention_sizes": -1.0}, {}),
}
"""Mechanism -> factors, and further parameters, that are changed; all else is the scenario's."""


@dataclass(frozen=True)
class Point:
    """Something to run: its kind (``design``, ``mechanism``, ``check``), name, changes, and luck."""

    kind: str
    name: str
    values: Mapping[str, float]
    runs: int
    seed: int
    first_run: int = 0
    parameters: Mapping[str, float] = field(default_factory=dict)


def size_at(effect: Effect, position: float) -> float:
    """Give the size of an effect between the harmful end of its range (-1), its own (0) and the helpful end (1)."""
    less = effect.channel.helps == "less"
    worst, best = (effect.high, effect.low) if less else (effect.low, effect.high)
    end = best if position > 0.0 else worst
    # Added up this way, both ends are met exactly.
    return (1.0 - abs(position)) * effect.size + abs(position) * end


def changed(base: Scenario, point: Point) -> Scenario:
    """Give the scenario of a point; the check of scenarios refuses what a declaration does not allow."""
    data = base.resolved()
    asked = dict(point.parameters)
    for key, value in point.values.items():
        factor = FACTORS[key]
        for path in factor.paths:
            own = base.parameters.get(path, PARAMETERS[path].default)
            asked[path] = value * own if factor.relative else value
    for path, value in asked.items():
        *tables, last = path.split(".")
        table = data["parameters"]
        for name in tables:
            table = table[name]
        table[last] = value
    for key, form in base.forms.items():
        preventive = form.ledger == "prevention"
        position = point.values.get("prevention_sizes" if preventive else "response_sizes", 0.0)
        for effect in form.effects:
            data["forms"][key]["effects"][effect.on]["size"] = size_at(effect, position)
        if preventive:
            data["forms"][key]["backlash"] = min(1.0, form.backlash * point.values.get("backfires", 1.0))
    return scenario_of(data, base.name)


def design(count: int, runs: int, seed: int) -> list[Point]:
    """Spread points evenly over all factors; each has luck of its own."""
    shares = qmc.Sobol(len(FACTORS), seed=seed).random(count)
    return [
        Point("design", str(i), {key: f.at(x) for (key, f), x in zip(FACTORS.items(), share, strict=True)}, runs, seed,
              i * runs)
        for i, share in enumerate(shares)
    ]  # fmt: skip
