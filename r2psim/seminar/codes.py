"""Codes that let people in and tokens that say who they are, both from the system's source of secure chance."""

from __future__ import annotations

import base64
import hashlib
import secrets

__all__ = ["ALPHABET", "LENGTH", "fingerprint", "new_code", "new_seed", "new_token", "of_screen", "plain", "shown"]

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Digits and letters that nobody mistakes for one another on a blackboard: no 0 O, 1 I L."""

LENGTH = 10
"""Characters of a code: 31**10, about 8e14 codes. A million tries against fifty open sessions find one with a chance
of less than one in ten million. This alone keeps guessers out: wrong codes are answered late, but nobody is locked out
for them, since whoever sends them would then lock out those who have the right one."""


def new_code() -> str:
    """Give a new code of a session."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def shown(code: str) -> str:
    """Write a code so that it can be read aloud.

    Examples
    --------
    >>> shown("ABCDE23456")
    'ABCDE-23456'
    """
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"


def plain(text: str) -> str:
    """Take a code as people type it: small letters, spaces and dashes do not matter.

    Examples
    --------
    >>> plain(" abcde-234 56")
    'ABCDE23456'
    """
    return "".join(c for c in text.upper()[: 4 * LENGTH] if c in ALPHABET)


def new_seed() -> int:
    """Give a new seed of a session: 64 bits of chance, too many to be tried out."""
    return secrets.randbits(64)


def new_token() -> str:
    """Give a new token: 192 bits of chance, safe in an address."""
    return secrets.token_urlsafe(24)


def of_screen(token: str) -> str:
    """Give the token of the projector that goes with a facilitator's: nobody gets from it to the other one."""
    made = hashlib.sha256(b"projector " + token.encode("utf-8", "replace")).digest()
    return base64.urlsafe_b64encode(made[:24]).decode("ascii")


def fingerprint(token: str) -> str:
    """Give what is kept of a token: its SHA-256, from which nobody gets back to it."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
