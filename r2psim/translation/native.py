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

from r2psim.translation.c_types import c_struct, pack, unpack
from r2psim.translation.to_c import Entry, translate

__all__ = ["FLAGS", "CompilerError", "Library", "compiler", "version_of"]

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
        As `r2psim.translation.to_c.translate` takes them.
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
