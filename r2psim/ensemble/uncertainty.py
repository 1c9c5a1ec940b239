"""What every run draws anew: the calibrated parameters, and the sizes of the effects of assistance.

The parameters of run ``i`` are draw ``i`` of the posterior sample that ships, and so are, together, the effects that
were fitted to studies (`r2psim.analysis.trials`). The size of any other effect is drawn from a triangular distribution
over its declared range, with its mode at the size that the catalogue gives. Ranges include no effect, and harm where
there is evidence of harm; that they are the whole of what is possible, that sizes between are as likely as a triangle
says, and that effects are independent of each other are assumptions. Bodies that choose do not know the draw: they
expect what the catalogue gives.

A draw depends on the seed, the number of the run and the effect, and on nothing else: it is the same for every policy,
in any chunk and on any thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.rules.draws import EFFECT_SIZE, draws_of, uniforms
from r2psim.scenario.catalogue import catalogue
from r2psim.scenario.paths import effects_by_path, form_number
from r2psim.scenario.posterior import read_effects, read_posterior
from r2psim.world.assistance import size_in_rules
from r2psim.world.entity_ids import identity

if TYPE_CHECKING:
    from r2psim.scenario import Scenario
    from r2psim.world.rows import Rows

__all__ = ["Drawing", "triangular", "with_draw", "with_effect"]


KEPT = 1024
"""Runs of which the draws are kept, for the other policies."""


def triangular(u: np.ndarray, low: np.ndarray, mode: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Turn uniform numbers into numbers of triangular distributions.

    Parameters
    ----------
    u : numpy.ndarray
        In [0, 1).
    low, mode, high : numpy.ndarray, shape of `u`
        Ends, and the most likely value; low below high.

    Examples
    --------
    >>> triangular(np.array([0.0, 0.5, 0.875]), np.zeros(3), np.ones(3), np.full(3, 2.0)).tolist()
    [0.0, 1.0, 1.5]
    """
    width = high - low
    rising = u * width < mode - low
    from_low = low + np.sqrt(u * width * (mode - low))
    from_high = high - np.sqrt((1.0 - u) * width * (high - mode))
    found: np.ndarray = np.clip(np.where(rising, from_low, from_high), low, high)
    return found


class Drawing:
    """The draws of a scenario, run by run.

    Parameters
    ----------
    scenario : Scenario
        With everything generated.
    drawn : sequence of str
        Paths of what is drawn, as `r2psim.scenario.posterior.drawn_in` gives them.
    seed : int
        That of the runs.
    """

    def __init__(self, scenario: Scenario, drawn: Sequence[str], seed: int) -> None:
        self.scenario, self.seed = scenario, seed
        everything = effects_by_path(scenario.forms)
        wanted = set(drawn)
        self.rates = tuple(path for path in read_posterior()[0] if path in wanted)
        self.effects = {path: effect for path, effect in everything.items() if path in wanted}
        self._places = np.array([i for i, path in enumerate(everything) if path in wanted], dtype=np.int64)
        self._identities = np.array([identity(f"effect:{path}") for path in self.effects], dtype=np.uint64)
        # A scenario that changes an effect says something else than the catalogue, to which the studies were fitted.
        shipped = effects_by_path(catalogue())
        self.studied = {
            path for path in (read_effects() or ({},))[0] if self.effects.get(path) == shipped.get(path, ...)
        }
        self._ends = [np.array([getattr(e, end) for e in self.effects.values()]) for end in ("low", "size", "high")]
        # Each policy asks for the same runs.
        self._in_rules = lru_cache(maxsize=KEPT)(self._in_rules_of)
        # There are fewer draws than runs.
        self._values = lru_cache(maxsize=None)(self._values_of)

    def parameters_of(self, run: int) -> dict[str, float]:
        """Give the drawn parameters of a run by path."""
        draws = read_posterior()
        found = draws[run % len(draws)]
        return {path: found[path] for path in self.rates}

    def sizes_of(self, run: int) -> dict[str, float]:
        """Give the drawn sizes of effects of a run by path, each as the catalogue writes it: a factor, or an amount."""
        if not self.effects:
            return {}
        u = np.empty(len(self._identities))
        uniforms(draws_of(self.seed, run, 0), self._identities, EFFECT_SIZE, u)
        found = dict(zip(self.effects, triangular(u, *self._ends).tolist(), strict=True))
        if self.studied:
            draws = read_effects()
            found |= {path: size for path, size in draws[run % len(draws)].items() if path in self.studied}
        return found

    def values_of(self, run: int, policy: str) -> np.ndarray:
        """Give the value of every parameter in a run of a policy, shape (len(PARAMETERS),)."""
        return self._values(run % len(read_posterior()), policy).copy()

    def _values_of(self, draw: int, policy: str) -> np.ndarray:
        """Give the same for a draw."""
        parameters = self.scenario.parameters | self.parameters_of(draw)
        return replace(self.scenario, parameters=parameters).parameter_values(policy)

    def rows_of(self, run: int, rows: Rows) -> Rows:
        """Give rows whose effects are those of a run; everything else is shared with `rows`."""
        if not self.effects:
            return rows
        sizes, harms = rows.effect_size.copy(), rows.effect_harms.copy()
        sizes[self._places], harms[self._places] = self._in_rules(run)
        return rows._replace(effect_size=sizes, effect_harms=harms)

    def _in_rules_of(self, run: int) -> tuple[list[float], list[float]]:
        """Give sizes as rules add them up, and whether each does harm."""
        pairs = list(zip(self.effects.values(), self.sizes_of(run).values(), strict=True))
        return [size_in_rules(e.on, x) for e, x in pairs], [float(e.channel.harms(x)) for e, x in pairs]


def with_draw(scenario: Scenario, run: int, drawn: Sequence[str], seed: int) -> Scenario:
    """Give a scenario with the draws of one run: what its effects are, while bodies expect what they did.

    Parameters
    ----------
    scenario : Scenario
        As loaded, or read back with every default filled in.
    run, seed : int
        Whose draws.
    drawn : sequence of str
        Paths of what is drawn, as `r2psim.scenario.posterior.drawn_in` gives them.
    """
    drawing = Drawing(scenario, drawn, seed)
    forms: dict[str, Any] = dict(scenario.changed_forms)
    for path, size in drawing.sizes_of(run).items():
        number = form_number(path)
        assert number is not None and number.channel is not None
        change = {"size": size, "expected": drawing.effects[path].believed, "known": True}
        forms[number.form] = with_effect(forms.get(number.form, {}), number.channel, change)
    return replace(scenario, parameters=scenario.parameters | drawing.parameters_of(run), changed_forms=forms)


def with_effect(form: Mapping[str, Any], on: str, change: Mapping[str, Any]) -> dict[str, Any]:
    """Give the changes of a form with those of one of its effects."""
    effects = form.get("effects", {})
    return {**form, "effects": {**effects, on: {**effects.get(on, {}), **change}}}
