"""Single numbers that shape a world, as ``generator.toml`` and ``import.toml`` declare them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["declared"]


def declared(data: Mapping[str, Any], name: str) -> float:
    """Give a number of the table ``numbers``.

    Parameters
    ----------
    data : mapping
        Content of ``generator.toml`` or ``import.toml``.
    name : str
        Key of the number; unit, range and source stand beside it.

    Examples
    --------
    >>> declared({"numbers": {"world": {"value": 190, "unit": "states"}}}, "world")
    190
    """
    value: float = data["numbers"][name]["value"]
    return value
