"""One GPU through NVIDIA's driver: memory, copies, kernels. Every call is checked; what fails says so in a line."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from r2psim.ensemble.devices import DeviceError

__all__ = ["INSTALL", "Device", "DeviceMemoryError", "open_device"]

INSTALL = 'python -m pip install "r2psim[gpu]"'
"""What brings the packages that a GPU needs."""

OUT_OF_MEMORY = 2
NO_DEVICE = 100
OLDEST = (6, 0)
"""The first that add to a double in one go."""


class DeviceMemoryError(DeviceError):
    """The device has not enough memory."""


def _driver() -> Any:
    """Give the driver's functions.

    Raises
    ------
    DeviceError
        If the package is not installed.
    """
    try:
        from cuda.bindings import driver
    except ImportError:
        raise DeviceError(f"device gpu: the package cuda-bindings is not installed: {INSTALL}") from None
    return driver


def _begun(driver: Any) -> None:
    """Have the driver begin."""
    try:
        (code,) = driver.cuInit(0)
    except RuntimeError:
        raise DeviceError(
            "device gpu: no NVIDIA driver is installed on this machine (there is no library libcuda); "
            "--device cpu gives the same results"
        ) from None
    if int(code) == NO_DEVICE:
        raise DeviceError(
            "device gpu: the NVIDIA driver finds no GPU on this machine; --device cpu gives the same results"
        )
    _check((code,), "the driver does not begin")


def _check(result: tuple[Any, ...], what: str) -> Any:
    """Give what a call of the driver gives beside its code.

    Raises
    ------
    DeviceMemoryError, DeviceError
        If it failed.
    """
    code, *found = result
    if int(code) == OUT_OF_MEMORY:
        raise DeviceMemoryError(f"device gpu: its memory is full ({what}); fewer runs at a time, or --device cpu")
    if int(code) != 0:
        name = getattr(code, "name", f"error {int(code)}")
        raise DeviceError(f"device gpu: {what}: {name}; --device cpu gives the same results")
    return found[0] if found else None


class Device:
    """One GPU, and what an ensemble keeps there.

    Parameters
    ----------
    driver : module
        ``cuda.bindings.driver``, or what has its functions.

    Attributes
    ----------
    name : str
        As its driver calls it.
    architecture : str
        What kernels are compiled for, such as ``sm_90``.

    Raises
    ------
    DeviceError
        If there is none, or it is too old.
    """

    def __init__(self, driver: Any) -> None:
        self._driver = driver
        _begun(driver)
        self._number = _check(driver.cuDeviceGet(0), "the first GPU is not to be had")
        name: bytes = _check(driver.cuDeviceGetName(128, self._number), "it does not tell its name")
        self.name = name.decode(errors="replace").strip("\0 ")
        kinds = driver.CUdevice_attribute
        major, minor = (
            int(_check(driver.cuDeviceGetAttribute(kind, self._number), "it does not tell its architecture"))
            for kind in (
                kinds.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
                kinds.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
            )
        )
        if (major, minor) < OLDEST:
            raise DeviceError(
                f"device gpu: {self.name} has compute capability {major}.{minor}: {OLDEST[0]}.{OLDEST[1]} or later"
            )
        self.architecture = f"sm_{major}{minor}"
        # Kept until the process ends: it takes a while to make, and the next ensemble wants it again.
        self._context = _check(driver.cuDevicePrimaryCtxRetain(self._number), "it cannot be used")
        self._module: Any = None
        self._kernels: dict[str, Any] = {}
        self._held: list[int] = []
        self.enter()

    def enter(self) -> None:
        """Let the calls of this thread go to the device."""
        _check(self._driver.cuCtxSetCurrent(self._context), "it cannot be used")

    def load(self, kernels: bytes) -> None:
        """Load compiled kernels."""
        self._module = _check(self._driver.cuModuleLoadData(kernels), "the compiled kernels cannot be loaded")

    def free_bytes(self) -> int:
        """Give how much memory is free."""
        _, free, _ = self._driver_all(self._driver.cuMemGetInfo(), "it does not tell its memory")
        return int(free)

    @staticmethod
    def _driver_all(result: tuple[Any, ...], what: str) -> tuple[Any, ...]:
        _check(result[:1], what)
        return result

    def room(self, size: int) -> int:
        """Give the address of new memory of so many bytes, which `close` gives back."""
        address = int(_check(self._driver.cuMemAlloc(max(size, 8)), f"{size / 1e6:,.0f} MB more are needed"))
        self._held.append(address)
        return address

    def put(self, address: int, values: np.ndarray) -> None:
        """Copy an array to the device."""
        if values.nbytes:
            assert values.flags.c_contiguous
            _check(self._driver.cuMemcpyHtoD(address, values.ctypes.data, values.nbytes), "nothing can be copied to it")

    def kept(self, values: np.ndarray) -> int:
        """Copy an array to new memory of the device; give its address."""
        address = self.room(values.nbytes)
        self.put(address, np.ascontiguousarray(values))
        return address

    def get(self, values: np.ndarray, address: int) -> None:
        """Copy from the device into an array; what was launched before is finished then."""
        if values.nbytes:
            assert values.flags.c_contiguous
            _check(self._driver.cuMemcpyDtoH(values.ctypes.data, address, values.nbytes), "a kernel failed")

    def put_symbol(self, name: str, values: np.ndarray) -> None:
        """Copy an array to a variable of the kernels."""
        result = self._driver_all(self._driver.cuModuleGetGlobal(self._module, name.encode()), f"{name} is not there")
        assert int(result[2]) == values.nbytes
        self.put(int(result[1]), np.ascontiguousarray(values))

    def launch(self, name: str, threads: int, each_block: int, task: ctypes.Structure) -> None:
        """Launch a kernel on so many threads; it runs after all that was launched before."""
        if threads == 0:
            return
        if name not in self._kernels:
            function = self._driver.cuModuleGetFunction(self._module, name.encode())
            self._kernels[name] = _check(function, f"the kernel {name} is not there")
        argument = (ctypes.c_void_p * 1)(ctypes.addressof(task))
        grid = (-(-threads // each_block), 1, 1, each_block, 1, 1)
        launched = self._driver.cuLaunchKernel(self._kernels[name], *grid, 0, 0, ctypes.addressof(argument), 0)
        _check(launched, f"the kernel {name} cannot be launched")

    def wait(self) -> None:
        """Wait until all that was launched is finished."""
        _check(self._driver.cuCtxSynchronize(), "a kernel failed")

    def close(self) -> None:
        """Give back its memory."""
        self.enter()
        # What does not come back now goes with the process: an error that led here is not to be hidden.
        for address in self._held:
            self._driver.cuMemFree(address)
        self._held.clear()
        if self._module is not None:
            self._driver.cuModuleUnload(self._module)
            self._module = None


def open_device() -> Device:
    """Open the first GPU.

    Raises
    ------
    DeviceError
        If the package that it takes is not installed, or there is no driver or GPU.
    """
    return Device(_driver())
