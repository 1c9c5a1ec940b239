"""What a further dollar does: by form, by stage, by kind of state; recommendation by recommendation, and principles.

One file, though long: each part of the table is a function of the same runs.

*Forms and stages.* A further fund pays for one form, or at one stage, beside everybody else. It is held against the
same world in which that fund has no money, under the same luck. What it gave more is read off null twins, in which
nothing of it is owed to harm that did not happen; what it saved because harm was avoided is the rest. *Kinds of state.*
The same money, with a higher priority for states of a kind. *The three recommendations and the five principles.* Every
subset of them is switched on, and what they do together is divided among them by Shapley values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.analysis.cached_runs import Measured, Measurer, StudyStore, with_variants
from r2psim.analysis.ledgers import COST_LEDGERS, present_value, split_of
from r2psim.analysis.row_arms import ALL_FORMS, FUNDER, Funder, funded
from r2psim.analysis.shapley import shapley, subsets
from r2psim.declarations.columns import STAGES, STATE_KINDS
from r2psim.ensemble.former_names import hint
from r2psim.ensemble.intervals import Interval, mean_interval, paired_interval, ratio_interval
from r2psim.scenario.errors import listing
from r2psim.scenario.parameters import P
from r2psim.scenario.posterior import checked_uncertainty
from r2psim.scenario.specs import PolicySpec
from r2psim.world.expand import expand
from r2psim.world.luck import checked_seed

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = [
    "PARTS",
    "PRINCIPLES",
    "RECOMMENDATIONS",
    "Change",
    "Marginal",
    "check_switched",
    "checked_parts",
    "marginal",
    "runs_of",
]

PARTS: dict[str, str] = {
    "forms": "a further fund for one form",
    "stages": "a further fund for all forms at one stage",
    "kinds": "priority for states of a kind, with the same money",
    "recommendations": "the three recommendations, Shapley values",
    "principles": "the five principles, Shapley values",
}
"""What is looked at."""

PRIORITY = 3.0
"""By what the priority of states of a kind is multiplied."""

PRINCIPLES: dict[str, dict[str, float]] = {
    "national ownership": {"principles.ownership.practice": 0.0},
    "mutual commitment": {"principles.mutual.floor": 0.0, "principles.mutual.answer": 0.0},
    "do no harm": {"principles.harm.screening": 0.0},
    "prioritise prevention": {"principles.prevention.reserve": 0.0},
    "retain flexibility": {"principles.flexibility.share": 0.0},
}
"""The five principles, and what is set where one is not kept."""

RECOMMENDATIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "1: peer review and diplomacy": {
        "budgets": ("human-rights-council", "good-offices"),
        "shares": ("peer-review", "regional-mechanisms", "preventive-diplomacy"),
        "priorities": ("peer-review",),
    },
    "2: capacity that builds inhibitors": {
        "shares": (
            "inclusive-governance", "security-sector", "transition-institutions", "judiciary", "early-warning",
            "local-resolution", "media", "transitional-justice",
        ),
        "priorities": ("human-rights-education", "denying-means", "individual-accountability"),
    },
    "3: capacity for states under stress": {
        "budgets": ("human-rights-office",),
        "shares": ("mediation", "human-rights-monitoring", "police"),
        "priorities": ("mediation",),
        "states": ("at-risk", "in-transition"),
        "parameters": ("assistance.standby",),
    },
}  # fmt: skip
"""The three recommendations of A/68/947, and the parts of the policy ``recommendations`` that are each one's own.

