"""Compile C with the system's compiler, if there is one, and call it."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from r2psim.bench.c_types import c_struct, pack, unpack
from r2psim.bench.to_c import Entry, translate
from r2psim.rules.draws import Draws
from r2psim.rules.month import month, opening
from r2psim.world.rows import Rows

__all__ = ["FLAGS", "CompilerError", "Library", "compiler", "months", "months_in_c", "version_of"]

FLAGS = (
    *("-O3", "-march=native", "-std=c11", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"),
    # gcc's removal of partial redundancies splits loops into branches that it then cannot vectorise.
    "-fno-tree-pre",
)
"""All that keeps the bits: no reordering, no fused multiplication, no mathematical library."""

_NAMES = ("cc", "gcc", "clang")


class CompilerError(Exception):
    """There is no compiler of C, or it does not take what it is given."""


def compiler() -> str:
    """Give the path of the system's compiler of C: that of ``CC``, else the first of cc, gcc, clang.

    Raises
    ------
    CompilerError
        If there is none.
    """
    for name in (os.environ.get("CC", ""), *_NAMES):
        if name and (found := shutil.which(name)):
            return found
    raise CompilerError(f"no compiler of C is installed (none of {', '.join(_NAMES)})")


def version_of(path: str) -> str:
    """Give the first line of what a compiler says about itself."""
    told = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    return told.splitlines()[0] if told else Path(path).name


class Library:
    """Rules in C, compiled and loaded.

    Parameters
    ----------
    entries : mapping of str to (rule, example)
        As `r2psim.bench.to_c.translate` takes them.
    flags : sequence of str
        For the compiler.

    Raises
    ------
    CompilerError
        If there is no compiler, or it fails.
    NotCoveredError
        If a rule cannot be translated.
    """

    def __init__(self, entries: Mapping[str, tuple[Any, tuple[Any, ...]]], flags: tuple[str, ...] = FLAGS) -> None:
        path = compiler()
        self.source, self.entries = translate(entries)
        with tempfile.TemporaryDirectory(prefix="r2psim-", ignore_cleanup_errors=True) as folder:
            written, built = Path(folder, "rules.c"), Path(folder, "rules.so")
            written.write_text(self.source, encoding="utf-8")
            done = subprocess.run(
                [path, *flags, "-shared", "-fPIC", "-o", str(built), str(written)],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise CompilerError(f"{Path(path).name} fails: {done.stderr.strip().splitlines()[0]}")
            self._library = ctypes.CDLL(str(built))

    def bind(self, name: str, *arguments: Any) -> Callable[[], Any]:
        """Give a call with these arguments, which costs no more than the call itself.

        Arrays are changed in place; they are read where they lie at the time of the call.
        """
        entry: Entry = self.entries[name]
        packed = [pack(value, kind) for value, kind in zip(arguments, entry.arguments, strict=True)]
        pointers = [ctypes.byref(form) for form in packed]
        target = self._library[name]
        target.restype = None
        if entry.result is None:
            return lambda: target(*pointers)
        kind = entry.result
        result = c_struct(kind)()

        def call() -> Any:
            target(*pointers, ctypes.byref(result))
            return unpack(result, kind)

        return call

    def call(self, name: str, *arguments: Any) -> Any:
        """Call once; see `bind`."""
        return self.bind(name, *arguments)()


def months(rows: Rows, p: np.ndarray, luck: Draws, first: int, last: int) -> None:
    """Run the months ``first..last`` of one run: the entry that is translated."""
    for m in range(first, last):
        month(rows, p, Draws(luck.key0, luck.key1, luck.run, np.uint64(m)))


def months_in_c(rows: Rows, p: np.ndarray, luck: Draws, flags: tuple[str, ...] = FLAGS) -> Library:
    """Translate and compile a whole run.

    The library offers ``r2_opening`` with the arguments of `r2psim.rules.month.opening`, and ``r2_months`` with those
    of `months`.

    Parameters
    ----------
    rows, p, luck : Rows, numpy.ndarray, Draws
        Of the types that it will be called with; not changed.
    """
    entries = {"r2_opening": (opening, (rows, p, luck)), "r2_months": (months, (rows, p, luck, 0, 1))}
    return Library(entries, flags)
