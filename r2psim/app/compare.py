"""Compare: policies side by side under the same luck, run again as sliders move."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import solara

from r2psim.analysis.comparison import Comparison
from r2psim.analysis.findings import METRIC_NAMES, findings, headline
from r2psim.app import charts
from r2psim.app.following import Shown, use_runs
from r2psim.app.inputs import told
from r2psim.app.levers import LEVERS, fields, sets_of, start_of
from r2psim.app.markup import Markup, element, join
from r2psim.app.reserved import free_seed, why_not
from r2psim.app.runs import Found, Setting, budget_of, setting_of
from r2psim.app.settings import current
from r2psim.app.sweep import Sweep
from r2psim.app.watch import Choice, RefusedError, known_scenarios
from r2psim.app.widgets import Form, View
from r2psim.plots.style import plain
from r2psim.scenario import ScenarioError

__all__ = ["Page", "Plan", "comparison_of", "settings_of"]

YEAR = 12
USUAL = ("late-response", "prevention")
RUNS = (200, 500, 1000)
KEPT_FIGURES = 64


@dataclass(frozen=True)
class Plan:
    """What is compared.

    Attributes
    ----------
    scenario : str
        World.
    policies : tuple of str
        Two to four, in the order of the scenario; the last is examined, the others are what it is set against.
    seed, runs : int
        Luck, and runs of each policy.
    moved : tuple of (str, float)
        Sliders that do not stand where they started.
    """

    scenario: str
    policies: tuple[str, ...]
    seed: int = 1
    runs: int = 1000
    moved: tuple[tuple[str, float], ...] = ()

    @property
    def examined(self) -> str:
        """The policy that has sliders of its own."""
        return "prevention" if "prevention" in self.policies else self.policies[-1]

    def command(self) -> str:
        """Write the command line that computes the same numbers."""
        sets = sorted({text for s in settings_of(self) for text in s.sets})
        changed = "".join(f" --set {text}" for text in sets)
        return (
            f"r2psim compare {self.scenario} --policies {','.join(self.policies)} --runs {self.runs} "
            f"--seed {self.seed}{changed} --json"
        )


def settings_of(plan: Plan) -> tuple[Setting, ...]:
    """Give the setting of each policy of a plan."""
    base = setting_of(plan.scenario, ())
    start = start_of(base, plan.examined)
    values = start | dict(plan.moved)
    return tuple(
        Setting(plan.scenario, policy, plan.seed, sets_of(values, start, policy, plan.examined))
        for policy in plan.policies
    )


def comparison_of(settings: tuple[Setting, ...], found: tuple[Found, ...], runs: int) -> Comparison:
    """Set the first runs of some settings side by side, as ``r2psim compare`` does."""
    full = setting_of(settings[0].scenario, settings[0].sets)
    return Comparison(
        scenario=full.name,
        title=full.title,
        policies=tuple(s.policy for s in settings),
        runs=runs,
        seed=settings[0].seed,
        months=YEAR * full.years,
        metrics={s.policy: f.metrics[:runs] for s, f in zip(settings, found, strict=True)},
        spending={},
        forms={key: form.name for key, form in full.forms.items()},
        budgets={s.policy: budget_of(s) for s in settings},
    )


class _Figures:
    """Figures that were drawn last, for whoever looks at the same."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._drawn: OrderedDict[tuple, tuple[Comparison, Markup, Markup]] = OrderedDict()

    def of(self, shown: Shown) -> tuple[Comparison, Markup, Markup]:
        """Give the comparison, what it found in words and fans, and its tables."""
        key = (shown.settings, shown.runs)
        with self._lock:
            if key in self._drawn:
                self._drawn.move_to_end(key)
                return self._drawn[key]
        comparison = comparison_of(shown.settings, shown.found, shown.runs)
        curves = {
            s.policy: {name: curve[: shown.runs] for name, curve in f.curves.items()}
            for s, f in zip(shown.settings, shown.found, strict=True)
        }
        drawn = comparison, _words(comparison), charts.fans(curves, comparison.months)
        with self._lock:
            self._drawn[key] = drawn
            while len(self._drawn) > KEPT_FIGURES:
                self._drawn.popitem(last=False)
        return drawn


