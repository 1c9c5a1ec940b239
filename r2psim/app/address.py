"""The address of Explore: which world, and where in it somebody looks."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import parse_qs, urlencode

from r2psim.app.settings import MOST_FIELDS, current
from r2psim.app.watch import Choice, RefusedError, choice_of
from r2psim.scenario.errors import nearest

__all__ = ["FEWEST_RUNS", "KEYS", "Place", "checked", "event_of", "is_event", "place_of", "runs_of"]

FEWEST_RUNS = 8

KEYS = ("scenario", "policy", "seed", "run", "set", "own", "month", "state", "event", "body", "beside", "runs")
"""What an address of Explore may hold."""

OTHER = "beside:"
"""Before the number of an event of the world that is beside the first."""


class Place(NamedTuple):
    """Where in a world somebody looks.

    Attributes
    ----------
    month : int
        Months from the start.
    state, body : str
        The state and the body that are chosen; empty for none.
    event : str
        Number of the event that is explained, with `OTHER` before it where it is one of the world beside; empty for
        none.
    beside : str
        Policy of the world beside; empty for none.
    runs : int
        Runs over which it is told how often it comes to what in the chosen state; 0 for none.
    """

    month: int = 0
    state: str = ""
    event: str = ""
    body: str = ""
    beside: str = ""
    runs: int = 0

    @property
    def picked(self) -> tuple[int, int]:
        """Which world the chosen event is of, 0 or 1, and its number; below 0 for none."""
        return (int(self.event.startswith(OTHER)), int(self.event.removeprefix(OTHER))) if self.event else (0, -1)

    def query(self, choice: Choice) -> str:
        """Write the part of an address that leads here.

        Examples
        --------
        >>> Place(30, state="drevna", runs=200).query(Choice("seminar", "prevention", 7))
        'scenario=seminar&policy=prevention&seed=7&run=0&month=30&state=drevna&runs=200'
        """
        more = [("state", self.state), ("event", self.event), ("body", self.body), ("beside", self.beside)]
        more.append(("runs", str(self.runs) if self.runs else ""))
        kept = urlencode([(key, value) for key, value in more if value], safe=":")
        return choice.query(self.month) + (f"&{kept}" if kept else "")


def event_of(world: int, number: int) -> str:
    """Write an event as an address has it.

    Examples
    --------
    >>> event_of(1, 12), Place(event=event_of(1, 12)).picked
    ('beside:12', (1, 12))
    """
    return f"{OTHER if world else ''}{number}"


def is_event(text: str) -> bool:
    """Say whether a text names an event as an address does.

    Examples
    --------
    >>> is_event("12"), is_event("beside:12"), is_event("beside:"), is_event("-1")
    (True, True, False, False)
    """
    number = text.removeprefix(OTHER)
    return number.isascii() and number.isdigit() and len(number) <= 9


def place_of(search: str | None) -> tuple[Choice, Place]:
    """Read a world and a place in it from the search part of an address.

    Raises
    ------
    RefusedError
        If it holds what is not known, or a number that is none.

    Examples
    --------
    >>> place_of("seed=7&month=30&state=drevna&event=beside:4&beside=prevention")[1]
    Place(month=30, state='drevna', event='beside:4', body='', beside='prevention', runs=0)
    """
    choice, month = choice_of(search)
    found = parse_qs(search or "", max_num_fields=MOST_FIELDS, errors="strict")
    for key, values in found.items():
        if key not in KEYS:
            near = nearest(key, KEYS)
            hint = f" (did you mean {near}?)" if near else ""
            raise RefusedError(f"address {key[:60]!r} is not allowed: one of {', '.join(KEYS)}{hint}")
        if len(values) > 1 and key != "set":
            raise RefusedError(f"{key} is given {len(values)} times in this address: once is allowed")
    words = {key: found.get(key, [""])[0] for key in ("state", "event", "body", "beside")}
    if words["event"] and not is_event(words["event"]):
        allowed = f"a number, or {OTHER}NUMBER of the world beside"
        raise RefusedError(f"event {words['event'][:30]!r} is not allowed: {allowed}")
    return choice, Place(month, **words, runs=runs_of(found.get("runs", [""])[0]))


def runs_of(text: str) -> int:
    """Read a number of runs; empty is none.

    Raises
    ------
    RefusedError
        If it is no number from `FEWEST_RUNS` to the limit of this server.
    """
    text, most = text.strip(), current().limits.runs
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and FEWEST_RUNS <= int(text) <= most):
        raise RefusedError(f"runs {text[:30]!r} is not allowed: a whole number from {FEWEST_RUNS} to {most}")
    return int(text)


def checked(place: Place, states: tuple[str, ...], bodies: tuple[str, ...], policies: tuple[str, ...]) -> Place:
    """Insist that what an address names is there.

    Raises
    ------
    RefusedError
        If it is not.
    """
    for what, value, allowed in (
        ("state", place.state, states), ("body", place.body, bodies), ("beside", place.beside, policies),
    ):  # fmt: skip
        if value and value not in allowed:
            near = nearest(value, allowed)
            few = f"{', '.join(allowed[:12])}{' ...' if len(allowed) > 12 else ''}"
            hint = f" (did you mean {near}?)" if near else ""
            raise RefusedError(f"{what} {value[:60]!r} is not allowed: one of {few}{hint}")
    return place
