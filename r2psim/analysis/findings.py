"""What a comparison of policies found, in plain sentences, the unwelcome ones too.

One file, though long: it is one text in parts, in the order in which it is read.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from r2psim.analysis.comparison import Comparison
from r2psim.analysis.controls import bought_nothing
from r2psim.analysis.ledgers import COST_LEDGERS
from r2psim.ensemble.intervals import Interval, paired_interval, ratio_interval, runs_needed_words

__all__ = [
    "HEADLINE",
    "METRIC_NAMES",
    "MONEY",
    "TOLD",
    "added_money_words",
    "amount",
    "because",
    "bill",
    "count",
    "findings",
    "headline",
    "money",
    "needed_words",
    "no_return",
    "paid_back",
    "placebo_words",
    "ranged",
    "telling",
    "terms",
    "verdict",
    "years_words",
]

METRIC_NAMES: dict[str, tuple[str, str]] = {
    "episodes": ("episodes of atrocity", "begin at 1,000 killed"),
    "atrocity_entries": ("entries into atrocity", "of groups, with repeats"),
    "deaths": ("killed", "persons"),
    "displaced": ("driven from home", "persons"),
    "expelled": ("expelled", "persons, as a group"),
    "expulsions": ("expulsion campaigns", "that begin"),
    "persecuted_months": ("months of persecution", "person-months"),
    "war_crimes": ("civilians killed", "in armed conflict"),
    "displaced_women": ("women driven out", "persons"),
    "displaced_children": ("children driven out", "persons"),
    "protection_needed": ("months of displacement", "person-months"),
    "protection_reached": ("months cared for", "of the displaced"),
    "protection_unmet": ("months not cared for", "of the displaced"),
    "group_months_atrocity": ("months of atrocity", "summed over groups"),
    "spent_prevention": ("spent on prevention", "US$"),
    "spent_response": ("spent on response", "US$"),
    "response_cost": ("external response", "rebuilding too, US$"),
    "prevention_and_response": ("the donors' bill", "what donors pay, US$"),
    "response_needed": ("response needed", "paid for or not, US$"),
    "response_met": ("need that was met", "US$"),
    "response_unmet": ("need that was unmet", "US$"),
    "hosting_cost": ("hosting refugees", "US$"),
    "gdp_lost": ("GDP lost", "US$"),
    "total_cost": ("total cost", "US$"),
    "pillar3_called": ("calls for Pillar III", "crises at stage 4"),
    "pillar3_mandated": ("of these, mandated", "crises"),
    "pillar3_vetoed": ("of these, vetoed", "crises"),
    "pillar3_uncovered": ("months uncovered", "stage 4, none mandated"),
    "months_to_help": ("months to help", "below 0: before threat"),
    "never_helped": ("states never helped", "though under threat"),
    "warnings_true": ("warnings that came true", "atrocity came in time"),
    "warnings_near": ("warnings nearly true", "imminent risk at most"),
    "warnings_false": ("false alarms", "of which nothing came"),
    "onsets_missed": ("onsets missed", "no warning before"),
}
"""Metric -> what a reader calls it, and what else there is to know: unit, definition."""

MONEY = frozenset(metric for metric, (_, note) in METRIC_NAMES.items() if note.endswith("US$"))
"""Metrics in US$."""

HARM = ("episodes", "atrocity_entries", "deaths", "displaced", "expelled", "persecuted_months", "war_crimes")
"""Metrics of harm, of which medians are told too."""

HEADLINE = ("episodes", "deaths", "prevention_and_response")
"""What one sentence tells of a policy: harm, and the donors' bill."""

_IN_A_HEADLINE = {
    "episodes": ("episodes", "episodes"),
    "deaths": ("the number killed", "killed"),
    "prevention_and_response": ("the donors' bill", "spent by donors"),
    "total_cost": ("total cost", "of total cost"),
}
"""What a headline calls a metric that it is unsure of, and what it calls it after an amount."""

TOLD = (*HARM, "hosting_cost", "gdp_lost")
"""Metrics of which a sentence each tells, in this order, before the donors' bill."""

_JOINED = {"response_cost": "for ", "hosting_cost": "for "}


def money(dollars: float) -> str:
    """Write US dollars so that the size is seen at once.

    Examples
    --------
    >>> money(2.5e9), money(4e6), money(-12.0), money(999.9e6), money(0.18501)
    ('US$ 2.5 bn', 'US$ 4 m', '-US$ 12', 'US$ 1 bn', 'US$ 0.19')
    """
    sign = "-" if dollars < 0.0 else ""
    rounded = float(f"{abs(dollars):.3g}")
    for size, unit in ((1e12, " trn"), (1e9, " bn"), (1e6, " m")):
        if rounded >= size:
            return f"{sign}US$ {rounded / size:.3g}{unit}"
    if rounded >= 10.0 or rounded == int(rounded):
        return f"{sign}US$ {rounded:,.0f}"
    return f"{sign}US$ {abs(dollars):.2g}"  # rounded once: figures write 0.19 of 0.1850 too


