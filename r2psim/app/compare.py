"""Compare: policies side by side under the same luck, run again as sliders move.

One file, though long: one page, with the parts of it that no other page shows.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import solara
from reacton.core import get_render_context

from r2psim.analysis.comparison import Comparison
from r2psim.analysis.findings import HEADLINE, METRIC_NAMES, bill, findings, headline, money
from r2psim.analysis.published_returns import carried, published_lines
from r2psim.app import charts
from r2psim.app.builder import OwnPolicies
from r2psim.app.doubts import Doubts
from r2psim.app.following import Shown, tell, use_runs
from r2psim.app.inputs import told
from r2psim.app.lever_map import LeverMap
from r2psim.app.levers import fields, levers_of, start_of
from r2psim.app.own_policies import file_name, file_text
from r2psim.app.page_parts import Markup, element, join, uncapital
from r2psim.app.plans import EACH, FEWEST, Plan, changed, first_plan, moved_by, plan_of, settings_of
from r2psim.app.runs import CURVES, Found, Setting, budget_of, setting_of
from r2psim.app.saving import Files, csv_of, report_of, saved
from r2psim.app.settings import current
from r2psim.app.sweep import Course, Sweep
from r2psim.app.watch import Choice, RefusedError, known_scenarios
from r2psim.app.widgets import Form, View
from r2psim.plots.style import plain
from r2psim.scenario import Scenario, ScenarioError
from r2psim.scenario.parameters import P
from r2psim.scenario.posterior import drawn_in
from r2psim.scenario.specs import baseline_of

__all__ = ["Page", "Plan", "comparison_of", "settings_of"]

YEAR = 12
KEPT_FIGURES = 64


def comparison_of(
    settings: tuple[Setting, ...], found: tuple[Found, ...], runs: int, baseline: str | None = None
) -> Comparison:
    """Set the first runs of some settings side by side, as ``r2psim compare`` does."""
    policies = tuple(s.policy for s in settings)

    def by_policy(name: str) -> dict[str, Any]:
        return {s.policy: getattr(f, name)[:runs] for s, f in zip(settings, found, strict=True)}

    full = setting_of(settings[0].scenario, settings[0].sets, settings[0].own)
    return Comparison(
        scenario=full.name,
        title=full.title,
        policies=policies,
        baseline=baseline or baseline_of(policies),
        runs=runs,
        seed=settings[0].seed,
        months=YEAR * full.years,
        metrics=by_policy("metrics"),
        null_metrics=by_policy("null_metrics"),
        ledgers=by_policy("ledgers"),
        null_ledgers=by_policy("null_ledgers"),
        discount=float(full.parameter_values()[P.accounts_discount_rate]),
        spending={},
        forms={key: form.name for key, form in full.forms.items()},
        budgets={s.policy: budget_of(s) for s in settings},
        uncertainty=settings[0].uncertainty,
        drawn=drawn_in(full, settings[0].uncertainty),
    )


def curves_of(shown: Shown) -> dict[str, dict[str, Any]]:
    """Give the curves of what is shown, by policy and series."""
    return {
        s.policy: {name: curve[: shown.runs] for name, curve in f.curves.items()}
        for s, f in zip(shown.settings, shown.found, strict=True)
    }


class Drawn:
    """Figures of what is shown: those that are looked at first at once, the others when they are asked for.

    Attributes
    ----------
    comparison : Comparison
        Of what.
    settings : tuple of Setting
        Whose results they are, of however many runs.
    policy : str
        The policy that is told in detail.
    words, fans, apart : Markup, dict of str to Markup, Markup
        Verdicts, fans of runs by series, and paired differences.
    """

    def __init__(self, shown: Shown, comparison: Comparison, policy: str) -> None:
        self.settings, self.comparison, self.policy = shown.settings, comparison, policy
        self.words = _verdict(comparison, policy)
        self.fans = charts.fans(curves_of(shown), comparison.months)
        self.apart = charts.differences(comparison, policy)
        self._lock = threading.Lock()
        self._later: tuple[Markup, Markup] | None = None

    @property
    def of(self) -> tuple[tuple[Setting, ...], str, str]:
        """What they tell of, in however many runs."""
        return self.settings, self.policy, self.comparison.baseline

    @property
    def complete(self) -> bool:
        """Whether what is drawn later is there."""
        return self._later is not None

    def later(self) -> tuple[Markup, Markup]:
        """Give all that was found in sentences, and the tables of money."""
        with self._lock:
            if self._later is None:
                self._later = _sentences(self.comparison), _money(self.comparison)
            return self._later


class _Figures:
    """Figures that were drawn last, for whoever looks at the same."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._drawn: OrderedDict[tuple, Drawn] = OrderedDict()

    def of(self, shown: Shown, plan: Plan) -> Drawn:
        """Give the figures of what is shown."""
        against = plan.against if any(s.policy == plan.against for s in shown.settings) else None
        key = (shown.settings, shown.runs, against, plan.examined)
        with self._lock:
            if key in self._drawn:
                self._drawn.move_to_end(key)
                return self._drawn[key]
        comparison = comparison_of(shown.settings, shown.found, shown.runs, against)
        examined = plan.examined if plan.examined in comparison.others else comparison.others[-1]
        drawn = Drawn(shown, comparison, examined)
        with self._lock:
            self._drawn[key] = drawn
            while len(self._drawn) > KEPT_FIGURES:
                self._drawn.popitem(last=False)
        return drawn


