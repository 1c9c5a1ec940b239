"""Any number of runs of any number of policies, on threads, with the same luck for every policy.

A run is what its seed and number say, whoever else runs: results do not depend on threads, chunks or order. Chunks are
claimed run after run and policy after policy, so that all policies advance together; they are finished in that order.

One file, though long: the ensemble, what it keeps, and the one function that everybody calls, of one piece.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from queue import SimpleQueue
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from r2psim.ensemble.devices import checked_device
from r2psim.ensemble.engine import (
    ACCOUNTS,
    Blocks,
    Own,
    add_in_order,
    blocks_of,
    called_at,
    nothing_own,
    run_chunk,
    runs_beside,
)
from r2psim.ensemble.events import events_of_run
from r2psim.ensemble.former_names import hint
from r2psim.ensemble.measures import BODY_ACCOUNTS, DEPTH, LEDGERS, METRICS, SERIES
from r2psim.ensemble.results import Results
from r2psim.ensemble.uncertainty import Drawing
from r2psim.ensemble.warmup import compile_ensemble_ahead
from r2psim.processors import processors
from r2psim.progress import notice
from r2psim.rules.draws import draws_of
from r2psim.scenario.errors import listing
from r2psim.scenario.parameters import P
from r2psim.scenario.plugged import plugged_names
from r2psim.scenario.posterior import checked_uncertainty, drawn_in
from r2psim.scenario.specs import DEFAULT_POLICIES
from r2psim.world.build import World, build
from r2psim.world.expand import expand
from r2psim.world.luck import Seed, checked_run, checked_seed
from r2psim.world.rows import WRITTEN, Rows, copy_rows, side_by_side

if TYPE_CHECKING:
    from r2psim.agents.policies import ManyPolicy, Policy
    from r2psim.ensemble.python_policies import PythonPolicy
    from r2psim.scenario import Scenario

__all__ = ["AnyPolicy", "Block", "checked_policies", "simulate"]

AnyPolicy: TypeAlias = "str | PythonPolicy | Policy | ManyPolicy"
"""A policy of the scenario by name, or an object that decides."""

YEAR = 12
STAGES = 5
LONGEST_CHUNK = 0.2
"""Seconds of work that a thread takes at a time, at most."""
SHORTEST_CHUNK = 0.005
"""Seconds below which handing out work begins to cost something."""
SHARES = 4
"""Into how many chunks a thread's part of the remaining work is cut, so that all threads end together."""
LARGEST_CHUNK = 8 * 2**20
"""Bytes of results of a chunk, at most."""


class Block(NamedTuple):
    """Finished runs of one policy, as a sink gets them.

    Attributes
    ----------
    policy : str
        Which policy.
    first_run : int
        Number of the first of them.
    arrays : dict of str to numpy.ndarray
        ``metrics`` (runs, len(METRICS)); ``accounts`` (runs, len(ACCOUNTS), years, forms, 5), US$ spent, needed and
        met up to the end of each year, and ``spending``, the first of them; ``ledgers`` (runs, years, len(LEDGERS)),
        totals up to the end of each year; ``bodies`` (runs, bodies, len(BODY_ACCOUNTS)), US$; each series that was
        asked for under its name (runs, months + 1); with histories ``stage`` (runs, months + 1, groups), int8. From a
        GPU, where no sink gets the block: in place of accounts and spending ``accounts_so_far``, added up in order.
    null_twin : bool
        Whether assistance had no effect in these runs: the policy's null twin.
    """

    policy: str
    first_run: int
    arrays: dict[str, np.ndarray]
    null_twin: bool = False


class _Space(NamedTuple):
    """Working rows of one thread: those of each policy share the blocks that are written."""

    blocks: Blocks
    rows: list[Rows]


