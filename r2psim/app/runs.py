"""Many runs for many people: one queue of short pieces of work for the whole server, and results shared by setting.

Whoever asks for the same setting gets the same results. A person has one wish at a time, and a new one takes the place
of the old one, whose work ends. Of all wishes the one that has the fewest runs is served next, a fraction of a second
at a time, so that everybody sees a first answer soon and finer ones later. A run is what its seed and number say,
however the work was cut.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from time import perf_counter
from typing import NamedTuple

import numpy as np

from r2psim.analysis.reached import first_months
from r2psim.app.settings import current
from r2psim.app.watch import RefusedError, scenario_of
from r2psim.ensemble.measures import LEDGERS, METRICS
from r2psim.ensemble.results import Results
from r2psim.ensemble.simulation import simulate
from r2psim.scenario import Scenario
from r2psim.world.assistance import build_assistance

__all__ = ["CURVES", "EVERY", "Found", "Pool", "Setting", "budget_of", "pool", "setting_of"]

EVERY = 3
"""Months between the points of a curve."""

FIRST_ANSWER = 0.35
"""Seconds of work before the first figures of a setting are shown, as far as that can be known before."""
LATER_ANSWER = 0.6
"""Seconds of work before finer figures, where nobody else waits."""
SHORTEST_TURN = 0.15
BEHIND = 5
"""By how much the threads that run worlds are nicer than those of pages."""
LAST = 19
FEWEST = 6
"""Runs of the first figures: a small world runs as many side by side, and fewer take as long."""
UNKNOWN = 4
"""Runs of a world that has never been run here, to learn how long they take."""

CURVES: dict[str, tuple[str, bool]] = {
    "monthly_atrocity_entries": ("Entries of groups into atrocity so far", True),
    "monthly_deaths": ("Killed so far", True),
    "states_stage_4": ("States with an atrocity", False),
    "monthly_gdp_lost": ("GDP lost so far", True),
}
"""Series of which curves are kept: what they are called, and whether they are added up from the start."""


class Setting(NamedTuple):
    """One policy of one world under one seed: what results are kept by.

    Attributes
    ----------
    scenario, policy : str
        Names.
    seed : int
        Luck.
    sets : tuple of str
        ``path=value``.
    own : str
        Policies that somebody built (`r2psim.app.own_policies`); empty without them.
    uncertainty : str
        What every run draws for itself: a key of `r2psim.scenario.posterior.UNCERTAINTIES`.
    """

    scenario: str
    policy: str
    seed: int
    sets: tuple[str, ...] = ()
    own: str = ""
    uncertainty: str = "none"


@lru_cache(maxsize=64)
def setting_of(scenario: str, sets: tuple[str, ...], own: str = "") -> Scenario:
    """Load the world of a setting.

    Raises
    ------
    RefusedError, ScenarioError
        If it cannot be run here.
    """
    return scenario_of(scenario, sets, own)


@lru_cache(maxsize=256)
def budget_of(setting: Setting) -> float:
    """Give what all bodies together get, US$ a year."""
    bodies = build_assistance(setting_of(setting.scenario, setting.sets, setting.own), setting.policy).bodies
    return float(sum(body["budget"] for body in bodies))


@dataclass(eq=False)
class Found:
    """Results of a setting so far: runs 0 to ``runs`` - 1.

    Attributes
    ----------
    metrics : numpy.ndarray, shape (runs, len(METRICS))
        As in `r2psim.ensemble.results.Results`.
    ledgers : numpy.ndarray, shape (runs, years, len(LEDGERS))
        What each ledger took in each year.
    null_metrics, null_ledgers : numpy.ndarray
        The same of the null twins: all effects of assistance at none.
    curves : dict of str to numpy.ndarray, float32, shape (runs, points)
        By series of `CURVES`, every `EVERY` months from the start.
    first : numpy.ndarray, int16, shape (runs, groups, stages)
        The month in which each group first came to each stage, as `r2psim.analysis.reached.first_months` has it;
        empty where runs kept no histories.
    """

    metrics: np.ndarray = field(default_factory=lambda: np.empty((0, len(METRICS))))
    ledgers: np.ndarray = field(default_factory=lambda: np.empty((0, 0, len(LEDGERS))))
    null_metrics: np.ndarray = field(default_factory=lambda: np.empty((0, len(METRICS))))
    null_ledgers: np.ndarray = field(default_factory=lambda: np.empty((0, 0, len(LEDGERS))))
    curves: dict[str, np.ndarray] = field(default_factory=dict)
    first: np.ndarray = field(default_factory=lambda: np.empty((0, 0, 0), dtype=np.int16))

    @property
    def runs(self) -> int:
        """Number of runs."""
        return len(self.metrics)

    @property
    def bytes(self) -> int:
        """Size."""
        kept = (self.metrics, self.ledgers, self.null_metrics, self.null_ledgers, self.first, *self.curves.values())
        return sum(array.nbytes for array in kept)

    def longer(self, results: Results, policy: str) -> Found:
        """Give these results with further runs behind them."""
        curves = {}
        for name, (_, added_up) in CURVES.items():
            series = results.series[policy][name]
            new = (np.cumsum(series, axis=1) if added_up else series)[:, ::EVERY].astype(np.float32)
            curves[name] = np.concatenate([self.curves[name], new]) if self.runs else new
        assert results.null is not None
        added = (results.metrics, results.ledgers, results.null.metrics, results.null.ledgers)
        before = (self.metrics, self.ledgers, self.null_metrics, self.null_ledgers)
        metrics, ledgers, null_metrics, null_ledgers = (
            np.concatenate([old, new[policy]]) if self.runs else new[policy]
            for old, new in zip(before, added, strict=True)
        )
        # Of the stages of all groups in all months only this is kept: they would take a hundred times as much.
        stages = results.stages.get(policy)
        new_first = self.first[:0] if stages is None else first_months(stages)
        first = np.concatenate([self.first, new_first]) if self.runs else new_first
        return Found(metrics, ledgers, null_metrics, null_ledgers, curves, first)


@dataclass
class _Wish:
    """What one person wants at present."""

    settings: tuple[Setting, ...]
    runs: int
    before: int = 0


def _world(setting: Setting) -> tuple[str, str]:
    """Give all that decides about how long a run takes: runs that draw for themselves are not run side by side."""
    return setting.scenario, setting.uncertainty


def _give_way() -> None:
    """Let the threads that draw pages and answer browsers go first: this one, and those that it starts, come after.

    Only Linux has priorities of single threads; elsewhere all are alike.
    """
    if sys.platform == "linux":
        me = threading.get_native_id()
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, me, min(os.getpriority(os.PRIO_PROCESS, me) + BEHIND, LAST))


class _SupersededError(Exception):
    """Nobody wants what is being run any more."""


class Pool:
    """Does the heavy work of Compare, a piece at a time.

    Parameters
    ----------
    run : callable, optional
        Runs a piece: as `r2psim.ensemble.simulation.simulate`; tests give another.
    """

    def __init__(self, run: Callable[..., Results] = simulate) -> None:
        self._run = run
        self._changed = threading.Condition()
        self._wishes: dict[object, _Wish] = {}
        self._found: OrderedDict[Setting, Found] = OrderedDict()
        self._failed: OrderedDict[Setting, str] = OrderedDict()
        self._costs: dict[tuple[str, str], float] = {}
        self._thread: threading.Thread | None = None

    # -- wishes --------------------------------------------------------------------------------------------------------

    def want(self, who: object, settings: Sequence[Setting], runs: int, before: int = 0) -> None:
        """Put a person's wish in the place of any earlier one of the same person.

        Parameters
        ----------
        who : object
            The person.
        settings : sequence of Setting
            What is to be run.
        runs : int
            Of each.
        before : int
            Runs that the same question has taken of other settings: who asks for many settings, one after the other,
            waits behind those who have had less.
        """
        limits = current().limits
        wish = _Wish(tuple(settings), max(1, min(runs, limits.runs)), before)
        with self._changed:
            self._wishes[who] = wish
            for setting in wish.settings:
                # A setting that failed is tried again only if somebody asks anew.
                self._failed.pop(setting, None)
            self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="r2psim-runs", daemon=True)
                self._thread.start()

    def leave(self, who: object) -> None:
        """Forget a person."""
        with self._changed:
            self._wishes.pop(who, None)
            self._changed.notify_all()

    def goal(self, who: object) -> int:
        """Give how many runs a person will get of each setting: fewer where a run takes long."""
        with self._changed:
            wish = self._wishes.get(who)
            return self._goal(wish) if wish is not None else 0

    def _goal(self, wish: _Wish) -> int:
        cost = self._costs.get(_world(wish.settings[0]), 0.0) if wish.settings else 0.0
        most = current().limits.run_seconds / cost if cost > 0.0 else float(wish.runs)
        return int(max(min(wish.runs, most), min(wish.runs, FEWEST)))

    def get(self, setting: Setting) -> Found:
        """Give what there is of a setting."""
        with self._changed:
            found = self._found.get(setting)
            if found is None:
                return Found()
            self._found.move_to_end(setting)
            return found

    def seconds(self, setting: Setting) -> float:
        """Give what a run and its null twin take, seconds of one processor, as far as that is known; else 0."""
        with self._changed:
            return self._costs.get(_world(setting), 0.0)

    def problem(self, settings: Sequence[Setting]) -> str:
        """Say why a setting could not be run; empty where none failed."""
        with self._changed:
            return next((self._failed[s] for s in settings if s in self._failed), "")

    def follow(self, who: object, settings: Sequence[Setting], seen: int, seconds: float) -> int:
        """Wait until there are more than ``seen`` runs of every setting, the work is done, or time is over.

        Returns
        -------
        int
            Runs that there are of every setting.
        """
        settings = tuple(settings)

        def ready() -> bool:
            wish = self._wishes.get(who)
            gone = wish is None or wish.settings != settings
            return gone or self._least(settings) > seen or any(s in self._failed for s in settings)

        with self._changed:
            self._changed.wait_for(ready, seconds)
            return self._least(settings)

    def mine(self, who: object, settings: Sequence[Setting]) -> bool:
        """Say whether this is what a person wants at present."""
        with self._changed:
            wish = self._wishes.get(who)
            return wish is not None and wish.settings == tuple(settings)

    def _least(self, settings: Sequence[Setting]) -> int:
        return min((self._found[s].runs if s in self._found else 0 for s in settings), default=0)

    def _missing(self, wish: _Wish) -> list[Setting]:
        goal = self._goal(wish)
        return [
            s for s in wish.settings
            if s not in self._failed and (s not in self._found or self._found[s].runs < goal)
        ]  # fmt: skip

    # -- work ----------------------------------------------------------------------------------------------------------

    def _next(self) -> tuple[list[Setting], int, int] | None:
        """Choose a piece of work: settings of one world, first run, number of runs."""
        best: tuple[int, int, list[Setting], int] | None = None
        waiting = 0
        for wish in self._wishes.values():
            missing = self._missing(wish)
            if not missing:
                continue
            waiting += 1
            least = self._least(missing)
            if best is None or least + wish.before < best[0]:
                first = next(s for s in missing if self._least([s]) == least)
                same = [s for s in missing if self._least([s]) == least and s[0] == first[0] and s[2:] == first[2:]]
                best = least + wish.before, least, same, self._goal(wish) - least
        if best is None:
            return None
        _, least, settings, left = best
        cost = self._costs.get(_world(settings[0]))
        if cost is None:
            return settings, least, min(UNKNOWN, left)
        if least < FEWEST:
            # First figures are of few runs: nothing is to be seen before they are there.
            return settings, least, min(FEWEST - least, left)
        # The more people wait, the shorter the turns: the last of them is served within the second too.
        first_answer, later_answer = FIRST_ANSWER / waiting, max(LATER_ANSWER / waiting, SHORTEST_TURN)
        seconds = first_answer if least < 4 * FEWEST else later_answer
        return settings, least, max(1, min(left, max(FEWEST, int(seconds / (cost * len(settings))))))

    def _work(self) -> None:
        _give_way()
        while True:
            with self._changed:
                piece = self._next()
                while piece is None:
                    self._changed.wait()
                    piece = self._next()
            self._do(*piece)

    def _do(self, settings: list[Setting], first: int, runs: int) -> None:
        """Run a piece, and keep what was found."""
        one = settings[0]

        def advance(_: int) -> None:
            with self._changed:
                if not any(s in wish.settings for wish in self._wishes.values() for s in settings):
                    raise _SupersededError

        began = perf_counter()
        try:
            results = self._run(
                setting_of(one.scenario, one.sets, one.own),
                [s.policy for s in settings],
                runs=runs,
                seed=one.seed,
                first_run=first,
                series=list(CURVES),
                advance=advance,
                ledgers=True,
                null_twins=True,
                histories=True,
                uncertainty=one.uncertainty,
            )
            # Joined here too: what fails after the runs must not end the one thread that works for everybody.
            longer = {s: self.get(s).longer(results, s.policy) for s in settings}
        except _SupersededError:
            return
        except Exception as error:
            expected = isinstance(error, RefusedError | ValueError)
            told = str(error) if expected else f"failed unexpectedly: {type(error).__name__}: {error}"
            with self._changed:
                for s in settings:
                    self._failed[s] = told
                while len(self._failed) > 100:
                    self._failed.popitem(last=False)
                self._changed.notify_all()
            return
        took = (perf_counter() - began) / (runs * len(settings))
        with self._changed:
            # The first piece of a world pays for what is built once, and others may be held up: the least tells most.
            before = self._costs.get(_world(one))
            self._costs[_world(one)] = took if before is None else min(took, 1.05 * before)
            for s in settings:
                self._found.pop(s, None)
                self._found[s] = longer[s]
            room = current().limits.result_bytes
            wanted = {s for wish in self._wishes.values() for s in wish.settings}
            for s in [s for s in self._found if s not in wanted]:
                if sum(f.bytes for f in self._found.values()) <= room:
                    break
                del self._found[s]
            self._changed.notify_all()


_POOL: list[Pool] = []
_MAKING = threading.Lock()


def pool() -> Pool:
    """Give the server's one pool."""
    with _MAKING:
        if not _POOL:
            _POOL.append(Pool())
        return _POOL[0]
