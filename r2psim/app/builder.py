"""Own policies on Compare: built from shares, budgets, principles and reserve, and taken home as a scenario file.

What can be set is read off declarations: parameters, mandates of the scenario's bodies, stages and forms. Whether it
may be set so is for the schema of scenario files to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import solara

from r2psim.app.inputs import about_number, told
from r2psim.app.own_policies import (
    MOST_BYTES,
    MOST_OWN,
    file_name,
    file_text,
    from_file,
    names_of,
    with_policy,
    without,
)
from r2psim.app.page_parts import Markup, element, pick
from r2psim.app.plans import Plan, with_own
from r2psim.app.watch import RefusedError, known_scenarios
from r2psim.app.widgets import Form, View
from r2psim.declarations.channels import MANDATES
from r2psim.declarations.columns import STAGES
from r2psim.scenario import Scenario, ScenarioError
from r2psim.scenario.parameters import PARAMETERS
from r2psim.scenario.paths import number_at
from r2psim.scenario.specs import PolicySpec

__all__ = ["OwnPolicies", "Sketch", "policy_table"]

MONEY = (
    *("assistance.prevention_share", "principles.prevention.reserve", "principles.prevention.lend"),
    *("assistance.standby", "assistance.budget_scale"),
)
"""Parameters of how the money is divided and kept."""

WILL = ("challenges.will.strength", "challenges.will.renewed")

PRINCIPLES = tuple(
    path for path in PARAMETERS if path.startswith("principles.") and path not in MONEY
) + WILL  # fmt: skip
"""Parameters of the principles, and of the will to prevent."""

LONGEST_NAME, LONGEST_TEXT, LONGEST_NUMBER = 64, 400, 30


@dataclass(frozen=True)
class Sketch:
    """A policy that is being built.

    Attributes
    ----------
    start : str
        The policy of which it began.
    name, description : str
        As entered.
    numbers : dict of str to str
        What was entered, by group and name such as ``shares.forms.mediation``; empty where the scenario's own holds.
    priorities : dict of str to dict of str to float
        Of the policy of which it began: they go along.
    turn : int
        Grows whenever another policy is begun.
    """

    start: str = ""
    name: str = ""
    description: str = ""
    numbers: Mapping[str, str] = field(default_factory=dict)
    priorities: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    turn: int = 0

    def begun(self, start: str, policy: PolicySpec | None, own: bool) -> Sketch:
        """Begin anew, of a policy that there is or of none."""
        if policy is None:
            return Sketch(turn=self.turn + 1)
        numbers = {f"parameters.{path}": f"{value:.10g}" for path, value in policy.parameters.items()}
        numbers |= {f"budgets.{tag}": f"{value:.10g}" for tag, value in policy.budgets.items()}
        for kind, values in policy.shares.items():
            numbers |= {f"shares.{kind}.{name}": f"{value:.10g}" for name, value in values.items()}
        name, description = (start, policy.description) if own else (f"my-{start}", "")
        return Sketch(start, name, description, numbers, policy.priorities, self.turn + 1)


def policy_table(sketch: Sketch) -> dict[str, Any]:
    """Give a policy as a scenario file has it.

    Raises
    ------
    RefusedError
        If what was entered is no number.
    """
    table: dict[str, Any] = {"description": sketch.description} if sketch.description else {}
    for key, text in sketch.numbers.items():
        if not text.strip():
            continue
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not np.isfinite(value) or len(text) > LONGEST_NUMBER:
            raise RefusedError(f"{key}: {text[:40]!r} is not allowed: a number")
        group, _, rest = key.partition(".")
        # Names of forms and stages hold no full stop; paths of parameters are tables within tables.
        *above, last = [group, *rest.split(".")]
        place = table
        for word in above:
            place = place.setdefault(word, {})
        place[last] = value
    for kind, values in sketch.priorities.items():
        table.setdefault("priorities", {})[kind] = dict(values)
    return table


def _groups(base: Scenario) -> dict[str, tuple[str, list[dict[str, Any]]]]:
    """Give the groups of what can be set: by title, what it means, and fields without values."""
    held: dict[str, list[str]] = {}
    for body in base.bodies.values():
        for tag in body.mandates:
            held.setdefault(tag, []).append(body.name)

    def parameter(path: str) -> dict[str, Any]:
        number = number_at(path, base.forms)
        assert number is not None
        about = number.meaning.partition(";")[0]
        return _field(f"parameters.{path}", about, number.low, number.high, about_number(number))

    return {
        "Money and reserve": ("Empty: as the scenario has it.", [parameter(path) for path in MONEY]),
        "Bodies": (
            "Budgets of bodies by their mandate, as multiples; then all are scaled back to the same total. Empty: 1.",
            [
                _field(f"budgets.{tag}", tag.replace("-", " "), 0.0, 100.0, f"{MANDATES[tag]}: {', '.join(names)}.")
                for tag, names in held.items()
            ],
        ),
        "Stages": (
            "Parts of what bodies can promise that are used for states at a stage first, together at most 1; the rest "
            "is common.",
            [
                _field(f"shares.stages.{name}", f"stage {place}: {name}", 0.0, 1.0, f"States at stage {place}: {name}.")
                for place, name in enumerate(STAGES)
            ],
        ),
        "Forms": (
            "Parts of what bodies can promise that are used for forms of assistance first, together at most 1; the "
            "rest is common.",
            [
                _field(f"shares.forms.{key}", form.name, 0.0, 1.0, " ".join(form.description.split()))
                for key, form in base.forms.items()
            ],
        ),
        "Principles": ("Empty: as the scenario has it.", [parameter(path) for path in PRINCIPLES]),
    }


def _field(key: str, label: str, low: float, high: float, about: str) -> dict[str, Any]:
    kind = {"kind": "number", "low": low, "high": high, "step": "any"}
    return {"key": key, "label": label, "help": f"{about[:1].upper()}{about[1:]} {low:g} to {high:g}.", **kind}


@solara.component_vue("upload.vue")
def _Upload(action: str, accept: str, most: int, event_file: Callable[[Any], None] | None = None) -> None:
    """Offer to choose a file; its name and text are told."""


@solara.component_vue("download.vue")
def _Download(action: str, file: str, kind: str, content: str) -> None:
    """Offer to save a text as a file."""


@solara.component
def OwnPolicies(plan: Plan, base: Scenario, go: Callable[[Plan], None]) -> None:
    """Offer to build policies, to save them as a file, and to read such a file."""
    opened, set_opened = solara.use_state(False)
    sketch, set_sketch = solara.use_state(Sketch())
    # Told where it was asked for: the top of what is built is out of sight when it is compared.
    (problem, below), set_problem = solara.use_state(("", False))
    mine = names_of(plan.own)

    def attempt(make: Callable[[], Plan], below: bool = False) -> None:
        try:
            wanted = make()
        except (RefusedError, ScenarioError) as error:
            set_problem((str(error), below))
            return
        set_problem(("", False))
        go(wanted)

    def picked(name: str) -> None:
        kind, _, key = name.partition(":")
        if kind == "build":
            set_opened(not opened)
        elif kind == "change" and key in mine:
            set_sketch(sketch.begun(key, base.policies[key], own=True))
        elif kind == "drop" and key in mine:
            attempt(lambda: with_own(plan, plan.scenario, without(plan.own, key)))

    def use(made: Sketch) -> None:
        set_sketch(made)
        attempt(
            lambda: with_own(plan, plan.scenario, with_policy(plan.own, made.name, policy_table(made)), made.name), True
        )

    def read(sent: Any) -> None:
        given = sent if isinstance(sent, dict) else {}
        name, text = str(given.get("name", ""))[:200], str(given.get("text", ""))[: 2 * MOST_BYTES]
        attempt(lambda: with_own(plan, *from_file(text, name, known_scenarios())))

    words = f"{'Hide' if opened else 'Build'} own policies ({len(mine) or 'none'} yet)" if not mine else (
        f"{'Hide' if opened else 'Show'} own policies ({len(mine)})"
    )  # fmt: skip
    head = pick("build", words, class_="r2p-button", aria_expanded=str(opened).lower())
    View(html=element("p", head), event_pick=picked)
    with solara.v.Html(tag="div", class_="r2p-own"):
        _Upload(action="Upload policies (TOML)", accept=".toml", most=MOST_BYTES, event_file=read)
        if mine:
            _Download(
                action="Download policies (TOML)", kind="application/toml", file=file_name(plan.scenario, plan.own),
                content=file_text(plan.scenario, plan.own),
            )  # fmt: skip
    told("" if below else problem)
    if not opened:
        return
    rows = [
        element("li", element("strong", name), " ", pick(f"change:{name}", "Change", class_="r2p-button r2p-quiet"),
                " ", pick(f"drop:{name}", "Take out", class_="r2p-button r2p-quiet"))
        for name in mine
    ]  # fmt: skip
    View(
        html=element("h2", "Own policies")
        + (element("ul", *rows, class_="r2p-own-list") if rows else element("p", ABOUT, class_="r2p-note")),
        event_pick=picked,
    )
    Form(
        label="Begin with",
        fields=[{"key": "start", "label": "Begin with what", "kind": "select", "value": sketch.start,
                 "options": [("", "nothing: as the scenario has it"), *((p, p) for p in base.policies)]}],
        event_change=lambda v: set_sketch(
            sketch.begun(str(v.get("start")), base.policies.get(str(v.get("start"))), own=v.get("start") in mine)
        ),
    )  # fmt: skip
    _Building(base, sketch, set_sketch, use).key(plan.scenario)
    told(problem if below else "")


@solara.component
def _Building(base: Scenario, sketch: Sketch, set_sketch: Callable[[Any], None], use: Callable[[Sketch], None]) -> None:
    """Offer all that a policy may set, and to compare it."""
    groups = solara.use_memo(lambda: _groups(base), [])
    known = {f["key"] for _, fields in groups.values() for f in fields}

    def entered(values: dict[str, Any]) -> None:
        numbers = {key: str(value)[:LONGEST_NUMBER] for key, value in values.items() if key in known}
        set_sketch(lambda now: replace(now, numbers={**now.numbers, **numbers}))

    def wanted(values: dict[str, Any]) -> None:
        named = str(values.get("name", "")).strip()[:LONGEST_NAME]
        described = str(values.get("description", "")).strip()[:LONGEST_TEXT]
        use(replace(sketch, name=named, description=described))

    for title, (about, fields) in groups.items():
        View(html=element("h3", title) + element("p", about, _sum(sketch, title), class_="r2p-note"))
        Form(
            label=title, about=str(sketch.turn),
            fields=[{**f, "value": sketch.numbers.get(f["key"], "")} for f in fields], event_change=entered,
        )  # fmt: skip
    along = [f"priorities of {kind}" for kind in sketch.priorities]
    along += [f"{key.partition('.')[2]} = {value}" for key, value in sketch.numbers.items() if key not in known]
    View(
        html=element("p", f"What it has besides goes along: {', '.join(along)}.", class_="r2p-note")
        if along
        else Markup()
    )
    Form(
        label="Own policy", about=str(sketch.turn), action="Compare this policy",
        fields=[
            {"key": "name", "label": "Name", "kind": "text", "value": sketch.name, "long": LONGEST_NAME,
             "help": "Small letters, digits and hyphens, beginning with a letter."},
            {"key": "description", "label": "What it does", "kind": "text", "value": sketch.description,
             "long": LONGEST_TEXT},
        ],
        event_change=wanted,
    )  # fmt: skip


ABOUT = (
    f"Up to {MOST_OWN} policies of one's own stand beside those of the scenario. They are kept in the address, and can "
    "be saved as a scenario file, which the command line takes as it is."
)


def _sum(sketch: Sketch, title: str) -> str:
    """Say how much of all is given away by shares."""
    if title not in ("Stages", "Forms"):
        return ""
    total = 0.0
    for key, text in sketch.numbers.items():
        if key.startswith(f"shares.{title.lower()}."):
            try:
                total += float(text or 0.0)
            except ValueError:
                continue
    return f" So far {100.0 * total:.4g} %."
