"""Seminars: people decide for bodies, governments and the Security Council, and history is rewound.

An exercise over an invented world. It explains mechanisms; it forecasts no country and rates no decision as right.
"""

from r2psim.seminar.chair import Chair
from r2psim.seminar.decisions import ReplacesError
from r2psim.seminar.limits import ForbiddenError, Limits, NotFoundError, SeminarError, TooManyError
from r2psim.seminar.screen import Screen
from r2psim.seminar.seat import Seat
from r2psim.seminar.seminars import Opened, Seminars

__all__ = [
    "Chair",
    "ForbiddenError",
    "Limits",
    "NotFoundError",
    "Opened",
    "ReplacesError",
    "Screen",
    "Seat",
    "SeminarError",
    "Seminars",
    "TooManyError",
]
