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

from r2psim.declarations.columns import TABLES
from r2psim.ensemble.gpu.source import KERNELS, MONTH, Kernel
from r2psim.rules import accounts as accounts_module
from r2psim.rules import decision as decision_module
from r2psim.rules.draws import Draws, draws_of
from r2psim.rules.month import month, opening
from r2psim.rules.settling import luck_before
from r2psim.scenario import Scenario, load
from r2psim.scenario.parameters import P
from r2psim.world.build import build
from r2psim.world.expand import expand
from r2psim.world.rows import WRITTEN, Rows, copy_rows

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


Acts = Iterator[tuple[Kernel, Callable[[int], None]]]


def _act(name: str, rows: Rows, p: np.ndarray, luck: Draws, before: int = 0) -> tuple[Kernel, Callable[[int], None]]:
    """Give a phase as the kernels have it, and what lets one agent go through it."""
    kernel = KERNELS[name]
    rule, words = kernel.function, kernel.call[1:-1].split(", ")

    def act(i: int) -> None:
        given = {"row": i, "row + 1": i + 1, "&mine": rows, "p": p, "luck": luck, "t.before": before}
        rule(*(given[word] for word in words))

    return kernel, act


def _opening(rows: Rows, p: np.ndarray, months: int) -> Acts:
    luck = draws_of(1, 0, 0)
    for name in ("groups_begin", "states_begin"):
        yield _act(name, rows, p, luck)
    for before in range(months):
        then = luck_before(luck, months, before)
        yield _act(MONTH[0].name, rows, p, luck)
        for name in ("states_settle", "groups_settle", "states_stand"):
            yield _act(name, rows, p, then, before)
    for name in ("states_forget", "groups_forget", "states_open"):
        yield _act(name, rows, p, luck)


def _months(rows: Rows, p: np.ndarray, numbers: range) -> Acts:
    for m in numbers:
        for kernel in MONTH:
            yield _act(kernel.name, rows, p, draws_of(1, 0, m))


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

    def look_on(acts: Acts) -> None:
        for kernel, act in acts:
            told = clashes(plain, getattr(plain, kernel.kind).shape[1], act)
            found.update(f"{kernel.name}: {said}" for said in told)

    look_on(_opening(rows, p, int(p[P.start_settling_months])))
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
