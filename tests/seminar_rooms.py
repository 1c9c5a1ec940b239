"""A seminar for tests: a clock that is set by hand, and people in their places."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from r2psim.agents import Allocation
from r2psim.seminar import Chair, Limits, Opened, Seat, Seminars

__all__ = ["Clock", "Exercise", "affordable"]


@dataclass
class Clock:
    """Time that passes when it is told to."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Exercise:
    """A server with one session, and those who take part in it."""

    path: Path | None = None
    years: int = 6
    seed: int | None = 7
    limits: Limits = field(default_factory=Limits)
    clock: Clock = field(default_factory=Clock)
    tokens: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.seminars = Seminars(self.path, self.limits, self.clock)
        self.opened: Opened = self.seminars.open("Monday", seed=self.seed, years=self.years, minutes=5.0)

    @property
    def chair(self) -> Chair:
        place = self.seminars.enter(self.opened.token)
        assert isinstance(place, Chair)
        return place

    def seat(self, role: str) -> Seat:
        """Give the place of a role, and let somebody join who takes it."""
        if role not in self.tokens:
            self.tokens[role] = self.seminars.join(self.opened.code, f"Person of {role}", role)
        place = self.seminars.enter(self.tokens[role])
        assert isinstance(place, Seat)
        return place

    def restart(self) -> None:
        """Leave the server as if it had been killed, and start another one on the same file."""
        assert self.path is not None
        self.seminars._log._db.close()
        self.seminars = Seminars(self.path, self.limits, self.clock)


def affordable(seat: Seat, form: str | None = None) -> Allocation:
    """Give an allocation that a place can commit now."""
    view = seat.look().view
    assert view is not None
    for state in view.states:
        for offer in state.offers:
            if form in (None, offer.form):
                return Allocation(state.key, offer.form, round(min(view.room, offer.cost), 2))
    raise AssertionError("nothing can be funded")
