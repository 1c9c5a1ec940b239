"""How a rule becomes machine code: two decorators and the place where compiled code is kept.

The compiler's own cache looks at the file of the function only: a change in another module would be served old
machine code. The cache directory is therefore named after the text of everything that rules are made of.
With ``NUMBA_DISABLE_JIT=1`` both decorators leave plain Python, which gives the same bits, slowly.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

__all__ = ["cache_directory", "inline", "rule", "source_digest"]

_Function = TypeVar("_Function", bound=Callable[..., Any])

_PACKAGE = Path(__file__).parents[1]
_MADE_OF = ("rules/*.py", "ensemble/*.py", "world/tables.py", "world/rows.py", "scenario/parameters.*")


def source_digest() -> str:
    """Give the digest of every file that compiled code depends on.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    digest = hashlib.sha256(numba.__version__.encode())
    for pattern in _MADE_OF:
        for file in sorted(_PACKAGE.glob(pattern)):
            digest.update(file.name.encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def cache_directory() -> Path:
    """Give the directory in which compiled code of exactly these sources is kept.

    ``R2PSIM_CACHE`` overrides the user's cache directory.
    """
    from platformdirs import user_cache_path

    base = os.environ.get("R2PSIM_CACHE")
    return (Path(base) if base else user_cache_path("r2psim")) / "compiled" / source_digest()


if not os.environ.get("NUMBA_CACHE_DIR"):
    numba.config.CACHE_DIR = str(cache_directory())


def rule(function: _Function) -> _Function:
    """Compile a rule: no Python objects, releases the interpreter, kept on disk."""
    compiled: _Function = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return compiled


def inline(function: _Function) -> _Function:
    """Compile a small function of scalars into every rule that calls it."""
    compiled: _Function = numba.njit(forceinline=True, error_model="numpy")(function)
    return compiled
