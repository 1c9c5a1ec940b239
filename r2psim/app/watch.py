"""One world that one person watches: a Mesa model that is stepped as far as it has been looked at.

What the months were like is read off the model's own record, so that going back costs nothing. Worlds belong to one
browser session each; those not looked at for longest are let go when together they take too much memory, and are run
again from their seed when somebody comes back to them, to the same bits.
"""

from __future__ import annotations

import re
import shlex
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import parse_qs, urlencode

import numpy as np

from r2psim.agents import R2PModel
from r2psim.app.own_policies import file_name, layered
from r2psim.app.reserved_seeds import free_seed, why_not
from r2psim.app.settings import MOST_FIELDS, current
from r2psim.declarations.columns import PR, B, L
from r2psim.scenario import Scenario, load
from r2psim.scenario.errors import Problem, ScenarioError, nearest
from r2psim.scenario.shipped import shipped_names
from r2psim.world.codebook import CENTS
from r2psim.world.expand import expand
from r2psim.world.history import Event, History

__all__ = ["Choice", "Payment", "RefusedError", "Watch", "choice_of", "known_scenarios", "scenario_of"]

YEAR = 12
MOST_SETS = 40
"""Parameters that one person may change at a time."""
LONGEST_SET = 200
NUMBER = re.compile(r"[+-]?([0-9][0-9_]*)?\.?[0-9]+([eE][+-]?[0-9]+)?")
"""What a browser may write as a value: a number, and none of the rest of TOML, such as comments."""

_AT_ONCE = threading.BoundedSemaphore(2)
"""Models that step at the same time, whoever watches them."""


class RefusedError(ValueError):
    """A choice that this server does not carry out; the message says what is allowed."""


class Choice(NamedTuple):
    """What is to be run: as on the command line.

    Attributes
    ----------
    scenario, policy : str
        Names.
    seed, run : int
        Luck.
    sets : tuple of str
        ``path=value``, as ``--set``.
    own : str
        Policies that somebody built (`r2psim.app.own_policies`); empty without them.
    """

    scenario: str
    policy: str
    seed: int = 1
    run: int = 0
    sets: tuple[str, ...] = ()
    own: str = ""

    def command(self, years: int | None = None) -> str:
        """Write the command line that computes the same.

        Examples
        --------
        >>> Choice("seminar", "prevention", 7, 3, ("assistance.openness=0.5",)).command(years=2)
        'r2psim run seminar --policy prevention --seed 7 --run 3 --years 2 --set assistance.openness=0.5 --json'
        """
        words = [
            "r2psim",
            "run",
            file_name(self.scenario, self.own) if self.own else self.scenario,
            "--policy",
            self.policy,
            "--seed",
            str(self.seed),
            "--run",
            str(self.run),
        ]
        words += [] if years is None else ["--years", str(years)]
        for text in self.sets:
            words += ["--set", text]
        # Names and values come from an address, which anybody may have made; people paste this into a shell.
        return shlex.join([*words, "--json"])

    def query(self, month: int | None = None) -> str:
        """Write the part of an address that leads to this world."""
        parts: list[tuple[str, str | int]] = [
            ("scenario", self.scenario), ("policy", self.policy), ("seed", self.seed), ("run", self.run),
        ]  # fmt: skip
        parts += [("set", text) for text in self.sets]
        parts += [("own", self.own)] if self.own else []
        return urlencode([*parts, ("month", month)] if month is not None else parts)


def known_scenarios() -> tuple[str, ...]:
    """Name the scenarios that this server runs: those that ship, and the one that it was started with."""
    shipped = shipped_names()
    mine = current().scenario
    return shipped if mine in shipped else (mine, *shipped)


def scenario_of(name: str, sets: tuple[str, ...] = (), own: str = "") -> Scenario:
    """Load a scenario that this server may run, everything generated, with policies that somebody built.

    Raises
    ------
    RefusedError
        If it is not one of `known_scenarios`, or larger than the limits, or too much of it is changed.
    ScenarioError
        If a change is not allowed.
    """
    # A path that a browser names must not make the server read files.
    if name not in known_scenarios():
        near = nearest(name, known_scenarios())
        hint = f" (did you mean {near}?)" if near else ""
        raise RefusedError(f"scenario {name!r} is not allowed: one of {', '.join(known_scenarios())}{hint}")
    if len(sets) > MOST_SETS or any(len(text) > LONGEST_SET for text in sets):
        raise RefusedError(f"at most {MOST_SETS} values can be changed, each in {LONGEST_SET} characters")
    limits = current().limits
    _bounded(sets)
    full = expand(layered(name, own).load(sets) if own else load(name, sets))
    if full.years > limits.years or len(full.states) > limits.states:
        raise RefusedError(f"{name}: at most {limits.years} years and {limits.states} states are run here")
    return full


