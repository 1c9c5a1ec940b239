"""Runs of a world under some policies, measured once, kept on disk, and added to where more are wanted.

Studies of the cost argument look at many variants of a world. Each variant is run under the same luck, in pieces of
at most `PIECE` runs; a piece that is finished is kept, so that a study that was interrupted goes on from it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from r2psim.analysis.checkpoints import KeptArrays
from r2psim.analysis.ledgers import COST_LEDGERS, by_year, split_of, weights
from r2psim.analysis.row_store import FOLDER
from r2psim.ensemble.measures import METRICS
from r2psim.ensemble.simulation import simulate
from r2psim.processors import processors
from r2psim.scenario.paths import form_number, parameter_of

if TYPE_CHECKING:
    from r2psim.scenario import Scenario
    from r2psim.scenario.specs import PolicySpec

__all__ = [
    "LIVES",
    "PIECE",
    "Measured",
    "Measurer",
    "StudyStore",
    "net_by_year",
    "seconds_a_run",
    "with_values",
    "with_variants",
]

PIECE = 100
"""Runs that are kept together, at most."""

LIVES = "lives"
"""Beside the ledgers of money: how many fewer are killed."""


_MADE_OF = (
    *("declarations/*.py", "world/*.py", "scenario/*.py", "scenario/*.csv", "analysis/cached_runs.py"),
    *(f"ensemble/{name}.py" for name in ("simulation", "engine", "measures", "uncertainty", "at_draws")),
)


class StudyStore(KeptArrays):
    """Where the finished pieces of a study are kept.

    Parameters
    ----------
    directory : Path or None
        Made if it is not there; None keeps nothing.
    study : str
        Which; a directory that another study was begun in is refused, since its results would be replaced.

    Raises
    ------
    OutputError
        On entering, if the directory is something else's, or in use, or cannot be written.
    """

    def __init__(self, directory: Path | None, study: str = "study") -> None:
        super().__init__(directory, FOLDER, "study", _MADE_OF, {"study": study})


class Measured(NamedTuple):
    """What was measured of a variant, by policy.

    Attributes
    ----------
    metrics, null_metrics : dict of str to numpy.ndarray, shape (runs, len(METRICS))
        As `r2psim.ensemble.results.Results` has them, and those of null twins.
    ledgers, null_ledgers : dict of str to numpy.ndarray, shape (runs, years, len(LEDGERS))
        What each ledger took in each year.
    """

    metrics: dict[str, np.ndarray]
    ledgers: dict[str, np.ndarray]
    null_metrics: dict[str, np.ndarray]
    null_ledgers: dict[str, np.ndarray]

    def metric(self, policy: str, name: str) -> np.ndarray:
        """Give a metric of every run of a policy, shape (runs,)."""
        found: np.ndarray = self.metrics[policy][:, list(METRICS).index(name)]
        return found

    def first(self, runs: int) -> Measured:
        """Give the first runs alone."""
        return Measured(*({name: values[:runs] for name, values in part.items()} for part in self))


def with_values(scenario: Scenario, values: Mapping[str, float]) -> Scenario:
    """Set parameters and numbers of forms, whatever a policy sets itself.

    Parameters
    ----------
    scenario : Scenario
        With everything generated.
    values : mapping of str to float
        By path, as ``--set`` takes them; each within its declared range.

    Raises
    ------
    KeyError
        If a path leads to neither.

    Examples
    --------
    >>> from r2psim import load
    >>> found = with_values(load("seminar"), {"assistance.openness": 0.4, "forms.mediation.lag": 3.0})
    >>> float(found.parameter_values("prevention")[found.parameter_values("prevention") == 0.4][0])
    0.4
    >>> found.forms["mediation"].lag
    3.0
    """
    overrides, forms = dict(scenario.overrides), {key: dict(table) for key, table in scenario.changed_forms.items()}
    for path, value in values.items():
        if parameter := parameter_of(path):
            policy, name = parameter
            overrides[name if policy is None else f"policies.{policy}.{name}"] = value
            continue
        number = form_number(path)
        if number is None:
            raise KeyError(path)
        table: dict[str, Any] = forms.setdefault(number.form, {})
        for key in number.keys[:-1]:
            table[key] = dict(table.get(key, {}))
            table = table[key]
        table[number.keys[-1]] = value
    return replace(scenario, overrides=overrides, changed_forms=forms)


def with_variants(scenario: Scenario, variants: Mapping[str, tuple[str, PolicySpec]]) -> Scenario:
    """Add variants of policies; what is set for a policy holds for its variants too.

    Parameters
    ----------
    scenario : Scenario
        With everything generated.
    variants : mapping of str to (str, PolicySpec)
        By name, the policy that it is one of, and what it is.
    """
    overrides = dict(scenario.overrides)
    for name, (own, _) in variants.items():
        start = f"policies.{own}."
        overrides |= {
            f"policies.{name}.{path.removeprefix(start)}": value
            for path, value in scenario.overrides.items()
            if path.startswith(start)
        }
    added = {name: spec for name, (_, spec) in variants.items()}
    return replace(scenario, policies=scenario.policies | added, overrides=overrides)


def net_by_year(measured: Measured, policy: str, baseline: str, ledger: str) -> tuple[np.ndarray, np.ndarray]:
    """Give what harm avoided saved, and what was spent more on prevention, each of shape (runs, years).

    Parameters
    ----------
    measured : Measured
        Of both policies, with null twins.
    policy, baseline : str
        Which is told against which.
    ledger : str
        `LIVES`, in persons, of which prevention costs none; or a key of `r2psim.analysis.ledgers.COST_LEDGERS`, US$.
    """
    sides = [(kind, name) for kind in (measured.ledgers, measured.null_ledgers) for name in (policy, baseline)]
    parts = ("deaths",) if ledger == LIVES else COST_LEDGERS[ledger].parts
    avoided = split_of(*(by_year(kind[name], parts) for kind, name in sides)).harm_avoided
    if ledger == LIVES:
        return avoided, np.zeros_like(avoided)
    prevention = [by_year(measured.ledgers[name], ("spent_prevention",)) for name in (policy, baseline)]
    return avoided, prevention[0] - prevention[1]


def discounted(values: np.ndarray, rate: float) -> np.ndarray:
    """Add up values of shape (runs, years), each year discounted from its middle."""
    found: np.ndarray = values @ weights(values.shape[1], rate)
    return found


@dataclass
class Measurer:
    """Runs variants of a world, and remembers what was run.

    Attributes
    ----------
    policies : tuple of str
        Under which every variant is run, with the same luck.
    seed : int
        Of all chance.
    years : int
        Length of a run.
    threads : int or None
        All processors if None.
    uncertainty : str
        As `r2psim.simulate` takes it.
    store : StudyStore
        Where finished pieces are kept.
    advance : callable or None
        Told the number of runs that are done since it was last called; those read from disk count too.
    null_twins : bool
        Whether null twins are run beside the policies.
    done : int
        Runs that were simulated, of all policies and null twins.
    """

    policies: tuple[str, ...]
    seed: int
    years: int
    threads: int | None = None
    uncertainty: str = "none"
    store: StudyStore = field(default_factory=lambda: StudyStore(None))
    advance: Callable[[int], None] | None = None
    null_twins: bool = True
    done: int = 0
    _pieces: dict[str, list[Measured]] = field(default_factory=dict)

    @property
    def each(self) -> int:
        """How many runs are done for each number of a run: every policy, and its null twin."""
        return len(self.policies) * (1 + self.null_twins)

    def key(self, scenario: Scenario) -> str:
        """Give all that a variant's runs depend on, but for their numbers, as a digest."""
        facts = {
            "scenario": scenario.resolved(),
            "set": dict(scenario.parameters),
            "changed": scenario.changed_forms,
            "policies": self.policies,
            "seed": self.seed,
            "years": self.years,
            "uncertainty": self.uncertainty,
            "twins": self.null_twins,
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def measure(self, scenario: Scenario, runs: int) -> Measured:
        """Give the first runs of a variant; those that are known already are not run again."""
        key = self.key(scenario)
        pieces = self._pieces.setdefault(key, [])
        have = sum(len(next(iter(piece.metrics.values()))) for piece in pieces)
        while have < runs:
            count = min((have // PIECE + 1) * PIECE, runs) - have
            pieces.append(self._piece(scenario, key, have, count))
            have += count
        whole = Measured(
            *(
                {name: np.concatenate([piece[i][name] for piece in pieces]) for name in pieces[0][i]}
                for i in range(len(Measured._fields))
            )
        )
        self._pieces[key] = [whole]
        return whole.first(runs)

    def _piece(self, scenario: Scenario, key: str, first: int, count: int) -> Measured:
        name = f"{key} {first} {count}"
        kept = self.store.arrays(name)
        if kept is not None:
            found = Measured(
                *(
                    {policy: kept[f"{part} {policy}"] for policy in self.policies if f"{part} {policy}" in kept}
                    for part in Measured._fields
                )
            )
            if self.advance is not None:
                self.advance(count * self.each)
            return found
        results = simulate(
            scenario, self.policies, count, self.seed, self.years, self.threads, first, advance=self.advance,
            uncertainty=self.uncertainty, ledgers=True, null_twins=self.null_twins,
        )  # fmt: skip
        null = results.null
        found = Measured(
            dict(results.metrics),
            dict(results.ledgers),
            {} if null is None else dict(null.metrics),
            {} if null is None else dict(null.ledgers),
        )
        self.done += count * self.each
        arrays = {
            f"{part} {policy}": values
            for part, by_policy in zip(Measured._fields, found, strict=True)
            for policy, values in by_policy.items()
        }
        self.store.keep(name, arrays)
        return found


def seconds_a_run(scenario: Scenario, policies: Sequence[str], years: int, threads: int | None, seed: int = 1) -> float:
    """Measure what a run takes where nobody else is at work: the time of processors, shared by all threads.

    Parameters
    ----------
    scenario : Scenario
        With everything generated.
    policies : sequence of str
        Whose runs.
    years, threads, seed
        As `r2psim.simulate` takes them.
    """
    simulate(scenario, list(policies), 1, seed, 1, threads, device="cpu")  # what is made ready once is not counted
    began = process_time()
    simulate(scenario, list(policies), 4, seed, years, threads, device="cpu")
    # A thread more than there are processors makes nothing faster.
    return (process_time() - began) / (4 * len(policies) * min(threads or processors(), processors()))
