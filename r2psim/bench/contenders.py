"""What is compared: the same run of the same scenario, done in every way that there is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.bench.adapter import SEED, Compiled, run_ensemble, runs_beside, start
from r2psim.rules.draws import draws_of
from r2psim.world.build import World, build
from r2psim.world.rows import WRITTEN, copy_rows, side_by_side

if TYPE_CHECKING:
    from r2psim.agents.views import Allocations, Views
    from r2psim.scenario import Scenario

__all__ = ["Case", "Contender", "contenders_of"]

YEAR = 12
BATCH = 16
"""Runs of a measurement come in multiples of this: one run may be quicker than another."""


@dataclass
class Case:
    """One scenario under one policy, for a number of months."""

    scenario: Scenario
    policy: str
    months: int
    world: World = field(init=False)
    p: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.world = build(self.scenario, self.policy)
        self.p = self.scenario.parameter_values(self.policy)

    @property
    def groups(self) -> int:
        """Number of groups."""
        return len(self.world.groups)


@dataclass
class Contender:
    """One way to do a run.

    Attributes
    ----------
    what : str
        In words.
    seconds : callable or None
        Does its work once and gives the seconds that one run took; None where it cannot be done here.
    reason : str or None
        Why not.
    """

    what: str
    seconds: Callable[[], float] | None
    reason: str | None = None


def timed(work: Callable[[], Any]) -> float:
    """Give the seconds that something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def contenders_of(case: Case, least: float, threads: tuple[int, ...]) -> dict[str, Contender]:
    """Set up all contenders for a case; the first call of each compiles or loads what it needs.

    Parameters
    ----------
    case : Case
        What to run.
    least : float
        Seconds that a measurement should last at least.
    threads : tuple of int
        Numbers of threads of the ensemble.
    """
    together = runs_beside(case.world.rows)
    compiled = Compiled(case.world.rows, case.p, together)
    compiled.run(case.months, together)
    batch = together * ceil(BATCH / together)
    runs = batch * max(1, ceil(least / timed(partial(compiled.run, case.months, batch))))
    found = {
        f"ensemble_{n}": Contender(f"ensemble, {n} thread{'s' * (n > 1)}", partial(_ensemble, case, n, runs))
        for n in threads
    }
    found["drawn"] = Contender("ensemble, parameters and effects by run", partial(_ensemble, case, 1, runs, "all"))
    found["python_many"] = Contender("ensemble, a policy in Python in batches", partial(_python_many, case))
    found["compiled"] = Contender("compiled rules alone", partial(_compiled, compiled, case.months, runs))
    found["c"] = _in_c(case, runs, together)
    for drive, what in (("rows", "Mesa, all rows at once"), ("agents", "Mesa, agent by agent")):
        found[f"mesa_{drive}"] = Contender(what, partial(_stepped, partial(_mesa, case, drive), case.months, least))
    found["mesa_idiom"] = _plain(case, least)
    return found


def _compiled(compiled: Compiled, months: int, runs: int) -> float:
    return timed(partial(compiled.run, months, runs)) / runs


def _ensemble(case: Case, threads: int, runs: int, uncertainty: str = "none") -> float:
    """Give the seconds that one more run takes in an ensemble: what starting it takes is left out."""
    length = {"years": case.months // YEAR, "threads": threads}
    run = partial(run_ensemble, case.scenario, case.policy, **length, uncertainty=uncertainty)
    few = threads * runs_beside(case.world.rows)
    seconds = timed(partial(run, few))
    return (timed(partial(run, few + threads * runs)) - seconds) / (threads * runs)


def _python_many(case: Case) -> float:
    """Give the seconds that one more run takes on one thread where an object decides for all bodies, in batches."""
    from r2psim.ensemble.python_batches import LARGEST_BATCH, batch_size
    from r2psim.ensemble.python_policies import PythonPolicy

    policy = PythonPolicy("worst-first", WorstFirst(), base=case.policy)
    run = partial(run_ensemble, case.scenario, policy, years=case.months // YEAR, threads=1)
    batch = batch_size(case.world.rows, LARGEST_BATCH, 1)
    seconds = timed(partial(run, batch))
    return (timed(partial(run, 2 * batch)) - seconds) / batch


class WorstFirst:
    """Gives the states that it thinks worst off what they lack, until the money is gone: docs/POLICIES.md."""

    def decide_many(self, views: Views) -> Allocations:
        """Decide for many runs."""
        from r2psim.agents.views import Allocations

        runs, members, forms = views.shape
        worst = np.argsort(-views.perceived_risk, axis=1, kind="stable")
        lacks = np.take_along_axis(views.missing, worst[:, :, None], axis=1).reshape(runs, -1)
        left = np.subtract.accumulate(np.hstack([views.room[:, None], lacks]), axis=1)[:, :-1]
        dollars = np.minimum(lacks, np.maximum(left, 0.0))
        dollars[np.cumsum(dollars > 0.0, axis=1) > views.attention] = 0.0
        state = np.where(dollars > 0.0, np.repeat(worst, forms, axis=1), -1)
        return Allocations(state, np.tile(np.arange(forms), members), dollars)


# -- C -----------------------------------------------------------------------------------------------------------------


def _in_c(case: Case, runs: int, together: int) -> Contender:
    from r2psim.bench.native import months_in_c
    from r2psim.translation.native import CompilerError
    from r2psim.translation.to_c import NotCoveredError

    what = "the same rules in C"
    rows = side_by_side(case.world.rows, together)
    luck = draws_of(SEED, 0, 0)
    try:
        library = months_in_c(rows, case.p, luck)
    except (CompilerError, NotCoveredError) as error:
        return Contender(what, None, str(error))
    scratch = copy_rows(rows)

    def bound(run: int) -> tuple[Callable[[], Any], Callable[[], Any]]:
        luck = draws_of(SEED, run, 0)
        months = library.bind("r2_months", scratch, case.p, luck, 0, case.months)
        return library.bind("r2_opening", scratch, case.p, luck), months

    calls = [bound(run) for run in range(0, runs, together)]

    def run_all(those: list[tuple[Callable[[], Any], Callable[[], Any]]]) -> None:
        for opening, months in those:
            start(rows, scratch)
            opening()
            months()

    run_all(calls[:1])
    compiled = Compiled(case.world.rows, case.p, together)
    compiled.run(case.months, together)
    if any(getattr(scratch, name).tobytes() != getattr(compiled.rows, name).tobytes() for name in WRITTEN):
        return Contender(what, None, "the rules in C give other bits than the compiled ones")
    return Contender(what, lambda: timed(partial(run_all, calls)) / runs)


# -- Mesa --------------------------------------------------------------------------------------------------------------


def _stepped(make: Callable[[], Any], months: int, least: float) -> float:
    """Make models and step them through their months until it has lasted long enough; making them does not count."""
    spent, models = 0.0, 0
    while spent < least:
        model = make()
        spent += timed(partial(_step, model, months))
        models += 1
        close = getattr(model, "close", None)
        if close is not None:
            close()
    return spent / models


def _step(model: Any, months: int) -> None:
    for _ in range(months):
        model.step()


def _mesa(case: Case, drive: str) -> Any:
    from r2psim.agents.model import R2PModel

    years = case.months // YEAR
    return R2PModel(case.scenario, policy=case.policy, seed=SEED, years=years, drive=drive, record=False)


def _plain(case: Case, least: float) -> Contender:
    from r2psim.reference.model import PlainModel

    make = partial(PlainModel, case.scenario, case.policy, SEED)
    return Contender("plain Mesa idiom", partial(_stepped, make, case.months, least))