FIGURES = _Figures()


UNKNOWNS = {
    "none": "Luck only",
    "rates": "Luck and unknown rates",
    "effects": "Luck and unknown effects",
    "all": "Luck, unknown rates and effects",
}
"""What runs differ in, by what each of them draws for itself."""

DRAWN = {
    "rates": "over what is not known of the calibrated rates",
    "effects": "over what is not known of the effects of assistance",
    "all": "over what is not known of the calibrated rates and of the effects of assistance",
}
"""What a verdict holds over, beside luck, where runs draw for themselves."""

VERDICT = (*HEADLINE, "total_cost")
"""What the sentence of each policy tells: the donors' bill stands beside total cost."""


def verdicts(comparison: Comparison, policy: str) -> dict[str, str]:
    """Say in one sentence for each policy what it brought against the baseline, that of ``policy`` first."""
    order = [policy, *(name for name in comparison.others if name != policy)]
    # Where nothing was bought, what it cost all the same is told.
    cost = {name: bill(comparison, name) if comparison.no_effects else [] for name in order}
    under = f" ({DRAWN[comparison.uncertainty]})" if comparison.uncertainty != "none" else ""
    return {
        name: " ".join([f"{headline(comparison, name, VERDICT, doubts=True)}{under}.", *cost[name]]) for name in order
    }


def _allotted(comparison: Comparison) -> str:
    """Say where policies may not spend alike; what they spend stands in their sentences."""
    apart = [name for name in comparison.others if not comparison.same_budget(name)]
    if not apart:
        return ""
    named = [f"{name} {money(comparison.budgets[name])}" for name in (comparison.baseline, *apart)]
    return f" They may not spend alike: allotted a year are {', '.join(named)}."


def _intervals_note(comparison: Comparison) -> str:
    """Say what the intervals hold: luck alone, or what is not known too."""
    if comparison.uncertainty == "none":
        held = "of luck alone: parameters and effects are taken as known"
    else:
        held = f"of luck and of what is not known ({carried(comparison.uncertainty)}; the same for all policies)"
    return f"Means of all runs; in brackets their 95 % intervals, {held}. {HEADLINE_NOTE}"


def _verdict(comparison: Comparison, policy: str) -> Markup:
    """Say what was found: of every policy in a sentence."""
    first, *others = verdicts(comparison, policy).values()
    return join(
        (
            element("p", first, class_="r2p-headline"),
            *(element("p", said, class_="r2p-verdict") for said in others),
            element("p", _intervals_note(comparison), _allotted(comparison), class_="r2p-note"),
        )
    )


def _sentences(comparison: Comparison) -> Markup:
    """Say all that was found."""
    parts: list[Markup] = []
    points: list[str] = []
    beside = comparison.others if comparison.uncertainty != "none" else ()
    published = [line for name in beside for line in ("", *published_lines(comparison, name))]
    for line in [*findings(comparison), *published, ""]:
        if line.startswith("- "):
            points.append(line.removeprefix("- "))
            continue
        if points:
            parts.append(element("ul", *(element("li", point) for point in points), class_="r2p-list"))
            points = []
        if line:
            parts.append(element("p", line))
    return element("details", element("summary", "In sentences"), *parts)


@solara.component_vue("link.vue")
def _Link(query: str, action: str) -> None:
    """Offer to copy the link that leads to what is shown."""