Its money and will to prevent, and the renewed commitment, are there with every subset.
"""


@dataclass(frozen=True)
class Change:
    """What one thing does.

    Attributes
    ----------
    part, name : str
        A key of `PARTS`; what it is.
    lives : Interval or None
        How many fewer are killed, a run.
    money : Interval or None
        US$ spent more, a run: of forms and stages, what the fund gave, discounted; else the donors' bill, undiscounted.
    lives_a_billion : Interval or None
        Of forms and stages: lives for each further US$ bn; None where no more is spent by more than chance.
    returns : dict of str to (Interval or None)
        Of forms and stages, by ledger: US$ saved because harm was avoided for each further dollar.
    """

    part: str
    name: str
    lives: Interval | None
    money: Interval | None
    lives_a_billion: Interval | None = None
    returns: dict[str, Interval | None] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """Give it as plain data."""
        found: dict[str, Any] = {"part": self.part, "name": self.name}
        cells = {"lives": self.lives, "money": self.money, "lives_a_billion": self.lives_a_billion}
        cells |= {f"return_{ledger}": self.returns.get(ledger) for ledger in COST_LEDGERS}
        for name, interval in cells.items():
            ends = (None, None, None) if interval is None else interval
            found |= dict(zip((name, f"{name}_low", f"{name}_high"), ends, strict=True))
        return found


@dataclass(frozen=True)
class Marginal:
    """What further dollars, recommendations and principles do.

    Attributes
    ----------
    scenario, title, policy, principled : str
        What was run: the policy beside which a further fund pays, and the one whose principles are switched.
    changes : tuple of Change
        In the order of `PARTS`.
    whole : dict of str to Change
        By part: what all recommendations, and all principles, do together.
    money : float
        What a further fund has, US$ a year.
    runs, seed, years, done : int
        Runs of each world; of all chance; length; runs that were simulated.
    discount : float
        Yearly rate.
    uncertainty : str
        What every run drew for itself.
    """

    scenario: str
    title: str
    policy: str
    principled: str
    changes: tuple[Change, ...]
    whole: dict[str, Change]
    money: float
    runs: int
    seed: int
    years: int
    discount: float
    done: int
    uncertainty: str = "none"

    def of(self, part: str) -> list[Change]:
        """Give what was found of one part.

        Parameters
        ----------
        part : str
            A key of `PARTS`.

        Returns
        -------
        list of Change
            In the order of `changes`; none where the part was not run.
        """
        return [change for change in self.changes if change.part == part]

    def rows(self) -> list[dict[str, Any]]:
        """Give a row for each thing; the whole of recommendations and principles after its parts.

        Returns
        -------
        list of dict
            ``part``, ``name``, and mean, low and high (95 %) of lives (persons a run), money (US$ a run), lives a
            billion US$, and dollars of each ledger to a dollar.
        """
        found = []
        for part in dict.fromkeys(change.part for change in self.changes):
            found += [change.row() for change in self.of(part)]
            if part in self.whole:
                found.append(self.whole[part].row())
        return found

    def summary(self) -> dict[str, Any]:
        """Give everything as plain data that JSON can hold.

        Returns
        -------
        dict of str
            What was asked, and what `rows` gives under ``found``.
        """
        facts = ("scenario", "policy", "principled", "runs", "seed", "years", "discount", "uncertainty")
        return {name: getattr(self, name) for name in facts} | {
            "money_a_year": self.money,
            "runs_simulated": self.done,
            "found": self.rows(),
        }


# -- the worlds --------------------------------------------------------------------------------------------------------


def _fund(scenario: Scenario, forms: tuple[str, ...], stages: tuple[int, int] | None, money: float) -> Scenario:
    """Add a fund that pays for some forms beside everybody else, and errs about risk as other bodies do."""
    full = funded(scenario, Funder(forms, money, stages, beside=True))
    noise = float(np.median([body.values.get("noise", 0.0) for body in scenario.bodies.values()] or [0.0]))
    body = full.bodies[FUNDER]
    return replace(full, bodies={**full.bodies, FUNDER: replace(body, values={**body.values, "noise": noise})})


def _fund_arms(scenario: Scenario, parts: Sequence[str], money: float) -> list[tuple[str, str, Scenario, Scenario]]:
    """Give part, name, the world with the money, and the one without."""
    arms: list[tuple[str, str, Scenario, Scenario]] = []

    def add(part: str, name: str, forms: tuple[str, ...], stages: tuple[int, int] | None) -> None:
        given, without = (_fund(scenario, forms, stages, sum_) for sum_ in (money, 0.0))
        arms.append((part, name, given, without))

    if "forms" in parts:
        for key, form in scenario.forms.items():
            add("forms", form.name, (key,), None)
    if "stages" in parts:
        for stage, name in enumerate(STAGES):
            add("stages", f"stage {stage}: {name}", (ALL_FORMS,), (stage, stage))
    return arms


def _kinds(scenario: Scenario, policy: str) -> dict[str, PolicySpec]:
    """Give the policy with a higher priority for each kind of state."""
    own = scenario.policy(policy)
    found = {}
    for kind in STATE_KINDS:
        states = dict(own.priorities.get("states", {}))
        states[kind] = states.get(kind, 1.0) * PRIORITY
        found[kind] = replace(own, priorities={**own.priorities, "states": states})
    return found


def _principled(own: PolicySpec, kept: frozenset[str]) -> PolicySpec:
    parameters = dict(own.parameters)
    for name, off in PRINCIPLES.items():
        if name not in kept:
            parameters |= off
    return replace(own, parameters=parameters)


def _recommended(own: PolicySpec, kept: frozenset[str]) -> PolicySpec:
    """Take away the parts of the recommendations that are not kept."""

    def gone(kind: str) -> set[str]:
        return {key for name, parts in RECOMMENDATIONS.items() if name not in kept for key in parts.get(kind, ())}

    def left(table: Mapping[str, float], kind: str) -> dict[str, float]:
        without = gone(kind)
        return {key: value for key, value in table.items() if key not in without}

    return replace(
        own,
        parameters=left(own.parameters, "parameters"),
        budgets=left(own.budgets, "budgets"),
        priorities={
            **own.priorities,
            "forms": left(own.priorities.get("forms", {}), "priorities"),
            "states": left(own.priorities.get("states", {}), "states"),
        },
        shares={**own.shares, "forms": left(own.shares.get("forms", {}), "shares")},
    )


# -- what was found ----------------------------------------------------------------------------------------------------


def _of_fund(part: str, name: str, arm: Measured, control: Measured, policy: str, rate: float) -> Change:
    """Say what a fund did: what it gave more in null twins, and what harm avoided saved."""

    def worth(measured: Measured, null: bool, parts: tuple[str, ...]) -> np.ndarray:
        return present_value((measured.null_ledgers if null else measured.ledgers)[policy], parts, rate)

    spent = ("spent_prevention", "spent_response")
    given = worth(arm, True, spent) - worth(control, True, spent)
    saved = control.metric(policy, "deaths") - arm.metric(policy, "deaths")
    returns = {}
    for key, ledger in COST_LEDGERS.items():
        four = [worth(measured, null, ledger.parts) for null in (False, True) for measured in (arm, control)]
        returns[key] = ratio_interval(split_of(*four).harm_avoided, given)
    return Change(part, name, paired_interval(saved), mean_interval(given), ratio_interval(1e9 * saved, given), returns)


def _shared(
    part: str, players: Sequence[str], names: Mapping[frozenset[str], str], measured: Measured
) -> tuple[list[Change], Change]:
    """Divide what all subsets do among the players."""
    lives = {s: -measured.metric(name, "deaths") for s, name in names.items()}
    bill = {s: measured.metric(name, "prevention_and_response") for s, name in names.items()}
    by_lives, by_bill = shapley(players, lives), shapley(players, bill)
    found = [Change(part, p, paired_interval(by_lives[p]), paired_interval(by_bill[p])) for p in players]
    everyone, nobody = frozenset(players), frozenset[str]()
    more, dearer = (paired_interval(worth[everyone] - worth[nobody]) for worth in (lives, bill))
    return found, Change(part, "all together", more, dearer)


def check_switched(parts: Sequence[str], scenario: Scenario, principled: str) -> None:
    """Refuse a value that is set over what a part switches: nothing would be switched.

    Raises
    ------
    ValueError
        If there is one.
    """
    switched = {
        "principles": (principled, [path for values in PRINCIPLES.values() for path in values]),
        "recommendations": (
            "recommendations", [path for own in RECOMMENDATIONS.values() for path in own.get("parameters", ())]
        ),
    }  # fmt: skip
    for part, (policy, paths) in switched.items():
        for path in paths if part in parts else ():
            if found := {path, f"policies.{policy}.{path}"} & scenario.overrides.keys():
                named = min(found).replace(f"policies.{policy}.", f"policies.{policy}.parameters.")
                others = ", ".join(other for other in PARTS if other != part)
                raise ValueError(f"{named} is not allowed with {part}, which switch it: leave it out, or name {others}")


def checked_parts(
    parts: Sequence[str] | None, scenario: Scenario, policy: str, principled: str = "prevention"
) -> tuple[str, ...]:
    """Give the parts that are asked for, all that the scenario allows if none are.

    Raises
    ------
    ScenarioError
        If the scenario has no such policy, or not the one that a part needs.
    ValueError
        If there is no such part, or the policy allows no further fund.
    """
    own = scenario.policy(policy)
    splits = scenario.parameter_values(policy)[P.assistance_prevention_share] >= 0.0 or bool(own.budgets)
    if splits and (parts is None or {"forms", "stages"} & set(parts)):
        raise ValueError(
            f"policy {policy} splits one total budget among all bodies, a further fund among them: forms and stages "
            "need one that does not, such as late-response"
        )
    if parts is None:
        scenario.policy(principled)
        return tuple(part for part in PARTS if part != "recommendations" or "recommendations" in scenario.policies)
    for part in parts:
        if part not in PARTS:
            raise ValueError(
                f"part {part} is not allowed: one of {listing(PARTS, limit=len(PARTS))}{hint(part, PARTS)}"
            )
    if not parts:
        raise ValueError("parts: at least one is needed")
    if "recommendations" in parts:
        scenario.policy("recommendations")
    if "principles" in parts:
        scenario.policy(principled)
    return tuple(part for part in PARTS if part in parts)


def runs_of(parts: Sequence[str], scenario: Scenario, runs: int) -> int:
    """Give how many runs it takes, null twins included."""
    worlds = {
        "forms": 4 * len(scenario.forms),
        "stages": 4 * len(STAGES),
        "kinds": 1 + len(STATE_KINDS),
        "recommendations": 2 ** len(RECOMMENDATIONS),
        "principles": 2 ** len(PRINCIPLES),
    }
    return int(runs * sum(worlds[part] for part in parts))


def marginal(
    scenario: str | Path | Scenario,
    policy: str = "late-response",
    principled: str = "prevention",
    parts: Sequence[str] | None = None,
    money: float = 1e8,
    runs: int = 200,
    seed: int = 1,
    years: int | None = None,
    discount: float | None = None,
    threads: int | None = None,
    directory: str | Path | None = None,
    advance: Callable[[int], None] | None = None,
    uncertainty: str = "none",
) -> Marginal:
    """Say what a further dollar does, and what recommendations and principles do.

    Parameters
    ----------
    scenario : str, Path or Scenario
        Name of a shipped scenario, path of a scenario file, or a loaded scenario.
    policy : str
        Under which a further fund pays, and whose priority for kinds of state is raised.
    principled : str
        Of which principles are switched off and on.
    parts : sequence of str, optional
        Keys of `PARTS`; all if not given.
    money : float
        What a further fund has, US$ a year.
    runs, seed : int
        Runs of each world, of one seed.
    years : int, optional
        Length; the scenario's own if not given.
    discount : float, optional
        Yearly rate; the scenario's ``accounts.discount_rate`` if not given.
    threads : int, optional
        All processors if not given; the result does not depend on it.
    directory : str or Path, optional
        Where finished runs are kept; the same call goes on from them.
    advance : callable, optional
        Told the number of runs that are done since it was last called.
    uncertainty : {"none", "rates", "effects", "all"}
        As `r2psim.simulate` takes it: what every run draws, the same for all its worlds. What is switched is not drawn.

    Returns
    -------
    Marginal
        Changes by part, each with its 95 % interval.

    Raises
    ------
    ScenarioError
        If the scenario cannot be used, or has no policy of such a name.
    ValueError
        If another argument is not allowed; the message says what is.

    Examples
    --------
    >>> found = marginal("seminar", parts=["recommendations"], runs=2, years=1)
    >>> len(found.of("recommendations")), found.done
    (3, 16)
    """
    from r2psim.scenario import load

    full = expand(load(scenario) if isinstance(scenario, str | Path) else scenario)
    named = checked_parts(parts, full, policy, principled)
    check_switched(named, full, principled)
    if not 0.0 < money <= 1e12:
        raise ValueError(f"money {money:g} is not allowed: above 0, at most 1e12 US$ a year")
    if discount is not None and not 0.0 <= discount <= 1.0:
        raise ValueError(f"discount {discount} is not allowed: a yearly rate from 0 to 1")
    rate = float(full.parameter_values()[P.accounts_discount_rate]) if discount is None else discount
    length, draws = full.years if years is None else years, checked_uncertainty(uncertainty)
    changes: list[Change] = []
    whole: dict[str, Change] = {}
    done = 0
    with StudyStore(None if directory is None else Path(directory), "marginal") as store:

        def measured(world: Scenario, policies: Sequence[str], twins: bool) -> Measured:
            nonlocal done
            measurer = Measurer(
                tuple(policies), checked_seed(seed), length, threads, draws, store, advance, null_twins=twins
            )
            found = measurer.measure(world, runs)
            done += measurer.done
            return found

        for part, name, arm, control in _fund_arms(full, named, money):
            given, without = (measured(world, (policy,), True) for world in (arm, control))
            changes.append(_of_fund(part, name, given, without, policy, rate))
        if "kinds" in named:
            kinds = {f"{policy}:{kind}": (policy, spec) for kind, spec in _kinds(full, policy).items()}
            found = measured(with_variants(full, kinds), [policy, *kinds], False)
            for kind in STATE_KINDS:
                differences = [
                    found.metric(f"{policy}:{kind}", metric) - found.metric(policy, metric)
                    for metric in ("deaths", "prevention_and_response")
                ]
                changes.append(
                    Change("kinds", kind, paired_interval(0.0 - differences[0]), paired_interval(differences[1]))
                )
        for part, players, start, spec in (
            ("recommendations", tuple(RECOMMENDATIONS), "recommendations", _recommended),
            ("principles", tuple(PRINCIPLES), principled, _principled),
        ):
            if part not in named:
                continue
            names = {kept: f"{part}:{k}" for k, kept in enumerate(subsets(players))}
            variants = {name: (start, spec(full.policy(start), kept)) for kept, name in names.items()}
            found = measured(with_variants(full, variants), list(variants), False)
            shares, whole[part] = _shared(part, players, names, found)
            changes += shares
    return Marginal(
        scenario=full.name,
        title=full.title,
        policy=policy,
        principled=principled,
        changes=tuple(changes),
        whole=whole,
        money=money,
        runs=runs,
        seed=seed,
        years=length,
        discount=rate,
        done=done,
        uncertainty=draws,
    )
