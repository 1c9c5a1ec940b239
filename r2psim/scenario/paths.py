"""Numbers that a path leads to: parameters, effects of forms and their other numbers, with what is declared of each.

Paths are those of ``--set``, of factors and of sliders: ``observation.noise``,
``policies.prevention.parameters.observation.noise``, ``forms.mediation.effects.to_atrocity.size``,
``forms.mediation.unit_cost``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from r2psim.declarations.channels import CHANNELS
from r2psim.scenario.catalogue import FORM_NUMBERS, Form, accepted
from r2psim.scenario.forms import Effect
from r2psim.scenario.parameters import PARAMETERS

__all__ = [
    "FormNumber",
    "Number",
    "about_path",
    "effect_path",
    "effects_by_path",
    "form_number",
    "form_numbers",
    "number_at",
    "parameter_of",
]

_UNITS = {"multiplier": "factor", "raise": "0-1"}


class FormNumber(NamedTuple):
    """A number of a form: the form, its key, and the channel where it is the size of an effect."""

    form: str
    key: str
    channel: str | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys from the form's table to the number."""
        return (self.key,) if self.channel is None else ("effects", self.channel, self.key)

    @property
    def path(self) -> str:
        """The path."""
        return ".".join(("forms", self.form, *self.keys))


class Number(NamedTuple):
    """What is declared of a number.

    Attributes
    ----------
    path, meaning, unit : str
        Where it stands, what it is, in what unit it is given.
    value, low, high : float
        As the scenario has it, and what is accepted.
    label : str
        Evidence label, a key of `r2psim.scenario.parameters.LABELS`.
    source : tuple of str
        Keys of `r2psim.scenario.parameters.SOURCES`.
    ranged : bool
        Whether `low` and `high` are the range held possible, which studies sample, and not only what is accepted.
    """

    path: str
    meaning: str
    unit: str
    value: float
    low: float
    high: float
    label: str
    source: tuple[str, ...]
    ranged: bool


def parameter_of(path: str) -> tuple[str | None, str] | None:
    """Give the policy (None for the scenario itself) and the parameter that a path sets, or None if it sets none.

    Examples
    --------
    >>> parameter_of("observation.noise"), parameter_of("policies.prevention.parameters.observation.noise")
    ((None, 'observation.noise'), ('prevention', 'observation.noise'))
    >>> parameter_of("years") is None
    True
    """
    parts = path.split(".", 3)
    if len(parts) == 4 and (parts[0], parts[2]) == ("policies", "parameters"):
        return (parts[1], parts[3]) if parts[3] in PARAMETERS else None
    return (None, path) if path in PARAMETERS else None


def form_number(path: str) -> FormNumber | None:
    """Give the number of a form that a path sets, whether or not there is such a form, or None if it sets none.

    Examples
    --------
    >>> form_number("forms.mediation.effects.to_atrocity.size")
    FormNumber(form='mediation', key='size', channel='to_atrocity')
    >>> form_number("forms.mediation.lag"), form_number("forms.mediation.name")
    (FormNumber(form='mediation', key='lag', channel=None), None)
    """
    match path.split("."):
        case ["forms", form, "effects", channel, "size"] if channel in CHANNELS:
            return FormNumber(form, "size", channel)
        case ["forms", form, key] if key in FORM_NUMBERS:
            return FormNumber(form, key)
    return None


def effect_path(form: str, on: str) -> str:
    """Give the path of the size of an effect."""
    return FormNumber(form, "size", on).path


def effects_by_path(forms: Mapping[str, Form]) -> dict[str, Effect]:
    """Give every effect by the path of its size."""
    return {effect_path(key, effect.on): effect for key, form in forms.items() for effect in form.effects}


def form_numbers(forms: Mapping[str, Form]) -> Iterator[FormNumber]:
    """Yield every number of every form: what it costs, how fast it works and so on, then its effects."""
    for key, form in forms.items():
        yield from (FormNumber(key, name) for name in FORM_NUMBERS)
        yield from (FormNumber(key, "size", effect.on) for effect in form.effects)


def number_at(path: str, forms: Mapping[str, Form]) -> Number | None:
    """Give what is declared of a parameter or of a number of a form, or None where a path leads to neither.

    Parameters
    ----------
    path : str
        As in ``--set``.
    forms : mapping of str to Form
        Those of the scenario. The value of a parameter is its default: a scenario knows its own.

    Examples
    --------
    >>> from r2psim.scenario.catalogue import catalogue
    >>> found = number_at("forms.mediation.effects.to_atrocity.size", catalogue())
    >>> found.value, found.low, found.high, found.meaning
    (0.75, 0.5, 1.0, 'mediation: hazard of stage 4: from imminent risk to atrocity')
    """
    if parameter := parameter_of(path):
        p = PARAMETERS[parameter[1]]
        return Number(path, p.description, p.unit, p.default, p.low, p.high, p.label, p.source, True)
    found = form_number(path)
    if found is None or found.form not in forms:
        return None
    form = forms[found.form]
    if found.channel is None:
        meaning, unit = FORM_NUMBERS[found.key]
        low, high = accepted(found.key)
        value = float(getattr(form, found.key))
        return Number(path, f"{form.key}: {meaning}", unit, value, low, high, form.label, form.source, False)
    effect = next((e for e in form.effects if e.on == found.channel), None)
    if effect is None:
        return None
    meaning, unit = about_path(path)
    return Number(path, meaning, unit, effect.size, effect.low, effect.high, effect.label, effect.source, True)


def about_path(path: str) -> tuple[str, str]:
    """Give meaning and unit of what a path leads to; empty where it leads to no number that is declared.

    Examples
    --------
    >>> about_path("forms.mediation.lag")
    ('mediation: time to the full effect, once funded', 'months')
    """
    if parameter := parameter_of(path):
        return PARAMETERS[parameter[1]].description, PARAMETERS[parameter[1]].unit
    found = form_number(path)
    if found is None:
        return "", ""
    if found.channel is None:
        meaning, unit = FORM_NUMBERS[found.key]
        return f"{found.form}: {meaning}", unit
    channel = CHANNELS[found.channel]
    return f"{found.form}: {channel.meaning}", _UNITS[channel.kind]
