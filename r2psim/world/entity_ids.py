"""Identities of entities, by which chance is drawn."""

from __future__ import annotations

import hashlib

__all__ = ["identity"]


def identity(name: str) -> int:
    """Give the 64-bit identity of an entity from its full name: the same in every scenario that has it.

    Examples
    --------
    >>> identity("state:arvania") == identity("state:arvania")
    True
    """
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")
