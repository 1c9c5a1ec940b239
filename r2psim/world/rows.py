"""All rows of one run: the blocks of columns, who stands where, and who is tied to whom."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["Rows", "copy_rows"]


class Rows(NamedTuple):
    """State of one run in arrays; the only thing that rules read and write.

    Attributes
    ----------
    state, group, body, programme : numpy.ndarray, float64, shape (columns, rows)
        One block a kind: ``state[S.incitement]`` is the column of all states.
    state_id, group_id, body_id : numpy.ndarray, uint64
        Identities, which chance is drawn by: they do not depend on the rows' order.
    home : numpy.ndarray, int64, shape (groups,)
        Row of the state of each group.
    first_group : numpy.ndarray, int64, shape (states + 1,)
        Groups of state ``s`` are the rows ``first_group[s]`` to ``first_group[s + 1] - 1``.
    neighbour_start, neighbour : numpy.ndarray, int64
        Sparse rows: neighbours of ``s`` are ``neighbour[neighbour_start[s]:neighbour_start[s + 1]]``.
    kin_start, kin : numpy.ndarray, int64
        Sparse rows: groups of kin of a group.
    member_start, member : numpy.ndarray, int64
        Sparse rows: member states of a body.
    """

    state: np.ndarray
    group: np.ndarray
    body: np.ndarray
    programme: np.ndarray
    state_id: np.ndarray
    group_id: np.ndarray
    body_id: np.ndarray
    home: np.ndarray
    first_group: np.ndarray
    neighbour_start: np.ndarray
    neighbour: np.ndarray
    kin_start: np.ndarray
    kin: np.ndarray
    member_start: np.ndarray
    member: np.ndarray


def copy_rows(rows: Rows) -> Rows:
    """Copy the blocks that rules write; share the identities and ties, which they do not."""
    return rows._replace(
        state=rows.state.copy(), group=rows.group.copy(), body=rows.body.copy(), programme=rows.programme.copy()
    )
