"""Political opponents of a government: a group in every state that no line of kin or creed marks off."""

from __future__ import annotations

import numpy as np

from r2psim.declarations.columns import G, S
from r2psim.rules.by_run import by_run
from r2psim.rules.compiled import inline, rule
from r2psim.rules.draws import Draws
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows

__all__ = ["opponents", "opponents_begin"]


@inline
def exclusion_under(regime: float, in_closed: float, in_open: float) -> float:
    """Exclusion of political opponents under a regime of some openness, 0-1."""
    return in_open + (in_closed - in_open) * (1.0 - regime)


@by_run("rows.group")
@rule
def opponents(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Let the exclusion to which political opponents return follow the openness of the regime.

    A closed regime shuts its opponents out of politics, a democracy lets them win; linear in between (an assumption).
    About a third of the record's episodes of state-led mass killing target no ethnic group (politicides).
    """
    group = rows.group
    in_closed = p[P.opponents_exclusion_closed]
    in_open = p[P.opponents_exclusion_open]
    for g in range(first, last):
        if group[G.by_regime, g] > 0.0:
            regime = rows.state[S.regime, rows.home[g]]
            group[G.exclusion_home, g] = exclusion_under(regime, in_closed, in_open)


@by_run("rows.group")
@rule
def opponents_begin(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Let the political opponents among groups ``first..last`` start as excluded as the regime has them."""
    opponents(first, last, rows, p, draws)
    group = rows.group
    for g in range(first, last):
        if group[G.by_regime, g] > 0.0:
            group[G.exclusion, g] = group[G.exclusion_home, g]
