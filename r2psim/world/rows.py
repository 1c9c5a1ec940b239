"""All rows of one run: the blocks of columns, who stands where, and who is tied to whom."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from r2psim.declarations.columns import BODY, FORM, GROUP, NOTE, PLEDGE, PREFERENCE, PROGRAMME, RATING, STATE, F, L, S

__all__ = ["WRITTEN", "Rows", "copy_rows", "side_by_side", "smallest_rows", "sparse"]

WRITTEN = ("state", "group", "body", "programme", "pledge", "rating", "ledger", "note")
"""The blocks that rules write; everything else in `Rows` stays as it was built."""


class Rows(NamedTuple):
    """State of one run in arrays; the only thing that rules read and write.

    Attributes
    ----------
    state, group, body, programme, pledge, rating : numpy.ndarray, float64, shape (columns, rows)
        One block a kind: ``state[S.incitement]`` is the column of all states. The programme of form ``f`` in state
        ``s`` is the row ``f * states + s``; the pledges of body ``b`` are the rows
        ``pledge_start[b]`` to ``pledge_start[b + 1] - 1``, its ratings of its members the rows of ``member``.
    note : numpy.ndarray, float64, shape (columns, rows)
        What body ``b`` notes while it decides: the rows ``note_start[b]`` to ``note_start[b + 1] - 1``, one for each
        form that it may provide in each of its members. The pledges' columns ``note`` and ``former`` count from the
        first of them: so they need not be told where the body's rows lie.
    form : numpy.ndarray, float64, shape (columns, forms)
        The catalogue.
    preference : numpy.ndarray, float64, shape (columns, 1)
        What the policy prefers.
    ledger : numpy.ndarray, float64, shape (bodies, forms)
        US cents spent by each body on each form since the start.
    state_id, group_id, body_id, form_id : numpy.ndarray, uint64
        Identities, which chance is drawn by: they do not depend on the rows' order.
    runs : numpy.ndarray, int64, shape (1,)
        How many runs lie side by side: 1 but where `side_by_side` put several.
    state_run, group_run, body_run : numpy.ndarray, uint64
        How far the number of each row's run is from that of the draws; numbers of runs are taken modulo 2**32.
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
    member_id : numpy.ndarray, uint64, shape of ``member``
        Their identities.
    pledge_start : numpy.ndarray, int64, shape (bodies + 1,)
        Room for pledges. How many of them a body uses its ``attention`` says: more room would change nothing.
    provides_start, provides : numpy.ndarray, int64
        Sparse rows: forms that a body may provide.
    note_start : numpy.ndarray, int64, shape (bodies + 1,)
        As many notes as a body has members, times the forms that it may provide.
    effect_start, effect_channel : numpy.ndarray, int64
        Sparse rows: channels that a form acts on.
    effect_size, effect_harms : numpy.ndarray, float64
        Size of each effect at full strength: a log factor, or what is added to a level. And 1 where it does harm.
        Of all effects in turn, once; or once for each of the runs side by side, if they have sizes of their own.
    """

    state: np.ndarray
    group: np.ndarray
    body: np.ndarray
    programme: np.ndarray
    pledge: np.ndarray
    rating: np.ndarray
    ledger: np.ndarray
    note: np.ndarray
    form: np.ndarray
    preference: np.ndarray
    state_id: np.ndarray
    group_id: np.ndarray
    body_id: np.ndarray
    form_id: np.ndarray
    runs: np.ndarray
    state_run: np.ndarray
    group_run: np.ndarray
    body_run: np.ndarray
    home: np.ndarray
    first_group: np.ndarray
    neighbour_start: np.ndarray
    neighbour: np.ndarray
    kin_start: np.ndarray
    kin: np.ndarray
    member_start: np.ndarray
    member: np.ndarray
    member_id: np.ndarray
    pledge_start: np.ndarray
    provides_start: np.ndarray
    provides: np.ndarray
    note_start: np.ndarray
    effect_start: np.ndarray
    effect_channel: np.ndarray
    effect_size: np.ndarray
    effect_harms: np.ndarray


def copy_rows(rows: Rows) -> Rows:
    """Copy the blocks that rules write; share the identities and ties, which they do not."""
    return rows._replace(**{name: getattr(rows, name).copy() for name in WRITTEN})


def _chained(start: np.ndarray, value: np.ndarray, times: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Repeat sparse rows; each time their values point so many rows further on."""
    starts = [start[:1], *(start[1:] + k * len(value) for k in range(times))]
    return np.concatenate(starts), np.concatenate([value + k * rows for k in range(times)])


