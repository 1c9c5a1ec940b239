"""A scenario as loaded: what the world is built from.

Everything here has been checked. Numbers are in the units of their columns and parameters, codes are numbers, and
references go both ways: if one state names another as its neighbour, each is the other's.

One file, though long: to and from plain data, each kind of entry beside its way back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from r2psim.declarations.columns import BODY, GROUP, OPPONENTS, STATE, STATUS_EXCLUSION, Table
from r2psim.scenario.brief import brief
from r2psim.scenario.catalogue import Form, forms_of
from r2psim.scenario.errors import Problem, ScenarioError, listing, nearest
from r2psim.scenario.layers import checked_data
from r2psim.scenario.parameters import PARAMETERS, defaults
from r2psim.scenario.schema import CODES, GENERATE, HOMES, NO_ASSISTANCE, REGION, SETTLED, VERSION, YEARS, given

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "NO_ASSISTANCE",
    "BodySpec",
    "GenerateSpec",
    "GroupSpec",
    "PolicySpec",
    "Scenario",
    "StateSpec",
    "baseline_of",
    "headline_pair",
]

Ids = tuple[str, ...]

DEFINING = {NO_ASSISTANCE: frozenset({"assistance.budget_scale"})}
"""What a policy is by a value of its own: an override for all policies leaves it that, one for this policy does not."""
DEFAULT_POLICIES = (NO_ASSISTANCE, "late-response", "prevention")
"""What is compared where no policies are named: those of them that the scenario has."""
PRESENT = "late-response"
"""The policy that stands for the present: what others are told against, where it is among them."""


def baseline_of(policies: Sequence[str]) -> str:
    """Choose the policy that every other one is told against, where none is named.

    Examples
    --------
    >>> baseline_of(["no-assistance", "late-response", "prevention"]), baseline_of(["balanced", "prevention"])
    ('late-response', 'balanced')
    """
    return PRESENT if PRESENT in policies else policies[0]


def headline_pair(policies: Sequence[str]) -> tuple[str, str] | None:
    """Choose the pair that a batch watches where none is named: the last policy, minus the baseline.

    Examples
    --------
    >>> headline_pair(["no-assistance", "late-response", "prevention"])
    ('prevention', 'late-response')
    >>> headline_pair(["no-assistance", "balanced"])
    ('balanced', 'no-assistance')
    """
    baseline = baseline_of(policies) if policies else None
    others = [policy for policy in policies if policy != baseline]
    return (others[-1], baseline) if others and baseline is not None else None


@dataclass(frozen=True)
class GroupSpec:
    """A population group.

    Attributes
    ----------
    name : str
        Name shown.
    values : dict of str to float
        Starts of columns of `r2psim.declarations.columns.GROUP`, only those given; a status gives the exclusion.
    status : str or None
        Political status, a key of `r2psim.declarations.columns.STATUS_EXCLUSION`.
    kin : tuple of str
        Full ids (state/group) of groups of kin in other states.
    written : frozenset of str
        Which of name and region the file wrote; the others are defaults, which a generated entry keeps for itself.
    """

    name: str
    values: dict[str, float] = field(default_factory=dict)
    status: str | None = None
    kin: Ids = ()
    written: frozenset[str] = frozenset()

    __repr__ = brief


@dataclass(frozen=True)
class StateSpec:
    """A State.

    Attributes
    ----------
    name, region : str
        Name shown; region.
    neighbours : tuple of str
        Ids of neighbouring states.
    values : dict of str to float
        Starts of columns of `r2psim.declarations.columns.STATE`, only those given.
    home : dict of str to float
        Levels that columns return to without assistance, only those given; the others return to their start.
    groups : dict of str to GroupSpec
        By id within the state; the full id is ``state/group``.
    written : frozenset of str
        As in `GroupSpec`.
    """

    name: str
    region: str
    neighbours: Ids = ()
    values: dict[str, float] = field(default_factory=dict)
    home: dict[str, float] = field(default_factory=dict)
    groups: dict[str, GroupSpec] = field(default_factory=dict)
    written: frozenset[str] = frozenset()

    __repr__ = brief


@dataclass(frozen=True)
class BodySpec:
    """A regional organisation, a UN body or a partner.

    Attributes
    ----------
    name : str
        Name shown.
    kind : str
        One of `r2psim.scenario.schema.KINDS`.
    members : tuple of str or "all"
        Ids of the states that it may assist.
    values : dict of str to float
        Starts of columns of `r2psim.declarations.columns.BODY`, only those given.
    mandates : tuple of str
        Tags, keys of `r2psim.declarations.channels.MANDATES`: it provides the forms that name one of them.
    """

    name: str
    kind: str
    members: Ids | Literal["all"]
    values: dict[str, float] = field(default_factory=dict)
    mandates: Ids = ()

    __repr__ = brief


@dataclass(frozen=True)
class PolicySpec:
    """A named overlay of the scenario: what it is, and what it sets.

    Attributes
    ----------
    description : str
        What the policy does.
    parameters : dict of str to float
        Parameters by path.
    budgets : dict of str to float
        Mandate tag -> multiple of the budgets of the bodies that hold it; the total stays the same.
    priorities : dict of str to dict of str to float
        ``forms``, ``stages``, ``states`` -> name -> multiple of the priority of forms, of states at a stage, and of
        states of a kind (`r2psim.declarations.columns.STATE_KINDS`).
    shares : dict of str to dict of str to float
        ``forms``, ``stages`` -> name -> part of what bodies can promise that is used for it first.
    """

    description: str = ""
    parameters: dict[str, float] = field(default_factory=dict)
    budgets: dict[str, float] = field(default_factory=dict)
    priorities: dict[str, dict[str, float]] = field(default_factory=dict)
    shares: dict[str, dict[str, float]] = field(default_factory=dict)

    __repr__ = brief


@dataclass(frozen=True)
class GenerateSpec:
    """Which generator draws the states and groups, from which seed, and how many states.

    Attributes
    ----------
    generator : str
        Name of the generator.
    seed : int
        Of its draws.
    states : int
        How many.
    """

    generator: str
    seed: int
    states: int


@dataclass(frozen=True)
class Scenario:
    """A scenario, checked and complete but for defaults.

    Attributes
    ----------
    name, title, description : str
        Identifier, one line, text.
    years : int
        Length of a run.
    parameters : dict of str to float
        Parameters by path, only those that the scenario sets.
    states, bodies, policies : dict of str to StateSpec, BodySpec, PolicySpec
        By id, in the order of the file; ``no-assistance`` is always among the policies.
    generate : GenerateSpec or None
        States and groups to draw; entries of `states` then override and extend what is drawn.
    changed_forms : dict
        What the scenario changes of the catalogue or adds to it, by form, as written.
    real_names : bool
        Whether states bear the names of real countries: a run is then told in sums, since nothing here forecasts any.
    overrides : dict of str to float
        Parameters that hold whatever a policy sets itself, as ``--set`` sets them; by path, and after
        ``policies.NAME.`` those that hold under one policy only.
    """

    name: str
    title: str
    description: str
    years: int
    parameters: dict[str, float]
    states: dict[str, StateSpec]
    bodies: dict[str, BodySpec]
    policies: dict[str, PolicySpec]
    generate: GenerateSpec | None = None
    changed_forms: dict[str, Any] = field(default_factory=dict)
    real_names: bool = False
    overrides: dict[str, float] = field(default_factory=dict)

    def __repr__(self) -> str:
        drawn = "" if self.generate is None else f", {self.generate.states} more to generate"
        return (
            f"Scenario({self.name!r}, years={self.years}, states={len(self.states)}{drawn}, bodies={len(self.bodies)}, "
            f"policies={len(self.policies)}, parameters set={len(self.parameters)})"
        )

    @property
    def forms(self) -> dict[str, Form]:
        """Forms of assistance: the catalogue, with what this scenario changes or adds."""
        return forms_of(self.changed_forms)

    def policy(self, name: str) -> PolicySpec:
        """Give a policy by name.

        Parameters
        ----------
        name : str
            One of `policies`.

        Returns
        -------
        PolicySpec
            What it sets.

        Raises
        ------
        ScenarioError
            If the scenario has none of that name.
        """
        if name not in self.policies:
            allowed = f"one of {listing(self.policies, quoted=True)}"
            raise ScenarioError([Problem(self.name, "policies", name, allowed, nearest(name, self.policies))])
        return self.policies[name]

    def parameter_values(self, policy: str | None = None) -> np.ndarray:
        """Give the value of every parameter: defaults, then the scenario's, then the policy's, then overrides.

        Parameters
        ----------
        policy : str, optional
            One of `policies`; none of them if not given.

        Returns
        -------
        numpy.ndarray, shape (len(PARAMETERS),), float64
            In storage order, each in its own unit.

        Raises
        ------
        ScenarioError
            If the scenario has no such policy.
        """
        overlay = self.policy(policy).parameters if policy is not None else {}
        kept = DEFINING.get(policy or "", frozenset()) & overlay.keys()
        set_ = {path: value for path, value in self.overrides.items() if path not in kept}
        values = defaults()
        for place, path in enumerate(PARAMETERS):
            value = overlay.get(path, self.parameters.get(path, values[place]))
            values[place] = set_.get(f"policies.{policy}.{path}", set_.get(path, value))
        return values

    def notes(self, policies: Iterable[str] | None = None) -> list[str]:
        """Say in sentences where a value set for all policies meets one that a policy sets itself.

        Parameters
        ----------
        policies : iterable of str, optional
            Those that are run; all if not given.

        Returns
        -------
        list of str
            None where nothing meets.
        """
        found = []
        named = list(self.policies if policies is None else policies)
        for path, value in self.overrides.items():
            own = {name: self.policy(name).parameters.get(path) for name in named}
            met = {n: v for n, v in own.items() if v is not None and f"policies.{n}.{path}" not in self.overrides}
            for name in [name for name in met if path in DEFINING.get(name, ())]:
                found.append(
                    f"{path} = {value:g} does not reach {name}, which is what it is by its own {met.pop(name):g}; "
                    f"policies.{name}.parameters.{path} sets it there"
                )
            special = {name: self.overrides.get(f"policies.{name}.{path}", value) for name in named}
            if apart := [f"{name} ({v:g})" for name, v in special.items() if v != value]:
                found.append(f"{path} = {value:g} holds but for {', '.join(apart)}, for which it is set apart")
            if replaced := [f"{name} ({v:g})" for name, v in met.items() if v != value]:
                found.append(f"{path} = {value:g} takes the place of what is set by {', '.join(replaced)}")
        return found

    def overlaid(self) -> list[str]:
        """Say in sentences which parameters of the scenario some policies set to a value of their own.

        Returns
        -------
        list of str
            A sentence for each parameter; none where no policy sets one.
        """
        found = []
        for path, value in self.parameters.items():
            own = {name: policy.parameters[path] for name, policy in self.policies.items() if path in policy.parameters}
            if path not in self.overrides and (replaced := [f"{n} ({v:g})" for n, v in own.items() if v != value]):
                found.append(
                    f"parameters.{path} = {value:g} does not hold under policies that set it themselves: "
                    f"{', '.join(replaced)}; under [overrides] it would"
                )
        return found

    def resolved(self) -> dict[str, Any]:
        """Give the scenario with every default filled in, as plain data that JSON can hold.

        The result is itself a valid scenario. States and groups of a scenario that generates them keep only what was
        written: what else they hold is drawn later.

        Returns
        -------
        dict of str
            As a scenario file has it, in its units.
        """
        full = self.generate is None
        parameters = {path: self.parameters.get(path, p.default) for path, p in PARAMETERS.items()}
        result = {
            "schema": VERSION,
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "years": self.years,
            "parameters": _nested(parameters),
            "states": {key: _state_data(state, full) for key, state in self.states.items()},
            "bodies": {key: _body_data(body) for key, body in self.bodies.items()},
            "forms": {key: form.table() for key, form in self.forms.items()},
            "policies": {
                key: {
                    "description": policy.description,
                    "parameters": _nested(policy.parameters),
                    "budgets": dict(policy.budgets),
                    "priorities": {key: dict(values) for key, values in policy.priorities.items()},
                    "shares": {key: dict(values) for key, values in policy.shares.items()},
                }
                for key, policy in self.policies.items()
            },
        }
        if self.overrides:
            result["overrides"] = _nested(self.overrides)
        if self.real_names:
            result["real_names"] = True
        return result if self.generate is None else result | {"generate": asdict(self.generate)}

    @classmethod
    def from_resolved(cls, data: Mapping[str, Any]) -> Scenario:
        """Make a scenario of what `resolved` gave.

        Parameters
        ----------
        data : mapping of str
            Read from JSON, say.

        Raises
        ------
        ScenarioError
            If `data` is no valid scenario.
        """
        return cls.from_validated(checked_data(data))

    @classmethod
    def from_validated(cls, data: Mapping[str, Any]) -> Scenario:
        """Make a scenario of data that `r2psim.scenario.schema.validate` returned.

        Parameters
        ----------
        data : mapping of str
            Complete and checked.
        """
        states = data.get("states", {})
        kin = _both_ways(
            (f"{key}/{name}", group.get("kin", ()))
            for key, state in states.items()
            for name, group in state.get("groups", {}).items()
        )
        neighbours = _both_ways((key, state.get("neighbours", ())) for key, state in states.items())
        drawn = "generate" in data
        policies = {key: _policy(policy) for key, policy in data.get("policies", {}).items()}
        policies.setdefault(
            NO_ASSISTANCE,
            PolicySpec(
                "No body pays for any form of assistance; relief and reconstruction after harm go on as they are."
            ),
        )
        return cls(
            name=data["name"],
            title=data.get("title", _titled(data["name"])),
            description=data.get("description", ""),
            years=data.get("years", YEARS),
            parameters=(SETTLED if drawn else {}) | _flat(data.get("parameters", {})),
            states={key: _state(key, state, neighbours[key], kin, not drawn) for key, state in states.items()},
            bodies={key: _body(key, body) for key, body in data.get("bodies", {}).items()},
            policies=policies,
            changed_forms=data.get("forms", {}),
            generate=GenerateSpec(**(GENERATE | data["generate"])) if drawn else None,
            real_names=data.get("real_names", False),
            overrides=_flat(data.get("overrides", {})),
        )


# -- from validated data -----------------------------------------------------------------------------------------------


def _titled(key: str) -> str:
    return key.replace("-", " ").title()


def _both_ways(references: Iterable[tuple[str, Iterable[str]]]) -> dict[str, Ids]:
    """Close references symmetrically: each one's own first, in their order, then those that name it."""
    pairs = list(references)
    links = {key: dict.fromkeys(others) for key, others in pairs}
    for key, others in pairs:
        for other in others:
            links[other].setdefault(key)
    return {key: tuple(others) for key, others in links.items()}


