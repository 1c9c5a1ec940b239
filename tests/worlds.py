"""Small worlds for tests, runs of them, and the statistical assertion that the tests of theory share.

Run as a program, it prints the digest of every month of `lively_world`: a test starts it with the compiler switched
off and compares.
"""

from __future__ import annotations

import hashlib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from r2psim.declarations.channels import CHANNELS, MANDATES
from r2psim.declarations.columns import BODY, GROUP, INHIBITORS, STATE, TRIGGERS, Column, Table
from r2psim.rules.draws import draws_of
from r2psim.rules.month import month, opening
from r2psim.scenario import Scenario
from r2psim.scenario.layers import POLICIES
from r2psim.scenario.loading import scenario_of
from r2psim.scenario.parameters import PARAMETERS, P, defaults, identifier
from r2psim.scenario.schema import CODES
from r2psim.world.build import World, build
from r2psim.world.rows import WRITTEN, Rows, copy_rows

__all__ = [
    "LIVELY_BODIES",
    "SHIPPED_POLICIES",
    "Entries",
    "Run",
    "assert_expected",
    "digests",
    "lively_parameters",
    "lively_world",
    "many_groups",
    "many_states",
    "nested",
    "parameters",
    "random_bodies",
    "random_parameters",
    "random_states",
    "random_world",
    "run",
    "scenario_with",
    "surprise",
    "without_conflict",
    "without_triggers",
    "world_of",
]

ALPHA = 1e-8
"""Chance of a false alarm of one statistical test, were its seed random; that of all together stays below 1e-6."""


# -- worlds ------------------------------------------------------------------------------------------------------------


Entries = Mapping[str, Mapping[str, Any]]

SHIPPED_POLICIES: dict[str, Any] = tomllib.loads(POLICIES.read_text("utf-8"))["policies"]
"""The policies that every scenario file starts from, as written."""


def world_of(states: Entries, bodies: Entries | None = None) -> World:
    """Build a world from plain dictionaries, as in `scenario_with`."""
    return build(scenario_with(states, bodies))


def scenario_with(
    states: Entries,
    bodies: Entries | None = None,
    policies: Entries | None = None,
    forms: Entries | None = None,
    **more: Any,
) -> Scenario:
    """Make a checked scenario from plain dictionaries.

    Parameters
    ----------
    states : mapping
        State id -> columns, and beside them ``neighbours`` (list of ids), ``home`` (levels) and ``groups``
        (group id -> columns, and beside them ``status`` and ``kin``). Codes are given by their numbers. None at all
        is allowed here, though not in a file.
    bodies : mapping, optional
        Body id -> columns, and beside them ``members`` (list of ids or "all", which is the default) and ``mandates``.
    policies, forms : mapping, optional
        As in a scenario file; ``None`` for none but ``no-assistance``, and for the catalogue as it ships.
    **more
        Other sections of a scenario file.
    """
    data: dict[str, Any] = {
        "schema": 1,
        "name": "test",
        "states": {key: _state(entry) for key, entry in states.items()},
        "bodies": {key: {"kind": "partner", "members": "all", **entry} for key, entry in (bodies or {}).items()},
        "policies": dict(policies or {}),
        "forms": dict(forms or {}),
        **more,
    }
    return scenario_of(data) if states else Scenario.from_validated(data)


def _state(entry: Mapping[str, Any]) -> dict[str, Any]:
    groups = {short: _named(group, GROUP) for short, group in entry.get("groups", {}).items()}
    return _named(entry, STATE) | {"groups": groups}


def _named(entry: Mapping[str, Any], table: Table) -> dict[str, Any]:
    """Write codes by their names, as a scenario file has them."""
    coded = {name: names[int(entry[name])] for name, names in CODES.items() if name in table.index and name in entry}
    return {**entry, **coded}


def many_groups(count: int, **columns: float) -> Rows:
    """Give one state with ``count`` identical groups, each its own identity; any column may be set."""
    rows = world_of({"state": {"opponents_share": 0.0, "groups": {"group": {}}}}).rows
    rows = rows._replace(
        group=np.repeat(rows.group, count, axis=1),
        group_id=np.arange(count, dtype=np.uint64),
        group_run=np.zeros(count, dtype=np.uint64),
        home=np.zeros(count, dtype=np.int64),
        first_group=np.array([0, count]),
        kin_start=np.zeros(count + 1, dtype=np.int64),
    )
    for name, value in columns.items():
        rows.group[GROUP.index[name]] = value
    return rows


