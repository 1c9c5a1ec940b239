"""Several states and one body, whose decisions are taken by hand, for tests."""

from __future__ import annotations

import numpy as np
from assistance_worlds import (
    FULL,
    OPEN,
    ample,
    ask_consent,
    copies,
    form_place,
    only_form,
    pledged,
    put,
    setting,
    with_form,
)
from worlds import parameters

from r2psim.declarations.columns import BODY, RATING, STATE
from r2psim.rules.accounts import accounts
from r2psim.rules.decision import decision, offering
from r2psim.rules.delivery import delivery
from r2psim.rules.demand import demand
from r2psim.rules.draws import draws_of
from r2psim.rules.month import opening
from r2psim.world.rows import copy_rows

__all__ = ["Table"]

FIRST = draws_of(1, 0, 0)
SLOTS = 1000
"""Room for pledges: as many as the largest attention."""


class Table:
    """A body at its table: states whose stages and risks are set by hand, each month decided, paid and delivered.

    Nothing else moves, so that every change of a pledge is the body's own. What programmes cost is ``known`` by a
    delivery beforehand, or by the opening of a run.
    """

    def __init__(
        self, stages: list[float], perceived: list[float], forms: list[str], known: bool = True, **body: float
    ) -> None:
        self.count = len(stages)
        alone = copies(setting(), self.count)
        places = [form_place(key) for key in forms]
        donor = setting().rows
        rows = alone._replace(
            body=donor.body.copy(),
            pledge=np.repeat(donor.pledge[:, :1], SLOTS, axis=1),
            pledge_start=np.array([0, SLOTS]),
            rating=np.zeros((len(RATING.columns), self.count)),
            ledger=donor.ledger.copy(),
            body_id=donor.body_id,
            body_run=donor.body_run,
            member_start=np.array([0, self.count]),
            member=np.arange(self.count),
            member_id=alone.state_id.copy(),
        )
        self.rows = with_form(copy_rows(only_form(rows, *places)), potency=1.0, need=-1.0)
        self.places = places
        if known:
            delivery(0, self.count, self.rows, parameters(FULL), FIRST)
        else:
            opening(self.rows, parameters(FULL), FIRST)
        self.stand(stages, perceived)
        self.month = 0
        ample(self.rows, **({"balance": 0.0, "responds": 0.0} | body))

    def stand(self, stages: list[float], perceived: list[float]) -> None:
        """Set the stage and the perceived risk of every state."""
        self.rows.state[STATE.index["stage"]] = stages
        self.rows.state[STATE.index["perceived"]] = perceived
        put(self.rows, {"commitment": 1.0, "mandate": 1.0, "willingness": 1.0} | OPEN)
        ask_consent(self.rows)

    def a_month(self, p: np.ndarray) -> None:
        """Let demand be weighed, the body act, the states receive, the accounts close."""
        draws = draws_of(1, 0, self.month)
        demand(0, self.count, self.rows, p, draws)
        decision(0, 1, self.rows, p, draws)
        offering(0, 1, self.rows, p, draws)
        delivery(0, self.count, self.rows, p, draws)
        accounts(0, 1, self.rows, p, draws)
        self.month += 1

    def months(self, p: np.ndarray, count: int) -> Table:
        """Let months pass."""
        for _ in range(count):
            self.a_month(p)
        return self

    @property
    def pledged(self) -> set[tuple[int, int]]:
        """Programmes pledged to, as state and form."""
        return set(pledged(self.rows))

    def of_body(self, name: str) -> float:
        """Give a column of the body."""
        return float(self.rows.body[BODY.index[name], 0])