def _values(table: Table, data: Mapping[str, Any]) -> dict[str, float]:
    return {column.name: data[column.name] for column in given(table) if column.name in data}


def _written(data: Mapping[str, Any]) -> frozenset[str]:
    return frozenset({"name", "region"} & data.keys())


def _state(key: str, data: Mapping[str, Any], neighbours: Ids, kin: Mapping[str, Ids], complete: bool) -> StateSpec:
    share = data.get("opponents_share", STATE["opponents_share"].default)
    groups = {}
    for short, group in data.get("groups", {}).items():
        known = _opponents(share) if short == OPPONENTS else {}
        groups[short] = _group(short, known | group, kin[f"{key}/{short}"], _written(group))
    # Every state has political opponents: where no group of them is written, one is added.
    if complete and share > 0.0 and not any(group.values.get("opponents") for group in groups.values()):
        groups[OPPONENTS] = _group(OPPONENTS, _opponents(share), (), frozenset())
    return StateSpec(
        name=data.get("name", _titled(key)),
        region=data.get("region", REGION),
        neighbours=neighbours,
        values=_values(STATE, data),
        home=data.get("home", {}),
        groups=groups,
        written=_written(data),
    )


def _opponents(share: float) -> dict[str, Any]:
    """Give what is known of the political opponents in a state where nothing is written of them."""
    return {"name": "Political opponents", "opponents": 1.0, "share": share}


