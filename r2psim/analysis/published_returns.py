"""What prevention bought beside published returns on it, each with what it counts, and with its null line.

The studies differ by two orders of magnitude because they count different things. So each is set beside the ledgers of
the model that count about the same, and nothing is added up that a study leaves out. Only what was saved because harm
was avoided stands there: money that is merely not spent would be there with all effects of assistance at none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from r2psim.analysis.comparison import Comparison
from r2psim.analysis.ledgers import COST_LEDGERS, present_value
from r2psim.ensemble.intervals import Interval, paired_interval

__all__ = ["STUDIES", "Study", "beside_published", "carried", "null_line", "published_lines"]


@dataclass(frozen=True)
class Study:
    """A published return on a dollar of prevention.

    Attributes
    ----------
    name, source : str
        What it is called; key of `r2psim.scenario.parameters.SOURCES`.
    low, high : float
        Dollars saved for one of prevention.
    counts : str
        What it counts as saved.
    ledger : str
        That of `r2psim.analysis.ledgers.COST_LEDGERS` that counts about the same.
    label : str
        How well the figure is known: one of `r2psim.scenario.parameters.LABELS`.
    """

    name: str
    source: str
    low: float
    high: float
    counts: str
    ledger: str
    label: str


STUDIES = (
    Study(
        "Chalmers 2007",
        "chalmers2007",
        4.1,
        4.1,
        "what outside powers spend on a conflict: aid, relief, forces; six cases, targeted packages",
        "response",
        "recalled",
    ),
    Study(
        "IEP 2017",
        "iep2017",
        16.0,
        16.0,
        "all economic losses from conflict in 31 fragile states over ten years, outside spending included",
        "all",
        "seen",
    ),
    Study(
        "IMF 2024",
        "mueller2024",
        26.0,
        103.0,
        "lost output, over a long horizon and where policies work as estimated; most where violence is recent",
        "gdp",
        "seen",
    ),
)
"""Published returns, from the narrowest account to the widest."""


def beside_published(comparison: Comparison, policy: str) -> list[dict[str, Any]]:
    """Set what a further dollar of prevention saved, because harm was avoided, beside each published return.

    Parameters
    ----------
    comparison : Comparison
        What was run.
    policy : str
        Told against the baseline.

    Returns
    -------
    list of dict
        For each study ``study``, ``published`` (low and high), ``counts``, ``ledger``, ``label``, ``source``;
        ``simulated`` with ``mean low high`` (95 %), undiscounted as the studies are, and ``null_line``: what the
        null twins show. Null where the policy does not spend more on prevention.
    """
    found = []
    for study in STUDIES:
        returns = comparison.returns(policy, COST_LEDGERS[study.ledger].parts, 0.0)
        saved = returns.harm_avoided
        found.append(
            {
                "study": study.name,
                "published": [study.low, study.high],
                "counts": study.counts,
                "ledger": study.ledger,
                "label": study.label,
                "source": study.source,
                "simulated": None if saved is None else saved._asdict(),
                "null_line": null_line(comparison, policy, study.ledger),
            }
        )
    return found


_NEED_OF = {
    "response": ("response_needed",),
    "gdp": ("gdp_lost",),
    "all": ("response_needed", "hosting_cost", "gdp_lost"),
}
"""Ledger -> what harm makes of it, whether or not anybody pays."""


def null_line(comparison: Comparison, policy: str, ledger: str) -> float | None:
    """Give the return that null twins show in what harm makes of a ledger: measured, and nothing if all is well.

    Parameters
    ----------
    comparison : Comparison
        What was run.
    policy : str
        Told against the baseline.
    ledger : str
        One of `r2psim.analysis.ledgers.COST_LEDGERS`.

    Returns
    -------
    float or None
        What the twins of policy and baseline differ by in response needed, hosting or lost GDP, for each dollar that
        the policy's twin spends more on prevention; None where it does not.
    """
    parts = _NEED_OF[ledger]
    twins, base = comparison.null_ledgers[policy], comparison.null_ledgers[comparison.baseline]
    extra = present_value(twins, ("spent_prevention",), 0.0) - present_value(base, ("spent_prevention",), 0.0)
    if extra.mean() <= 0.0:
        return None
    return float((present_value(base, parts, 0.0) - present_value(twins, parts, 0.0)).mean() / extra.mean())


def _ratio(interval: Interval) -> str:
    low, high = interval.low, interval.high
    limits = "" if low is None or high is None else f" ({low:.2g} to {high:.2g})"
    return f"{interval.mean:.2g}{limits}"


_CARRIED = {
    "none": "parameters and effects are taken as known (with --uncertainty all they are drawn too)",
    "rates": "every run has a draw of the calibrated parameters; effects of assistance are taken as known",
    "effects": "every run has a draw of the effects of assistance; calibrated parameters are taken as known",
    "all": "every run has a draw of the calibrated parameters and of the effects of assistance",
}


def carried(uncertainty: str) -> str:
    """Say how a kind of uncertainty is carried: what every run draws for itself, and what is taken as known."""
    return _CARRIED[uncertainty]


def published_lines(comparison: Comparison, policy: str) -> list[str]:
    """Tell the same in lines of text, with how uncertainty is carried."""
    spent = paired_interval(comparison.extra_prevention(policy, 0.0))
    rows = beside_published(comparison, policy)
    if spent is None or all(row["simulated"] is None for row in rows):
        return ["Without further spending on prevention there is no return to set beside published ones."]
    lines = [
        f"Dollars saved because harm was avoided for each further dollar of prevention ({policy} instead of "
        f"{comparison.baseline}), beside published returns; undiscounted; {carried(comparison.uncertainty)}:"
    ]
    for row in rows:
        low, high = row["published"]
        said = f"{low:g}" if low == high else f"{low:g} to {high:g}"
        title = COST_LEDGERS[row["ledger"]].title
        simulated = "not known" if row["simulated"] is None else _ratio(Interval(**row["simulated"]))
        null = "not known" if row["null_line"] is None else f"{row['null_line']:.2g}"
        lines.append(
            f"- {row['study']}: {said}, counting {row['counts']}. Here: {simulated}, counting {title}; "
            f"with all effects at none: {null}."
        )
    lines.append("Not the same quantity: horizons, programmes and worlds differ. An invented world proves none.")
    return lines
