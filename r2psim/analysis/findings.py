"""What a comparison of policies found, in plain sentences, the unwelcome ones too."""

from __future__ import annotations

from r2psim.analysis.comparison import LEDGERS, Comparison, Interval, paired_interval, ratio_interval

__all__ = ["METRIC_NAMES", "MONEY", "amount", "count", "findings", "headline", "money", "ranged"]

METRIC_NAMES: dict[str, tuple[str, str]] = {
    "onsets": ("onsets of atrocity", ""),
    "episodes": ("episodes of atrocity", "of 1,000 killed or more"),
    "deaths": ("killed", "persons"),
    "displaced": ("driven from home", "persons"),
    "group_months_atrocity": ("months of atrocity", "summed over groups"),
    "spent_prevention": ("spent on prevention", "US$"),
    "spent_response": ("spent on response", "US$"),
    "response_cost": ("external response", "with reconstruction, US$"),
    "hosting_cost": ("hosting refugees", "US$"),
    "gdp_lost": ("GDP lost", "US$"),
    "total_cost": ("total cost", "US$"),
    "months_to_help": ("months to help", "from the first threat"),
}
"""Metric -> what a reader calls it, and what else there is to know: unit, definition."""

MONEY = frozenset(metric for metric, (_, note) in METRIC_NAMES.items() if note.endswith("US$"))
"""Metrics in US$."""

TOLD = ("onsets", "deaths", "displaced", "response_cost", "gdp_lost", "total_cost")
"""Metrics of which the sentences tell, in this order."""

_JOINED = {"response_cost": "for ", "hosting_cost": "for "}
_RETURNS = {
    "response_avoided": "of external response {verb}",
    "hosting_avoided": "of hosting refugees {verb}",
    "gdp_kept": "of GDP {verb}",
}