def side_by_side(rows: Rows, runs: int) -> Rows:
    """Lay several runs of a world side by side as one: rules go through all of them at once, and none sees another.

    Short loops cost more than what they do: a world of a dozen states costs a fraction of the time when several of
    its runs share every loop. Each run keeps its own luck, and so its bits.

    Parameters
    ----------
    rows : Rows
        The start of a run; not changed.
    runs : int
        How many.

    Returns
    -------
    Rows
        Row ``r`` of run ``k`` is the row ``k * n + r``, ``n`` being the number of rows of the kind in `rows`. The
        programme of form ``f`` in state ``s`` is still the row ``f * states + s``, of all states now.
    """
    if runs == 1:
        return rows
    states, groups, bodies = rows.state.shape[1], rows.group.shape[1], rows.body.shape[1]
    forms = rows.form.shape[1]

    def repeated(name: str) -> np.ndarray:
        block: np.ndarray = getattr(rows, name)
        return np.tile(block, runs)

    def numbers(count: int) -> np.ndarray:
        return np.repeat(np.arange(runs, dtype=np.uint64), count)

    def chained(name: str, points_to: int) -> dict[str, np.ndarray]:
        start, value = _chained(getattr(rows, f"{name}_start"), getattr(rows, name), runs, points_to)
        return {f"{name}_start": start, name: value}

    of_form = rows.programme.reshape(len(rows.programme), forms, states)
    slots, notes = rows.pledge.shape[1], rows.note.shape[1]
    pledge = repeated("pledge")
    run_of_slot = np.repeat(np.arange(runs, dtype=np.float64), slots)
    # Pledges of missions that stand at the start point to their state, and to their programme among those of all runs.
    made = pledge[L.programme] >= 0.0
    pledge[L.state] += np.where(made, run_of_slot * states, 0.0)
    pledge[L.programme] = np.where(made, pledge[L.form] * (states * runs) + pledge[L.state], pledge[L.programme])
    first_group = [rows.first_group[:1], *(rows.first_group[1:] + k * groups for k in range(runs))]
    return rows._replace(
        **{name: repeated(name) for name in ("state", "group", "body", "rating", "note")},
        pledge=pledge,
        **{name: repeated(name) for name in ("state_id", "group_id", "body_id", "member_id")},
        programme=np.tile(of_form, runs).reshape(len(rows.programme), forms * states * runs),
        ledger=np.tile(rows.ledger, (runs, 1)),
        runs=np.array([runs], dtype=np.int64),
        state_run=numbers(states),
        group_run=numbers(groups),
        body_run=numbers(bodies),
        home=np.concatenate([rows.home + k * states for k in range(runs)]),
        first_group=np.concatenate(first_group),
        pledge_start=np.concatenate([[0], *(rows.pledge_start[1:] + k * slots for k in range(runs))]),
        note_start=np.concatenate([[0], *(rows.note_start[1:] + k * notes for k in range(runs))]),
        **chained("neighbour", states),
        **chained("kin", groups),
        **chained("member", states),
        **chained("provides", 0),
    )


def sparse(lists: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Turn lists into sparse rows: starts and values, each list sorted."""
    start = np.zeros(len(lists) + 1, dtype=np.int64)
    start[1:] = np.cumsum([len(x) for x in lists])
    values = np.array([v for x in lists for v in sorted(x)], dtype=np.int64)
    return start, values


def smallest_rows() -> Rows:
    """Make one state with one group, as rows of the types that rules are compiled for."""
    one = np.array([1], dtype=np.uint64)
    same_run = np.zeros(1, dtype=np.uint64)
    none = np.zeros(0, dtype=np.int64)
    starts = np.zeros(2, dtype=np.int64)

    def block(columns: int, rows: int = 1) -> np.ndarray:
        return np.zeros((columns, rows))

    rows = Rows(
        state=block(len(STATE.columns)),
        group=block(len(GROUP.columns)),
        body=block(len(BODY.columns)),
        programme=block(len(PROGRAMME.columns)),
        pledge=block(len(PLEDGE.columns), 0),
        rating=block(len(RATING.columns), 0),
        ledger=np.zeros((1, 1)),
        note=block(len(NOTE.columns), 0),
        form=block(len(FORM.columns)),
        preference=block(len(PREFERENCE.columns)),
        state_id=one,
        group_id=one,
        body_id=one,
        form_id=one,
        runs=np.array([1], dtype=np.int64),
        state_run=same_run,
        group_run=same_run,
        body_run=same_run,
        home=np.zeros(1, dtype=np.int64),
        first_group=np.array([0, 1], dtype=np.int64),
        neighbour_start=starts,
        neighbour=none,
        kin_start=starts,
        kin=none,
        member_start=starts,
        member=none,
        member_id=np.zeros(0, dtype=np.uint64),
        pledge_start=starts,
        provides_start=starts,
        provides=none,
        note_start=starts,
        effect_start=starts,
        effect_channel=none,
        effect_size=np.zeros(0),
        effect_harms=np.zeros(0),
    )
    rows.state[S.population] = 1.0
    rows.form[F.unit_cost] = 1.0
    return rows