def many_states(count: int, **columns: float) -> Rows:
    """Give ``count`` identical states without groups or neighbours, each its own identity; any column may be set."""
    rows = world_of({"state": {"opponents_share": 0.0}}).rows
    none = np.zeros(count + 1, dtype=np.int64)
    rows = rows._replace(
        state=np.repeat(rows.state, count, axis=1),
        programme=np.repeat(rows.programme, count, axis=1),
        state_id=np.arange(count, dtype=np.uint64),
        state_run=np.zeros(count, dtype=np.uint64),
        first_group=none,
        neighbour_start=none,
    )
    for name, value in columns.items():
        rows.state[STATE.index[name]] = value
    return rows


def random_world(seed: int, states: int, groups: int, bodies: int = 0) -> World:
    """Draw a world, as `random_states` and `random_bodies` draw its states and bodies."""
    rng = np.random.default_rng(seed)
    entries = random_states(rng, states, groups)
    return world_of(entries, random_bodies(rng, list(entries), bodies))


def random_states(rng: np.random.Generator, states: int, groups: int) -> dict[str, dict[str, Any]]:
    """Draw states whose columns lie anywhere in their declared ranges, often at an end.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the draws come from.
    states : int
        Number of states.
    groups : int
        Largest number of groups of a state; a state may have none.
    """
    names = [f"s{i}" for i in range(states)]
    entries: dict[str, dict[str, Any]] = {}
    for name in names:
        given = [c for c in STATE.columns if c.role == "given" and c.name != "permanent_member"]
        entry: dict[str, Any] = {c.name: _anywhere(rng, c) for c in given}
        entry["permanent_member"] = float(name == names[-1])
        entry["neighbours"] = [n for n in names if n != name and rng.random() < 0.3]
        shares = rng.dirichlet(np.ones(groups + 1))
        entry["groups"] = {}
        for i in range(int(rng.integers(0, groups + 1))):
            of_group = [c for c in GROUP.columns if c.role == "given" and c.name != "opponents"]
            group: dict[str, Any] = {c.name: _anywhere(rng, c) for c in of_group}
            entry["groups"][f"g{i}"] = group | {"share": float(shares[i])}
        entries[name] = entry
    everybody = [f"{name}/{short}" for name in names for short in entries[name]["groups"]]
    for name in names:
        for group in entries[name]["groups"].values():
            group["kin"] = [g for g in everybody if not g.startswith(f"{name}/") and rng.random() < 0.1]
    return entries


BUDGETS = (0.0, 0.01, 0.11, 1.0, 11.99, 1e3, 1e6, 3e7, 1e9, 1e12)
"""US$ a year: nothing, a cent, too little for any programme, and up to the largest that a scenario may give."""


def random_bodies(rng: np.random.Generator, states: list[str], bodies: int) -> dict[str, dict[str, Any]]:
    """Draw bodies with any members and mandates, budgets of every size, and other columns anywhere in their ranges."""
    tags = list(MANDATES)
    entries: dict[str, dict[str, Any]] = {}
    for i in range(bodies):
        entry: dict[str, Any] = {c.name: _anywhere(rng, c) for c in BODY.columns if c.role == "given"}
        entry["rhythm"] = float(np.floor(entry["rhythm"])) if rng.random() < 0.5 else float(rng.integers(1, 4))
        entry["decision_delay"] = entry["decision_delay"] if rng.random() < 0.3 else float(rng.integers(0, 4))
        scale = 1.0 if rng.random() < 0.5 else rng.uniform(0.1, 1.0)
        entry["budget"] = float(rng.choice(BUDGETS)) * scale
        members = [name for name in states if rng.random() < 0.7]
        entry["members"] = "all" if rng.random() < 0.3 else members
        chosen = int(rng.integers(0, len(tags) + 1)) if rng.random() < 0.2 else int(rng.integers(0, 5))
        entry["mandates"] = [str(tag) for tag in rng.choice(tags, chosen, replace=False)]
        entries[f"b{i}"] = entry
    return entries


def _anywhere(rng: np.random.Generator, column: Column) -> float:
    if column.unit in ("code", "stage"):
        return float(rng.integers(0, int(column.high) + 1))
    high = column.high if math.isfinite(column.high) else 1e5
    if rng.random() < 0.2:
        return column.low if rng.random() < 0.5 else high
    if high > 1e6:
        return float(np.exp(rng.uniform(np.log(column.low + 1.0), np.log(high))))
    return float(rng.uniform(column.low, high))


