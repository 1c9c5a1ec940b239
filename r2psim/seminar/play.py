"""The runs behind a session: each line of history is a model that is run from what was decided."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from r2psim.agents import Choices, R2PModel, View
from r2psim.agents.policies import view_of
from r2psim.seminar.cards import Card, StateCard, cards_of, form_card_of, state_cards_of
from r2psim.seminar.casts import cast_of
from r2psim.seminar.limits import SeminarError
from r2psim.seminar.roles import Role, roles_of
from r2psim.seminar.session import Branch, Session

if TYPE_CHECKING:
    from r2psim.scenario import Scenario
    from r2psim.world.events import Event

__all__ = ["COUNTERFACTUALS", "Models", "Outcome", "Play", "outcome_of"]

COUNTERFACTUALS = ("late-response", "prevention", "no-assistance")
"""Policies under which the same luck is run to the end, as far as the scenario has them."""

YEAR = 12

_IDENTIFIER = re.compile(r"[a-z0-9]+(?:[-_/][a-z0-9]+)*")
"""What may be an identifier in a message."""


@dataclass(frozen=True)
class Outcome:
    """What came of one line of history, or of a policy with the same luck.

    Attributes
    ----------
    title, key : str
        What it is called; ``branch-0`` or ``policy-prevention``.
    years : int
        Years that were run.
    sha256 : str
        Digest over every column of every month.
    metrics : dict of str to float
        As in `r2psim.ensemble.measures.METRICS`.
    monthly : dict of str to numpy.ndarray, shape (months + 1,)
        ``deaths``, ``displaced``, ``spent_prevention``, ``spent_response`` since the start (persons, US$), and
        ``states_in_atrocity``, ``states_at_war``.
    stage : numpy.ndarray, shape (months + 1, states)
        Highest stage in each state.
    war : numpy.ndarray of bool, shape (months + 1, states)
        Whether it was at war.
    events : tuple of Event
        In order of months.
    """

    title: str
    key: str
    years: int
    sha256: str
    metrics: dict[str, float]
    monthly: dict[str, np.ndarray]
    stage: np.ndarray
    war: np.ndarray
    events: tuple[Event, ...]


def usual_of(scenario: Scenario, policy: str) -> float:
    """Give the risk of a typical state before a crisis, which those who assess expect where they know nothing."""
    from r2psim.scenario.parameters import P

    return float(scenario.parameter_values(policy)[P.observation_typical])


def outcome_of(model: R2PModel, title: str, key: str) -> Outcome:
    """Give what came of a model so far."""
    from r2psim.ensemble.measures import METRICS, metrics_of

    history = model.history()
    state, body = history.state, history.body
    war: np.ndarray = state["conflict"] == 3.0
    monthly = {
        "deaths": state["deaths"].sum(axis=1),
        "displaced": state["displaced"].sum(axis=1),
        "spent_prevention": body["spent_prevention"].sum(axis=1),
        "spent_response": body["spent_response"].sum(axis=1),
        "states_in_atrocity": (state["stage"] == 4.0).sum(axis=1),
        "states_at_war": war.sum(axis=1),
    }
    found = metrics_of(model.rows, model.month)
    return Outcome(
        title=title,
        key=key,
        years=model.month // YEAR,
        sha256=model.sha256,
        metrics={name: float(x) for name, x in zip(METRICS, found, strict=True)},
        monthly=monthly,
        stage=state["stage"].copy(),
        war=war,
        events=history.events,
    )


class Models:
    """The models in memory, of all sessions: those used last, up to a number; others are run again when needed."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[int, str], R2PModel] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, session: int, line: str) -> R2PModel | None:
        """Give the model of a line of history or of a policy, if it is still there."""
        with self._lock:
            if (session, line) in self._kept:
                self._kept.move_to_end((session, line))
            return self._kept.get((session, line))

    def put(self, session: int, line: str, model: R2PModel) -> None:
        """Keep a model; forget the one that was not used for longest where there are too many."""
        with self._lock:
            if (old := self._kept.pop((session, line), None)) is not None and old is not model:
                old.close()
            self._kept[session, line] = model
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)[1].close()

    def drop(self, session: int) -> None:
        """Forget all models of a session."""
        with self._lock:
            for key in [key for key in self._kept if key[0] == session]:
                self._kept.pop(key).close()

    def __len__(self) -> int:
        return len(self._kept)


