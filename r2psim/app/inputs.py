"""What a person may set: the world, and the parameters of the model from their declarations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import solara

from r2psim.app.markup import Markup, element
from r2psim.app.watch import Choice, choice_of, known_scenarios
from r2psim.app.widgets import Form, View
from r2psim.scenario import Scenario
from r2psim.scenario.parameters import LABELS, PARAMETERS, SOURCES, Parameter

__all__ = ["Parameters", "about", "told", "world_fields", "world_from"]

MOST_RUN = 2**32 - 1


def told(problem: str) -> None:
    """Show a problem where there is one.

    There is a view even where there is none: what follows it on a page keeps its place, and with it what was entered.
    """
    View(html=element("p", problem, class_="r2p-problem", role="alert") if problem else Markup())


def world_fields(choice: Choice, setting: Scenario | None) -> list[dict[str, Any]]:
    """Give the fields that choose a world."""
    policies = list(setting.policies) if setting is not None else [choice.policy]
    about_policy = setting.policies[choice.policy].description if setting is not None else ""
    help_seed = "Of all chance. The same seed and run give the same triggers under every policy."
    scenarios = [(name, name) for name in known_scenarios()]
    return [
        _field("scenario", "Scenario", choice.scenario, setting.title if setting is not None else "", scenarios),
        _field("policy", "Policy", choice.policy, about_policy, [(name, name) for name in policies]),
        _field("seed", "Seed", str(choice.seed), help_seed),
        _field("run", "Run", str(choice.run), "Number of the run under that seed."),
    ]


def _field(
    key: str, label: str, value: str, help_: str, options: list[tuple[str, str]] | None = None
) -> dict[str, Any]:
    """Give a field to choose from, or to write in."""
    kind = {"kind": "text"} if options is None else {"kind": "select", "options": options}
    return {"key": key, "label": label, "value": value, "help": help_, **kind}


def world_from(values: dict[str, Any], sets: tuple[str, ...]) -> Choice:
    """Read a choice from what a form told.

    Raises
    ------
    RefusedError
        If a number is none.
    """
    from urllib.parse import urlencode

    kept = {key: str(values.get(key, ""))[:100] for key in ("scenario", "policy", "seed", "run")}
    return choice_of(urlencode(kept))[0]._replace(sets=sets)


def about(parameter: Parameter) -> str:
    """Say all that is declared of a parameter: what it is, unit, range, evidence, source."""
    source = "; ".join(SOURCES[key] for key in parameter.source)
    said = (
        f"{parameter.description[:1].upper()}{parameter.description[1:]}. Unit: {parameter.unit}. "
        f"Range {parameter.low:g} to {parameter.high:g}, default {parameter.default:g}. "
        f"Evidence: {parameter.label}, {LABELS[parameter.label]}."
    )
    return f"{said} Source: {source}" if source else said


def _groups() -> dict[str, list[str]]:
    """Give the parameters by the first word of their paths."""
    found: dict[str, list[str]] = {}
    for path in PARAMETERS:
        found.setdefault(path.split(".")[0], []).append(path)
    return found


GROUPS = _groups()


@solara.component
def Parameters(setting: Scenario, choice: Choice, run: Callable[[Choice], None]) -> None:
    """Offer every parameter, a group at a time, with what is declared of it."""
    shown, set_shown = solara.use_state(False)
    group, set_group = solara.use_state("assistance")
    values = dict(zip(PARAMETERS, setting.parameter_values(choice.policy).tolist(), strict=True))
    changed = {text.partition("=")[0]: text for text in choice.sets}
    said = f"{len(changed)} changed" if changed else "none changed"

    def pick(name: str) -> None:
        if name == "parameters":
            set_shown(not shown)
        elif name == "parameters:reset":
            run(choice._replace(sets=()))

    head = element(
        "button", f"{'Hide' if shown else 'Show'} the {len(PARAMETERS)} parameters of the model ({said})",
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
        for path in GROUPS[group]:
            text = str(told_values.get(path, "")).strip()[:40]
            if text and text != f"{values[path]:.10g}":
                kept[path] = f"{path}={text}"
        run(choice._replace(sets=tuple(kept.values())))

    Form(
        label="Group of parameters",
        fields=[{"key": "group", "label": "Group", "kind": "select", "value": group,
                 "options": [(name, f"{name.replace('_', ' ')} ({len(paths)})") for name, paths in GROUPS.items()]}],
        event_change=lambda v: set_group(v["group"] if v.get("group") in GROUPS else group),
    )  # fmt: skip
    fields = [
        {
            "key": path,
            "label": path.partition(".")[2] + f" ({PARAMETERS[path].unit})" + (" *" if path in changed else ""),
            "kind": "number", "value": f"{values[path]:.10g}", "low": PARAMETERS[path].low,
            "high": PARAMETERS[path].high, "step": "any", "help": about(PARAMETERS[path]),
        }
        for path in GROUPS[group]
    ]  # fmt: skip
    View(
        html=element(
            "p", "A policy that sets a value itself keeps its own; a changed one is marked *.", class_="r2p-note"
        )
    )
    Form(label=f"Parameters {group}", fields=fields, action="Run with these", event_change=commit).key(group)
