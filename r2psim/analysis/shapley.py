"""Shapley values: how much of what a set of things does together is owed to each of them.

The value of a player is what it adds to those that are there already, averaged over all orders in which they can come.
The values add up to the whole, a player that adds nothing to anybody has none, and two that add the same have the same.
All subsets are worked out, so nothing is sampled but what the runs themselves sample.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import factorial

import numpy as np

__all__ = ["shapley", "subsets"]


def subsets(players: Sequence[str]) -> list[frozenset[str]]:
    """Give every subset, the empty one first.

    Examples
    --------
    >>> [sorted(s) for s in subsets(["a", "b"])]
    [[], ['a'], ['b'], ['a', 'b']]
    """
    return [frozenset(found) for size in range(len(players) + 1) for found in combinations(players, size)]


def shapley(players: Sequence[str], worth: Mapping[frozenset[str], np.ndarray]) -> dict[str, np.ndarray]:
    """Give the Shapley value of each player.

    Parameters
    ----------
    players : sequence of str
        Who there is.
    worth : mapping of frozenset of str to numpy.ndarray
        What each subset does, run by run, all of one shape.

    Returns
    -------
    dict of str to numpy.ndarray
        Run by run: in every run the values add up to what all do together, less what nobody does.

    Examples
    --------
    >>> worth = {s: np.array([{0: 0.0, 1: 1.0, 2: 4.0}[len(s)]]) for s in subsets(["a", "b"])}
    >>> {name: value.tolist() for name, value in shapley(["a", "b"], worth).items()}
    {'a': [2.0], 'b': [2.0]}
    """
    count = len(players)
    found = {}
    for player in players:
        others = [other for other in players if other != player]
        value = np.zeros_like(worth[frozenset()], dtype=np.float64)
        for before in subsets(others):
            share = factorial(len(before)) * factorial(count - len(before) - 1) / factorial(count)
            value += share * (worth[before | {player}] - worth[before])
        found[player] = value
    return found
