"""Who does the work: this process, processes of this machine, or Dask, all behind `concurrent.futures.Executor`."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor
from contextlib import suppress
from importlib import import_module
from multiprocessing import resource_tracker
from typing import Any

from r2psim.processors import processors
from r2psim.scenario.errors import nearest

__all__ = [
    "KINDS",
    "Crew",
    "DaskCrew",
    "LostError",
    "ProcessCrew",
    "SerialCrew",
    "check_executor",
    "crew",
]

KINDS = ("serial", "processes", "dask")
"""Executors by name; ``dask:ADDRESS`` names a scheduler."""

CONNECT_SECONDS = 20
_WORKER_LOG = "DASK_DISTRIBUTED__LOGGING__DISTRIBUTED"
"""What workers of this machine's own cluster read when they start, and when they are started again."""
NEEDS_DASK = 'this needs Dask, which is not installed: pip install "r2psim[cluster]"'


class LostError(Exception):
    """Workers that cannot be reached any more; the message says which."""


class _Serial(Executor):
    """Does each task when it is submitted."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        """Do a task; errors of the task are the future's."""
        future: Future = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class Crew:
    """Workers, and what to do about them when something happens.

    Attributes
    ----------
    executor : concurrent.futures.Executor
        Takes tasks.
    workers : int
        How many tasks are done at the same time.
    ahead : int
        How many tasks may wait, so that no worker does.
    dies_as_a_whole : bool
        Whether all of them are gone where one dies.
    slow_to_leave : bool
        Whether the end of this process would wait for them.
    """

    executor: Executor
    workers: int = 1
    ahead: int = 0
    dies_as_a_whole: bool = False
    slow_to_leave: bool = False

    def died(self, error: BaseException) -> bool:
        """Say whether an error of a task is that its worker died, and not of the task's own making."""
        return isinstance(error, BrokenExecutor)

    def renew(self) -> None:
        """Replace workers that died.

        Raises
        ------
        LostError
            If they cannot be replaced.
        """

    def check(self) -> None:
        """See that the workers can be reached.

        Raises
        ------
        LostError
            If they cannot.
        """

    def abandon(self) -> None:
        """End now, whatever is being done."""

    def close(self) -> None:
        """End when all is done."""
        self.executor.shutdown(wait=True, cancel_futures=True)


class SerialCrew(Crew):
    """The process that asks."""

    def __init__(self) -> None:
        self.executor = _Serial()


def _begin_worker() -> None:
    """Leave Ctrl-C to the parent, and end with it: a worker whose parent was killed would wait for ever."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _start_tracker() -> None:
    """Start the process that tidies up after processes, told not to report each semaphore when they are killed."""
    sys.warnoptions.append(said := "ignore:resource_tracker")
    try:
        resource_tracker.ensure_running()
    finally:
        sys.warnoptions.remove(said)


class ProcessCrew(Crew):
    """Processes of this machine, each started anew: threads and locks of compiled code do not survive a fork."""

    def __init__(self, workers: int) -> None:
        self.workers, self.ahead = workers, workers
        self.dies_as_a_whole = self.slow_to_leave = True
        _start_tracker()
        self.context = multiprocessing.get_context("spawn")
        self.renew()

    def renew(self) -> None:
        """Replace workers that died."""
        self.executor = ProcessPoolExecutor(self.workers, mp_context=self.context, initializer=_begin_worker)

    def abandon(self) -> None:
        """Kill the workers: what they have not sent back is nobody's."""
        # Python 3.14 has kill_workers; before, only the attribute.
        for process in list((getattr(self.executor, "_processes", None) or {}).values()):
            with suppress(OSError, ValueError):
                process.kill()
        self.executor.shutdown(wait=False, cancel_futures=True)


def _distributed() -> Any:
    try:
        return import_module("distributed")
    except ImportError:
        raise LostError(NEEDS_DASK) from None