def count(number: float) -> str:
    """Write a mean number of events or persons with as many figures as tell something.

    Examples
    --------
    >>> count(0.3149), count(2.0), count(48.2), count(5837.4), count(1.2e7), count(-0.5)
    ('0.31', '2', '48', '5,840', '12 million', '-0.5')
    """
    rounded = float(f"{number:.3g}") if abs(number) >= 100.0 else float(f"{number:.2g}")
    for size, word in ((1e9, "billion"), (1e6, "million")):
        if abs(rounded) >= size:
            return f"{rounded / size:.3g} {word}"
    return f"{rounded:,.0f}" if abs(rounded) >= 10.0 else f"{rounded + 0.0:.10g}"


def amount(metric: str, value: float) -> str:
    """Write a value of a metric: US$ as money, anything else as a count."""
    return money(value) if metric in MONEY else count(value)


def _directed(metric: str, value: float) -> str:
    """Write a difference as more or less.

    Examples
    --------
    >>> _directed("episodes", -0.2), _directed("gdp_lost", 2e9)
    ('0.2 fewer', 'US$ 2 bn more')
    """
    less = "less" if metric in MONEY else "fewer"
    return f"{amount(metric, abs(value))} {less if value < 0.0 else 'more'}"


def _range(metric: str, interval: Interval) -> str:
    """Write the limits of a difference, the one nearer to nothing first.

    Examples
    --------
    >>> _range("episodes", Interval(-0.2, -0.35, -0.05)), _range("episodes", Interval(-0.1, -0.3, 0.1))
    ('0.05 to 0.35', '0.3 fewer to 0.1 more')
    >>> _range("episodes", Interval(-0.2, -0.4, 0.0)), _range("episodes", Interval(0.2, 0.0, 0.4))
    ('0.4 fewer to 0', '0 to 0.4 more')
    """
    if interval.low is None or interval.high is None:
        return "unknown, with one run"
    # A limit that is nothing has no direction: the other one must have it, for such a difference is not told apart.
    if interval.low < interval.high == 0.0:
        return f"{_directed(metric, interval.low)} to {amount(metric, 0.0)}"
    if interval.high > interval.low == 0.0:
        return f"{amount(metric, 0.0)} to {_directed(metric, interval.high)}"
    if interval.low * interval.high >= 0.0:
        low, high = sorted((abs(interval.low), abs(interval.high)))
        return f"{amount(metric, low)} to {amount(metric, high)}"
    return f"{_directed(metric, interval.low)} to {_directed(metric, interval.high)}"


def ranged(metric: str, interval: Interval) -> tuple[str, str]:
    """Write a difference and, apart from it, its limits.

    Examples
    --------
    >>> ranged("episodes", Interval(-0.2, -0.35, -0.05))
    ('0.2 fewer', '95 %: 0.05 to 0.35')
    """
    return "no difference" if interval.mean == 0.0 else _directed(
        metric, interval.mean
    ), f"95 %: {_range(metric, interval)}"


def _noun(metric: str, value: float) -> str:
    return f"{_directed(metric, value)} {_JOINED.get(metric, '')}{METRIC_NAMES[metric][0]}"


def telling(comparison: Comparison, metric: str, policy: str) -> str:
    """Tell the difference of one metric between a policy and the baseline."""
    differences = comparison.difference(metric, policy)
    found = paired_interval(differences)
    name = METRIC_NAMES[metric][0]
    if found is None:
        return f"{name}: no run has a value"
    if not differences.any():
        return f"{name}: exactly the same in every run"
    said = f"{_noun(metric, found.mean)} a run (95 % interval {_range(metric, found)})"
    known = differences[np.isfinite(differences)]
    differ = float((known != 0.0).mean())
    if metric in HARM and differ < 1.0:
        middle = _median(metric, float(np.median(known)))
        said += f"; {_share(differ)} of the runs differ, the median difference is {middle}"
    if found.told_apart:
        worse = "costlier" if metric in MONEY else "worse"
        return said if found.mean < 0.0 else f"{said}: {worse}"
    return f"{said}: cannot be told apart from no difference at {comparison.runs} runs{needed_words(differences)}"


