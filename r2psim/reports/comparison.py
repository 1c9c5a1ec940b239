"""The part of a report that tells of a comparison of policies."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from r2psim.analysis.comparison import spreads
from r2psim.analysis.comparison_export import read_comparison
from r2psim.analysis.controls import placebo
from r2psim.analysis.findings import (
    METRIC_NAMES,
    TOLD,
    added_money_words,
    because,
    bill,
    findings,
    headline,
    money,
    needed_words,
    paid_back,
    placebo_words,
    ranged,
    telling,
    terms,
    verdict,
    years_words,
)
from r2psim.analysis.ledgers import COST_LEDGERS
from r2psim.analysis.published_returns import carried, published_lines
from r2psim.analysis.study_words import NOT_ESTIMATED, interval_words
from r2psim.analysis.terminal_tables import spread_words
from r2psim.ensemble.intervals import paired_interval
from r2psim.reports.parts import Figure, Part, Table, capital
from r2psim.scenario.parameters import LABELS
from r2psim.scenario.paths import effects_by_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from r2psim.analysis.comparison import Comparison
    from r2psim.reports.kinds import Opened
    from r2psim.reports.parts import Again
    from r2psim.scenario import Scenario

__all__ = ["assumption_words", "comparison_part", "part_of_comparison", "world_facts"]

SHORT = (
    "episodes", "deaths", "displaced", "spent_prevention", "response_cost", "prevention_and_response",
    "response_needed", "hosting_cost", "gdp_lost", "total_cost",
)  # fmt: skip
"""Metrics that a decision needs."""


def comparison_part(opened: Opened) -> Part:
    """Make the part of a directory of ``r2psim compare --out``.

    Raises
    ------
    OutputError
        If the directory is damaged.
    """
    comparison, scenario = read_comparison(opened.path)
    main = comparison.others[-1]
    before = opened.json("comparison.json")["against"][main]["controls"]["added_money"]
    kept = before is None or main in comparison.added
    figures = opened.figures(*((name, *words) for name, words in _FIGURES.items()))
    return _part(comparison, scenario, opened.name, figures, opened.again(), kept)


def part_of_comparison(
    comparison: Comparison, scenario: Scenario, name: str, figures: Mapping[str, bytes], again: Again
) -> Part:
    """Make the part of a comparison that stands in no directory.

    Parameters
    ----------
    comparison, scenario : Comparison, Scenario
        Of which the last policy is told first, and its world, everything generated.
    name : str
        What stands in the place of the directory's name.
    figures : mapping of str to bytes
        PNG by the names that ``r2psim compare --out`` gives its figures.
    again : Again
        How to make it again.
    """
    drawn = [Figure(file, figures[file], *words) for file, words in _FIGURES.items() if file in figures]
    return _part(comparison, scenario, name, drawn, again, True)


def _part(
    comparison: Comparison, scenario: Scenario, name: str, figures: Sequence[Figure], again: Again, kept: bool
) -> Part:
    main = comparison.others[-1]
    notes = [line for each in comparison.others for line in ("", *findings(comparison, each))][1:]
    if not kept:
        notes = [line for line in notes if not line.startswith("- added money")]
        notes.append("The runs with added money were not kept; comparison.json has what they returned.")
    if comparison.uncertainty != "none":
        notes += [line for each in comparison.others for line in ("", *published_lines(comparison, each))]
    return Part(
        kind="compare",
        name=name,
        title=f"{capital(main)} instead of {comparison.baseline}",
        question=f"What does {main} bring instead of {comparison.baseline}, when both meet the same luck for "
        f"{years_words(comparison.years)}?",
        world=world_facts(scenario, comparison),
        policies=[(each, _policy(scenario, each)) for each in comparison.policies],
        headline=_headline(comparison, main),
        null=_null(comparison, main),
        verdict=_verdict(comparison, main),
        table=_against(comparison, main, SHORT, f"{capital(main)} instead of {comparison.baseline}, a run"),
        fails=[] if comparison.no_effects else _fails(comparison, main),
        unknown=_unknown(comparison, scenario, main, kept),
        tables=_tables(comparison, main),
        figures=figures,
        notes=notes,
        again=again,
    )


WORSE_IF_MORE = (
    "protection_unmet",
    "response_unmet",
    "pillar3_uncovered",
    "never_helped",
    "warnings_false",
    "onsets_missed",
)
"""What else is for the worse where there is more of it, and no sentence tells."""

_FIGURES = {
    "returns-on-prevention.png": (
        "A row for each ledger: what a further dollar of prevention saved there because harm was avoided, as a point "
        "with its interval, beside a line at one dollar for a dollar; below, the controls. The table of returns has "
        "the numbers.",
        "What a further dollar of prevention saved because harm was avoided, ledger by ledger, with 95 % intervals; "
        "hollow: money merely withheld.",
    ),
    "cost-argument.png": (
        "Bars of harm and of money under each policy, with intervals; the table of all policies has the numbers.",
        "Harm and money under each policy, means of a run.",
    ),
    "paired-differences.png": (
        "A dot for each run: how much more or less harm and money there was than under the baseline, with the mean "
        "and its interval; most runs lie near nothing and a few far out.",
        "Run by run, the difference from the baseline under the same luck: a few runs carry the mean.",
    ),
    "net-over-time.png": (
        "Curves over the years, one panel for each ledger: what harm avoided saved so far, less further prevention, "
        "with the interval of the mean and the range of runs; where a curve crosses nothing it has paid back.",
        "When prevention has paid for itself, ledger by ledger.",
    ),
    "money-by-form.png": (
        "Bars of what each form of assistance cost under each policy, split by the stage of the state.",
        "What the money was spent on, by form and by the stage of the state.",
    ),
    "money-over-time.png": (
        "Curves of spending on prevention and on response over the years under each policy.",
        "When the money was spent.",
    ),
    "when-help-arrived.png": (
        "The distribution, under each policy, of how long after threat help arrived.",
        "How long after the beginning of threat help arrived.",
    ),
}
"""Figures of a comparison: what each shows to whoever does not see it, and its caption."""


def world_facts(scenario: Scenario, comparison: Comparison) -> list[tuple[str, str]]:
    """Say which world was run, and how much of it."""
    groups = sum(len(state.groups) for state in scenario.states.values())
    facts = [
        ("world", scenario.title),
        ("states and groups", f"{len(scenario.states):,} states, {groups:,} groups at risk"),
        (
            "runs",
            f"{comparison.runs:,} of each policy, {comparison.years} years each, seed {comparison.seed}; the same luck "
            "for every policy, and each run once more with all effects of assistance at none",
        ),
        ("discount rate", f"{100.0 * comparison.discount:g} % a year, for returns and payback alone"),
        ("not known", carried(comparison.uncertainty)),
    ]
    if comparison.overrides:
        facts.append(("changed", ", ".join(f"{path} = {value:g}" for path, value in comparison.overrides.items())))
    return facts


def _policy(scenario: Scenario, name: str) -> str:
    if name not in scenario.policies:
        return "decided by Python objects, which are not kept"
    return " ".join(scenario.policies[name].description.split()) or "no description"


def _headline(comparison: Comparison, policy: str) -> str:
    said = headline(comparison, policy)
    if "(" not in said:
        return f"{said}."
    of = ", of luck alone" if comparison.uncertainty == "none" else ""
    return f"{said}. In brackets 95 % intervals{of}."


def _null(comparison: Comparison, policy: str) -> list[str]:
    """Tell what the same comparison shows with all effects at none."""
    if comparison.no_effects:
        return ["These runs are the null line themselves: all effects of assistance are at none."]
    told = [f"{capital(placebo_words(comparison, policy))}."]
    without = placebo(comparison)
    moved = [
        "{} {} a run ({})".format(METRIC_NAMES[metric][0], *ranged(metric, found))
        for metric in ("spent_prevention", "response_cost", "total_cost")
        if (found := paired_interval(without.difference(metric, policy))) is not None and found.mean
    ]
    if moved:
        told.append(f"What differs there is money alone: {'; '.join(moved)}.")
    return told


def _verdict(comparison: Comparison, policy: str) -> list[str]:
    if comparison.no_effects:
        return findings(comparison, policy)
    others = [_headline(comparison, name) for name in comparison.others if name != policy]
    return [terms(comparison, policy), *bill(comparison, policy), verdict(comparison, policy), *others]


def _fails(comparison: Comparison, policy: str) -> list[str]:
    """Tell what is for the worse, what is not paid back, and how often it goes the other way."""
    told = []
    for metric in TOLD:
        found = paired_interval(comparison.difference(metric, policy))
        if found is not None and found.told_apart and found.mean > 0.0:
            told.append(f"{capital(telling(comparison, metric, policy))}.")
    donors = paired_interval(comparison.difference("prevention_and_response", policy))
    if donors is not None and donors.told_apart and donors.mean > 0.0:
        more, limits = ranged("prevention_and_response", donors)
        told.append(f"It does not lower what donors pay: the bill is {more} a run ({limits}).")
    lost = [
        f"{ledger.title}, {because(found)}"
        for ledger in COST_LEDGERS.values()
        if (found := comparison.returns(policy, ledger.parts).harm_avoided) is not None
        and comparison.payback(policy, ledger.parts).year is None
    ]
    if lost:
        years = years_words(comparison.years)
        told.append(f"Not paid back within {years}, saved for each further dollar: {'; '.join(lost)}.")
    often = {
        metric: _more_often(comparison, metric, policy)
        for metric in ("deaths", "displaced", "prevention_and_response", "total_cost")
    }
    told.append(
        f"Run by run: more are killed in {often['deaths']} of the runs, more driven from home in {often['displaced']}; "
        f"the donors' bill is higher in {often['prevention_and_response']}, all costs together in "
        f"{often['total_cost']}."
    )
    for metric in WORSE_IF_MORE:
        found = paired_interval(comparison.difference(metric, policy))
        if found is not None and found.told_apart and found.mean > 0.0:
            more, limits = ranged(metric, found)
            told.append(f"{capital(' '.join(METRIC_NAMES[metric]))}: {more} a run ({limits}).")
    return told


def _more_often(comparison: Comparison, metric: str, policy: str) -> str:
    """Say in how many runs there was more of something."""
    return f"{100.0 * float((comparison.difference(metric, policy) > 0.0).mean()):.0f} %"


def _unknown(comparison: Comparison, scenario: Scenario, policy: str, kept: bool) -> list[str]:
    told, doubtful = [], []
    for metric in (*TOLD, "prevention_and_response", "total_cost"):
        differences = comparison.difference(metric, policy)
        found = paired_interval(differences)
        if found is not None and differences.any() and not found.told_apart:
            doubtful.append(f"{METRIC_NAMES[metric][0]}{needed_words(differences)}")
    if doubtful:
        told.append(f"Not told apart from no difference at {comparison.runs} runs: {'; '.join(doubtful)}.")
    if comparison.uncertainty == "none":
        told.append(f"The intervals hold luck alone: {carried('none')}.")
    else:
        told.append(f"{capital(carried(comparison.uncertainty))}; functional forms are not drawn.")
    told.append(assumption_words(scenario))
    if kept and policy not in comparison.added and not comparison.no_effects:
        told.append(f"{capital(added_money_words(comparison, policy))}.")
    told.append("It is one invented world; another one has other numbers, and perhaps another sign.")
    return told


def assumption_words(scenario: Scenario) -> str:
    """Say how many effects of assistance are assumptions."""
    labels = Counter(effect.label for effect in effects_by_path(scenario.forms).values())
    named = [f"{labels[label]} {label} ({LABELS[label]})" for label in LABELS if labels[label]]
    return f"How well the {labels.total()} effects of assistance are known, by their labels: {'; '.join(named)}."


# -- tables ------------------------------------------------------------------------------------------------------------


def _against(comparison: Comparison, policy: str, metrics: tuple[str, ...], caption: str) -> Table:
    """Set a policy beside the baseline, the difference with its interval, and beside it the null line."""
    without = placebo(comparison)

    def told(of: Comparison, metric: str) -> str:
        differences = of.difference(metric, policy)
        found = paired_interval(differences)
        if found is None:
            return NOT_ESTIMATED
        if not differences.any():
            return "the same in every run"
        more, limits = ranged(metric, found)
        return f"{more}\n{limits}" + ("" if found.told_apart else "\nnot told apart")

    of_policy, of_baseline = (spreads(comparison, name) for name in (policy, comparison.baseline))
    rows = [
        (
            "\n".join(METRIC_NAMES[metric]),
            told(comparison, metric),
            told(without, metric),
            spread_words(of_baseline[metric])[0],
            spread_words(of_policy[metric])[0],
        )
        for metric in metrics
    ]
    heads = ("mean of a run", "difference", "with all effects at none", comparison.baseline, policy)
    return Table(f"{caption}. Differences are paired, with 95 % intervals of the mean.", heads, rows, 4)


def _tables(comparison: Comparison, main: str) -> list[Table]:
    found = []
    if not comparison.no_effects:
        found += [table for name in (main, *comparison.others) if (table := _returns(comparison, name)) is not None]
        found = list({table.caption: table for table in found}.values())
        found += [table for table in (_payback(comparison),) if table.rows]
        found.append(_who(comparison))
    rest = tuple(metric for metric in METRIC_NAMES if metric not in SHORT)
    for name in comparison.others:
        caption = f"{capital(name)} instead of {comparison.baseline}"
        metrics = rest if name == main else tuple(METRIC_NAMES)
        found.append(_against(comparison, name, metrics, f"{caption}, {'all else' if name == main else 'a run'}"))
    summary = {name: spreads(comparison, name) for name in comparison.policies}
    rows = [
        ("\n".join(words), *("\n".join(spread_words(summary[name][metric])) for name in comparison.policies))
        for metric, words in METRIC_NAMES.items()
    ]
    caption = "Every policy: means of a run; in brackets 90 % of the runs, which is no interval of the mean."
    found.append(Table(caption, ("a run", *comparison.policies), rows, len(comparison.policies)))
    return found


def _returns(comparison: Comparison, policy: str) -> Table | None:
    """Tell what a further dollar returned in each ledger, and in the controls; None where there is no return."""
    added = comparison.added.get(policy)
    rows = []
    for ledger in COST_LEDGERS.values():
        found = comparison.returns(policy, ledger.parts)
        if found.harm_avoided is None:
            return None
        undiscounted = comparison.returns(policy, ledger.parts, 0.0).harm_avoided
        beside = None if added is None else added.returns(policy, ledger.parts).harm_avoided
        rows.append(
            (
                f"{ledger.title}\n{ledger.who}",
                because(found.harm_avoided),
                because(undiscounted),
                because(found.withheld),
                "not run" if added is None else because(beside),
            )
        )
    heads = (
        "saved for each further dollar", "because harm was avoided", "the same, undiscounted", "merely withheld",
        "with added money",
    )  # fmt: skip
    caption = (
        f"{capital(policy)} instead of {comparison.baseline}: what a further dollar of prevention returned, discounted "
        f"at {100.0 * comparison.discount:g} % a year, with 95 % intervals. Merely withheld is no return: it is there "
        "with all effects at none. With added money: response as rich as under the baseline."
    )
    return Table(caption, heads, rows, 4)


def _payback(comparison: Comparison) -> Table:
    """Tell when each policy that has a return has paid for itself, ledger by ledger."""
    told = [
        policy
        for policy in comparison.others
        if comparison.returns(policy, COST_LEDGERS["response"].parts).harm_avoided is not None
    ]
    rows = [
        (ledger.title, *(capital(paid_back(comparison, policy, ledger.parts)) for policy in told))
        for ledger in COST_LEDGERS.values()
    ]
    caption = (
        f"When the further prevention has paid for itself against {comparison.baseline}, discounted at "
        f"{100.0 * comparison.discount:g} % a year; told apart by the 95 % interval of the mean."
    )
    return Table(caption, ("ledger", *told), rows if told else [])


def _who(comparison: Comparison) -> Table:
    rows = [
        (policy, *(interval_words(found["mean"], found["low"], found["high"], money) for found in told.values()))
        for policy in comparison.others
        for told in (comparison.who(policy),)
    ]
    caption = (
        f"Who is better off against {comparison.baseline}, US$ a run, undiscounted, with 95 % intervals; below "
        "nothing: worse off."
    )
    return Table(caption, ("better off by", "donors", "host states", "the states themselves"), rows, 3)