class Play:
    """Runs the lines of history of one session; nothing here knows who may see what.

    Parameters
    ----------
    session : Session
        Whose decisions are run.
    models : Models
        Where models are kept.
    """

    def __init__(self, session: Session, models: Models) -> None:
        from r2psim.scenario.loading import scenario_of
        from r2psim.world.build import build
        from r2psim.world.expand import expand

        self.session = session
        self.scenario: Scenario = expand(scenario_of(session.scenario, session.title))
        self.world = world = build(self.scenario, session.policy)
        self.names = world.names
        self.forms = {key: form.name for key, form in self.scenario.forms.items()}
        self.roles: dict[str, Role] = roles_of(self.scenario, world)
        self.cards: dict[str, Card] = cards_of(self.roles, self.scenario, world)
        self.state_cards: dict[str, StateCard] = state_cards_of(world)
        self.form_cards = {key: form_card_of(form) for key, form in self.scenario.forms.items()}
        self.usual = usual_of(self.scenario, session.policy)
        self.permanent = tuple(key for key, role in self.roles.items() if role.veto)
        self._labels = self.names | self.forms
        self._models = models
        self._casts: dict[int, dict[str, int]] = {}
        self._views: OrderedDict[tuple[int, int, str], View] = OrderedDict()
        self._outcomes: OrderedDict[tuple[str, str], Outcome] = OrderedDict()

    def in_words(self, message: str) -> str:
        """Give a message with the names of states, bodies and forms in place of their identifiers."""
        return _IDENTIFIER.sub(lambda found: self._labels.get(found[0], found[0]), message.removeprefix("decide of "))

    def cast(self, people: int) -> dict[str, int]:
        """Give the roles of a cast and how many people each takes; see `r2psim.seminar.casts.cast_of`."""
        if people not in self._casts:
            self._casts[people] = cast_of(people, self.roles, self.scenario, self.world)
        return self._casts[people]

    def choices(self, branch: Branch, years: int) -> dict[int, Choices]:
        """Give what the model is given for each of the first years of a line."""
        return {year: branch.choices(year, self.permanent) for year in range(years)}

    def model(self, policy: str, choices: Mapping[int, Choices], years: int, record: bool = True) -> R2PModel:
        """Make a model and run some years of it."""
        session = self.session
        made = R2PModel(
            self.scenario,
            policy=policy,
            seed=session.seed,
            run=session.run,
            years=session.years,
            drive="rows",
            record=record,
            choices=dict(choices),
        )
        _run_years(made, years)
        return made

    def live(self, branch: Branch) -> R2PModel:
        """Give the model of a line as it stands, run again and checked if it is not in memory.

        Raises
        ------
        SeminarError
            If the run is not the one that was played: the rules have changed since.
        """
        model = self._models.get(self.session.number, branch.key)
        if model is None or model.month != YEAR * branch.year:
            model = self.model(self.session.policy, self.choices(branch, branch.year), branch.year)
            if branch.digests and model.sha256 != branch.digests[-1]:
                model.close()
                raise SeminarError(
                    "this session was played with other rules of the model, and cannot go on with these; it can "
                    "still be exported"
                )
            self._models.put(self.session.number, branch.key, model)
        return model

    def advance(self, branch: Branch) -> str:
        """Run the next year of a line as decided, and give the digest of the run so far.

        The session must take note of the year, else the model is run again when it is next asked for.
        """
        model = self.live(branch)
        year = branch.year
        model.choices = {**model.choices, year: branch.choices(year, self.permanent)}
        _run_years(model, 1)
        return model.sha256

    def digests(self, branch: Branch, years: int) -> list[str]:
        """Run a line from the start and give its digest after each year."""
        model = self.model(self.session.policy, self.choices(branch, years), 0)
        found = []
        for _ in range(years):
            _run_years(model, 1)
            found.append(model.sha256)
        model.close()
        return found

    def at(self, branch: Branch, year: int) -> R2PModel:
        """Give a model of a line as it stood when a year was to be decided; to be closed after use, keeps nothing."""
        return self.model(self.session.policy, self.choices(branch, year), year, record=False)

    def view(self, branch: Branch, year: int, body: str) -> View:
        """Give what a body sees when a year is to be decided."""
        key = (branch.number, year, body)
        if key not in self._views:
            if year == branch.year:
                self._views[key] = view_of(self.live(branch), body)
            else:
                model = self.at(branch, year)
                self._views[key] = view_of(model, body)
                model.close()
            _trim(self._views, 400)
        return self._views[key]

    def outcome(self, branch: Branch, years: int | None = None) -> Outcome:
        """Give what came of a line so far, or of its first years."""
        years = branch.year if years is None else min(years, branch.year)
        key = (branch.key, branch.digests[years - 1] if years else "")
        if key not in self._outcomes:
            # A line whose rules are no longer these is refused whatever part of it is wanted.
            model = self.live(branch)
            if years == branch.year:
                self._outcomes[key] = outcome_of(model, branch.title, key[0])
            else:
                earlier = self.model(self.session.policy, self.choices(branch, years), years)
                self._outcomes[key] = outcome_of(earlier, branch.title, key[0])
                earlier.close()
            _trim(self._outcomes, 40)
        return self._outcomes[key]

    def counterfactuals(self, branch: Branch, years: int | None = None) -> list[Outcome]:
        """Give what would have happened under each policy with the same luck and the triggers injected in the line."""
        years = branch.year if years is None else min(years, branch.year)
        injected = {y: Choices(triggers=tuple(d.triggers)) for y, d in sorted(branch.decided.items()) if d.triggers}
        injected = {y: c for y, c in injected.items() if y < years}
        return [
            self._counterfactual(policy, injected, years)
            for policy in COUNTERFACTUALS
            if policy in self.scenario.policies
        ]

    def _counterfactual(self, policy: str, injected: dict[int, Choices], years: int) -> Outcome:
        """Run a policy with the same luck, from where it was run to before if nothing that lies there has changed."""
        line = f"policy-{policy}"
        key = (line, f"{years} {injected}")
        if key not in self._outcomes:
            model = self._models.get(self.session.number, line)
            done = 0 if model is None else model.month // YEAR
            same = model is not None and model.choices == {y: c for y, c in injected.items() if y < done}
            shorter = model is not None and done > years
            if model is None or shorter or not same:
                model, done = self.model(policy, {}, 0), 0
            model.choices = injected
            _run_years(model, years - done)
            self._outcomes[key] = outcome_of(model, policy, line)
            if shorter:
                # The longer one is run on from when the next year is asked for.
                model.close()
            else:
                self._models.put(self.session.number, line, model)
            _trim(self._outcomes, 40)
        return self._outcomes[key]


def _run_years(model: R2PModel, years: int) -> None:
    for _ in range(YEAR * years):
        model.step()


def _trim(kept: OrderedDict, most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)