def needed_words(differences: np.ndarray) -> str:
    """Say how many runs a verdict would need, in brackets."""
    words = runs_needed_words(differences)
    return f" ({words})" if words else ""


def _median(metric: str, value: float) -> str:
    """Write a median difference.

    Examples
    --------
    >>> _median("deaths", 0.0), _median("deaths", -1200.0)
    ('nothing', '1,200 fewer')
    """
    return _directed(metric, value) if value != 0.0 else "nothing"


def _share(share: float) -> str:
    """Write a share of runs, never as none or all of them where it is not.

    Examples
    --------
    >>> _share(0.123), _share(0.0), _share(0.001), _share(0.999), _share(1.0)
    ('12 %', 'none', 'less than 1 %', 'more than 99 %', 'all')
    """
    if share in (0.0, 1.0):
        return "all" if share else "none"
    if not 0.005 <= share < 0.995:
        return "less than 1 %" if share < 0.5 else "more than 99 %"
    return f"{100.0 * share:.0f} %"


def because(interval: Interval | None) -> str:
    """Write an amount saved with its limits: ``US$ 2 bn (1 to 3 bn)``, or what was spent more."""
    if interval is None:
        return "not known"
    if interval.low is None or interval.high is None:
        return money(interval.mean)
    if interval.mean == interval.low == interval.high == 0.0:
        return "nothing"
    return f"{money(interval.mean)} [{money(interval.low)} to {money(interval.high)}]"


def terms(comparison: Comparison, policy: str) -> str:
    """Say what is equal: the luck always, what is allotted perhaps; and beside it what was spent."""
    base = comparison.baseline
    allotted = {name: comparison.budgets[name] for name in (policy, base)}
    spent = {}
    for name in (policy, base):
        early, late = (float(comparison.values(name, f"spent_{side}").mean()) for side in ("prevention", "response"))
        spent[name] = f"{name} spent {money(early + late)} of it a run, {money(early)} on prevention"
    if comparison.same_budget(policy):
        whole = f"Both are allotted {money(allotted[policy])} a year"
    else:
        whole = f"{policy} is allotted {money(allotted[policy])} a year, {base} {money(allotted[base])}"
    lead = f"{policy} instead of {base}, under the same luck in {comparison.runs} runs."
    return f"{_capital(lead)} {whole}; {spent[policy]}, {spent[base]}."


def bill(comparison: Comparison, policy: str) -> list[str]:
    """Tell the donors' bill, and why response differs."""
    differences = comparison.difference("prevention_and_response", policy)
    found = paired_interval(differences)
    if found is None or not differences.any():
        return ["The donors' bill, prevention and response together: exactly the same in every run."]
    said = (
        f"The donors' bill, prevention and response together: {_directed('prevention_and_response', found.mean)} a run"
    )
    said += f" ({_range('prevention_and_response', found)})"
    if not found.told_apart:
        said += f", not told apart from no difference at {comparison.runs} runs"
    early = paired_interval(comparison.difference("spent_prevention", policy))
    response = comparison.split(policy, COST_LEDGERS["response"].parts, 0.0)
    why = [
        f"prevention {_signed(early)}",
        f"response saved because harm was avoided {because(paired_interval(response.harm_avoided))}",
        f"response not given, whatever the harm, {because(paired_interval(response.withheld))}",
    ]
    return [f"{said}: {'; '.join(why)}."]


def _signed(interval: Interval | None) -> str:
    """Write what was spent more or less with its limits: ``+US$ 3 bn [US$ 2 bn to US$ 4 bn]``."""
    return "not known" if interval is None else f"{'+' if interval.mean > 0.0 else ''}{because(interval)}"


def _need(comparison: Comparison, policy: str) -> str:
    """Tell what response was needed, whether or not anybody paid."""
    avoided = paired_interval(-comparison.difference("response_needed", policy))
    shares = {}
    for name in (policy, comparison.baseline):
        needed, met = (float(comparison.values(name, f"response_{what}").mean()) for what in ("needed", "met"))
        shares[name] = f"{_share(met / needed)} of it met under {name}" if needed > 0.0 else f"no need under {name}"
    if avoided is None or (avoided.mean == 0.0 and not comparison.difference("response_needed", policy).any()):
        lead = "Need for response, whether or not anybody pays: the same in every run"
    else:
        less = "less" if avoided.mean > 0.0 else "more"
        turned = Interval(-avoided.mean, *(None if x is None else -x for x in (avoided.high, avoided.low)))
        lead = f"Need for response, whether or not anybody pays: {money(abs(avoided.mean))} {less} a run "
        lead += f"({_range('response_needed', turned)})"
        if not avoided.told_apart:
            lead += f", not told apart from no difference at {comparison.runs} runs"
    return f"{lead}; {shares[policy]}, {shares[comparison.baseline]}."


