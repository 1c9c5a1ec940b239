"""A batch that is killed at any instant goes on, and ends with the bytes of one that was not."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from batch_worlds import SMALL, command, digest, do, killed, wait_for, write

from r2psim.ensemble.batch.stored_batch import open_batch

KILLS = 50
TASKS = "3"
"""Runs of a task: many small parts, so that many instants are between two steps."""


def long(runs: int) -> str:
    """Give a batch that takes a few seconds in small tasks."""
    return SMALL.replace("runs = 6", f"runs = {runs}")


def nothing_twice_nothing_missing(out: Path, points: int, runs: int) -> None:
    """Check that every run of every point is there once for each policy."""
    frame = open_batch(out).to_pandas(columns=["episodes"])
    keys = list(zip(frame["point"], frame["policy"], frame["run"], strict=True))
    assert len(set(keys)) == len(keys) == points * runs * 2


def lines(out: Path) -> int:
    """Give how many stretches the manifest names."""
    file = out / "manifest.jsonl"
    return file.read_bytes().count(b"\n") if file.exists() else 0


def killed_until_done(folder: Path, kills: int, executors: tuple[str, ...], runs: int) -> None:
    """Kill batches at random instants, each time going on with the same directory until it is finished.

    An instant is a number of stretches that are done and a few milliseconds, so that kills fall into the work however
    fast the machine is; every fifth is a time since the start, so that some fall before it and into its beginning.
    """
    file = write(folder, long(runs))
    do(file, folder / "whole")
    expected = digest(folder / "whole")
    total = 6 * runs // int(TASKS)
    chance = random.Random(4)
    done = finished = 0
    progressed = set()
    while done < kills:
        out, executor = folder / f"out{finished}", executors[done % len(executors)]
        words = command("batch", file, "--out", out, "--executor", executor, "--workers", "2", "--task-runs", TASKS)
        if done % 5:
            # Not far on, so that a directory is killed several times.
            least = lines(out) + chance.randint(0, max(1, total // 4))
            code = killed(words, lambda _: lines(out) >= least, chance.uniform(0.0, 0.05), folder / "told")  # noqa: B023
        else:
            code = killed(words, lambda _: True, chance.uniform(0.0, 4.0), folder / "told")
        if code is None:
            done += 1
            progressed.add((out.name, lines(out)))
        else:
            assert code == 0, (folder / "told").read_text("utf-8")
            assert digest(out) == expected
            finished += 1
    # It was killed at work, and not only before it began.
    assert len(progressed) > kills // 3
    do(file, out, task_runs=int(TASKS))
    assert digest(out) == expected
    nothing_twice_nothing_missing(out, 6, runs)


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_killed_at_a_few_instants(tmp_path: Path) -> None:
    killed_until_done(tmp_path, 2, ("serial",), 9)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_killed_at_fifty_instants(tmp_path: Path) -> None:
    killed_until_done(tmp_path, KILLS, ("serial", "serial", "serial", "processes"), 15)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_killed_worker_process_is_replaced(tmp_path: Path) -> None:
    psutil = pytest.importorskip("psutil")
    file = write(tmp_path, long(100))
    do(file, tmp_path / "whole")
    out = tmp_path / "out"
    words = command("batch", file, "--out", out, "--executor", "processes", "--workers", "2", "--task-runs", TASKS)
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as running:
        for parts in (2, 20):
            wait_for(lambda least=parts: len(list((out / "runs").glob("*.parquet"))) >= least)
            workers = [
                p for p in psutil.Process(running.pid).children(recursive=True) if "spawn_main" in str(p.cmdline())
            ]
            workers[0].send_signal(signal.SIGKILL)
        _, told = running.communicate(timeout=600)
    assert running.returncode == 0, told
    assert digest(out) == digest(tmp_path / "whole")


# -- Dask --------------------------------------------------------------------------------------------------------------


class Cluster:
    """A scheduler and workers of Dask, each a process that can be killed."""

    def __init__(self, folder: Path, workers: int, port: int) -> None:
        self.folder = folder
        self.address = f"tcp://127.0.0.1:{port}"
        words = ["-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
        self.scheduler = self.start("scheduler", words)
        self.workers = [self.worker() for _ in range(workers)]

    def start(self, name: str, words: list[str]) -> subprocess.Popen:
        """Start a process."""
        with (self.folder / f"{name}-{time.monotonic_ns()}.log").open("w") as log:
            return subprocess.Popen([sys.executable, *words], stdout=log, stderr=log, cwd=self.folder)

    def worker(self) -> subprocess.Popen:
        """Start a worker."""
        words = ["-m", "distributed.cli.dask_worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
        return self.start("worker", words)

    def end(self) -> None:
        """End all of them."""
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_killed_workers_and_scheduler_of_dask(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    file = write(tmp_path, long(200))
    do(file, tmp_path / "whole")
    out = tmp_path / "out"
    cluster = Cluster(tmp_path, 2, 29786)

    def parts() -> int:
        return len(list((out / "runs").glob("*.parquet")))

    words = command("batch", file, "--out", out, "--executor", f"dask:{cluster.address}", "--task-runs", TASKS)
    try:
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as running:
            for least in (3, 30):
                wait_for(lambda least=least: parts() >= least)
                victim = cluster.workers.pop(0)
                victim.kill()
                victim.wait()
                cluster.workers.append(cluster.worker())
            wait_for(lambda: parts() >= 60)
            cluster.scheduler.kill()
            cluster.scheduler.wait()
            _, told = running.communicate(timeout=600)
        assert running.returncode == 1, told
        assert "cannot be reached any more" in told
        assert "Go on with:" in told
        assert "Traceback" not in told
    finally:
        cluster.end()
    kept = parts()
    assert kept >= 60
    again = Cluster(tmp_path, 2, 29787)
    try:
        words = command("batch", file, "--out", out, "--executor", f"dask:{again.address}", "--task-runs", TASKS)
        subprocess.run(words, check=True, capture_output=True, timeout=600)
    finally:
        again.end()
    assert digest(out) == digest(tmp_path / "whole")
    nothing_twice_nothing_missing(out, 6, 200)
