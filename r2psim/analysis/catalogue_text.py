"""The catalogue of assistance for readers: a table of all forms, and a page for one with its sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from textwrap import wrap

from rich.table import Table

from r2psim.declarations.channels import KINDS, MANDATES
from r2psim.declarations.columns import STAGES
from r2psim.scenario.catalogue import CATEGORIES, LEDGERS, SCOPES, Effect, Form
from r2psim.scenario.forms import WAITS
from r2psim.scenario.parameters import LABELS, PARAMETERS, SOURCES
from r2psim.terminal import styled

__all__ = ["catalogue_table", "dollars", "form_page", "size_text"]

_HEAD = 19
"""Width of the column of headings on a page."""


def dollars(amount: float) -> str:
    """Write an amount so that its size is seen at once.

    Examples
    --------
    >>> dollars(4.8e8), dollars(1.5e9), dollars(3e5), dollars(900)
    ('480 m', '1.5 bn', '0.3 m', '900')
    """
    for least, size, unit in ((1e9, 1e9, " bn"), (1e5, 1e6, " m")):
        if amount >= least:
            return f"{amount / size:.4g}{unit}"
    return f"{amount:,.0f}"


def size_text(effect: Effect, *, to: str = " to ") -> str:
    """Write the size of an effect and its range: a factor with an x, an amount with its sign.

    Examples
    --------
    >>> from r2psim.scenario.catalogue import catalogue
    >>> [size_text(effect) for effect in catalogue()["judiciary"].effects]
    ['+0.2 (0 to +0.35)', 'x1.1 (0.9 to 1.5)']
    """
    factor = effect.channel.kind == "multiplier"
    size, low, high = (f"{x:g}" if factor or not x else f"{x:+g}" for x in (effect.size, effect.low, effect.high))
    return f"{'x' if factor else ''}{size} ({low}{to}{high})"


# -- all forms ---------------------------------------------------------------------------------------------------------


def catalogue_table(forms: Mapping[str, Form]) -> Table:
    """Give a table with a line for each form, grouped by category; it fits into 110 columns.

    Parameters
    ----------
    forms : mapping of str to Form
        By key, as `r2psim.scenario.catalogue.catalogue` gives them.

    Returns
    -------
    rich.table.Table
        Cost in US$ a year in one state; lag and half-life in months; first and last stage; dependence on consent and
        share left under a perpetrating government (0-1); the first effect with its range, how many more there are, and
        ``!`` where a range includes harm.
    """
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, caption=_CAPTION, caption_justify="left")
    table.add_column("form", no_wrap=True, overflow="ellipsis", max_width=26)
    for title in ("US$/year", "lag", "half", "stage", "cons.", "perp."):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column(" acts on, at full strength (range)", no_wrap=True, overflow="ellipsis", max_width=47)
    for category, title in CATEGORIES.items():
        chosen = [form for form in forms.values() if form.category == category]
        if chosen:
            table.add_row(styled((title, "bold")))
        for form in chosen:
            table.add_row(*_cells(form))
    return table


_CAPTION = (
    "lag, half: months to the full effect, months in which it halves without money. stage: of the state.\n"
    "cons.: dependence on consent. perp.: share left where the government is a perpetrator.\n"
    "+n: more effects. !: a range includes harm; every range includes no effect.\n"
    "In a file: category = " + ", ".join(f'"{key}"' for key in CATEGORIES)
)


def _cells(form: Form) -> Iterator[str]:
    yield f" {form.key}"
    yield dollars(form.unit_cost)
    yield f"{form.lag:g}"
    yield f"{form.half_life:g}"
    yield "-".join(str(stage) for stage in dict.fromkeys(form.stages))
    yield f"{form.consent:g}"
    yield f"{form.under_perpetrator:g}"
    if form.effects:
        first, *others = form.effects
        more = f" +{len(others)}" if others else ""
        harm = " !" if any(effect.harm is not None for effect in form.effects) else ""
        yield f" {first.on} {size_text(first, to='..')}{more}{harm}"
    else:
        yield " nothing by itself"


# -- one form ----------------------------------------------------------------------------------------------------------


def form_page(form: Form, width: int = 100) -> str:
    """Say everything about one form, with its sources in full.

    Parameters
    ----------
    form : Form
        A form.
    width : int
        Characters in a line, at least 60.

    Returns
    -------
    str
        Lines without a trailing line break.
    """
    section = f"; report A/68/947, section {form.report}" if form.report else ""
    lines = _wrapped(f"{form.name} ({form.key})", width)
    lines += [*_wrapped(f"{CATEGORIES[form.category]}{_in_a_file(form)}{section}", width), ""]
    if form.description:
        lines += [*_wrapped(form.description, width), ""]
    for head, text in _facts(form):
        lines += _item(head, text, width)
    lines += ["", *_acts_on(form, width)]
    lines += ["", *_item("in a file", _where_to_write(form), width)]
    if form.note:
        lines += ["", *_item("what is known", form.note, width)]
    lines += ["", *_item("labels", "; ".join(f"{label}: {LABELS[label]}" for label in _labels(form)), width)]
    cited = dict.fromkeys([*form.source, *(key for effect in form.effects for key in effect.source)])
    for i, key in enumerate(cited):
        lines += _item("" if i else "sources", f"[{key}] {SOURCES[key]}", width)
    return "\n".join(lines)


def _in_a_file(form: Form) -> str:
    """Say what a scenario file calls its category, where that is another word."""
    return "" if CATEGORIES[form.category] == form.category else f" (category {form.category})"


def _wrapped(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    return wrap(text, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)


def _item(head: str, text: str, width: int) -> list[str]:
    return _wrapped(text, width, head.ljust(_HEAD), " " * _HEAD)


def _where_to_write(form: Form) -> str:
    """Name the tables of a scenario file that change a form, and the paths of --set."""
    table = f"[forms.{form.key}] changes it, by keys such as unit_cost"
    if not form.effects:
        return table
    first = f"forms.{form.key}.effects.{form.effects[0].on}"
    return f"{table}; [{first}] has size, low and high of an effect; --set {first}.size={form.effects[0].size:g}"


def _labels(form: Form) -> dict[str, None]:
    return dict.fromkeys([form.label, *(effect.label for effect in form.effects)])


def _evidence(label: str, source: tuple[str, ...]) -> str:
    return " ".join([label, *(f"[{key}]" for key in source)])


def _facts(form: Form) -> Iterator[tuple[str, str]]:
    first, last = form.stages
    stages = f"stage {first} ({STAGES[first]})" + (f" to {last} ({STAGES[last]})" if last > first else "")
    yield "where", f"{stages} of the state, {SCOPES[form.scope]}"
    for i, tag in enumerate(form.providers):
        yield "" if i else "who", f"{tag}: {MANDATES[tag]}"
    yield "cost", f"US$ {dollars(form.unit_cost)} a year in one state, for the full effect"
    yield "counted as", f"{form.ledger} ({LEDGERS[form.ledger]})"
    yield "time", f"{_months(form.lag)} to the full effect; it halves every {_months(form.half_life)} without money"
    yield "known by", f"{_evidence(form.label, form.source)}: cost and time, by the weakest of them"
    needed = "begins with one; without it, it works worse and is less owned" if form.needs_assessment else "not needed"
    yield "needs assessment", needed
    yield "delivers", _delivers(form)
    if form.waits_for != "nothing":
        yield "waits", WAITS[form.waits_for]
    if heads := form.troops + form.police + form.civilians:
        kinds = (("troops", form.troops), ("police", form.police), ("civilians", form.civilians))
        who = ", ".join(f"{number:,.0f} {kind}" for kind, number in kinds if number)
        yield "deploys", f"{who}, at US$ {dollars(form.unit_cost / heads)} a head and year"
    yield "consent", f"{form.consent:g} ({_consent(form.consent)})"
    yield (
        "perpetrator",
        f"{form.under_perpetrator:.0%} of the effect is left where the government is itself a perpetrator",
    )
    yield "backlash", f"{form.backlash:.0%} of programmes backfire if they are not screened"


def _delivers(form: Form) -> str:
    """Say what share of its effects a fully funded form delivers, by the government's willingness."""
    reference = PARAMETERS["assistance.reference_willingness"].default
    most = PARAMETERS["assistance.quality_most"].default
    usual = 1.0 - form.consent * (1.0 - reference)

    def share(willing: float) -> str:
        return f"{min(most, (1.0 - form.consent * (1.0 - willing)) / usual):.0%}"

    assessed = ", with a needs assessment" if form.needs_assessment else ""
    if form.consent == 0.0:
        return f"100 % of what stands below, fully funded, whatever the government's willingness{assessed}"
    return (
        (
            f"100 % of what stands below, fully funded, at willingness {reference:g} as in the studies{assessed}; "
            f"{share(1.0)} at full willingness, {share(0.0)} at none"
        )
        .replace("%", " %")
        .replace("  %", " %")
    )


