"""Runs at the points of a design, row by row: each row has luck of its own, and all points of a row share it.

A point changes parameters and sizes of effects, as ``uncertainty`` changes them run by run: the world is built once,
and bodies expect of an effect what they did. Where a parameter changes what a run starts with, such as budgets, the
world is built again for every point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from r2psim.ensemble.devices import checked_device
from r2psim.ensemble.measures import METRICS
from r2psim.ensemble.simulation import _Ensemble, simulate
from r2psim.ensemble.uncertainty import with_effect
from r2psim.progress import notice
from r2psim.scenario.paths import effects_by_path, form_number
from r2psim.world.assistance import size_in_rules
from r2psim.world.build import build
from r2psim.world.rows import Rows

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = ["PointRuns", "RowsDone", "changes_the_start"]

YEAR = 12
AHEAD = 4
"""Rows that are in work at a time, for each thread."""


class RowsDone(NamedTuple):
    """Finished rows: number of the first, and metrics, shape (rows, points of a row, policies, replicates, METRICS)."""

    first: int
    metrics: np.ndarray


class _AtPoints:
    """What the runs of a design draw: nothing, but the values of their point. Has the shape of a `Drawing`."""

    def __init__(
        self, full: Scenario, policies: Sequence[str], paths: Sequence[str], values: np.ndarray, each: int
    ) -> None:
        effects = effects_by_path(full.forms)
        places = {path: i for i, path in enumerate(effects)}
        self.values, self.each = values, each
        self._effects = [(k, effects[path]) for k, path in enumerate(paths) if path in effects]
        self._places = np.array([places[paths[k]] for k, _ in self._effects], dtype=np.int64)
        self._base = {policy: full.parameter_values(policy) for policy in policies}
        self._sets: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        for policy in policies:
            found = [
                (k, place)
                for k, path in enumerate(paths)
                if path not in effects and (place := _place_of(full, policy, path)) is not None
            ]
            columns, into = zip(*found, strict=True) if found else ((), ())
            self._sets[policy] = np.array(columns, dtype=np.int64), np.array(into, dtype=np.int64)

    def values_of(self, run: int, policy: str) -> np.ndarray:
        """Give the value of every parameter in a run of a policy."""
        found = self._base[policy].copy()
        columns, into = self._sets[policy]
        found[into] = self.values[run // self.each, columns]
        return found

    def rows_of(self, run: int, rows: Rows) -> Rows:
        """Give rows with the effects of a run's point."""
        if not self._effects:
            return rows
        point = self.values[run // self.each]
        sizes, harms = rows.effect_size.copy(), rows.effect_harms.copy()
        sizes[self._places] = [size_in_rules(e.on, float(point[k])) for k, e in self._effects]
        harms[self._places] = [float(e.channel.harms(float(point[k]))) for k, e in self._effects]
        return rows._replace(effect_size=sizes, effect_harms=harms)


def _with(full: Scenario, path: str, value: float) -> Scenario:
    """Give a scenario with a parameter set as ``--set`` sets it: also under policies that set it themselves."""
    return replace(full, parameters=full.parameters | {path: value}, overrides=full.overrides | {path: value})


def _place_of(full: Scenario, policy: str, path: str) -> int | None:
    """Give the place of a parameter that is varied among the values of a policy; None where it does not reach it."""
    a, b = (_with(full, path, value).parameter_values(policy) for value in (0.25, 0.75))
    places = np.flatnonzero(a != b)
    return int(places[0]) if len(places) else None


def changes_the_start(full: Scenario, policies: Sequence[str], path: str, low: float, high: float) -> bool:
    """Say whether a parameter changes what a run starts with, and not only what rules do with it."""
    for policy in policies:
        worlds = [build(_with(full, path, value), policy).rows for value in (low, high)]
        if any(not np.array_equal(a, b) for a, b in zip(*worlds, strict=True)):
            return True
    return False


class _Points(_Ensemble):
    """An ensemble whose runs, numbered on, are the replicates of point after point, row after row."""

    def __init__(
        self,
        full: Scenario,
        policies: Sequence[str],
        seed: int,
        months: int,
        at: _AtPoints,
        row: int,
        first_run: int,
        most: int,
    ) -> None:
        super().__init__(full, policies, seed, months, (), False, most)
        self.drawing = at  # type: ignore[assignment]
        self.accounts_by_run = False
        self._row, self._first = row, first_run

    def luck_of(self, run: int) -> int:
        """Give the number of the run whose luck it has: the replicate's of its row, whichever point of it."""
        each: int = self.drawing.each  # type: ignore[union-attr]
        row = run // (self._row * each)
        return self._first + row * each + run % each


class PointRuns:
    """Runs of some policies at the points of a design.

    Parameters
    ----------
    full : Scenario
        With everything generated.
    policies : sequence of str
        Of that scenario.
    paths : sequence of str
        What is varied: parameters, and sizes of effects.
    values : numpy.ndarray, shape (rows, points, len(paths))
        What each point of each row is set to.
    replicates : int
        Runs of every point. Replicate ``r`` of row ``j`` has the luck of run ``first_run + j * replicates + r``.
    seed, years, threads, first_run : int
        As for `simulate`.
    rebuilt : bool
        Whether the world is built again for every point (`changes_the_start`).
    """

    def __init__(
        self,
        full: Scenario,
        policies: Sequence[str],
        paths: Sequence[str],
        values: np.ndarray,
        replicates: int,
        seed: int,
        years: int,
        threads: int,
        first_run: int = 0,
        rebuilt: bool = False,
    ) -> None:
        self.full, self.policies, self.paths = full, tuple(policies), tuple(paths)
        self.values, self.replicates, self.seed, self.years = values, replicates, seed, years
        self.threads, self.first_run, self.rebuilt = threads, first_run, rebuilt

    @property
    def each_row(self) -> int:
        """Runs of a row."""
        return int(self.values.shape[1]) * self.replicates * len(self.policies)

    def rows(self, first: int, count: int, advance: Callable[[int], None] | None = None) -> Iterator[RowsDone]:
        """Run some rows; give each as it is finished, in order.

        Parameters
        ----------
        first, count : int
            Which.
        advance : callable, optional
            Told the number of runs finished since it was last called.
        """
        found = self._built_again(first, count) if self.rebuilt else self._streamed(first, count, advance)
        with closing(found) as done:  # type: ignore[type-var]
            for row, metrics in enumerate(done, first):
                if self.rebuilt and advance is not None:
                    advance(self.each_row)
                yield RowsDone(row, metrics[None])

    def _streamed(self, first: int, count: int, advance: Callable[[int], None] | None) -> Iterator[np.ndarray]:
        """Run all points on one world; give the metrics of row after row."""
        points = self.values.shape[1]
        flat = self.values.reshape(-1, self.values.shape[2])
        at = _AtPoints(self.full, self.policies, self.paths, flat, self.replicates)
        row = points * self.replicates
        most = -(-count * row * len(self.policies) // self.threads)
        ensemble = _Points(self.full, self.policies, self.seed, YEAR * self.years, at, points, self.first_run, most)
        waiting: dict[str, list[np.ndarray]] = {policy: [] for policy in self.policies}
        with closing(ensemble.blocks(first * row, count * row, self.threads)) as blocks:
            for block in blocks:
                waiting[block.policy].append(block.arrays["metrics"])
                if advance is not None:
                    advance(len(block.arrays["metrics"]))
                if block.policy != self.policies[-1]:
                    continue
                there = {policy: np.concatenate(parts) for policy, parts in waiting.items()}
                whole = len(there[self.policies[-1]]) // row
                for k in range(whole):
                    parts = [there[policy][k * row : (k + 1) * row] for policy in self.policies]
                    shape = (len(self.policies), points, self.replicates, len(METRICS))
                    yield np.stack(parts).reshape(shape).swapaxes(0, 1)
                waiting = {policy: [found[whole * row :]] for policy, found in there.items()}

    def _built_again(self, first: int, count: int) -> Iterator[np.ndarray]:
        """Build the world for each point; give the metrics of row after row."""
        if checked_device(None) == "gpu":
            notice("r2psim: a point changes what runs start with: each has a world of its own, run on the processors")
        with ThreadPoolExecutor(self.threads) as pool:
            try:
                for at in range(first, first + count, AHEAD):
                    chosen = range(at, min(at + AHEAD, first + count))
                    jobs = [(row, point) for row in chosen for point in range(self.values.shape[1])]
                    done = list(pool.map(lambda job: self._point(*job), jobs))
                    for k in range(len(chosen)):
                        each = self.values.shape[1]
                        yield np.stack(done[k * each : (k + 1) * each])
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _point(self, row: int, point: int) -> np.ndarray:
        scenario = self.scenario_at(row, point)
        first = self.first_run + row * self.replicates
        found = simulate(scenario, self.policies, self.replicates, self.seed, self.years, 1, first, device="cpu")
        return np.stack([found.metrics[policy] for policy in self.policies])

    def scenario_at(self, row: int, point: int) -> Scenario:
        """Give the scenario at a point."""
        effects = effects_by_path(self.full.forms)
        scenario, forms = self.full, dict(self.full.changed_forms)
        for path, value in zip(self.paths, self.values[row, point].tolist(), strict=True):
            if path not in effects:
                scenario = _with(scenario, path, value)
                continue
            number = form_number(path)
            assert number is not None and number.channel is not None
            change = {"size": value, "expected": effects[path].believed, "known": True}
            forms[number.form] = with_effect(forms.get(number.form, {}), number.channel, change)
        return replace(scenario, changed_forms=forms)
