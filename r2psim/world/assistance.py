"""The catalogue, the bodies' budgets and who may provide what become columns."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal
from math import floor, fsum, isfinite, log, prod
from typing import TYPE_CHECKING

import numpy as np

from r2psim.declarations.channels import CHANNELS, RESPONSE_MANDATES
from r2psim.declarations.columns import BODY, STAGES, STATE, STATE_KINDS
from r2psim.scenario.forms import PARTS
from r2psim.scenario.parameters import P
from r2psim.scenario.specs import PolicySpec
from r2psim.world.rows import sparse

if TYPE_CHECKING:
    from r2psim.scenario import Form, Scenario

__all__ = ["Assistance", "build_assistance", "size_in_rules"]

_CHANNEL_PLACE = {name: place for place, name in enumerate(CHANNELS)}
_GATES = {
    **{name: name for name in ("embargo", "jurisdiction", "inquiry", "requested")},
    "mission": "mission_troops",
}
"""Column of the state that opens the way to a form, by what the form waits for."""

MOST = 4e11
"""Largest budget of one body, US$ a year: over the longest run its cents stay below 2**53, where float64 is exact."""

EXACT = 12
"""Significant digits kept of logarithms."""

_LOGARITHMS = Context(prec=EXACT + 8)
"""Decimal arithmetic gives the same digits on every system; the last bit of ``math.log`` differs between them."""

_UNSURE = (1.0 - 1e-14, 1.0 + 1e-14)
"""Far wider than what ``math.log`` may be wrong by."""


@dataclass(frozen=True, slots=True)
class Assistance:
    """What `r2psim.world.build.build` puts into the rows; attributes as in `r2psim.world.rows.Rows`."""

    names: tuple[str, ...]
    forms: list[dict[str, float]]
    bodies: list[dict[str, float]]
    preference: dict[str, float]
    provides_start: np.ndarray
    provides: np.ndarray
    effect_start: np.ndarray
    effect_channel: np.ndarray
    effect_size: np.ndarray
    effect_harms: np.ndarray


def size_in_rules(on: str, size: float) -> float:
    """Give the size of an effect as rules add it up: the log of a factor, or what is added to a level."""
    if CHANNELS[on].kind != "multiplier":
        return size
    # Logarithms of different libraries differ in their last digits. Where that is of no account, nearly always, the
    # one at hand will do: a study draws a hundred sizes for every run.
    near = log(size)
    low, high = (f"{near * factor:.{EXACT}g}" for factor in _UNSURE)
    return float(low) if low == high else float(f"{_LOGARITHMS.ln(Decimal(size)):.{EXACT}g}")


def _cents_a_month(dollars_a_year: float) -> float:
    return float(floor(dollars_a_year * 100.0 / 12.0))


def _mandate_or_none(form: Form) -> int:
    return STATE.index["mandate"] if form.mandate else -1


def _potency(form: Form, assessing: float) -> float:
    """Give what bodies that choose expect of a form's effects, harm not counted; of an assessment what it is worth."""
    if form.assessment:
        return assessing
    expected = 0.0
    # Added one after the other: `sum` of numbers with fractions is another one from Python 3.12 on.
    for effect in form.effects:
        if not effect.channel.harms(effect.believed):
            expected += abs(size_in_rules(effect.on, effect.believed))
    return expected


