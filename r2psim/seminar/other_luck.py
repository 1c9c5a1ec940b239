"""Right or lucky: the same decisions in hundreds of other lucks, beside what the policies do in each of them.

A line of history has one luck. Here its decisions - plans with money, votes, consent, of all its years - meet others:
runs of the same world and the same seed under other numbers. Each is run as decided, and once under each of
`r2psim.seminar.play.COUNTERFACTUALS` with the same luck; each has the bits that the Mesa model gives the same
decisions.

What a decision means in a world in which things went otherwise:

- a plan is followed as far as it is possible there (`r2psim.agents.choices.Plan`): a form that does not apply, or that
  consent does not reach, takes no money until it applies; what is not spent is returned at the year's end, or kept
  where the body may keep it;
- a mandate that was adopted comes into force only where a crisis calls for one that year; consent is what the
  government said, whatever its state has come to;
- triggers that the facilitator injected strike in every luck and under every policy: they are part of the exercise, and
  nobody decided them in answer to what was seen. One that has no occasion there does not strike.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from r2psim.agents import Choices
from r2psim.agents.choices import check_choices
from r2psim.ensemble.intervals import Interval, paired_interval, share_differing
from r2psim.ensemble.measures import METRICS, metrics_of
from r2psim.processors import processors
from r2psim.scenario.parameters import P
from r2psim.seminar.limits import SeminarError
from r2psim.seminar.luck_rows import abreast
from r2psim.seminar.luck_runs import check_plans, run_abreast
from r2psim.seminar.play import COUNTERFACTUALS
from r2psim.world.build import World, build
from r2psim.world.expand import expand
from r2psim.world.history import Digest
from r2psim.world.rows import WRITTEN

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = [
    "DECIDED",
    "HARM",
    "LUCKS",
    "MOST_LUCKS",
    "Beside",
    "OtherLuck",
    "months_in_all",
    "numbers_of",
    "other_luck",
    "sentence",
    "verdict",
]

DECIDED = "as decided"
"""What the line of history is called among the policies."""

LUCKS = 500
"""Other lucks that are run where nobody says how many."""

MOST_LUCKS = 100_000

NOTHING = "no-assistance"

HARM = ("episodes", "atrocity_entries", "deaths", "displaced", "group_months_atrocity")
"""Metrics in which two policies cannot differ where no assistance has an effect."""

YEAR = 12
AT_ONCE = 50
"""Lucks abreast: enough that calling the rules costs little."""
ENOUGH_BYTES = 2**24
"""What lucks abreast touch should not be much more than this."""


class _Case(NamedTuple):
    """What is run in every luck: who decides, with what choices, and whether assistance has effects."""

    name: str
    null_twin: bool
    policy: str
    choices: Mapping[int, Choices]


class _Piece(NamedTuple):
    """What came of some lucks of a case: metrics (lucks, metrics), and a digest of each where they are wanted."""

    metrics: np.ndarray
    digests: tuple[str, ...]


@dataclass(frozen=True)
class Beside:
    """What was decided, held against a policy in one metric.

    Attributes
    ----------
    policy, metric : str
        What it is held against, and in what.
    lucks, less, same, more : int
        Other lucks, and in how many of them the decisions left less, as much or more than the policy.
    share : Interval
        Share of lucks in which they left less, 0-1, with its 95 % interval (Clopper and Pearson).
    difference : Interval
        Mean difference, decisions minus policy, with its 95 % interval, over pairs of the same luck.
    here : float
        The same difference in the luck that the exercise had.
    """

    policy: str
    metric: str
    lucks: int
    less: int
    same: int
    more: int
    share: Interval
    difference: Interval
    here: float


@dataclass(frozen=True)
class OtherLuck:
    """What a line of history, and each policy, comes to in its own luck and in others.

    Attributes
    ----------
    runs : numpy.ndarray, shape (1 + lucks,)
        Numbers of the runs; the first is the luck that the exercise had.
    seed, years : int
        Of the session; years that the line was run.
    triggers : int
        Triggers that strike in every luck because somebody injected them.
    metrics : dict of str to numpy.ndarray, shape (1 + lucks, len(METRICS))
        `DECIDED` and every policy; the first row is the luck that the exercise had.
    null : dict of str to numpy.ndarray
        The same where assistance has no effect, of `DECIDED` and ``no-assistance``; empty if it was not run.
    digests : dict of str to tuple of str
        Digest over every column of every month of each run (`R2PModel.sha256`); empty if none were wanted.
    """

    runs: np.ndarray
    seed: int
    years: int
    triggers: int
    metrics: dict[str, np.ndarray]
    null: dict[str, np.ndarray]
    digests: dict[str, tuple[str, ...]]

    @property
    def lucks(self) -> int:
        """Number of other lucks."""
        return len(self.runs) - 1

    @property
    def policies(self) -> tuple[str, ...]:
        """What the decisions are held against."""
        return tuple(name for name in self.metrics if name != DECIDED)

    @property
    def sha256(self) -> str:
        """Digest over the numbers of all runs and every metric of each, case by case."""
        digest = hashlib.sha256(self.runs.astype("<u8").tobytes())
        for kind in (self.metrics, self.null):
            for name, values in kind.items():
                digest.update(name.encode())
                digest.update(np.ascontiguousarray(values, dtype="<f8").tobytes())
        return digest.hexdigest()

    def values(self, name: str, metric: str) -> np.ndarray:
        """Give a metric in every other luck, shape (lucks,)."""
        found: np.ndarray = self.metrics[name][1:, list(METRICS).index(metric)]
        return found

    def here(self, name: str, metric: str) -> float:
        """Give a metric in the luck that the exercise had."""
        return float(self.metrics[name][0, list(METRICS).index(metric)])

    def beside(self, policy: str, metric: str = "deaths") -> Beside:
        """Hold what was decided against a policy, luck by luck."""
        apart = self.values(DECIDED, metric) - self.values(policy, metric)
        less = apart < 0.0
        share, difference = share_differing(less.astype(np.float64)), paired_interval(apart)
        assert share is not None and difference is not None
        return Beside(
            policy=policy,
            metric=metric,
            lucks=len(apart),
            less=int(less.sum()),
            same=int((apart == 0.0).sum()),
            more=int((apart > 0.0).sum()),
            share=share,
            difference=difference,
            here=self.here(DECIDED, metric) - self.here(policy, metric),
        )

    def without_effects(self) -> float | None:
        """Give the largest difference in harm between the decisions and no assistance where assistance has no effect.

        The negative control: anything but 0 would be an error of the model. None if it was not run.
        """
        if not self.null:
            return None
        places = [list(METRICS).index(name) for name in HARM]
        decided, none = (values[:, places] for values in self.null.values())
        return float(np.abs(decided - none).max())


def numbers_of(run: int, lucks: int) -> np.ndarray:
    """Give the number of the run that the exercise had, and those of other lucks: the first that are not it.

    Examples
    --------
    >>> numbers_of(1, 3).tolist()
    [1, 0, 2, 3]
    """
    others = np.arange(lucks + 1, dtype=np.uint64)
    return np.concatenate([np.array([run], dtype=np.uint64), others[others != run][:lucks]])


def other_luck(
    scenario: Scenario,
    policy: str,
    choices: Mapping[int, Choices],
    seed: int,
    run: int,
    years: int,
    lucks: int = LUCKS,
    threads: int | None = None,
    advance: Callable[[int], object] | None = None,
    digests: bool = False,
    control: bool = True,
) -> OtherLuck:
    """Run a line's decisions, and the policies, in its own luck and in others.

    Parameters
    ----------
    scenario : Scenario
        The world.
    policy : str
        Whose rules decide where nobody does.
    choices : mapping of int to Choices
        What was decided, by year, from 0.
    seed, run, years : int
        Luck of the exercise, and how many years of it there are.
    lucks : int
        Other lucks.
    threads : int, optional
        All processors if not given; the results do not depend on it.
    advance : callable, optional
        Told the number of months of runs that were done since it was last called; whatever it raises ends the work.
        There are `months_in_all`.
    digests : bool
        Whether to compute the digest of every run: some ten times as long.
    control : bool
        Whether to run the decisions and ``no-assistance`` once more with all effects of assistance at none.

    Raises
    ------
    SeminarError
        If a plan is one that nobody may commit, or a number is not allowed.
    """
    if not 1 <= lucks <= MOST_LUCKS:
        raise SeminarError(f"other lucks: {lucks} is not allowed: 1 to {MOST_LUCKS:,}")
    if years < 1:
        raise SeminarError("other lucks: no year of this line has been run")
    full = expand(scenario)
    choices = {year: chosen for year, chosen in choices.items() if year < years}
    injected = {y: Choices(triggers=chosen.triggers) for y, chosen in choices.items() if chosen.triggers}
    cases = [
        _Case(name, null_twin, policy if name == DECIDED else name, choices if name == DECIDED else injected)
        for name, null_twin in _cases(full, control)
    ]
    worlds = {case.policy: build(full, case.policy) for case in cases}
    for year, chosen in choices.items():
        check_choices(worlds[policy], year, chosen)
    check_plans(worlds[policy], choices)
    runs = numbers_of(run, lucks)
    found = _Work(full, worlds, seed, years, advance, digests).run(cases, runs, threads or processors())
    told = {
        twin: {c.name: f for c, f in zip(cases, found, strict=True) if c.null_twin is twin} for twin in (False, True)
    }
    return OtherLuck(
        runs=runs,
        seed=seed,
        years=years,
        triggers=sum(len(chosen.triggers) for chosen in injected.values()),
        metrics={name: piece.metrics for name, piece in told[False].items()},
        null={name: piece.metrics for name, piece in told[True].items()},
        digests={name: piece.digests for name, piece in told[False].items()} if digests else {},
    )


def months_in_all(scenario: Scenario, years: int, lucks: int = LUCKS, control: bool = True) -> int:
    """Give the number of months of runs that `other_luck` does."""
    return len(_cases(scenario, control)) * (lucks + 1) * YEAR * years


def _cases(scenario: Scenario, control: bool) -> list[tuple[str, bool]]:
    """Name what is run in every luck, and say whether assistance has effects in it."""
    policies = [name for name in COUNTERFACTUALS if name in scenario.policies]
    twins = [DECIDED, NOTHING] if control and NOTHING in policies else []
    return [(name, False) for name in (DECIDED, *policies)] + [(name, True) for name in twins]


class _StoppedError(Exception):
    """Nobody wants the rest."""


class _Work:
    """Runs lucks of cases on threads, some abreast at a time."""

    def __init__(
        self,
        scenario: Scenario,
        worlds: Mapping[str, World],
        seed: int,
        years: int,
        advance: Callable[[int], object] | None,
        digests: bool,
    ) -> None:
        self.scenario, self.worlds, self.seed, self.years = scenario, worlds, seed, years
        self.advance, self.digests = advance, digests
        self.stop = threading.Event()
        self.telling = threading.Lock()

    def run(self, cases: Sequence[_Case], runs: np.ndarray, threads: int) -> list[_Piece]:
        """Run all lucks of all cases; give what came of each case."""
        with ThreadPoolExecutor(threads) as pool:
            try:
                waiting = [[pool.submit(self._piece, case, part) for part in self._parts(runs)] for case in cases]
                return [_joined(futures) for futures in waiting]
            except BaseException:
                # What has begun ends with its present month.
                self.stop.set()
                pool.shutdown(cancel_futures=True)
                raise

    def _parts(self, runs: np.ndarray) -> list[np.ndarray]:
        a_run = sum(getattr(next(iter(self.worlds.values())).rows, name).nbytes for name in WRITTEN)
        at_once = max(1, min(AT_ONCE, ENOUGH_BYTES // a_run))
        return [runs[at : at + at_once] for at in range(0, len(runs), at_once)]

    def _piece(self, case: _Case, runs: np.ndarray) -> _Piece:
        """Run some lucks of a case."""
        world, p = self.worlds[case.policy], self.scenario.parameter_values(case.policy)
        if case.null_twin:
            p[P.assistance_effect_scale] = 0.0
        first = int(runs.min())
        field = abreast(world.rows, runs - np.uint64(first))
        digests = tuple(Digest() for _ in runs) if self.digests and not case.null_twin else ()
        for _ in run_abreast(world, p, field, case.choices, self.seed, first, self.years, digests):
            if self.stop.is_set():
                raise _StoppedError
            if self.advance is not None:
                with self.telling:
                    self.advance(len(runs))
        metrics = np.stack([metrics_of(field.luck(k), YEAR * self.years) for k in range(len(runs))])
        return _Piece(metrics, tuple(digest.hexdigest() for digest in digests))


def _joined(futures: Sequence[Future[_Piece]]) -> _Piece:
    pieces = [future.result() for future in futures]
    return _Piece(
        np.concatenate([piece.metrics for piece in pieces]), tuple(d for piece in pieces for d in piece.digests)
    )


def verdict(beside: Beside) -> str:
    """Say whether what was decided was right or lucky, as far as other lucks tell.

    Examples
    --------
    >>> none = Interval(0.5, 0.4, 0.6)
    >>> found = Beside("prevention", "deaths", 500, 250, 0, 250, none, Interval(-900.0, -1200.0, -600.0), 40.0)
    >>> verdict(found)
    'better on average, worse here: unlucky'
    """
    average = 0 if not beside.difference.told_apart else 1 if beside.difference.mean > 0.0 else -1
    return _VERDICTS[average, int(np.sign(beside.here))]


_VERDICTS = {
    (-1, -1): "better on average, and better here",
    (-1, 0): "better on average; here it made no difference",
    (-1, 1): "better on average, worse here: unlucky",
    (0, -1): "better here, but not told apart on average: it may have been luck",
    (0, 0): "not told apart on average, and no difference here",
    (0, 1): "worse here, but not told apart on average: it may have been bad luck",
    (1, -1): "worse on average, better here: lucky",
    (1, 0): "worse on average; here it made no difference",
    (1, 1): "worse on average, and worse here",
}
"""By the sign of the mean difference, 0 where it is not told apart, and that of the difference here: less is better."""


def sentence(beside: Beside, who: str = "the decisions") -> str:
    """Tell in how many other lucks fewer were killed than under a policy, and how many on average, with intervals.

    Examples
    --------
    >>> share, apart = Interval(0.06, 0.04, 0.09), Interval(9.0, 8.0, 12.0)
    >>> told = sentence(Beside("prevention", "deaths", 500, 30, 58, 412, share, apart, 0.0))
    >>> print(told.split(", as many")[0])
    In 500 other lucks the decisions left fewer killed than prevention in 30 (6 %; 95 % interval 4 to 9 %)
    """
    share, apart = beside.share, beside.difference
    assert share.low is not None and share.high is not None
    limits = f"{100.0 * share.mean:.0f} %; 95 % interval {100.0 * share.low:.0f} to {100.0 * share.high:.0f} %"
    told = (
        f"In {beside.lucks:,} other lucks {who} left fewer killed than {beside.policy} in {beside.less:,} ({limits}), "
        f"as many in {beside.same:,}, more in {beside.more:,}. On average {_more(apart.mean)} were killed"
    )
    if apart.low is None or apart.high is None:
        return f"{told}."
    return f"{told} (95 % interval {_more(apart.low)} to {_more(apart.high)})."


def _more(killed: float) -> str:
    return f"{abs(killed):,.0f} {'fewer' if killed < 0.0 else 'more'}"