@solara.component
def Page() -> None:
    """Show the comparison that the address names."""
    solara.Title("Compare - r2psim")
    router = solara.use_router()

    def opened() -> tuple[Plan, str]:
        try:
            return plan_of(router.search), ""
        except (RefusedError, ScenarioError) as error:
            return first_plan(), f"{error}. What is shown is what this page opens with."

    plan, refused = solara.use_memo(opened, [router.search])
    # What was said of a choice is said as long as that choice is looked at.
    said, set_said = solara.use_state((None, "", ""))
    problem, left = said[1:] if said[0] == router.search else ("", "")
    base = setting_of(plan.scenario, (), plan.own)
    start = solara.use_memo(lambda: start_of(base, plan.examined), [plan.scenario, plan.own, plan.examined])
    settings = settings_of(plan)
    shown, goal, trouble, there = use_runs(settings, plan.runs)

    context = get_render_context()

    def go(wanted: Plan, note: str = "") -> None:
        # Together: the page is drawn anew once.
        with context:
            set_said((wanted.query(), "", note))
            if wanted != plan or refused:
                router.push(f"/compare?{wanted.query()}")

    def asked(values: dict[str, Any]) -> None:
        try:
            go(*changed(values, plan))
        except (RefusedError, ScenarioError) as error:
            set_said((router.search, str(error), ""))

    View(html=element("h1", "Compare policies under the same luck"))
    Form(label="What is compared", fields=_plan_fields(plan, base), event_change=asked)
    told(problem or refused or trouble)
    OwnPolicies(plan, base, go).key(f"own {plan.scenario}")
    View(html=element("p", left, class_="r2p-note", role="status") if left else Markup())
    Form(
        label="Sliders",
        fields=fields(start | dict(plan.moved), plan.examined, base, plan.also),
        event_change=lambda values: go(moved_by(values, plan)),
    )
    trail = solara.use_memo(Trail, [])
    trail.see(plan)
    _moved_note(plan, base, trail, go)
    fresh = shown is not None and shown.settings == settings
    drawn, last = _use_figures(shown, plan)
    have = shown.runs if fresh and shown is not None else 0
    # All is there when all is drawn.
    ready = have if drawn is not None and drawn is last else min(have, (goal or plan.runs) - 1)
    # The one is read aloud, and changes when there is something to say; the other is looked at.
    View(html=_status(ready, goal or plan.runs, plan))
    View(html=_meter(ready, there, goal or plan.runs))
    if shown is not None and drawn is not None:
        _Results(shown, drawn, last, fresh, plan, go).key("results")
    _Panels(plan, Course(settings, plan.examined, plan.against, start | dict(plan.moved), start), go)
    # It has as many runs as the figures above it, also while more are on their way, and where fewer can be made.
    same = plan.command(have if have >= FEWEST else (min(goal, plan.runs) if goal else None))
    file = file_name(plan.scenario, plan.own) if plan.own else ""
    beside = f", beside the file {file} that 'Download policies' saves" if file else ""
    View(html=element("p", f"The same numbers on the command line{beside}: ", element("code", same), class_="r2p-note"))
    _Saving(shown, fresh, plan, same)
    _Link(query=plan.query(), action="Copy link to this page")


def _plan_fields(plan: Plan, base: Any) -> list[dict[str, Any]]:
    most = current().limits.policies
    return [
        {
            "key": "scenario",
            "label": "Scenario",
            "kind": "select",
            "value": plan.scenario,
            "options": [(name, name) for name in known_scenarios()],
            "help": base.title,
        },
        {
            "key": "runs",
            "label": "Runs of each",
            "kind": "number",
            "value": str(plan.runs),
            "low": FEWEST,
            "high": current().limits.runs,
            "step": 1,
            "help": f"{FEWEST} to {current().limits.runs:,}. The first figures come after a few runs and are refined.",
        },
        {
            "key": "seed",
            "label": "Seed",
            "kind": "text",
            "value": str(plan.seed),
            "help": "Of all chance. Every policy meets the same triggers in the same run.",
        },
        {
            "key": "uncertainty",
            "label": "Runs differ in",
            "kind": "select",
            "value": plan.uncertainty,
            "options": list(UNKNOWNS.items()),
            "help": "Luck only: all runs have the same parameters and effects. Otherwise every run draws for itself "
            "what is not known of them, the same under every policy; what was set by a slider or a policy stays.",
        },
        {
            "key": "policies",
            "label": f"Policies, two to {most}",
            "kind": "check",
            "value": list(plan.policies),
            "options": [(name, name) for name in base.policies],
            "low": 2,
            "high": most,
        },
        {
            "key": "baseline",
            "label": "Baseline",
            "kind": "select",
            "value": plan.against,
            "options": [(name, name) for name in plan.policies],
            "help": "Every other policy is told against it.",
        },
        {
            "key": "of",
            "label": "Told in detail",
            "kind": "select",
            "value": plan.examined,
            "options": [(name, name) for name in plan.others],
            "help": "Of this policy there are paired differences, the dots of runs, and a slider of its own.",
        },
    ]