class _Ensemble:
    """What all chunks share.

    Parameters
    ----------
    full : Scenario
        With everything generated.
    policies : sequence of str
        Of that scenario.
    seed, months : int
        Luck, and length of a run.
    series : sequence of str
        Names of `SERIES`.
    histories : bool
        Whether the stages of all groups are kept.
    most : int
        No more runs than this are wanted of a policy and thread.
    drawn : sequence of str
        What each run draws for itself, as `r2psim.scenario.posterior.drawn_in` gives it.
    null_twins : bool
        Whether every policy is run once more with all effects of assistance at none.
    device : str, optional
        Where it is run, one of `r2psim.ensemble.devices.DEVICES`; if not given, where `runs_on` says.
    """

    def __init__(
        self,
        full: Scenario,
        policies: Sequence[str],
        seed: int,
        months: int,
        series: Sequence[str],
        histories: bool,
        most: int,
        drawn: Sequence[str] = (),
        null_twins: bool = False,
        device: str | None = None,
    ) -> None:
        self.full = full
        self.device = checked_device(device)
        self.accounts_by_run = True
        self.drawing = Drawing(full, drawn, seed) if drawn else None
        self.policies = tuple(policies)
        self.seed = seed
        self.months = months
        self.series = tuple(series)
        self.histories = histories
        self.worlds: list[World] = [build(full, policy) for policy in policies]
        # On a GPU every run has rows of its own.
        self.together = min(runs_beside(self.worlds[0].rows), most) if self.device == "cpu" else 1
        self.rows = [side_by_side(world.rows, self.together) for world in self.worlds]
        self.starts = [blocks_of(rows) for rows in self.rows]
        # A null twin is the same policy in the same world: only what assistance does is taken away.
        self.cases = [(k, twin) for twin in (False, True)[: 1 + null_twins] for k in range(len(policies))]
        self.parameters = [full.parameter_values(policy) for policy in policies]
        compile_ensemble_ahead()
        self.called = called_at(self.rows[0], self.parameters[0], draws_of(seed, 0, 0))
        places = list(SERIES)
        self.picks = np.array([places.index(name) for name in series], dtype=np.int64)
        self.stop = np.zeros(1, dtype=np.int64)
        self.spaces: SimpleQueue[_Space] = SimpleQueue()
        self.worked = 0.0
        self.finished = 0

    @property
    def forms(self) -> int:
        """Number of forms of assistance."""
        return len(self.worlds[0].forms)

    def bytes_a_run(self) -> int:
        """Give the size of the results of a run."""
        a_year = len(ACCOUNTS) * self.forms * STAGES + len(LEDGERS)
        numbers = len(METRICS) + self.months // YEAR * a_year + len(self.series) * (self.months + 1)
        numbers += len(self.worlds[0].bodies) * len(BODY_ACCOUNTS)
        return 8 * numbers + self.histories * (self.months + 1) * len(self.worlds[0].groups)

    def make_room(self, threads: int) -> None:
        """Make the working rows of each thread, and have everything compiled before the first chunk is timed."""
        for _ in range(threads):
            blocks = blocks_of(copy_rows(self.rows[0]))
            mine = dict(zip(WRITTEN, blocks, strict=True))
            self.spaces.put(_Space(blocks, [rows._replace(**mine) for rows in self.rows]))
        self.run(0, 0, 0)

    def parameters_of(self, k: int, run: int, null_twin: bool = False) -> np.ndarray:
        """Give the values of the parameters of a run of the ``k``-th policy, or of its null twin."""
        values = self.parameters[k] if self.drawing is None else self.drawing.values_of(run, self.policies[k])
        if null_twin:
            values = values.copy()
            values[P.assistance_effect_scale] = 0.0
        return values

    def luck_of(self, run: int) -> int:
        """Give the number of the run whose luck a run has: its own."""
        return run

    def rows_of(self, run: int, rows: Rows) -> Rows:
        """Give rows with the effects of a run."""
        return rows if self.drawing is None else self.drawing.rows_of(run, rows)

    def own_of(self, k: int, first: int, count: int, null_twin: bool) -> Own:
        """Give what each of some runs of the ``k``-th policy, or of its null twin, has for itself."""
        runs, there = range(first, first + count), self.worlds[k].rows
        values = np.stack([self.parameters_of(k, run, null_twin) for run in runs])
        effects = [self.rows_of(run, there) for run in runs]
        luck = np.array([self.luck_of(run) for run in runs], dtype=np.uint64)
        sizes, harms = (np.stack([getattr(rows, name) for rows in effects]) for name in ("effect_size", "effect_harms"))
        return Own(values, sizes, harms, luck)

    def _room_for_own(self, rows: Rows, own: Own) -> tuple[Rows, np.ndarray]:
        """Give rows and an array of parameters with room for what runs side by side have for themselves."""
        effects = {name: np.empty(self.together * own.sizes.shape[1]) for name in ("effect_size", "effect_harms")}
        beside = {name: np.empty_like(getattr(rows, name)) for name in ("state_run", "group_run", "body_run")}
        records = self.together + 1 if self.together > 1 else 1
        return rows._replace(**effects, **beside), np.empty(records * own.values.shape[1])

    def run(self, case: int, first: int, count: int) -> tuple[dict[str, np.ndarray], float]:
        """Run some runs of one policy or null twin; give their arrays and the seconds that they took."""
        k, null_twin = self.cases[case]
        series = np.empty((count, len(self.series), self.months + 1))
        stages = np.empty((count * self.histories, self.months + 1, len(self.worlds[0].groups)), dtype=np.int8)
        metrics = np.empty((count, len(METRICS)))
        years = self.months // YEAR
        accounts = np.empty((count, len(ACCOUNTS), years, self.forms, STAGES))
        ledgers = np.empty((count, years, len(LEDGERS)))
        bodies = np.empty((count, len(self.worlds[0].bodies), len(BODY_ACCOUNTS)))
        work = np.empty(DEPTH)
        space = self.spaces.get()
        began = perf_counter()
        try:
            rows, p, own = space.rows[k], self.parameters_of(k, first, null_twin), nothing_own()
            if self.drawing is not None and count:
                own = self.own_of(k, first, count, null_twin)
                rows, p = self._room_for_own(rows, own)
            run_chunk(
                self.called,
                self.starts[k],
                space.blocks,
                rows,
                p,
                own,
                draws_of(self.seed, self.luck_of(first), 0),
                self.months,
                self.stop,
                metrics,
                accounts,
                ledgers,
                bodies,
                self.picks,
                series,
                stages,
                work,
            )
        finally:
            took = perf_counter() - began
            self.spaces.put(space)
        arrays = {"metrics": metrics, "accounts": accounts, "spending": accounts[:, 0]}
        arrays |= {"ledgers": ledgers, "bodies": bodies}
        arrays |= {name: series[:, i] for i, name in enumerate(self.series)}
        return (arrays | {"stage": stages} if self.histories else arrays), took

    def claims(self, first: int, runs: int, threads: int) -> Iterator[tuple[int, int, int]]:
        """Cut the work: place of the case, first run, number of runs. Later chunks know how long a run takes.

        All but the last are whole numbers of runs side by side.
        """
        most = max(1, LARGEST_CHUNK // self.bytes_a_run())
        at, end = first, first + runs
        while at < end:
            count = self.together
            if self.finished:
                a_run = max(self.worked / self.finished, 1e-9)
                share = (end - at) * len(self.cases) * a_run / (SHARES * threads)
                count = int(min(max(share, SHORTEST_CHUNK), LONGEST_CHUNK) / a_run)
            count = min(count, most) // self.together * self.together
            count = min(max(count, self.together), end - at)
            for k in range(len(self.cases)):
                yield k, at, count
            at += count

    def blocks(self, first: int, runs: int, threads: int) -> Generator[Block, None, None]:
        """Run everything; give the finished blocks in order of runs, and of policies within them."""
        if self.device == "gpu":
            from r2psim.ensemble.gpu.runs import blocks_on_device

            yield from (Block(*made) for made in blocks_on_device(self, first, runs))
            return
        self.make_room(threads)
        waiting: deque[tuple[int, int, int, Future]] = deque()
        with ThreadPoolExecutor(threads) as pool:
            try:
                for claim in self.claims(first, runs, threads):
                    waiting.append((*claim, pool.submit(self.run, *claim)))
                    # Few at a time, so that finished chunks do not pile up behind a slow one.
                    if len(waiting) > 2 * threads:
                        yield self._finish(*waiting.popleft())
                while waiting:
                    yield self._finish(*waiting.popleft())
            except BaseException:
                # Chunks that have begun end with their present month.
                self.stop[0] = 1
                pool.shutdown(cancel_futures=True)
                raise

    def _finish(self, k: int, first: int, count: int, future: Future) -> Block:
        arrays, took = future.result()
        self.worked += took
        self.finished += count
        policy, null_twin = self.cases[k]
        return Block(self.policies[policy], first, arrays, null_twin)


class _Kept:
    """Results as they come in."""

    def __init__(self, ensemble: _Ensemble, first: int, runs: int, keep: bool, ledgers: bool) -> None:
        self.first, self.runs, self.keep, self.names = first, runs, keep, ensemble.series
        policies, months = ensemble.policies, ensemble.months
        groups = len(ensemble.worlds[0].groups)
        rooms = runs if keep else 0
        self.arrays: dict[str, dict[str, np.ndarray]] = {
            policy: {"metrics": np.empty((rooms, len(METRICS)))}
            | ({"ledgers": np.empty((rooms, months // YEAR, len(LEDGERS)))} if ledgers else {})
            | {name: np.empty((rooms, months + 1)) for name in ensemble.series}
            | ({"stage": np.empty((rooms, months + 1, groups), dtype=np.int8)} if ensemble.histories else {})
            for policy in policies
        }
        shape = (len(ACCOUNTS), months // YEAR, ensemble.forms, STAGES)
        self.added = {policy: np.zeros(shape) for policy in policies}
        bodies = (1, 1, len(ensemble.worlds[0].bodies), len(BODY_ACCOUNTS))
        self.bodies = {policy: np.zeros(bodies) for policy in policies}

    def take(self, block: Block) -> None:
        """Take in a block: its accounts are added in order of runs, so that sums are the same bits in any chunks."""
        if "accounts" in block.arrays:
            add_in_order(self.added[block.policy], block.arrays["accounts"])
        else:
            self.added[block.policy] = block.arrays["accounts_so_far"]
        add_in_order(self.bodies[block.policy], block.arrays["bodies"][:, None, None])
        if self.keep:
            at = block.first_run - self.first
            for name, kept in self.arrays[block.policy].items():
                new = block.arrays[name]
                kept[at : at + len(new)] = new

    def results(
        self,
        full: Scenario,
        policies: tuple[str, ...],
        seed: int,
        months: int,
        uncertainty: str,
        drawn: tuple[str, ...],
    ) -> Results:
        """Give the results of all runs."""
        so_far = {policy: added / self.runs for policy, added in self.added.items()}
        return Results(
            scenario=full,
            policies=policies,
            runs=self.runs,
            seed=seed,
            months=months,
            first_run=self.first,
            metrics=self.of("metrics"),
            spending={policy: found[0, -1] for policy, found in so_far.items()},
            yearly={policy: np.diff(found[0], axis=0, prepend=0.0) for policy, found in so_far.items()},
            needs={policy: np.diff(found[1:], axis=1, prepend=0.0) for policy, found in so_far.items()},
            bodies={policy: added[0, 0] / self.runs for policy, added in self.bodies.items()},
            ledgers={policy: np.diff(found, axis=1, prepend=0.0) for policy, found in self.of("ledgers").items()},
            series=self.series(),
            stages=self.of("stage"),
            uncertainty=uncertainty,
            drawn=drawn,
        )

    def of(self, name: str) -> dict[str, np.ndarray]:
        """Give an array of each policy, none where it was not kept."""
        if not self.keep:
            return {}
        return {policy: arrays[name] for policy, arrays in self.arrays.items() if name in arrays}

    def series(self) -> dict[str, dict[str, np.ndarray]]:
        """Give the series of each policy, none where they were not kept."""
        if not (self.keep and self.names):
            return {}
        return {policy: {name: arrays[name] for name in self.names} for policy, arrays in self.arrays.items()}


def checked_policies(
    scenario: Scenario, policies: AnyPolicy | Sequence[AnyPolicy] | None
) -> dict[str, PythonPolicy | None]:
    """Give the policies by name, in the order asked for; with each that is Python, what it is.

    Parameters
    ----------
    scenario : Scenario
        Whose policies and bodies they are checked against.
    policies : str, PythonPolicy, Policy, ManyPolicy, or sequence of them, or None
        As `simulate` takes them.

    Raises
    ------
    ScenarioError
        If the scenario has no policy of such a name.
    ValueError
        If none is given, or one twice. As `PolicyError`, if an object cannot decide.
    """
    if policies is None:
        policies = [name for name in DEFAULT_POLICIES if name in scenario.policies] or list(scenario.policies)
    given = list(policies) if isinstance(policies, Sequence) and not isinstance(policies, str) else [policies]
    found: dict[str, PythonPolicy | None] = {}
    for policy in given:
        if isinstance(policy, str) and (policy in scenario.policies or policy not in plugged_names("policies")):
            scenario.policy(policy)
            found[policy] = None
            continue
        # Imports Mesa, which nothing else here needs.
        from r2psim.ensemble.python_policies import plugged_policy, python_policy

        made = python_policy(plugged_policy(policy) if isinstance(policy, str) else policy, scenario)
        found[made.name] = made
    if not given or len(found) != len(given):
        raise ValueError("policies are needed, each of them once")
    return found


def _checked_series(series: str | Sequence[str]) -> tuple[str, ...]:
    named = (series,) if isinstance(series, str) else tuple(dict.fromkeys(series))
    for name in named:
        if name not in SERIES:
            said = f"one of {listing(SERIES, limit=len(SERIES))}{hint(name, SERIES)}"
            raise ValueError(f"series {name!r} is not allowed: {said}")
    return named


def _checked_numbers(first: int, runs: int, threads: int | None, years: int | None) -> None:
    for name, number in (("runs", runs), ("threads", threads), ("years", years)):
        if number is not None and (isinstance(number, bool) or not isinstance(number, Integral) or number < 1):
            raise ValueError(f"{name} {number} is not allowed: a whole number from 1 on")
    checked_run(first + runs - 1)


def simulate(
    scenario: str | Path | Scenario,
    policies: AnyPolicy | Sequence[AnyPolicy] | None = None,
    runs: int = 1000,
    seed: Seed = 1,
    years: int | None = None,
    threads: int | None = None,
    first_run: int = 0,
    series: str | Sequence[str] = (),
    histories: bool = False,
    events: Sequence[int] = (),
    advance: Callable[[int], None] | None = None,
    sink: Callable[[Block], Any] | None = None,
    uncertainty: str = "none",
    ledgers: bool = False,
    null_twins: bool = False,
    device: str | None = None,
) -> Results:
    """Run policies side by side over the same luck.

    Parameters
    ----------
    scenario : str, Path or Scenario
        Name of a shipped scenario, path of a scenario file, or a loaded scenario.
    policies : str, PythonPolicy, Policy, ManyPolicy, or sequence of them, optional
        Policies of the scenario by name, and objects that decide (`r2psim.ensemble.python_policies`), each once; if
        not given, those of `DEFAULT_POLICIES` that it has.
    runs, seed, first_run : int
        Runs ``first_run .. first_run + runs - 1`` of this seed, the same for every policy. ``seed=None`` draws a
        fresh seed, and a generator of random numbers gives one; ``Results.seed`` says which.
    years : int, optional
        Length; the scenario's own if not given.
    threads : int, optional
        All processors if not given; the results do not depend on it. Objects that decide for one run at a time are
        run by as many worker processes, or with 1 in this one; those that decide for many, by threads.
    series : str or sequence of str
        Monthly series of `r2psim.ensemble.measures.SERIES` to keep of every run.
    histories : bool
        Whether to keep the stage of every group in every month of every run: months times groups bytes a run.
    events : sequence of int
        Numbers of runs whose events are told, each with its probability and what contributed most.
    advance : callable, optional
        Told the number of runs finished since it was last called.
    sink : callable, optional
        Given each finished `Block`, in order of runs and within them of policies. The results then keep no runs, and
        memory does not grow with their number.
    uncertainty : {"none", "rates", "effects", "all"}
        Whether every run has the same parameters and effects of assistance, or run ``i`` has draw ``i`` of the
        calibrated parameters (rates), of the effects (see `r2psim.ensemble.uncertainty`), or of both: the same for
        every policy. What the scenario or a policy sets stays.
    ledgers : bool
        Whether to keep every ledger of `r2psim.ensemble.measures.LEDGERS` year by year of every run.
    null_twins : bool
        Whether to run every policy once more with all effects of assistance at none, under the same luck: what then
        differs between policies is money alone. Takes twice the time; `Results.null` has them.
    device : {"cpu", "gpu"}, optional
        Where: on the processors, or on an NVIDIA GPU (the extra ``r2psim[gpu]``); the results are the same bits. If
        not given, where `r2psim.ensemble.devices.runs_on` says, else on the processors. Objects that decide, and
        events, are run on the processors in any case.

    Returns
    -------
    Results
        Metrics of every run; mean spending; what else was asked for.

    Raises
    ------
    ScenarioError
        If the scenario cannot be used or has no policy of such a name; nothing is run then.
    ValueError
        If another argument is not allowed; the message says what is. As `PolicyError`, if an object cannot decide.
    DeviceError
        If there is no GPU, or its driver, compiler or memory does not do.

    Examples
    --------
    >>> results = simulate("seminar", ["prevention"], runs=2, years=1)
    >>> results.values("prevention", "episodes").shape
    (2,)
    """
    from r2psim.scenario import load

    full = expand(load(scenario) if isinstance(scenario, str | Path) else scenario)
    wanted = checked_policies(full, policies)
    named = tuple(wanted)
    chosen = _checked_series(series)
    seed, first_run = checked_seed(seed), checked_run(first_run)
    _checked_numbers(first_run, runs, threads, years)
    uncertainty = checked_uncertainty(uncertainty)
    device = checked_device(device)
    drawn = drawn_in(full, uncertainty)
    told = tuple(dict.fromkeys(events))
    for run in told:
        if not first_run <= run < first_run + runs:
            raise ValueError(f"events of run {run}: not allowed: one of {first_run} to {first_run + runs - 1}")
    months = YEAR * (full.years if years is None else years)
    threads = threads or processors()
    if any(policy is not None for policy in wanted.values()):
        from r2psim.ensemble.python_policies import Order, run_beside

        if sink is not None:
            raise ValueError("sink: not allowed where a policy is Python")
        if device == "gpu":
            notice("r2psim: policies in Python decide on the processors; all others run on the GPU, with the same bits")
        names = [name for name, policy in wanted.items() if policy is None]
        years, fixed = months // YEAR, (chosen, histories, told, advance, None, uncertainty, ledgers, null_twins)
        ours = simulate(full, names, runs, seed, years, threads, first_run, *fixed, device) if names else None
        order = Order(
            full, seed, first_run, runs, months, chosen, histories, told, uncertainty, drawn, ledgers, null_twins
        )
        return run_beside(order, wanted, ours, threads, advance)
    if told and device == "gpu":
        notice("r2psim: events and their reasons are found on the processors, with the same bits")
    most = -(-runs * len(named) // threads)
    ensemble = _Ensemble(full, named, seed, months, chosen, histories, most, drawn, null_twins, device)
    ensemble.accounts_by_run = sink is not None
    kept = [_Kept(ensemble, first_run, runs, keep=sink is None, ledgers=ledgers) for _ in range(1 + null_twins)]
    # Closed at once if anything here raises: threads must not go on until the traceback is forgotten.
    with closing(ensemble.blocks(first_run, runs, threads)) as blocks:
        for block in blocks:
            kept[block.null_twin].take(block)
            if sink is not None:
                sink(block)
            if advance is not None:
                advance(len(block.arrays["metrics"]))
    results = [each.results(full, named, seed, months, uncertainty, drawn) for each in kept]
    return replace(
        results[0],
        events={
            (policy, run): events_of_run(
                replace(world, rows=ensemble.rows_of(run, world.rows)),
                ensemble.parameters_of(k, run),
                seed,
                run,
                months,
            )
            for k, (policy, world) in enumerate(zip(named, ensemble.worlds, strict=True))
            for run in told
        },
        null=results[1] if null_twins else None,
    )