FIGURES = _Figures()


def _words(comparison: Comparison) -> Markup:
    """Say what was found."""
    lines = findings(comparison)
    points = [line.removeprefix("- ") for line in lines if line.startswith("- ")]
    rest = [line for line in lines[1:] if not line.startswith("- ")]
    return join(
        (
            element("p", headline(comparison), ".", class_="r2p-headline"),
            element(
                "details",
                element("summary", "In sentences"),
                element("p", lines[0]) if lines else "",
                element("ul", *(element("li", p) for p in points), class_="r2p-list"),
                *(element("p", p) for p in rest),
            ),
        )
    )


def _plan_from(values: Mapping[str, Any], plan: Plan) -> Plan:
    """Read a plan from what a form told.

    Raises
    ------
    RefusedError, ScenarioError
        If it cannot be run here.
    """
    scenario = str(values.get("scenario", plan.scenario))
    base = setting_of(scenario, ())
    chosen = values.get("policies", plan.policies)
    named = [p for p in base.policies if isinstance(chosen, list | tuple) and p in chosen]
    if len(named) < 2 and scenario != plan.scenario:
        named = [p for p in base.policies if p in USUAL] or list(base.policies)[:2]
    most = current().limits.policies
    if not 2 <= len(named) <= most:
        raise RefusedError(f"two to {most} policies can be compared, not {len(named)}")
    seed = str(values.get("seed", plan.seed)).strip()
    if not (seed.isascii() and seed.isdigit() and int(seed[:20]) < 2**64):
        raise RefusedError(f"seed {seed[:30]!r} is not allowed: a whole number from 0 to {2**64 - 1}")
    if problem := why_not(int(seed[:20])):
        raise RefusedError(problem)
    runs = str(values.get("runs", plan.runs))
    found = Plan(scenario, tuple(named), int(seed[:20]), int(runs) if runs in map(str, RUNS) else plan.runs)
    same = (found.scenario, found.examined) == (plan.scenario, plan.examined)
    return replace(found, moved=plan.moved) if same else found


def _first_plan() -> Plan:
    base = setting_of(current().scenario, ())
    named = tuple(p for p in base.policies if p in USUAL) or tuple(base.policies)[:2]
    return Plan(current().scenario, named, seed=free_seed())


@solara.component
def Page() -> None:
    """Show the comparison."""
    solara.Title("Compare - r2psim")
    plan, set_plan = solara.use_state(solara.use_memo(_first_plan, []))
    problem, set_problem = solara.use_state("")
    base = setting_of(plan.scenario, ())
    start = solara.use_memo(lambda: start_of(base, plan.examined), [plan.scenario, plan.examined])
    settings = settings_of(plan)
    shown, goal, trouble = use_runs(settings, plan.runs)

    def asked(values: dict[str, Any]) -> None:
        try:
            set_plan(_plan_from(values, plan))
            set_problem("")
        except (RefusedError, ScenarioError) as error:
            set_problem(str(error))

    def moved(values: dict[str, Any]) -> None:
        kept = []
        for key, lever in LEVERS.items():
            value = values.get(key)
            if isinstance(value, int | float) and np.isfinite(value) and abs(value - start[key]) > 1e-9:
                kept.append((key, float(min(max(value, lever.low), lever.high))))
        set_plan(replace(plan, moved=tuple(kept)))

    View(html=element("h1", "Compare policies under the same luck"))
    Form(label="What is compared", fields=_plan_fields(plan, base), event_change=asked)
    told(problem or trouble)
    Form(label="Sliders", fields=fields(start | dict(plan.moved), plan.examined), event_change=moved)
    _moved_note(plan, start, set_plan)
    fresh = shown is not None and shown.settings == settings
    View(html=_status(shown if fresh else None, goal or plan.runs, plan))
    if shown is not None:
        _Results(shown, fresh, plan)
    Sweep(plan.scenario, settings, plan.examined, start | dict(plan.moved), start)
    View(html=element("p", "The same on the command line: ", element("code", plan.command()), class_="r2p-note"))


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
            "kind": "select",
            "value": str(plan.runs),
            "options": [(str(n), f"{n:,}") for n in RUNS],
            "help": "The first figures come after a few runs and are refined. Of a large world fewer are made.",
        },
        {
            "key": "seed",
            "label": "Seed",
            "kind": "text",
            "value": str(plan.seed),
            "help": "Of all chance. Every policy meets the same triggers in the same run.",
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
    ]