class Trail:
    """How the sliders of one page were moved: to undo the last change, and to do it again.

    Examples
    --------
    >>> trail, plan = Trail(), Plan("seminar", ("late-response", "prevention"))
    >>> trail.see(plan)
    >>> trail.see(replace(plan, moved=(("effect", 0.5),)))
    >>> trail.before(), trail.after()
    ((), None)
    """

    def __init__(self) -> None:
        self._of: tuple[Any, ...] = ()
        self._stood: list[tuple[tuple[str, float], ...]] = []
        self._at = -1

    def see(self, plan: Plan) -> None:
        """Note where the sliders stand; of another world, or another policy that has its own, begin anew."""
        of = plan.scenario, plan.examined, plan.also
        if of != self._of:
            self._of, self._stood, self._at = of, [], -1
        if self._at >= 0 and self._stood[self._at] == plan.moved:
            return
        # One step back or forth is undoing and doing again, whichever way it was gone: by a button or by Back.
        for at in (self._at - 1, self._at + 1):
            if 0 <= at < len(self._stood) and self._stood[at] == plan.moved:
                self._at = at
                return
        self._stood[self._at + 1 :] = [plan.moved]
        self._at = len(self._stood) - 1

    def before(self) -> tuple[tuple[str, float], ...] | None:
        """Give where the sliders stood before the last change; None where there was none."""
        return self._stood[self._at - 1] if self._at > 0 else None

    def after(self) -> tuple[tuple[str, float], ...] | None:
        """Give where they stood before the change that was undone last; None where none was."""
        return self._stood[self._at + 1] if self._at + 1 < len(self._stood) else None


def _moved_note(plan: Plan, base: Scenario, trail: Trail, go: Callable[[Plan], None]) -> None:
    """Say which sliders were moved, and offer to undo the last change, to do it again, and to put all back."""
    ways = {
        "undo": ("Undo last change", trail.before()),
        "replay": ("Replay last change", trail.after()),
        "back": ("Put all sliders back", () if plan.moved else None),
    }
    buttons = [
        element(
            "button", words, type="button", data_pick=name, disabled="" if to is None else None,
            class_="r2p-button r2p-quiet",
        )
        for name, (words, to) in ways.items()
    ]  # fmt: skip
    levers = levers_of(base, plan.also)
    names = ", ".join(uncapital(levers[key].named(plan.examined)) for key, _ in plan.moved)
    said = f"Moved: {names}. " if names else "No slider is moved. "

    def pick(name: str) -> None:
        to = ways[name][1] if name in ways else None
        if to is not None:
            go(replace(plan, moved=to))

    View(html=element("p", said, *(join((button, " ")) for button in buttons), class_="r2p-note"), event_pick=pick)


def _status(have: int, goal: int, plan: Plan) -> Markup:
    """Say that runs are on their way, that the first are there, and that all are: that is all that is read aloud."""
    if have >= goal > 0:
        said = f"{have:,} runs of each policy"
        if goal < plan.runs:
            said += f" (a run of this world takes too long for {plan.runs:,} here; the command line makes any number)"
        return element("p", said, ".", class_="r2p-note", role="status", data_id="status", data_done="yes")
    said = f"First figures; they are refined up to {goal:,} runs." if have else "The first runs are on their way ..."
    return element("p", said, class_="r2p-note", role="status", data_id="status", data_done="no")


def _meter(have: int, there: int, goal: int) -> Markup:
    """Show how far the runs are; nothing when all are there."""
    if have >= goal > 0:
        return Markup()
    meter = element("progress", max=goal or 1, value=max(have, there), aria_label="Runs")
    seen = f"the figures show {have:,}" if have else "no figures yet"
    return element("p", meter, f" {max(have, there):,} of {goal:,} runs of each policy; {seen}.", class_="r2p-note")