def years_words(years: int) -> str:
    """Write a number of years.

    Examples
    --------
    >>> years_words(1), years_words(20)
    ('1 year', '20 years')
    """
    return f"{years} year{'' if years == 1 else 's'}"


def no_return(comparison: Comparison, policy: str) -> str:
    """Say in a sentence why a return cannot be told: a policy spends no more on prevention, or it may be chance."""
    extra = comparison.extra_prevention(policy)
    base, so = comparison.baseline, "so there is no return on it to tell"
    if float(extra.mean()) > 0.0:
        doubt = f"whether {policy} spends more on prevention than {base} cannot be told at {comparison.runs} runs"
        return f"{_capital(doubt)}, {so}."
    return f"{_capital(policy)} does not spend more on prevention than {base}, {so}."


def _returns(comparison: Comparison, policy: str) -> list[str]:
    """Say what each further dollar of prevention brought because harm was avoided, ledger by ledger."""
    extra = comparison.extra_prevention(policy)
    spent = paired_interval(extra)
    if spent is None or ratio_interval(extra, extra) is None:
        return [no_return(comparison, policy)]
    controls = [f"- placebo: {placebo_words(comparison, policy)}", f"- {added_money_words(comparison, policy)}"]
    rate = f"discounted at {100.0 * comparison.discount:g} % a year"
    lines = [
        f"For each further dollar of prevention ({money(spent.mean)} a run, {rate}; in brackets undiscounted), because "
        "harm was avoided:"
    ]
    for ledger in COST_LEDGERS.values():
        found = comparison.returns(policy, ledger.parts)
        plain = comparison.returns(policy, ledger.parts, 0.0).harm_avoided
        if found.harm_avoided is None:
            continue
        if not comparison.split(policy, ledger.parts).harm_avoided.any():
            lines.append(f"- {ledger.title}: nothing")
            continue
        text = because(found.harm_avoided)
        beside = "" if plain is None else f" ({money(plain.mean)})"
        unsure = "" if found.harm_avoided.told_apart else ", not told apart from nothing"
        lines.append(f"- {ledger.title}: {text}{beside}{unsure}; {paid_back(comparison, policy, ledger.parts)}")
    lines += controls
    withheld = comparison.returns(policy, COST_LEDGERS["response"].parts).withheld
    if withheld is not None and comparison.split(policy, COST_LEDGERS["response"].parts).withheld.any():
        lines.append(
            f"With all effects at none the same split of the money would show {because(withheld)} of response not "
            "spent for each further dollar of prevention: money withheld, which is no return."
        )
    return lines


def placebo_words(comparison: Comparison, policy: str) -> str:
    """Say what the same pair of policies shows with all effects of assistance at none: nothing, or what is wrong."""
    if bought_nothing(comparison, policy):
        return "the same pair with all effects at none: nothing saved by avoiding harm, in any ledger or run"
    return "the same pair with all effects at none is NOT nothing: no return here can be trusted"


def added_money_words(comparison: Comparison, policy: str) -> str:
    """Say what prevention bought where nothing was taken from response for it, or that this was not run."""
    lead = f"added money (prevention as under {policy}, response as rich as under {comparison.baseline})"
    added = comparison.added.get(policy)
    if added is None:
        return f"{lead}: not run; r2psim compare --controls runs it"
    found = added.returns(policy, COST_LEDGERS["response"].parts)
    saved, withheld = found.harm_avoided, found.withheld
    if saved is None:
        return f"{lead}: {no_return(added, policy)}"
    unsure = "" if saved.told_apart else ", not told apart from nothing"
    return f"{lead}: {because(saved)} of external response avoided{unsure}; merely withheld: {because(withheld)}"


def paid_back(comparison: Comparison, policy: str, parts: Sequence[str]) -> str:
    """Say when it has paid for itself, and in what share of the runs."""
    found = comparison.payback(policy, parts)
    never = f"not paid back within {years_words(found.horizon)}"
    when = f"pays back after {years_words(found.year)}" if found.year else never
    if found.year:
        when += (
            f" (told apart from a loss from year {found.told} on)" if found.told else " (never told apart from a loss)"
        )
    return f"{when}, in {_share(found.share)} of the runs by the end"