def _moved_note(plan: Plan, start: Mapping[str, float], set_plan: Any) -> None:
    """Say which sliders were moved, and offer to put them back."""
    if not plan.moved:
        return
    back = element("button", "Put all sliders back", type="button", data_pick="back", class_="r2p-button r2p-quiet")
    names = ", ".join(LEVERS[key].label.lower() for key, _ in plan.moved)
    View(
        html=element("p", f"Moved: {names}. ", back, class_="r2p-note"),
        event_pick=lambda _: set_plan(replace(plan, moved=())),
    )


def _status(shown: Shown | None, goal: int, plan: Plan) -> Markup:
    """Say how far the runs are."""
    have = shown.runs if shown is not None else 0
    if have >= goal > 0:
        said = f"{have:,} runs of each policy"
        if goal < plan.runs:
            said += f" (a run of this world takes too long for {plan.runs:,} here; the command line makes them)"
        return element("p", said, ".", class_="r2p-note", role="status", data_id="status", data_done="yes")
    said = f"{have:,} of {goal:,} runs of each policy ..." if have else "The first runs are on their way ..."
    meter = element("progress", max=goal or 1, value=have, aria_label="Runs")
    return element("p", meter, " ", said, class_="r2p-note", role="status", data_id="status", data_done="no")


@solara.component
def _Results(shown: Shown, fresh: bool, plan: Plan) -> None:
    """Show what was found."""
    router = solara.use_router()
    metric, set_metric = solara.use_state("deaths")
    run, set_run = solara.use_state(-1)
    comparison, words, fans = FIGURES.of(shown)
    chosen = run if 0 <= run < shown.runs else None
    seen = [shown.settings, shown.runs]
    # Drawn once for what is shown: a slider that moves dims it and draws nothing.
    apart = solara.use_memo(lambda: charts.differences(comparison), seen)
    money = solara.use_memo(lambda: charts.ledgers(comparison), seen)
    every = solara.use_memo(lambda: charts.each_run(comparison, metric, chosen), [*seen, metric, chosen])

    def pick(name: str) -> None:
        kind, _, key = name.partition(":")
        if kind == "run" and key.isdigit() and int(key) < shown.runs:
            set_run(int(key))
        elif kind == "watch" and key in comparison.policies and run >= 0:
            place = comparison.policies.index(key)
            s = shown.settings[place]
            router.push(f"/?{Choice(s.scenario, s.policy, s.seed, run, s.sets).query(0)}")

    def look(values: dict[str, Any]) -> None:
        set_metric(values["metric"] if values.get("metric") in EACH else metric)
        pick(f"run:{str(values.get('run', '')).strip()}")

    with solara.v.Html(tag="div", class_="r2p-results" if fresh else "r2p-results r2p-stale"):
        View(html=words)
        with solara.v.Html(tag="div", class_="r2p-halves"):
            View(html=element("h2", "Fans of runs") + fans + FAN_NOTE)
            View(html=element("h2", "Paired differences") + apart)
        View(html=element("h2", "Money") + money)
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
        View(html=every + EACH_NOTE, event_pick=pick)
        if chosen is not None:
            View(html=charts.run_card(comparison, chosen), event_pick=pick)


EACH = ("deaths", "onsets", "displaced", "total_cost", "gdp_lost", "response_cost")

FAN_NOTE = element(
    "p", "Line: mean of all runs; thin dashed lines: means under the other policies. Inner band: half of the runs; "
    "outer band: nine tenths. A count stands for all values that round to it: so bands do not jump.",
    class_="r2p-note",
)  # fmt: skip

EACH_NOTE = element(
    "p", "A dot is a run: the same triggers struck under both policies. Large differences are drawn closer together "
    "than small ones. Pick one to see it and to watch it.", class_="r2p-note",
)  # fmt: skip
