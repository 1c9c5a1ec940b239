"""Where runs are done: on the processors, or on a GPU. The results are the same bits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from r2psim.ensemble.former_names import hint
from r2psim.scenario.errors import listing

__all__ = ["DEVICES", "DeviceError", "checked_device", "runs_on"]

DEVICES = ("cpu", "gpu")
"""The processors of this machine, or one NVIDIA GPU."""


class DeviceError(Exception):
    """A device that cannot be used; the message says why, and what would help."""


_in_use = ["cpu"]


def checked_device(device: str | None) -> str:
    """Give a device by name; None stands for the one that `runs_on` set, and else for the processors.

    Raises
    ------
    ValueError
        If there is none of that name.

    Examples
    --------
    >>> checked_device(None)
    'cpu'
    """
    if device is None:
        return _in_use[-1]
    if device not in DEVICES:
        raise ValueError(f"device {device!r} is not allowed: one of {listing(DEVICES)}{hint(device, DEVICES)}")
    return device


@contextmanager
def runs_on(device: str) -> Iterator[None]:
    """Let all ensembles of this process that name no device run on one, as long as the context lasts.

    For whole commands: it holds for all threads.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    _in_use.append(checked_device(device))
    try:
        yield
    finally:
        _in_use.pop()