def _months(months: float) -> str:
    return f"{months:g} month" + ("" if months == 1 else "s")


def _consent(consent: float) -> str:
    if consent in (0.0, 1.0):
        return f"{'stops' if consent else 'works all the same'} without the government's consent"
    return "works worse without the government's consent; 0: all the same, 1: it stops"


def _acts_on(form: Form, width: int) -> list[str]:
    if not form.effects:
        return _item("acts on", "nothing by itself; other forms build on it", width)
    kinds = dict.fromkeys(effect.channel.kind for effect in form.effects)
    meant = "; ".join(f"{'x' if kind == 'multiplier' else '+ or -'}: {KINDS[kind]}" for kind in kinds)
    lines = _item("acts on", meant, width)
    for effect in form.effects:
        lines.append(f"  {effect.on}  {size_text(effect)}")
        for text in (
            f"{effect.channel.meaning}: {_change(effect)} at full strength",
            _none_and_harm(effect),
            _evidence(effect.label, effect.source),
        ):
            lines += _wrapped(text, width, " " * 6, " " * 8)
    return lines


def _change(effect: Effect) -> str:
    """Say what the size of an effect is in plain words.

    Examples
    --------
    >>> from r2psim.scenario.catalogue import catalogue
    >>> [_change(effect) for effect in catalogue()["judiciary"].effects]
    ['0.2 higher', '10 % more']
    """
    change = effect.size - effect.channel.none
    if not change:
        return "no change"
    if effect.channel.kind == "multiplier":
        return f"{abs(change) * 100:.3g} % {'more' if change > 0 else 'less'}"
    return f"{abs(change):g} {'higher' if change > 0 else 'lower'}"


def _none_and_harm(effect: Effect) -> str:
    mark = "x" if effect.channel.kind == "multiplier" else ""
    beyond = "above" if effect.channel.helps == "less" else "below"
    text = f"none would be {mark}{effect.channel.none:g}, harm {beyond} that: "
    if effect.harm is None:
        return f"{text}not in the range"
    return f"{text}the range goes to {mark}{effect.harm:g}"
