"""What each form's effect rests on: ``python -m r2psim.documentation.evidence TRIALS.json docs/EVIDENCE.md PULLS.csv``.

The first argument is what ``r2psim trials --json`` printed: published beside simulated stands in the page as it was
measured, with the command that measures it again. The last is what ``r2psim calibrate --what effects`` wrote.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

from r2psim.declarations.channels import CHANNELS
from r2psim.scenario.catalogue import catalogue
from r2psim.scenario.forms import CATEGORIES, Effect, Form
from r2psim.scenario.parameters import LABELS, SOURCES
from r2psim.scenario.posterior import read_effects
from r2psim.scenario.trials import Trial, shipped_trials

__all__ = ["evidence_page"]

WIDTH = 119
_SIDES = {"below": "below 1", "above": "above 1", "about": "about 1"}


def _number(value: float) -> str:
    return f"{value:.3g}"


def _ratio(row: Mapping[str, Any], name: str) -> str:
    if row[name] is None:
        return _SIDES.get(row["direction"] or "", "-")
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    ends = "" if low is None or high is None else f" ({low:.2g} to {high:.2g})"
    return f"{row[name]:.2g}{ends}"


def _studies_of(form: str) -> list[Trial]:
    return [trial for trial in shipped_trials().values() if form in trial.forms]


def _effect(form: Form, effect: Effect) -> str:
    path = f"forms.{form.key}.effects.{effect.on}"
    studies = _informed(path)
    prior = "" if effect.prior is None else f", prior {_number(effect.prior)}"
    size = f"{_number(effect.size)} ({_number(effect.low)} to {_number(effect.high)}{prior})"
    return (
        f"| {effect.channel.meaning} | {size} | "
        f"{effect.label} | {', '.join(f'`{key}`' for key in studies) or '-'} | {', '.join(effect.source) or '-'} |"
    )


def _informed(path: str) -> list[str]:
    """Give the studies that say something about an effect."""
    return [trial.key for trial in shipped_trials().values() if path in trial.informs]


def _not_known(form: Form) -> str:
    """Say what no study tells of a form."""
    if not form.effects:
        return (
            "It has no effect of its own: it says what is lacking, which makes other forms fit. What it adds is an "
            "assumption (`assistance.lack_error`, `assistance.assessment_worth`); studies that give it with other "
            "forms tell nothing of it."
        )
    alone = [e.channel.meaning for e in form.effects if not _informed(f"forms.{form.key}.effects.{e.on}")]
    if len(alone) == len(form.effects):
        return "No causal study that the model could answer was found: every size here is an assumption."
    if not alone:
        return "Every effect has a study; how far these carry over to other places and times is not known."
    return f"No study is held against its effect on: {'; '.join(alone)}."


def _form(form: Form, rows: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield the lines on one form: what its effects rest on, published beside simulated, and what is not known."""
    yield f"### {form.name}"
    yield ""
    if form.effects:
        yield "| acts on | size (range) | label | studies it is held against | sources |"
        yield "|---|---|---|---|---|"
        yield from (_effect(form, effect) for effect in form.effects)
        yield ""
    if form.note:
        yield f"- Rests on: {form.note}"
    for trial in _studies_of(form.key) if form.effects else ():
        row = rows.get(trial.key)
        if row is None:
            continue
        reached = "" if row["reached"] is None else f"; of what the catalogue says {100 * row['reached']:.0f} % arrived"
        never = "" if trial.use == "fit" else " (never fitted)"
        asked = f"- `{trial.key}`{never}: {trial.question} {trial.estimand.capitalize()}"
        yield (
            f"{asked}: published {_ratio(row, 'published')}, simulated {_ratio(row, 'simulated')}: "
            f"{row['verdict']}{reached}. {trial.note}"
        )
    yield f"- Not known: {_not_known(form)}"
    yield ""


