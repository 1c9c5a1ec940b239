"""Which machine and which versions a figure belongs to."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from r2psim.processors import processors

__all__ = ["machine", "versions"]

_PACKAGES = ("r2psim", "mesa", "numba", "llvmlite", "numpy")
_WIDTHS = (("AVX-512", "avx512f"), ("AVX2", "avx2"))


def machine() -> dict[str, Any]:
    """Describe the processor: its name, its vector instructions (None where the system does not tell), its cores."""
    told = _cpuinfo()
    flags = told.get("flags", told.get("Features", "")).split()
    return {
        "processor": told.get("model name") or platform.processor() or platform.machine(),
        "vectors": next((name for name, flag in _WIDTHS if flag in flags), None),
        "processors": processors(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _cpuinfo() -> dict[str, str]:
    """Read what Linux says of the first processor."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return {}
    lines = (line.partition(":") for line in text.split("\n\n", maxsplit=1)[0].splitlines())
    return {key.strip(): value.strip() for key, _, value in lines}


def versions() -> dict[str, str | None]:
    """Give the versions of all that the figures depend on; None where something is missing."""
    from r2psim.translation.native import CompilerError, compiler, version_of

    found: dict[str, str | None] = {"python": sys.version.split()[0]}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    try:
        found["compiler of C"] = version_of(compiler())
    except CompilerError:
        found["compiler of C"] = None
    return found
