"""Trials run and judged: what a study found, what the model says, and how much of the effect was delivered."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.analysis.checkpoints import digest_of
from r2psim.analysis.trials.enrolment import Entries, EntryStore, enrol
from r2psim.analysis.trials.estimators import Estimate, estimate
from r2psim.scenario.trials import Bias, Trial, shipped_bias, shipped_trials, widened
from r2psim.world.expand import expand
from r2psim.world.luck import checked_seed

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = ["VERDICTS", "Study", "Trials", "run_trials", "verdict_of"]

VERDICTS = {
    "overlaps": "the simulated interval overlaps the published one, widened by the bias of its design",
    "weaker": "the model's effect is weaker, or none, beyond both intervals",
    "stronger": "the model's effect is stronger, beyond both intervals",
    "opposite": "the model's effect goes the other way, beyond both intervals",
    "agrees": "the study tells a direction, and the model's whole interval lies on that side",
    "not told apart": "the study tells a direction, and the model's interval includes no effect",
    "disagrees": "the study tells a direction, and the model's whole interval lies on the other side",
    "no answer": "too few entries or events for an interval",
}
"""What can be said of a trial."""

Z95 = 1.959963984540054
NEAR_ONE = 0.1
"""Where a study found about no effect, a simulated log ratio within this is about none (an assumption)."""


@dataclass(frozen=True)
class Study:
    """A trial, and what the model says.

    Attributes
    ----------
    trial : Trial
        As it was published.
    simulated : Estimate
        Ratio with its 95 % interval.
    published : tuple of float or None
        Ratio, and its 95 % interval widened by the bias of its design.
    verdict : str
        One of `VERDICTS`.
    reached : float, 0-1
        Mean share of the catalogue's effect that the treated got; NaN where nothing was delivered.
    at_work : float, 0-1
        Share of the months of treatment in which they got at least half of it.
    treated : int
        Entries that were given anything.
    """

    trial: Trial
    simulated: Estimate
    published: tuple[float, float, float] | None
    verdict: str
    reached: float
    at_work: float
    treated: int

    def row(self) -> dict[str, Any]:
        """Give it as plain data; what is not known is None."""

        def known(value: float) -> float | None:
            return float(value) if math.isfinite(value) else None

        trial, found = self.trial, self.simulated
        full = math.exp(math.log(found.ratio) / self.reached) if found.ratio > 0 and self.reached > 0.02 else math.nan
        return {
            "trial": trial.key,
            "use": trial.use,
            "question": trial.question,
            "estimand": trial.estimand,
            "published": trial.estimate,
            "published_low": trial.low,
            "published_high": trial.high,
            "widened_low": self.published[1] if self.published else None,
            "widened_high": self.published[2] if self.published else None,
            "direction": trial.direction,
            "simulated": known(found.ratio),
            "simulated_low": known(found.low),
            "simulated_high": known(found.high),
            "verdict": self.verdict,
            "reached": known(self.reached),
            "at_work": known(self.at_work),
            "as_delivered_in_full": known(full),
            "entries": found.entries,
            "treated": self.treated,
            "events": known(found.events),
            "design": trial.design,
            "certainty": trial.certainty,
            "source": list(trial.source),
            "note": trial.note,
        }


def verdict_of(trial: Trial, found: Estimate, published: tuple[float, float, float] | None) -> str:
    """Say how the model's answer stands beside the study's.

    Parameters
    ----------
    trial : Trial
        As it was published.
    found : Estimate
        Simulated.
    published : tuple of float or None
        Ratio and its widened interval.
    """
    if not math.isfinite(found.low) or not math.isfinite(found.high):
        return "no answer"
    if published is None:
        below, above = found.high < 1.0, found.low > 1.0
        if trial.direction == "about":
            near = abs(math.log(found.ratio)) <= NEAR_ONE or not (below or above)
            return "agrees" if near else "disagrees"
        wanted, other = (below, above) if trial.direction == "below" else (above, below)
        return "agrees" if wanted else ("disagrees" if other else "not told apart")
    ratio, low, high = published
    if found.low <= high and low <= found.high:
        return "overlaps"
    # On the log scale, in the direction of the study's effect.
    sign = -1.0 if ratio < 1.0 else 1.0
    if sign * math.log(found.low if sign > 0 else found.high) < 0.0 and not found.low <= 1.0 <= found.high:
        return "opposite"
    return "weaker" if sign * math.log(found.ratio) < sign * math.log(ratio) else "stronger"


@dataclass(frozen=True)
class Trials:
    """Trials run on one world.

    Attributes
    ----------
    scenario, policy : str
        What was run.
    runs, years, seed : int
        Pairs of runs of each trial, their length, and their seed.
    studies : tuple of Study
        In the order of the trials.
    """

    scenario: str
    policy: str
    runs: int
    years: int
    seed: int
    studies: tuple[Study, ...]

    def rows(self) -> list[dict[str, Any]]:
        """Give a row for each trial, as plain data."""
        return [study.row() for study in self.studies]

    def summary(self) -> dict[str, Any]:
        """Give everything as plain data."""
        fitted = [study for study in self.studies if study.trial.use == "fit"]
        numeric = [study for study in fitted if study.published is not None]
        told = [study for study in fitted if study.published is None]
        return {
            "scenario": self.scenario,
            "policy": self.policy,
            "runs": self.runs,
            "years": self.years,
            "seed": self.seed,
            "numeric": len(numeric),
            "numeric_overlapping": sum(study.verdict == "overlaps" for study in numeric),
            "directions": len(told),
            "directions_agreeing": sum(study.verdict == "agrees" for study in told),
            "verdicts": VERDICTS,
            "trials": self.rows(),
        }


def run_trials(
    scenario: str | Path | Scenario = "world",
    trials: Mapping[str, Trial] | Sequence[str] | None = None,
    runs: int = 100,
    seed: int | None = 1,
    policy: str = "late-response",
    years: int | None = None,
    threads: int = 1,
    bias: Bias | None = None,
    p: np.ndarray | None = None,
    advance: Callable[[int], None] | None = None,
    directory: str | Path | None = None,
    among: Mapping[str, Trial] | None = None,
) -> Trials:
    """Run published estimates as trials, and hold the model against them.

    Parameters
    ----------
    scenario : str, Path or Scenario
        The world in which they are run.
    trials : mapping of str to Trial, or sequence of str, optional
        Which; names are those of the shipped ones, all of which are run if nothing is given.
    runs : int
        Pairs of runs of each; a pair shares its luck, the arms exchanged.
    seed : int or None
        Seed of all chance; None for a fresh one.
    policy : str
        What bodies do beside the trial.
    years : int, optional
        Length of a run, the scenario's own if not given.
    threads : int
        Threads.
    bias : Bias, optional
        Of published estimates; the shipped one if not given.
    p : numpy.ndarray, optional
        Values of the parameters.
    advance : callable, optional
        Told the number of runs finished; there are twice ``runs`` for each different setting.
    directory : str or Path, optional
        Where the entries of finished runs are kept: the same call goes on from them, and so does one for more runs or
        other names of the same trials.
    among : mapping of str to Trial, optional
        All trials of the file of which some are run: a directory that was begun with another file is refused. The
        shipped ones if names are given or nothing, and those that are run otherwise.

    Raises
    ------
    ValueError
        If a name is none of the trials.
    OutputError
        If the directory is something else's, or was begun with another scenario, policy, seed, length or file, or
        cannot be written.
    """
    from r2psim.ensemble.former_names import hint
    from r2psim.scenario import load
    from r2psim.scenario.errors import listing

    full = expand(load(scenario) if isinstance(scenario, str | Path) else scenario)
    full.policy(policy)
    shipped = shipped_trials()
    if trials is None:
        chosen = list(shipped.values())
    elif isinstance(trials, Mapping):
        chosen = list(trials.values())
    else:
        for name in trials:
            if name not in shipped:
                said = f"one of {listing(shipped, limit=40)}{hint(name, shipped)}"
                raise ValueError(f"trial {name!r} is not allowed: {said}")
        chosen = [shipped[name] for name in trials]
    seed = checked_seed(seed)
    years = full.years if years is None else years
    biased = shipped_bias() if bias is None else bias
    if among is None:
        among = trials if isinstance(trials, Mapping) else shipped
    question = {
        "scenario": full.name,
        "values of the scenario": digest_of([full.resolved(), None if p is None else p.tolist()]),
        "policy": policy,
        "seed": seed,
        "years": years,
        "trials of the file": digest_of([trial.table() for trial in among.values()]),
    }
    entries: dict[Any, Entries] = {}
    studies = []
    with EntryStore(None if directory is None else Path(directory), question) as store:
        for trial in chosen:
            key = repr(trial.setting)
            if key not in entries:
                entries[key] = enrol(trial, full, policy, runs, seed, years, threads, p, advance, store)
            studies.append(study_of(trial, entries[key], biased))
    return Trials(full.name, policy, runs, years, seed, tuple(studies))


def settings_of(trials: Sequence[Trial]) -> int:
    """Count the different settings of some trials: those that share one share their runs."""
    return len({repr(trial.setting) for trial in trials})


def study_of(trial: Trial, entries: Entries, bias: Bias) -> Study:
    """Estimate a trial from its entries, and judge it."""
    doses = np.array(trial.doses) * trial.dose_full
    found = estimate(entries, trial.estimand, doses, trial.follow_up)
    known = widened(trial, bias)
    published = None
    if known is not None:
        log_ratio, _, whole = known
        published = (math.exp(log_ratio), math.exp(log_ratio - Z95 * whole), math.exp(log_ratio + Z95 * whole))
    # How much of a unit of dose arrived: arms below full funding are held against what was paid for.
    treated = np.array(trial.doses)[entries.arm] > 0.0
    paid = np.array(trial.doses)[entries.arm][treated]
    some = bool(treated.any()) and bool(trial.forms)
    return Study(
        trial=trial,
        simulated=found,
        published=published,
        verdict=verdict_of(trial, found, published),
        reached=float((entries.reached[treated] / paid).mean()) if some else math.nan,
        at_work=float(entries.at_work[treated].mean()) if some else math.nan,
        treated=int(treated.sum()),
    )