def money(dollars: float) -> str:
    """Write US dollars so that the size is seen at once.

    Examples
    --------
    >>> money(2.5e9), money(4e6), money(-12.0), money(999.9e6), money(0.25)
    ('US$ 2.5 bn', 'US$ 4 m', '-US$ 12', 'US$ 1 bn', 'US$ 0.25')
    """
    sign = "-" if dollars < 0.0 else ""
    rounded = float(f"{abs(dollars):.3g}")
    for size, unit in ((1e12, " trn"), (1e9, " bn"), (1e6, " m")):
        if rounded >= size:
            return f"{sign}US$ {rounded / size:.3g}{unit}"
    return f"{sign}US$ {rounded:,.0f}" if rounded >= 10.0 or rounded == int(rounded) else f"{sign}US$ {rounded:.2g}"


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
    >>> _directed("onsets", -0.2), _directed("gdp_lost", 2e9)
    ('0.2 fewer', 'US$ 2 bn more')
    """
    less = "less" if metric in MONEY else "fewer"
    return f"{amount(metric, abs(value))} {less if value < 0.0 else 'more'}"


def _range(metric: str, interval: Interval) -> str:
    """Write the limits of a difference, the one nearer to nothing first.

    Examples
    --------
    >>> _range("onsets", Interval(-0.2, -0.35, -0.05)), _range("onsets", Interval(-0.1, -0.3, 0.1))
    ('0.05 to 0.35', '0.3 fewer to 0.1 more')
    """
    if interval.low is None or interval.high is None:
        return "unknown, with one run"
    if interval.low * interval.high >= 0.0:
        low, high = sorted((abs(interval.low), abs(interval.high)))
        return f"{amount(metric, low)} to {amount(metric, high)}"
    return f"{_directed(metric, interval.low)} to {_directed(metric, interval.high)}"


def ranged(metric: str, interval: Interval) -> tuple[str, str]:
    """Write a difference and, apart from it, its limits.

    Examples
    --------
    >>> ranged("onsets", Interval(-0.2, -0.35, -0.05))
    ('0.2 fewer', '95 %: 0.05 to 0.35')
    """
    return "no difference" if interval.mean == 0.0 else _directed(
        metric, interval.mean
    ), f"95 %: {_range(metric, interval)}"


def _noun(metric: str, value: float) -> str:
    return f"{_directed(metric, value)} {_JOINED.get(metric, '')}{METRIC_NAMES[metric][0]}"


def _telling(comparison: Comparison, metric: str) -> str:
    """Tell the difference of one metric."""
    differences = comparison.difference(metric)
    found = paired_interval(differences)
    name = METRIC_NAMES[metric][0]
    if found is None:
        return f"{name}: no run has a value"
    if not differences.any():
        return f"{name}: exactly the same in every run"
    said = f"{_noun(metric, found.mean)} a run (95 % interval {_range(metric, found)})"
    if found.told_apart:
        worse = "costlier" if metric in MONEY else "worse"
        return said if found.mean < 0.0 else f"{said}: {worse}"
    return f"{said}: cannot be told apart from no difference at {comparison.runs} runs"


def _terms(comparison: Comparison) -> str:
    """Say what is equal between the two policies: the luck always, the budget perhaps."""
    first, second = comparison.headline or ("", "")
    a, b = (comparison.budgets[policy] for policy in (first, second))
    if comparison.same_budget:
        return f"For the same budget ({money(a)} a year) and the same luck, {first} instead of {second}:"
    return (
        f"For the same luck, but not the same budget ({money(a)} instead of {money(b)} a year), {first} instead of "
        f"{second}:"
    )


def _spent(comparison: Comparison) -> str:
    """Say how much of the budgets was spent, and on what."""
    parts = []
    for policy in comparison.headline or ():
        early, late = (float(comparison.values(policy, f"spent_{side}").mean()) for side in ("prevention", "response"))
        parts.append(f"{policy} spent {money(early + late)} a run, {money(early)} of it on prevention")
    budget = comparison.budgets[(comparison.headline or ("",))[0]] * comparison.months / 12.0
    whole = f"Of {money(budget)}" if comparison.same_budget else "Of its budget"
    return f"{whole} {'; '.join(parts)}. Unspent money goes back."


def _returns(comparison: Comparison) -> str:
    """Say what each further dollar of prevention brought, ledger by ledger."""
    first, second = comparison.headline or ("", "")
    extra = comparison.difference(LEDGERS["extra_prevention"][0])
    spent = paired_interval(extra)
    if spent is None or ratio_interval(extra, extra) is None:
        return f"{first} does not spend more on prevention than {second}, so there is no return on it to tell."
    parts = []
    for ledger, what in _RETURNS.items():
        metric, sign, _ = LEDGERS[ledger]
        gain = sign * comparison.difference(metric)
        found = ratio_interval(gain, extra)
        if found is None or found.low is None or found.high is None:
            continue
        if not gain.any():
            parts.append(f"nothing {what.format(verb='kept' if ledger == 'gdp_kept' else 'avoided')}")
            continue
        gained = "kept" if ledger == "gdp_kept" else "avoided"
        verb = gained if found.mean >= 0.0 else {"kept": "lost", "avoided": "added"}[gained]
        # What is lost is said as such, and its limits turn with it.
        turn = 1.0 if found.mean >= 0.0 else -1.0
        low, high = sorted((turn * found.low, turn * found.high))
        unsure = "" if found.told_apart else ", not told apart from nothing"
        parts.append(f"{money(abs(found.mean))} {what.format(verb=verb)} [{money(low)} to {money(high)}{unsure}]")
    return f"For each further dollar of prevention ({money(spent.mean)} a run): {'; '.join(parts)}."


def _verdict(comparison: Comparison) -> str:
    """Say whether it paid, counting every ledger as a dollar is a dollar."""
    first, second = comparison.headline or ("", "")
    differences = comparison.difference("total_cost")
    found = paired_interval(differences)
    if found is None or not differences.any():
        return f"All costs together, {first} and {second} cost the same in every run."
    if not found.told_apart:
        return (
            f"All costs together, whether {first} or {second} is cheaper cannot be told at {comparison.runs} runs; "
            "more runs (--runs) narrow the interval."
        )
    side, other = ("less", "more") if found.mean < 0.0 else ("more", "less")
    limits = _range("total_cost", found)
    said = f"All costs together, {first} costs {money(abs(found.mean))} {side} a run than {second} ({limits})"
    against = float((differences > 0.0).mean() if found.mean < 0.0 else (differences < 0.0).mean())
    return f"{said}; but {other} in {against:.0%} of the runs.".replace("%", " %") if against > 0.0 else f"{said}."


def findings(comparison: Comparison) -> list[str]:
    """Tell the headline difference in plain sentences.

    Parameters
    ----------
    comparison : Comparison
        Of one policy or more.

    Returns
    -------
    list of str
        What is equal; a line for each kind of harm and of cost, which says so where the difference cannot be told apart
        from none and where it is for the worse; what the money was spent on; returns; whether it paid. Empty for one
        policy.
    """
    if comparison.headline is None:
        return []
    told = [metric for metric in TOLD if metric != "total_cost"]
    lines = [_terms(comparison), *(f"- {_telling(comparison, metric)}" for metric in told)]
    return [*lines, _spent(comparison), _returns(comparison), _verdict(comparison)]


def headline(comparison: Comparison) -> str:
    """Say in one sentence what the headline pair found about onsets, killed and total cost."""
    pair = comparison.headline
    if pair is None:
        return f"What happens under {comparison.policies[0]}"
    first, second = pair
    said, unsure = [], []
    for metric, name in (("onsets", "onsets of atrocity"), ("deaths", "killed"), ("total_cost", "total cost")):
        differences = comparison.difference(metric)
        found, base = paired_interval(differences), float(comparison.values(second, metric).mean())
        if found is None or not differences.any():
            continue
        if not found.told_apart:
            unsure.append("the number killed" if metric == "deaths" else name)
            continue
        share = f"{abs(found.mean) / base:.0%}".replace("%", " %") if base > 0.0 else amount(metric, abs(found.mean))
        less, more = ("lower", "higher") if metric in MONEY else ("fewer", "more")
        said.append(f"{share} {less if found.mean < 0.0 else more} {name}")
    terms = "for the same budget" if comparison.same_budget else "with another budget"
    lead = f"{first[:1].upper()}{first[1:]} instead of {second}, {terms}"
    if not said and not unsure:
        return f"{first} and {second} have exactly the same results"
    doubt = f"{_listed(unsure)} cannot be told apart from no difference at {comparison.runs} runs"
    if not said:
        return f"{lead}: {doubt}"
    return f"{lead}: {_listed(said)}" + (f"; {doubt}" if unsure else "")


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