def _before(shown: Shown, plan: Plan) -> Markup:
    """Say of what figures are that are not yet those of what was chosen."""
    first = shown.settings[0]
    sets = sorted({text for s in shown.settings for text in s.sets})
    moved = f", with {', '.join(sets)}" if sets else ", nothing moved"
    drawn = "" if first.uncertainty == "none" else f", {uncapital(UNKNOWNS[first.uncertainty])}"
    named = f"{first.scenario}, seed {first.seed}, {', '.join(s.policy for s in shown.settings)}{moved}{drawn}"
    said = f"All below is still of what was chosen before ({named}; {shown.runs:,} runs)."
    return element("p", element("strong", said), " The new figures are on their way.", class_="r2p-before")


def _money(comparison: Comparison) -> Markup:
    """Tabulate ledgers, and what a further dollar of prevention saved under each policy."""
    returned = [
        saved(f"return-{policy}", f"what a further dollar saved under {policy}", charts.returns(comparison, policy))
        for policy in comparison.others
    ]
    return join((saved("ledgers", "ledgers", charts.ledger_table(comparison)), *returned))


@solara.component
def _Panels(plan: Plan, now: Course, go: Callable[[Plan], None]) -> None:
    """Offer what takes runs of its own: ways along sliders, what would change the verdict, and a map."""
    Sweep(
        plan.scenario, now, plan.along, plan.along_in,
        lambda lever, metric: go(replace(plan, along=lever, along_in=metric)),
    ).key(f"sweep {plan.scenario}")  # fmt: skip
    Doubts(
        now, plan.doubt, plan.doubted, lambda metric, path: go(replace(plan, doubt=metric, doubted=path))
    ).key(f"doubts {plan.scenario}")  # fmt: skip
    LeverMap(
        plan.scenario, now, plan.mapped, plan.pays, lambda keys, ledger: go(replace(plan, mapped=keys, pays=ledger))
    ).key(f"map {plan.scenario}")  # fmt: skip


@solara.component
def _Saving(shown: Shown | None, fresh: bool, plan: Plan, command: str) -> None:
    """Save figures and their numbers, and the page as a report."""
    answer, set_answer = solara.use_state({})
    gone = solara.use_memo(threading.Event, [])
    solara.use_effect(lambda: gone.set, [])
    stem = f"{Path(plan.scenario).stem}-{plan.examined}"

    def ask(name: str) -> None:
        if shown is None or not isinstance(name, str):
            return
        drawn = FIGURES.of(shown, plan)
        comparison, policy = drawn.comparison, drawn.policy
        kind, _, figure = name.partition(":")
        if kind == "csv":
            content = csv_of(figure, comparison, curves_of(shown), policy, plan.metric)
            set_answer({"file": f"{stem}-{figure}.csv", "kind": "text/csv", "content": content, "number": monotonic()})
        elif kind == "report" and fresh:
            facts = [("seed", str(plan.seed)), ("address", f"/compare?{plan.query()}")]
            file = (
                f"\n\n# {file_name(plan.scenario, plan.own)}:\n{file_text(plan.scenario, plan.own)}" if plan.own else ""
            )
            setting = shown.settings[0]
            world = setting_of(setting.scenario, setting.sets, setting.own)

            def make() -> None:
                content = report_of(comparison, world, policy, command + file, facts)
                tell(gone, set_answer, {"file": f"{stem}.html", "kind": "text/html", "content": content,
                                        "number": monotonic()})  # fmt: skip

            threading.Thread(target=make, daemon=True).start()

    View(
        html=element(
            "p", element("button", "Save the page as a report", type="button", class_="r2p-button r2p-quiet",
                         data_save="report", disabled=None if fresh else ""),
        )
    )  # fmt: skip
    source = command if fresh else "figures of what was chosen before"
    Files(stem=stem, source=source, answer=answer, event_ask=ask)


def _use_figures(shown: Shown | None, plan: Plan) -> tuple[Drawn | None, Drawn | None]:
    """Draw what is shown: first what is looked at first, and when that is on its way the rest.

    Returns
    -------
    drawn : Drawn or None
        Of what is shown.
    last : Drawn or None
        The last that is complete; the same when nothing is to be drawn any more.
    """
    last: list[Drawn | None] = solara.use_memo(lambda: [None], [])
    _, set_complete = solara.use_state(None)
    drawn = FIGURES.of(shown, plan) if shown is not None else None
    if drawn is not None and drawn.complete:
        last[0] = drawn

    def rest() -> None:
        if drawn is not None and not drawn.complete:
            drawn.later()
            set_complete(drawn)

    solara.use_effect(rest, [drawn])
    return drawn, last[0]


