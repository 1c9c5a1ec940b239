"""What a batch says of itself: what was asked for, what is done, which parts hold it, whether they are all there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from r2psim.ensemble.batch.directory import MANIFEST, POINTS, PROVENANCE, RESOLVED
from r2psim.ensemble.batch.estimates import Estimate, differences_of
from r2psim.ensemble.batch.experiment import Headline
from r2psim.ensemble.batch.manifest import Manifest
from r2psim.ensemble.batch.parts import TABLES, Parts, parts_at
from r2psim.ensemble.batch.plan import Plan
from r2psim.ensemble.batch.stored_parts import AGAIN
from r2psim.ensemble.intervals import Interval
from r2psim.ensemble.store import OutputError, digest_of_file, read_json, read_table

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["BatchDescription"]


class BatchDescription:
    """What a directory that ``r2psim batch`` wrote says of itself: what was asked for, and which parts hold it.

    Parameters
    ----------
    directory : str or Path
        The directory.

    Raises
    ------
    OutputError
        If it holds no batch, or is damaged; the message says which file, and what to do.
    """

    def __init__(self, directory: str | Path) -> None:
        self.path = Path(directory)
        if not (self.path / PROVENANCE).is_file():
            raise OutputError(f"{self.path}: is no batch of r2psim: it holds no {PROVENANCE}")
        self.provenance = read_json(self.path / PROVENANCE)
        if self.provenance.get("kind") != "batch":
            raise OutputError(f"{self.path}: is no batch of r2psim; r2psim.Results.load reads an output of compare")
        self.experiment = read_json(self.path / RESOLVED)
        try:
            rounds = tuple(int(size) for size in self.provenance["rounds"])
            self.plan = Plan(int(self.provenance["points"]), int(self.provenance["runs"]), rounds)
            digest = self.provenance.get("batch")
            self.manifest = Manifest(self.path / MANIFEST, batch=None if digest is None else str(digest)).read()
        except (KeyError, TypeError, ValueError) as error:
            raise OutputError(f"{self.path}: {PROVENANCE} or {MANIFEST} is damaged: {error}; {AGAIN}") from error
        beyond = [entry for entry in self.manifest.entries if entry.first + entry.count > self.plan.total]
        if beyond:
            raise OutputError(
                f"{self.path / MANIFEST}: is damaged: it names runs up to place {beyond[0].first + beyond[0].count:,}, "
                f"and the batch has {self.plan.total:,}; {AGAIN}"
            )
        self.parts: Parts = parts_at(self.provenance.get("storage") or self.path)

    def notes(self) -> list[str]:
        """Say which lines of the manifest do not count, and why; the same batch run again writes it anew.

        Returns
        -------
        list of str
            A sentence each; empty where all lines count.
        """
        return self.manifest.notes()

    def lost(self) -> list[str]:
        """Give the parts that are missing, or not as long as they were.

        Returns
        -------
        list of str
            Each as ``TABLE/NAME``; none where all is there.
        """
        there = {table: self.parts.names(table) for table in TABLES}
        return [
            f"{table}/{name}"
            for entry in self.manifest.entries
            for table, name, _, size in entry.files()
            if there[table].get(name) != size
        ]

    def demand(self, found: Sequence[str]) -> None:
        """Refuse to go on where parts are damaged.

        Parameters
        ----------
        found : sequence of str
            Parts, as `lost` or `verify` gives them.

        Raises
        ------
        OutputError
            If there are any.
        """
        if found:
            more = f" and {len(found) - 1} more" if len(found) > 1 else ""
            raise OutputError(f"{self.path}: the part {found[0]}{more} is damaged or missing; {AGAIN}")

    def verify(self) -> list[str]:
        """Give the parts whose content is not what was written.

        Returns
        -------
        list of str
            Each as ``TABLE/NAME``: those of `lost`, and those whose SHA-256 is another.
        """
        lost = self.lost()
        return lost + [
            found
            for entry in self.manifest.entries
            for table, name, digest, _ in entry.files()
            if (found := f"{table}/{name}") not in lost and self.parts.digest(table, name) != digest
        ]

    # -- what it is ----------------------------------------------------------------------------------------------------

    @property
    def policies(self) -> tuple[str, ...]:
        """Policies compared at every point."""
        return tuple(self.experiment["policies"])

    @property
    def metrics(self) -> tuple[str, ...]:
        """What was kept of every run."""
        return tuple(self.experiment["metrics"])

    @property
    def series(self) -> tuple[str, ...]:
        """Monthly series that were kept."""
        return tuple(self.experiment["series"])

    @property
    def factors(self) -> tuple[str, ...]:
        """Paths of what was varied."""
        return tuple(self.experiment["factors"])

    @property
    def done(self) -> int:
        """Runs of points that are finished; each stands for one run of every policy."""
        return sum(entry.count for entry in self.manifest.entries)

    @property
    def complete(self) -> bool:
        """Whether nothing is missing: all was done, or the stopping rule ended it."""
        return self.manifest.stopped is not None or self.done == self.plan.total

    @property
    def failed(self) -> dict[int, str]:
        """Points that could not be run, and why."""
        return {point: error for entry in self.manifest.entries for point, error, _ in entry.failed}

    @cached_property
    def points(self) -> pa.Table:
        """The points: a row each, a column for each factor, empty where a point leaves it as the scenario has it.

        Raises
        ------
        OutputError
            If the file is damaged.
        """
        file = self.path / POINTS
        if file.is_file() and digest_of_file(file) != self.provenance.get("points_sha256"):
            raise OutputError(f"{file}: is damaged; {AGAIN}")
        return read_table(file)

    def headline(self) -> tuple[Headline, Interval | None] | None:
        """Give the headline difference with its interval so far, None where one policy ran alone.

        Returns
        -------
        tuple of (Headline, Interval or None), or None
            What is compared, and the mean difference a run with its 95 % interval, in the metric's unit; no interval
            where too few runs are there.
        """
        found = self.experiment.get("headline")
        if found is None:
            return None
        headline = Headline(found["metric"], (found["policies"][0], found["policies"][1]))
        estimate = Estimate(self.plan.runs)
        for segments, differences in differences_of(self.parts, self.manifest.entries, self.plan, headline):
            estimate.add(segments, differences)
        return headline, estimate.interval()
