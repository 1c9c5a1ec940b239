"""Runs of an ensemble on a GPU: in batches that its memory holds, every policy after the other, a kernel a phase."""

from __future__ import annotations

import ctypes
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from r2psim.ensemble.engine import ACCOUNTS
from r2psim.ensemble.gpu.cubins import cubin_of
from r2psim.ensemble.gpu.cuda import Device, DeviceMemoryError, open_device
from r2psim.ensemble.gpu.source import KEPT, KERNELS, MONTH, NOTES, TILE, layout_of
from r2psim.ensemble.measures import BODY_ACCOUNTS, FIRST_FLOW, LEDGERS, METRICS
from r2psim.rules.draws import MONTHS, draws_of
from r2psim.scenario.parameters import PARAMETERS, P
from r2psim.translation.c_types import c_struct
from r2psim.world.rows import WRITTEN, Rows

if TYPE_CHECKING:
    from r2psim.ensemble.uncertainty import Drawing
    from r2psim.scenario import Scenario
    from r2psim.world.build import World

__all__ = ["blocks_on_device"]

YEAR = 12
STAGES = 5
ENOUGH = 2**20
"""Rows of states in all runs of a batch beyond which more at a time would gain nothing."""
LARGEST_RESULTS = 2**31
"""Bytes of results of a batch, at most: they lie in the memory of the machine as well."""
OF_FREE = 0.9
"""How much of the free memory is taken, at most."""


Made = tuple[str, int, dict[str, np.ndarray], bool]


class Ensemble(Protocol):
    """What is asked of an ensemble: see `r2psim.ensemble.simulation`."""

    full: Scenario
    policies: tuple[str, ...]
    cases: list[tuple[int, bool]]
    worlds: list[World]
    seed: int
    months: int
    series: tuple[str, ...]
    picks: np.ndarray
    histories: bool
    accounts_by_run: bool
    drawing: Drawing | None

    @property
    def forms(self) -> int:
        """Number of forms of assistance."""

    def bytes_a_run(self) -> int:
        """Give the size of the results of a run."""

    def luck_of(self, run: int) -> int:
        """Give the number of the run whose luck a run has."""

    def parameters_of(self, k: int, run: int, null_twin: bool = False) -> np.ndarray:
        """Give the values of the parameters of a run of the ``k``-th policy, or of its null twin."""

    def rows_of(self, run: int, rows: Rows) -> Rows:
        """Give rows with the effects of a run."""


@dataclass
class _Policy:
    """What the device keeps of a policy: its rows, and each written block at the start of a run."""

    rows: ctypes.Structure
    starts: dict[str, int]