def _group(key: str, data: Mapping[str, Any], kin: Ids, written: frozenset[str]) -> GroupSpec:
    status = data.get("status")
    values = _values(GROUP, data)
    if status is not None:
        values.setdefault("exclusion", STATUS_EXCLUSION[status])
    return GroupSpec(data.get("name", _titled(key)), values, status, kin, written)


def _body(key: str, data: Mapping[str, Any]) -> BodySpec:
    mandates = tuple(data.get("mandates", ()))
    return BodySpec(data.get("name", _titled(key)), data["kind"], data["members"], _values(BODY, data), mandates)


def _policy(data: Mapping[str, Any]) -> PolicySpec:
    return PolicySpec(
        data.get("description", ""),
        _flat(data.get("parameters", {})),
        *(data.get(key, {}) for key in ("budgets", "priorities", "shares")),
    )


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    flat: dict[str, float] = {}
    for key, value in table.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


# -- to plain data -----------------------------------------------------------------------------------------------------


def _nested(flat: Mapping[str, float]) -> dict[str, Any]:
    tables: dict[str, Any] = {}
    for path, value in flat.items():
        *above, key = path.split(".")
        table = tables
        for name in above:
            table = table.setdefault(name, {})
        table[key] = value
    return tables


def _columns_data(table: Table, values: Mapping[str, float], full: bool) -> dict[str, Any]:
    """Give the starts of columns, those not given too if `full`, and codes by their names."""
    data: dict[str, Any] = {}
    for column in given(table):
        if full or column.name in values:
            value = values.get(column.name, column.default)
            codes = CODES.get(column.name)
            data[column.name] = codes[int(value)] if codes else value
    return data


