# ruff: noqa: N802
"""What stands in for NVIDIA's driver where there is no GPU: the same kernels through the compiler of C++, threads one
after the other, in the functions that `r2psim.ensemble.gpu.cuda` asks the driver for.

What counts there counts here: memory that was not asked for or is given back cannot be written, a kernel that is not
there is not launched. Memory is filled with what is no number before it is given out.
"""

from __future__ import annotations

import ctypes
import hashlib
import subprocess
from enum import IntEnum
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from r2psim.ensemble.gpu.source import source_of
from r2psim.rules.compiled import cache_directory
from r2psim.translation.native import compiler

__all__ = ["FLAGS", "Code", "DriverOfC", "library_of"]

FLAGS = ("-O1", "-std=c++17", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-fPIC", "-shared", "-w")


class Code(IntEnum):
    """Codes that the driver gives."""

    CUDA_SUCCESS = 0
    CUDA_ERROR_INVALID_VALUE = 1
    CUDA_ERROR_OUT_OF_MEMORY = 2
    CUDA_ERROR_NO_DEVICE = 100
    CUDA_ERROR_NOT_FOUND = 500
    CUDA_ERROR_LAUNCH_FAILED = 719


def library_of(own_values: bool, flags: tuple[str, ...] = FLAGS) -> Path:
    """Compile the kernels, once for each text of them."""
    text = source_of(own_values)
    name = hashlib.sha256((text + repr(flags)).encode()).hexdigest()[:16]
    folder = cache_directory().parents[1] / "kernels-in-place-of-a-gpu"
    file = folder / f"{name}.so"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        source, built = folder / f"{name}.cu", folder / f"{name}.{np.random.default_rng().integers(2**62)}"
        source.write_text(text, "utf-8")
        subprocess.run([compiler(), *flags, "-x", "c++", "-o", str(built), str(source)], check=True, timeout=600)
        built.replace(file)
    return file


class DriverOfC:
    """The functions of ``cuda.bindings.driver`` that are used, on the memory and processor of this machine.

    Parameters
    ----------
    memory : int
        Bytes that there are.
    order : int
        0: threads of a kernel in their order; else in another one.
    """

    CUdevice_attribute = SimpleNamespace(
        CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR=75, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR=76
    )

    def __init__(self, memory: int = 2**33, order: int = 0, capability: tuple[int, int] = (9, 0)) -> None:
        self.memory, self.order, self.capability = memory, order, capability
        self.arrays: dict[int, np.ndarray] = {}
        self.launched: list[str] = []
        self.fails: dict[str, Code] = {}
        self.least_free = memory

    def _told(self, function: str, *found: Any) -> tuple[Any, ...]:
        code = self.fails.get(function, Code.CUDA_SUCCESS)
        return (code, *found)

    def cuInit(self, flags: int) -> tuple[Any, ...]:
        return self._told("cuInit")

    def cuDeviceGet(self, number: int) -> tuple[Any, ...]:
        return self._told("cuDeviceGet", number)

    def cuDeviceGetName(self, most: int, number: int) -> tuple[Any, ...]:
        return self._told("cuDeviceGetName", b"Processor in place of a GPU\0\0\0")

    def cuDeviceGetAttribute(self, which: int, number: int) -> tuple[Any, ...]:
        return self._told("cuDeviceGetAttribute", self.capability[which - 75])

    def cuDevicePrimaryCtxRetain(self, number: int) -> tuple[Any, ...]:
        return self._told("cuDevicePrimaryCtxRetain", "context")

    def cuCtxSetCurrent(self, context: Any) -> tuple[Any, ...]:
        return self._told("cuCtxSetCurrent")

    def cuCtxSynchronize(self) -> tuple[Any, ...]:
        return self._told("cuCtxSynchronize")

    def cuMemGetInfo(self) -> tuple[Any, ...]:
        return self._told("cuMemGetInfo", self.memory - sum(a.nbytes for a in self.arrays.values()), self.memory)

    def cuMemAlloc(self, size: int) -> tuple[Any, ...]:
        if size > self.cuMemGetInfo()[1]:
            return Code.CUDA_ERROR_OUT_OF_MEMORY, 0
        made = np.full(size, 255, dtype=np.uint8)
        self.arrays[made.ctypes.data] = made
        self.least_free = min(self.least_free, self.cuMemGetInfo()[1])
        return self._told("cuMemAlloc", made.ctypes.data)

    def cuMemFree(self, address: int) -> tuple[Any, ...]:
        del self.arrays[address]
        return (Code.CUDA_SUCCESS,)

    def _copy(self, to: int, of: int, size: int, there: int) -> tuple[Any, ...]:
        symbol = getattr(self, "symbol", None)
        room = (
            self.arrays[there].nbytes if there in self.arrays else (symbol[1] if symbol and symbol[0] == there else 0)
        )
        if size > room:
            return (Code.CUDA_ERROR_INVALID_VALUE,)
        ctypes.memmove(to, of, size)
        return (Code.CUDA_SUCCESS,)

    def cuMemcpyHtoD(self, address: int, of: int, size: int) -> tuple[Any, ...]:
        return self._copy(address, of, size, address)

    def cuMemcpyDtoH(self, to: int, address: int, size: int) -> tuple[Any, ...]:
        if "cuMemcpyDtoH" in self.fails:
            return (self.fails["cuMemcpyDtoH"],)
        return self._copy(to, address, size, address)

    def cuModuleLoadData(self, kernels: bytes) -> tuple[Any, ...]:
        library = ctypes.CDLL(kernels.decode())
        ctypes.c_uint64.in_dll(library, "ORDER").value = self.order
        return self._told("cuModuleLoadData", library)

    def cuModuleUnload(self, module: Any) -> tuple[Any, ...]:
        return self._told("cuModuleUnload")

    def cuModuleGetFunction(self, module: Any, name: bytes) -> tuple[Any, ...]:
        if not hasattr(module, name.decode()):
            return Code.CUDA_ERROR_NOT_FOUND, None
        function = getattr(module, name.decode())
        function.argtypes, function.restype = (ctypes.c_uint64, ctypes.c_void_p), None
        return self._told("cuModuleGetFunction", (name.decode(), function))

    def cuModuleGetGlobal(self, module: Any, name: bytes) -> tuple[Any, ...]:
        from r2psim.scenario.parameters import PARAMETERS

        there = ctypes.addressof(ctypes.c_double.in_dll(module, name.decode()))
        self.symbol = (there, 8 * len(PARAMETERS))
        return self._told("cuModuleGetGlobal", *self.symbol)

    def cuLaunchKernel(self, kernel: Any, gx: int, gy: int, gz: int, bx: int, by: int, bz: int, *more: Any) -> Any:
        shared, stream, arguments, extra = more
        assert (gy, gz, by, bz, shared, stream, extra) == (1, 1, 1, 1, 0, 0, 0)
        name, function = kernel
        self.launched.append(name)
        function(gx * bx, (ctypes.c_void_p * 1).from_address(arguments)[0])
        return self._told("cuLaunchKernel")
