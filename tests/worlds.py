"""Small worlds for tests, runs of them, and the statistical assertion that the tests of theory share.

Run as a program, it prints the digest of every month of `lively_world`: a test starts it with the compiler switched
off and compares.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from r2psim.rules.draws import draws_of
from r2psim.rules.month import month, opening
from r2psim.scenario.parameters import PARAMETERS, P, defaults, identifier
from r2psim.world.build import World, build
from r2psim.world.rows import Rows, copy_rows
from r2psim.world.tables import GROUP, INHIBITORS, STATE, TRIGGERS, Column

__all__ = [
    "Run",
    "assert_expected",
    "digests",
    "lively_parameters",
    "lively_world",
    "many_groups",
    "many_states",
    "parameters",
    "random_parameters",
    "random_world",
    "run",
    "surprise",
    "without_conflict",
    "without_triggers",
    "world_of",
]

ALPHA = 1e-8
"""Chance of a false alarm of one statistical test, were its seed random; that of all together stays below 1e-6."""


# -- worlds ------------------------------------------------------------------------------------------------------------


def world_of(states: Mapping[str, Mapping[str, Any]], bodies: Mapping[str, Mapping[str, Any]] | None = None) -> World:
    """Build a world from plain dictionaries.

    Parameters
    ----------
    states : mapping
        State id -> columns, and beside them ``neighbours`` (list of ids), ``home`` (levels) and ``groups``
        (group id -> columns, and beside them ``status`` and ``kin``).
    bodies : mapping, optional
        Body id -> columns, and beside them ``members`` (list of ids or "all").
    """
    return build(
        SimpleNamespace(  # type: ignore[arg-type]
            states={key: _state(key, entry) for key, entry in states.items()},
            bodies={key: _body(key, entry) for key, entry in (bodies or {}).items()},
        )
    )


def _state(key: str, entry: Mapping[str, Any]) -> SimpleNamespace:
    values = {name: value for name, value in entry.items() if name not in ("neighbours", "home", "groups")}
    groups = {}
    for short, group in entry.get("groups", {}).items():
        columns = {name: value for name, value in group.items() if name not in ("status", "kin")}
        groups[short] = SimpleNamespace(
            name=short, status=group.get("status"), kin=list(group.get("kin", [])), values=columns
        )
    return SimpleNamespace(
        name=key,
        region="world",
        neighbours=list(entry.get("neighbours", [])),
        home=dict(entry.get("home", {})),
        values=values,
        groups=groups,
    )


def _body(key: str, entry: Mapping[str, Any]) -> SimpleNamespace:
    values = {name: value for name, value in entry.items() if name != "members"}
    return SimpleNamespace(name=key, kind="partner", members=entry.get("members", "all"), values=values)


def many_groups(count: int, **columns: float) -> Rows:
    """Give one state with ``count`` identical groups, each its own identity; any column may be set."""
    rows = world_of({"state": {"groups": {"group": {}}}}).rows
    rows = rows._replace(
        group=np.repeat(rows.group, count, axis=1),
        group_id=np.arange(count, dtype=np.uint64),
        home=np.zeros(count, dtype=np.int64),
        first_group=np.array([0, count]),
        kin_start=np.zeros(count + 1, dtype=np.int64),
    )
    for name, value in columns.items():
        rows.group[GROUP.index[name]] = value
    return rows


def many_states(count: int, **columns: float) -> Rows:
    """Give ``count`` identical states without groups or neighbours, each its own identity; any column may be set."""
    rows = world_of({"state": {}}).rows
    none = np.zeros(count + 1, dtype=np.int64)
    rows = rows._replace(
        state=np.repeat(rows.state, count, axis=1),
        state_id=np.arange(count, dtype=np.uint64),
        first_group=none,
        neighbour_start=none,
    )
    for name, value in columns.items():
        rows.state[STATE.index[name]] = value
    return rows


def random_world(seed: int, states: int, groups: int) -> World:
    """Draw a world whose columns lie anywhere in their declared ranges, often at an end.

    Parameters
    ----------
    seed : int
        Seed of the draws.
    states : int
        Number of states.
    groups : int
        Largest number of groups of a state; a state may have none.
    """
    rng = np.random.default_rng(seed)
    names = [f"s{i}" for i in range(states)]
    entries: dict[str, dict[str, Any]] = {}
    for name in names:
        entry: dict[str, Any] = {c.name: _anywhere(rng, c) for c in STATE.columns if c.role == "given"}
        entry["neighbours"] = [n for n in names if n != name and rng.random() < 0.3]
        shares = rng.dirichlet(np.ones(groups + 1))
        entry["groups"] = {}
        for i in range(int(rng.integers(0, groups + 1))):
            group: dict[str, Any] = {c.name: _anywhere(rng, c) for c in GROUP.columns if c.role == "given"}
            entry["groups"][f"g{i}"] = group | {"share": float(shares[i])}
        entries[name] = entry
    everybody = [f"{name}/{short}" for name in names for short in entries[name]["groups"]]
    for name in names:
        for group in entries[name]["groups"].values():
            group["kin"] = [g for g in everybody if not g.startswith(f"{name}/") and rng.random() < 0.1]
    return world_of(entries)


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
    return random_world(seed=9, states=5, groups=4)


def lively_parameters() -> np.ndarray:
    """Give parameters under which stages, conflicts and triggers change often."""
    changed = {f"stages.{name}.base": 0.3 for name in ("to_risk", "to_threat", "to_imminent", "to_atrocity")}
    changed |= {f"stages.{name}.base": 0.1 for name in ("from_risk", "from_threat", "from_imminent", "from_atrocity")}
    changed |= {f"triggers.{name}.base": PARAMETERS[f"triggers.{name}.base"].high for name in TRIGGERS}
    changed |= {
        f"conflict.{n}.base": 1.0 for n in ("onset", "relapse", "escalation", "healing", "settlement", "abatement")
    }
    return parameters(changed | {"stages.risk_above": 0.3, "harm.threshold": 100.0})


# -- parameters --------------------------------------------------------------------------------------------------------


def parameters(changed: Mapping[str, float] | None = None, start: np.ndarray | None = None) -> np.ndarray:
    """Give the defaults of all parameters, or ``start``, with some changed by their dotted paths."""
    p = defaults() if start is None else start.copy()
    for path, value in (changed or {}).items():
        p[getattr(P, identifier(path))] = value
    return p


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
    state, group, body : numpy.ndarray, shape (months + 1, columns, rows)
        Index 0 is the start.
    """

    world: World
    state: np.ndarray
    group: np.ndarray
    body: np.ndarray

    def of_state(self, column: str) -> np.ndarray:
        """Give a column of states, shape (months + 1, states)."""
        return self.state[:, STATE.index[column]]

    def of_group(self, column: str) -> np.ndarray:
        """Give a column of groups, shape (months + 1, groups)."""
        return self.group[:, GROUP.index[column]]


def run(world: World, p: np.ndarray, months: int, seed: int = 1, number: int = 0) -> Run:
    """Run a world and keep every column of every month."""
    rows = copy_rows(world.rows)
    opening(rows, p, draws_of(seed, number, 0))
    state, group, body = [rows.state.copy()], [rows.group.copy()], [rows.body.copy()]
    for m in range(months):
        month(rows, p, draws_of(seed, number, m))
        state.append(rows.state.copy())
        group.append(rows.group.copy())
        body.append(rows.body.copy())
    return Run(world, np.array(state), np.array(group), np.array(body))


def digests(history: Run) -> list[str]:
    """Give the SHA-256 of all columns of every month, the start included."""
    blocks = zip(history.state, history.group, history.body, strict=True)
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