def _shown(spec: StateSpec | GroupSpec, full: bool) -> dict[str, str]:
    keys = ("name", "region") if isinstance(spec, StateSpec) else ("name",)
    return {key: getattr(spec, key) for key in keys if full or key in spec.written}


def _state_data(state: StateSpec, full: bool) -> dict[str, Any]:
    columns = _columns_data(STATE, state.values, full)
    home = {name: columns[name] for name in HOMES} if full else {}
    return {
        **_shown(state, full),
        "neighbours": list(state.neighbours),
        **columns,
        "home": home | dict(state.home),
        "groups": {key: _group_data(group, full) for key, group in state.groups.items()},
    }


def _group_data(group: GroupSpec, full: bool) -> dict[str, Any]:
    status = {} if group.status is None else {"status": group.status}
    columns = _columns_data(GROUP, group.values, full)
    if group.values.get("opponents") and "exclusion" not in group.values:
        # It follows the regime: a number written here would hold it where it is.
        columns.pop("exclusion", None)
    return {**_shown(group, full), **status, "kin": list(group.kin), **columns}


def _body_data(body: BodySpec) -> dict[str, Any]:
    members = body.members if body.members == "all" else list(body.members)
    shown = {"name": body.name, "kind": body.kind, "members": members, "mandates": list(body.mandates)}
    return shown | _columns_data(BODY, body.values, full=True)