class _Runner:
    """Runs the cases of an ensemble on a device.

    Parameters
    ----------
    ensemble : Ensemble
        What is run.
    device : Device
        Where.
    """

    def __init__(self, ensemble: Ensemble, device: Device) -> None:
        self.ensemble, self.device = ensemble, device
        self.own_values = ensemble.drawing is not None
        self.layout = layout_of(self.own_values)
        device.load(cubin_of(self.own_values, device.architecture))
        self.example: Rows = ensemble.worlds[0].rows
        self.entries = {name: int(getattr(self.example, name).size) for name in WRITTEN}
        self.policies = [self._policy(world.rows) for world in ensemble.worlds]
        effects = [[getattr(world.rows, name) for world in ensemble.worlds] for name in KEPT]
        self.same_effects = all(np.array_equal(each, of[0]) for of in effects for each in of)
        self.effects_of: tuple[int, int, int] | None = None
        self.picks = device.kept(ensemble.picks)
        self.task = self.layout.task()()
        self.accounts_a_run = len(ACCOUNTS) * (ensemble.months // YEAR) * ensemble.forms * STAGES
        # Where nobody asks for the accounts of each run they are added up there: they are most of all results.
        nothing = np.zeros(0 if ensemble.accounts_by_run else self.accounts_a_run)
        self.added = [device.kept(nothing) for _ in ensemble.cases]

    # -- what stays there ----------------------------------------------------------------------------------------------

    def _policy(self, rows: Rows) -> _Policy:
        """Copy what rules do not write, and the start."""
        made = c_struct(self.layout.rows)()
        starts = {}
        for name in Rows._fields:
            array: np.ndarray = getattr(rows, name)
            field = getattr(made, name)
            for axis, n in enumerate(array.shape):
                setattr(field, f"n{axis}", n)
            if name in WRITTEN:
                # Row after row, all columns of each; the ledger as it is.
                starts[name] = self.device.kept(array if name == "ledger" else np.ascontiguousarray(array.T))
            elif not (self.own_values and name in KEPT):
                field.at = self.device.kept(array)
        return _Policy(made, starts)

    def results_a_run(self) -> int:
        """Give the bytes that are copied back of a run."""
        found = self.ensemble.bytes_a_run()
        return found if self.ensemble.accounts_by_run else found - 8 * self.accounts_a_run

    def bytes_a_run(self) -> int:
        """Give what a run takes on the device."""
        numbers = sum(self.entries.values()) + 1
        if self.own_values:
            numbers += len(PARAMETERS) + sum(int(getattr(self.example, name).size) for name in KEPT)
        return 8 * numbers + self.ensemble.bytes_a_run()

    def tiles_at_once(self, runs: int) -> int:
        """Say how many tiles go at a time: what fills the device, as far as its memory goes.

        Raises
        ------
        DeviceMemoryError
            If it does not hold one.
        """
        tile = TILE * self.bytes_a_run()
        rows = [int(getattr(self.example, kind).shape[1]) for kind in ("state", "group", "body")]
        rows += [len(ACCOUNTS) * STAGES * self.ensemble.forms, len(self.ensemble.picks)]
        most = min(
            int(OF_FREE * self.device.free_bytes()) // tile,
            max(1, ENOUGH // (TILE * rows[0])),
            max(1, LARGEST_RESULTS // (TILE * self.results_a_run())),
            # Threads are numbered in 32 bits.
            (2**32 - 1) // (TILE * max(rows)),
        )
        if most < 1:
            raise DeviceMemoryError(
                f"device gpu: {self.device.name} has {self.device.free_bytes() / 1e6:,.0f} MB of memory free, and "
                f"{TILE} runs of {self.ensemble.full.name} take {tile / OF_FREE / 1e6:,.0f} MB; --device cpu gives the "
                "same results"
            )
        tiles = -(-runs // TILE)
        # Batches of nearly one size.
        return -(-tiles // -(-tiles // most))

    def make_room(self, tiles: int) -> None:
        """Make room for a batch."""
        runs, task, device = tiles * TILE, self.task, self.device
        self.blocks = {name: device.room(8 * runs * entries) for name, entries in self.entries.items()}
        for name, entries in self.entries.items():
            getattr(task.of_tile, name).at = TILE * entries
        self.shapes = self._shapes(runs)
        for name, (shape, kind) in self.shapes.items():
            setattr(task, name, device.room(int(np.prod(shape)) * np.dtype(kind).itemsize))
        task.pick, task.picks = self.picks, len(self.ensemble.picks)
        task.months, task.years = self.ensemble.months, self.ensemble.months // YEAR
        task.luck_of = device.room(8 * runs)
        task.p.n0 = len(PARAMETERS)
        if self.own_values:
            task.p.at = device.room(8 * runs * len(PARAMETERS))
            self.effects = {name: device.room(8 * runs * getattr(self.example, name).size) for name in KEPT}

    def _shapes(self, runs: int) -> dict[str, tuple[tuple[int, ...], type]]:
        """Give the shapes of what is noted of so many runs."""
        ensemble, months = self.ensemble, self.ensemble.months
        world = ensemble.worlds[0]
        return {
            "metrics": ((runs, len(METRICS)), np.float64),
            "accounts": ((runs, len(ACCOUNTS), months // YEAR, ensemble.forms, STAGES), np.float64),
            "ledgers": ((runs, months // YEAR, len(LEDGERS)), np.float64),
            "bodies": ((runs, len(world.bodies), len(BODY_ACCOUNTS)), np.float64),
            "series": ((runs, len(ensemble.series), months + 1), np.float64),
            "stages": ((runs * ensemble.histories, months + 1, len(world.groups)), np.int8),
        }

    # -- a batch -------------------------------------------------------------------------------------------------------

    def run(self, case: int, first: int, count: int) -> dict[str, np.ndarray]:
        """Run some runs of one policy or null twin; give their arrays."""
        ensemble, device, task = self.ensemble, self.device, self.task
        k, null_twin = ensemble.cases[case]
        tiles = -(-count // TILE)
        # Threads beyond the last run do in vain what the last one does.
        numbers = [first + min(i, count - 1) for i in range(tiles * TILE)]
        values = self._values(k, numbers, null_twin)
        task.tiles, task.runs = tiles, count
        task.rows = self.policies[k].rows
        for name, address in self.blocks.items():
            getattr(task.rows, name).at = address
        if self.own_values:
            self._put_own(k, numbers, values)
        else:
            device.put_symbol("PARAMETERS", values[0])
        luck = draws_of(ensemble.seed, 0, 0)
        task.luck.key0, task.luck.key1, task.luck.run = int(luck.key0), int(luck.key1), 0
        device.put(task.luck_of, np.array([ensemble.luck_of(run) for run in numbers], dtype=np.uint64))
        self._open(self.policies[k].starts, values)
        self._months()
        if not ensemble.accounts_by_run:
            task.added = self.added[case]
            device.launch("add_accounts", self.accounts_a_run, NOTES["add_accounts"], task)
        device.wait()
        return self._noted(case, count)

    def _values(self, k: int, numbers: Sequence[int], null_twin: bool) -> np.ndarray:
        """Give the values of the parameters of each run, or of all at once where they are the same."""
        chosen = numbers if self.own_values else numbers[:1]
        return np.stack([self.ensemble.parameters_of(k, run, null_twin) for run in chosen])

    def _put_own(self, k: int, numbers: Sequence[int], values: np.ndarray) -> None:
        """Copy what each run has for itself: a column a run, tile by tile."""
        self.device.put(self.task.p.at, _in_tiles(values))
        # All cases of a batch have the same draws: they are made once, where policies change no effect by themselves.
        batch = (numbers[0], len(numbers), 0 if self.same_effects else k)
        if batch != self.effects_of:
            rows = [self.ensemble.rows_of(run, self.ensemble.worlds[k].rows) for run in numbers]
            for name in KEPT:
                self.device.put(self.effects[name], _in_tiles(np.stack([getattr(own, name) for own in rows])))
            self.effects_of = batch
        for name in KEPT:
            getattr(self.task.rows, name).at = self.effects[name]

    def _launch(self, name: str, rows: int, threads: int) -> None:
        """Launch a kernel with a thread for each row of each run."""
        self.device.launch(name, self.task.tiles * TILE * rows, threads, self.task)

    def _act(self, name: str, month: int) -> None:
        """Let all rows of a kind act, with the luck of a month."""
        kernel = KERNELS[name]
        self.task.luck.month = month
        self._launch(name, getattr(self.example, kernel.kind).shape[1], kernel.threads)

    def _open(self, starts: dict[str, int], values: np.ndarray) -> None:
        """Put all runs back to the start, and open them: `r2psim.rules.month.opening`, phase by phase."""
        task = self.task
        for name, entries in self.entries.items():
            task.start, task.block, task.entries = starts[name], self.blocks[name], entries
            self._launch("reset", entries, NOTES["reset"])
        settling = {int(months) for months in values[:, P.start_settling_months]}
        assert len(settling) == 1, "settling takes all runs the same time: nothing draws it"
        (months,) = settling
        self._act("groups_begin", 0)
        self._act("states_begin", 0)
        for before in range(months):
            # As `r2psim.rules.settling.luck_before` says.
            month = MONTHS - months + before
            task.before = before
            self._act(MONTH[0].name, 0)
            self._act("states_settle", month)
            self._act("groups_settle", month)
            self._act("states_stand", month)
        if months:
            self._act("states_forget", 0)
            self._act("groups_forget", 0)
        self._act("states_open", 0)

    def _months(self) -> None:
        """Run all months, and note what is asked for."""
        task, ensemble = self.task, self.ensemble
        self._note_month(0)
        for m in range(ensemble.months):
            for kernel in MONTH:
                self._act(kernel.name, m)
            self._note_month(m + 1)
            if (m + 1) % YEAR == 0:
                task.at = m // YEAR
                self._launch("note_accounts", len(ACCOUNTS) * STAGES * ensemble.forms, NOTES["note_accounts"])
                self._launch("note_ledgers", 1, NOTES["note_ledgers"])
        self._launch("note_end", 1, NOTES["note_end"])

    def _note_month(self, at: int) -> None:
        self.task.at = at
        self._launch("note_series", len(self.ensemble.picks), NOTES["note_series"])
        if self.ensemble.histories:
            self._launch("note_stages", self.example.group.shape[1], NOTES["note_stages"])

    def _noted(self, case: int, count: int) -> dict[str, np.ndarray]:
        """Copy the results of a batch."""
        shapes = self._shapes(count)
        if not self.ensemble.accounts_by_run:
            shape, kind = shapes.pop("accounts")
            shapes["added"] = shape[1:], kind
        arrays: dict[str, np.ndarray] = {}
        for name, (shape, kind) in shapes.items():
            arrays[name] = np.empty(shape, dtype=kind)
            self.device.get(arrays[name], getattr(self.task, name))
        series, stages = arrays.pop("series"), arrays.pop("stages")
        if self.ensemble.accounts_by_run:
            arrays["spending"] = arrays["accounts"][:, 0]
        else:
            arrays["accounts_so_far"] = arrays.pop("added")
        for i, (name, place) in enumerate(zip(self.ensemble.series, self.ensemble.picks, strict=True)):
            levels = series[:, i]
            # From a place on, series are totals since the start: what was added in each month is told.
            arrays[name] = np.diff(levels, axis=1, prepend=levels[:, :1]) if place >= FIRST_FLOW else levels
        return (arrays | {"stage": stages}) if self.ensemble.histories else arrays


def _in_tiles(values: np.ndarray) -> np.ndarray:
    """Turn values, shape (runs, numbers), into tiles of a column a run."""
    runs, numbers = values.shape
    return np.ascontiguousarray(values.reshape(runs // TILE, TILE, numbers).swapaxes(1, 2))


def blocks_on_device(ensemble: Ensemble, first: int, runs: int) -> Generator[Made, None, None]:
    """Run everything on a GPU; give the finished blocks in order of runs, and of policies within them.

    Parameters
    ----------
    ensemble : Ensemble
        What is run.
    first, runs : int
        Which runs.

    Yields
    ------
    tuple
        What a `r2psim.ensemble.simulation.Block` has.

    Raises
    ------
    DeviceError
        If there is no device, driver or compiler, or too little memory, or a kernel fails.
    """
    device = open_device()
    try:
        runner = _Runner(ensemble, device)
        at_once = TILE * runner.tiles_at_once(runs)
        runner.make_room(at_once // TILE)
        for at in range(first, first + runs, at_once):
            count = min(at_once, first + runs - at)
            for case, (k, null_twin) in enumerate(ensemble.cases):
                device.enter()
                yield ensemble.policies[k], at, runner.run(case, at, count), null_twin
    finally:
        device.close()