def _pulls(moved: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """Say how far each study moves what it moves most."""
    most: dict[str, Mapping[str, str]] = {}
    for row in moved:
        if row["trial"] not in most or abs(float(row["pull"])) > abs(float(most[row["trial"]]["pull"])):
            most[row["trial"]] = row
    yield from ("## How far each study pulls", "")
    yield fill(
        "The posterior of all studies less that without this one, in standard deviations of the latter, on the scale "
        "on which effects add up; of each study the effect that it moves most. Chance: posteriors that differ in "
        "nothing but the seed of their chains differ by 0.05 (root mean square over 60 effects), by 0.13 at most.",
        WIDTH,
    )
    yield from ("", "| study | effect of | on | pull |", "|---|---|---|---|")
    for row in sorted(most.values(), key=lambda row: -abs(float(row["pull"]))):
        _, form, _, channel, _ = row["effect"].split(".")
        of = f"{catalogue()[form].name} | {CHANNELS[channel].meaning}"
        yield f"| `{row['trial']}` | {of} | {float(row['pull']):+.2f} |"
    yield ""


def evidence_page(found: Mapping[str, Any], moved: Sequence[Mapping[str, str]] = ()) -> str:
    """Write the page.

    Parameters
    ----------
    found : mapping
        What ``r2psim trials --json`` printed.

    Returns
    -------
    str
        Markdown.
    """
    rows = {row["trial"]: row for row in found["trials"]}
    forms = catalogue()
    effects = [(form, effect) for form in forms.values() for effect in form.effects]
    informed = {path for trial in shipped_trials().values() for path in trial.informs}
    studied = sum(f"forms.{form.key}.effects.{effect.on}" in informed for form, effect in effects)
    drawn = len((read_effects() or ({},))[0])
    measured = f"r2psim trials --scenario {found['scenario']} --runs {found['runs']} --seed {found['seed']}"
    lines = [
        "# What the effects of assistance rest on",
        "",
        fill(
            f"The catalogue has {len(forms)} forms of assistance with {len(effects)} effects. For {studied} of them a "
            "published causal study says something about the size or the direction; the others are assumptions with a "
            f"range. {drawn} effects, those of which the studies tell more than chance in the draws, come from a joint "
            "posterior that was fitted to the studies (`r2psim calibrate --what effects`); their prior is kept beside. "
            "Of the others the studies tell so little, each in view of the bias that its design may have, that the "
            "prior stays. Labels:",
            WIDTH,
        ),
        "",
        *(f"- *{name}*: {meaning}." for name, meaning in LABELS.items()),
        "",
        fill(
            f"Published beside simulated was measured by `{measured}`: {found['numeric_overlapping']} of "
            f"{found['numeric']} sizes that may be fitted overlap the published interval widened by the bias of its "
            f"design, {found['directions_agreeing']} of {found['directions']} directions are met. A study is not the "
            "truth: it is selected, mostly observational, and from elsewhere; the widths of bias are assumptions "
            "(`r2psim/scenario/trials.toml`).",
            WIDTH,
        ),
        "",
    ]
    for category, name in CATEGORIES.items():
        lines += [f"## {name.capitalize()}", ""]
        for form in forms.values():
            if form.category == category:
                lines += _form(form, rows)
    lines += ["## Studies of no form", ""]
    for trial in shipped_trials().values():
        if not trial.forms and trial.key in rows:
            row = rows[trial.key]
            lines.append(
                f"- `{trial.key}`: {trial.question} Published {_ratio(row, 'published')}, simulated "
                f"{_ratio(row, 'simulated')}: {row['verdict']}. {trial.note}"
            )
    lines.append("")
    lines += _pulls(moved) if moved else []
    # Of an effect too, not only of a trial: no key in a table is left unexplained.
    cited = [trial.source for trial in shipped_trials().values()] + [effect.source for _, effect in effects]
    keys = sorted({key for source in cited for key in source})
    lines += ["## Sources", "", *(f"- `{key}`: {SOURCES[key]}" for key in keys), ""]
    return "\n".join(lines)


def main(found: Path, page: Path, pulls: Path | None = None) -> None:
    """Write the page to a file; with ``pulls.csv`` of a fit, how far each study moves the posterior too."""
    moved = list(csv.DictReader(pulls.read_text(encoding="utf-8").splitlines())) if pulls is not None else []
    page.write_text(evidence_page(json.loads(found.read_text(encoding="utf-8")), moved), encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
