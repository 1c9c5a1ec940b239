"""The headline difference while a batch runs: its mean over points, and how well the runs tell it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from r2psim.ensemble.batch.experiment import Headline
from r2psim.ensemble.batch.manifest import Entry
from r2psim.ensemble.batch.plan import Plan, Segment
from r2psim.ensemble.batch.stored_parts import read_part
from r2psim.ensemble.intervals import Interval, paired_interval

if TYPE_CHECKING:
    from r2psim.ensemble.batch.parts import Parts

__all__ = ["Estimate", "differences_of"]


class Estimate:
    """The mean difference over points, by run.

    Every point has the same luck in a run, so the differences of one run at many points are no independent evidence.
    Their mean is one value a run; the interval is that of the mean over runs. It says nothing of how the points were
    chosen.

    Parameters
    ----------
    runs : int
        Runs of every point.

    Examples
    --------
    >>> estimate = Estimate(2)
    >>> estimate.add([Segment(0, 0, 2), Segment(1, 0, 2)], np.array([1.0, 3.0, 3.0, 5.0]))
    >>> estimate.interval().mean
    3.0
    """

    def __init__(self, runs: int) -> None:
        self.added, self.counted = np.zeros(runs), np.zeros(runs, dtype=np.int64)

    def add(self, segments: Iterable[Segment], differences: np.ndarray) -> None:
        """Take in the differences of some stretches, one after the other; NaN where there is none."""
        at = 0
        for segment in segments:
            own = differences[at : at + segment.runs]
            known = np.isfinite(own)
            place = slice(segment.first_run, segment.first_run + segment.runs)
            self.added[place] += np.where(known, own, 0.0)
            self.counted[place] += known
            at += segment.runs

    def interval(self) -> Interval | None:
        """Give mean and 95 % interval of the mean over points, None where no run tells."""
        known = self.counted > 0
        return paired_interval(self.added[known] / self.counted[known])


def differences_of(
    parts: Parts, entries: Sequence[Entry], plan: Plan, headline: Headline
) -> Iterator[tuple[list[Segment], np.ndarray]]:
    """Read the headline differences of finished stretches, in the order of the line of work."""
    import pyarrow.compute as pc

    for entry in sorted(entries, key=lambda found: found.first):
        table = read_part(parts, "runs", entry, ["point", "policy", "run", headline.metric])
        policy = table["policy"].cast("string")
        a, b = (table.filter(pc.equal(policy, named)) for named in headline.policies)
        values = a[headline.metric].to_numpy() - b[headline.metric].to_numpy()
        point, run = a["point"].to_numpy(), a["run"].to_numpy()
        segments = list(plan.segments(entry.first, entry.count))
        found = np.full(entry.count, np.nan)
        at = 0
        for segment in segments:
            rows = np.flatnonzero(
                (point == segment.point) & (run >= segment.first_run) & (run < segment.first_run + segment.runs)
            )
            if len(rows) == segment.runs:
                found[at : at + segment.runs] = values[rows]
            at += segment.runs
        yield segments, found
