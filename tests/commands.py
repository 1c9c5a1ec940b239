"""Start the command line as a user would, and interrupt it."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

from r2psim.cli import main

__all__ = ["called", "interrupted", "run_command"]


def called(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run r2psim to its end in this process, which has imported already what a new one would take seconds to import."""
    heeded = signal.getsignal(signal.SIGINT)
    told, complained, code = io.StringIO(), io.StringIO(), 0
    command = ["r2psim", *words]
    with patch.object(sys, "argv", command), redirect_stdout(told), redirect_stderr(complained), chdir(cwd or "."):
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        finally:
            signal.signal(signal.SIGINT, heeded)
    return subprocess.CompletedProcess(command, code, told.getvalue(), complained.getvalue())


def _heed_interrupts() -> None:
    # A process in the background of a shell script ignores SIGINT, and its children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def interrupted(
    words: list[str], after: float = 0.0, until: Callable[[], bool] = lambda: True
) -> tuple[int, str, float]:
    """Start r2psim, interrupt it after some seconds, or when something holds; give exit code, messages, time to end."""
    command = [sys.executable, "-m", "r2psim", *words]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, preexec_fn=_heed_interrupts
    ) as running:
        time.sleep(after)
        while not until() and running.poll() is None:
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        began = time.monotonic()
        try:
            _, told = running.communicate(timeout=60)
        finally:
            running.kill()
        return running.returncode, told, time.monotonic() - began


def run_command(words: list[str]) -> tuple[int, str]:
    """Run r2psim in a process of its own; give exit code and everything that it said."""
    command = [sys.executable, "-m", "r2psim", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr
