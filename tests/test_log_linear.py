"""Log-linear hazards read off the declarations: which terms, which references, and their arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest
from worlds import many_groups, many_states, parameters

from r2psim.declarations.columns import GROUP, STATE, Table
from r2psim.rules import conflict, stages, triggers
from r2psim.rules.log_linear import hazard, log_effect, terms
from r2psim.scenario.parameters import PARAMETERS, defaults

PATHS = list(PARAMETERS)
HAZARDS = (
    [(f"stages.{name}", GROUP, table) for name, table in stages.TERMS.items()]
    + [(f"conflict.{name}", STATE, table) for name, table in conflict.TERMS.items()]
    + [(f"triggers.{name}", STATE, table) for name, table in triggers.TERMS.items()]
)
IDS = [prefix for prefix, _, _ in HAZARDS]

OWN_AFFAIRS = {"base", "half_life", "weight", "coup_success", "outbreak"}
"""Entries under a hazard that name no column."""


@pytest.mark.parametrize(("prefix", "table", "found"), HAZARDS, ids=IDS)
def test_every_declared_entry_of_a_hazard_is_a_term(prefix: str, table: Table, found: np.ndarray) -> None:
    declared = [path for path in PATHS if path.rpartition(".")[0] == prefix]
    covariates = [path for path in declared if path.rpartition(".")[2] not in OWN_AFFAIRS]
    assert PATHS[found[0, 0]] == f"{prefix}.base"
    assert [PATHS[place] for place, _, _ in found[1:]] == covariates
    for place, column, reference in found[1:]:
        name = PATHS[place].rpartition(".")[2]
        assert table.columns[column].name == name
        assert (PATHS[reference] == f"reference.{name}") if reference >= 0 else (f"reference.{name}" not in PARAMETERS)


@pytest.mark.parametrize(("prefix", "table", "found"), HAZARDS, ids=IDS)
def test_a_hazard_is_its_base_at_reference_values_and_log_linear(prefix: str, table: Table, found: np.ndarray) -> None:
    rng = np.random.default_rng(5)
    block = np.zeros((len(table.columns), 8))
    p = defaults()
    for _, column, reference in found[1:]:
        block[column] = rng.uniform(0.0, 1.0, 8)
        block[column, 0] = p[reference] if reference >= 0 else 0.0
    assert hazard(p, block, 0, found) == PARAMETERS[f"{prefix}.base"].default
    for row in range(8):
        eta = 0.0
        for path in PATHS:
            parent, _, name = path.rpartition(".")
            if parent == prefix and name not in OWN_AFFAIRS:
                reference = PARAMETERS.get(f"reference.{name}")
                deviation = block[table.index[name], row] - (reference.default if reference else 0.0)
                eta += PARAMETERS[path].default * deviation
        assert log_effect(p, block, row, found) == pytest.approx(eta, abs=1e-14)
        assert hazard(p, block, row, found) == pytest.approx(
            PARAMETERS[f"{prefix}.base"].default * math.exp(eta), rel=1e-13
        )


def test_a_hazard_neither_overflows_nor_goes_below_zero() -> None:
    found = stages.TERMS["to_imminent"]
    worst = {path: PARAMETERS[path].high for path in PATHS if path.startswith("stages.to_imminent.")}
    group = many_groups(1).group
    group[:] = 1.0
    assert math.isfinite(hazard(parameters(worst), group, 0, found))
    for far, low, high in ((1e6, 1e300, 1e306), (-1e6, 0.0, 1e-300)):
        beyond = parameters(dict.fromkeys(worst, far) | {"stages.to_imminent.base": 3.0})
        assert low <= hazard(beyond, group, 0, found) <= high
    assert hazard(parameters({"stages.to_imminent.base": 0.0}), group, 0, found) == 0.0


def test_a_prefix_takes_only_its_own_entries() -> None:
    for prefix in ("stages.to_risk", "conflict.onset"):
        table = GROUP if prefix.startswith("stages") else STATE
        assert all(PATHS[place].startswith(f"{prefix}.") for place in terms(prefix, table)[:, 0])
    with pytest.raises(KeyError):
        terms("stages", GROUP)


def test_references_belong_to_columns_of_the_kind_they_serve() -> None:
    assert many_states(1).state.shape[0] == len(STATE.columns)
    for path in PATHS:
        if path.startswith("reference."):
            name = path.removeprefix("reference.")
            assert name in STATE.index or name in GROUP.index, path
