"""What a role is, and what the states are: a card for each, made from the scenario and the words of ``roles.toml``.

Nothing here knows how a run goes: cards hold what is known before the first month.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from r2psim.declarations.columns import B, S
from r2psim.seminar.casts import declared, family_of
from r2psim.seminar.roles import Role
from r2psim.seminar.visibility import Assessment, PublicState

if TYPE_CHECKING:
    from r2psim.scenario import Scenario
    from r2psim.scenario.forms import Form
    from r2psim.world.build import World

__all__ = [
    "BESIDE",
    "Card",
    "FormCard",
    "StateCard",
    "cards_of",
    "form_card_of",
    "listed",
    "state_cards_of",
    "told_of",
]

REGIMES = ((0.65, "a democracy"), (0.4, "neither a democracy nor an autocracy"), (0.0, "an autocracy"))
"""From which openness of its regime (0-1) on a state is called what."""

CONFLICTS = {
    "peace": "There is peace",
    "recovery": "It is recovering from an armed conflict",
    "minor conflict": "There is a minor armed conflict",
    "war": "There is war",
}

BESIDE = {
    "low": "lower than usual",
    "usual": "not clearly different from usual",
    "high": "higher than usual",
    "very high": "far higher than usual",
}
"""Words of `r2psim.seminar.visibility.Assessment.beside`."""

NAMED = 3
"""Forms of assistance that a card names as examples."""


@dataclass(frozen=True, slots=True)
class Card:
    """What a role is.

    Attributes
    ----------
    role : Role
        Which.
    family : str
        What it is a case of: a key of the cards in ``roles.toml``.
    may : tuple of str
        What it may do: each goes on from "may".
    wants, dilemma : str
        What it wants, and what it struggles with.
    """

    role: Role
    family: str
    may: tuple[str, ...]
    wants: str
    dilemma: str


@dataclass(frozen=True, slots=True)
class StateCard:
    """What everybody knows of a state before the first month.

    Attributes
    ----------
    key, name, region : str
        Identifier, name, region.
    people : float
        Population.
    regime : str
        How it is ruled, in words.
    neighbours : tuple of str
        Keys of the states that it borders.
    """

    key: str
    name: str
    region: str
    people: float
    regime: str
    neighbours: tuple[str, ...]


def listed(names: list[str], most: int = 0) -> str:
    """Name some things in a sentence.

    Examples
    --------
    >>> listed(["Halvern"]), listed(["Halvern", "Ostrel", "Orlund"]), listed(["a", "b", "c"], most=2)
    ('Halvern', 'Halvern, Ostrel and Orlund', 'a, b and 1 more')
    """
    shown = names if not most or len(names) <= most else [*names[:most], f"{len(names) - most} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def cards_of(roles: Mapping[str, Role], scenario: Scenario, world: World) -> dict[str, Card]:
    """Give the card of every role of a world."""
    words = declared()["cards"]
    found = {}
    for key, role in roles.items():
        family = family_of(role, scenario)
        found[key] = Card(role, family, tuple(_may(role, scenario, world)), **words[family])
    return found


def _may(role: Role, scenario: Scenario, world: World) -> list[str]:
    """Say what a role may do."""
    said = []
    if role.votes:
        said.append("vote on a mandate for every state, each year")
    if role.veto:
        said.append("stop a mandate alone: a vote against is a veto")
    if role.state is not None:
        said.append(f"consent to assistance in {world.names[role.state]}, or refuse it, each year")
    if role.body is not None:
        b = world.bodies.index(role.body)
        rows = world.rows
        forms = [
            scenario.forms[world.forms[f]].name
            for f in rows.provides[rows.provides_start[b] : rows.provides_start[b + 1]].tolist()
        ]
        members = int(rows.member_start[b + 1] - rows.member_start[b])
        where = "all states" if members == len(world.states) else f"{members} of the {len(world.states)} states"
        money = _money(float(rows.body[B.budget, b]))
        kinds = "one kind" if len(forms) == 1 else f"{len(forms)} kinds"
        whose = "with the other members, allocate the Council's money," if role.votes else "allocate"
        said.append(f"{whose} about {money} a year to {kinds} of assistance in {where}, such as {_examples(forms)}")
    return said


def _examples(forms: list[str]) -> str:
    """Name a few forms as they stand within a sentence."""
    # From all over the list: those beside each other are much alike.
    step = max(1, len(forms) // NAMED)
    few = forms[::step][:NAMED]
    return listed([name if name[:2].isupper() else name[:1].lower() + name[1:] for name in few])


def _money(dollars: float) -> str:
    """Write a large amount in words.

    Examples
    --------
    >>> _money(4.2e9), _money(35e6), _money(600e3)
    ('US$ 4.2 billion', 'US$ 35 million', 'US$ 600,000')
    """
    for size, word in ((1e9, "billion"), (1e6, "million")):
        if dollars >= size:
            return f"US$ {dollars / size:.2g} {word}" if dollars < 100 * size else f"US$ {dollars / size:,.0f} {word}"
    return f"US$ {dollars:,.0f}"


def state_cards_of(world: World) -> dict[str, StateCard]:
    """Give the card of every state of a world."""
    rows = world.rows
    found = {}
    for s, key in enumerate(world.states):
        near = rows.neighbour[rows.neighbour_start[s] : rows.neighbour_start[s + 1]].tolist()
        openness = float(rows.state[S.regime, s])
        found[key] = StateCard(
            key=key,
            name=world.names[key],
            region=world.regions[s],
            people=float(rows.state[S.population, s]),
            regime=next(words for least, words in REGIMES if openness >= least),
            neighbours=tuple(world.states[n] for n in near),
        )
    return found


def told_of(card: StateCard, state: PublicState, names: Mapping[str, str], own: Assessment | None, usual: float) -> str:
    """Tell of a state in two sentences: what it is, and how it stands as somebody sees it.

    Parameters
    ----------
    card : StateCard
        What it is.
    state : PublicState
        What everybody sees of it now.
    names : mapping of str to str
        Identifier -> name.
    own : Assessment or None
        How the reader assesses it, where the reader does.
    usual : float
        Risk of a typical state.
    """
    near = f"borders {listed([names[n] for n in card.neighbours])}" if card.neighbours else "borders none of the others"
    people = f"{card.people / 1e6:.2g} million" if card.people < 1e8 else f"{card.people / 1e6:,.0f} million"
    place = f"in the region {card.region}, " if card.region else ""
    first = f"{card.name}, {place}has {people} people, {near}, and was {card.regime} when the exercise began."
    how = CONFLICTS[state.conflict]
    if state.in_atrocity:
        how += ", an atrocity goes on"
    seen, who = (state.seen, "the public assessment of its risk is") if own is None else (own, "you see its risk as")
    return f"{first} {how}, and {who} {BESIDE[seen.beside(usual)]}."


@dataclass(frozen=True, slots=True)
class FormCard:
    """What a form of assistance does, as those who pay for it must know.

    Attributes
    ----------
    does, soon, harm : str
        What is done; how soon it works, and how long without money; where it may do harm or nothing. A sentence or two
        each.
    """

    does: str
    soon: str
    harm: str


def form_card_of(form: Form) -> FormCard:
    """Give the card of a form of the catalogue."""
    soon = f"Works in full {_time(form.lag)} after it is first paid for" if form.lag else "Works at once"
    soon += f", and fades to half in {_time(form.half_life)} without money."
    harm = []
    if form.backlash > 0.0:
        harm.append(f"May backfire: in up to 1 of {1.0 / form.backlash:.0f} places.")
    if form.consent >= 0.8:
        harm.append("Does next to nothing where the government does not consent.")
    elif form.consent >= 0.3:
        harm.append("Does less where the government does not consent.")
    if form.under_perpetrator < 0.5:
        harm.append("Does little where the government itself commits the crimes.")
    if any(effect.harm is not None for effect in form.effects):
        harm.append("Studies do not rule out that it does harm.")
    return FormCard(form.description, soon, " ".join(harm) or "No harm of it is known.")


def _time(months: float) -> str:
    """Write a time in years where it is some.

    Examples
    --------
    >>> _time(1), _time(10), _time(12), _time(30), _time(48)
    ('1 month', '10 months', '1 year', '2.5 years', '4 years')
    """
    number, unit = (months, "month") if months < 12 else (months / 12.0, "year")
    return f"{number:.2g} {unit}{'' if number == 1 else 's'}"
