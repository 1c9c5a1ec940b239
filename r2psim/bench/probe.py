"""What only a process of its own can tell: how long compiling or loading takes, and how much memory runs need.

Started by the benchmark as ``python -m r2psim.bench.probe``; prints one JSON object.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

__all__ = ["ask", "compile_seconds", "peak_bytes", "peak_memory"]


def ask(*words: str, cache: Path | None = None) -> dict[str, float]:
    """Start a process that measures itself, and give what it says.

    Parameters
    ----------
    *words : str
        ``compile``; or ``memory`` with a scenario, a policy, and numbers of runs, years and threads.
    cache : pathlib.Path, optional
        Where it is to keep compiled code, in place of the usual directory.

    Raises
    ------
    RuntimeError
        If it fails.
    """
    surroundings = dict(os.environ)
    if cache is not None:
        surroundings.pop("NUMBA_CACHE_DIR", None)
        surroundings["R2PSIM_CACHE"] = str(cache)
    command = [sys.executable, "-m", "r2psim.bench.probe", *words]
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip().splitlines()[-1]}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def compile_seconds(cold: bool) -> float:
    """Give the seconds in which a new process has all rules at hand: from the cache, or compiled anew."""
    if not cold:
        ask("compile")  # whatever is missing is compiled now
        return ask("compile")["seconds"]
    with tempfile.TemporaryDirectory(prefix="r2psim-", ignore_cleanup_errors=True) as folder:
        return ask("compile", cache=Path(folder))["seconds"]


def peak_memory(scenario: str, policy: str, runs: int, years: int, threads: int) -> float:
    """Give the most memory that a process needs for so many runs, in MB."""
    return ask("memory", scenario, policy, str(runs), str(years), str(threads))["megabytes"]


def _compile() -> dict[str, float]:
    began = time.perf_counter()
    from r2psim.ensemble.warmup import warm_up

    warm_up()
    return {"seconds": time.perf_counter() - began}


def _memory(scenario: str, policy: str, runs: int, years: int, threads: int) -> dict[str, float]:
    from r2psim.bench.adapter import run_ensemble
    from r2psim.scenario import load
    from r2psim.world.expand import expand

    run_ensemble(expand(load(scenario)), policy, runs, years, threads)
    return {"megabytes": peak_bytes() / 1e6}


def peak_bytes() -> float:
    """Give the most memory that this process has had."""
    status = Path("/proc/self/status")
    if status.exists():
        # What the system counts for ``getrusage`` begins on Linux with the peak of the process that started this one.
        told = dict(line.split(":", 1) for line in status.read_text("utf-8").splitlines() if ":" in line)
        if "VmHWM" in told:
            return float(told["VmHWM"].split()[0]) * 1024.0
    import resource

    # In kilobytes, but for macOS.
    unit = 1.0 if sys.platform == "darwin" else 1024.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _main(words: list[str]) -> dict[str, Any]:
    match words:
        case ["compile"]:
            return _compile()
        case ["memory", scenario, policy, runs, years, threads]:
            return _memory(scenario, policy, int(runs), int(years), int(threads))
    raise SystemExit(f"{' '.join(words)} is not allowed: compile, or memory SCENARIO POLICY RUNS YEARS THREADS")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_main(sys.argv[1:])) + "\n")
