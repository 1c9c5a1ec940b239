"""Small batches, done as a user does them, and killed as no user would."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from r2psim.ensemble.batch.designs import points_of
from r2psim.ensemble.batch.directory import BatchDirectory, Mended
from r2psim.ensemble.batch.driver import Outcome, run_batch
from r2psim.ensemble.batch.executors import Crew, SerialCrew
from r2psim.ensemble.batch.experiment import Experiment
from r2psim.ensemble.batch.export import export
from r2psim.ensemble.batch.loading import load_experiment
from r2psim.ensemble.batch.plan import Plan
from r2psim.ensemble.batch.stored_batch import open_batch

__all__ = ["PARTS", "SMALL", "command", "digest", "do", "killed", "mended", "parts", "stamps", "write"]

SMALL = """
schema = 1
title = "Small"
scenario = "seminar"
policies = ["late-response", "prevention"]
years = 1
runs = 6
metrics = ["episodes", "deaths", "total_cost", "months_to_help"]
[factors]
"assistance.budget_scale" = { values = [0.5, 1.0, 2.0] }
observation.noise = { low = 0.0, high = 0.6, levels = 2 }
[design]
kind = "grid"
"""
"""Six points of six runs."""

PARTS = 6
"""Runs of a task, so that each of the six points is one part: the parts of `SMALL` too."""


def write(folder: Path, text: str = SMALL, name: str = "small.toml") -> Path:
    """Write an experiment file."""
    folder.mkdir(exist_ok=True, parents=True)
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


@cache
def loaded(file: Path, text: str) -> Experiment:
    """Load an experiment, once for each text of a file."""
    return load_experiment(file)


def do(file: Path, out: Path, crew: Crew | None = None, storage: str | None = None, **more: Any) -> Outcome:
    """Do a batch in this process."""
    experiment = loaded(file, file.read_text(encoding="utf-8"))
    points = points_of(experiment)
    plan = Plan(len(points), experiment.runs, experiment.rounds())
    text = file.read_text(encoding="utf-8")
    with BatchDirectory.opened(out, experiment, text, points, plan, storage) as directory:
        return run_batch(directory, crew or SerialCrew(), **more)


def digest(out: Path, table: str = "runs") -> str:
    """Give the digest of the sorted results, after every part has been checked."""
    batch = open_batch(out)
    assert batch.verify() == []
    found = []
    for form in ("csv", "parquet"):
        file = out.parent / f"{out.name}-{table}.{form}"
        export(batch, form, file, table)
        found.append(hashlib.sha256(file.read_bytes()).hexdigest())
    return " ".join(found)


def command(*words: str | Path) -> list[str]:
    """Give the command line of r2psim."""
    return [sys.executable, "-m", "r2psim", *map(str, words)]


def killed(words: list[str], when: Callable[[float], bool], delay: float, told: Path) -> int | None:
    """Start r2psim, and kill it with all its workers some seconds after something holds.

    Parameters
    ----------
    words : list of str
        The command.
    when : callable
        Given the seconds since the start; says whether it is time.
    delay : float
        Seconds from then on.
    told : Path
        Gets what it printed.

    Returns
    -------
    int or None
        The exit code if it was faster.
    """
    heard = {**os.environ, "PYTHONFAULTHANDLER": "1"}
    began = time.monotonic()
    with (
        told.open("w") as log,
        subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True, env=heard) as running,
    ):
        while running.poll() is None and not when(time.monotonic() - began):
            time.sleep(0.002)
        try:
            code: int | None = running.wait(delay)
        except subprocess.TimeoutExpired:
            code = None
        # The whole group, even where the first process has ended: nothing of it may be left.
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
    return code


def wait_for(condition: Any, seconds: float = 300.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def parts(out: Path) -> list[Path]:
    """Give the parts."""
    return sorted((out / "runs").glob("*.parquet"))


def stamps(out: Path) -> dict[str, int]:
    """Give when each part was written."""
    return {part.name: part.stat().st_mtime_ns for part in parts(out)}


def mended(file: Path, out: Path) -> Mended:
    """Go on with a batch, and give what was found."""
    found: list[Mended] = []
    before = BatchDirectory._mend

    def noting(self: BatchDirectory) -> None:
        before(self)
        found.append(self.mended)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BatchDirectory, "_mend", noting)
        do(file, out, task_runs=PARTS)
    return found[0]
