"""Who reads and writes what while agents of a phase act, found out by rules in plain Python on rows that take note.

    python tests/traced_rows.py     prints nothing if no agent touches what another of its phase writes, else what

In a phase agents act in any order, or at the same time. So no agent may write what another reads or writes, not even
for a moment; what several add to, or raise, they add to or raise through `r2psim.rules.compiled.add_to` and `raise_to`
alone. The compiler must be switched off (``NUMBA_DISABLE_JIT=1``): only Python can look on.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from r2psim.rules import accounts as accounts_module
from r2psim.rules import decision as decision_module
from r2psim.rules.contagion import contagion
from r2psim.rules.draws import draws_of
from r2psim.rules.month import PHASES, month, opening
from r2psim.rules.settling import groups_forget, groups_settle, luck_before, states_forget, states_settle, states_stand
from r2psim.scenario import Scenario, load
from r2psim.scenario.parameters import P
from r2psim.world.build import build
from r2psim.world.expand import expand
from r2psim.world.rows import WRITTEN, Rows, copy_rows
from r2psim.world.tables import TABLES

__all__ = ["clashes", "main"]


@dataclass
class Log:
    """Addresses that an agent touched."""

    read: set[int] = field(default_factory=set)
    written: set[int] = field(default_factory=set)
    shared: set[int] = field(default_factory=set)


LOG = Log()


class Traced(np.ndarray):
    """A block, or a part of one, that notes which entry is read and written."""

    def _place(self, key: Any) -> int:
        keys = key if isinstance(key, tuple) else (key,)
        assert len(keys) == self.ndim, "rules go through their rows one by one"
        at = self.__array_interface__["data"][0]
        return at + sum(int(k) % n * step for k, n, step in zip(keys, self.shape, self.strides, strict=True))

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        if not isinstance(found, np.ndarray):
            LOG.read.add(self._place(key))
        return found

    def __setitem__(self, key: Any, value: Any) -> None:
        LOG.written.add(self._place(key))
        super().__setitem__(key, value)


def _shared(rule: Callable[..., None]) -> Callable[..., None]:
    """Let what goes through one of the two rules for entries of several agents be noted as that."""

    def noting(block: np.ndarray, column: int, row: int, number: float) -> None:
        if isinstance(block, Traced):
            LOG.shared.add(block._place((column, row)))
        rule(block.view(np.ndarray), column, row, number)

    return noting


def _named(rows: Rows) -> Callable[[int], str]:
    """Give what says which column an address is of."""

    def name(address: int) -> str:
        for block in WRITTEN:
            found: np.ndarray = getattr(rows, block)
            at = address - found.ctypes.data
            if 0 <= at < found.nbytes:
                column, row = divmod(at // 8, found.shape[1])
                return f"{block}.{TABLES[block].columns[column].name if block in TABLES else column} of row {row}"
        raise AssertionError(address)

    return name


def clashes(rows: Rows, count: int, act: Callable[[int], None]) -> set[str]:
    """Let agents act one after the other, and say which columns one touched while another wrote them."""
    global LOG
    logs = []
    for agent in range(count):
        LOG = Log()
        act(agent)
        logs.append(LOG)
    writer: dict[int, int] = {}
    shared = set().union(*(log.shared for log in logs))
    found = set()
    for agent, log in enumerate(logs):
        for address in log.written:
            if writer.setdefault(address, agent) != agent:
                found.add(address)
        found |= (log.written | log.read) & shared
    for agent, log in enumerate(logs):
        found |= {address for address in log.read if writer.get(address, agent) != agent}
    name = _named(rows)
    return {name(address).partition(" of ")[0] for address in found}


def traced(rows: Rows) -> Rows:
    """Give the rows with blocks that take note."""
    return rows._replace(**{name: getattr(rows, name).view(Traced) for name in WRITTEN})


def _settling(rows: Rows, p: np.ndarray, months: int) -> Iterator[tuple[str, str, Callable[[int], None]]]:
    luck = draws_of(1, 0, 0)
    for before in range(months):
        then = luck_before(luck, months, before)
        yield "contagion", "state", lambda s: contagion(s, s + 1, rows, p, luck)
        yield "states_settle", "state", lambda s, then=then: states_settle(s, s + 1, rows, p, then)
        yield "groups_settle", "group", lambda g, t=then, n=before: groups_settle(g, g + 1, rows, p, t, n)
        yield "states_stand", "state", lambda s, then=then: states_stand(s, s + 1, rows, p, then)
    yield "states_forget", "state", lambda s: states_forget(s, s + 1, rows)
    yield "groups_forget", "group", lambda g: groups_forget(g, g + 1, rows)


def _months(rows: Rows, p: np.ndarray, numbers: range) -> Iterator[tuple[str, str, Callable[[int], None]]]:
    for m in numbers:
        luck = draws_of(1, 0, m)
        for phase in PHASES:
            run = phase.run
            yield phase.run.__name__, phase.kind, lambda i, run=run, luck=luck: run(i, i + 1, rows, p, luck)


def scenario() -> Scenario:
    """Give a world in which all that bodies can do is done: they coordinate, and some money stands by."""
    loaded = load("seminar")
    changed = {"assistance.standby_stage": 2.0, "challenges.complexity.coordination": 0.5, "start.settling_months": 2.0}
    return expand(replace(loaded, parameters=loaded.parameters | changed))


def main(policy: str = "recommendations", before: int = 30) -> list[str]:
    """Let a world settle, pass some months, and look on for a few more."""
    for module in (accounts_module, decision_module):
        for name in ("add_to", "raise_to"):
            if hasattr(module, name):
                setattr(module, name, _shared(getattr(module, name)))
    full = scenario()
    p = full.parameter_values(policy)
    plain = copy_rows(build(full, policy).rows)
    rows = traced(plain)
    found = set()

    def look_on(acts: Iterator[tuple[str, str, Callable[[int], None]]]) -> None:
        for name, kind, act in acts:
            found.update(f"{name}: {said}" for said in clashes(plain, getattr(plain, kind).shape[1], act))

    look_on(_settling(rows, p, int(p[P.start_settling_months])))
    opening(plain, p, draws_of(1, 0, 0))
    for m in range(before):
        month(plain, p, draws_of(1, 0, m))
    moved = plain.note.copy(), plain.ledger.sum()
    look_on(_months(rows, p, range(before, before + 3)))
    assert plain.ledger.sum() > moved[1] and plain.state[TABLES["state"].index["coordinated"]].any(), "nothing happened"
    assert (plain.pledge[TABLES["pledge"].index["standby"]] > 0.0).any(), "no money stood by"
    return sorted(found)


if __name__ == "__main__":
    told = main()
    print("\n".join(told))
    sys.exit(1 if told else 0)
