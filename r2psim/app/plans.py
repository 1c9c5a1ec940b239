"""What is compared, as an address holds it: whoever opens the address sees the same, and Back leads to what was before.

A plan comes from an address, or from what a form told; both are checked here. It gives the settings that are run, and
the command line that computes the same numbers.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlencode

import numpy as np

from r2psim.analysis.break_even_study import LEDGER_NAMES
from r2psim.app.levers import LEVERS, effect_levers, levers_of, sets_of, start_of
from r2psim.app.own_policies import file_name, names_of
from r2psim.app.page_parts import uncapital
from r2psim.app.reserved_seeds import free_seed, why_not
from r2psim.app.runs import Setting, setting_of
from r2psim.app.settings import MOST_FIELDS, current
from r2psim.app.sweep import ASKED
from r2psim.app.watch import RefusedError
from r2psim.scenario import Scenario
from r2psim.scenario.errors import nearest
from r2psim.scenario.paths import form_number
from r2psim.scenario.posterior import UNCERTAINTIES, drawn_in
from r2psim.scenario.specs import baseline_of

__all__ = ["EACH", "FEWEST", "USUAL_RUNS", "Plan", "changed", "first_plan", "moved_by", "plan_of", "settings_of",
           "with_own"]  # fmt: skip

USUAL = ("late-response", "prevention")
FEWEST = 2
"""Runs of which a difference has an interval."""
USUAL_RUNS = 1000
MOST_SEED = 2**64 - 1
COST = "total_cost"
ALL = "all"
"""The ledger of response, hosting and GDP together."""

EACH = (
    *("deaths", "episodes", "atrocity_entries", "displaced", "expelled", "persecuted_months", "war_crimes"),
    *("prevention_and_response", "response_needed"),
    *("total_cost", "gdp_lost", "response_cost"),
)
"""Metrics of which the difference of every run can be drawn."""

KEYS = ("scenario", "policies", "baseline", "of", "seed", "runs", "uncertainty", "lever", "also", "metric", "run",
        "along", "in", "map", "pays", "doubt", "own")  # fmt: skip
"""What an address of Compare may hold."""


@dataclass(frozen=True)
class Plan:
    """What is compared, and what of it is looked at.

    Attributes
    ----------
    scenario : str
        World.
    policies : tuple of str
        Two to four, in the order of the scenario; one of them is examined by sliders of its own.
    seed, runs : int
        Luck, and runs of each policy.
    moved : tuple of (str, float)
        Sliders that do not stand where they started.
    also : str
        Path of the effect that has a slider too, or empty.
    baseline : str
        The policy that every other one is told against; empty for the one that is chosen where none is named.
    of : str
        The policy that is examined; empty for the one that is chosen where none is named.
    metric, run : str, int
        Of what the difference of every run is drawn, and the run that was picked; below 0 for none.
    along, along_in : str
        Slider along which a break-even is asked for, or empty; and of what.
    mapped, pays : tuple of str, str
        The two sliders of which a map is asked for, or none; and in which ledger prevention is to pay.
    doubt, doubted : str
        Of what difference it is asked what would change it, or empty; along which unknown, or empty for the strongest.
    own : str
        Policies that somebody built (`r2psim.app.own_policies`); empty without them.
    uncertainty : str
        What every run draws for itself: a key of `r2psim.scenario.posterior.UNCERTAINTIES`; "none" is luck alone.
    """

    scenario: str
    policies: tuple[str, ...]
    seed: int = 1
    runs: int = USUAL_RUNS
    moved: tuple[tuple[str, float], ...] = ()
    also: str = ""
    baseline: str = ""
    of: str = ""
    metric: str = "deaths"
    run: int = -1
    along: str = ""
    along_in: str = COST
    mapped: tuple[str, ...] = ()
    pays: str = ALL
    doubt: str = ""
    doubted: str = ""
    own: str = ""
    uncertainty: str = "none"

    @property
    def against(self) -> str:
        """The policy that every other one is told against."""
        return self.baseline if self.baseline in self.policies else baseline_of(self.policies)

    @property
    def others(self) -> tuple[str, ...]:
        """Every policy but the baseline."""
        return tuple(policy for policy in self.policies if policy != self.against)

    @property
    def examined(self) -> str:
        """The policy that has sliders of its own, and is told of in detail."""
        if self.of in self.others:
            return self.of
        return "prevention" if "prevention" in self.others else self.others[-1]

    def command(self, runs: int | None = None) -> str:
        """Write the command line that computes the same numbers.

        Parameters
        ----------
        runs : int, optional
            Runs of each policy that are shown, where there are fewer than were asked for.
        """
        sets = sorted({text for s in settings_of(self) for text in s.sets})
        file = file_name(self.scenario, self.own) if self.own else self.scenario
        words = ["r2psim", "compare", file, "--policies", ",".join(self.policies)]
        words += ["--runs", str(runs or self.runs), "--seed", str(self.seed), "--baseline", self.against]
        for text in sets:
            words += ["--set", text]
        if self.uncertainty != "none":
            words += ["--uncertainty", self.uncertainty]
        # The page runs no controls beside its null twins.
        return shlex.join([*words, "--no-controls", "--json"])

    def query(self) -> str:
        """Write the part of an address that leads here.

        Examples
        --------
        >>> Plan("seminar", ("late-response", "prevention"), 7, 200, (("effect", 0.5),)).query()
        'scenario=seminar&policies=late-response,prevention&baseline=late-response&seed=7&runs=200&lever=effect:0.5'
        """
        parts: list[tuple[str, str | int]] = [
            ("scenario", self.scenario), ("policies", ",".join(self.policies)), ("baseline", self.against),
        ]  # fmt: skip
        if self.of in self.others:
            parts.append(("of", self.of))
        parts += [("seed", self.seed), ("runs", self.runs)]
        if self.uncertainty != "none":
            parts.append(("uncertainty", self.uncertainty))
        parts += [("lever", f"{key}:{value:.10g}") for key, value in self.moved]
        if self.also:
            parts.append(("also", self.also))
        if self.metric != "deaths":
            parts.append(("metric", self.metric))
        if self.run >= 0:
            parts.append(("run", self.run))
        if self.along:
            parts += [("along", self.along), ("in", self.along_in)]
        if self.mapped:
            parts += [("map", ",".join(self.mapped)), ("pays", self.pays)]
        if self.doubt:
            parts.append(("doubt", f"{self.doubt},{self.doubted}".rstrip(",")))
        if self.own:
            parts.append(("own", self.own))
        return urlencode(parts, safe=",:")


def settings_of(plan: Plan) -> tuple[Setting, ...]:
    """Give the setting of each policy of a plan."""
    base = setting_of(plan.scenario, (), plan.own)
    start = start_of(base, plan.examined)
    values = start | dict(plan.moved)
    return tuple(
        Setting(
            plan.scenario, policy, plan.seed, sets_of(values, start, policy, plan.examined), plan.own, plan.uncertainty
        )
        for policy in plan.policies
    )  # fmt: skip


def first_plan() -> Plan:
    """Give what the page opens with."""
    return Plan(current().scenario, _usual(setting_of(current().scenario, ())), seed=free_seed())


def _usual(base: Scenario) -> tuple[str, ...]:
    """Give the two policies of a scenario that are compared where nobody has chosen."""
    named = tuple(policy for policy in base.policies if policy in USUAL)
    return named if len(named) == len(USUAL) else tuple(base.policies)[:2]


# -- from an address ---------------------------------------------------------------------------------------------------


def plan_of(search: str | None) -> Plan:
    """Read a plan from the search part of an address; what is missing is taken as the page opens with it.

    Raises
    ------
    RefusedError, ScenarioError
        If the address holds anything that cannot be run or shown here.
    """
    if not search:
        return first_plan()
    try:
        found = parse_qs(search, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise RefusedError(f"this address is not allowed: at most {MOST_FIELDS} values, all of them text") from None
    for key, values in found.items():
        if key not in KEYS:
            raise _refused("address", key, f"one of {', '.join(KEYS)}", nearest(key, KEYS))
        if len(values) > 1 and key != "lever":
            raise RefusedError(f"{key} is given {len(values)} times in this address: once is allowed")

    def word(key: str, default: str = "") -> str:
        return found.get(key, [default])[0]

    scenario = word("scenario", current().scenario)
    own = word("own")
    base = setting_of(scenario, (), own)
    named = word("policies").split(",") if word("policies") else list(_usual(base))
    for name in named:
        if name not in base.policies:
            raise _refused("policies", name, f"one of {', '.join(base.policies)}", nearest(name, base.policies))
    plan = Plan(scenario, _in_order(named, base), seed=_seed(word("seed") or str(free_seed())), own=own)
    plan = replace(plan, runs=_whole("runs", word("runs", str(plan.runs)), FEWEST, current().limits.runs))
    plan = replace(plan, uncertainty=_one_of("uncertainty", word("uncertainty"), UNCERTAINTIES) or "none")
    plan = replace(plan, baseline=_one_of("baseline", word("baseline"), plan.policies))
    plan = replace(plan, of=_one_of("of", word("of"), plan.others))
    plan = replace(plan, metric=_one_of("metric", word("metric"), EACH) or plan.metric)
    plan = replace(plan, run=_whole("run", word("run"), 0, plan.runs - 1) if word("run") else -1)
    sliders = LEVERS | effect_levers(base)
    plan = replace(plan, along=_one_of("along", word("along"), sliders))
    plan = replace(plan, along_in=_one_of("in", word("in"), ASKED) or plan.along_in)
    mapped = tuple(_one_of("map", key, sliders) for key in word("map").split(",") if key)
    if len(mapped) > 2 or len(set(mapped)) < len(mapped):
        raise _refused("map", word("map"), "two different sliders, with a comma between")
    plan = replace(plan, mapped=mapped, pays=_one_of("pays", word("pays"), LEDGER_NAMES) or plan.pays)
    doubt, _, doubted = word("doubt").partition(",")
    plan = replace(plan, doubt=_one_of("doubt", doubt, ASKED))
    plan = replace(plan, doubted=_one_of("doubt", doubted, drawn_in(base, "all")))
    plan = replace(plan, also=_one_of("also", word("also"), effect_levers(base)))
    start, moved = start_of(base, plan.examined), {}
    for text in found.get("lever", []):
        key, _, written = text.partition(":")
        lever = sliders.get(_one_of("lever", key, sliders) or "")
        if lever is None or not _is_number(written) or not lever.low <= float(written) <= lever.high:
            limits = "" if lever is None else f", a number from {lever.low:g} to {lever.high:g}"
            raise _refused("lever", text, f"KEY:VALUE{limits}")
        moved[lever.key] = float(written)
    effects = [key for key in moved if form_number(key) is not None]
    if len({*effects, plan.also} - {""}) > 1:
        raise RefusedError("this address is not allowed: one effect at a time has a slider")
    kept = tuple((key, value) for key, value in moved.items() if abs(value - start[key]) > 1e-9)
    return replace(plan, moved=_sorted(kept, sliders), also=effects[0] if effects else plan.also)


def _sorted(moved: tuple[tuple[str, float], ...], sliders: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
    """Put sliders into their order, so that the same plan has the same address."""
    places = list(sliders)
    return tuple(sorted(moved, key=lambda pair: places.index(pair[0])))


def _refused(what: str, value: str, allowed: str, near: str | None = None) -> RefusedError:
    hint = f" (did you mean {near}?)" if near else ""
    return RefusedError(f"{what} {value[:60]!r} is not allowed: {allowed}{hint}")


def _one_of(what: str, value: str, allowed: Any) -> str:
    """Give a value that is empty or allowed."""
    if value and value not in allowed:
        few = list(allowed)[:12]
        raise _refused(what, value, f"one of {', '.join(few)}{' ...' if len(allowed) > 12 else ''}",
                       nearest(value, allowed))  # fmt: skip
    return value


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text))) and len(text) <= 30 and text.isascii()
    except ValueError:
        return False


def _whole(what: str, text: str, low: int, high: int) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 20 and low <= int(text) <= high):
        raise RefusedError(f"{what} {text[:30]!r} is not allowed: a whole number from {low} to {high}")
    return int(text)


def _seed(text: str) -> int:
    seed = _whole("seed", text, 0, MOST_SEED)
    if problem := why_not(seed):
        raise RefusedError(problem)
    return seed


def _in_order(named: Any, base: Scenario) -> tuple[str, ...]:
    """Give policies in the order of the scenario.

    Raises
    ------
    RefusedError
        If there are too few or too many of them.
    """
    found = tuple(policy for policy in base.policies if policy in named)
    most = current().limits.policies
    if not 2 <= len(found) <= most:
        raise RefusedError(f"two to {most} policies can be compared, not {len(found)}")
    return found


# -- from a form -------------------------------------------------------------------------------------------------------


def changed(values: Mapping[str, Any], plan: Plan) -> tuple[Plan, str]:
    """Read a plan from what a form told.

    Returns
    -------
    plan : Plan
        As chosen.
    left : str
        Which sliders did not go along, and why; empty if all did.

    Raises
    ------
    RefusedError, ScenarioError
        If it cannot be run here.
    """
    scenario = str(values.get("scenario", plan.scenario))
    elsewhere = scenario != plan.scenario
    own = "" if elsewhere else plan.own
    base = setting_of(scenario, (), own)
    chosen = values.get("policies", plan.policies)
    named = [p for p in base.policies if isinstance(chosen, list | tuple) and p in chosen]
    if len(named) < 2 and elsewhere:
        named = list(_usual(base))
    found = replace(
        plan,
        scenario=scenario,
        own=own,
        policies=_in_order(named, base),
        seed=_seed(str(values.get("seed", plan.seed))),
        runs=_whole("runs", str(values.get("runs", plan.runs)), FEWEST, current().limits.runs),
        uncertainty=_one_of("uncertainty", str(values.get("uncertainty", "")), UNCERTAINTIES) or plan.uncertainty,
    )
    against, of = str(values.get("baseline", plan.baseline)), str(values.get("of", plan.of))
    found = replace(found, baseline=against if against in found.policies else "")
    found = replace(found, of=of if of in found.others else "")
    if found.run >= found.runs or elsewhere:
        found = replace(found, run=-1)
    kept = [
        (key, value)
        for key, value in plan.moved
        if not elsewhere and (found.examined == plan.examined or key not in LEVERS or not LEVERS[key].own)
    ]
    gone = [key for key, value in plan.moved if (key, value) not in kept]
    if elsewhere:
        found = replace(found, also="", along="", mapped=(), doubted="")
    left = ""
    if gone or own != plan.own:
        levers = levers_of(setting_of(plan.scenario, ()), plan.also)
        names = ", ".join(
            [*(uncapital(levers[key].named(plan.examined)) for key in gone)]
            + ([f"policy {name}" for name in names_of(plan.own)] if own != plan.own else [])
        )
        what = f"scenario {scenario}" if elsewhere else f"policy {found.examined}"
        had = plan.scenario if elsewhere else plan.examined
        left = f"What was made for {had} does not go along to {what}: {names}. Back undoes it."
    return replace(found, moved=tuple(kept)), left


def moved_by(values: Mapping[str, Any], plan: Plan) -> Plan:
    """Read where the sliders stand from what their form told."""
    base = setting_of(plan.scenario, (), plan.own)
    start = start_of(base, plan.examined)
    also = str(values.get("also", plan.also))
    kept = []
    for key, lever in levers_of(base, also).items():
        value = values.get(key)
        if isinstance(value, int | float) and np.isfinite(value) and abs(value - start[key]) > 1e-9:
            kept.append((key, float(min(max(value, lever.low), lever.high))))
    return replace(plan, moved=tuple(kept), also=also if also in effect_levers(base) else "")


def with_own(plan: Plan, scenario: str, own: str, chosen: str = "") -> Plan:
    """Give a plan with other policies of one's own, checked; those that are new are compared where there is room.

    Parameters
    ----------
    plan : Plan
        What was compared before.
    scenario, own : str
        World, and policies as `r2psim.app.own_policies` keeps them.
    chosen : str
        The policy that is looked at; the first that is new if not given.

    Raises
    ------
    RefusedError, ScenarioError
        If they cannot be run here.
    """
    base = setting_of(scenario, (), own)
    mine = names_of(own)
    stay = [p for p in plan.policies if p in base.policies]
    new = [p for p in dict.fromkeys([chosen, *mine]) if p in mine and p not in stay]
    room = current().limits.policies
    # The baseline stays, and of the others those that were there longest give way.
    first = [p for p in stay if p == plan.against]
    others = [p for p in stay if p not in first]
    new = new[: room - len(first)]
    kept = [*first, *others[: max(room - len(first) - len(new), 0)], *new]
    if len(kept) < 2:
        kept = [*_usual(base), *new][:room]
    of = chosen or (new[0] if new else plan.of)
    found = Plan(
        scenario, _in_order(kept, base), plan.seed, plan.runs, baseline=plan.against if plan.against in kept else "",
        metric=plan.metric, own=own, uncertainty=plan.uncertainty,
    )  # fmt: skip
    found = replace(found, of=of if of in found.others else "")
    if scenario != plan.scenario:
        return found
    same = found.examined == plan.examined
    moved = tuple((k, v) for k, v in plan.moved if same or k not in LEVERS or not LEVERS[k].own)
    asked = {name: getattr(plan, name) for name in ("also", "along", "along_in", "mapped", "pays", "doubt", "doubted")}
    return replace(found, moved=moved, **asked)