class DaskCrew(Crew):
    """Dask: workers of this machine, or of the cluster whose scheduler is named.

    Parameters
    ----------
    address : str or None
        Of a scheduler, such as ``tcp://10.0.0.1:8786``; a cluster of this machine if not given.
    workers : int or None
        Workers of this machine; all processors if not given. A cluster has those that it has.

    Raises
    ------
    LostError
        If Dask is not installed, or the scheduler cannot be reached.
    """

    def __init__(self, address: str | None, workers: int | None) -> None:
        distributed = _distributed()
        self.slow_to_leave = True
        # Workers that die are told of by whoever did without them; Dask tells of each with a traceback.
        self.quiet = [(handler, handler.level) for handler in logging.getLogger("distributed").handlers]
        for handler, _ in self.quiet:
            handler.setLevel(logging.CRITICAL + 1)
        self.address, self.cluster = address, None
        _start_tracker()
        if address is None:
            os.environ[_WORKER_LOG] = "critical"
            self.cluster = distributed.LocalCluster(
                n_workers=workers or processors(),
                threads_per_worker=1,
                processes=True,
                dashboard_address="127.0.0.1:0",
                host="127.0.0.1",
            )
        try:
            self.client = distributed.Client(self.cluster or address, timeout=CONNECT_SECONDS, set_as_default=False)
            self.client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except (OSError, ValueError, TimeoutError) as error:
            raise LostError(f"Dask: no scheduler with workers at {address}: {error}") from None
        self.executor = self.client.get_executor(pure=False)
        self.workers = sum(self.client.nthreads().values())
        self.ahead = self.workers

    def died(self, error: BaseException) -> bool:
        """Say whether an error of a task is that its worker died."""
        distributed = _distributed()
        return isinstance(error, BrokenExecutor | CancelledError | distributed.KilledWorker)

    def renew(self) -> None:
        """Leave it to Dask to start workers again; see that there is somebody to do so."""
        self.check()
        self.executor = self.client.get_executor(pure=False)

    def check(self) -> None:
        """See that the scheduler can be reached."""
        if self.client.status != "running":
            raise LostError(f"Dask: the scheduler at {self.address or 'this machine'} cannot be reached any more")

    def abandon(self) -> None:
        """Cancel what waits; tasks that have begun on a cluster end by themselves, and nobody takes their results."""
        with suppress(Exception):
            self.executor.shutdown(wait=False, cancel_futures=True)
        if self.cluster is not None:
            # Its workers end with this process.
            with suppress(Exception):
                self.cluster.close(timeout=0)

    def close(self) -> None:
        """End when all is done."""
        with suppress(Exception):
            self.client.close()
        if self.cluster is not None:
            self.cluster.close()
            os.environ.pop(_WORKER_LOG, None)
        for handler, level in self.quiet:
            handler.setLevel(level)


def check_executor(executor: str) -> tuple[str, str | None]:
    """Give the kind of an executor and the address that it names, if any.

    Raises
    ------
    ValueError
        If there is no executor of such a name.

    Examples
    --------
    >>> check_executor("dask:tcp://10.0.0.1:8786")
    ('dask', 'tcp://10.0.0.1:8786')
    """
    kind, _, address = executor.partition(":")
    if kind not in KINDS or (address and kind != "dask"):
        near = nearest(kind, KINDS)
        hint = f" (did you mean {near}?)" if near else ""
        raise ValueError(f"{executor} is not allowed: serial, processes, dask or dask:ADDRESS{hint}")
    return kind, address or None


def crew(executor: str, workers: int | None = None) -> Crew:
    """Give the workers that a name stands for.

    Parameters
    ----------
    executor : str
        One of `KINDS`, or ``dask:ADDRESS``.
    workers : int, optional
        How many; all processors if not given.

    Raises
    ------
    ValueError
        If there is no executor of such a name.
    LostError
        If they cannot be reached.
    """
    kind, address = check_executor(executor)
    if kind == "serial":
        return SerialCrew()
    if kind == "processes":
        return ProcessCrew(workers or processors())
    return DaskCrew(address, workers)
