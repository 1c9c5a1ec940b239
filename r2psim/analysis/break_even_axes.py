"""What a break-even is looked for along: parameters and numbers of forms by their paths, and a few by plain names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from r2psim.ensemble.former_names import hint
from r2psim.scenario.catalogue import accepted
from r2psim.scenario.errors import listing
from r2psim.scenario.parameters import PARAMETERS
from r2psim.scenario.paths import form_numbers, number_at, parameter_of

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = ["NAMED", "Axis", "axes_of", "axis_of", "check_reach"]


@dataclass(frozen=True)
class Axis:
    """Something along which a break-even is looked for.

    Attributes
    ----------
    name : str
        As it was asked for.
    words, unit, short : str
        What it is; its unit, empty for a share or a ratio; in few words, with the unit.
    low, high : float
        Ends of what is looked at.
    least, most : float
        What is allowed.
    kind : {"path", "own", "lag", "horizon", "discount"}
        Whether it is a value of the world under every policy; one of the examined policy alone; a multiple of the time
        that forms take; or read off the runs, without any further ones: the horizon and the discount rate.
    path : str
        What is set, of the first two kinds.
    turned : bool
        Whether one minus the value is set.
    scale : {"linear", "log", "whole"}
        How places are spread.
    """

    name: str
    words: str
    unit: str
    low: float
    high: float
    least: float
    most: float
    kind: str = "path"
    path: str = ""
    turned: bool = False
    scale: str = "linear"
    short: str = ""

    @property
    def simulated(self) -> bool:
        """Whether another value takes other runs."""
        return self.kind not in ("horizon", "discount")

    @property
    def label(self) -> str:
        """Words and unit."""
        return f"{self.words} ({self.unit})" if self.unit else self.words

    def at(self, share: float) -> float:
        """Give the value at a share 0-1 of the range, to six significant digits between its ends.

        Examples
        --------
        >>> NAMED["effect"].at(0.25), NAMED["budget"].at(0.5), NAMED["discount"].at(1.0)
        (0.5, 1.0, 0.15)
        """
        if share in (0.0, 1.0):
            return self.low if share == 0.0 else self.high
        if self.scale == "log":
            return float(f"{self.low * (self.high / self.low) ** share:.6g}")
        value = self.low + share * (self.high - self.low)
        return float(round(value)) if self.scale == "whole" else float(f"{value:.6g}")

    def values(self, value: float, scenario: Scenario, policy: str) -> dict[str, float]:
        """Give what is set in the world, by path, for a value."""
        value = 1.0 - value if self.turned else value
        if self.kind == "path":
            return {self.path: value}
        if self.kind == "own":
            return {f"policies.{policy}.parameters.{self.path}": value}
        if self.kind == "lag":
            return {
                f"forms.{key}.lag": float(min(accepted("lag")[1], form.lag * value))
                for key, form in scenario.forms.items()
            }
        return {}

    def now(self, scenario: Scenario, policy: str, years: int, discount: float) -> float | None:
        """Give the value that the scenario has; None where each policy has another."""
        if self.kind in ("horizon", "discount"):
            return float(years) if self.kind == "horizon" else discount
        if self.kind == "lag":
            return 1.0
        if parameter := parameter_of(self.path):
            place = list(PARAMETERS).index(parameter[1])
            value = float(scenario.parameter_values(parameter[0] or policy)[place])
            return 1.0 - value if self.turned else value
        number = number_at(self.path, scenario.forms)
        return None if number is None else number.value


def _own(
    name: str, short: str, words: str, path: str, low: float, high: float, unit: str = "", **more: str | bool
) -> Axis:
    declared = PARAMETERS[path]
    scale, kind, turned = str(more.get("scale", "linear")), str(more.get("kind", "path")), bool(more.get("turned"))
    return Axis(name, words, unit, low, high, declared.low, declared.high, kind, path, turned, scale, short)


NAMED: dict[str, Axis] = {
    axis.name: axis
    for axis in (
        _own(
            "warning", "Signal of warning (share)", "Share of the true differences in risk that warning carries",
            "observation.signal", 0.0, 1.0,
        ),
        _own(
            "consent", "Consent without commitment (0-1)", "Consent of a government without any commitment",
            "assistance.openness", 0.0, 1.0,
        ),
        _own(
            "effect", "Effect (times the catalogue's)", "Effect of all assistance",
            "assistance.effect_scale", 0.0, 2.0, "times the catalogue's",
        ),
        _own(
            "will", "Missing will made good (share)",
            "Share of the will to prevent that bodies lack, made good under the policy",
            "challenges.will.strength", 0.0, 1.0, kind="own", turned=True,
        ),
        _own(
            "budget", "Budgets (times the scenario's)", "All budgets",
            "assistance.budget_scale", 0.25, 4.0, "times the scenario's", scale="log",
        ),
        Axis("lag", "Time until assistance works", "times the catalogue's", 0.25, 4.0, 0.0, 10.0, "lag",
             scale="log", short="Time to effect (times the catalogue's)"),
        Axis("horizon", "Horizon", "years", 1.0, 20.0, 1.0, 200.0, "horizon", scale="whole", short="Horizon (years)"),
        Axis("discount", "Discount rate", "a year", 0.0, 0.15, 0.0, 1.0, "discount", short="Discount rate (a year)"),
    )
}  # fmt: skip
"""Axes by plain names, with what is looked at where no range is given."""


def axis_of(asked: str, scenario: Scenario, years: int) -> Axis:
    """Read one axis, ``NAME`` or ``NAME=LOW:HIGH``.

    Parameters
    ----------
    asked : str
        A key of `NAMED`, or a path of a parameter or of a number of a form, as ``--set`` takes it; of a form's number
        that has no declared range, ends are needed.
    scenario : Scenario
        With everything generated.
    years : int
        Length of a run: the horizon reaches so far if no range is given.

    Raises
    ------
    ValueError
        If there is nothing of that name, or its ends are not allowed; the message says what is.

    Examples
    --------
    >>> from r2psim import load
    >>> found = axis_of("observation.noise=0:0.3", load("seminar"), 20)
    >>> found.low, found.high, found.words[:18]
    (0.0, 0.3, 'standard deviation')
    """
    name, given, ends = asked.partition("=")
    name = name.strip()
    if name in NAMED:
        axis = NAMED[name]
        axis = replace(axis, high=float(years)) if axis.kind == "horizon" else axis
    else:
        number = number_at(name, scenario.forms)
        if number is None:
            paths = [*NAMED, *PARAMETERS, *(found.path for found in form_numbers(scenario.forms))]
            said = hint(name, paths)
            raise ValueError(
                f"{name} is not allowed: one of {listing(NAMED, limit=len(NAMED))}, or the path of a parameter or of "
                f"a number of a form{said}"
            )
        parameter = parameter_of(name)
        if parameter is not None and parameter[0] is not None:
            scenario.policy(parameter[0])
        if not number.ranged and not given:
            raise ValueError(f"{name}: ends are needed, since no range is declared: {name}=LOW:HIGH")
        unit = "" if number.unit in ("0-1", "ratio", "1") else number.unit
        axis = Axis(name, number.meaning, unit, number.low, number.high, number.low, number.high, path=name, short=name)
    if given:
        axis = _with_ends(axis, name, ends)
    if not axis.low < axis.high:
        raise ValueError(f"{name}: {axis.low:g} to {axis.high:g} is not allowed: the first end below the second")
    return axis


def _with_ends(axis: Axis, name: str, ends: str) -> Axis:
    written = ends.split(":")
    try:
        low, high = (float(end) for end in written)
    except ValueError:
        raise ValueError(f"{name}: {ends} is not allowed: two numbers, LOW:HIGH") from None
    for end in (low, high):
        if not axis.least <= end <= axis.most:
            raise ValueError(f"{name}: {end:g} is not allowed: {axis.least:g} to {axis.most:g}")
        if axis.scale == "whole" and end != int(end):
            raise ValueError(f"{name}: {end:g} is not allowed: a whole number")
    scale = "linear" if axis.scale == "log" and low <= 0.0 else axis.scale
    return replace(axis, low=low, high=high, scale=scale)


def check_reach(axes: Sequence[Axis], scenario: Scenario, policy: str, baseline: str) -> None:
    """Refuse what would be gone along without reaching the policies.

    Raises
    ------
    ValueError
        If an axis belongs to a policy that is not run, or one that is run has a value set apart, which holds instead.
    """
    for axis in axes:
        parameter = parameter_of(axis.path) if axis.kind == "path" else None
        if parameter is None:
            continue
        owner, path = parameter
        if owner is not None and owner not in (policy, baseline):
            raise ValueError(f"{axis.name}: {owner} is not run; one of {listing((policy, baseline), limit=2)}")
        for name in (policy, baseline):
            if owner is None and f"policies.{name}.{path}" in scenario.overrides:
                raise ValueError(
                    f"{axis.name} does not reach {name}, for which policies.{name}.parameters.{path} is set apart; "
                    "take that away, or go along it"
                )


def axes_of(
    over: str | Sequence[str] | Mapping[str, tuple[float, float]], scenario: Scenario, years: int
) -> list[Axis]:
    """Read one axis or two: a text with a comma between, a list of texts, or a mapping of names to ends.

    Raises
    ------
    ValueError
        As `axis_of`; if there are none, more than two, or one twice.
    """
    if isinstance(over, str):
        asked = [part for part in over.split(",") if part.strip()]
    elif isinstance(over, Mapping):
        asked = [f"{name}={low!r}:{high!r}" for name, (low, high) in over.items()]
    else:
        asked = list(over)
    if not 1 <= len(asked) <= 2:
        raise ValueError(f"{len(asked)} things to go along: one or two are allowed")
    axes = [axis_of(part, scenario, years) for part in asked]
    if len(axes) == 2:
        first, second = axes
        if first.name == second.name or (first.path and first.path == second.path and first.kind == second.kind):
            raise ValueError(f"{first.name} and {second.name} are the same")
    return axes