def verdict(comparison: Comparison, policy: str) -> str:
    """Say whether it paid, counting every ledger as a dollar is a dollar."""
    differences = comparison.difference("total_cost", policy)
    found = paired_interval(differences)
    base = comparison.baseline
    if found is None or not differences.any():
        return f"All costs together, {policy} and {base} cost the same in every run."
    if not found.told_apart:
        return (
            f"All costs together, whether {policy} or {base} is cheaper cannot be told at {comparison.runs} runs"
            f"{needed_words(differences)}."
        )
    side, other = ("less", "more") if found.mean < 0.0 else ("more", "less")
    said = f"All costs together, {policy} costs {money(abs(found.mean))} {side} a run than {base} "
    said += f"({_range('total_cost', found)})"
    against = float((differences > 0.0).mean() if found.mean < 0.0 else (differences < 0.0).mean())
    if against > 0.0:
        said += f", but {other} in {_share(against)} of the runs"
    withheld = comparison.split(policy, ("spent_prevention", *COST_LEDGERS["all"].parts), 0.0).withheld
    if withheld.any():
        mean = float(withheld.mean())
        said += f"; with all effects at none it would cost {money(abs(mean))} {'less' if mean > 0.0 else 'more'}"
    return f"{said}."


def _nothing_bought(comparison: Comparison, policy: str) -> list[str]:
    """Tell a comparison in which assistance has no effect: what differs is money alone."""
    early, late, bill = (
        paired_interval(comparison.difference(metric, policy))
        for metric in ("spent_prevention", "response_cost", "prevention_and_response")
    )
    return [
        terms(comparison, policy),
        "Assistance has no effect here: nothing was bought. Harm and need are equal in every run.",
        f"What differs is money alone: prevention {_signed(early)}, response {_signed(late)}, the donors' bill "
        f"{_signed(bill)} a run. Response not given where it is needed as much as before is no saving.",
    ]


def findings(comparison: Comparison, policy: str | None = None) -> list[str]:
    """Tell in plain sentences what was found of every policy against the baseline, or of one.

    Parameters
    ----------
    comparison : Comparison
        Of one policy or more.
    policy : str, optional
        Tell of this one only.

    Returns
    -------
    list of str
        For each: what is allotted and spent; a line for each kind of harm, which says so where the difference cannot be
        told apart from none and where it is for the worse; the donors' bill and why it differs; need; returns because
        harm was avoided, with payback; whether it paid. An empty line between policies; nothing for one policy alone.
    """
    told: list[str] = []
    for name in comparison.others if policy is None else (policy,):
        told += [""] if told else []
        if comparison.no_effects:
            told += _nothing_bought(comparison, name)
            continue
        told.append(terms(comparison, name))
        told += [f"- {telling(comparison, metric, name)}" for metric in TOLD]
        told += bill(comparison, name)
        told.append(_need(comparison, name))
        told += _returns(comparison, name)
        told.append(verdict(comparison, name))
    return told


def headline(
    comparison: Comparison, policy: str | None = None, metrics: Sequence[str] = HEADLINE, doubts: bool = False
) -> str:
    """Say in one sentence what a policy brought against the baseline: episodes, killed, the donors' bill, with limits.

    Parameters
    ----------
    comparison : Comparison
        Of one policy or more.
    policy : str, optional
        Which of the others; the last of them if not given.
    metrics : sequence of str
        Of what it tells, in this order; ``total_cost`` can be told too.
    doubts : bool
        Whether the limits of what cannot be told apart from no difference are told too.
    """
    if not comparison.others:
        return f"What happens under {comparison.policies[0]}"
    policy = policy or comparison.others[-1]
    base = comparison.baseline
    lead = f"{_capital(policy)} instead of {base}"
    if comparison.no_effects:
        return f"{lead}: assistance has no effect here, and nothing was bought"
    told = _told(comparison, policy, metrics, doubts)
    return f"{lead}: {told}" if told else f"{_capital(policy)} and {base} have exactly the same results"


def _told(comparison: Comparison, policy: str, metrics: Sequence[str], doubts: bool) -> str:
    """Tell some differences with their limits, then those that cannot be told apart; empty where all are none."""
    said, unsure = [], []
    for metric in metrics:
        differences = comparison.difference(metric, policy)
        found = paired_interval(differences)
        if found is None or not differences.any():
            continue
        name, noun = _IN_A_HEADLINE[metric]
        if not found.told_apart:
            unsure.append(f"{name} ({_range(metric, found)})" if doubts else name)
            continue
        said.append(f"{_directed(metric, found.mean)} {noun} a run ({_range(metric, found)})")
    doubt = f"{_listed(unsure)} cannot be told apart from no difference at {comparison.runs} runs"
    return "; ".join(part for part in (_listed(said) if said else "", doubt if unsure else "") if part)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
