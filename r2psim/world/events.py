"""Events of a run - what changed, how likely it was, and why - and the columns of a table of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from r2psim.scenario.brief import brief
from r2psim.world.codebook import KEYS, About

__all__ = ["CONTRIBUTIONS", "Event", "event_about", "event_columns"]

CONTRIBUTIONS = 3
"""Of an event in a table, at most."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that changed, how likely it was that month, and what made it likely.

    Attributes
    ----------
    month : int
        Number of the month, from 0.
    kind : str
        ``stage``, ``trigger`` or ``conflict``.
    state : str
        Identifier of the state.
    group : str or None
        Identifier of the group, for a change of stage.
    what : str
        Kind of trigger, or the name of the hazard that was realised.
    before, after : str
        Names of the stages or conflict states; empty for a trigger.
    probability : float
        Probability of exactly this change in this month, given everything before it.
    contributions : tuple of (str, float)
        The three largest, by size: what it was, and by how much it moved the log hazard from its base rate.
    """

    month: int
    kind: str
    state: str
    group: str | None
    what: str
    before: str
    after: str
    probability: float
    contributions: tuple[tuple[str, float], ...]

    __repr__ = brief


def event_columns(events: Sequence[Event]) -> dict[str, Any]:
    """Give the columns of a table of events, a row each."""
    import pyarrow as pa

    columns: dict[str, Any] = {
        "month": pa.array([e.month for e in events], pa.int32()),
        **{
            name: pa.array([getattr(e, name) for e in events], pa.string())
            for name in ("kind", "state", "group", "what", "before", "after")
        },
        "probability": pa.array([e.probability for e in events], pa.float64()),
    }
    for k in range(CONTRIBUTIONS):
        chosen = [e.contributions[k] if k < len(e.contributions) else (None, None) for e in events]
        columns[f"contribution{k + 1}"] = pa.array([c[0] for c in chosen], pa.string())
        columns[f"log_effect{k + 1}"] = pa.array([c[1] for c in chosen], pa.float64())
    return columns


def event_about() -> dict[str, About]:
    """Describe the columns of contributions to an event."""
    source = KEYS["kind"].source
    found: dict[str, About] = {}
    for k in range(1, CONTRIBUTIONS + 1):
        found[f"contribution{k}"] = About("name", f"what moved the hazard, number {k} by size", source)
        found[f"log_effect{k}"] = About("log", f"by how much contribution {k} moved the log hazard", source)
    return found
