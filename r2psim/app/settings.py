"""What the server was started with, and what it will do at most for anybody."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["LIMITS", "MOST_FIELDS", "Limits", "Settings", "current", "use"]

MOST_FIELDS = 60
"""Values that an address may hold."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that the server does, so that no browser can make it do unbounded work: what a client may cost.

    What a seminar may cost is in `r2psim.seminar.limits`: places, codes, records, sessions.

    Attributes
    ----------
    runs : int
        Runs of a policy on Compare.
    years : int
        Length of a run.
    policies : int
        Policies side by side.
    states : int
        States of a world.
    run_seconds : float
        Seconds of one processor that a comparison may take under one setting; fewer runs are made of a large world.
    world_bytes : int
        Recorded months of all open worlds together; those not looked at for longest are let go, and made again from
        their seed when somebody comes back to them.
    result_bytes : int
        Results of comparisons that are kept for whoever asks the same.
    sockets, sockets_of_one, sockets_here : int
        Open pages of all clients together; of one client, by its address; and those kept for this machine itself.
    kernels, kernels_of_one : int
        Pages whose state is kept, those that are closed at the moment included: of all clients together (each takes
        some 2 MB), and of one.
    connections_of_one : int
        Connections of one client at a time, pages apart.
    request_seconds : float
        Time for a request to be complete.
    first_message : float
        Seconds until the first message of a page: a browser sends it at once.
    message_bytes, message_depth, message_values : int
        Size of one message of a browser, lists and tables within one another in it, and values; a plan of all forms
        in all states takes a hundredth.
    address_bytes, header_bytes : int
        Of a path with what follows it (forty changed parameters take half of it), and of all headers.
    """

    runs: int = 4000
    years: int = 60
    policies: int = 4
    states: int = 400
    run_seconds: float = 600.0
    world_bytes: int = 600 * 2**20
    result_bytes: int = 128 * 2**20
    sockets: int = 240
    sockets_of_one: int = 80
    sockets_here: int = 16
    kernels: int = 360
    kernels_of_one: int = 160
    connections_of_one: int = 200
    request_seconds: float = 20.0
    first_message: float = 20.0
    message_bytes: int = 1 << 20
    message_depth: int = 40
    message_values: int = 50_000
    address_bytes: int = 8192
    header_bytes: int = 32768


LIMITS = Limits()
"""Limits of this server."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What `r2psim app` was started with.

    Attributes
    ----------
    scenario : str
        Name of a shipped scenario, or path of a file, that pages open with.
    data : Path
        Directory in which the server keeps what must survive it.
    limits : Limits
        What it does at most.
    url : str
        Where browsers reach it if a proxy stands before it (`r2psim.app.allowed_hosts`); empty without one.
    host, port : str, int
        What it listens on.
    """

    scenario: str = "seminar"
    data: Path = field(default_factory=lambda: Path("r2psim-data"))
    limits: Limits = LIMITS
    url: str = ""
    host: str = "127.0.0.1"
    port: int = 8765


_now = Settings()


def use(settings: Settings) -> None:
    """Take these settings from now on."""
    global _now  # noqa: PLW0603
    _now = settings


def current() -> Settings:
    """Give the settings of this server."""
    return _now
