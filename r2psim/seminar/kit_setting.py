"""What all parts of a seminar's printed material are made from: a world that can be played, its cast, its length."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from r2psim.scenario.parameters import P, identifier
from r2psim.seminar.kit_cast import cast
from r2psim.seminar.kit_words import Words, load_words
from r2psim.seminar.limits import SeminarError
from r2psim.seminar.play import COUNTERFACTUALS
from r2psim.seminar.roles import Role
from r2psim.world.build import World

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = ["SCHEDULES", "Setting", "checked_minutes", "setting_of"]

Step = tuple[str, int]

_DEBRIEFING = ("believed", "happened", "why", "decided", "rewind", "luck")


def _schedule(start: dict[str, int], rounds: tuple[int, ...], pause: int, debriefing: tuple[int, ...], close: int,
              pause_after: int) -> tuple[Step, ...]:  # fmt: skip
    steps: list[Step] = list(start.items())
    for number, minutes in enumerate(rounds, 1):
        steps.append(("first_round" if number == 1 else "round", minutes))
        if pause and number == pause_after:
            steps.append(("break", pause))
    steps += zip(_DEBRIEFING, debriefing, strict=True)
    return (*steps, ("close", close))


SCHEDULES: dict[int, tuple[Step, ...]] = {
    90: _schedule({"welcome": 5, "world": 6, "roles": 5, "check": 4}, (12, 6, 6, 6), 0, (6, 5, 6, 5, 7, 5), 6, 0),
    180: _schedule(
        {"welcome": 8, "world": 8, "roles": 8, "check": 5},
        (15, 8, 8, 8, 8, 7, 7, 7),
        10,
        (10, 8, 10, 10, 13, 10),
        12,
        4,
    ),
}
"""Minutes of a seminar -> what happens, step by step, in minutes; keys of the table ``script`` of the words."""


def years_of(minutes: int) -> int:
    """Give the years that are played in so many minutes: one a round."""
    return sum(step in ("first_round", "round") for step, _ in SCHEDULES[minutes])


@dataclass(frozen=True)
class Setting:
    """A seminar that is to be held.

    Attributes
    ----------
    name_of_file : str
        How the scenario is named in commands.
    scenario : Scenario
        With everything generated.
    world : World
        Under the policy of sessions.
    roles : dict of str to Role
        All of the world.
    cast : dict of str to int
        Roles that people play -> how many share it.
    people, minutes, years : int
        How many people, how long, how many rounds.
    words : Words
        Language.
    """

    name_of_file: str
    scenario: Scenario
    world: World
    roles: dict[str, Role]
    cast: dict[str, int]
    people: int
    minutes: int
    years: int
    words: Words

    def name(self, key: str) -> str:
        """Give the name of a state, group or body."""
        return self.words.of(self.world.names[key])

    def title(self, role: Role) -> str:
        """Give the title of a role."""
        return self.words.title(role, self.world.names)

    def members(self, body: str) -> tuple[str, ...]:
        """Give the states that a body may assist."""
        world, rows = self.world, self.world.rows
        b = world.bodies.index(body)
        return tuple(world.states[s] for s in rows.member[rows.member_start[b] : rows.member_start[b + 1]])

    def paying(self, form: str) -> tuple[str, ...]:
        """Give the bodies that may pay for a form."""
        world, rows = self.world, self.world.rows
        f = world.forms.index(form)
        return tuple(
            body
            for b, body in enumerate(world.bodies)
            if f in rows.provides[rows.provides_start[b] : rows.provides_start[b + 1]]
        )

    def ruled(self) -> list[Role]:
        """Give the roles that the rules of the model play, because nobody does."""
        return [role for key, role in self.roles.items() if key not in self.cast]

    def value(self, parameter: str) -> float:
        """Give the value of a parameter in a session, by its path."""
        return float(self.scenario.parameter_values(COUNTERFACTUALS[0])[getattr(P, identifier(parameter))])

    def neighbours(self, state: str) -> tuple[str, ...]:
        """Give the neighbours of a state."""
        world, rows = self.world, self.world.rows
        s = world.states.index(state)
        return tuple(world.states[n] for n in rows.neighbour[rows.neighbour_start[s] : rows.neighbour_start[s + 1]])


def checked_minutes(minutes: int) -> int:
    """Take a length of a seminar that there is a script for.

    Raises
    ------
    ValueError
        If there is none.
    """
    if minutes not in SCHEDULES:
        raise ValueError(f"{minutes} is not allowed: {' or '.join(map(str, SCHEDULES))}")
    return minutes


def setting_of(
    scenario: str | Path | Scenario, people: int, minutes: int, language: str = "en", named: str | None = None
) -> Setting:
    """Prepare the material for a world.

    Parameters
    ----------
    scenario : str, Path or Scenario
        Name of a shipped scenario, path of a scenario file, or a loaded scenario.
    people : int
        From the smallest cast to the most that a session takes.
    minutes : int
        One of `SCHEDULES`.
    language : str
        One of `r2psim.seminar.kit_words.languages`.
    named : str, optional
        How the scenario is named in the commands that are printed.

    Raises
    ------
    ScenarioError, SeminarError
        If the scenario cannot be used, or not be played.
    WordsError
        If there are no words in the language.
    ValueError
        If another argument is not allowed.
    """
    from r2psim.scenario import load
    from r2psim.seminar.seminars import Seminars
    from r2psim.world.build import build
    from r2psim.world.expand import expand

    words = load_words(language)
    years = years_of(checked_minutes(minutes))
    full = expand(load(scenario) if isinstance(scenario, str | Path) else scenario)
    if full.real_names:
        raise SeminarError(f"{full.name}: real_names: true is not allowed: this material is for invented worlds alone")
    for policy in COUNTERFACTUALS:
        full.policy(policy)
    # Whatever a session refuses is refused here, by the session itself; nothing of it is kept.
    seminars = Seminars()
    try:
        place = seminars.enter(seminars.open("kit", full, years=years).token)
        policy = place.room.session.policy
        roles = place.room.play.roles
    except SeminarError as error:
        raise SeminarError(f"{full.name}: cannot be played: {error}") from None
    finally:
        seminars.close()
    world = build(full, policy)
    named = named or (str(scenario) if isinstance(scenario, str | Path) else full.name)
    return Setting(named, full, world, roles, cast(people, roles, full, world), people, minutes, years, words)