def _form(form: Form, priority: float, share: float, assessing: float) -> dict[str, float]:
    """Give the columns of one form under a policy's priority and share for it, and what ``assessing`` is worth.

    Its potency is what bodies that choose expect of its effects, harm not counted, times the priority.
    """
    helps = [e for e in form.effects if not e.channel.harms(e.believed)]
    built = [e.on for e in helps if e.channel.kind == "raise" and e.on in STATE.index]
    return {
        "first_stage": form.stages[0],
        "last_stage": form.stages[1],
        "group_scope": float(form.scope == "group"),
        "unit_cost": _cents_a_month(form.unit_cost),
        "person_cost": form.person_cost * 100.0 / 12.0,
        "lag": form.lag,
        "half_life": form.half_life,
        "needs_assessment": float(form.needs_assessment),
        "is_assessment": float(form.assessment),
        "consent": form.consent,
        "under_perpetrator": form.under_perpetrator,
        "backlash": form.backlash,
        "response": float(form.ledger == "response"),
        "mandate": float(form.mandate),
        "military": float(form.military),
        "rapid": float(form.rapid),
        "gate": float(STATE.index[_GATES[form.waits_for]] if form.waits_for in _GATES else _mandate_or_none(form)),
        "part": float(list(PARTS).index(form.part)),
        "peaceful": float(form.peaceful),
        "troops": form.troops,
        "police": form.police,
        "civilians": form.civilians,
        "potency": priority * _potency(form, assessing),
        "need": float(STATE.index[built[0]]) if built else -1.0,
        "share": share,
    }


def _preference(policy: PolicySpec) -> dict[str, float]:
    """Give what a policy prefers, by column of `r2psim.declarations.columns.PREFERENCE`."""
    of_stage, of_kind = (policy.priorities.get(key, {}) for key in ("stages", "states"))
    shares = policy.shares.get("stages", {})
    weights = [of_stage.get(name, 1.0) for name in STAGES]
    kinds = [of_kind.get(name, 1.0) for name in STATE_KINDS]
    largest = max(weights) * prod(max(1.0, weight) for weight in kinds)
    return {
        **{f"stage_{k}": weight for k, weight in enumerate(weights)},
        **{f"kind_{name.replace('-', '_')}": weight for name, weight in zip(STATE_KINDS, kinds, strict=True)},
        **{f"share_{k}": shares.get(name, 0.0) for k, name in enumerate(STAGES)},
        "largest": largest if largest > 0.0 else 1.0,
        "selects": float(any(weight != 1.0 for weight in (*weights, *kinds))),
        "earmarks": float(any(share > 0.0 for of in policy.shares.values() for share in of.values())),
    }


def _wills(scenario: Scenario, p: np.ndarray) -> dict[str, float]:
    """Give every body's will: its own, and what a renewed commitment brings where there is a General Assembly."""
    convened = any("general-assembly" in body.mandates for body in scenario.bodies.values())
    renewed = float(p[P.challenges_will_renewed]) if convened else 0.0
    own = {key: body.values.get("will", BODY["will"].default) for key, body in scenario.bodies.items()}
    return {key: will + renewed * (1.0 - will) for key, will in own.items()}


def _attention(scenario: Scenario, p: np.ndarray) -> dict[str, float]:
    """Give how many programmes every body can fund at a time: its own number, or what the parameter says."""
    usual = float(p[P.assistance_attention])
    own = {key: body.values.get("attention", 0.0) for key, body in scenario.bodies.items()}
    return {key: float(floor(number if number > 0.0 else usual)) for key, number in own.items()}


