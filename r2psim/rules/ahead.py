"""Rules that are not kept yet are compiled in several processes at once, before they are called.

A process compiles one rule at a time. Others beside it compile theirs into the directory of compiled code, where this
one then finds them. Whatever goes wrong with them, what is missing is compiled here when it is called.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from r2psim.compiling import SECONDS, compiled_elsewhere
from r2psim.machine_code import kept_files
from r2psim.processors import processors

__all__ = ["before_first_call", "compile_ahead", "compile_before_first", "shares"]

MOST = 4
"""Processes that gain something: the longest rules take as long as the others in each of so many shares."""

_WITHIN = "R2PSIM_COMPILES_AHEAD"
"""Set in the environment of a process that compiles for another: it starts none of its own."""

Compile = Callable[[str], None]

_begun: set[str] = set()
_before: dict[str, tuple[str, Sequence[str], Compile]] = {}


def shares(names: Sequence[str], processes: int) -> list[list[str]]:
    """Divide rules among processes so that all end about together, those in their usual order.

    Parameters
    ----------
    names : sequence of str
        In the order in which they are called.
    processes : int
        How many there are.

    Returns
    -------
    list of list of str
        One a process, none of them empty. The first takes the least time: its process also starts the others.
    """
    found: list[list[str]] = [[] for _ in range(min(processes, len(names)))]
    for name in sorted(names, key=lambda name: -SECONDS[name]):
        min(found, key=lambda share: sum(SECONDS[n] for n in share)).append(name)
    found.sort(key=lambda share: sum(SECONDS[n] for n in share))
    return [sorted(share, key=list(names).index) for share in found]


def compile_ahead(module: str, names: Sequence[str], compile_one: Compile) -> None:
    """Compile rules that are not kept, in as many processes as there are processors; the first time that it is asked.

    Parameters
    ----------
    module : str
        That compiles what is named when it is run.
    names : sequence of str
        Of rules, in the order in which they are called.
    compile_one : callable
        Compiles one of them in this process.
    """
    if module in _begun or _WITHIN in os.environ:
        return
    _begun.add(module)
    missing = [name for name in names if name in kept_files and not kept_files[name].exists()]
    processes = min(processors(), MOST)
    if processes < 2 or len(missing) < 2 or not sys.executable:
        return
    mine, *others = shares(missing, processes)
    path = os.pathsep.join(filter(None, (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH"))))
    workers: list[subprocess.Popen[bytes]] = []
    try:
        for share in others:
            # Not from the user's directory, where any file may be called like a module.
            words = [sys.executable, "-P", "-m", module, *share]
            quiet: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
            workers.append(subprocess.Popen(words, env={**os.environ, "PYTHONPATH": path, _WITHIN: "1"}, **quiet))
        with compiled_elsewhere(mine, others):
            for name in mine:
                compile_one(name)
            for worker in workers:
                worker.wait()
    except OSError:
        pass  # no process more can be started
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()


def compile_before_first(name: str, module: str, names: Sequence[str], compile_one: Compile) -> None:
    """Have rules compiled together before the first of them is called: whoever calls it calls the others as well.

    Parameters
    ----------
    name : str
        Of the rule that is called first; a rule that is called alone needs no other.
    module : str
        That compiles what is named when it is run.
    names : sequence of str
        Of all these rules, in the order in which they are called.
    compile_one : callable
        Compiles one of them in this process.
    """
    _before[name] = (module, names, compile_one)


def before_first_call(name: str) -> None:
    """Compile what is needed together with a rule that is about to be called for the first time."""
    if name in _before:
        compile_ahead(*_before[name])
