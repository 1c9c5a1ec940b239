"""What a person may set: the world, and the parameters of the model from their declarations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import solara

from r2psim.app.page_parts import Markup, element
from r2psim.app.watch import Choice, choice_of, known_scenarios
from r2psim.app.widgets import Form, View
from r2psim.scenario import Scenario
from r2psim.scenario.parameters import LABELS, PARAMETERS, SOURCES
from r2psim.scenario.paths import Number, form_number, form_numbers, number_at

__all__ = ["Parameters", "about_number", "groups_of", "told", "world_fields", "world_from"]

MOST_RUN = 2**32 - 1


def told(problem: str) -> None:
    """Show a problem where there is one.

    There is a view even where there is none: what follows it on a page keeps its place, and with it what was entered.
    """
    View(html=element("p", problem, class_="r2p-problem", role="alert") if problem else Markup())


def world_fields(choice: Choice, setting: Scenario | None, beside: str = "") -> list[dict[str, Any]]:
    """Give the fields that choose a world, and the policy of another one beside it."""
    policies = list(setting.policies) if setting is not None else [choice.policy]
    about_policy = setting.policies[choice.policy].description if setting is not None else ""
    help_seed = "Of all chance. The same seed and run give the same triggers under every policy."
    scenarios = [(name, name) for name in known_scenarios()]
    return [
        _field("scenario", "Scenario", choice.scenario, setting.title if setting is not None else "", scenarios),
        _field("policy", "Policy", choice.policy, about_policy, [(name, name) for name in policies]),
        _field("seed", "Seed", str(choice.seed), help_seed),
        _field("run", "Run", str(choice.run), "Number of the run under that seed."),
        _field("beside", "Beside it", beside, "The same world and the same luck under another policy, by one clock.",
               [("", "nothing"), *((name, name) for name in policies if name != choice.policy)]),
    ]  # fmt: skip


def _field(
    key: str, label: str, value: str, help_: str, options: list[tuple[str, str]] | None = None
) -> dict[str, Any]:
    """Give a field to choose from, or to write in."""
    kind = {"kind": "text"} if options is None else {"kind": "select", "options": options}
    return {"key": key, "label": label, "value": value, "help": help_, **kind}


def world_from(values: dict[str, Any], sets: tuple[str, ...], own: str = "") -> Choice:
    """Read a choice from what a form told.

    Raises
    ------
    RefusedError
        If a number is none.
    """
    from urllib.parse import urlencode

    kept = {key: str(values.get(key, ""))[:100] for key in ("scenario", "policy", "seed", "run")}
    return choice_of(urlencode(kept))[0]._replace(sets=sets, own=own)


def about_number(number: Number) -> str:
    """Say all that is declared of a number: what it is, unit, range, evidence, source."""
    source = "; ".join(SOURCES[key] for key in number.source)
    stands = "default" if number.path in PARAMETERS else "in this scenario"
    said = (
        f"{number.meaning[:1].upper()}{number.meaning[1:]}. Unit: {number.unit}. "
        f"Range {number.low:g} to {number.high:g}, {stands} {number.value:g}. "
        f"Evidence: {number.label}, {LABELS[number.label]}."
    )
    return f"{said} Source: {source}" if source else said


def groups_of(setting: Scenario) -> dict[str, list[str]]:
    """Give the paths of what can be set: parameters by the first word, then what forms of assistance hold, by form."""
    found: dict[str, list[str]] = {}
    for path in PARAMETERS:
        found.setdefault(path.split(".")[0], []).append(path)
    for number in form_numbers(setting.forms):
        found.setdefault(f"forms.{number.form}", []).append(number.path)
    return found


def _called(group: str, setting: Scenario) -> str:
    """Name a group for readers."""
    form = setting.forms.get(group.removeprefix("forms."))
    return group.replace("_", " ") if form is None else f"form: {form.name}"


def _short(path: str) -> str:
    """Write a path without its group."""
    number = form_number(path)
    return path.partition(".")[2] if number is None else number.key if number.channel is None else number.channel


@solara.component
def Parameters(setting: Scenario, choice: Choice, run: Callable[[Choice], None]) -> None:
    """Offer every parameter and every number of the forms, a group at a time, with what is declared of each."""
    shown, set_shown = solara.use_state(False)
    group, set_group = solara.use_state("assistance")
    groups = groups_of(setting)
    group = group if group in groups else "assistance"
    declared = {
        path: number for paths in groups.values() for path in paths if (number := number_at(path, setting.forms))
    }
    values = {path: number.value for path, number in declared.items()}
    values |= dict(zip(PARAMETERS, setting.parameter_values(choice.policy).tolist(), strict=True))
    changed = {text.partition("=")[0]: text for text in choice.sets}
    said = f"{len(changed)} changed" if changed else "none changed"

    def pick(name: str) -> None:
        if name == "parameters":
            set_shown(not shown)
        elif name == "parameters:reset":
            run(choice._replace(sets=()))

    head = element(
        "button", f"{'Hide' if shown else 'Show'} the {len(PARAMETERS)} parameters of the model and the forms ({said})",
        type="button", data_pick="parameters", aria_expanded=str(shown).lower(), class_="r2p-button",
    )  # fmt: skip
    back = element(
        "button", "Undo all changes", type="button", data_pick="parameters:reset", class_="r2p-button r2p-quiet"
    )
    View(html=element("p", head, " ", back if changed else "", class_="r2p-parameters"), event_pick=pick)
    if not shown:
        return

    def commit(told_values: dict[str, Any]) -> None:
        kept = dict(changed)
        for path in groups[group]:
            text = str(told_values.get(path, "")).strip()[:40]
            if text and text != f"{values[path]:.10g}":
                kept[path] = f"{path}={text}"
        run(choice._replace(sets=tuple(kept.values())))

    Form(
        label="Group of parameters",
        fields=[{"key": "group", "label": "Group", "kind": "select", "value": group,
                 "options": [(name, f"{_called(name, setting)} ({len(paths)})") for name, paths in groups.items()]}],
        event_change=lambda v: set_group(v["group"] if v.get("group") in groups else group),
    )  # fmt: skip
    fields = [
        {
            "key": path,
            "label": f"{_short(path)} ({declared[path].unit})" + (" *" if path in changed else ""),
            "kind": "number", "value": f"{values[path]:.10g}", "low": declared[path].low,
            "high": declared[path].high, "step": "any", "help": about_number(declared[path]),
        }
        for path in groups[group]
    ]  # fmt: skip
    note = "A changed value is marked *; it holds under every policy, also under one that sets it itself."
    View(html=element("p", note, *(f" {said}." for said in setting.notes((choice.policy,))), class_="r2p-note"))
    Form(label=f"Parameters {group}", fields=fields, action="Run with these", event_change=commit).key(group)
