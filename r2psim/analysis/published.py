"""The headline comparison beside published returns on prevention, each with what it counts.

The studies differ by two orders of magnitude because they count different things. So each is set beside the ledgers of
the model that count about the same, and nothing is added up that a study leaves out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from r2psim.analysis.comparison import LEDGERS, Comparison, Interval, paired_interval, ratio_interval

__all__ = ["STUDIES", "Study", "beside_published", "published_lines"]


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
    ledgers : tuple of str
        Those of `r2psim.analysis.comparison.LEDGERS` that count about the same.
    label : str
        How well the figure is known: one of `r2psim.scenario.parameters.LABELS`.
    """

    name: str
    source: str
    low: float
    high: float
    counts: str
    ledgers: tuple[str, ...]
    label: str


STUDIES = (
    Study(
        "Chalmers 2007",
        "chalmers2007",
        4.1,
        4.1,
        "what outside powers spend on a conflict: aid, relief, forces; six cases, targeted packages",
        ("response_avoided",),
        "recalled",
    ),
    Study(
        "IEP 2017",
        "iep2017",
        16.0,
        16.0,
        "all economic losses from conflict in 31 fragile states over ten years, outside spending included",
        ("response_avoided", "hosting_avoided", "gdp_kept"),
        "seen",
    ),
    Study(
        "IMF 2024",
        "mueller2024",
        26.0,
        103.0,
        "lost output, over a long horizon and where policies work as estimated; most where violence is recent",
        ("gdp_kept",),
        "seen",
    ),
)
"""Published returns, from the narrowest account to the widest."""


def _gain(comparison: Comparison, ledgers: tuple[str, ...]) -> np.ndarray:
    """Add up ledgers of the headline pair, run by run, US$; good is above 0."""
    added: np.ndarray = np.sum([LEDGERS[name][1] * comparison.difference(LEDGERS[name][0]) for name in ledgers], axis=0)
    return added


def beside_published(comparison: Comparison) -> list[dict[str, Any]]:
    """Set the return on each further dollar of prevention beside each published one.

    Parameters
    ----------
    comparison : Comparison
        Its headline pair counts.

    Returns
    -------
    list of dict
        For each study ``study``, ``published`` (low and high), ``counts``, ``ledgers``, ``label``, ``source``, and
        ``simulated`` with ``mean low high`` (95 %), null where the first policy does not spend more on prevention.
        Empty for one policy.
    """
    if comparison.headline is None:
        return []
    extra = comparison.difference(LEDGERS["extra_prevention"][0])
    found = []
    for study in STUDIES:
        ratio = ratio_interval(_gain(comparison, study.ledgers), extra)
        found.append(
            {
                "study": study.name,
                "published": [study.low, study.high],
                "counts": study.counts,
                "ledgers": list(study.ledgers),
                "label": study.label,
                "source": study.source,
                "simulated": None if ratio is None else ratio._asdict(),
            }
        )
    return found


def _ratio(interval: Interval) -> str:
    low, high = interval.low, interval.high
    limits = "" if low is None or high is None else f" ({low:.2g} to {high:.2g})"
    return f"{interval.mean:.2g}{limits}"


def published_lines(comparison: Comparison) -> list[str]:
    """Tell the same in lines of text, with how the parameters' uncertainty is carried."""
    rows = beside_published(comparison)
    if not rows:
        return []
    spent = paired_interval(comparison.difference(LEDGERS["extra_prevention"][0]))
    if spent is None or all(row["simulated"] is None for row in rows):
        return ["Without further spending on prevention there is no return to set beside published ones."]
    carried = {
        "none": "rates and effects are taken as known (--uncertainty all carries what is not)",
        "rates": "every run has a draw of the calibrated parameters; effects are taken as known",
        "effects": "every run has a draw of the effects of assistance; rates are taken as known",
        "all": "every run has a draw of the calibrated parameters and of the effects of assistance",
    }[comparison.uncertainty]
    lines = [f"Dollars for each further dollar of prevention, beside published returns; {carried}:"]
    for row in rows:
        low, high = row["published"]
        said = f"{low:g}" if low == high else f"{low:g} to {high:g}"
        ledgers = " + ".join(name.replace("_", " ") for name in row["ledgers"])
        simulated = "not known" if row["simulated"] is None else _ratio(Interval(**row["simulated"]))
        lines.append(f"- {row['study']}: {said}, counting {row['counts']}. Here: {simulated}, counting {ledgers}.")
    lines.append("Not the same quantity: horizons, programmes and worlds differ. An invented world proves none.")
    return lines