def _budgets(scenario: Scenario, policy: PolicySpec, p: np.ndarray, provides: dict[str, list[int]]) -> dict[str, float]:
    """Give every body's budget under a policy, US$ a year.

    The scale applies to all, the policy's weights to the bodies that hold a mandate, the total staying the same. A
    prevention share from 0 on divides that total anew between the bodies of prevention and those of response, where
    there are both; a body that may provide nothing keeps its own. Relief multiplies what prevention has.
    """
    scale = float(p[P.assistance_budget_scale])
    given = {key: scale * body.values.get("budget", 0.0) for key, body in scenario.bodies.items()}
    response = {key: bool(RESPONSE_MANDATES & set(body.mandates)) for key, body in scenario.bodies.items()}
    able = [key for key, forms in provides.items() if forms]
    # Exact sums: in which order bodies stand, in a file or in memory, makes no difference to the last bit.
    total = fsum(given[key] for key in able)

    weights = policy.budgets
    weighed = {
        key: given[key] * max((weights[tag] for tag in scenario.bodies[key].mandates if tag in weights), default=1.0)
        for key in able
    }
    grown = fsum(weighed.values())
    if weights and grown > 0.0:
        given |= {key: value * total / grown for key, value in weighed.items()}

    share = float(p[P.assistance_prevention_share])
    parts = {side: fsum(given[key] for key in able if response[key] == side) for side in (True, False)}
    if share >= 0.0 and parts[True] > 0.0 and parts[False] > 0.0:
        factor = {True: (1.0 - share) * total / parts[True], False: share * total / parts[False]}
        given |= {
            key: given[key] * factor[response[key]]
            if isfinite(factor[response[key]])
            # A side that has next to nothing gets its share all the same: so much more that no number says it.
            else given[key] / parts[response[key]] * (share if not response[key] else 1.0 - share) * total
            for key in able
        }
    relief = float(p[P.challenges_resources_relief])
    return {key: min(float(floor(value * (1.0 if response[key] else relief))), MOST) for key, value in given.items()}


def build_assistance(scenario: Scenario, policy: str | None) -> Assistance:
    """Build the catalogue, the bodies and their budgets.

    Parameters
    ----------
    scenario : Scenario
        With its forms (the shipped catalogue and what the scenario changes) and bodies.
    policy : str or None
        Whose parameters set the budgets, and which priorities and shares; None for the scenario's own.
    """
    forms = scenario.forms
    places = {key: place for place, key in enumerate(forms)}
    provides = {
        key: [places[f] for f, form in forms.items() if set(form.providers) & set(body.mandates)]
        for key, body in scenario.bodies.items()
    }
    chosen = scenario.policy(policy) if policy is not None else PolicySpec()
    p = scenario.parameter_values(policy)
    budgets = _budgets(scenario, chosen, p, provides)
    attention = _attention(scenario, p)
    wills = _wills(scenario, p)
    assessing = float(p[P.assistance_assessment_worth])
    priorities, shares = (of.get("forms", {}) for of in (chosen.priorities, chosen.shares))
    effects = [
        [(_CHANNEL_PLACE[e.on], size_in_rules(e.on, e.size), float(e.channel.harms(e.size))) for e in form.effects]
        for form in forms.values()
    ]
    columns = [_form(form, priorities.get(key, 1.0), shares.get(key, 0.0), assessing) for key, form in forms.items()]
    # Training does little by itself: bodies expect of it what it adds to the peacekeepers whom it is for.
    of_peacekeepers = max(
        (_potency(form, assessing) for form in forms.values() if form.part == "peacekeepers"), default=0.0
    )
    for (key, form), entry in zip(forms.items(), columns, strict=True):
        if form.part == "training":
            entry["potency"] += priorities.get(key, 1.0) * float(p[P.assistance_training_gain]) * of_peacekeepers
    provides_start, provided = sparse(list(provides.values()))
    effect_start = np.zeros(len(effects) + 1, dtype=np.int64)
    effect_start[1:] = np.cumsum([len(e) for e in effects])
    return Assistance(
        names=tuple(forms),
        forms=columns,
        bodies=[
            {
                **body.values,
                "budget": budgets[key],
                "attention": attention[key],
                "will": wills[key],
                "regional": float("regional" in body.mandates),
                "responds": float(bool(RESPONSE_MANDATES & set(body.mandates))),
                "coordinates": float("coordination" in body.mandates),
                "court": float(body.mandates == ("court",)),
            }
            for key, body in scenario.bodies.items()
        ],
        preference=_preference(chosen),
        provides_start=provides_start,
        provides=provided,
        effect_start=effect_start,
        effect_channel=np.array([c for e in effects for c, _, _ in e], dtype=np.int64),
        effect_size=np.array([size for e in effects for _, size, _ in e], dtype=np.float64),
        effect_harms=np.array([harms for e in effects for _, _, harms in e], dtype=np.float64),
    )