def _bounded(sets: tuple[str, ...]) -> None:
    """Refuse changes of how large a world is: a browser may change parameters, those of policies, numbers of forms."""
    from r2psim.scenario.catalogue import catalogue
    from r2psim.scenario.parameters import PARAMETERS
    from r2psim.scenario.paths import form_number, form_numbers, parameter_of

    for text in sets:
        path = text.partition("=")[0].strip()
        if parameter_of(path) is None and form_number(path) is None:
            known = [*PARAMETERS, *(number.path for number in form_numbers(catalogue()))]
            allowed = "a parameter of the model, or a number of a form of assistance"
            raise ScenarioError([Problem("--set", path, None, allowed, nearest(path, known))])
        value = text.partition("=")[2].strip()
        if not NUMBER.fullmatch(value):
            raise ScenarioError([Problem("--set", path, value, "a number")])


def choice_of(search: str | None) -> tuple[Choice, int]:
    """Read a choice and a month from the search part of an address; what is missing is taken as the server's own.

    Raises
    ------
    RefusedError
        If a number is none, or out of range.

    Examples
    --------
    >>> choice_of("scenario=seminar&policy=prevention&seed=7&run=12&month=30")
    (Choice(scenario='seminar', policy='prevention', seed=7, run=12, sets=(), own=''), 30)
    """
    try:
        found = parse_qs(search or "", max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise RefusedError(f"this address is not allowed: at most {MOST_FIELDS} values, all of them text") from None

    def number(key: str, default: int, highest: int) -> int:
        text = found.get(key, [str(default)])[-1].strip()
        if not (text.isascii() and text.isdigit() and len(text) <= 20 and int(text) <= highest):
            raise RefusedError(f"{key} {text[:30]!r} is not allowed: a whole number from 0 to {highest}")
        return int(text)

    choice = Choice(
        found.get("scenario", [current().scenario])[-1],
        found.get("policy", ["late-response"])[-1],
        number("seed", free_seed(), 2**64 - 1),
        number("run", 0, 2**32 - 1),
        tuple(found.get("set", ())),
        found.get("own", [""])[-1],
    )
    return choice, number("month", 0, YEAR * 200)


NOWHERE = -1
"""State and form of what a body paid to coordinate programmes, which the accounts keep for all of them together."""


class Payment(NamedTuple):
    """What a body paid for a programme in a month.

    Attributes
    ----------
    body, state, form : int
        Rows; state and form are `NOWHERE` where it paid for coordination.
    dollars : float
        US$ in the month.
    """

    body: int
    state: int
    form: int
    dollars: float


@dataclass(frozen=True)
class _Payments:
    """What bodies paid in one month."""

    body: np.ndarray
    state: np.ndarray
    form: np.ndarray
    dollars: np.ndarray


class _Open:
    """All open worlds of the server, the latest looked at last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sizes: OrderedDict[int, tuple[Watch, int]] = OrderedDict()

    def look(self, watch: Watch, size: int) -> None:
        """Note that a world is looked at, and let go of those that nobody has looked at for longest."""
        with self._lock:
            self._sizes[id(watch)] = (watch, size)
            self._sizes.move_to_end(id(watch))
            room = current().limits.world_bytes
            for key, (oldest, _) in list(self._sizes.items())[:-1]:
                if sum(n for _, n in self._sizes.values()) <= room:
                    break
                # One that is busy is being looked at.
                if oldest.let_go(wait=False):
                    del self._sizes[key]

    def forget(self, watch: Watch) -> None:
        """Forget a world that is closed."""
        with self._lock:
            self._sizes.pop(id(watch), None)

    def count(self) -> int:
        """Count the open worlds."""
        return len(self._sizes)


OPEN = _Open()


class Watch:
    """A world that one session watches.

    Parameters
    ----------
    choice : Choice
        What is run.

    Raises
    ------
    RefusedError, ScenarioError
        If the choice cannot be run here.

    Examples
    --------
    >>> watch = Watch(Choice("seminar", "prevention", 7))
    >>> watch.to(24), watch.history.months
    (24, 24)
    >>> watch.close()
    """

    def __init__(self, choice: Choice) -> None:
        self.setting = scenario_of(choice.scenario, choice.sets, choice.own)
        self.setting.policy(choice.policy)
        if problem := why_not(choice.seed, choice.run):
            raise RefusedError(problem)
        self.choice = choice
        self.months = YEAR * self.setting.years
        self._lock = threading.RLock()
        self._model: R2PModel | None = None
        self._payments: list[_Payments] = []
        self._spent: np.ndarray | None = None
        self._digests: dict[int, str] = {}
        self._history: History | None = None
        self.to(0)

    def _made(self) -> R2PModel:
        if self._model is None:
            self._payments, self._spent = [], None
            c = self.choice
            self._model = R2PModel(self.setting, c.policy, c.seed, c.run, drive="rows")
            self._payments.append(self._paid())
        return self._model

    def _paid(self) -> _Payments:
        if self._model is None:
            raise RuntimeError("there is no model to read payments from")
        pledge, programme = self._model.rows.pledge, self._model.rows.programme
        slots = np.flatnonzero((pledge[L.programme] >= 0.0) & (pledge[L.last_offer] > 0.0))
        # As the accounts have it: of what was put up, what the programme could use, in whole cents.
        used = programme[PR.accepted, pledge[L.programme, slots].astype(np.int64)]
        cents = np.floor(pledge[L.last_offer, slots] * used)
        payer = np.searchsorted(self._model.rows.pledge_start, slots, side="right") - 1
        body = self._model.rows.body
        before = np.zeros(body.shape[1]) if self._spent is None else self._spent
        self._spent = body[B.spent].copy()
        # What a body that coordinates spent beside its programmes is what coordinating took.
        coordination = self._spent - before - np.bincount(payer, weights=cents, minlength=body.shape[1])
        coordinates = np.flatnonzero((body[B.coordinates] > 0.0) & (coordination > 0.0))
        nowhere = np.full(len(coordinates), NOWHERE)
        return _Payments(
            np.concatenate((payer, coordinates)).astype(np.int16),
            np.concatenate((pledge[L.state, slots], nowhere)).astype(np.int16),
            np.concatenate((pledge[L.form, slots], nowhere)).astype(np.int16),
            np.concatenate((cents, coordination[coordinates])) / CENTS,
        )

    def to(self, month: int, advance: Callable[[int], bool] | None = None) -> int:
        """Run as far as ``month`` if that has not been done yet; give the month that can be shown.

        Parameters
        ----------
        month : int
            Months from the start; beyond the end is the end.
        advance : callable, optional
            Told each month that was run; if it gives False, it ends there.
        """
        wanted = max(0, min(month, self.months))
        with self._lock:
            model = self._made()
            while model.month < wanted:
                with _AT_ONCE:
                    model.step()
                    self._payments.append(self._paid())
                if model.month % YEAR == 0:
                    self._digests[model.month] = model.history().sha256
                if advance is not None and not advance(model.month):
                    break
            self._history = model.history()
            self._digests[model.month] = self._history.sha256
            OPEN.look(self, self._size())
            return min(wanted, model.month)

    def _size(self) -> int:
        series = self._model.series if self._model is not None else None
        kept = () if series is None else (series.state, series.group, series.body)
        return sum(a.nbytes for block in kept for a in block.values()) + 2**20

    @property
    def history(self) -> History:
        """Everything up to the furthest month that was run."""
        if self._history is None:
            self.to(0)
        assert self._history is not None
        return self._history

    @property
    def reached(self) -> int:
        """The furthest month that was run."""
        return self.history.months

    def digest(self, month: int) -> str | None:
        """Give the digest of everything up to a month; None but for ends of years and months that were looked at."""
        return self._digests.get(month)

    def events(self, month: int) -> tuple[Event, ...]:
        """Give what happened in the first ``month`` months."""
        return tuple(e for e in self.history.events if e.month < month)

    def paid(self, month: int) -> list[Payment]:
        """Give what bodies paid in the last of the first ``month`` months."""
        with self._lock:
            if len(self._payments) <= month:
                self.to(month)
            p = self._payments[month]
        rows = zip(p.body.tolist(), p.state.tolist(), p.form.tolist(), p.dollars.tolist(), strict=True)
        return [Payment(*row) for row in rows]

    def received(self, state: int) -> np.ndarray:
        """Give what bodies paid for programmes in a state in each month so far, US$: prevention, and response.

        Returns
        -------
        numpy.ndarray, shape (2, months + 1)
            Index 0 of the months is the start.
        """
        response = np.array([form.ledger == "response" for form in self.setting.forms.values()])
        with self._lock:
            months = self.reached
            if len(self._payments) <= months:
                self.to(months)
            payments = self._payments[: months + 1]
        found = np.zeros((2, len(payments)))
        for month, p in enumerate(payments):
            here = (p.state == state) & (p.form != NOWHERE)
            found[:, month] = np.bincount(response[p.form[here]], weights=p.dollars[here], minlength=2)
        return found

    def let_go(self, wait: bool = True) -> bool:
        """Let the model go, if need be later; it is run again when it is looked at. Says whether it was let go."""
        if not self._lock.acquire(blocking=wait):
            return False
        try:
            if self._model is not None:
                self._model.close()
            self._model, self._history, self._payments = None, None, []
        finally:
            self._lock.release()
        return True

    def close(self) -> None:
        """End."""
        OPEN.forget(self)
        self.let_go()
