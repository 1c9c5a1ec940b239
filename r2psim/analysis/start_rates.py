"""How often episodes begin in the first years of imported worlds, against later ones.

``python -m r2psim.analysis.start_rates PANEL FIRST LAST [RUNS]`` makes the worlds of every third of those years of a
panel (`r2psim.analysis.panel_files`), with two draws of what no file tells, runs each for ten years, and prints onsets
per state-year in years 1-2 and in years 5-10. ``settling_months`` of ``import.toml`` was set so that they agree; no
onset of the record is read for it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from r2psim.analysis.panel_files import PanelFiles
from r2psim.analysis.panel_hindcast import world_of_draw
from r2psim.analysis.pooled_skill import between
from r2psim.world.importing import read_files

__all__ = ["EARLY", "LATE", "StartRates", "start_rates"]

EARLY, LATE = (0, 2), (4, 10)
"""Years of a run that are compared, from 0: from the first to before the last."""

_STEP = 3
_DRAWS = 2
_RUNS = 14
_SAMPLES = 2000


class StartRates(NamedTuple):
    """Onsets of episodes per state-year of each run, in early and in late years, shape (runs,)."""

    early: np.ndarray
    late: np.ndarray

    def ratio(self) -> tuple[float, tuple[float, float] | None]:
        """Give the early rate over the late one, with the 95 % interval of drawing runs anew."""
        rng = np.random.default_rng(len(self.early))
        drawn = rng.integers(0, len(self.early), (_SAMPLES, len(self.early)))
        late = self.late[drawn].sum(axis=1)
        ratios = np.divide(self.early[drawn].sum(axis=1), late, out=np.full(_SAMPLES, np.nan), where=late > 0.0)
        whole = float(self.late.sum())
        return float(self.early.sum()) / whole if whole else float("nan"), between(ratios)


def start_rates(panel: Path, years: Iterable[int], runs: int = _RUNS, draws: int = _DRAWS, seed: int = 5) -> StartRates:
    """Measure how often episodes begin in early and late years of imported worlds.

    Parameters
    ----------
    panel : Path
        Directory of a panel.
    years : iterable of int
        Years of the data.
    runs, draws : int
        Runs of each draw; draws of each world.
    seed : int
        Of the runs.

    Raises
    ------
    ScenarioError
        If the files cannot be used.
    """
    from r2psim.ensemble.simulation import simulate

    files = PanelFiles.of(panel)
    early, late = [], []
    for year in years:
        known = read_files(files.predictors, files.groups, files.contiguity, year)
        for draw in range(draws):
            world, states = world_of_draw(known, 1 + draw), len(known.countries)
            # Runs of one seed are the same as far as they go.
            upto = {
                last: simulate(world, "late-response", runs, seed, last, first_run=100 * draw).values(
                    "late-response", "episodes"
                )
                for last in sorted({EARLY[1], *LATE})
            }
            early.append(upto[EARLY[1]] / (states * (EARLY[1] - EARLY[0])))
            late.append((upto[LATE[1]] - upto[LATE[0]]) / (states * (LATE[1] - LATE[0])))
    return StartRates(np.concatenate(early), np.concatenate(late))


def _main(words: list[str]) -> int:
    if len(words) not in (3, 4) or not all(word.isdecimal() for word in words[1:]):
        sys.stderr.write(f"{(__doc__ or '').split('.. ')[0]}\n")
        return 2
    first, last, *more = map(int, words[1:])
    found = start_rates(Path(words[0]), range(first, last + 1, _STEP), *more)
    ratio, ends = found.ratio()
    told = "" if ends is None else f" ({ends[0]:.2f} to {ends[1]:.2f})"
    sys.stdout.write(
        f"Onsets per state-year: {found.early.mean():.4f} in years 1-2, {found.late.mean():.4f} in years 5-10 of"
        f" {len(found.early)} runs; ratio {ratio:.2f}{told}.\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