def lively_world() -> World:
    """Give a world in which, under `lively_parameters`, everything that can happen soon happens."""
    states = random_states(np.random.default_rng(9), states=5, groups=4)
    return build(scenario_with(states, LIVELY_BODIES, forms=LIVELY_FORMS))


LIVELY_BODIES: dict[str, dict[str, Any]] = {
    tag: {"mandates": [tag], "budget": 2e8, "rhythm": 1.0, "decision_delay": 0.0, "will": 0.8, "carry_over": 0.5}
    for tag in MANDATES
}
"""One body of every mandate, each with money to spend."""

LIVELY_FORMS: dict[str, dict[str, Any]] = {
    f"everything-{scope}": {
        "name": "Everything at once",
        "category": "protection",
        "description": "Acts on all that assistance can act on.",
        "report": "none",
        "providers": ["civil-society", "private-sector"],
        "stages": [0, 4],
        "scope": scope,
        "unit_cost": 1e6,
        "lag": 3,
        "half_life": 6,
        "needs_assessment": False,
        "consent": 0.0,
        "under_perpetrator": 0.5,
        "backlash": 0.2,
        "ledger": "prevention",
        "military": True,
        "label": "assumption",
        "effects": {
            name: {"size": channel.none - 0.1, "low": channel.none - 0.1, "high": channel.none, "label": "assumption"}
            for name, channel in CHANNELS.items()
        },
    }
    for scope in ("state", "group")
}
"""Forms that use every channel, those that no form of the catalogue uses included."""


def lively_parameters() -> np.ndarray:
    """Give parameters under which stages, conflicts and triggers change often."""
    changed = {f"stages.{name}.base": 0.3 for name in ("to_risk", "to_threat", "to_imminent", "to_atrocity")}
    changed |= {f"stages.{name}.base": 0.1 for name in ("from_risk", "from_threat", "from_imminent", "from_atrocity")}
    changed |= {f"triggers.{name}.base": PARAMETERS[f"triggers.{name}.base"].high for name in TRIGGERS}
    changed |= {
        f"conflict.{n}.base": 1.0 for n in ("onset", "relapse", "escalation", "healing", "settlement", "abatement")
    }
    # Some stays at imminent risk end without atrocity, and some atrocities before the conflict does. Campaigns end
    # soon, so that there are many, by armed groups too.
    changed |= {"stages.to_imminent.base": 0.05, "stages.from_imminent.base": 1.0, "stages.from_atrocity.base": 0.2}
    changed |= {"stages.to_atrocity.base": 0.0002}
    changed |= {"harm.threshold": 100.0, "harm.quiet_years": 1.0, "stages.perpetrator_state": 0.5}
    changed |= {"stages.risk_above": 0.3}
    return parameters(changed)


# -- parameters --------------------------------------------------------------------------------------------------------


def parameters(changed: Mapping[str, float] | None = None, start: np.ndarray | None = None) -> np.ndarray:
    """Give the defaults of all parameters, or ``start``, with some changed by their dotted paths."""
    p = defaults() if start is None else start.copy()
    for path, value in (changed or {}).items():
        p[getattr(P, identifier(path))] = value
    return p


def nested(flat: Mapping[str, float]) -> dict[str, Any]:
    """Write parameters by dotted paths as the tables of a scenario file."""
    tables: dict[str, Any] = {}
    for path, value in flat.items():
        *above, key = path.split(".")
        table = tables
        for name in above:
            table = table.setdefault(name, {})
        table[key] = value
    return tables


def random_parameters(seed: int, share: float) -> np.ndarray:
    """Move about ``share`` of the parameters anywhere in their ranges, one in five of these to an end."""
    rng = np.random.default_rng(seed)
    p = defaults()
    for i, parameter in enumerate(PARAMETERS.values()):
        if rng.random() < share:
            value = rng.uniform(parameter.low, parameter.high)
            end = parameter.low if rng.random() < 0.5 else parameter.high
            p[i] = end if rng.random() < 0.2 else value
    return p


def without_triggers(p: np.ndarray) -> np.ndarray:
    """Switch every trigger off: base rates and weights 0."""
    return parameters({f"triggers.{name}.{key}": 0.0 for name in TRIGGERS for key in ("base", "weight")}, p)


def without_conflict(p: np.ndarray) -> np.ndarray:
    """Let no conflict begin, relapse or escalate."""
    return parameters({f"conflict.{name}.base": 0.0 for name in ("onset", "relapse", "escalation")}, p)


