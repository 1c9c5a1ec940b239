"""Kernels as machine code of a GPU: compiled once by NVRTC for each kind of GPU, and kept.

The file is named after all that it is made of: the rules, the translator, what is around the rules, the compiler and
its options. So old machine code is never loaded. Multiplication and addition are not fused: that would change bits.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

from r2psim.ensemble.devices import DeviceError
from r2psim.ensemble.gpu.cuda import INSTALL, open_device
from r2psim.ensemble.gpu.source import source_of
from r2psim.machine_code import DamagedError, read_checked, write_checked
from r2psim.progress import beside_bar, duration, notice
from r2psim.rules.compiled import cache_directory, source_digest

__all__ = ["OPTIONS", "check_device", "compiled", "cubin_of"]

OPTIONS = ("--fmad=false", "-std=c++17", "-w")
"""For the compiler: no fused multiplication; divisions and roots are rounded as everywhere."""

_PACKAGE = Path(__file__).parents[2]
_TELL_SECONDS = 3.0


def _nvrtc() -> Any:
    """Give the compiler's functions.

    Raises
    ------
    DeviceError
        If a package is not installed.
    """
    try:
        from cuda.bindings import nvrtc

        nvrtc.nvrtcVersion()
    except ImportError:
        raise DeviceError(f"device gpu: the package cuda-bindings is not installed: {INSTALL}") from None
    except RuntimeError:
        raise DeviceError(f"device gpu: the package nvidia-cuda-nvrtc-cu12 is not installed: {INSTALL}") from None
    return nvrtc


def _digest(nvrtc: Any, own_values: bool, architecture: str) -> str:
    """Name what machine code is made of."""
    _, *version = nvrtc.nvrtcVersion()
    digest = hashlib.sha256(repr((source_digest(), version, OPTIONS, own_values, architecture)).encode())
    for folder in ("translation", "ensemble/gpu"):
        for file in sorted((_PACKAGE / folder).iterdir()):
            if file.suffix in (".py", ".cu"):
                digest.update(file.name.encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _while_told(work: Callable[[], bytes]) -> bytes:
    """Let kernels be compiled, and say for how long already; Ctrl-C need not wait for the compiler."""
    began = monotonic()
    done: list[bytes] = []
    failed: list[BaseException] = []

    def compile_() -> None:
        try:
            done.append(work())
        except BaseException as error:  # raised again where it can be seen
            failed.append(error)

    notice("r2psim: compiling the rules for the GPU, which takes up to a minute; they are kept for the next time")
    thread = threading.Thread(target=compile_, name="r2psim compiling for the GPU", daemon=True)
    thread.start()
    try:
        thread.join(_TELL_SECONDS)
        while thread.is_alive():
            words = f"compiling the rules for the GPU: {duration(monotonic() - began)} so far"
            if not beside_bar(words):
                notice(f"r2psim: {words}")
            thread.join(_TELL_SECONDS)
    finally:
        beside_bar("")
    if failed:
        raise failed[0]
    notice(f"r2psim: compiled the rules for the GPU in {duration(monotonic() - began)}")
    return done[0]


def compiled(text: str, architecture: str) -> bytes:
    """Compile kernels.

    Parameters
    ----------
    text : str
        CUDA C, as `r2psim.ensemble.gpu.source.source_of` gives it.
    architecture : str
        ``sm_90`` and the like for machine code; ``compute_90`` for the text of PTX.

    Raises
    ------
    DeviceError
        If the compiler is not installed, or does not take it.
    """
    nvrtc = _nvrtc()
    code, program = nvrtc.nvrtcCreateProgram(text.encode(), b"r2psim.cu", 0, [], [])
    options = [f"--gpu-architecture={architecture}".encode(), *(option.encode() for option in OPTIONS)]
    if int(code) == 0:
        (code,) = nvrtc.nvrtcCompileProgram(program, len(options), options)
    if int(code) != 0:
        said = f"{code.name}: {_log(nvrtc, program)}"
        raise DeviceError(f"device gpu: the rules cannot be compiled for {architecture}: {said}")
    size, get = (
        (nvrtc.nvrtcGetCUBINSize, nvrtc.nvrtcGetCUBIN)
        if architecture.startswith("sm_")
        else (nvrtc.nvrtcGetPTXSize, nvrtc.nvrtcGetPTX)
    )
    found = bytes(size(program)[1])
    get(program, found)
    nvrtc.nvrtcDestroyProgram(program)
    return found


def _log(nvrtc: Any, program: Any) -> str:
    """Give the first line of what the compiler says."""
    with suppress(Exception):
        said = b" " * nvrtc.nvrtcGetProgramLogSize(program)[1]
        nvrtc.nvrtcGetProgramLog(program, said)
        return str(said.decode(errors="replace")).strip("\0 \n").partition("\n")[0]
    return "no reason is given"


def cubin_of(own_values: bool, architecture: str) -> bytes:
    """Give the kernels as machine code: kept, or compiled now.

    Parameters
    ----------
    own_values : bool
        Whether every run has parameters and effects of its own.
    architecture : str
        Such as ``sm_90``.

    Raises
    ------
    DeviceError
        If they cannot be compiled.
    """
    nvrtc = _nvrtc()
    name = f"{_digest(nvrtc, own_values, architecture)}-{architecture}.cubin"
    file = cache_directory().parents[1] / "kernels" / name
    with suppress(OSError, DamagedError):
        return read_checked(file)
    found = _while_told(lambda: compiled(source_of(own_values), architecture))
    aside = file.with_name(f"{name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_checked(found, aside.write_bytes)
        aside.replace(file)
    except OSError as error:
        aside.unlink(missing_ok=True)
        notice(f"r2psim: kernels cannot be kept ({error}) and are compiled anew each time", logging.WARNING)
    return found


def check_device() -> str:
    """Look whether runs can be done on a GPU here, before anything else is done; give its name.

    Raises
    ------
    DeviceError
        If not; the message says what is lacking.
    """
    device = open_device()
    device.close()
    _nvrtc()
    notice(f"r2psim: runs are done on {device.name}")
    return device.name
