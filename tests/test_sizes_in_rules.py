"""Sizes of effects as rules add them up: the same digits wherever they are computed."""

from __future__ import annotations

from decimal import Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r2psim.declarations.channels import CHANNELS
from r2psim.world.assistance import size_in_rules

MULTIPLIER, RAISE = (next(name for name, c in CHANNELS.items() if c.kind == kind) for kind in ("multiplier", "raise"))


@given(st.one_of(st.floats(1e-3, 50.0), st.integers(1, 5000).map(lambda n: n / 1000)))
def test_the_logarithm_of_a_factor_is_the_exact_one_rounded(size: float) -> None:
    assert size_in_rules(MULTIPLIER, size) == float(f"{Context(prec=60).ln(Decimal(size)):.12g}")


@pytest.mark.parametrize("size", [0.5082480761951464, 0.368747928367437, 2.1705205849785063])
def test_digits_that_a_library_cannot_be_sure_of_are_computed(size: float) -> None:
    # Their logarithms lie so near to the middle between two numbers of twelve digits that float64 takes the other one.
    assert size_in_rules(MULTIPLIER, size) == float(f"{Context(prec=60).ln(Decimal(size)):.12g}")


def test_what_is_added_to_a_level_is_left_as_it_is() -> None:
    assert size_in_rules(RAISE, 0.15) == 0.15