SOUND = dict.fromkeys((*INHIBITORS, "capacity", "inclusion", "commitment", "regime"), 1.0) | dict.fromkeys(
    ("motive", "arms", "finance", "incitement", "armed_groups", "horizontal_inequality", "past_violations"), 0.0
)
"""Columns of a state in which no risk factor is present."""


# -- runs --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """One run, month by month.

    Attributes
    ----------
    world : World
        What ran.
    state, group, body, programme, pledge, rating, note : numpy.ndarray, shape (months + 1, columns, rows)
        Index 0 is the start.
    ledger : numpy.ndarray, shape (months + 1, bodies, forms)
        US cents.
    """

    world: World
    state: np.ndarray
    group: np.ndarray
    body: np.ndarray
    programme: np.ndarray
    pledge: np.ndarray
    rating: np.ndarray
    ledger: np.ndarray
    note: np.ndarray

    def of_state(self, column: str) -> np.ndarray:
        """Give a column of states, shape (months + 1, states)."""
        return self.state[:, STATE.index[column]]

    def of_group(self, column: str) -> np.ndarray:
        """Give a column of groups, shape (months + 1, groups)."""
        return self.group[:, GROUP.index[column]]

    def of_body(self, column: str) -> np.ndarray:
        """Give a column of bodies, shape (months + 1, bodies)."""
        return self.body[:, BODY.index[column]]


def run(world: World, p: np.ndarray, months: int, seed: int = 1, number: int = 0) -> Run:
    """Run a world and keep every column of every month."""
    rows = copy_rows(world.rows)
    opening(rows, p, draws_of(seed, number, 0))
    kept = {name: [getattr(rows, name).copy()] for name in WRITTEN}
    for m in range(months):
        month(rows, p, draws_of(seed, number, m))
        for name, blocks in kept.items():
            blocks.append(getattr(rows, name).copy())
    return Run(world, **{name: np.array(blocks) for name, blocks in kept.items()})


def digests(history: Run) -> list[str]:
    """Give the SHA-256 of all columns of every month, the start included."""
    blocks = zip(*(getattr(history, name) for name in WRITTEN), strict=True)
    return [hashlib.sha256(b"".join(block.tobytes() for block in at)).hexdigest() for at in blocks]


# -- statistics --------------------------------------------------------------------------------------------------------


def surprise(counts: np.ndarray | float, trials: np.ndarray | float, probability: np.ndarray | float) -> np.ndarray:
    """Give ``n * KL(k / n || q)``, how surprising ``k`` of ``n`` are where each has probability ``q``.

    By Chernoff's bound the chance of a value above ``x`` is at most ``2 * exp(-x)``, for every n and q: no
    approximation and no smallest expected count. In standard errors it is about ``z**2 / 2``.
    """
    counts, trials, q = np.broadcast_arrays(
        np.asarray(counts, float), np.asarray(trials, float), np.clip(probability, 0.0, 1.0)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        yes = np.where(counts > 0, counts * np.log(counts / (trials * q)), 0.0)
        no = np.where(counts < trials, (trials - counts) * np.log((trials - counts) / (trials * (1.0 - q))), 0.0)
    return np.asarray(yes + no)


def assert_expected(
    counts: np.ndarray | float,
    trials: np.ndarray | float,
    probability: np.ndarray | float,
    tests: int = 0,
    what: str = "",
) -> None:
    """Assert that binomial counts agree with their probabilities.

    Parameters
    ----------
    counts : numpy.ndarray
        How often each event happened.
    trials : numpy.ndarray or float
        Of how many independent trials.
    probability : numpy.ndarray
        Expected probability of each event.
    tests : int
        Number of comparisons that share the chance of a false alarm (Bonferroni); 0 = those given here.
    what : str
        Named in the message.

    Raises
    ------
    AssertionError
        Where a count is so far off that chance would do it with probability below ``ALPHA / tests``.
    """
    found = surprise(counts, trials, probability)
    level = math.log(2.0 * (tests or found.size) / ALPHA)
    worst = np.unravel_index(np.argmax(found), found.shape)
    assert found[worst] <= level, (
        f"{what} at {tuple(int(i) for i in worst)}: {np.broadcast_to(counts, found.shape)[worst]:.0f} of "
        f"{np.broadcast_to(trials, found.shape)[worst]:.0f}, expected a share of "
        f"{np.broadcast_to(probability, found.shape)[worst]:.6g}; surprise {found[worst]:.1f} > {level:.1f}"
    )


if __name__ == "__main__":
    import sys

    print("\n".join(digests(run(lively_world(), lively_parameters(), int(sys.argv[1])))))
