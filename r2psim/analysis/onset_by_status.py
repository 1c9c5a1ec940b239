"""Onsets in the record by the status of a state's most excluded group, with the interval that so few onsets allow.

``python -m r2psim.analysis.onset_by_status GROUPS ONSETS FIRST LAST`` reads groups in the layout of Ethnic Power
Relations and onsets by state and year (`r2psim.analysis.observed_onsets`), and prints what the target
``onset_by_status`` of `r2psim.analysis.calibration` was set from.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from r2psim.world.csv_tables import Complaints, Sheet, read_sheet
from r2psim.world.ethnic_groups import COLUMNS
from r2psim.world.state_identity import COW, GW, state_of_number

__all__ = ["OnsetByStatus", "of_record", "read_record"]

AHEAD = 2
"""Years within which an onset counts, as in the target."""

SAMPLES = 4000
STATUSES = ("included only", "powerless", "discriminated")
_YEARS = (1800, 2200)


@dataclass(frozen=True)
class OnsetByStatus:
    """What the record tells.

    Attributes
    ----------
    onsets, state_years : numpy.ndarray, int64, shape (3,)
        State-years with an onset in the next two years, and all; by `STATUSES`.
    states : numpy.ndarray, int64, shape (3,)
        States that these onsets are of.
    ratio : float
        Of the shares, powerless over included only; half an onset added to both.
    interval : tuple of float
        Of the ratio, 95 %, by drawing states anew: years of one state are not independent.
    """

    onsets: np.ndarray
    state_years: np.ndarray
    states: np.ndarray
    ratio: float
    interval: tuple[float, float]

    def __str__(self) -> str:
        """Say it in lines."""
        lines = [
            f"{name}: {n} of {years:,} state-years ({100 * n / max(years, 1):.2f} %), of {states} states"
            for name, n, years, states in zip(STATUSES, self.onsets, self.state_years, self.states, strict=True)
        ]
        low, high = self.interval
        return "\n".join([*lines, f"powerless over included only: {self.ratio:.2f} (95 % {low:.2f} to {high:.2f})"])


def of_record(
    statuses: Mapping[tuple[str, int], int], onsets: frozenset[tuple[str, int]], seed: int = 1
) -> OnsetByStatus:
    """Hold onsets against statuses.

    Parameters
    ----------
    statuses : mapping of (str, int) to int
        State and year -> status of the most excluded group, an index of `STATUSES`.
    onsets : frozenset of (str, int)
        State and year.
    seed : int
        Of the draws of states.
    """
    names = sorted({state for state, _ in statuses})
    at = {state: i for i, state in enumerate(names)}
    soon, years = (np.zeros((len(names), len(STATUSES))) for _ in range(2))
    for (state, year), status in statuses.items():
        years[at[state], status] += 1
        soon[at[state], status] += any((state, year + k) in onsets for k in range(1, AHEAD + 1))
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(names), (SAMPLES, len(names)))
    ratios = [_ratio(soon[some].sum(axis=0), years[some].sum(axis=0)) for some in drawn]
    low, high = np.nanquantile(ratios, (0.025, 0.975))
    return OnsetByStatus(
        soon.sum(axis=0).astype(int),
        years.sum(axis=0).astype(int),
        (soon > 0).sum(axis=0),
        _ratio(soon.sum(axis=0), years.sum(axis=0)),
        (float(low), float(high)),
    )


def _ratio(onsets: np.ndarray, years: np.ndarray) -> float:
    included, powerless = ((onsets[k] + 0.5) / years[k] if years[k] else np.nan for k in (0, 1))
    return float(powerless / included)


def read_record(groups: Path, onsets: Path, first: int, last: int) -> OnsetByStatus:
    """Read the files, and hold one against the other.

    Parameters
    ----------
    groups : Path
        Columns ``gwid``, ``from``, ``to``, ``status``.
    onsets : Path
        Columns ``ccode`` and ``year``, a row for each onset.
    first, last : int
        Years of onsets that the file of onsets covers.

    Raises
    ------
    ScenarioError
        With everything that is wrong with the files.
    """
    found = frozenset(
        (state, year)
        for state, (year, _), _ in _states(read_sheet(onsets, ("ccode", "year"), "onsets"), "ccode", ("year", "year"))
        if first <= year <= last
    )
    statuses: dict[tuple[str, int], int] = {}
    sheet = read_sheet(groups, [name for name in COLUMNS if name != "size"], "groups")
    for state, (begins, ends), status in _states(sheet, "gwid", ("from", "to")):
        # The years ahead lie within the record too.
        for year in range(max(begins, first - 1), min(ends, last - AHEAD) + 1):
            statuses[state, year] = max(statuses.get((state, year), 0), _STATUS.get(status, 0))
    return of_record(statuses, found)


_STATUS = {"POWERLESS": 1, "SELF-EXCLUSION": 1, "DISCRIMINATED": 2}
"""Status in the data -> index of `STATUSES`; a group that is irrelevant shuts nobody out."""


def _states(sheet: Sheet, number: str, period: tuple[str, str]) -> Sequence[tuple[str, tuple[int, int], str]]:
    """Give state, period and status of each row; complain of what cannot be read."""
    complaints = Complaints()
    found = []
    for row in sheet.rows:
        code = complaints.number(sheet, row, number, 1, 99999, "state number", whole=True)
        first, last = (complaints.number(sheet, row, name, *_YEARS, "year", whole=True) for name in period)
        if code is None or first is None or last is None:
            continue
        state = state_of_number(int(code), int(last), GW if number == "gwid" else COW)
        found.append((state or str(int(code)), (int(first), int(last)), row.text("status").upper()))
    complaints.settle()
    return found


if __name__ == "__main__":
    sys.stdout.write(f"{read_record(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))}\n")