@solara.component
def _Results(
    shown: Shown, drawn: Drawn, last: Drawn | None, fresh: bool, plan: Plan, go: Callable[[Plan], None]
) -> None:
    """Show what was found.

    Parameters
    ----------
    shown, drawn : Shown, Drawn
        Results, and their figures.
    last : Drawn or None
        The last figures that are complete: of these is what stands below the first, till it is drawn too.
    fresh : bool
        Whether they are of what was chosen.
    plan, go
        What was chosen; told what is chosen then.
    """
    router = solara.use_router()
    metric, run = plan.metric, plan.run
    comparison = drawn.comparison
    chosen = run if 0 <= run < comparison.runs else None
    below = last if last is not None else drawn
    # Of fewer runs of the same they are not dimmed, which would make them flicker at every refinement.
    current = below.of == drawn.of
    sentences, paid = below.later() if last is not None else (Markup(), Markup())
    # Drawn once for what is shown: a slider that moves dims it and draws nothing.
    every = solara.use_memo(
        lambda: charts.each_run(below.comparison, metric, below.policy, chosen), [below, metric, chosen]
    )

    def pick(name: str) -> None:
        kind, _, key = name.partition(":")
        if kind == "run" and key.isdigit() and int(key) < shown.runs:
            go(replace(plan, run=int(key)))
        elif kind == "watch" and key in comparison.policies and run >= 0 and comparison.uncertainty == "none":
            place = comparison.policies.index(key)
            s = shown.settings[place]
            router.push(f"/explore?{Choice(s.scenario, s.policy, s.seed, run, s.sets, s.own).query(0)}")

    def look(values: dict[str, Any]) -> None:
        number = str(values.get("run", "")).strip()
        known = number.isascii() and number.isdigit() and len(number) <= 9 and int(number) < shown.runs
        chosen_metric = values["metric"] if values.get("metric") in EACH else metric
        go(replace(plan, metric=chosen_metric, run=int(number) if known else -1 if not number else run))

    with solara.v.Html(tag="div", class_="r2p-results" if fresh else "r2p-results r2p-stale"):
        View(html=Markup() if fresh else _before(shown, plan))
        View(html=drawn.words)
        with solara.v.Html(tag="div", class_="" if current else "r2p-stale"):
            View()
            View(html=sentences)
        with solara.v.Html(tag="div", class_="r2p-halves"):
            fans = [saved(f"fan-{name}", CURVES[name][0].lower(), fan) for name, fan in drawn.fans.items()]
            View(html=element("h2", "Fans of runs") + join(fans) + FAN_NOTE)
            View(html=element("h2", "Paired differences") + saved("differences", "paired differences", drawn.apart))
    with solara.v.Html(tag="div", class_="r2p-results" if fresh and current else "r2p-results r2p-stale"):
        View()
        View(html=element("h2", "Money") + paid)
        View(html=element("h2", "Every run"))
        Form(
            label="Runs",
            fields=[
                {
                    "key": "metric",
                    "label": "Difference in",
                    "kind": "select",
                    "value": metric,
                    "options": [(m, plain(METRIC_NAMES[m][0])) for m in EACH],
                },
                {
                    "key": "run",
                    "label": "Run",
                    "kind": "text",
                    "value": str(run) if run >= 0 else "",
                    "help": f"A number from 0 to {shown.runs - 1}, or pick a dot.",
                },
            ],
            event_change=look,
        )
        View(
            html=saved("runs", "the difference of every run", element("figure", every, class_="r2p-figure"))
            + EACH_NOTE,
            event_pick=pick,
        )
        if chosen is not None:
            View(html=charts.run_card(below.comparison, chosen), event_pick=pick)


HEADLINE_NOTE = (
    "The donors' bill is prevention and response together; total cost adds what hosts of refugees pay and what the "
    "states themselves lose."
)

FAN_NOTE = element(
    "p", "Line: mean of all runs; thin dashed lines: means under the other policies. Inner band: half of the runs; "
    "outer band: nine tenths. A count stands for all values that round to it: so bands do not jump.",
    class_="r2p-note",
)  # fmt: skip

EACH_NOTE = element(
    "p", "A dot is a run: the same triggers struck under both policies. Large differences are drawn closer together "
    "than small ones. Pick one to see it and to watch it.", class_="r2p-note",
)  # fmt: skip
